"""A copy of an export with the sweep's columns added, proved equal in everything else."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

from billing.errors import BadInput
from billing.money import CENT, ZERO, money
from billing.report import ClaimResult
from bots.exports.columns import (
    COLUMNS,
    Added,
    added_cells,
    added_headings,
    harmless,
    in_text,
    spelled,
)
from bots.exports.delimited import Delimited
from bots.exports.read import ExportReading, read_rows
from bots.exports.recognise import (
    Recognised,
    Row,
    Sheeted,
    recognise,
    recognise_layout,
    rows_below,
)
from bots.exports.systems import Field
from bots.exports.workbook import Cell
from bots.exports.write_delimited import WriteBackMismatch, append_to_records, taken_apart
from bots.exports.write_workbook import append_to_sheet


@dataclass(frozen=True, slots=True)
class Change:
    """One proposed cell: what stood there (nothing, the column is ours), what does now, and the
    hash of the bytes it was read from."""

    row: int
    claim_id: str
    column: str
    before: str
    after: str
    evidence: str
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """Rows and dollars of one side; ``paid`` and ``patient_responsibility`` are proposed."""

    rows: int
    claims: int
    billed: Decimal
    balance: Decimal
    paid: Decimal
    patient_responsibility: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Control totals going in (export and results) and as read back from the written copy."""

    before: ControlTotals
    after: ControlTotals


@dataclass(frozen=True, slots=True)
class Written:
    """The enriched copy's bytes, each cell that was added, and the totals that prove it."""

    data: bytes = field(repr=False)
    changes: tuple[Change, ...]
    totals: Totals


def write_back(data: bytes, reading: ExportReading, results: Mapping[int, ClaimResult]) -> Written:
    """Add what the sweep learned to a copy of the export; ``results`` are keyed by source row.

    Nothing of the biller's changes: text keeps every character, a workbook every cell, style
    and other part. Raises BadInput when the bytes are not those that were read, hold our columns
    already, or a result belongs to another claim; WriteBackMismatch when the copy, read again,
    differs.
    """
    name = reading.name
    found = recognise(data, name, own=reading.recognised.own)
    if hashlib.sha256(data).hexdigest() != reading.sha256:
        raise BadInput(f"{name}: the file has changed since it was read; run the sweep again.")
    claims = {claim.source.row: claim for claim in reading.claims}
    for row, result in results.items():
        if row not in claims or claims[row].claim_id != result.claim.claim_id:
            raise BadInput(
                f"{name}, row {row}: the result belongs to another claim than this row's; "
                "give the export that was swept."
            )
    headings = added_headings(found.headings, COLUMNS)
    cells = {row: added_cells(results[row], COLUMNS) for row in sorted(results)}
    copy = append_cells(
        data, found, name=name, headings=headings, widths=[c.width for c in COLUMNS], cells=cells
    )
    sheet = found.container.sheet if isinstance(found.container, Sheeted) else None
    changes = tuple(
        Change(row, claims[row].claim_id, heading, "", spelled(value), evidence, sheet)
        for row, values in cells.items()
        for heading, value, evidence in zip(headings, values, _evidence(results[row]), strict=True)
        if value is not None
    )
    return Written(copy, changes, _proved(data, copy, reading, headings, cells))


def append_cells(
    data: bytes,
    found: Recognised,
    *,
    name: str,
    headings: Sequence[str],
    widths: Sequence[int],
    cells: Mapping[int, Sequence[Added]],
) -> bytes:
    """The same file, text or workbook, with ``headings`` and the ``cells`` of its rows added."""
    if isinstance(found.container, Delimited):
        return append_to_records(
            data,
            form=found.container,
            name=name,
            header_row=found.header_row,
            headings=headings,
            cells={row: [in_text(value) for value in values] for row, values in cells.items()},
        )
    dated = "service_from" if "service_from" in found.positions else "visit_date"
    return append_to_sheet(
        data,
        name=name,
        sheet=found.container.sheet,
        header_row=found.header_row,
        headings=headings,
        widths=widths,
        positions=list(found.positions.values()),
        money_like=found.positions.get("billed"),
        date_like=found.positions[cast(Field, dated)],
        cells=cells,
    )


