"""The figures of a conclusion, each with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from billing.model import ClaimStatus, Conclusion, Evidence
from billing.reconcile.sources import Disagreement, Document

IDENTITY = ("status_category", "status_words", "payer_claim_number", "service_from", "charge")
_MONEY = ("paid", "patient_responsibility", "payment_date", "trace_number", "reason_codes")
_READ_AS = {"status_category": "words", "status_words": "words"}
_EOB_FIRST = ("charge", "paid", "patient_responsibility")


def portal_places(places: Mapping[str, Evidence], figures: Sequence[str]) -> dict[str, Evidence]:
    """The portal's evidence of ``figures``, by their names in a conclusion."""
    read = {figure: _READ_AS.get(figure, figure) for figure in figures}
    return {figure: places[name] for figure, name in read.items() if name in places}


def from_portal(
    stated: Conclusion, status: ClaimStatus, places: Mapping[str, Evidence]
) -> Conclusion:
    """The portal's figures, where no document proves them."""
    return replace(
        stated,
        paid=status.paid,
        patient_responsibility=status.patient_responsibility,
        payment_date=status.payment_date,
        trace_number=status.trace_number,
        reason_codes=tuple(sorted(set(status.reason_codes))),
        places=portal_places(places, IDENTITY + _MONEY),
    )


def from_both(
    stated: Conclusion,
    status: ClaimStatus,
    places: Mapping[str, Evidence],
    document: Document,
) -> Conclusion:
    """The EOB's figures, with the EOB's evidence for money and the portal's for the rest."""
    remitted, payment = document.claim, document.remittance
    portal = portal_places(places, IDENTITY + _MONEY)
    printed = {
        figure: place
        for figure in ("payer_claim_number", "charge", *_MONEY)
        if (place := document.place(figure)) is not None
    }
    codes = _code_places(document)
    if codes:
        printed["reason_codes"] = next(iter(codes.values()))
    first = {
        figure: printed[figure] for figure in (*_EOB_FIRST, "reason_codes") if figure in printed
    }
    return replace(
        stated,
        charge=remitted.charge,
        paid=remitted.paid,
        patient_responsibility=remitted.patient_responsibility,
        payment_date=payment.payment_date,
        trace_number=payment.trace_number,
        reason_codes=tuple(
            sorted({entry.code for entry in remitted.all_adjustments if entry.amount})
        ),
        places=printed | portal | first | codes,
    )


def _code_places(document: Document) -> dict[str, Evidence]:
    """The evidence of every reason code, as ``reason_codes.CO-45``: where it first stands."""
    remitted = document.claim
    paths = [(f"adjustments[{n}]", entry) for n, entry in enumerate(remitted.adjustments)]
    paths += [
        (f"lines[{m}].adjustments[{n}]", entry)
        for m, line in enumerate(remitted.lines)
        for n, entry in enumerate(line.adjustments)
    ]
    found: dict[str, Evidence] = {}
    for path, entry in paths:
        place = document.place(f"{path}.reason") or document.place(f"{path}.amount")
        if entry.amount and place is not None:
            found.setdefault(f"reason_codes.{entry.code}", place)
    return found


def without(stated: Conclusion, differing: Sequence[Disagreement]) -> Conclusion:
    """The conclusion less every figure in question; the places stay, for the eye to compare."""
    names = {one.figure for one in differing}
    if names & {"claim", "claim_id", "member_id"}:  # it may be other money altogether
        names |= {*_EOB_FIRST, "payment_date", "trace_number", "reason_codes"}
    return replace(
        stated,
        charge=None if "charge" in names else stated.charge,
        paid=None if "paid" in names else stated.paid,
        patient_responsibility=(
            None if "patient_responsibility" in names else stated.patient_responsibility
        ),
        payment_date=None if "payment_date" in names else stated.payment_date,
        trace_number=None if "trace_number" in names else stated.trace_number,
        reason_codes=() if "reason_codes" in names else stated.reason_codes,
    )
