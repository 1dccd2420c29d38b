"""The answer key: what a careful person would find out about every billed claim."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from sandbox.world import BilledClaim, World


def answer_key(world: World) -> list[dict[str, Any]]:
    """One object a claim: amounts with two decimals, dates ISO, unknown null."""
    return [_row(claim) for payer in (world.commercial, world.medicaid) for claim in payer.billed]


def counted(world: World) -> str:
    """How many claims of each payer come to which outcome, for people."""
    rows = []
    for payer in (world.commercial, world.medicaid):
        counts = Counter(claim.expected.outcome for claim in payer.billed)
        rows.append(payer.name)
        rows += [f"  {outcome:<16}{count:>7}" for outcome, count in counts.most_common()]
    return "\n".join(rows)


def _row(claim: BilledClaim) -> dict[str, Any]:
    known = claim.expected
    return {
        "claim_id": claim.claim_id,
        "payer": claim.payer_id,
        "outcome": known.outcome,
        "status_category": known.status_category,
        "payer_claim_number": known.payer_claim_number,
        "service_from": known.service_from.isoformat() if known.service_from else None,
        "charge": _dollars(known.charge),
        "paid": _dollars(known.paid),
        "patient_responsibility": _dollars(known.patient_responsibility),
        "payment_date": known.payment_date.isoformat() if known.payment_date else None,
        "trace_number": known.trace_number,
        "reason_codes": list(known.reason_codes),
    }


def _dollars(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"
