"""New cells at the end of a sheet's rows, every byte that was there left where it was."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from xml.parsers import expat
from xml.sax.saxutils import escape

from billing.errors import BadInput
from billing.money import dollars
from bots.exports.columns import Added
from bots.exports.workbook import (
    Workbook,
    column_letters,
    column_number,
    open_workbook,
    place_of,
    serial_of_day,
)

_LAST_COLUMN = 16_383
_RANGE = re.compile(r"[A-Z]{1,3}\d+(:[A-Z]{1,3}\d+)?")
_DATE_XF = b'<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'


@dataclass(slots=True)
class _Row:
    start: int
    end: int = 0
    styles: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cols:
    """One ``col`` element: where it begins, and the 0-based columns it is about."""

    start: int
    first: int
    last: int


@dataclass(slots=True)
class _Layout:
    """Where things stand in the sheet's bytes."""

    space: str | None = None
    prefix: str = ""
    dimension: tuple[int, str] | None = None
    cols: list[_Cols] = field(default_factory=list)
    cols_end: int | None = None
    data_start: int = 0
    last_column: int = -1
    rows: dict[int, _Row] = field(default_factory=dict)


def append_to_sheet(
    data: bytes,
    *,
    name: str,
    sheet: str,
    header_row: int,
    headings: Sequence[str],
    widths: Sequence[int],
    positions: Sequence[int],
    money_like: int | None,
    date_like: int,
    cells: Mapping[int, Sequence[Added]],
) -> bytes:
    """The same workbook with our columns right of everything the sheet holds.

    The sheet's part is spliced, not rewritten; other parts keep their bytes, order and times.
    ``positions`` are the columns that we read. Money takes the number style of the row's own cell
    in column ``money_like`` and dates that in ``date_like``; only where the workbook has no date
    style at all is one added to its styles.
    """
    book = open_workbook(data, name)
    (target,) = (s for s in book.sheets if s.name == sheet)
    part = book.read(target.part)
    try:
        layout = _survey(part, name=name, rows={header_row, *cells})
    except (KeyError, ValueError, expat.ExpatError) as error:
        raise BadInput(
            f"{name}, sheet {sheet}: the sheet is damaged and cannot be added to; export it again."
        ) from error
    first = layout.last_column + 1
    if first + len(headings) - 1 > _LAST_COLUMN:
        raise BadInput(
            f"{name}, sheet {sheet}: the sheet is used up to its last column, so nothing can be "
            "added; delete the empty formatted columns and export again."
        )
    replaced: dict[str, bytes] = {}
    spare = _spare_date_style(book, date_like, layout, cells, replaced)
    edits: list[tuple[int, int, bytes]] = []
    p = layout.prefix
    for number, row in layout.rows.items():
        if number == header_row:
            near = [at for at in positions if at in row.styles]
            style = row.styles[max(near)] if near else None
            made = [
                _text_cell(p, _ref(first + i, number), style, h) for i, h in enumerate(headings)
            ]
        else:
            money = None if money_like is None else row.styles.get(money_like)
            day = row.styles.get(date_like)
            day = day if day is not None and int(day) in book.date_styles else spare
            made = [
                _cell(p, _ref(first + i, number), value, money, day, book.from_1904)
                for i, value in enumerate(cells[number])
                if value is not None
            ]
        edits.append((row.end, 0, "".join(made).encode()))
        edits += _wider_span(part, row.start, first + len(headings))
    edits += _wider_dimension(part, layout, first + len(headings) - 1)
    edits += _column_widths(part, layout, first, widths)
    replaced[target.part] = _spliced(part, edits)
    return _rezipped(book, replaced)


