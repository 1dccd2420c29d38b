"""The workbook inside an XLSX file: its parts, sheets and cells, read without opening a bomb."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePosixPath

from lxml import etree

from billing.errors import BadInput

Cell = str | Decimal | date

MAX_UNCOMPRESSED = 100_000_000
MAX_RATIO = 200
UNCALCULATED = "#FORMULA"
_LARGEST_EXPONENT = 308

_OFFICE_DOCUMENT = "/officeDocument"
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([Ee][-+]?\d+)?")
_LETTERS = re.compile(r"[A-Z]{1,3}")
_BUILT_IN_DATES = frozenset((*range(14, 18), 22, *range(27, 37), *range(50, 59)))
_NOT_IN_A_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[_*].')
_CORRUPT = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    IndexError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    etree.XMLSyntaxError,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet: its name, the part that holds it, and whether a person sees it."""

    name: str
    part: str
    visible: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """An opened workbook; ``date_styles`` and ``padded_styles`` are keyed by cell style index."""

    name: str
    parts: dict[str, zipfile.ZipInfo]
    archive: zipfile.ZipFile
    sheets: tuple[Sheet, ...]
    styles_part: str | None
    date_styles: frozenset[int]
    padded_styles: dict[int, int]
    strings: tuple[str, ...]
    from_1904: bool

    def read(self, part: str) -> bytes:
        """A part's bytes; raises BadInput when the file is damaged."""
        try:
            return self.archive.read(self.parts[part])
        except _CORRUPT as error:
            raise _corrupt(self.name) from error


def open_workbook(data: bytes, name: str, *, limited: bool = True) -> Workbook:
    """Open a workbook after judging its size from the zip directory alone.

    Raises BadInput for what is no workbook, a damaged one, and one that would unpack to more
    than 100 MB or 200 times its size (``limited=False`` for copies that we wrote ourselves).
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = {info.filename: info for info in archive.infolist()}
        if len(parts) != len(archive.infolist()):
            raise _corrupt(name)
        if limited:
            _refuse_bomb(name, archive.infolist())
        return _read_directory(name, archive, parts)
    except _CORRUPT as error:
        raise _corrupt(name) from error


def _refuse_bomb(name: str, members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    swollen = any(m.file_size > MAX_RATIO * max(m.compress_size, 1) for m in members)
    if unpacked > MAX_UNCOMPRESSED or swollen:
        raise BadInput(
            f"{name}: the workbook would unpack to {unpacked / 1e6:,.0f} MB, more than we open "
            "(100 MB, or 200 times its size); export fewer rows, or as CSV."
        )


def _corrupt(name: str) -> BadInput:
    return BadInput(f"{name}: the workbook is damaged and cannot be opened; export it again.")


def _read_directory(
    name: str, archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]
) -> Workbook:
    main = _related(archive, "")[_OFFICE_DOCUMENT][0][1]
    root = _xml(archive.read(main))
    related = _related(archive, main)
    by_id = {key: part for targets in related.values() for key, part in targets}
    sheets = tuple(
        Sheet(
            name=str(node.get("name")),
            part=by_id[next(str(v) for k, v in node.attrib.items() if str(k).endswith("}id"))],
            visible=node.get("state", "visible") == "visible",
        )
        for node in root.iterfind("{*}sheets/{*}sheet")
    )
    worksheets = {part for _, part in related.get("/worksheet", ())}
    properties = root.find("{*}workbookPr")
    styles = related.get("/styles", [])
    texts = related.get("/sharedStrings", [])
    dates, padded = _styles(archive.read(styles[0][1])) if styles else (frozenset(), {})
    return Workbook(
        name=name,
        parts=parts,
        archive=archive,
        sheets=tuple(sheet for sheet in sheets if sheet.part in worksheets),
        styles_part=styles[0][1] if styles else None,
        date_styles=dates,
        padded_styles=padded,
        strings=_shared_strings(archive.read(texts[0][1])) if texts else (),
        from_1904=properties is not None and properties.get("date1904") in ("1", "true"),
    )


def _xml(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def _related(archive: zipfile.ZipFile, part: str) -> dict[str, list[tuple[str, str]]]:
    """The last word of each relationship's type, with ids and the parts they lead to."""
    home = PurePosixPath(part).parent
    rels = home / "_rels" / f"{PurePosixPath(part).name}.rels" if part else "_rels/.rels"
    found: dict[str, list[tuple[str, str]]] = {}
    for node in _xml(archive.read(str(rels))):
        if node.get("TargetMode") == "External":
            continue
        target = str(node.get("Target"))
        path = target.lstrip("/") if target.startswith("/") else str(home / target)
        kind = "/" + str(node.get("Type")).rsplit("/", 1)[-1]
        found.setdefault(kind, []).append((str(node.get("Id")), _without_dots(path)))
    return found


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for step in path.split("/"):
        if step == "..":
            kept.pop()
        elif step not in ("", "."):
            kept.append(step)
    return "/".join(kept)


