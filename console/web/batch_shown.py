"""What the pages of write-back show of a batch: its classes, payments, claims and totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.ledger import Batch, HeldBack, Ledger
from billing.model import Posting, PostingKind
from billing.money import ZERO
from billing.reconcile.classes import PostingClass, classed
from billing.reconcile.order import Entry

TITLES: Mapping[PostingClass, str] = {
    PostingClass.IN_FULL: "Paid in full",
    PostingClass.ADJUSTED: "Paid with adjustments",
    PostingClass.PATIENT: "Paid, the patient owes a part",
    PostingClass.UNPAID: "Denials and zero payments",
    PostingClass.CORRECTION: "Reversals and corrections",
    PostingClass.PROVIDER: "Provider-level adjustments",
}
MOST_HELD = 100
"""Held entries that a page lists; all are counted."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Control totals, dollars: ``money`` is what the claims' payments and provider-level amounts
    come to, ``reversals`` all that is taken back, adjustments among it."""

    claims: int
    postings: int
    payments: Decimal
    adjustments: Decimal
    reversals: Decimal
    provider: Decimal
    money: Decimal


@dataclass(frozen=True, slots=True)
class ClassShown:
    """A class of a batch that there is."""

    kind: PostingClass
    title: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class PaymentShown:
    """A payment that a batch posts of: ``key`` is the books' own, ``amount`` the remittance's,
    None while no document of it is in the books."""

    key: str
    payer: str
    trace_number: str
    paid_on: date | None
    sums: Sums
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class EntryShown:
    """A claim or provider-level adjustment that is posted; ``case_id`` is where it is worked on."""

    entry: Entry
    first: Posting
    case_id: int | None
    adjustments: Mapping[str, Decimal]
    evidence: tuple[str, ...]


def sums_of(entries: Sequence[Entry]) -> Sums:
    """The control totals of these."""
    postings = [one for entry in entries for one in entry.postings]

    def of(kind: PostingKind) -> Decimal:
        return sum((one.amount for one in postings if one.kind is kind), ZERO)

    return Sums(
        claims=len(entries),
        postings=len(postings),
        payments=of(PostingKind.PAYMENT),
        adjustments=of(PostingKind.ADJUSTMENT),
        reversals=of(PostingKind.REVERSAL),
        provider=of(PostingKind.PROVIDER),
        money=sum((one.paid for one in entries), ZERO),
    )


def classes_of(batch: Batch) -> tuple[ClassShown, ...]:
    """The batch's classes, those that hold nothing left out."""
    kinds = classed(batch.entries)
    found = {
        kind: [one for one in batch.entries if kinds[one.unit] is kind] for kind in PostingClass
    }
    return tuple(
        ClassShown(kind, TITLES[kind], sums_of(some)) for kind, some in found.items() if some
    )


def payments_of(ledger: Ledger, batch: Batch) -> tuple[PaymentShown, ...]:
    """The batch's payments, the largest first."""
    entries: dict[str, list[Entry]] = {}
    for one in batch.entries:
        entries.setdefault(one.payment, []).append(one)
    known = {one.key: one.remittance.amount for one in ledger.remittances(keys=sorted(entries))}
    found = []
    for key, some in entries.items():
        first = some[0].postings[0]
        found.append(
            PaymentShown(
                key=key,
                payer=first.payer,
                trace_number=first.trace_number,
                paid_on=first.payment_date,
                sums=sums_of(some),
                amount=known.get(key),
            )
        )
    return tuple(sorted(found, key=lambda one: (-abs(one.sums.money), one.key)))


def entries_of_class(batch: Batch, kind: PostingClass) -> list[Entry]:
    """The batch's entries of one class, in the order of their posting."""
    kinds = classed(batch.entries)
    return [one for one in batch.entries if kinds[one.unit] is kind]


def shown(ledger: Ledger, batch: Batch, entries: Sequence[Entry]) -> tuple[EntryShown, ...]:
    """Entries with their case and evidence."""
    items = ledger.batch_items(batch.batch_id)
    found = []
    for entry in entries:
        item_id = items.get(entry.unit)
        hashes = [one.evidence.sha256 for one in entry.postings if one.evidence is not None]
        found.append(
            EntryShown(
                entry=entry,
                first=entry.postings[0],
                case_id=None if item_id is None else ledger.case_of_item(item_id),
                adjustments={code: amount for code, amount in entry.totals.items() if code},
                evidence=tuple(dict.fromkeys(hashes)),
            )
        )
    return tuple(found)


def held_by_reason(held: Sequence[HeldBack]) -> list[tuple[str, int]]:
    """Why entries were not proposed, and how many for each; the most frequent first."""
    return Counter(one.why for one in held).most_common()


def held_money(one: HeldBack) -> Decimal:
    """Dollars of payment that are held back."""
    return Entry(one.postings).paid
