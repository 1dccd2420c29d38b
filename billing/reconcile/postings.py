"""Proposed postings of a decided claim: what the remittance says, line by line, and never more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from billing.model import (
    Claim,
    ClaimStatus,
    Conclusion,
    Found,
    Observation,
    Outcome,
    Posting,
    PostingKind,
    RemittedClaim,
)
from billing.money import ZERO
from billing.reconcile.sources import Document, disagreements, find_document, portal_observation

DECIDED = frozenset({Outcome.PAID, Outcome.PARTLY_PAID, Outcome.DENIED})


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
    found = [
        replace(posting, kind=PostingKind.REVERSAL)
        for index in document.reversals
        for posting in _of_claim(claim, document, index)
    ]
    posted = claim.balance <= 0 or document.claim.paid > claim.balance
    if posted and not found:
        return ()
    found += _of_claim(claim, document, document.ours)
    return tuple(found)


def _of_claim(claim: Claim, document: Document, index: int) -> list[Posting]:
    """One remitted claim's postings; equal codes of a line are one posting, so keys are unique."""
    remitted = document.remittance.claims[index]
    merged: dict[tuple[int, PostingKind, str], Posting] = {}
    for line, code, amount, path in _entries(remitted):
        kind = PostingKind.ADJUSTMENT if code else PostingKind.PAYMENT
        before = merged.get((line, kind, code))
        if before is not None:
            merged[line, kind, code] = replace(before, amount=before.amount + amount)
            continue
        merged[line, kind, code] = Posting(
            payer=claim.payer or document.remittance.payer,
            trace_number=document.remittance.trace_number,
            payer_claim_number=remitted.payer_claim_number,
            line=line,
            kind=kind,
            code=code,
            amount=amount,
            evidence=document.places.get(f"claims[{index}].{path}"),
            claim_id=claim.claim_id,
        )
    return [posting for posting in merged.values() if posting.amount]


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