def _shared_strings(data: bytes) -> tuple[str, ...]:
    return tuple(_text_of(item) for item in _xml(data).iterfind("{*}si"))


def _text_of(node: etree._Element) -> str:
    """The text of a string item, its runs joined, without the phonetic guide."""
    if len(node) == 1 and len(node[0]) == 0 and str(node[0].tag).endswith("}t"):
        return node[0].text or ""  # how nearly all are written
    return "".join(
        text.text or ""
        for text in node.iter("{*}t")
        if (up := text.getparent()) is None or not str(up.tag).endswith("}rPh")
    )


def _styles(data: bytes) -> tuple[frozenset[int], dict[int, int]]:
    root = _xml(data)
    codes = {
        int(node.get("numFmtId", "0")): str(node.get("formatCode"))
        for node in root.iterfind("{*}numFmts/{*}numFmt")
    }
    dates: set[int] = set()
    padded: dict[int, int] = {}
    for index, node in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
        number = int(node.get("numFmtId", "0"))
        code = codes.get(number, "")
        if number in _BUILT_IN_DATES or _is_date_format(code):
            dates.add(index)
        elif len(code) > 1 and set(code) == {"0"}:
            padded[index] = len(code)
    return frozenset(dates), padded


def _is_date_format(code: str) -> bool:
    bare = _NOT_IN_A_FORMAT.sub("", code).casefold()
    return "general" not in bare and re.search(r"[dy]|m{3}|m.?[/-]", bare) is not None


@lru_cache(maxsize=16_384)
def column_number(letters: str) -> int:
    """0-based position of a column: A is 0. Raises ValueError for what is no column."""
    if not _LETTERS.fullmatch(letters):
        raise ValueError("not a column")
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - 64
    return position - 1


def column_letters(position: int) -> str:
    """Letters of a 0-based column: 0 is A."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def place_of(reference: str | None, *, after: int) -> int:
    """0-based column of a cell reference; a cell without one follows the cell before it."""
    return after + 1 if reference is None else column_number(reference.rstrip("0123456789"))


def rows_of_sheet(
    book: Workbook, sheet: Sheet, *, skip: frozenset[int] = frozenset()
) -> Iterator[tuple[int, list[Cell]]]:
    """Rows that hold at least one value, with their 1-based number; empty cells are "".

    Columns in ``skip`` are not decoded and come out empty.
    """
    data = book.read(sheet.part)
    numbers: dict[tuple[str, str], Cell] = {}
    number = 0
    try:
        reading = etree.iterparse(
            io.BytesIO(data),
            events=("end",),
            tag="{*}row",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        )
        for _, row in reading:
            previous, number = number, int(row.get("r", number + 1))
            if number <= previous:
                raise ValueError("rows out of order")
            cells = _cells(row, book, skip, numbers)
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]
            if any(cell != "" for cell in cells):
                yield number, cells
    except _CORRUPT as error:
        raise _corrupt(book.name) from error


def hidden_rows(book: Workbook, sheet: Sheet) -> list[int]:
    """The numbers of the sheet's rows that a person does not see: hidden by hand or by a filter."""
    hidden, number = [], 0
    try:
        for _, row in etree.iterparse(
            io.BytesIO(book.read(sheet.part)),
            events=("end",),
            tag="{*}row",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        ):
            number = int(row.get("r", number + 1))
            if row.get("hidden") in ("1", "true"):
                hidden.append(number)
            row.clear()
    except _CORRUPT as error:
        raise _corrupt(book.name) from error
    return hidden


