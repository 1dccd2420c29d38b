"""The exception list and the proposed postings as files that Excel opens right."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.utility import quote_sheetname, xl_range_abs

from billing.money import dollars
from billing.report import SweepReport
from bots.exports.columns import clean, harmless
from console.claim_sheets import all_sheets, exceptions_sheet
from console.long_sheets import is_long, with_rows
from console.sheets import (
    MOST_LINES,
    Column,
    Form,
    Link,
    Sheet,
    Value,
    lines_of,
    payments_sheet,
    postings_sheet,
)

INK, HEAD, RULE, BAND, LATE = "#1B2430", "#0F4C5C", "#DDE2E7", "#F1F5F6", "#9B2218"
LINE_POINTS = 13
MOST_LINKS = 65_000  # on a sheet; Excel takes 65,530
PRINTED_TO = ("Note", "Deadline")  # wide sheets print up to the first of these that they have

FORMS: Mapping[Form, Mapping[str, Any]] = {
    "text": {"align": "left", "indent": 1},
    "prose": {"text_wrap": True, "align": "left", "indent": 1},
    "money": {"num_format": "#,##0.00"},
    "number": {"num_format": "#,##0.00"},
    "count": {"num_format": "#,##0"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left", "indent": 1},
    "instant": {"num_format": "yyyy-mm-dd hh:mm", "align": "left", "indent": 1},
    "link": {"align": "left", "indent": 1},
    "choice": {"align": "left", "indent": 1},
}
RIGHT = ("money", "number", "count")
LINKED = {"font_color": HEAD, "underline": 1}


def exceptions_csv(report: SweepReport, today: date) -> bytes:
    """Every claim that needs a person or an action, by priority: UTF-8 with BOM, CRLF.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    return sheet_csv(exceptions_sheet(report, today))


def postings_csv(report: SweepReport) -> bytes:
    """The postings proposed for the first time, a row each, by the parts of their key."""
    return sheet_csv(postings_sheet(report))


def postings_totals(report: SweepReport) -> bytes:
    """Control totals of the proposed postings by payer and trace number, as CSV."""
    sheet = payments_sheet(report)
    return sheet_csv(sheet)


def exceptions_xlsx(
    report: SweepReport, today: date, evidence: Mapping[str, str] | None = None
) -> bytes:
    """The workbook: exceptions, kinds, outcomes, all claims, postings, and a sheet an owner.

    ``evidence`` is where the bytes of a hash lie, seen from the workbook's folder.
    """
    return workbook(
        all_sheets(report, today, evidence or {}),
        title=f"Exceptions of sweep {report.sweep_id}",
        run=report.sweep_id,
        created=report.started_at,
        today=today,
        proposes=True,
    )


