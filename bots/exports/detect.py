"""What an export is and how it is read: its system, its columns, and what became of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from billing.errors import BadInput
from billing.report import RefusedRow
from bots.exports.delimited import Delimited
from bots.exports.likeness import likenesses
from bots.exports.read import ExportReading, read_export
from bots.exports.recognise import Recognised, rows_below
from bots.exports.schedule import ScheduleReading, read_schedule
from bots.exports.systems import Field, Holds, System, is_ssn_heading
from bots.exports.workbook import hidden_rows, open_workbook

SAMPLE = 2_000
_DELIMITERS = {",": "commas", "\t": "tabs", "|": "pipes", ";": "semicolons"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, our field (None: unmatched) and the kinds of its first values.

    ``dropped`` holds social security numbers: nothing of it was read, nor its kinds.
    """

    heading: str
    field: Field | None
    holds: str
    dropped: bool


@dataclass(frozen=True, slots=True)
class Detected:
    """An export, or a schedule, as it would be read; ``rows_in == read + len(refused)``.

    ``holds`` says what its rows are, claims or visits; visits have no dollars.
    """

    name: str
    system: str
    title: str
    reconstruction: str
    written_as: str
    header_row: int
    columns: tuple[Column, ...]
    holds: Holds
    rows_in: int
    read: int
    refused: tuple[RefusedRow, ...]
    billed: Decimal | None
    balance: Decimal | None
    notes: tuple[str, ...]


def detect(data: bytes, name: str, own: Sequence[System] = ()) -> Detected:
    """Read an export, or else a schedule, and say how; ``own`` are the biller's own mappings.

    Raises BadInput, as reading an export of claims does, where it is neither.
    """
    try:
        claims = read_export(data, name, payer_ids={}, own=own)
    except BadInput:
        try:
            visits = read_schedule(data, name, payer_ids={}, own=own)
        except BadInput:
            visits = None
        if visits is None:
            raise
        return _detected(data, visits, read=len(visits.visits))
    return _detected(
        data,
        claims,
        read=len(claims.claims),
        dollars=(claims.billed_total, claims.balance_total),
        notes=claims.notes,
    )


def _detected(
    data: bytes,
    reading: ExportReading | ScheduleReading,
    *,
    read: int,
    dollars: tuple[Decimal, Decimal] | tuple[None, None] = (None, None),
    notes: Sequence[str] = (),
) -> Detected:
    found, name = reading.recognised, reading.name
    return Detected(
        name=name,
        system=found.system.system,
        title=found.system.title,
        reconstruction=found.system.reconstruction,
        written_as=_written_as(found),
        header_row=found.header_row,
        columns=_columns(data, name, found),
        holds=found.system.holds,
        rows_in=reading.rows_in,
        read=read,
        refused=reading.refused,
        billed=dollars[0],
        balance=dollars[1],
        notes=(*_sheet_notes(data, name, found), *notes),
    )


def _written_as(found: Recognised) -> str:
    form = found.container
    if not isinstance(form, Delimited):
        return f"workbook, sheet {form.sheet}"
    bom = " with byte order mark" if form.bom else ""
    quoted = ", every cell quoted" if form.quote_all else ""
    return f"text with {_DELIMITERS[form.delimiter]}, {form.encoding}{bom}{quoted}"


def _columns(data: bytes, name: str, found: Recognised) -> tuple[Column, ...]:
    fields = {at: field for field, at in found.positions.items()}
    rows = list(islice(rows_below(data, name, found), SAMPLE))
    return tuple(
        Column(
            heading,
            fields.get(at),
            "" if is_ssn_heading(heading) else likenesses(row.cells[at] for row in rows),
            is_ssn_heading(heading),
        )
        for at, heading in enumerate(found.headings)
        if heading
    )


def _sheet_notes(data: bytes, name: str, found: Recognised) -> Sequence[str]:
    """What a person looking at the workbook would not see, and what became of it."""
    if isinstance(found.container, Delimited):
        return ()
    book = open_workbook(data, name)
    notes = []
    if unseen := [sheet.name for sheet in book.sheets if not sheet.visible]:
        notes.append(f"hidden sheets are not read: {', '.join(unseen)}")
    (sheet,) = (sheet for sheet in book.sheets if sheet.name == found.container.sheet)
    hidden = [row for row in hidden_rows(book, sheet) if row > found.header_row]
    if hidden:
        notes.append(
            f"{len(hidden):,} hidden rows are read like the others (a filter hides a claim and "
            f"does not close it), the first is row {hidden[0]}"
        )
    return notes


__all__ = ["Column", "Detected", "detect"]