def _survey(part: bytes, *, name: str, rows: set[int]) -> _Layout:
    """Byte offsets of the sheet's landmarks, and the cell styles of the rows we write to."""
    layout = _Layout()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.namespace_prefixes = True
    number = 0
    column = -1
    current: _Row | None = None

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal number, column, current
        space, word, prefix = _apart(tag)
        if layout.space is None:
            layout.space, layout.prefix = space, prefix
        if space != layout.space:  # a drawing inside the sheet has rows and columns of its own
            return
        if word == "c":
            column = place_of(attributes.get("r"), after=column)
            if column > layout.last_column:
                layout.last_column = column
            if current is not None and "s" in attributes:
                current.styles[column] = str(int(attributes["s"]))
        elif word == "row":
            number = int(attributes.get("r", number + 1))
            column = -1
            current = None
            if number in rows:
                current = layout.rows[number] = _Row(parser.CurrentByteIndex)
        elif word == "mergeCell":
            last = re.match(r"[A-Z]+", attributes["ref"].rpartition(":")[2])
            layout.last_column = max(layout.last_column, column_number(last[0]) if last else -1)
        elif word == "sheetData":
            layout.data_start = parser.CurrentByteIndex
        elif word == "dimension" and _RANGE.fullmatch(attributes["ref"]):
            layout.dimension = (parser.CurrentByteIndex, attributes["ref"])
        elif word == "col":
            lowest, highest = int(attributes["min"]) - 1, int(attributes["max"]) - 1
            layout.cols.append(_Cols(parser.CurrentByteIndex, lowest, highest))

    def end(tag: str) -> None:
        nonlocal current
        space, word, _ = _apart(tag)
        if space != layout.space:
            return
        if word == "row" and current is not None:
            current.end = parser.CurrentByteIndex
            current = None
        elif word == "cols":
            layout.cols_end = parser.CurrentByteIndex

    def refuse(*_: object) -> None:
        raise BadInput(f"{name}: the sheet declares a document type; export it again.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    declared = re.match(
        rb"""\s*<\?xml[^>]*encoding=["']([\w-]+)""", part.removeprefix(b"\xef\xbb\xbf")
    )
    if part[:2] in (b"\xff\xfe", b"\xfe\xff") or (declared and declared[1].lower() != b"utf-8"):
        raise BadInput(f"{name}: the sheet is not written in UTF-8; save it once in Excel.")
    parser.Parse(part, True)
    return layout


@lru_cache(maxsize=256)
def _apart(tag: str) -> tuple[str, str, str]:
    """An element's namespace, its bare name, and the prefix it is written with."""
    names = tag.split(" ")
    if len(names) == 1:
        return "", tag, ""
    return names[0], names[1], f"{names[2]}:" if len(names) == 3 else ""


def _ref(position: int, row: int) -> str:
    return f"{column_letters(position)}{row}"


def _text_cell(prefix: str, ref: str, style: str | None, text: str) -> str:
    p, s = prefix, "" if style is None else f' s="{style}"'
    return (
        f'<{p}c r="{ref}"{s} t="inlineStr"><{p}is><{p}t xml:space="preserve">'
        f"{escape(text)}</{p}t></{p}is></{p}c>"
    )


def _cell(
    prefix: str, ref: str, value: Added, money: str | None, day: str | None, from_1904: bool
) -> str:
    p = prefix
    if isinstance(value, Decimal):
        style = "" if money is None else f' s="{money}"'
        return f'<{p}c r="{ref}"{style}><{p}v>{dollars(value)}</{p}v></{p}c>'
    if isinstance(value, date):
        if day is None:
            return _text_cell(p, ref, None, value.isoformat())
        serial = serial_of_day(value, from_1904=from_1904)
        return f'<{p}c r="{ref}" s="{day}"><{p}v>{serial}</{p}v></{p}c>'
    return _text_cell(p, ref, None, value or "")


def _spare_date_style(
    book: Workbook,
    at: int,
    layout: _Layout,
    cells: Mapping[int, Sequence[Added]],
    replaced: dict[str, bytes],
) -> str | None:
    """A date style for rows whose own date in column ``at`` has none; added only if it must be."""
    dated = [row for row, values in cells.items() if any(isinstance(v, date) for v in values)]
    if all(int(layout.rows[row].styles.get(at, -1)) in book.date_styles for row in dated):
        return None
    if book.date_styles:
        return str(min(book.date_styles))
    if book.styles_part is None:
        return None
    styles = book.read(book.styles_part)
    match = re.search(rb"<cellXfs([^>]*?)count=\"(\d+)\"([^>]*)>(.*?)</cellXfs>", styles, re.DOTALL)
    if match is None:
        return None
    count = int(match[2])
    replaced[book.styles_part] = _spliced(
        styles,
        [
            (match.start(2), len(match[2]), str(count + 1).encode()),
            (match.end(4), 0, _DATE_XF),
        ],
    )
    return str(count)


