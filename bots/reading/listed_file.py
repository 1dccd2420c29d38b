"""A list that a portal gives as a delimited file becomes rows by heading; nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from billing.errors import UnknownPage
from bots.page_language import PageField
from bots.reading.dom import Cell
from bots.reading.fields import Value
from bots.reading.page import Reading, spelled, value_of

KEY = "payer_claim_number"
"""Without it a row is no claim."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_TOTALS = re.compile(r"(grand |report |sub-?)?totals?\b", re.IGNORECASE)
_KEPT_AS_TEXT = re.compile(r'="(.*)"')  # how a spreadsheet is told to leave leading zeros alone

Record = tuple[int, Sequence[str]]


def read_listed_file(
    data: bytes, fields: Mapping[str, PageField], *, delimiter: str = ","
) -> list[Reading]:
    """The rows below the first line that has all the headings of ``fields``.

    Lines before it, blank lines, a heading that is repeated and a line of totals are no rows; a
    row that stands there twice, cell by cell, is one. Raises UnknownPage when a heading is
    missing or doubled, a row has more or fewer cells than the headings, or a cell is not what its
    field says: a list that is not understood whole must not pass for one that lacks a claim.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"The captured file {sha256[:12]}"
    records = list(_records(data, delimiter, name))
    begins, places = _find_headings(records, fields, name)
    headings = records[begins][1]
    seen: set[tuple[str, ...]] = set()
    rows = []
    for row, cells in records[begins + 1 :]:
        if cells == headings or _is_total(cells, places[KEY]) or tuple(cells) in seen:
            continue
        if len(cells) != len(headings):
            raise UnknownPage(
                f"{name}: row {row} has {len(cells)} cells instead of {len(headings)}; it may have "
                "been cut off"
            )
        if not cells[places[KEY]]:
            raise UnknownPage(f"{name}: row {row} names no claim; compare it with the profile")
        seen.add(tuple(cells))
        texts = {key: cells[place] for key, place in places.items()}
        rows.append(_read_row(texts, fields, f"row {row}", sha256))
    return rows


def _read_row(
    texts: Mapping[str, str], fields: Mapping[str, PageField], row: str, sha256: str
) -> Reading:
    values: dict[str, Value] = {}
    for key, field in fields.items():
        text = field.constant if field.constant is not None else texts[key]
        if not text and field.when_missing == "none":
            values[key] = () if field.into == "codes" else None
            continue
        where = f"{row}, {spelled(field)}"
        values[key] = value_of(Cell(text, None), field, where, sha256, "file")
    return Reading(values, {})


def _records(data: bytes, delimiter: str, name: str) -> Iterator[Record]:
    """Every line that is not blank, its number and its cells without the space around them."""
    reader = csv.reader(
        io.StringIO(_decode(data, name), newline=""), delimiter=delimiter, strict=True
    )
    try:
        for cells in reader:
            cleaned = [_KEPT_AS_TEXT.sub(r"\1", " ".join(cell.split())) for cell in cells]
            if any(cleaned):
                yield reader.line_num, cleaned
    except csv.Error as error:
        raise UnknownPage(
            f"{name} cannot be read from line {reader.line_num} on ({error}); it may have been cut "
            "off"
        ) from error


def _decode(data: bytes, name: str) -> str:
    mark, encodings = next(
        ((mark, (encoding,)) for mark, encoding in _MARKS if data.startswith(mark)),
        (b"", ("utf-8", "cp1252")),
    )
    for encoding in encodings:
        try:
            text = data[len(mark) :].decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnknownPage(f"{name} is not text; the portal may have sent something else")


def _find_headings(
    records: Sequence[Record], fields: Mapping[str, PageField], name: str
) -> tuple[int, dict[str, int]]:
    """Which record holds the headings, and in which cell each field stands."""
    wanted = {key: field for key, field in fields.items() if field.constant is None}
    lacking = list(wanted)
    for n, (_, cells) in enumerate(records):
        found = {key: _places(cells, field) for key, field in wanted.items()}
        missing = [key for key, places in found.items() if not places]
        if not missing:
            doubled = sorted(key for key, places in found.items() if len(places) > 1)
            if doubled:
                raise UnknownPage(f"{name} has two columns for {', '.join(doubled)}")
            return n, {key: places[0] for key, places in found.items()}
        lacking = min(lacking, missing, key=len)
    lacks = ", ".join(sorted(spelled(wanted[key]) for key in lacking))
    raise UnknownPage(
        f"{name} lacks the {lacks}; the portal may have changed, compare it with the profile"
    )


def _places(cells: Sequence[str], field: PageField) -> list[int]:
    """Where the field's heading stands among ``cells``."""
    columns = field.column or ()
    if columns and isinstance(columns[0], int):
        at = columns[0] - 1
        return [at] if at < len(cells) and cells[at] == field.headed else []
    return [place for place, cell in enumerate(cells) if cell in columns]


def _is_total(cells: Sequence[str], key: int) -> bool:
    """Whether the row begins with a word for a total, and names no claim besides."""
    first = next(place for place, cell in enumerate(cells) if cell)
    named = cells[key] if key < len(cells) else ""
    return _TOTALS.match(cells[first]) is not None and (first == key or not named)