def workbook(
    sheets: Iterable[Sheet],
    *,
    title: str,
    run: str,
    created: datetime,
    today: date,
    proposes: bool = False,
) -> bytes:
    """A workbook of ``sheets``; ``run`` stands on every printed page.

    The same sheets give the same bytes; no text in it is run as a formula or made a link.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    )
    book.set_properties(
        {
            "title": title,
            "author": "claimsweep",
            "created": created.astimezone(UTC).replace(tzinfo=None),
        }
    )
    book.set_size(2400, 1400)
    formats = _formats(book)
    said = "Patients by initials only." + (" Proposed, not posted." if proposes else "")
    long: dict[int, Sheet] = {}
    for at, sheet in enumerate(sheets, start=1):
        page = book.add_worksheet(sheet.name)
        if is_long(sheet):
            long[at] = sheet
        _write_sheet(page, sheet, formats, today)
        if sheet.range_name is not None:
            last = len(sheet.rows), len(sheet.columns) - 1
            whole = xl_range_abs(0, 0, *last)
            book.define_name(sheet.range_name, f"={quote_sheetname(sheet.name)}!{whole}")
        # a blank ends the font size, which would take in the figures of what follows
        page.set_header(f"&L&10 {_spelled(sheet.name)}: {_spelled(sheet.note)}&R&10 {run}")
        page.set_footer(f"&L&9{said}&R&9Page &P of &N")
    book.close()
    return with_rows(target.getvalue(), long) if long else target.getvalue()


def _formats(book: Any) -> dict[tuple[str, str], Any]:
    """A format for every form of value in every kind of row."""
    face = {"font_name": "Calibri", "font_size": 10, "font_color": INK, "valign": "top"}
    rows: Mapping[str, Mapping[str, Any]] = {
        "head": {
            "bold": True,
            "font_color": "#FFFFFF",
            "bg_color": HEAD,
            "valign": "vcenter",
            "text_wrap": True,
            "num_format": "@",
        },
        "plain": {"bottom": 1, "bottom_color": RULE},
        "band": {"bottom": 1, "bottom_color": RULE, "bg_color": BAND},
        "total": {"bold": True, "top": 1, "top_color": INK},
        "late": {"bottom": 1, "bottom_color": RULE, "bold": True, "font_color": LATE},
    }
    return {
        (row, form): book.add_format(
            {
                **face,
                **FORMS[form],
                **look,
                **({"align": "right"} if row == "head" and form in RIGHT else {}),
                **(LINKED if row != "head" and form == "link" else {}),
            }
        )
        for row, look in rows.items()
        for form in FORMS
    }


def _write_sheet(
    page: Any,
    sheet: Sheet,
    formats: Mapping[tuple[str, str], Any],
    today: date,
) -> None:
    page.hide_gridlines(2)
    page.set_row(0, 30)
    for at, column in enumerate(sheet.columns):
        page.set_column(at, at, column.width)
        page.write_string(0, at, column.heading, formats["head", column.form])
    if is_long(sheet):
        _write_patterns(page, sheet.columns, formats)
    else:
        _write_rows(page, sheet, formats, today)
    last = max(len(sheet.rows), 1)
    if not sheet.rows:
        page.write_string(1, 0, sheet.empty, formats["plain", "text"])
    if sheet.total is not None and sheet.rows:
        for at, (column, value) in enumerate(zip(sheet.columns, sheet.total, strict=True)):
            _write(page, last + 1, at, value, formats["total", column.form])
    page.autofilter(0, 0, last, len(sheet.columns) - 1)
    page.freeze_panes(1, _frozen(sheet.columns))
    for at, column in enumerate(sheet.columns):
        if column.choices:
            choice = {"validate": "list", "source": list(column.choices), "error_type": "warning"}
            page.data_validation(1, at, last, at, choice)
    printed = _printed(sheet.columns)
    if printed is not None:
        page.print_area(0, 0, last, printed)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.repeat_rows(0)


def _write_rows(
    page: Any, sheet: Sheet, formats: Mapping[tuple[str, str], Any], today: date
) -> None:
    links = 0
    for down, values in enumerate(sheet.rows, start=1):
        page.set_row(down, LINE_POINTS * lines_of(sheet.columns, values) + 4)
        for at, (column, value) in enumerate(zip(sheet.columns, values, strict=True)):
            late = column.heading in ("Due", "Deadline") and _is_late(sheet, values, today)
            if isinstance(value, Link):
                links += 1
                value = value if links <= MOST_LINKS else value.text
            _write(page, down, at, value, formats["late" if late else "plain", column.form])


def _write_patterns(
    page: Any, columns: Sequence[Column], formats: Mapping[tuple[str, str], Any]
) -> None:
    """An empty row of each height, for :func:`console.long_sheets.with_rows`."""
    for lines in range(1, MOST_LINES + 1):
        page.set_row(lines, LINE_POINTS * lines + 4)
        for at, column in enumerate(columns):
            page.write_blank(lines, at, None, formats["plain", column.form])


def _write(page: Any, row: int, column: int, value: Value, form: Any) -> None:
    match value:
        case None | "":
            page.write_blank(row, column, None, form)
        case str():
            page.write_string(row, column, clean(value), form)
        case datetime():
            page.write_datetime(row, column, value.replace(tzinfo=None, microsecond=0), form)
        case date():
            page.write_datetime(row, column, value, form)
        case int() | Decimal():
            page.write_number(row, column, value, form)
        case Link():
            page.write_url(row, column, f"external:{value.target}", form, value.text)


def _frozen(columns: tuple[Column, ...]) -> int:
    """The columns that stay in sight: up to the claim's number, if there is one."""
    headings = [column.heading for column in columns]
    return headings.index("Claim") + 1 if "Claim" in headings else 1


def _printed(columns: tuple[Column, ...]) -> int | None:
    """The last column that is printed, where a sheet is too wide for all of them."""
    headings = [column.heading for column in columns]
    return next((headings.index(one) for one in PRINTED_TO if one in headings), None)


def _is_late(sheet: Sheet, values: tuple[Value, ...], today: date) -> bool:
    due = dict(zip((column.heading for column in sheet.columns), values, strict=True)).get("Due")
    return isinstance(due, date) and due <= today


def _spelled(text: str) -> str:
    """Text for a page header, where an ampersand begins a command."""
    return text.replace("&", "&&")


def sheet_csv(sheet: Sheet) -> bytes:
    """One table as CSV: UTF-8 with BOM, CRLF, and nothing in it runs as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.heading for column in sheet.columns])
    for values in sheet.rows:
        writer.writerow([_cell(value) for value in values])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            return harmless(value)
        case Link():
            return harmless(value.text)
        case Decimal():
            return dollars(value) or ""
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case int():
            return str(value)
