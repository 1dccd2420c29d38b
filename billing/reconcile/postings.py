"""Proposed postings of remitted claims: what the remittance says, line by line, and never more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from billing.model import (
    Claim,
    ClaimStatus,
    Conclusion,
    Evidence,
    Found,
    Observation,
    Outcome,
    Posting,
    PostingKind,
    ProviderAdjustment,
    Remittance,
    RemittedClaim,
)
from billing.money import ZERO
from billing.received_payments import REVERSAL, Mark, bare, marks, payment_key
from billing.reconcile.order import Entry
from billing.reconcile.sources import Document, disagreements, find_document, portal_observation

DECIDED = frozenset({Outcome.PAID, Outcome.PARTLY_PAID, Outcome.DENIED})

AFTER_OTHERS = frozenset({"2", "3", "20", "21"})
"""CLP02 of a claim processed as secondary or tertiary (835 TR3 005010X221)."""

OTHERS_PAID = "OA-23"
"""What earlier payers paid and took off: it balances a later payer's claim, and is posted already
from theirs."""


def propose_postings(
    claim: Claim, observations: Sequence[Observation], conclusion: Conclusion
) -> tuple[Posting, ...]:
    """What to post for a claim that portal and a balanced EOB agree on; else nothing.

    Each line's payment and adjustments stand as remitted; line 0 carries the claim-level
    adjustments, and as payment whatever the claim's paid amount differs from its lines', so
    that payments add up to the amount paid and all postings to the charge. What takes an
    earlier decision back is a reversal under that decision's own claim number. Amounts of zero
    post nothing, nor does a payment that the open balance does not hold: somebody has posted
    before us, and once more would make a credit.
    """
    portal = portal_observation(observations)
    if conclusion.outcome not in DECIDED:
        return ()
    if portal is None or not isinstance(portal.answer, Found):
        return ()
    status = portal.answer.value
    if not isinstance(status, ClaimStatus):
        return ()
    document = find_document(claim, status, observations)
    if not isinstance(document, Document) or disagreements(claim, status, document):
        return ()
    payer = claim.payer or document.remittance.payer
    remittance = replace(document.remittance, payer=payer, places=document.places)
    marked = marks(remittance.claims)

    def of(index: int) -> list[Posting]:
        found = postings_of(remittance, index, marked[index])
        return [replace(one, claim_id=claim.claim_id) for one in found]

    found = [posting for index in document.reversals for posting in of(index)]
    posted = claim.balance <= 0 or document.claim.paid > claim.balance
    if posted and not found:
        return ()
    return (*found, *of(document.ours))


def postings_of(remittance: Remittance, index: int, mark: Mark) -> list[Posting]:
    """One remitted claim's postings; equal codes of a line are one posting, so keys are unique."""
    remitted = remittance.claims[index]
    key = payment_key(remittance)
    back = remitted.status == REVERSAL
    late = remitted.status in AFTER_OTHERS
    days = [line.service_date for line in remitted.lines if line.service_date is not None]
    charge = abs(remitted.charge)
    own = bare(remitted.claim_id)
    merged: dict[tuple[int, str], Posting] = {}
    for line, code, amount, path in _entries(remitted):
        if late and code == OTHERS_PAID:
            continue
        before = merged.get((line, code))
        if before is not None:
            merged[line, code] = replace(before, amount=before.amount + amount)
            continue
        kind = PostingKind.ADJUSTMENT if code else PostingKind.PAYMENT
        merged[line, code] = Posting(
            payer=remittance.payer,
            trace_number=remittance.trace_number,
            payer_claim_number=remitted.payer_claim_number,
            line=line,
            kind=PostingKind.REVERSAL if back else kind,
            code=code,
            amount=amount,
            evidence=remittance.places.get(f"claims[{index}].{path}"),
            claim_id=remitted.claim_id,
            unit=mark.unit(key),
            account=f"{own}|{min(days, default='')}|{charge}" if own else "",
            charge=charge,
            payment_date=remittance.payment_date,
            note="Processed after another payer." if late else "",
        )
    return [posting for posting in merged.values() if posting.amount]


def entries_of(remittance: Remittance) -> dict[int, Entry]:
    """What each claim of a payment posts, by its index; a claim that posts nothing has none."""
    marked = marks(remittance.claims)
    posted = {n: postings_of(remittance, n, mark) for n, mark in enumerate(marked)}
    back = [
        (mark.number, bare(remittance.claims[n].claim_id), posted[n][0].unit)
        for n, mark in enumerate(marked)
        if mark.reversal and posted[n]
    ]
    found = {}
    for n, mark in enumerate(marked):
        own = bare(remittance.claims[n].claim_id)
        follows = [
            unit
            for number, claim, unit in back
            if not mark.reversal and (number == mark.number or (own and claim == own))
        ]
        if posted[n]:
            found[n] = Entry(tuple(posted[n]), tuple(follows))
    return found


def provider_entries(remittance: Remittance, notes: Mapping[str, tuple[str, str]]) -> list[Entry]:
    """What each provider-level adjustment of a payment posts, to the payment and to no claim.

    So that a payment's entries add up to its amount, one that reduces it is negative. ``notes``
    leads from a reference to the claim id it means and a sentence about that claim.
    """
    key, seen, found = payment_key(remittance), Counter[tuple[str, str]](), []
    withheld = enumerate(remittance.provider_adjustments)
    for index, one in sorted(withheld, key=lambda pair: pair[1].amount):
        alike = bare(one.reason), bare(one.reference)
        seen[alike] += 1
        if one.amount:
            claim_id, note = notes.get(one.reference, ("", ""))
            unit = f"{key}|plb {alike[0]} {alike[1]}|provider|{seen[alike]}"
            place = remittance.places.get(f"provider_adjustments[{index}].amount")
            found.append(Entry((_withheld(remittance, one, unit, place, claim_id, note),)))
    return found


def _withheld(
    remittance: Remittance,
    one: ProviderAdjustment,
    unit: str,
    place: Evidence | None,
    claim_id: str,
    note: str,
) -> Posting:
    return Posting(
        payer=remittance.payer,
        trace_number=remittance.trace_number,
        payer_claim_number=one.reference,
        line=0,
        kind=PostingKind.PROVIDER,
        code=one.reason,
        amount=-one.amount,
        evidence=place,
        claim_id=claim_id,
        unit=unit,
        payment_date=remittance.payment_date,
        note=note,
    )


def _entries(remitted: RemittedClaim) -> Iterator[tuple[int, str, Decimal, str]]:
    """Line, code (empty for a payment), amount, and the path of its evidence."""
    lines_paid = sum((line.paid for line in remitted.lines), ZERO)
    yield 0, "", remitted.paid - lines_paid, "paid"
    for n, entry in enumerate(remitted.adjustments):
        yield 0, entry.code, entry.amount, f"adjustments[{n}].amount"
    for m, line in enumerate(remitted.lines):
        yield m + 1, "", line.paid, f"lines[{m}].paid"
        for n, entry in enumerate(line.adjustments):
            yield m + 1, entry.code, entry.amount, f"lines[{m}].adjustments[{n}].amount"
