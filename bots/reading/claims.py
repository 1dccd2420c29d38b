"""The rows of one claim's block become a remitted claim, or the document is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import cast

from billing.balance import Residual
from billing.errors import UnreadableDocument
from billing.model import Adjustment, RemittedClaim, ServiceLine
from billing.money import ZERO
from bots.layout import EobField, EobLayout
from bots.reading.rows import (
    REMEDY,
    Row,
    Span,
    Value,
    around,
    convert,
    find,
    span_of,
    split_labels,
    starts_with_label,
    the_one,
)
from bots.reading.tables import Cells, Columns
from bots.reading.words import Word

MONEY = EobField(constant="", into="money")
CODES = EobField(constant="", into="codes")


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a value stood, and the label, heading or kind of row that says so."""

    span: Span
    where: str


Places = dict[str, Placed]


@dataclass(slots=True)
class _Line:
    """A service line while its rows are being gathered: words by column, in reading order."""

    page: int
    cells: dict[str, list[tuple[int, Word]]] = field(default_factory=dict)
    adjustments: list[tuple[Adjustment, Placed]] = field(default_factory=list)
    remarks: list[tuple[str, Placed]] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """A claim's rows while they are being gathered; ``status`` is what its section implies."""

    status: str | None
    page: int
    described: list[Row] = field(default_factory=list)
    totals: list[tuple[Row, Cells]] = field(default_factory=list)
    adjustments: list[tuple[Adjustment, Placed]] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)


def add_row(block: Block, row: Row, columns: Columns | None, layout: EobLayout) -> None:
    """Puts ``row`` where the layout says it belongs in the claim.

    Raises UnreadableDocument when the layout describes no such row.
    """
    claims, lines = layout.claims, layout.lines
    line = block.lines[-1] if block.lines else None
    text = row.text
    if claims.adjustments and (match := re.fullmatch(claims.adjustments, text)):
        block.adjustments.append(adjustment(row, match, "claim adjustment"))
    elif claims.totals and columns and (match := re.match(claims.totals, text)):
        cells = columns.cells(row.words[len(match[0].split()) :])
        if cells is None:
            raise _not_described(row)
        block.totals.append((row, cells))
    elif not lines.adjustments.column and (match := re.fullmatch(lines.adjustments.pattern, text)):
        _its_line(line, row).adjustments.append(adjustment(row, match, "adjustment"))
    elif lines.remarks and (match := re.fullmatch(lines.remarks, text)):
        span = row.part(*match.span(1))
        codes = cast(tuple[str, ...], convert("remarks", CODES, span))
        _its_line(line, row).remarks += [(code, Placed(span, "remarks")) for code in codes]
    elif not any(re.fullmatch(pattern, text) for pattern in (*claims.ignore, *lines.ignore)):
        _add_described_or_table_row(block, row, columns, layout)


def _add_described_or_table_row(
    block: Block, row: Row, columns: Columns | None, layout: EobLayout
) -> None:
    labels = claim_labels(layout)
    if starts_with_label(row, labels) or re.match(layout.claims.starts, row.text):
        block.described.append(row)
        return
    cells = columns.cells(row.words) if columns else None
    if cells is None:
        raise _not_described(row)
    if layout.lines.begins_with in cells:
        block.lines.append(_Line(row.page))
    elif not block.lines or cells.keys() - set(layout.lines.stacked):
        raise _not_described(row)
    for key, words in cells.items():
        block.lines[-1].cells.setdefault(key, []).extend((row.page, word) for word in words)


def claim_labels(layout: EobLayout) -> tuple[tuple[str, ...], ...]:
    """Every label that may stand in a claim's block."""
    named = [one.label for one in layout.claims.fields.values() if one.label]
    return split_labels([*named, *layout.claims.other_labels])


def _its_line(line: _Line | None, row: Row) -> _Line:
    if line is None:
        raise _not_described(row)
    return line


def _not_described(row: Row) -> UnreadableDocument:
    top = round(row.words[0].box[1])
    return UnreadableDocument(
        f"Page {row.page}: the row {top} points from the top is not described by the payer's "
        f"eob.yaml; describe it there, or {REMEDY}."
    )


def adjustment(row: Row, match: re.Match[str], where: str) -> tuple[Adjustment, Placed]:
    """One CAS triple from a pattern's named groups; its place is its amount's."""
    span = row.amount(match)
    dollars = cast(Decimal, convert("adjustment", MONEY, span))
    return Adjustment(match["group"], match["reason"], dollars), Placed(span, where)


def finish_claim(
    block: Block, layout: EobLayout, path: str
) -> tuple[RemittedClaim, Places, tuple[Residual, ...]]:
    """The claim of ``block``, the place of each of its figures by path, and every printed total
    that is not the sum it should be.

    Raises UnreadableDocument when a figure that the layout requires cannot be read.
    """
    values, placed = _claim_values(block, layout)
    places: Places = {f"{path}.{name}": place for name, place in placed.items()}
    lines = []
    residuals: list[Residual] = []
    for number, gathered in enumerate(block.lines):
        line, line_places, line_residuals = _finish_line(
            gathered, layout, f"{path}.lines[{number}]"
        )
        lines.append(line)
        places |= line_places
        residuals += line_residuals
    for number, (_, place) in enumerate(block.adjustments):
        places[f"{path}.adjustments[{number}].amount"] = place
    allowed = values.pop("allowed", None)
    adjusted = values.pop("adjustments", None)
    values["status"] = values.get("status") or block.status
    if values["status"] is None:
        raise UnreadableDocument(
            f"Page {block.page}: neither the claim nor its section says its status; {REMEDY}."
        )
    claim = RemittedClaim(
        lines=tuple(lines),
        adjustments=tuple(one for one, _ in block.adjustments),
        **values,  # type: ignore[arg-type]
    )
    residuals += _against_printed(claim, allowed, adjusted, path)
    return claim, places, tuple(residuals)


