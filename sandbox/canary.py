"""A claim and a member that a simulated payer is known to answer for: what a bot asks first."""

from __future__ import annotations

import json

from sandbox.world import Payer


def canary(payer: Payer) -> str | None:
    """A paid claim and a member of ``payer``, and the answers, as a canary's secret holds them.

    The first that stands in the books once, that every search of the payer answers for; None when
    there is none.
    """
    down = {member for member, _ in payer.unavailable | payer.unavailable_once}
    for billed in payer.billed:
        known = billed.expected
        held = payer.by_number.get(known.payer_claim_number or "")
        if known.outcome != "paid" or held is None or billed.patient.member_id in down:
            continue
        words = {
            "claim_id": billed.claim_id,
            "member_id": billed.patient.member_id,
            "patient_last": billed.patient.last,
            "patient_first": billed.patient.first,
            "date_of_birth": billed.patient.birth.isoformat(),
            "service_from": billed.service_from.isoformat(),
            "service_to": billed.service_to.isoformat(),
            "billed": str(billed.charge),
            "provider_npi": billed.provider_npi,
            "provider_tin": billed.provider_tin,
        }
        expect = {
            "payer_claim_number": held.payer_claim_number,
            "category": known.status_category,
            "charge": str(known.charge),
            "paid": str(known.paid),
        }
        return json.dumps({"claim": words, "expect": expect, **_member(payer)})
    return None


def _member(payer: Payer) -> dict[str, dict[str, str]]:
    """The member of longest standing, whose cover goes on, and what is said of it on any day;
    empty when there is none."""
    silent = payer.members_unavailable | payer.members_unavailable_once
    standing = [
        held[0]
        for member_id, held in payer.members.items()
        if len(held) == 1 and held[0].ends is None and member_id not in silent
    ]
    if not standing:
        return {}
    known = min(standing, key=lambda one: one.begins)
    visit = {
        "member_id": known.person.member_id,
        "patient_last": known.person.last,
        "patient_first": known.person.first,
        "date_of_birth": known.person.birth.isoformat(),
    }
    return {
        "visit": visit,
        "expect_cover": {"plan": known.plan, "begins": known.begins.isoformat()},
    }
