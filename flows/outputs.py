"""A sweep's files: each whole or not there, the same again for the same results."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic

from billing.errors import BadInput
from billing.ledger import EvidenceDamaged, EvidenceForgotten, EvidenceMissing, Ledger
from billing.model import Outcome
from billing.report import ClaimResult, SweepReport
from bots.exports.columns import harmless
from bots.exports.systems import System
from bots.exports.write_back import Change, harmless_cells
from bots.profile import Profile
from console.answers import answers
from console.morning import morning_sheet
from console.workbook import exceptions_csv, exceptions_xlsx, postings_csv, postings_totals
from flows.drift import drift_files
from flows.journal import log
from flows.soundness_signal import remember_check
from flows.written_back import written_back

SUFFIX = {
    "text/html": ".html",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tiff",
    "application/pdf": ".pdf",
    "application/json": ".json",
    "text/csv": ".csv",
    "application/edi-x12": ".x12",
}


def write_outputs(
    ledger: Ledger,
    report: SweepReport,
    profiles: Mapping[str, Profile],
    folder: Path,
    own: Sequence[System],
) -> dict[str, str]:
    """Write everything a person gets from the sweep into ``folder``; what each file is → path.

    ``own`` are the biller's own mappings. Raises BadInput when the folder cannot be
    written; the ledger has the results then.
    """
    began = monotonic()
    try:
        files = _write_outputs(ledger, report, profiles, folder, own)
        spent = monotonic() - began
        log("outputs_written", sweep=report.sweep_id, files=len(files), seconds=spent)
        return files
    except OSError as error:
        raise BadInput(
            f"{folder}: the files cannot be written ({error.strerror}); the answers are in the "
            "ledger: make room or name another folder with --out, then run the same command again"
        ) from error


def _write_outputs(
    ledger: Ledger,
    report: SweepReport,
    profiles: Mapping[str, Profile],
    folder: Path,
    own: Sequence[System],
) -> dict[str, str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: dict[str, tuple[str, bytes]] = {}
    backs = written_back(ledger, report, profiles, own)
    for back in backs:
        made |= back.files
    changes = [(back.export, change) for back in backs for change in back.changes]
    today = report.business_date
    shown = copy_evidence(ledger, shown_evidence(ledger, report.results), folder / "evidence")
    made |= {
        "changes, cell by cell": ("changes.csv", changes_csv(changes)),
        "proposed postings": ("postings.csv", postings_csv(report)),
        "control totals": ("postings-totals.csv", postings_totals(report)),
        "exceptions (workbook)": (
            "exceptions.xlsx",
            exceptions_xlsx(
                report, today, {one: f"evidence/{name}" for one, name in shown.items()}
            ),
        ),
        "exceptions (CSV)": ("exceptions.csv", exceptions_csv(report, today)),
        "answers (JSON)": ("answers.json", _json(answers(report))),
    }
    made |= drift_files(ledger, report, profiles)
    files = {what: str(folder / name) for what, (name, _) in made.items()}
    files["morning sheet"] = str(folder / "morning.html")
    files["evidence"] = str(folder / "evidence")
    sheet = morning_sheet(
        report, files={what: Path(path).name for what, path in files.items()}, today=today
    )
    made["morning sheet"] = ("morning.html", sheet.encode())
    for name, data in made.values():
        write_whole(folder / name, data)
    return files


def shown_evidence(ledger: Ledger, results: Iterable[ClaimResult]) -> dict[str, str]:
    """The evidence of ``results`` that lies beside the other files: hash → file name.

    What was captured of another patient stays in the ledger's store only; what a policy deleted
    is nowhere.
    """
    shown = (r for r in results if r.conclusion.outcome is not Outcome.WRONG_PATIENT)
    hashes = dict.fromkeys(sha256 for r in shown for sha256 in r.conclusion.evidence)
    gone = ledger.forgotten_on(hashes)
    return name_evidence(ledger, (one for one in hashes if one not in gone))


def name_evidence(ledger: Ledger, hashes: Iterable[str]) -> dict[str, str]:
    """Hash → file name: the hash itself, with the ending of what it holds."""
    return {
        sha256: f"{sha256}{SUFFIX.get(ledger.media_type(sha256), '')}"
        for sha256 in dict.fromkeys(hashes)
    }


def copy_evidence(ledger: Ledger, names: Mapping[str, str], folder: Path) -> dict[str, str]:
    """A copy of the stored bytes of each hash in ``folder``, by its name there; those there are.

    What is missing or damaged is left out, told in a sentence each and remembered as an alert:
    nothing else waits until it is restored.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    there, told = dict[str, str](), list[str]()
    for sha256, name in names.items():
        place = folder / name
        try:
            if not place.exists():
                write_whole(place, ledger.fetch(sha256))
        except EvidenceForgotten:
            continue
        except (EvidenceMissing, EvidenceDamaged) as error:
            told.append(str(error))
        else:
            there[sha256] = name
    if told:
        sys.stderr.write("".join(f"{sentence}\n" for sentence in told))
        remember_check(ledger, "ledger", len(told))
    return there


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that a reader sees the old file or the whole new one, never a part."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def changes_csv(changes: Iterable[tuple[str, Change]]) -> bytes:
    """Every added cell of every export: UTF-8 with BOM, and nothing in it runs as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["Export", "Sheet", "Row", "Claim", "Column", "Before", "After", "Evidence"])
    for export, c in changes:
        writer.writerow([harmless(export), harmless(c.sheet or ""), c.row, *harmless_cells(c)])
    return text.getvalue().encode("utf-8-sig")


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
