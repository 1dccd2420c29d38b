"""What the ledger knows of money: payments received, the bank's lines, and how they agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.agreement import Agreed, Source, agree
from billing.bank import Statement, all_lines
from billing.books import Received, bare
from billing.deposit_matching import match_deposits
from billing.deposits import SETTLED, Deposit, DepositKind, payments_of
from billing.ledger import Ledger
from billing.model import Claim, ClaimStatus, Found, Observation
from bots.bank.read import read_statement


@dataclass(frozen=True, slots=True)
class Money:
    """Every payment ever received against every bank file ever given.

    ``became`` leads from a payment's key to what became of it; ``repeats`` counts lines that an
    earlier file held too.
    """

    ledger: Ledger
    statements: tuple[Statement, ...]
    deposits: tuple[Deposit, ...]
    repeats: int
    became: Mapping[str, Deposit]
    holding: Mapping[str, Mapping[str, Received]]

    def doubt(self, payment_key: str) -> str:
        """Why the bank does not bear a payment out, in a sentence; empty where it does, where the
        payment moves no money, and while no bank file was ever given."""
        found = self.became.get(payment_key)
        if not self.statements or found is None:
            return ""
        return "" if found.kind in SETTLED | {DepositKind.NO_MONEY} else found.why

    def agreement(self, claim: Claim) -> Agreed | None:
        """All channels of a claim that were ever asked; None while none states a payment."""
        observations = self.ledger.last_observations(claim.claim_id, claim.payer)
        numbers = {bare(one) for one in (claim.claim_id, *_payers_numbers(observations))}
        mine = {k: p for one in numbers if one for k, p in self.holding.get(one, {}).items()}
        asked = {Source.ERA}
        asked |= {Source.PORTAL} if observations else set()
        asked |= {Source.BANK} if self.statements else set()
        received = list(mine.values())
        return agree(claim, observations, received, self.became, asked=frozenset(asked))


def read_money(ledger: Ledger) -> Money:
    """Read the bank files and the books of the ledger, and match them."""
    files = ledger.bank_files()
    statements = tuple(read_statement(ledger.fetch(sha256), name) for sha256, name in files)
    received = ledger.remittances()
    lines, repeats = all_lines(statements)
    days = frozenset(day for statement in statements for day in statement.days)
    deposits = match_deposits(payments_of(received), lines, covered=days)
    holding: dict[str, dict[str, Received]] = defaultdict(dict)
    for payment in received:
        for statement in payment.statements:
            for one in statement.remittance.claims:
                for number in (one.claim_id, one.payer_claim_number):
                    holding[bare(number)][payment.key] = payment
    became = {payment.key: one for one in deposits for payment in one.payments}
    return Money(ledger, statements, deposits, repeats, became, holding)


def _payers_numbers(observations: Sequence[Observation]) -> list[str]:
    return [
        one.answer.value.payer_claim_number
        for one in observations
        if isinstance(one.answer, Found) and isinstance(one.answer.value, ClaimStatus)
    ]
