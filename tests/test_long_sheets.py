"""A long sheet says what the library that writes short ones would have said, cell by cell."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl

from console.long_sheets import LONG, is_long
from console.sheets import Column, Sheet, Value
from console.workbook import workbook

COLUMNS = (
    Column("Verdict", "text", 10),
    Column("Paid", "money", 12),
    Column("Claim", "text", 15),
    Column("Service from", "date", 12),
    Column("Row", "count", 8),
    Column("Why", "prose", 12),
)
TEXTS = (
    "plain",
    "=1+1",
    "https://example.org",
    "00123",
    "a & b < c > d \"quoted\" 'so'",
    "  blanks around  ",
    "a line\nbreak, a tab\tand \x07 a bell",
    "é Ω 漢 😀",
    "<r>not rich</r>x",
    "long " * 40,
    "",
)
AMOUNTS = (Decimal("12.34"), Decimal("-0.01"), Decimal("5.00"), Decimal("1E+3"), None, Decimal(0))
DEEP = Decimal("123456789012345678.91")
DAYS = (date(2025, 1, 31), date(1900, 3, 1), date(1931, 12, 5), None)


def rows(count: int) -> tuple[tuple[Value, ...], ...]:
    """Rows in which every odd value comes up."""
    return tuple(
        (
            TEXTS[at % len(TEXTS)],
            DEEP if at == 7 else AMOUNTS[at % len(AMOUNTS)],
            f"A{at:08d}",
            DAYS[at % len(DAYS)],
            at,
            TEXTS[(at + 3) % len(TEXTS)],
        )
        for at in range(count)
    )


def made(*sheets: Sheet) -> bytes:
    """The workbook of the sheets."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    return workbook(sheets, title="Long", run="20260101-0a", created=day, today=day.date())


def written(*sheets: Sheet) -> Any:
    """The workbook of the sheets, as another library reads it."""
    return openpyxl.load_workbook(io.BytesIO(made(*sheets)))


def look(page: Any, row: int) -> list[object]:
    """All that a person sees of a row."""
    cells = [
        (cell.value, cell.data_type, cell.number_format, cell.alignment.wrap_text, cell.font.b)
        for cell in page[row]
    ]
    borders = [(cell.border.bottom.style, cell.fill.fgColor.rgb) for cell in page[row]]
    return [*cells, *borders, page.row_dimensions[row].height]


def test_a_long_sheet_is_as_a_short_one_cell_by_cell() -> None:
    every = rows(LONG + 1)
    short, long = (
        Sheet("Claims", "what was said", COLUMNS, some) for some in (every[:LONG], every)
    )
    assert (is_long(short), is_long(long)) == (False, True)
    before, after = written(short)["Claims"], written(long)["Claims"]
    for row in range(1, 60):
        assert look(after, row) == look(before, row)
    assert after.dimensions == f"A1:F{LONG + 2}"
    claim, served, number = [cell.value for cell in after[LONG + 2]][2:5]
    assert (claim, served.date(), number) == (f"A{LONG:08d}", date(2025, 1, 31), LONG)
    assert after.max_row == LONG + 2
    assert after.auto_filter.ref == f"A1:F{LONG + 2}"
    assert (after.freeze_panes, after.print_title_rows) == ("D2", "$1:$1")


def test_other_sheets_of_the_book_stay_as_they_are() -> None:
    small, again = (Sheet(name, "a few", COLUMNS, rows(5)) for name in ("Small", "Again"))
    book = written(small, Sheet("Long", "many", COLUMNS, rows(LONG + 1)), again)
    assert book.sheetnames == ["Small", "Long", "Again"]
    for row in range(1, 7):
        assert look(book["Small"], row) == look(book["Again"], row)
    assert book["Long"].max_row == LONG + 2


def test_the_same_long_sheet_gives_the_same_bytes() -> None:
    sheet = Sheet("Claims", "note", COLUMNS, rows(LONG + 1))
    assert made(sheet) == made(sheet)


def test_text_that_looks_like_an_escape_is_escaped_itself() -> None:
    """ECMA-376 22.9.2.19 (ST_Xstring): an underscore before what would be read as one."""
    odd = Sheet("Odd", "note", COLUMNS[:1], (("_x0041_ b",),) * (LONG + 1))
    part = zipfile.ZipFile(io.BytesIO(made(odd))).read("xl/worksheets/sheet1.xml")
    assert part.count(b"<t>_x005F_x0041_ b</t>") == LONG + 1
