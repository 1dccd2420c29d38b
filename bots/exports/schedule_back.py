"""A copy of a schedule with what was learned of its visits added, proved equal in all else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from billing.codes.service_types import spoken_service
from billing.coverage import Benefit, OtherPayer, Visit, VisitResult
from billing.eligibility import figure
from billing.errors import BadInput
from billing.visit_steps import STEPS
from bots.exports.columns import Added, Column, added_cells, added_headings, instant, spelled
from bots.exports.recognise import Sheeted, recognise
from bots.exports.schedule import ScheduleReading, read_visits
from bots.exports.write_back import Change, append_cells, read_again, reads_as
from bots.exports.write_delimited import WriteBackMismatch


def _said(name: str) -> Column[VisitResult]:
    """A column for what the payer states of the cover itself."""
    heading, width = {
        "plan": ("Plan", 26),
        "begins": ("Coverage from", 12),
        "ends": ("Coverage to", 12),
    }[name]
    return Column(
        heading,
        name,
        width,
        lambda r: getattr(r.conclusion.coverage, name) if r.conclusion.coverage else None,
    )


def _share(heading: str, name: str, width: int = 12) -> Column[VisitResult]:
    """A column for a figure of the benefit that the visit falls under."""

    def value(result: VisitResult) -> Added:
        coverage = result.conclusion.coverage
        if coverage is None:
            return None
        found, _ = figure(result.visit, coverage, name)
        if isinstance(found, bool):
            return "yes" if found else "no"
        return percent(found) if name == "coinsurance" else found

    return Column(heading, name, width, value)


def percent(share: Decimal | None) -> str | None:
    """A fraction as people write it: 0.2 is "20%"."""
    return None if share is None else f"{(share * 100).normalize():f}%"


COLUMNS: tuple[Column[VisitResult], ...] = (
    Column("Eligibility", "outcome", 14, lambda r: r.conclusion.outcome.value.replace("_", " ")),
    Column("Finding", "finding", 26, lambda r: STEPS[r.conclusion.findings[0].kind].title),
    Column("Next action", "next_action", 50, lambda r: r.conclusion.findings[0].next_action),
    Column("Also", "findings", 26, lambda r: "; ".join(also(r))),
    _said("plan"),
    _said("begins"),
    _said("ends"),
    Column("Benefit for", "service_type", 18, lambda r: spoken_service(r.visit.service_type)),
    _share("Copay", "copay"),
    _share("Coinsurance", "coinsurance", 10),
    _share("Deductible", "deductible"),
    _share("Deductible remaining", "deductible_remaining"),
    _share("Out-of-pocket limit", "out_of_pocket"),
    _share("Out-of-pocket remaining", "out_of_pocket_remaining"),
    _share("Authorization required", "authorization_required", 11),
    _share("Referral required", "referral_required", 11),
    Column("Other payers", "other_payers", 34, lambda r: "; ".join(others(r))),
    Column("As of (UTC)", "as_of", 20, lambda r: instant(r.conclusion.as_of)),
    Column("Checked (UTC)", "checked_at", 20, lambda r: instant(r.checked_at)),
    Column("Evidence", "evidence", 40, lambda r: " ".join(h[:12] for h in r.conclusion.evidence)),
)
"""What a visit's row gets."""


def also(result: VisitResult) -> list[str]:
    """The titles of a visit's findings but for the first."""
    return [STEPS[finding.kind].title for finding in result.conclusion.findings[1:]]


def others(result: VisitResult) -> list[str]:
    """The other payers of a visit's patient, each with its member id and its turn."""
    coverage = result.conclusion.coverage
    return [_spoken(other) for other in coverage.other_payers] if coverage else []


def _spoken(other: OtherPayer) -> str:
    turn = {True: "primary", False: "not primary", None: "turn not stated"}[other.primary]
    return f"{' '.join(filter(None, (other.name, other.member_id)))} ({turn})"


@dataclass(frozen=True, slots=True)
class WrittenSchedule:
    """The enriched copy's bytes, and each cell that was added."""

    data: bytes = field(repr=False)
    changes: tuple[Change, ...]


def write_schedule(
    data: bytes, reading: ScheduleReading, results: Mapping[int, VisitResult]
) -> WrittenSchedule:
    """Add what was learned to a copy of the schedule; ``results`` are keyed by source row.

    Nothing of the practice's changes. Raises BadInput when the bytes are not those that were
    read or a result belongs to another visit; WriteBackMismatch when the copy, read again,
    differs.
    """
    name = reading.name
    found = recognise(data, name, holds="visits", own=reading.recognised.own)
    if hashlib.sha256(data).hexdigest() != reading.sha256:
        raise BadInput(f"{name}: the file has changed since it was read; run the check again.")
    visits = {visit.source.row: visit for visit in reading.visits}
    for row, result in results.items():
        if _bare(visits.get(row)) != _bare(result.visit):
            raise BadInput(
                f"{name}, row {row}: the result belongs to another visit than this row's; "
                "give the schedule that was checked."
            )
    headings = added_headings(found.headings, COLUMNS)
    cells = {row: added_cells(results[row], COLUMNS) for row in sorted(results)}
    widths = [column.width for column in COLUMNS]
    copy = append_cells(data, found, name=name, headings=headings, widths=widths, cells=cells)
    _prove(data, copy, reading, headings, cells)
    sheet = found.container.sheet if isinstance(found.container, Sheeted) else None
    changes = tuple(
        Change(row, "", heading, "", spelled(value), evidence, sheet)
        for row, values in cells.items()
        for heading, value, evidence in zip(headings, values, _evidence(results[row]), strict=True)
        if value is not None
    )
    return WrittenSchedule(copy, changes)


def _evidence(result: VisitResult) -> list[str]:
    """For each column the hash its figure was read from, else the first the answer rests on."""
    said = result.conclusion
    first = said.evidence[0] if said.evidence else ""
    found = []
    for column in COLUMNS:
        path = column.figure
        if said.coverage is not None and path in Benefit.__dataclass_fields__:
            path = figure(result.visit, said.coverage, path)[1]
        found.append(said.places[path].sha256 if path in said.places else first)
    return found


def _prove(
    data: bytes,
    copy: bytes,
    reading: ScheduleReading,
    headings: Sequence[str],
    cells: Mapping[int, Sequence[Added]],
) -> None:
    """Read the copy again and compare every visit, refusal and added cell."""
    name = reading.name
    found, rows, added, encoding = read_again(
        data, copy, reading.recognised, name=name, headings=headings, rows=cells
    )
    again = read_visits(rows, found, name=name, data=copy, payer_ids={})
    same = (
        [_bare(visit) for visit in reading.visits] == [_bare(visit) for visit in again.visits]
        and reading.refused == again.refused
        and all(
            reads_as(cell, value, encoding)
            for row, values in cells.items()
            for cell, value in zip(added[row], values, strict=True)
        )
    )
    if not same:
        raise WriteBackMismatch(
            f"{name}: the written copy does not read back as the schedule did, so it was "
            "discarded; keep the schedule and report this."
        )


def _bare(visit: Visit | None) -> Visit | None:
    """The visit without what is not in its row."""
    if visit is None:
        return None
    return replace(visit, payer=None, source=replace(visit.source, export_sha256=""))


__all__ = ["COLUMNS", "WrittenSchedule", "also", "others", "percent", "write_schedule"]
