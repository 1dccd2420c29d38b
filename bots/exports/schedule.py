"""Visits out of a schedule, and every row that is none with the reason why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import cast

from billing.codes.service_types import service_type
from billing.coverage import GENERAL, Visit
from billing.errors import BadInput
from billing.model import SourceRow
from billing.report import RefusedRow
from bots.exports.cells import ShortYear, Unreadable, born_before, understood
from bots.exports.furniture import FOOTER, is_footer
from bots.exports.read import payer_key
from bots.exports.recognise import Recognised, Row, Sheeted, recognise, rows_below
from bots.exports.systems import FIELDS, Field, System, plain
from bots.exports.workbook import Cell

_TOTAL = re.compile(r"\b(sub|grand)?[\s-]?totals?\b", re.I)
_NPI = re.compile(r"\d{10}")


@dataclass(frozen=True, slots=True)
class ScheduleReading:
    """A schedule as read: ``rows_in == len(visits) + len(refused)``."""

    name: str
    sha256: str
    recognised: Recognised
    visits: tuple[Visit, ...] = field(repr=False)
    refused: tuple[RefusedRow, ...]
    rows_in: int


def read_schedule(
    data: bytes, name: str, *, payer_ids: Mapping[str, str], own: Sequence[System] = ()
) -> ScheduleReading:
    """Read every row below the headings as a visit, or refuse it with a reason.

    ``payer_ids`` leads from a payer's name to its profile; a name that it does not know gives a
    visit without payer. ``own`` are the biller's own mappings. Raises BadInput when the file cannot
    be used at all.
    """
    found = recognise(data, name, holds="visits", own=own)
    rows = rows_below(data, name, found)
    return read_visits(rows, found, name=name, data=data, payer_ids=payer_ids)


def read_visits(
    rows: Iterable[Row],
    found: Recognised,
    *,
    name: str,
    data: bytes,
    payer_ids: Mapping[str, str],
) -> ScheduleReading:
    """As :func:`read_schedule`, of rows taken from a schedule whose layout is known."""
    sha256 = hashlib.sha256(data).hexdigest()
    sheet = found.container.sheet if isinstance(found.container, Sheeted) else None
    by_payer = {payer_key(spelled): payer for spelled, payer in payer_ids.items()}
    visits: list[Visit] = []
    refused: list[RefusedRow] = []
    rows_in = 0
    for row in rows:
        rows_in += 1
        made = _furniture(row, found) or _visit(
            row, found, by_payer, SourceRow(sha256, row.row, sheet)
        )
        if isinstance(made, Visit):
            visits.append(made)
        else:
            refused.append(RefusedRow(row.row, made, sheet))
    if not visits and not any(one.meant for one in refused):
        raise BadInput(
            f"{name}, row {found.header_row}: there are headings but no visits below them; "
            "choose other days and export the schedule again."
        )
    return ScheduleReading(name, sha256, found, tuple(visits), tuple(refused), rows_in)


def _furniture(row: Row, found: Recognised) -> str | None:
    """Why a row belongs to the report's layout and was never meant as a visit."""
    filled = [cell for cell in row.cells if not isinstance(cell, str) or cell.strip()]
    if not filled and not row.surplus:
        return "blank row"
    if not row.surplus and is_footer(row.cells):
        return FOOTER
    if row.surplus:
        return f"the row has {row.surplus} filled cells beyond the last heading"
    headings = [found.headings[at] for at in found.positions.values()]
    cells = [row.cells[at] for at in found.positions.values()]
    if [_plain(cell) for cell in cells] == [plain(heading) for heading in headings]:
        return "headings repeated"
    unnamed = row.cells[found.positions["member_id"]] == ""
    if unnamed and any(isinstance(cell, str) and _TOTAL.search(cell) for cell in row.cells):
        return "total row"
    return None


def _plain(cell: Cell) -> str:
    return plain(cell) if isinstance(cell, str) else ""


def _visit(
    row: Row, found: Recognised, payer_ids: Mapping[str, str], source: SourceRow
) -> Visit | str:
    """The row's visit, or why it is none, without what its cells hold."""
    cells = {
        column: understood(row.cells[at], FIELDS[column], found.system.dates)
        for column, at in found.positions.items()
    }
    day, born = cells["visit_date"], cells["date_of_birth"]
    if isinstance(born, ShortYear) and isinstance(day, date):
        cells["date_of_birth"] = born_before(born, day)
    whys = [f"{found.heading(f)} {v.why}" for f, v in cells.items() if isinstance(v, Unreadable)]
    whys += [f"{found.heading(f)} is empty" for f in found.system.required if cells[f] is None]
    whys += _impossible(cells, found)
    if whys:
        return "; ".join(whys)
    if "patient_name" in cells:
        last, first = cast(tuple[str, str], cells["patient_name"])
    else:
        last, first = cast(str, cells["patient_last"]), cast(str, cells["patient_first"])
    payer_name = cast(str, cells["payer_name"])
    return Visit(
        day=cast(date, cells["visit_date"]),
        at=cast("time | None", cells.get("visit_time")),
        payer=payer_ids.get(payer_key(payer_name)),
        payer_name=payer_name,
        member_id=cast(str, cells["member_id"]),
        patient_last=last,
        patient_first=first,
        date_of_birth=cast(date, cells["date_of_birth"]),
        service_type=service_type(str(cells.get("service_type") or GENERAL)) or GENERAL,
        provider_npi=cast("str | None", cells.get("provider_npi")),
        source=source,
    )


def _impossible(cells: Mapping[Field, object], found: Recognised) -> Sequence[str]:
    """What is readable cell by cell and still cannot be asked about."""
    whys = []
    born, day = cells.get("date_of_birth"), cells.get("visit_date")
    if isinstance(born, date) and isinstance(day, date) and born > day:
        whys.append(f"{found.heading('date_of_birth')} is after {found.heading('visit_date')}")
    said = cells.get("service_type")
    if isinstance(said, str) and service_type(said) is None:
        whys.append(
            f"{found.heading('service_type')} is no service type we know; write its 271 code"
        )
    npi = cells.get("provider_npi")
    if isinstance(npi, str) and not _NPI.fullmatch(npi):
        whys.append(f"{found.heading('provider_npi')} is not ten digits")
    return whys


__all__ = ["ScheduleReading", "read_schedule", "read_visits"]
