"""The plans of the simulated payers, and what each grants for a kind of service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from sandbox.adjudication import dollars
from sandbox.world import Benefit

SERVICE_TYPES = {  # 271 EB03: in words
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
_PHARMACY = "88"
_ALWAYS = {"30", "86"}  # also granted outside the network where nothing else is


class Outside(StrEnum):
    """What a plan grants outside its network."""

    SAME = "same"
    LESS = "less"  # twice the deductible and the limit, and a larger share of the price
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan; dollars are whole, and a service type without a copay has the coinsurance."""

    name: str
    deductible: int
    limit: int
    coinsurance: int
    outside: Outside
    copays: Mapping[str, int] = field(default_factory=dict)
    authorized: frozenset[str] = frozenset()
    referred: frozenset[str] = frozenset()


_VISITS = {"98": 30, "UC": 60, "86": 250, "MH": 30, "88": 15}
_GATED = frozenset({"48", "4"})
_REFERRED = frozenset({"47", "4", "MH"})
PLANS: dict[str, tuple[Plan, ...]] = {
    "juniper-ridge": (
        Plan("Ridge PPO 1500", 1500, 6000, 20, Outside.LESS, _VISITS, _GATED),
        Plan(
            "Ridge HMO Select",
            0,
            4500,
            10,
            Outside.EMERGENCY,
            {**_VISITS, "98": 20, "5": 10, "47": 150},
            _GATED,
            _REFERRED,
        ),
        Plan("Ridge Saver HDHP", 3200, 7500, 20, Outside.LESS),
    ),
    "franklin-medicaid": (
        Plan("Franklin Family Medicaid", 0, 0, 0, Outside.EMERGENCY, {"98": 3, "88": 1}, _GATED),
        Plan("Franklin Medicaid Expansion", 0, 0, 0, Outside.EMERGENCY, {"98": 4, "88": 4}),
        Plan("Franklin Primary Care Network", 0, 0, 0, Outside.EMERGENCY, {}, _GATED, _REFERRED),
    ),
    "blue-mesa": (
        Plan("Mesa Choice PPO", 1000, 5000, 15, Outside.LESS, {**_VISITS, "98": 25}, _GATED),
        Plan("Mesa Care HMO", 0, 3500, 10, Outside.EMERGENCY, _VISITS, _GATED, _REFERRED),
        Plan("Mesa Bronze HDHP", 6500, 8500, 30, Outside.LESS),
    ),
    "tri-rivers": (
        Plan("Medicare Part B", 260, 0, 20, Outside.SAME),
        Plan("Medicare Parts A and B", 260, 0, 20, Outside.SAME, {"48": 1680}),
    ),
    "copper-line": (
        Plan("Copper Open Access", 750, 4000, 20, Outside.LESS, {**_VISITS, "UC": 45}),
        Plan("Copper Value EPO", 2500, 6500, 25, Outside.EMERGENCY, {"98": 40}, _GATED),
    ),
}


def grant(random: Random, plan: Plan) -> tuple[Benefit, ...]:
    """One person's benefits under ``plan``, and what the person has used up of it by now."""
    used = random.choice((0, 0, 100, random.randint(1, 99), random.randint(1, 99)))
    benefits: list[Benefit] = []
    for in_network in (True, False):
        less = not in_network and plan.outside is Outside.LESS
        deductible, limit = (each * (2 if less else 1) for each in (plan.deductible, plan.limit))
        spent = used if in_network or plan.outside is Outside.SAME else used // 4
        benefits += [
            _benefit(plan, service_type, deductible * 100, limit * 100, spent, in_network)
            for service_type in SERVICE_TYPES
        ]
    return tuple(benefits)


def _benefit(
    plan: Plan, service_type: str, deductible: int, limit: int, spent: int, in_network: bool
) -> Benefit:
    """``deductible`` and ``limit`` in cents, of which ``spent`` per cent are used up."""
    closed = not in_network and plan.outside is Outside.EMERGENCY
    if closed and service_type not in _ALWAYS:
        return Benefit(service_type, in_network, covered=False)
    less = not in_network and plan.outside is Outside.LESS
    copay = None if less else plan.copays.get(service_type)
    whole = service_type != _PHARMACY  # a pharmacy's prices count towards the limit alone
    return Benefit(
        service_type,
        in_network,
        copay=None if copay is None else dollars(copay * 100),
        coinsurance=None if copay is not None else plan.coinsurance + (20 if less else 0),
        deductible=dollars(deductible) if whole else None,
        deductible_remaining=dollars(deductible * (100 - spent) // 100) if whole else None,
        out_of_pocket=dollars(limit) if limit else None,
        out_of_pocket_remaining=dollars(limit * (200 - spent) // 200) if limit else None,
        authorization_required=service_type in plan.authorized,
        referral_required=in_network and service_type in plan.referred,
    )
