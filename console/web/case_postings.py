"""What is proposed to post of a claim, entry by entry: the account before and after each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.codes.reasons import explain
from billing.ledger import BatchState, HeldBack
from billing.ledger.case_history import InBatch
from billing.model import Claim, Evidence, Posting
from billing.money import ZERO
from billing.reconcile.order import PATIENTS
from console.words import POSTINGS

APPLIED = (BatchState.PROPOSED, BatchState.APPROVED)
"""Batches that the account does not hold yet; of an exported one nobody here knows."""


@dataclass(frozen=True, slots=True)
class Account:
    """A claim's account. Dollars; ``paid`` and ``balance`` as the export has them (``paid`` None
    where it has no column for it), the others counted from there."""

    balance: Decimal
    paid: Decimal | None
    adjusted: Decimal = ZERO
    patient: Decimal = ZERO

    def after(self, one: Posting) -> Account:
        """The account once ``one`` is posted."""
        if not one.code:
            paid = None if self.paid is None else self.paid + one.amount
            return replace(self, balance=self.balance - one.amount, paid=paid)
        if one.code.startswith(PATIENTS):
            return replace(self, patient=self.patient + one.amount)
        return replace(self, balance=self.balance - one.amount, adjusted=self.adjusted + one.amount)


@dataclass(frozen=True, slots=True)
class Step:
    """One posting, what it means, and the account after it; None where it is not counted."""

    posting: Posting
    what: str
    gloss: str
    account: Account | None

    @property
    def place(self) -> Evidence | None:
        """Where its amount stood."""
        return self.posting.evidence


@dataclass(frozen=True, slots=True)
class Proposal:
    """A batch's part of the claim: its steps, and the account before and after them."""

    batch: InBatch
    steps: tuple[Step, ...]
    before: Account
    after: Account

    @property
    def counted(self) -> bool:
        """Whether the steps change the account that the export shows."""
        return self.batch.state in APPLIED


def proposals(claim: Claim, batches: Sequence[InBatch]) -> tuple[Proposal, ...]:
    """Every batch that posts of the claim, one after the other."""
    account = Account(claim.balance, claim.insurance_paid)
    found = []
    for one in batches:
        steps = tuple(_steps(account, one))
        after = account
        if one.state in APPLIED:
            after = steps[-1].account or account
        found.append(Proposal(one, steps, account, after))
        account = after
    return tuple(found)


def held_sentences(held: Sequence[HeldBack]) -> tuple[tuple[Decimal, str], ...]:
    """What is held back: dollars of payment and why, in a sentence each."""
    return tuple(
        (sum((p.amount for p in one.postings if not p.code), ZERO), one.why) for one in held
    )


def _steps(account: Account, batch: InBatch) -> Iterator[Step]:
    counted = batch.state in APPLIED
    for one in batch.postings:
        account = account.after(one)
        gloss = explain(one.code) if one.code else one.note
        yield Step(one, POSTINGS[one.kind], gloss, account if counted else None)
