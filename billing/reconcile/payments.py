"""Whether the same claim was paid in two payments, by everything that any remittance says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations

from billing.model import Channel, Found, Observation, Remittance, RemittedClaim
from billing.money import ZERO, usd
from billing.received_payments import REVERSAL, bare, bare_trace
from billing.reconcile.background import PaidBefore
from billing.reconcile.weighing import Weighed


def weigh_payments(
    weighed: Weighed, observations: Sequence[Observation], known: Iterable[PaidBefore]
) -> None:
    """Note a claim whose payer paid the same service in two payments and took neither back."""
    number = bare(weighed.stated.payer_claim_number or "")
    every = [
        one
        for one in (*_observed(observations), *known)
        if number and bare(one.claim.payer_claim_number) == number
    ]
    standing = _standing(every)
    twice = [
        pair for pair in combinations(standing, 2) if _same_service(pair[0].claim, pair[1].claim)
    ]
    if not twice:
        return
    paid = {one.trace: one for pair in twice for one in pair}
    figures: dict[str, str] = {}
    stated = weighed.stated
    places, evidence = dict(stated.places), list(stated.evidence)
    for one in paid.values():
        if one.place is not None:
            figures[one.trace] = f"paid.{one.trace}"
            places[f"paid.{one.trace}"] = one.place
            evidence.append(one.place.sha256)
    weighed.stated = replace(stated, places=places, evidence=tuple(dict.fromkeys(evidence)))
    weighed.note("paid twice", figures=tuple(figures.values()))
    amounts = [one.claim.paid for one in paid.values()]
    said = " and ".join(
        f"{usd(one.claim.paid)} on {one.payment_date.isoformat()} ({one.trace})"
        for one in sorted(paid.values(), key=lambda one: (one.payment_date, one.trace))
    )
    weighed.tell(
        "duplicate-payment",
        f"The payer paid the same service more than once: {said}.",
        sum(amounts, ZERO) - max(amounts),
    )


def _observed(observations: Sequence[Observation]) -> Iterator[PaidBefore]:
    for one in observations:
        found = one.answer.value if isinstance(one.answer, Found) else None
        if one.channel is Channel.EOB and isinstance(found, Remittance):
            places = found.places or one.places
            for n, claim in enumerate(found.claims):
                place = places.get(f"claims[{n}].paid")
                yield PaidBefore(found.trace_number, found.payment_date, claim, place)


def _standing(every: Sequence[PaidBefore]) -> list[PaidBefore]:
    """One payment a trace number, without those that a later reversal of the same amount took
    back."""
    distinct: dict[tuple[str, bool, Decimal], PaidBefore] = {}
    for one in every:
        back = one.claim.status == REVERSAL
        distinct.setdefault((bare_trace(one.trace), back, one.claim.paid), one)
    in_order = sorted(distinct.values(), key=lambda one: (one.payment_date, bare_trace(one.trace)))
    reversals = [one for one in in_order if one.claim.status == REVERSAL]
    standing: dict[str, PaidBefore] = {}
    for one in in_order:
        if one.claim.status == REVERSAL or one.claim.paid <= 0:
            continue
        back_again = next((other for other in reversals if _takes_back(other, one)), None)
        if back_again is not None:
            reversals.remove(back_again)
        else:
            standing.setdefault(bare_trace(one.trace), one)
    return list(standing.values())


def _takes_back(reversal: PaidBefore, one: PaidBefore) -> bool:
    same = reversal.claim.paid == -one.claim.paid
    return same and reversal.payment_date >= one.payment_date


def _same_service(one: RemittedClaim, other: RemittedClaim) -> bool:
    """Whether both, decided in the same order of payers, pay for a service that they share."""
    if one.status != other.status:
        return False
    if not one.lines or not other.lines:
        return one.paid == other.paid
    return bool(_paid_lines(one) & _paid_lines(other))


def _paid_lines(claim: RemittedClaim) -> set[tuple[str, tuple[str, ...], date | None, Decimal]]:
    return {
        (line.procedure, line.modifiers, line.service_date, line.charge)
        for line in claim.lines
        if line.paid > 0
    }
