"""What the ledger knows of money: payments received, the bank's lines, and how they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
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
    earlier file held too. ``observed`` are the claims that any sweep had an answer to,
    ``contested`` the payments whose documents differ.
    """

    ledger: Ledger
    statements: tuple[Statement, ...]
    deposits: tuple[Deposit, ...]
    repeats: int
    became: Mapping[str, Deposit]
    remitted: Mapping[str, Sequence[Part]]
    observed: Set[tuple[str, str | None]]
    contested: Sequence[Received]

    def doubt(self, payment_key: str) -> str:
        """Why the bank does not bear a payment out, in a sentence; empty where it does, where the
        payment moves no money, and while no bank file was ever given."""
        found = self.became.get(payment_key)
        if not self.statements or found is None:
            return ""
        return "" if found.kind in SETTLED | {DepositKind.NO_MONEY} else found.why

    def agreement(self, claim: Claim) -> Agreed | None:
        """All channels of a claim that were ever asked; None while none states a payment."""
        asked_before = (claim.claim_id, claim.payer) in self.observed
        observations = (
            self.ledger.last_observations(claim.claim_id, claim.payer) if asked_before else ()
        )
        asked = {Source.ERA}
        asked |= {Source.PORTAL} if observations else set()
        asked |= {Source.BANK} if self.statements else set()
        return agree(claim, observations, self.remitted, self.became, asked=frozenset(asked))


def read_money(ledger: Ledger) -> Money:
    """Read the bank files and the books of the ledger, and match them."""
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
        observed=ledger.observed_claims(),
        contested=[one for one in received if one.conflict],
    )
