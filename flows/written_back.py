"""What goes back to the billing system: each export's enriched copy and the file it can import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from billing.errors import BadInput
from billing.ledger import Ledger
from billing.report import ClaimResult, SweepReport
from bots.exports.import_back import ImportMade, import_back
from bots.exports.read import ExportReading, read_export
from bots.exports.systems import System
from bots.exports.write_back import Change, Totals, write_back
from bots.profile import Profile, spellings


@dataclass(frozen=True, slots=True)
class WrittenBack:
    """One export of a sweep: its copy, the cells that were added, the control totals of both, and
    the file to import, if its system has one."""

    export: str
    copy: bytes
    changes: tuple[Change, ...]
    totals: Totals
    to_import: ImportMade | None

    @property
    def files(self) -> dict[str, tuple[str, bytes]]:
        """What each file is → its name, made of the export's own alone, and its bytes."""
        stem, suffix = Path(self.export).stem, Path(self.export).suffix
        made = {f"write-back of {self.export}": (f"{stem}.swept{suffix}", self.copy)}
        if self.to_import is not None:
            name = f"{self.export}.{self.to_import.name}.csv"
            made[f"{self.to_import.title}, of {self.export}"] = (name, self.to_import.data)
        return made


def written_back(
    ledger: Ledger,
    report: SweepReport,
    profiles: Mapping[str, Profile],
    own: Sequence[System],
) -> tuple[WrittenBack, ...]:
    """Every export of the sweep with what was learned, in the order they were given.

    ``own`` are the biller's own mappings. Raises WriteBackMismatch where a copy does not
    read back as its export did.
    """
    made = []
    for export in ledger.sweep_exports(report.sweep_id):
        data = ledger.fetch(export.sha256)
        reading = read_export(data, export.name, payer_ids=spellings(profiles), own=own)
        if reading.system != export.system:
            raise BadInput(
                f"{export.name}: was swept as {export.system} and is read as {reading.system} now; "
                "name the folder of mappings that it was swept with by --mappings"
            )
        results = results_of(report, reading)
        written = write_back(data, reading, results)
        to_import = import_back(reading, results, run=report.sweep_id)
        made.append(
            WrittenBack(export.name, written.data, written.changes, written.totals, to_import)
        )
    return tuple(made)


def results_of(report: SweepReport, reading: ExportReading) -> dict[int, ClaimResult]:
    """The sweep's results of one export's claims, by source row."""
    return {
        result.claim.source.row: result
        for result in report.results
        if result.claim.source.export_sha256 == reading.sha256
    }
