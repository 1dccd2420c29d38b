"""A schedule becomes a sweep of visits in the ledger, and its results files for the front desk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

from billing.coverage import EligibilityReport, Visit, VisitOutcome
from billing.errors import BadInput
from billing.ledger import Ledger, SweepStart, SweptExport
from bots.exports.schedule import ScheduleReading, read_schedule
from bots.exports.schedule_back import write_schedule
from bots.exports.systems import System
from bots.file_bytes import read_file
from bots.profile import Profile, spellings
from console.swept import drift_note
from console.visits import answers, eligibility_sheets
from console.workbook import workbook
from flows.drift import drift_files
from flows.intake import media_type
from flows.journal import log
from flows.outputs import changes_csv, copy_evidence, name_evidence, write_whole


@dataclass(frozen=True, slots=True)
class ScheduleIntake:
    """A schedule as read, and the visits of it that were asked for."""

    reading: ScheduleReading
    visits: tuple[Visit, ...]


def take_in_schedule(
    ledger: Ledger,
    path: Path,
    profiles: Mapping[str, Profile],
    *,
    own: Sequence[System],
    payer: str | None,
    limit: int | None,
) -> ScheduleIntake:
    """Store and read the schedule; keep the visits of ``payer``, at most ``limit`` of each payer.

    Raises BadInput naming the file when it cannot be used, before anything is asked.
    """
    data = read_file(path)
    reading = read_schedule(data, path.name, payer_ids=spellings(profiles), own=own)
    write_schedule(data, reading, {})  # a file that will take no answers is refused now, not after
    ledger.store(data, media_type(path))
    if payer is not None and payer not in profiles:
        raise BadInput(f"No payer profile {payer!r}; there are: {', '.join(sorted(profiles))}")
    visits: Sequence[Visit] = [v for v in reading.visits if payer in (None, v.payer)]
    if limit is not None:
        visits = list(_first_of_each(visits, limit))
    if not visits:
        raise BadInput("The schedule holds no visit to check; check --payer and the file")
    return ScheduleIntake(reading, tuple(visits))


def begin_schedule(
    ledger: Ledger, sweep_id: str, intake: ScheduleIntake, business_date: date
) -> SweepStart:
    """Make the sweep and its work items, or take up the one that was begun before."""
    reading = intake.reading
    return ledger.begin_visits(
        sweep_id,
        business_date=business_date,
        schedule=SweptExport(
            reading.name, reading.sha256, reading.recognised.system.system, reading.rows_in
        ),
        visits=intake.visits,
        refused=reading.refused,
        at=datetime.now(UTC),
    )


def eligibility_report(
    ledger: Ledger, sweep_id: str, profiles: Mapping[str, Profile]
) -> EligibilityReport:
    """The results with the payers' names, and a note of every portal that drifted."""
    names = {profile.id: profile.file.payer.name for profile in profiles.values()}
    report = ledger.eligibility_report(sweep_id)
    drifted = [drift_note(payer, drift) for payer, drift in report.drift.items()]
    return replace(report, payer_names=names, payer_notes=(*report.payer_notes, *drifted))


def write_eligibility(
    ledger: Ledger,
    report: EligibilityReport,
    profiles: Mapping[str, Profile],
    folder: Path,
    own: Sequence[System],
) -> dict[str, str]:
    """Write what the front desk gets into ``folder``; what each file is → path.

    Raises BadInput when the folder cannot be written; the ledger has the results then.
    """
    began = monotonic()
    try:
        files = _write(ledger, report, profiles, folder, own)
        spent = monotonic() - began
        log("outputs_written", sweep=report.sweep_id, files=len(files), seconds=spent)
        return files
    except OSError as error:
        raise BadInput(
            f"{folder}: the files cannot be written ({error.strerror}); the answers are in the "
            "ledger: make room or name another folder with --out, then run the same command again"
        ) from error


def _write(
    ledger: Ledger,
    report: EligibilityReport,
    profiles: Mapping[str, Profile],
    folder: Path,
    own: Sequence[System],
) -> dict[str, str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (schedule,) = ledger.sweep_exports(report.sweep_id)
    data = ledger.fetch(schedule.sha256)
    reading = read_schedule(data, schedule.name, payer_ids=spellings(profiles), own=own)
    by_row = {result.visit.source.row: result for result in report.results}
    written = write_schedule(data, reading, by_row)
    name = Path(schedule.name)
    sheets = workbook(
        eligibility_sheets(report),
        title=f"Eligibility {report.sweep_id}",
        run=report.sweep_id,
        created=report.started_at,
        today=report.business_date,
    )
    document = json.dumps(answers(report), indent=1, ensure_ascii=False) + "\n"
    made = {
        f"copy of {schedule.name}": (f"{name.stem}.checked{name.suffix}", written.data),
        "changes, cell by cell": (
            "changes.csv",
            changes_csv((schedule.name, change) for change in written.changes),
        ),
        "exceptions first (workbook)": ("eligibility.xlsx", sheets),
        "answers (JSON)": ("eligibility.json", document.encode()),
    }
    made |= drift_files(ledger, report, profiles)
    for file, content in made.values():
        write_whole(folder / file, content)
    shown = (
        result.conclusion.evidence
        for result in report.results
        if result.conclusion.outcome is not VisitOutcome.WRONG_PATIENT
    )
    names = name_evidence(ledger, (sha256 for hashes in shown for sha256 in hashes))
    copy_evidence(ledger, names, folder / "evidence")
    files = {what: str(folder / file) for what, (file, _) in made.items()}
    return {**files, "evidence": str(folder / "evidence")}


def _first_of_each(visits: Sequence[Visit], limit: int) -> Iterable[Visit]:
    seen: dict[str | None, int] = {}
    for visit in visits:
        seen[visit.payer] = seen.get(visit.payer, 0) + 1
        if seen[visit.payer] <= limit:
            yield visit