def _claim_values(block: Block, layout: EobLayout) -> tuple[dict[str, Value], Places]:
    labels = claim_labels(layout)
    values: dict[str, Value] = {}
    places: Places = {}
    for name, described in layout.claims.fields.items():
        if described.constant is not None:
            values[name] = described.constant
            continue
        if described.column is not None:
            spans: Iterator[Span] = _under(described.column, block.totals, layout)
        else:
            spans = find(described, block.described, labels)
        span = the_one(name, described, spans, block.page)
        values[name] = convert(name, described, span) if span else None
        if span:
            places[name] = Placed(span, described.label or described.column or name)
    return values, places


def _under(heading: str, totals: Sequence[tuple[Row, Cells]], layout: EobLayout) -> Iterator[Span]:
    """The cells of the claim's totals rows under ``heading``."""
    (key,) = [key for key, one in layout.lines.columns.items() if one == heading]
    for row, cells in totals:
        if words := cells.get(key):
            yield span_of(words, row.page)


def _finish_line(
    line: _Line, layout: EobLayout, path: str
) -> tuple[ServiceLine, Places, list[Residual]]:
    values: dict[str, Value] = {}
    places: Places = {}
    for name, described in layout.lines.fields.items():
        span = the_one(name, described, _cell(line, name), line.page)
        values[name] = convert(name, described, span) if span else None
        if span:
            places[f"{path}.{name}"] = Placed(span, described.column or name)
    adjustments = [*_cell_adjustments(line, layout), *line.adjustments]
    for number, (_, place) in enumerate(adjustments):
        places[f"{path}.adjustments[{number}].amount"] = place
    remarks = (*cast(tuple[str, ...], values.pop("remarks", None) or ()), *_codes(line))
    for _, place in line.remarks:
        places.setdefault(f"{path}.remarks", place)
    responsibility = cast(Decimal | None, values.pop("patient_responsibility", None))
    values["modifiers"] = values.get("modifiers") or ()
    made = ServiceLine(
        adjustments=tuple(one for one, _ in adjustments),
        remarks=remarks,
        **values,  # type: ignore[arg-type]
    )
    residuals = []
    if responsibility is not None:
        owed = sum((a.amount for a in made.adjustments if a.group == "PR"), ZERO)
        if owed != responsibility:
            equation = "line: sum of PR adjustments = patient responsibility"
            residuals.append(Residual(equation, path, owed - responsibility))
    return made, places, residuals


def _codes(line: _Line) -> tuple[str, ...]:
    return tuple(code for code, _ in line.remarks)


def _cell(line: _Line, key: str) -> Iterator[Span]:
    """All that stands in the line's cell, though it may go on over rows and pages."""
    held = line.cells.get(key, [])
    if held:
        page = held[0][0]
        whole = span_of([word for _, word in held], page)
        yield replace(whole, box=around([word for at, word in held if at == page]))


def _cell_adjustments(line: _Line, layout: EobLayout) -> Iterator[tuple[Adjustment, Placed]]:
    """The adjustments stacked in a line's cell; every character there must belong to one."""
    described = layout.lines.adjustments
    held = line.cells.get("adjustments", [])
    if described.column is None or not held:
        return
    whole = Row(held[0][0], tuple(word for _, word in held))
    rest = re.sub(described.pattern, "", whole.text)
    if rest.strip(" ,;"):
        raise UnreadableDocument(
            f"Page {whole.page}: a cell under {described.column!r} holds more than adjustments; "
            f"{REMEDY}."
        )
    at, starts = 0, {}
    for page, word in held:
        starts[at] = page
        at += len(word.text) + 1
    for match in re.finditer(described.pattern, whole.text):
        one, place = adjustment(whole, match, described.column)
        page = next(p for start, p in reversed(starts.items()) if start <= match.start("amount"))
        yield one, Placed(replace(place.span, page=page), place.where)


def _against_printed(
    claim: RemittedClaim, allowed: Value, adjusted: Value, path: str
) -> Iterator[Residual]:
    """The claim's printed totals of allowed amounts and of adjustments against their sums."""
    sums: Mapping[str, tuple[Value, Decimal]] = {
        "claim: sum of line allowed amounts = printed total": (
            allowed,
            sum((line.allowed or ZERO for line in claim.lines), ZERO),
        ),
        "claim: sum of all adjustments = printed total": (
            adjusted,
            sum((one.amount for one in claim.all_adjustments), ZERO),
        ),
    }
    for equation, (printed, total) in sums.items():
        if isinstance(printed, Decimal) and total != printed:
            yield Residual(equation, path, total - printed)
