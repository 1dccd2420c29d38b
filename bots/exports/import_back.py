"""What a sweep learned as the file that a billing system can import; people import it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.findings import FINDINGS
from billing.model import Outcome
from billing.money import usd
from billing.report import ClaimResult
from bots.exports.columns import harmless
from bots.exports.import_shape import ImportFile, Part
from bots.exports.read import ExportReading

NOTHING_LEARNED = "nothing was learned of the claim"
SAID_BEFORE = "the payer says what the note of an earlier sweep says"


@dataclass(frozen=True, slots=True)
class ImportMade:
    """One file to import: ``results == rows + left out``, by the reason why."""

    name: str
    title: str
    data: bytes = field(repr=False)
    rows: int
    left_out: Mapping[str, int]


def import_back(
    reading: ExportReading, results: Mapping[int, ClaimResult], *, run: str
) -> ImportMade | None:
    """The import file of the export's system, or None where its mapping describes none.

    A row for each claim whose answer is new, in the export's order; ``results`` are keyed by source
    row and ``run`` names the sweep. The same results give the same bytes.
    """
    shape = reading.recognised.system.import_back
    if shape is None:
        return None
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([column.heading for column in shape.columns])
    rows = 0
    left_out: dict[str, int] = {}
    for row in sorted(results):
        why = _left_out(results[row])
        if why is not None:
            left_out[why] = left_out.get(why, 0) + 1
            continue
        parts = _parts(results[row], shape, run)
        lines.writerow([harmless(parts[column.holds]) for column in shape.columns])
        rows += 1
    data = text.getvalue().encode()  # no byte order mark: a system reads it
    return ImportMade(shape.name, shape.title, data, rows, left_out)


def _left_out(result: ClaimResult) -> str | None:
    if result.conclusion.outcome is Outcome.NO_ANSWER:
        return NOTHING_LEARNED
    return SAID_BEFORE if result.changed is False else None


def _parts(result: ClaimResult, shape: ImportFile, run: str) -> Mapping[Part, str]:
    finding, checked = result.conclusion.finding, result.checked_at
    return {
        "claim_id": result.claim.claim_id,
        "code": shape.code(finding.kind),
        "note": _note(result, shape, run),
        "checked_on": checked.strftime(shape.dates) if checked else "",
        "due": finding.due.strftime(shape.dates) if finding.due else "",
        "run": run,
    }


def _note(result: ClaimResult, shape: ImportFile, run: str) -> str:
    """What the payer says, what it means and what to do next, in one line; nothing of the patient.

    It names the run, so that a note imported twice is seen to be the same.
    """
    said, finding = result.conclusion, result.conclusion.finding
    facts = [
        f'payer says "{said.status_words}"' if said.status_words else said.outcome.value,
        f"status {said.status_category}" if said.status_category else "",
        f"paid {usd(said.paid)}" if said.paid is not None else "",
        f"patient {usd(said.patient_responsibility)}" if said.patient_responsibility else "",
        f"on {said.payment_date.strftime(shape.dates)}" if said.payment_date else "",
        f"trace {said.trace_number}" if said.trace_number else "",
        f"payer's claim {said.payer_claim_number}" if said.payer_claim_number else "",
        " ".join(said.reason_codes),
    ]
    due = f" Due {finding.due.strftime(shape.dates)}." if finding.due else ""
    return (
        f"[claimsweep {run}] {', '.join(fact for fact in facts if fact)}. "
        f"{FINDINGS[finding.kind].title}: {finding.next_action}{due}"
    )


__all__ = ["NOTHING_LEARNED", "SAID_BEFORE", "ImportMade", "import_back"]
