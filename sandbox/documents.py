"""Each payment's EOB document, and what is printed on it as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox import eob_commercial, eob_medicaid
from sandbox.books import COMMERCIAL
from sandbox.world import Adjustment, Payer, PayerClaim, Remittance, ServiceLine, World


def payer_of(world: World, payer_id: str) -> Payer:
    """One of the two payers by id."""
    return world.commercial if payer_id == world.commercial.payer_id else world.medicaid


def eob_pdf(world: World, payer_id: str, trace_number: str) -> bytes:
    """The EOB of one payment as PDF, in the payer's own layout; deterministic."""
    remittance = payer_of(world, payer_id).remittances[trace_number]
    draw = eob_commercial.draw if payer_id == COMMERCIAL else eob_medicaid.draw
    return draw(remittance)


def write_documents(world: World, folder: Path, limit: int | None = None) -> int:
    """Write every payment's document, and truth.json; how many documents."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = []
    for payer in (world.commercial, world.medicaid):
        for trace in list(payer.remittances)[:limit]:
            name = f"{payer.payer_id}-{trace}.pdf"
            (folder / name).write_bytes(eob_pdf(world, payer.payer_id, trace))
            truth.append(
                {"file": name, "payer": payer.payer_id, **remittance_data(payer.remittances[trace])}
            )
    (folder / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")
    return len(truth)


def remittance_data(r: Remittance) -> dict[str, Any]:
    """The payment as plain data: amounts with two decimals, dates ISO."""
    return {
        "trace_number": r.trace_number,
        "method": r.method,
        "amount": f"{r.amount:.2f}",
        "date": r.date.isoformat(),
        "claims": [_claim(c) for c in r.claims],
        "provider_adjustments": [
            {"reason": a.reason, "reference": a.reference, "amount": f"{a.amount:.2f}"}
            for a in r.provider_adjustments
        ],
    }


def _claim(c: PayerClaim) -> dict[str, Any]:
    return {
        "claim_id": c.claim_id,
        "payer_claim_number": c.payer_claim_number,
        "status": c.remit_status,
        "charge": f"{c.charge:.2f}",
        "paid": f"{c.paid:.2f}",
        "patient_responsibility": f"{c.patient_responsibility:.2f}",
        "adjustments": [_adjustment(a) for a in c.adjustments],
        "lines": [_line(line) for line in c.lines],
    }


def _line(line: ServiceLine) -> dict[str, Any]:
    return {
        "procedure": line.procedure,
        "modifiers": list(line.modifiers),
        "service_date": line.service_date.isoformat(),
        "units": str(line.units),
        "charge": f"{line.charge:.2f}",
        "allowed": f"{line.allowed:.2f}",
        "paid": f"{line.paid:.2f}",
        "adjustments": [_adjustment(a) for a in line.adjustments],
        "remarks": list(line.remarks),
    }


def _adjustment(a: Adjustment) -> dict[str, str]:
    return {"group": a.group, "reason": a.reason, "amount": f"{a.amount:.2f}"}
