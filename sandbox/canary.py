"""A claim that a simulated payer is known to answer for: what a bot asks about first."""

from __future__ import annotations

import json

from sandbox.world import Payer


def canary(payer: Payer) -> str | None:
    """A paid claim of ``payer`` and its answer, as the JSON that a canary's secret holds.

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
        return json.dumps({"claim": words, "expect": expect})
    return None
