"""A claim as the commercial portal's API spells it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.world import Adjustment, PayerClaim, ServiceLine


def claim_row(claim: PayerClaim) -> dict[str, Any]:
    """A claim as a search lists it."""
    return {
        "claimNumber": claim.payer_claim_number,
        "patient": f"{claim.patient.first} {claim.patient.last}",
        "serviceDate": claim.service_from.isoformat(),
        "billed": _amount(claim.charge),
        "status": claim.status,
    }


def claim_details(claim: PayerClaim) -> dict[str, Any]:
    """A claim as it is opened; what was not decided yet is null."""
    adjudicated = claim.paid is not None
    return claim_row(claim) | {
        "statusNote": claim.status_note or None,
        "dateOfBirth": claim.patient.birth.isoformat(),
        "memberId": claim.patient.member_id,
        "patientAccount": claim.claim_id,
        "serviceFrom": claim.service_from.isoformat(),
        "serviceTo": claim.service_to.isoformat(),
        "received": claim.received.isoformat(),
        "adjudicated": {
            "allowed": _amount(claim.allowed),
            "paid": _amount(claim.paid),
            "patientResponsibility": _amount(claim.patient_responsibility),
            "paymentDate": claim.payment_date.isoformat() if claim.payment_date else None,
            "paymentNumber": claim.trace_number,
        }
        if adjudicated
        else None,
        "lines": [_line(line, adjudicated=adjudicated) for line in claim.lines],
        "adjustments": [_adjustment(a) for a in claim.adjustments] if adjudicated else [],
    }


def _line(line: ServiceLine, *, adjudicated: bool) -> dict[str, Any]:
    return {
        "procedure": line.procedure,
        "modifiers": list(line.modifiers),
        "serviceDate": line.service_date.isoformat(),
        "units": line.units,
        "billed": _amount(line.charge),
        "allowed": _amount(line.allowed) if adjudicated else None,
        "paid": _amount(line.paid) if adjudicated else None,
        "adjustments": [_adjustment(a) for a in line.adjustments] if adjudicated else [],
        "remarks": list(line.remarks) if adjudicated else [],
    }


def _adjustment(adjustment: Adjustment) -> dict[str, str | None]:
    return {
        "code": f"{adjustment.group}-{adjustment.reason}",
        "amount": _amount(adjustment.amount),
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"
