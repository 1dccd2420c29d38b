"""Readings as the JSON documents that people and programs get: strings, ISO dates, nulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from billing.balance import Residual
from billing.errors import UnreadableDocument
from billing.model import (
    Adjustment,
    Evidence,
    ProviderAdjustment,
    Remittance,
    RemittedClaim,
    ServiceLine,
)
from billing.money import dollars
from billing.suspects import Suspect, proposal, suspects
from bots.reading.eob import Reading


def document_json(file: str, read: Reading | UnreadableDocument) -> dict[str, Any]:
    """One entry of ``files``: what was read from the document, or why nothing was."""
    if isinstance(read, UnreadableDocument):
        return {"file": file, "payer": None, "payments": [], "errors": [str(read)]}
    return {
        "file": file,
        "payer": read.payer,
        "payments": [
            remittance_json(one, found, sure)
            for one, found, sure in zip(
                read.remittances, read.residuals, read.confidence, strict=True
            )
        ],
        "errors": [],
    }


def remittance_json(
    remittance: Remittance, residuals: Sequence[Residual], confidence: Mapping[str, int]
) -> dict[str, Any]:
    """One payment in the 835's shape, with the page and box of every figure.

    Where it does not balance, with the figures that may be misread and the one correction, if
    any, that a person is asked to confirm; ``confidence`` is in percent by path.
    """
    doubts: dict[str, Any] = {}
    if residuals:
        proposed = proposal(remittance, residuals, confidence)
        doubts = {
            "suspects": [_suspect(one) for one in suspects(remittance)],
            "proposed_correction": _suspect(proposed) if proposed else None,
        }
    return {
        "trace_number": remittance.trace_number,
        "method": remittance.method or None,
        "amount": dollars(remittance.amount),
        "date": remittance.payment_date.isoformat(),
        "payer": remittance.payer,
        "payee": remittance.payee or None,
        "claims": [claim_json(claim) for claim in remittance.claims],
        "provider_adjustments": [
            provider_adjustment_json(one) for one in remittance.provider_adjustments
        ],
        "balanced": not residuals,
        "residuals": [residual_json(one) for one in residuals],
        **doubts,
        "places": {path: _place(place) for path, place in remittance.places.items()},
    }


def _suspect(one: Suspect) -> dict[str, Any]:
    return {
        "figure": one.path,
        "read": dollars(one.read),
        "closing": dollars(one.closing),
        "why": one.why or None,
        "closes_all": one.closes_all,
    }


def residual_json(one: Residual) -> dict[str, Any]:
    """One equation that does not close."""
    return {"equation": one.equation, "where": one.where, "amount": dollars(one.dollars)}


def provider_adjustment_json(one: ProviderAdjustment) -> dict[str, Any]:
    """One provider-level adjustment."""
    return {"reason": one.reason, "reference": one.reference, "amount": dollars(one.amount)}


def claim_json(claim: RemittedClaim) -> dict[str, Any]:
    """One claim of a payment; no patient is named in it."""
    return {
        "claim_id": claim.claim_id,
        "payer_claim_number": claim.payer_claim_number,
        "status": claim.status,
        "charge": dollars(claim.charge),
        "paid": dollars(claim.paid),
        "patient_responsibility": dollars(claim.patient_responsibility),
        "adjustments": _adjustments(claim.adjustments),
        "remarks": list(claim.remarks),
        "lines": [_line(line) for line in claim.lines],
    }


def _line(line: ServiceLine) -> dict[str, Any]:
    return {
        "procedure": line.procedure,
        "modifiers": list(line.modifiers),
        "service_date": line.service_date.isoformat() if line.service_date else None,
        "units": str(line.units) if line.units is not None else None,
        "charge": dollars(line.charge),
        "allowed": dollars(line.allowed),
        "paid": dollars(line.paid),
        "adjustments": _adjustments(line.adjustments),
        "remarks": list(line.remarks),
    }


def _adjustments(adjustments: Sequence[Adjustment]) -> list[dict[str, Any]]:
    return [
        {"group": one.group, "reason": one.reason, "amount": dollars(one.amount)}
        for one in adjustments
    ]


def _place(place: Evidence) -> dict[str, Any]:
    return {"page": place.page, "box": list(place.box) if place.box else None, "where": place.where}
