"""What the simulated clearinghouse tells its pages, as JSON values: amounts and days as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.glosses import GLOSSES, REMARKS
from sandbox.inquiry import benefits_for, on_day
from sandbox.world import (
    Adjustment,
    Benefit,
    Membership,
    PayerClaim,
    Person,
    Remittance,
    ServiceLine,
)

SERVICE_TYPES = {
    "30": "Health Benefit Plan Coverage",
    "98": "Professional (Physician) Visit - Office",
    "UC": "Urgent Care",
    "86": "Emergency Services",
    "47": "Hospital",
    "48": "Hospital - Inpatient",
    "5": "Diagnostic Lab",
    "4": "Diagnostic X-Ray",
    "MH": "Mental Health",
    "88": "Pharmacy",
}
METHODS = {"ACH": "EFT", "CHK": "Check", "NON": "Non-payment"}


def claim_row(claim: PayerClaim) -> dict[str, Any]:
    """A claim in the results."""
    return {
        "claimNumber": claim.payer_claim_number,
        "patient": f"{claim.patient.last}, {claim.patient.first}".upper(),
        "from": claim.service_from.isoformat(),
        "to": claim.service_to.isoformat(),
        "billed": amount(claim.charge),
        "status": claim.status,
        "finalized": day(claim.finalized),
    }


def claim_details(claim: PayerClaim, shown: Person) -> dict[str, Any]:
    """Everything of an opened claim; ``shown`` is the patient whom the page names."""
    decided = claim.paid is not None
    lines = [_line(line, decided=decided) for line in claim.lines]
    return claim_row(claim) | {
        "message": claim.status_note,
        "patient": f"{shown.last}, {shown.first}".upper(),
        "birth": shown.birth.isoformat(),
        "memberId": shown.member_id,
        "account": claim.claim_id,
        "received": claim.received.isoformat(),
        "decided": decided,
        "allowed": amount(claim.allowed),
        "paid": amount(claim.paid),
        "owed": amount(claim.patient_responsibility),
        "check": claim.trace_number,
        "checkDate": day(claim.payment_date),
        "lines": lines,
        "codes": _codes(claim) if decided else [],
    }


def _line(line: ServiceLine, *, decided: bool) -> dict[str, Any]:
    return {
        "procedure": " ".join((line.procedure, *line.modifiers)),
        "day": line.service_date.isoformat(),
        "units": line.units,
        "billed": amount(line.charge),
        "allowed": amount(line.allowed) if decided else None,
        "paid": amount(line.paid) if decided else None,
        "remarks": list(line.remarks) if decided else [],
    }


def _codes(claim: PayerClaim) -> list[dict[str, str | None]]:
    """Every code of the claim with where it stands and what it means."""
    listed = [_code("Claim", adjustment) for adjustment in claim.adjustments]
    for number, line in enumerate(claim.lines, 1):
        place = f"Line {number}"
        listed += [_code(place, adjustment) for adjustment in line.adjustments]
        listed += [
            {"place": place, "code": remark, "amount": None, "meaning": REMARKS.get(remark, "")}
            for remark in line.remarks
        ]
    return listed


def _code(place: str, adjustment: Adjustment) -> dict[str, str | None]:
    code = f"{adjustment.group}-{adjustment.reason}"
    return {
        "place": place,
        "code": code,
        "amount": amount(adjustment.amount),
        "meaning": GLOSSES.get(code, ""),
    }


def remittance(found: Remittance) -> dict[str, Any]:
    """A payment in the remittance viewer."""
    return {
        "trace": found.trace_number,
        "payer": found.payer_name,
        "payee": found.payee_name,
        "method": METHODS[found.method],
        "amount": amount(found.amount),
        "day": found.date.isoformat(),
        "claims": [
            {
                "claimNumber": claim.payer_claim_number,
                "billed": amount(claim.charge),
                "paid": amount(claim.paid),
            }
            for claim in found.claims
        ],
    }


def coverage(held: Sequence[Membership], on: date) -> dict[str, Any]:
    """What the payer says of a person's cover on a day, ``held`` being all there is of it."""
    chosen, active = on_day(held, on)
    person = chosen.person
    return {
        "patient": f"{person.last}, {person.first}".upper(),
        "memberId": person.member_id,
        "birth": person.birth.isoformat(),
        "status": "Active Coverage" if active else "Inactive",
        "plan": chosen.plan,
        "begins": chosen.begins.isoformat(),
        "ends": day(chosen.ends),
        "benefits": _benefits(chosen) if active else [],
        "others": [
            {
                "name": other.name,
                "memberId": other.member_id,
                "order": "Primary" if other.primary else "Secondary",
            }
            for other in chosen.other_payers
        ],
    }


def _benefits(membership: Membership) -> list[dict[str, Any]]:
    """A card for each service type, what holds in the network and out of it side by side."""
    cards = []
    for code in dict.fromkeys(benefit.service_type for benefit in membership.benefits):
        inside, outside = benefits_for(membership, code)
        name = SERVICE_TYPES[code]
        cards.append({"type": name, "code": code, "in": _stated(inside), "out": _stated(outside)})
    return cards


def _stated(benefit: Benefit) -> dict[str, Any]:
    return {
        "covered": benefit.covered,
        "copay": amount(benefit.copay),
        "coinsurance": benefit.coinsurance,
        "deductible": amount(benefit.deductible),
        "deductibleLeft": amount(benefit.deductible_remaining),
        "outOfPocket": amount(benefit.out_of_pocket),
        "outOfPocketLeft": amount(benefit.out_of_pocket_remaining),
        "authorization": benefit.authorization_required,
        "referral": benefit.referral_required,
    }


def amount(value: Decimal | None) -> str | None:
    """Dollars with two decimals, as the pages take them."""
    return None if value is None else f"{value:.2f}"


def day(value: date | None) -> str | None:
    """A day as ISO text."""
    return None if value is None else value.isoformat()
