"""The remittances that hold a case's claim: documents and 835s, as they were read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.identity import same_id
from billing.ledger.case_history import Asked
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Found,
    Observation,
    Remittance,
    RemittedClaim,
)
from billing.received_payments import REVERSAL, Received, bare, bare_trace


@dataclass(frozen=True, slots=True)
class Paper:
    """One statement of a payment with the claim on it; ``source`` is EOB or 835, ``numbers`` what
    the payer calls the claim, bare. ``whole`` is whether ``remittance`` holds all claims of the
    payment, not only ours."""

    source: str
    sha256: str
    remittance: Remittance
    at: datetime
    numbers: frozenset[str]
    unbalanced: str = ""
    whole: bool = True


def numbers_of(claim: Claim, asked: Sequence[Asked]) -> tuple[str, ...]:
    """What the payer has called the claim so far, as it spelled it."""
    said = [one.conclusion.payer_claim_number for one in asked if one.conclusion is not None]
    stated = [
        each.answer.value.payer_claim_number
        for one in asked
        for each in one.observations
        if isinstance(each.answer, Found) and isinstance(each.answer.value, ClaimStatus)
    ]
    every = (claim.payer_claim_number, *said, *stated)
    return tuple(dict.fromkeys(one for one in every if one))


def is_ours(claim: Claim, numbers: Collection[str], remitted: RemittedClaim) -> bool:
    """Whether a remitted claim is this one: by the payer's number of it (bare), or by ours where
    the payer's is not known or an earlier decision is taken back."""
    if bare(remitted.payer_claim_number) in numbers:
        return True
    weak = not numbers or remitted.status == REVERSAL
    return weak and same_id(claim.claim_id, remitted.claim_id) is True


def papers_of(
    claim: Claim,
    numbers: Sequence[str],
    observations: Sequence[Observation],
    received: Sequence[Received],
) -> tuple[Paper, ...]:
    """Every statement that holds the claim, each once, the oldest first."""
    known = frozenset(map(bare, numbers)) - {""}
    found: dict[tuple[str, str], Paper] = {}
    for paper in (*_in_books(received, known), *_observed(observations, known)):
        held = (one for one in paper.remittance.claims if is_ours(claim, known, one))
        if any(True for _ in held):
            trace = bare_trace(paper.remittance.trace_number)
            found.setdefault((paper.sha256, trace), paper)
    return tuple(sorted(found.values(), key=lambda one: (one.remittance.payment_date, one.at)))


def _in_books(received: Sequence[Received], numbers: frozenset[str]) -> Iterator[Paper]:
    for payment in received:
        for one in payment.statements:
            source = "835" if one.channel is Channel.CLEARINGHOUSE else "EOB"
            yield Paper(
                source, one.sha256, one.remittance, one.received_at, numbers, one.unbalanced
            )


def _observed(observations: Sequence[Observation], numbers: frozenset[str]) -> Iterator[Paper]:
    for one in observations:
        if isinstance(one.answer, Found) and isinstance(one.answer.value, Remittance):
            source = "835" if one.channel is Channel.CLEARINGHOUSE else "EOB"
            told = one.answer.value
            yield Paper(source, one.captures[0], told, one.observed_at, numbers, whole=False)