def _wider_span(part: bytes, start: int, last: int) -> list[tuple[int, int, bytes]]:
    tag = part[start : part.index(b">", start)]
    match = re.search(rb'\sspans="\d+:(\d+)"', tag)
    if match is None:
        return []
    return [(start + match.start(1), len(match[1]), str(last).encode())]


def _wider_dimension(part: bytes, layout: _Layout, last: int) -> list[tuple[int, int, bytes]]:
    if layout.dimension is None:
        return []
    offset, ref = layout.dimension
    upper, _, lower = ref.partition(":")
    farthest = place_of(lower or upper, after=0)
    corner = re.sub(r"[A-Z]+", column_letters(max(last, farthest)), lower or upper, count=1)
    at = part.index(ref.encode(), offset)
    return [(at, len(ref.encode()), f"{upper}:{corner}".encode())]


def _column_widths(
    part: bytes, layout: _Layout, first: int, widths: Sequence[int]
) -> list[tuple[int, int, bytes]]:
    """Our columns' widths; what the sheet says of columns there is kept for those beside ours.

    A report that hides its unused columns would hide what we add to it.
    """
    p, last = layout.prefix, first + len(widths) - 1
    ours = "".join(
        f'<{p}col min="{first + i + 1}" max="{first + i + 1}" width="{width}" customWidth="1"/>'
        for i, width in enumerate(widths)
    ).encode()
    if layout.cols_end is None:
        return [(layout.data_start, 0, f"<{p}cols>".encode() + ours + f"</{p}cols>".encode())]
    shared = [cols for cols in layout.cols if cols.last >= first and cols.first <= last]
    if not shared:
        later = (cols.start for cols in layout.cols if cols.first > last)
        return [(min(later, default=layout.cols_end), 0, ours)]
    edits = []
    for cols in shared:
        element = _element(part, cols.start)
        left = _about(element, cols.first, first - 1) if cols.first < first else b""
        right = _about(element, last + 1, cols.last) if cols.last > last else b""
        made = left + (ours if cols is shared[0] else b"") + right
        edits.append((cols.start, len(element), made))
    return edits


def _element(part: bytes, start: int) -> bytes:
    """An element without content, as it is written from ``start`` on."""
    match = re.compile(rb"<[^>]*?(/>|>\s*</[^>]*>)").match(part, start)
    return match[0] if match else b""


def _about(element: bytes, first: int, last: int) -> bytes:
    """The same ``col`` element for other columns, 0-based."""
    element = re.sub(rb"""\bmin=["']\d+["']""", f'min="{first + 1}"'.encode(), element)
    return re.sub(rb"""\bmax=["']\d+["']""", f'max="{last + 1}"'.encode(), element)


def _spliced(part: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    """The bytes with each (offset, length) replaced."""
    out: list[bytes] = []
    done = 0
    for offset, length, new in sorted(edits):
        out += (part[done:offset], new)
        done = offset + length
    return b"".join((*out, part[done:]))


def _rezipped(book: Workbook, replaced: Mapping[str, bytes]) -> bytes:
    """The archive again: same members, order, times and compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = book.archive.comment
        for member in book.archive.infolist():
            info = zipfile.ZipInfo(member.filename, member.date_time)
            info.compress_type = member.compress_type
            info.external_attr = member.external_attr
            info.create_system = member.create_system
            content = replaced.get(member.filename)
            archive.writestr(info, book.read(member.filename) if content is None else content)
    return out.getvalue()


__all__ = ["append_to_sheet"]
