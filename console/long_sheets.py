"""The rows of a long sheet are written into the frame of a workbook, without an object a cell."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from bots.exports.columns import clean
from bots.exports.workbook import column_letters, serial_of_day
from console.sheets import Form, Sheet, Value, lines_of

LONG = 2_000
"""Rows above which a sheet is written here; below, the library's own writing is soon done."""

_FORMS: frozenset[Form] = frozenset(("text", "prose", "money", "number", "count", "date"))
_DATED = frozenset(("Due", "Deadline"))
_DIGITS = 15  # as many as a spreadsheet keeps of a number
_AT_ONCE = 1_000
_PATTERN = re.compile(r'<row r="\d+"([^>]*)>(.*?)</row>')
_STYLE = re.compile(r' s="(\d+)"')
_LIKE_AN_ESCAPE = re.compile("(_x[0-9a-fA-F]{4}_)")


def is_long(sheet: Sheet) -> bool:
    """Whether the sheet has many rows, and nothing in them but figures, days and text."""
    return (
        len(sheet.rows) > LONG
        and sheet.total is None
        and all(one.form in _FORMS and one.heading not in _DATED for one in sheet.columns)
    )


def with_rows(frame: bytes, sheets: Mapping[int, Sheet]) -> bytes:
    """The workbook ``frame`` with the rows of ``sheets``, by their 1-based position in it.

    In the frame the n-th row below such a sheet's headings is the pattern of rows of n lines.
    """
    parts = {f"xl/worksheets/sheet{at}.xml": sheet for at, sheet in sheets.items()}
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(frame)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            data = old.read(info)
            if info.filename in parts:
                with new.open(info, "w") as part:
                    for piece in _filled(data.decode(), parts[info.filename]):
                        part.write(piece.encode())
            else:
                new.writestr(info, data)
    return out.getvalue()


def _filled(part: str, sheet: Sheet) -> Iterator[str]:
    """The sheet's part with its rows in place of the patterns, piece by piece."""
    headings, *patterns = _PATTERN.finditer(part)
    last = f"{column_letters(len(sheet.columns) - 1)}{len(sheet.rows) + 1}"
    yield re.sub('(<dimension ref="A1:)[^"]*', rf"\g<1>{last}", part[: headings.end()], count=1)
    looks = [pattern[1] for pattern in patterns]
    styles = _STYLE.findall(patterns[0][2])
    begins = [(f'<c r="{column_letters(at)}', f'" s="{style}"') for at, style in enumerate(styles)]
    for at in range(0, len(sheet.rows), _AT_ONCE):
        pieces: list[str] = []
        for number, values in enumerate(sheet.rows[at : at + _AT_ONCE], start=at + 2):
            look = looks[lines_of(sheet.columns, values) - 1]
            cells = [
                f"{head}{number}{style}{_content(value)}"
                for (head, style), value in zip(begins, values, strict=True)
            ]
            pieces += (f'<row r="{number}"{look}>', *cells, "</row>")
        yield "".join(pieces)
    yield part[patterns[-1].end() :]


def _content(value: Value) -> str:
    """The rest of a cell's element, after its place and style."""
    if value is None or value == "":
        return "/>"
    if isinstance(value, str):
        text = clean(value)
        if "_x" in text:
            text = _LIKE_AN_ESCAPE.sub(r"_x005F\1", text)
        kept = ' xml:space="preserve"' if text != text.strip() else ""
        return f' t="inlineStr"><is><t{kept}>{escape(text)}</t></is></c>'
    if isinstance(value, date):
        return f"><v>{serial_of_day(value, from_1904=False)}</v></c>"
    figure = str(value)
    if isinstance(value, Decimal) and len(figure) > _DIGITS:
        figure = f"{value:.16G}"
    return f"><v>{figure}</v></c>"
