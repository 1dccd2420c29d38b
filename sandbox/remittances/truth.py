"""What stands on a simulated document, as plain data: the answer key of its readers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.remittances.drawing import Figure
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.story import Claim, Payment
from sandbox.world import Adjustment, ServiceLine

Json = dict[str, Any]


def payment_truth(payment: Payment, issuer: Issuer) -> Json:
    """A payment as its document says it; null is what this issuer does not print."""
    return {
        "trace_number": payment.trace_number,
        "method": payment.method if issuer.prints_method else None,
        "amount": _dollars(payment.amount),
        "date": _day(payment.date),
        "payer": payment.payer,
        "payee": payment.payee,
        "claims": [_claim(claim, issuer) for claim in payment.claims],
        "provider_adjustments": [
            {"reason": one.reason, "reference": one.reference, "amount": _dollars(one.amount)}
            for one in payment.provider_adjustments
        ],
    }


def places(figures: Mapping[str, Figure]) -> Json:
    """Page and box of every figure by its path, points from the top left of the page."""
    return {
        path: {"page": one.page, "box": [round(edge, 1) for edge in one.box], "text": one.text}
        for path, one in figures.items()
    }


def _claim(claim: Claim, issuer: Issuer) -> Json:
    return {
        "claim_id": claim.claim_id,
        "payer_claim_number": claim.payer_claim_number,
        "status": claim.status if issuer.prints_status else None,
        "charge": _dollars(claim.charge),
        "paid": _dollars(claim.paid),
        "patient_responsibility": _dollars(claim.patient_responsibility),
        "adjustments": [_adjustment(one) for one in claim.adjustments],
        "lines": [_line(line, issuer) for line in claim.lines],
    }


def _line(line: ServiceLine, issuer: Issuer) -> Json:
    return {
        "procedure": line.procedure,
        "modifiers": list(line.modifiers) if issuer.prints_modifiers else None,
        "service_date": _day(line.service_date),
        "units": str(line.units) if issuer.prints_units else None,
        "charge": _dollars(line.charge),
        "allowed": _dollars(line.allowed) if issuer.prints_allowed else None,
        "paid": _dollars(line.paid),
        "adjustments": [_adjustment(one) for one in line.adjustments],
        "remarks": list(line.remarks) if issuer.prints_remarks else None,
    }


def _adjustment(one: Adjustment) -> Json:
    return {"group": one.group, "reason": one.reason, "amount": _dollars(one.amount)}


def _dollars(value: Decimal) -> str:
    return f"{value:.2f}"


def _day(value: date) -> str:
    return value.isoformat()
