"""The answer key of the schedule: what a careful person would find out about each appointment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.inquiry import benefits_for, on_day
from sandbox.schedule import SERVICES, Appointment, Slip, appointments
from sandbox.truth import count_table
from sandbox.world import Benefit, Payer, World

OUTCOMES = ("active", "inactive", "not_found", "name_mismatch", "unavailable")
_UNKNOWN = {Slip.NUMBER: "not_found", Slip.BIRTH: "not_found", Slip.NAME: "name_mismatch"}


def eligibility_rows(world: World) -> Iterator[dict[str, Any]]:
    """One row for each of the schedule, in its order, as plain values.

    ``outcome`` is one of :data:`OUTCOMES`. What else is known
    follows for the first two, benefits for the first alone: those of the row's service type.
    """
    for number, row in enumerate(appointments(world), 1):
        yield {
            "row": number,
            "payer": row.payer_id,
            "date_of_service": row.day.isoformat(),
            "member_id": row.patient.member_id,
            "date_of_birth": row.patient.birth.isoformat(),
            "service_type": SERVICES[row.service],
            **_answer(world.payer(row.payer_id), row),
        }


def eligibility_counts(world: World) -> str:
    """How many appointments of each outcome each payer has, as a short table."""
    found: dict[str, Counter[str]] = {payer.payer_id: Counter() for payer in world.payers}
    for row in eligibility_rows(world):
        found[row["payer"]][row["outcome"]] += 1
    return count_table(OUTCOMES, found)


def _answer(payer: Payer, row: Appointment) -> dict[str, Any]:
    member_id, birth = row.patient.member_id, row.patient.birth
    outcome = _UNKNOWN[row.slip] if row.slip else ""
    if member_id in payer.members_unavailable:
        outcome = "unavailable"
    if outcome:
        return {"outcome": outcome, "found": outcome == "name_mismatch"}
    held = [m for m in payer.members[member_id] if m.person.birth == birth]
    membership, active = on_day(sorted(held, key=lambda one: one.begins), row.day)
    inside, outside = benefits_for(membership, SERVICES[row.service])
    return {
        "outcome": "active" if active else "inactive",
        "found": True,
        "plan": membership.plan,
        "coverage_begins": membership.begins.isoformat(),
        "coverage_ends": membership.ends.isoformat() if membership.ends else None,
        "other_payers": [
            {"name": other.name, "member_id": other.member_id, "primary": other.primary}
            for other in membership.other_payers
        ],
        "in_network": _benefit(inside) if active else None,
        "out_of_network": _benefit(outside) if active else None,
    }


def _benefit(benefit: Benefit) -> dict[str, Any]:
    return {
        "covered": benefit.covered,
        "copay": _amount(benefit.copay),
        "coinsurance": benefit.coinsurance,
        "deductible": _amount(benefit.deductible),
        "deductible_remaining": _amount(benefit.deductible_remaining),
        "out_of_pocket": _amount(benefit.out_of_pocket),
        "out_of_pocket_remaining": _amount(benefit.out_of_pocket_remaining),
        "authorization_required": benefit.authorization_required,
        "referral_required": benefit.referral_required,
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"