def read_again(
    data: bytes,
    copy: bytes,
    found: Recognised,
    *,
    name: str,
    headings: Sequence[str],
    rows: Container[int],
) -> tuple[Recognised, list[Row], Mapping[int, Sequence[Cell]], str]:
    """The copy's layout, its rows without what was added, what was added to ``rows``, and the
    encoding it is written in.

    Raises WriteBackMismatch where a text's own characters have changed.
    """
    if isinstance(found.container, Delimited):
        form = found.container
        theirs, added = taken_apart(
            data, copy, form=form, name=name, rows=rows, width=len(headings)
        )
        return found, list(rows_below(theirs, name, found)), added, form.encoding
    again = recognise_layout(copy, name, ours="expected", holds=found.system.holds, own=found.own)
    every = list(rows_below(copy, name, again, limited=False))
    ours = [again.headings.index(heading) for heading in headings]
    cells = {row.row: [row.cells[at] for at in ours] for row in every if row.row in rows}
    return again, every, cells, "utf-8"


def diff_text(written: Written) -> str:
    """Every added cell as CSV for people: row, claim id, column, before, after, evidence."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("Row", "Claim ID", "Column", "Before", "After", "Evidence"))
    for change in written.changes:
        lines.writerow((change.row, *harmless_cells(change)))
    return text.getvalue()


def harmless_cells(change: Change) -> tuple[str, str, str, str, str]:
    """Claim id, column, before, after and evidence of a change, as they may stand in a CSV."""
    is_money = change.column.partition(" (sweep")[0] in _MONEY
    after = change.after if is_money else harmless(change.after)
    return harmless(change.claim_id), change.column, change.before, after, change.evidence


_MONEY = frozenset(c.heading for c in COLUMNS if c.figure in ("paid", "patient_responsibility"))


def _evidence(result: ClaimResult) -> list[str]:
    """For each column the hash its figure was read from, else the first the claim rests on."""
    conclusion = result.conclusion
    first = conclusion.evidence[0] if conclusion.evidence else ""
    places = conclusion.places
    return [places[c.figure].sha256 if c.figure in places else first for c in COLUMNS]


def _proved(
    data: bytes,
    copy: bytes,
    reading: ExportReading,
    headings: Sequence[str],
    cells: Mapping[int, Sequence[Added]],
) -> Totals:
    """Read the copy again and compare every claim, refusal, total and added cell."""
    name = reading.name
    found, rows, added, encoding = read_again(
        data, copy, reading.recognised, name=name, headings=headings, rows=cells
    )
    payers = {claim.payer_name: claim.payer for claim in reading.claims if claim.payer}
    again = read_rows(rows, found, name=name, data=data, payer_ids=payers)
    before = _control(reading, cells.values())
    after = _control(again, (added[row] for row in cells))
    same = (
        before == after
        and reading.claims == again.claims
        and reading.refused == again.refused
        and all(
            reads_as(cell, value, encoding)
            for row, values in cells.items()
            for cell, value in zip(added[row], values, strict=True)
        )
    )
    if not same:
        raise WriteBackMismatch(
            f"{name}: the written copy does not read back as the export did, so it was discarded; "
            "keep the export and report this."
        )
    return Totals(before, after)


def _amount(cell: Cell | None) -> Cell | None:
    """A cell of the copy as dollars where it is such, so that the totals are of what was read."""
    try:
        return money(cell) if isinstance(cell, str) else cell
    except ValueError:
        return cell


def reads_as(cell: Cell, value: Added, encoding: str) -> bool:
    """Whether a cell of the copy says what was to be added to it."""
    if cell == value:
        return True
    if isinstance(value, Decimal):
        return _amount(cell) == value.quantize(CENT)
    if isinstance(value, date) and isinstance(cell, date):
        return cell == value
    wanted = {spelled(value), in_text(value).encode(encoding, "replace").decode(encoding)}
    return cell in wanted


def _control(reading: ExportReading, rows: Iterable[Sequence[Added]]) -> ControlTotals:
    """The control totals of an export with what is added to its ``rows``."""
    figures = _position("paid"), _position("patient_responsibility")
    added = [[_amount(row[at]) for at in figures] for row in rows]
    paid, patient = (
        sum((v.quantize(CENT) for row in added if isinstance(v := row[at], Decimal)), ZERO)
        for at in range(len(figures))
    )
    return ControlTotals(
        rows=reading.rows_in,
        claims=len(reading.claims),
        billed=reading.billed_total,
        balance=reading.balance_total,
        paid=paid,
        patient_responsibility=patient,
    )


def _position(figure: str) -> int:
    return next(at for at, column in enumerate(COLUMNS) if column.figure == figure)


__all__ = [
    "Change",
    "ControlTotals",
    "Totals",
    "WriteBackMismatch",
    "Written",
    "append_cells",
    "diff_text",
    "harmless_cells",
    "read_again",
    "reads_as",
    "write_back",
]
