"""What a clearinghouse's page gets to show: rows, opened claims and coverage, as plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.inquiry import on_day
from sandbox.worklist import lacks_document, signed, worded
from sandbox.world import Adjustment, Benefit, Membership, Payer, PayerClaim, ServiceLine

SERVICE_TYPES = {
    "30": "Health benefit plan coverage",
    "98": "Office visit",
    "UC": "Urgent care",
    "86": "Emergency services",
    "47": "Hospital",
    "48": "Hospital - inpatient",
    "5": "Diagnostic lab",
    "4": "Diagnostic imaging",
    "MH": "Mental health",
    "88": "Pharmacy",
}


def row(claim: PayerClaim, name: str) -> dict[str, Any]:
    """A row of list ``name``; the page rounds the dollars."""
    return {
        "number": claim.payer_claim_number,
        "patient": f"{claim.patient.last}, {claim.patient.first}",
        "serviceDate": claim.service_from.isoformat(),
        "billed": _amount(signed(claim, claim.charge)),
        "status": worded(claim, name),
        "updated": (claim.finalized or claim.received).isoformat(),
        "hasEob": claim.trace_number is not None,
    }


def details(claim: PayerClaim, payer: Payer) -> dict[str, Any]:
    """Everything that the portal shows of one claim."""
    adjudicated = claim.paid is not None
    return {
        "number": claim.payer_claim_number,
        "status": claim.status,
        "note": claim.status_note or None,
        "patient": f"{claim.patient.last}, {claim.patient.first}",
        "birth": claim.patient.birth.isoformat(),
        "memberId": claim.patient.member_id,
        "account": claim.claim_id,
        "serviceFrom": claim.service_from.isoformat(),
        "serviceTo": claim.service_to.isoformat(),
        "received": claim.received.isoformat(),
        "billed": _amount(signed(claim, claim.charge)),
        "allowed": _amount(signed(claim, claim.allowed)),
        "paid": _amount(signed(claim, claim.paid)),
        "owed": _amount(signed(claim, claim.patient_responsibility)),
        "paidOn": claim.payment_date.isoformat() if claim.payment_date else None,
        "trace": claim.trace_number,
        "lines": [_line(line, adjudicated=adjudicated) for line in claim.lines],
        "adjustments": [_adjustment(one) for one in claim.adjustments] if adjudicated else [],
        "eob": claim.trace_number in payer.remittances,
        "eobIsDead": lacks_document(claim.payer_claim_number),
    }


def coverage(held: Sequence[Membership], day: date, service: str) -> dict[str, Any]:
    """What the payer says of a person's plan on ``day``; ``service`` "30" asks for everything.

    ``held`` is the person's memberships, oldest first, and not empty.
    """
    shown, active = on_day(held, day)
    benefits = [
        _benefit(one) for one in shown.benefits if service in ("30", one.service_type) and active
    ]
    return _plan(shown, active=active) | {"benefits": benefits}


def _plan(membership: Membership, *, active: bool) -> dict[str, Any]:
    person = membership.person
    return {
        "member": f"{person.last}, {person.first}",
        "memberId": person.member_id,
        "birth": person.birth.isoformat(),
        "plan": membership.plan,
        "active": active,
        "begins": membership.begins.isoformat(),
        "ends": membership.ends.isoformat() if membership.ends else None,
        "others": [
            {
                "name": other.name,
                "memberId": other.member_id,
                "order": "Primary" if other.primary else "Secondary",
            }
            for other in membership.other_payers
        ],
    }


def _benefit(benefit: Benefit) -> dict[str, Any]:
    return {
        "service": SERVICE_TYPES.get(benefit.service_type, benefit.service_type),
        "network": "In network" if benefit.in_network else "Out of network",
        "covered": benefit.covered,
        "copay": _amount(benefit.copay),
        "coinsurance": benefit.coinsurance,
        "deductible": _amount(benefit.deductible),
        "deductibleLeft": _amount(benefit.deductible_remaining),
        "outOfPocket": _amount(benefit.out_of_pocket),
        "outOfPocketLeft": _amount(benefit.out_of_pocket_remaining),
        "authorization": benefit.authorization_required,
        "referral": benefit.referral_required,
    }


def _line(line: ServiceLine, *, adjudicated: bool) -> dict[str, Any]:
    return {
        "day": line.service_date.isoformat(),
        "procedure": line.procedure,
        "modifiers": " ".join(line.modifiers),
        "units": line.units,
        "billed": _amount(line.charge),
        "allowed": _amount(line.allowed) if adjudicated else None,
        "paid": _amount(line.paid) if adjudicated else None,
        "codes": [_adjustment(one) for one in line.adjustments] if adjudicated else [],
        "remarks": " ".join(line.remarks) if adjudicated else "",
    }


def _adjustment(adjustment: Adjustment) -> dict[str, str | None]:
    return {
        "code": f"{adjustment.group} {adjustment.reason}",
        "amount": _amount(adjustment.amount),
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"