def _cells(
    row: etree._Element, book: Workbook, skip: frozenset[int], numbers: dict[tuple[str, str], Cell]
) -> list[Cell]:
    """The row's cells; ``numbers`` keeps what each number comes to in each style."""
    cells: list[Cell] = []
    space = str(row.tag)[: -len("row")]
    cell_tag, value_tag, inline_tag, text_tag = (f"{space}{one}" for one in ("c", "v", "is", "t"))
    strings = book.strings
    for node in row.iterchildren(cell_tag):
        position = place_of(node.get("r"), after=len(cells) - 1)
        if position != len(cells):
            if position < len(cells):
                raise ValueError("cells out of order")
            cells.extend([""] * (position - len(cells)))
        if position in skip:
            cells.append("")
            continue
        kind = node.get("t", "n")
        child = node[0] if len(node) == 1 else None
        if child is not None and child.tag == value_tag:
            value = child.text
        elif child is not None and kind == "inlineStr" and child.tag == inline_tag:
            text = child[0] if len(child) == 1 else None
            if text is not None and text.tag == text_tag:  # how nearly all such are written
                cells.append(text.text or "")
            else:
                cells.append(_text_of(child))
            continue
        else:
            value = node.findtext(value_tag)
        if kind == "s" and value:
            cells.append(strings[int(value)])
        elif kind == "n" and value:
            key = value, node.get("s", "0")
            if key not in numbers:
                numbers[key] = _number(*key, book)
            cells.append(numbers[key])
        else:
            cells.append(_other(node, kind, value))
    return cells


def _other(node: etree._Element, kind: str, value: str | None) -> Cell:
    """What a cell holds that is neither a shared text nor a number."""
    if kind == "inlineStr":
        return _text_of(node)
    if not value and not (kind == "str" and value == ""):
        return "" if node.find("{*}f") is None else UNCALCULATED
    if kind == "d":
        return date.fromisoformat(value[:10])
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    return value


def _number(value: str, styled: str, book: Workbook) -> Cell:
    """What a number comes to in a style: a day, an id with its zeros, or the number itself."""
    if not _NUMBER.fullmatch(value):
        return value
    number = Decimal(value)
    if number.adjusted() > _LARGEST_EXPONENT:
        raise ValueError("no number of a spreadsheet")
    style = int(styled)
    if style in book.date_styles:
        return day_of_serial(number, from_1904=book.from_1904) or number
    if style in book.padded_styles and number == number.to_integral_value() and number >= 0:
        return str(int(number)).zfill(book.padded_styles[style])
    return number


def day_of_serial(serial: Decimal, *, from_1904: bool = False) -> date | None:
    """The day a spreadsheet means by a day number; None for what is no day (as 1900-02-29)."""
    days = int(serial)
    if from_1904:
        return date(1904, 1, 1) + timedelta(days) if 0 <= days < 2_950_000 else None
    if not 1 <= days < 2_950_000 or days == 60:
        return None
    return date(1899, 12, 30 if days > 60 else 31) + timedelta(days)


def serial_of_day(day: date, *, from_1904: bool) -> int:
    """The day number of a date after 1900-02-28."""
    return (day - (date(1904, 1, 1) if from_1904 else date(1899, 12, 30))).days
