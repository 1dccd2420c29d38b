"""The rows of a document's claims are gathered claim by claim and line by line, or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from billing.errors import UnreadableDocument
from bots.layout import EobLayout
from bots.reading.labels import Label, row_of_labels, split_labels, starts_with_label
from bots.reading.rows import REMEDY, Row, Span, span_of
from bots.reading.tables import Cells, Columns
from bots.reading.words import Word

Held = list[tuple[int, Word]]


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """An adjustment as its pattern found it, before its mark, if it is one, is explained.

    ``group`` is what an adjustment to its left said, for one that says none.
    """

    row: Row
    match: re.Match[str]
    where: str
    group: str | None = None


@dataclass(slots=True, repr=False)
class Line:
    """A service line while its rows are being gathered: words by column, in reading order."""

    page: int
    cells: dict[str, Held] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    adjusted: Held = field(default_factory=list)
    adjustments: list[Match] = field(default_factory=list)
    remarks: list[Span] = field(default_factory=list)


@dataclass(slots=True, repr=False)
class Block:
    """A claim's rows while they are being gathered; ``status`` is what its section implies.

    ``below`` are the columns beneath a row of labels, until the row of their values comes.
    """

    status: str | None
    page: int
    described: list[Row] = field(default_factory=list)
    totals: list[tuple[Row, Cells]] = field(default_factory=list)
    headed: list[Row] = field(default_factory=list)
    continued: list[Span] = field(default_factory=list)
    cells: dict[str, list[Span]] = field(default_factory=dict)
    adjusted: Held = field(default_factory=list)
    adjustments: list[Match] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    whole_claim: bool = False
    below: Columns | None = None
    ended: bool = False


def starts_claim(row: Row, block: Block | None, columns: Columns | None, layout: EobLayout) -> bool:
    """Whether ``row`` is the first of a claim, ``block`` being the claim above it."""
    claims = layout.claims
    if claims.starts is not None:
        return re.match(claims.starts, row.text) is not None
    if claims.begins_with is None:
        ignored = any(re.fullmatch(pattern, row.text) for pattern in claims.ignore)
        return columns is not None and not ignored and (block is None or block.ended)
    heading = claims.fields[claims.begins_with].column or ""
    cells = (columns.cells(row.words) if columns else None) or {}
    if heading not in cells or (claims.totals and re.match(claims.totals, row.text)):
        return False
    before = block.cells.get(heading) if block is not None else None
    return before is None or before[0].text != span_of(cells[heading], row.page).text


def is_of_claim(row: Row, layout: EobLayout) -> bool:
    """Whether only a claim has such a row, so that no other part of a document may hold it."""
    claims, lines, text = layout.claims, layout.lines, row.text
    begins = [one for one in (claims.starts, claims.ends, claims.totals) if one is not None]
    whole = (claims.continues, claims.adjustments, lines.adjustments.pattern, lines.starts)
    return any(re.match(one, text) for one in begins) or any(
        one is not None and re.fullmatch(one, text) for one in whole
    )


def add_row(block: Block, row: Row, columns: Columns | None, layout: EobLayout) -> None:
    """Puts ``row`` where the layout says it belongs in the claim.

    Raises UnreadableDocument when the layout describes no such row.
    """
    claims, lines = layout.claims, layout.lines
    text = row.text
    if block.below is not None:
        _add_values(block, row, layout)
    elif claims.continues and (match := re.fullmatch(claims.continues, text)):
        block.continued.append(row.part(*match.span(1)))
    elif claims.adjustments and (match := re.fullmatch(claims.adjustments, text)):
        block.adjustments.append(Match(row, match, "claim adjustment"))
    elif claims.totals and columns and (match := re.match(claims.totals, text)):
        _add_totals(block, row, match, columns)
    elif found := _taken(row, layout):
        of_line = block.lines[-1] if block.lines else None
        (block if of_line is None else of_line).adjustments.extend(found)
        if lines.remarks and (match := re.match(lines.remarks, text)):
            _its_line(block, row).remarks.append(row.part(*match.span(1)))
    elif lines.remarks and (match := re.fullmatch(lines.remarks, text)):
        _its_line(block, row).remarks.append(row.part(*match.span(1)))
    elif not any(re.fullmatch(pattern, text) for pattern in (*claims.ignore, *lines.ignore)):
        _add_described(block, row, columns, layout)
    if claims.ends and re.match(claims.ends, text):
        block.ended = True


def _beneath_line(layout: EobLayout) -> str:
    """The pattern of an adjustment's row; empty where adjustments stand in cells alone."""
    described = layout.lines.adjustments
    return (described.pattern or "") if not described.columns else ""


