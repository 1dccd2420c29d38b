"""The classes by which a batch of postings is looked at, and what of a batch may go out apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import combinations

from billing.model import PostingKind
from billing.reconcile.order import PATIENTS, Entry


class PostingClass(StrEnum):
    """What an entry does, in the order in which people look at a batch."""

    IN_FULL = "paid-in-full"
    ADJUSTED = "with-adjustments"
    PATIENT = "patient-responsibility"
    UNPAID = "nothing-paid"
    CORRECTION = "corrections"
    PROVIDER = "provider-level"


def classed(entries: Sequence[Entry]) -> dict[str, PostingClass]:
    """The class of each of ``entries``, which are in the order of their posting, by its unit.

    A reversal and all that is decided of its claim after it are corrections. A claim that is paid
    nothing is in the class of those, whoever owes it; one with a part of the patient in theirs.
    """
    found: dict[str, PostingClass] = {}
    reversed_claims: set[tuple[str, ...]] = set()
    for entry in entries:
        claims = set(_claims(entry))
        if entry.kind is PostingKind.REVERSAL:
            reversed_claims |= claims
        again = bool(claims & reversed_claims)
        found[entry.unit] = PostingClass.CORRECTION if again else _plainly(entry)
    return found


def _plainly(entry: Entry) -> PostingClass:
    if entry.kind is PostingKind.PROVIDER:
        return PostingClass.PROVIDER
    if entry.paid <= 0:
        return PostingClass.UNPAID
    codes = [code for code in entry.totals if code]
    if any(code.startswith(PATIENTS) for code in codes):
        return PostingClass.PATIENT
    return PostingClass.ADJUSTED if codes else PostingClass.IN_FULL


def why_together(entries: Sequence[Entry], after: Mapping[str, str], apart: Collection[str]) -> str:
    """Why the units ``apart`` may not leave their batch; empty when they may.

    ``entries`` are all of the batch in the order of their posting, ``after`` leads from a unit to
    the one that must be out before it. Of two batches one can wait for the other; so what stands
    around a reversal may be parted in one direction only, and only where the waiting is certain.
    """
    units = {entry.unit: entry for entry in entries}
    waits = {
        before in apart: unit
        for unit, before in after.items()
        if before in units and (unit in apart) is not (before in apart)
    }
    for first, second in _ordered(entries):
        if (first.unit in apart) is not (second.unit in apart):
            kept = waits.keys() == {first.unit in apart}
            if not kept:
                return _together(second)
    return _together(units[waits[True]]) if len(waits) > 1 else ""


def _ordered(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Each two entries of one claim of which one is a reversal, the one to post first before."""
    claims: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        for claim in _claims(entry):
            claims[claim].append(entry)
    for some in claims.values():
        for first, second in combinations(some, 2):
            if PostingKind.REVERSAL in (first.kind, second.kind):
                yield first, second


def _claims(entry: Entry) -> Iterator[tuple[str, ...]]:
    """What a claim's entries have in common: the payer's number, the biller's account."""
    if entry.kind is PostingKind.PROVIDER:
        return
    first = entry.postings[0]
    yield first.payer, entry.number
    if first.account:
        yield (first.account,)


def _together(entry: Entry) -> str:
    return (
        f"What is posted of claim {entry.postings[0].claim_id or entry.number} must stay in one "
        "batch: apart, a reversal could go out before the payment that it takes back, or what is "
        "decided anew before the reversal"
    )
