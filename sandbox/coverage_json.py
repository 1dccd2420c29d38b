"""A member's cover as the commercial portal's JSON has it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.plans import SERVICE_TYPES
from sandbox.world import Benefit, Membership


def coverage(membership: Membership, active: bool, day: date) -> dict[str, Any]:
    """Dollars as text with two decimals, dates as ISO text, what the plan does not say as null."""
    person = membership.person
    return {
        "member": {
            "memberId": person.member_id,
            "lastName": person.last,
            "firstName": f"{person.first} {person.middle}".rstrip(),
            "dateOfBirth": person.birth.isoformat(),
        },
        "serviceDate": day.isoformat(),
        "status": "Active coverage" if active else "Inactive",
        "plan": membership.plan,
        "coverageBegins": membership.begins.isoformat(),
        "coverageEnds": membership.ends.isoformat() if membership.ends else None,
        "otherCoverage": [
            {
                "payer": other.name,
                "memberId": other.member_id,
                "order": "Primary" if other.primary else "Secondary",
            }
            for other in membership.other_payers
        ],
        "benefits": [_benefit(benefit) for benefit in membership.benefits] if active else [],
    }


def _benefit(benefit: Benefit) -> dict[str, Any]:
    return {
        "serviceTypeCode": benefit.service_type,
        "serviceType": SERVICE_TYPES[benefit.service_type],
        "network": "In network" if benefit.in_network else "Out of network",
        "covered": benefit.covered,
        "copay": _amount(benefit.copay),
        "coinsurance": benefit.coinsurance,
        "deductible": _amount(benefit.deductible),
        "deductibleRemaining": _amount(benefit.deductible_remaining),
        "outOfPocket": _amount(benefit.out_of_pocket),
        "outOfPocketRemaining": _amount(benefit.out_of_pocket_remaining),
        "authorizationRequired": benefit.authorization_required,
        "referralRequired": benefit.referral_required,
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"
