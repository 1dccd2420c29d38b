"""What the ledger knows of money: payments received, the bank's lines, and how they agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from billing.agreement import Agreed, Source, agree
from billing.bank import Statement, all_lines
from billing.deposit_matching import match_deposits
from billing.deposits import SETTLED, Deposit, DepositKind, payments_of
from billing.ledger import Ledger
from billing.model import Claim
from billing.received_payments import Part, Received, by_number
from bots.bank.read import read_statement


@dataclass(frozen=True, slots=True)
class Money:
    """Every payment ever received against every bank file ever given.

    ``became`` leads from a payment's key to what became of it; ``repeats`` counts lines that an
    earlier file held too. ``contested`` are the payments whose documents differ, ``unobserved``
    claims of which no sweep ever had an answer.
    """

    ledger: Ledger
    statements: tuple[Statement, ...]
    deposits: tuple[Deposit, ...]
    repeats: int
    became: Mapping[str, Deposit]
    remitted: Mapping[str, Sequence[Part]]
    contested: Sequence[Received]
    unobserved: Set[tuple[str, str | None]]

    def doubt(self, payment_key: str) -> str:
        """Why the bank does not bear a payment out, in a sentence; empty where it does, where the
        payment moves no money, and while no bank file was ever given."""
        found = self.became.get(payment_key)
        if not self.statements or found is None:
            return ""
        return "" if found.kind in SETTLED | {DepositKind.NO_MONEY} else found.why

    def agreement(self, claim: Claim) -> Agreed | None:
        """All channels of a claim that were ever asked; None while none states a payment."""
        never = (claim.claim_id, claim.payer) in self.unobserved
        observations = () if never else self.ledger.last_observations(claim.claim_id, claim.payer)
        asked = {Source.ERA}
        asked |= {Source.PORTAL} if observations else set()
        asked |= {Source.BANK} if self.statements else set()
        return agree(claim, observations, self.remitted, self.became, asked=frozenset(asked))


def read_money(ledger: Ledger, claims: Iterable[Claim]) -> Money:
    """Read the bank files and the books of the ledger, and match them, to weigh ``claims``."""
    about = {(claim.claim_id, claim.payer) for claim in claims}
    files = ledger.bank_files()
    statements = tuple(read_statement(ledger.fetch(sha256), name) for sha256, name in files)
    received = ledger.remittances()
    lines, repeats = all_lines(statements)
    days = frozenset(day for statement in statements for day in statement.days)
    deposits = match_deposits(payments_of(received), lines, covered=days)
    became = {payment.key: one for one in deposits for payment in one.payments}
    return Money(
        ledger,
        statements,
        deposits,
        repeats,
        became,
        remitted=by_number(received),
        contested=[one for one in received if one.conflict],
        unobserved=about - ledger.observed_claims({claim_id for claim_id, _ in about}),
    )
