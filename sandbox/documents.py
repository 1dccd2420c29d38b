"""Each payment's document as the payer prints it, and what stands on it as plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox import eob_commercial, eob_medicaid
from sandbox.payers import STYLES
from sandbox.world import Adjustment, PayerClaim, Remittance, ServiceLine, World


def eob_pdf(world: World, payer_id: str, trace_number: str, password: str = "") -> bytes:
    """One payment's document as PDF, the same bytes each time; a ``password`` locks it.

    Raises KeyError for a payer or payment that is not in the world.
    """
    return draw(payer_id, world.payer(payer_id).remittances[trace_number], password)


def draw(payer_id: str, remittance: Remittance, password: str = "") -> bytes:
    """One payment's document in the payer's style, the same bytes each time."""
    drawer = eob_medicaid if STYLES[payer_id].public else eob_commercial
    return drawer.draw(remittance, password)


def write_documents(world: World, folder: Path, limit: int | None = None) -> int:
    """Write the documents into ``folder``, at most ``limit`` of each payer, and ``truth.json``.

    Returns how many documents were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = []
    for payer in world.payers:
        for remittance in list(payer.remittances.values())[:limit]:
            name = f"{payer.payer_id}-{remittance.trace_number}.pdf"
            (folder / name).write_bytes(draw(payer.payer_id, remittance))
            truth.append({"file": name, "payer": payer.payer_id, **printed(remittance)})
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(f"{text}\n", encoding="utf-8")
    return len(truth)


def printed(remittance: Remittance) -> dict[str, Any]:
    """A payment as its document says it: dollars as text with two decimals, dates as ISO text."""
    return {
        "trace_number": remittance.trace_number,
        "method": remittance.method,
        "amount": f"{remittance.amount:.2f}",
        "date": remittance.date.isoformat(),
        "claims": [_claim(claim) for claim in remittance.claims],
        "provider_adjustments": [
            {"reason": entry.reason, "reference": entry.reference, "amount": f"{entry.amount:.2f}"}
            for entry in remittance.provider_adjustments
        ],
    }


def _claim(claim: PayerClaim) -> dict[str, Any]:
    return {
        "claim_id": claim.claim_id,
        "payer_claim_number": claim.payer_claim_number,
        "status": claim.remit_status,
        "charge": f"{claim.charge:.2f}",
        "paid": f"{claim.paid:.2f}",
        "patient_responsibility": f"{claim.patient_responsibility:.2f}",
        "adjustments": [_adjustment(adjustment) for adjustment in claim.adjustments],
        "lines": [_line(line) for line in claim.lines],
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
        "adjustments": [_adjustment(adjustment) for adjustment in line.adjustments],
        "remarks": list(line.remarks),
    }


def _adjustment(adjustment: Adjustment) -> dict[str, str]:
    return {
        "group": adjustment.group,
        "reason": adjustment.reason,
        "amount": f"{adjustment.amount:.2f}",
    }