def _taken(row: Row, layout: EobLayout) -> list[Match]:
    """The adjustments that a row holds side by side, behind remark codes if it has any.

    Empty when it holds anything else, or a group is nowhere said.
    """
    pattern, remarks = _beneath_line(layout), layout.lines.remarks
    if not pattern:
        return []
    if match := re.fullmatch(pattern, row.text):
        return [Match(row, match, "adjustment")]
    if remarks and (match := re.match(remarks, row.text)):
        row = Row(row.page, row.words[len(match[0].split()) :])
    if re.sub(pattern, "", row.text).strip(" ,;"):
        return []
    taken: list[Match] = []
    for match in re.finditer(pattern, row.text):
        before = taken[-1] if taken else None
        group = match.groupdict().get("group") or (before.group if before else None)
        taken.append(Match(row, match, "adjustment", group))
    unsaid = [one for one in taken if "group" in one.match.groupdict() and one.group is None]
    return [] if unsaid else taken


def _add_values(block: Block, row: Row, layout: EobLayout) -> None:
    below, block.below = block.below, None
    same_page = row.page == block.described[-1].page
    labels = row_of_labels(row, labels_of(layout.claim_labels))
    if not same_page or labels is not None or below is None or below.cells(row.words) is None:
        raise not_described(row)
    block.described.append(row)


def _add_totals(block: Block, row: Row, match: re.Match[str], columns: Columns) -> None:
    words = len(match[0].split())
    cells = columns.cells(row.words[words:])
    if cells is None:
        raise not_described(row)
    block.totals.append((row, cells))
    block.headed.append(Row(row.page, row.words[:words]))


def _add_described(block: Block, row: Row, columns: Columns | None, layout: EobLayout) -> None:
    claims, lines = layout.claims, layout.lines
    labels = labels_of(layout.claim_labels)
    marks = [one for one in (claims.starts, claims.ends) if one is not None]
    if starts_with_label(row, labels) or any(re.match(mark, row.text) for mark in marks):
        block.described.append(row)
        above = {field.beneath for field in claims.fields.values()} - {None}
        found = row_of_labels(row, labels) if above else None
        if found is not None and any(column.key in above for column in found.columns):
            block.below = found
    elif lines.starts is None:
        _add_table_row(block, row, columns, layout)
    elif re.fullmatch(lines.starts, row.text):
        block.lines.append(Line(row.page, rows=[row]))
    elif starts_with_label(row, labels_of(layout.line_labels)):
        _its_line(block, row).rows.append(row)
    else:
        raise not_described(row)


def _add_table_row(block: Block, row: Row, columns: Columns | None, layout: EobLayout) -> None:
    lines, adjusting = layout.lines, layout.lines.adjustments.columns
    cells = columns.cells(row.words) if columns else None
    if cells is None:
        raise not_described(row)
    for heading in layout.own_headings & cells.keys():
        block.cells.setdefault(heading, []).append(span_of(cells.pop(heading), row.page))
    first = lines.fields[lines.begins_with or ""].column or ""
    whole = lines.whole_claim and first in cells and _says(cells[first], lines.whole_claim)
    if whole:
        block.whole_claim = True
        if cells.keys() - {first, *adjusting, *lines.other_columns}:
            raise not_described(row)
    elif first in cells:
        block.lines.append(Line(row.page))
        block.whole_claim = False
    elif cells and not (
        cells.keys() <= lines.stacked_headings and (block.lines or block.whole_claim)
    ):
        raise not_described(row)
    for heading, words in cells.items():
        held = [(row.page, word) for word in words]
        if heading in adjusting:
            (block if block.whole_claim else block.lines[-1]).adjusted.extend(held)
        elif not block.whole_claim:
            block.lines[-1].cells.setdefault(heading, []).extend(held)


def _says(words: Sequence[Word], pattern: str) -> bool:
    return re.fullmatch(pattern, " ".join(word.text for word in words)) is not None


@lru_cache(maxsize=64)
def labels_of(labels: tuple[str, ...]) -> tuple[Label, ...]:
    """Labels as the words they are made of, longest first."""
    return split_labels(labels)


def _its_line(block: Block, row: Row) -> Line:
    if not block.lines:
        raise not_described(row)
    return block.lines[-1]


def not_described(row: Row) -> UnreadableDocument:
    """The refusal of a row that no part of the layout describes."""
    top = round(row.words[0].box[1])
    return UnreadableDocument(
        f"Page {row.page}: the row {top} points from the top is not described by the payer's "
        f"eob.yaml; describe it there, or {REMEDY}."
    )
