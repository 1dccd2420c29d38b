"""Whatever shape an export has, what we did not add to its copy is as it was."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import xlsxwriter
from exports_samples import OURS, results_of, saved
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation

from bots.exports import read_export, write_back
from bots.exports.systems import EXCEL_SERIAL, FIELDS, System, shipped_systems

DAY = date(2026, 3, 4)
LETTERS = st.characters(
    codec="cp1252", exclude_categories=["Cc", "Cs"], include_characters="\"',;|=@\t"
)
ODD = st.text(LETTERS, max_size=10)
NOTES = st.one_of(
    ODD,
    st.tuples(ODD, st.sampled_from(["\n", "\r\n", "\r"]), ODD).map("".join),
    st.sampled_from(["=1+1", '5" tube', "  padded ", "'00012", "-", "+1", "1.23E+12", "\u20ac 5"]),
)
systems = st.sampled_from(shipped_systems())


@dataclass(frozen=True)
class Table:
    """The typed rows of an export: headings, then a claim's or another row's values."""

    headings: list[str]
    rows: list[list[object]]
    claims: int


def value(field: str, number: int) -> object:
    """What stands in a field's column for the claim of this number."""
    kind = FIELDS[field]  # type: ignore[index]
    if field == "date_of_birth":
        return date(1961, 5, 6)
    if kind == "date":
        return DAY + timedelta(days=number + (field != "service_from"))
    if kind == "money":
        return Decimal(f"{1000 + number}.50")
    if kind == "name":
        return "Quillfeather, Ottoline M"
    return f"{field[:2].upper()}{number:07d}" if kind == "id" else "Alder Grove Health"


@st.composite
def tables(draw: st.DrawFn, system: System, extras: st.SearchStrategy[object]) -> Table:
    optional = draw(st.lists(st.sampled_from(sorted(system.optional)), unique=True, max_size=4))
    fields: list[str | None] = [*system.required, *optional, *[None] * draw(st.integers(0, 3))]
    fields = draw(st.permutations(fields))
    spelled = system.headings
    headings = [
        f"Extra {at}" if field is None else draw(st.sampled_from(spelled[field]))  # type: ignore[index]
        for at, field in enumerate(fields)
    ]
    rows: list[list[object]] = []
    claims = draw(st.integers(1, 4))
    for number in range(1, claims + 1):
        rows.append([draw(extras) if f is None else value(f, number) for f in fields])
        if draw(st.integers(0, 3)) == 0:
            odd = draw(st.sampled_from([*"blank total headings again spoilt longer short".split()]))
            rows.append(
                {
                    "blank": [],
                    "total": [
                        "Subtotal" if at == 0 else (Decimal(9) if f == "billed" else "")
                        for at, f in enumerate(fields)
                        if f not in ("claim_id", "member_id") or at == 0
                    ],
                    "headings": list(headings),
                    "again": list(rows[-1]),
                    "longer": [*rows[-1], "more", ""],
                    "short": rows[-1][: draw(st.integers(0, len(fields) - 1))],
                    "spoilt": ["####" if f == "service_from" else "x" for f in fields],
                }[odd]
            )
    return Table(headings, rows, claims)


# text


@dataclass(frozen=True)
class Text:
    """The file's records as bytes with their line ends, and how they are written."""

    records: list[tuple[bytes, bytes]]
    encoding: str
    bom: bytes
    delimiter: str

    @property
    def data(self) -> bytes:
        return self.bom + b"".join(record + ending for record, ending in self.records)


FORMS = (
    ("utf-8", b""),
    ("utf-8", b"\xef\xbb\xbf"),
    ("cp1252", b""),
    ("utf-16-le", b"\xff\xfe"),
    ("utf-16-be", b"\xfe\xff"),
)
MONEY: Sequence[Callable[[Decimal], str]] = (
    lambda m: f"${m:,.2f}",
    lambda m: f"{m:.2f}",
    lambda m: f"(${m:,.2f})",
    lambda m: f"{m:,.2f}-",
)


@st.composite
def texts(draw: st.DrawFn) -> Text:
    system = draw(systems)
    table = draw(tables(system, NOTES))
    delimiter = draw(st.sampled_from(",\t|;"))
    encoding, bom = draw(st.sampled_from(FORMS))
    endings = draw(st.sampled_from([["\r\n"], ["\n"], ["\r"], ["\r\n", "\n"]]))
    always = draw(st.booleans())
    spellings = [s for s in system.dates if s != EXCEL_SERIAL]

    def spelled(cell: object) -> str:
        if isinstance(cell, Decimal):
            return draw(st.sampled_from(MONEY))(cell)
        if isinstance(cell, date):
            return cell.strftime(draw(st.sampled_from(spellings)))
        return str(cell)

    def record(cells: Sequence[object]) -> str:
        written = []
        for cell in map(spelled, cells):
            must = any(c in cell for c in (delimiter, '"', "\r", "\n"))
            quoted = always or must or draw(st.integers(0, 9)) == 0
            written.append('"' + cell.replace('"', '""') + '"' if quoted else cell)
        return delimiter.join(written)

    preamble = draw(st.lists(st.sampled_from(["Report", "", "1/1/2026 - 6/30/2026"]), max_size=4))
    lines = [*preamble, record(table.headings), *(record(row) for row in table.rows)]
    written = [
        (line.encode(encoding), draw(st.sampled_from(endings)).encode(encoding)) for line in lines
    ]
    if draw(st.booleans()):
        written[-1] = (written[-1][0], b"")
    return Text(written, encoding, bom, delimiter)


@settings(max_examples=80, deadline=None)
@given(texts())
def test_every_byte_of_a_text_stays_in_its_place(text: Text) -> None:
    """The test knows each record's bytes, and walks the copy's bytes along them."""
    reading = read_export(text.data, "a.csv", payer_ids={})
    assert reading.rows_in == len(reading.claims) + len(reading.refused)
    copy = write_back(text.data, reading, results_of(reading)).data
    assert copy.startswith(text.bom)
    at, headed, swept = len(text.bom), 0, 0
    for record, ending in text.records:
        assert copy.startswith(record, at)
        at += len(record)
        stop = at
        while ending and copy[stop : stop + len(ending)] != ending:
            stop += len("x".encode(text.encoding))
        stop = stop if ending else len(copy)
        added = copy[at:stop].decode(text.encoding)
        cells = next(csv.reader([added], delimiter=text.delimiter), [])
        headed += cells[-15:] == list(OURS)
        swept += cells[-15:-14] == ["paid"]
        at = stop + len(ending)
    assert (at, headed, swept) == (len(copy), 1, len(reading.claims))


@settings(max_examples=25, deadline=None)
@given(texts())
def test_the_csv_module_finds_every_cell_of_a_text_again(text: Text) -> None:
    reading = read_export(text.data, "a.csv", payer_ids={})
    copy = write_back(text.data, reading, results_of(reading)).data
    was, now = (
        list(
            csv.reader(
                io.StringIO(data[len(text.bom) :].decode(text.encoding), newline=""),
                delimiter=text.delimiter,
            )
        )
        for data in (text.data, copy)
    )
    assert [row[: len(old)] for old, row in zip(was, now, strict=True)] == was


# workbooks


CELLS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=8),
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.decimals(-(10**6), 10**6, places=3),
    st.sampled_from(["=1+1", "=SUM(A1:A3)", "  padded ", "two\nlines", "'quoted", "_x000D_"]),
    st.dates(date(1950, 1, 1), date(2050, 1, 1)),
)
LOOKS = st.lists(st.integers(0, 4), max_size=8)


@st.composite
def books(draw: st.DrawFn) -> tuple[bytes, int]:
    """A workbook's bytes, and how many claims it holds."""
    table = draw(tables(draw(systems), CELLS))
    title = draw(st.integers(0, 5))
    if draw(st.booleans()):  # the report begins in column B
        table = replace(
            table, headings=["", *table.headings], rows=[["", *row] for row in table.rows]
        )
    write = draw(st.sampled_from([_by_openpyxl, _by_xlsxwriter]))
    return write(table, title, draw(LOOKS), others=draw(st.integers(0, 2))), table.claims


def _by_openpyxl(table: Table, title: int, looks: list[int], *, others: int) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Aging"
    for number in range(1, title + 1):
        sheet.cell(number, 1, "Report" if number == 1 else None)
    for row, cells in enumerate([table.headings, *table.rows], title + 1):
        for column, cell in enumerate(cells, 1):
            made = sheet.cell(row, column, cell)
            if isinstance(cell, date):
                made.number_format = "mm/dd/yyyy"
    width, last = len(table.headings), sheet.max_row
    styled: Sequence[Callable[[object], None]] = (
        lambda c: setattr(c, "font", Font(italic=True, color="FF0000")),
        lambda c: setattr(c, "fill", PatternFill("solid", fgColor="ABCDEF")),
        lambda c: setattr(c, "border", Border(left=Side(style="thin", color="112233"))),
        lambda c: setattr(c, "alignment", Alignment(wrap_text=True, horizontal="right")),
        lambda c: setattr(c, "comment", Comment("call again", "biller")),
    )
    for at, look in enumerate(looks):
        styled[look](sheet.cell(1 + at * 5 % last, 1 + at * 7 % width))
        sheet.row_dimensions[1 + at].height = 15 + look
        sheet.column_dimensions["ABCDEFGHIJ"[at]].hidden = look == 3
        sheet.row_dimensions[last - at % last].hidden = look == 4
    if title >= 2:
        sheet.merge_cells(start_row=1, end_row=2, start_column=1, end_column=3)
    if title >= 3:
        sheet.auto_filter.ref = f"A{title + 1}:C{last}"
        sheet.conditional_formatting.add("A1:C9", CellIsRule("greaterThan", ["5"]))
        check = DataValidation("list", formula1='"a,b"')
        check.add("B1")
        sheet.add_data_validation(check)
    sheet.freeze_panes = "B2"
    for number in range(others):
        other = book.create_sheet(f"Other {number}", number % 2)
        other.append(["Codes", "=Aging!A1", DAY])
        other.sheet_state = ("visible", "hidden")[number % 2]
    return saved(book)


def _by_xlsxwriter(table: Table, title: int, looks: list[int], *, others: int) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": False}) as book:
        formats = [
            book.add_format({"bold": True, "rotation": 30}),
            book.add_format({"bg_color": "#ABCDEF", "num_format": "0.000"}),
            book.add_format({"border": 2, "locked": False}),
            book.add_format({"align": "right", "text_wrap": True}),
            book.add_format({"num_format": "@"}),
        ]
        days = book.add_format({"num_format": "d-mmm-yy"})
        for number in range(others):
            other = book.add_worksheet(f"Other {number}")
            other.write_row(0, 0, ["Codes", "x"])
            if number:
                other.hide()
        sheet = book.add_worksheet("Aging")
        sheet.activate()
        if title:
            sheet.merge_range(0, 0, 0, 4, "Report", formats[0])
        for row, cells in enumerate([table.headings, *table.rows], title):
            for column, cell in enumerate(cells):
                look = formats[looks[(row + column) % len(looks)]] if looks else None
                if isinstance(cell, date):
                    sheet.write_datetime(row, column, cell, days)
                elif isinstance(cell, str) and not cell.startswith("="):
                    sheet.write_string(row, column, cell, look)
                else:
                    sheet.write(row, column, cell, look)
        end = title + len(table.rows)
        sheet.write_comment(title, 0, "note")
        sheet.write_url(end + 3, 1, "https://billing.example/", string="system")
        sheet.write_rich_string(end + 4, 0, "a ", formats[0], "bold", " word")
        sheet.conditional_format(0, 0, end, 2, {"type": "data_bar"})
        sheet.data_validation(0, 0, 0, 0, {"validate": "integer", "criteria": ">", "value": 0})
        sheet.set_column(1, 3, 22, None, {"hidden": len(looks) % 2 == 1})
        sheet.set_row(title + 1, 30, None, {"hidden": len(looks) % 3 == 1})
        book.define_name("Claims", "=Aging!$A$1:$B$2")
        if len(looks) % 2:
            sheet.protect("secret")
            sheet.insert_textbox(end + 6, 0, "Simulated")
            sheet.set_header("&CReport")
            sheet.repeat_rows(title)
    return out.getvalue()


def everything(data: bytes, *, width: int | None = None) -> dict[str, object]:
    """What openpyxl finds in a workbook; of the sheet Aging only ``width`` columns."""
    book = openpyxl.load_workbook(io.BytesIO(data), rich_text=True)
    told: dict[str, object] = {"names": {k: v.attr_text for k, v in book.defined_names.items()}}
    for sheet in book.worksheets:
        most = width if sheet.title == "Aging" else None
        told[sheet.title] = (
            sheet.sheet_state,
            sheet.freeze_panes,
            sheet.protection.sheet,
            sheet.oddHeader.center.text,
            sheet.print_title_rows,
            sorted(map(str, sheet.merged_cells.ranges)),
            str(sheet.auto_filter.ref),
            [str(c.sqref) for c in sheet.conditional_formatting],
            [(str(v.sqref), v.type, v.formula1) for v in sheet.data_validations.dataValidation],
            {row: (d.height, d.hidden) for row, d in sheet.row_dimensions.items()},
        )
        for row in sheet.iter_rows(max_col=most):
            for cell in row:
                link = cell.hyperlink.target if cell.hyperlink else None
                note = cell.comment.text if cell.comment else None
                told[f"{sheet.title}!{cell.coordinate}"] = (
                    str(cell.value),
                    cell.data_type,
                    cell.number_format,
                    *map(repr, (cell.font, cell.fill, cell.border, cell.alignment)),
                    repr(cell.protection),
                    link,
                    note,
                )
    return told


@settings(max_examples=60, deadline=None)
@given(books())
def test_every_cell_of_a_workbook_keeps_value_type_and_style(made: tuple[bytes, int]) -> None:
    data, claims = made
    reading = read_export(data, "a.xlsx", payer_ids={})
    assert reading.rows_in == len(reading.claims) + len(reading.refused)
    assert 0 < len(reading.claims) <= claims
    copy = write_back(data, reading, results_of(reading)).data
    width = openpyxl.load_workbook(io.BytesIO(data))["Aging"].max_column
    was, now = everything(data, width=width), everything(copy, width=width)
    assert now == was
    sheet = openpyxl.load_workbook(io.BytesIO(copy))["Aging"]
    heads = sheet[reading.recognised.header_row][width:]
    assert tuple(cell.value for cell in heads) == OURS
    swept = [sheet.cell(claim.source.row, width + 1).value for claim in reading.claims]
    assert swept == ["paid"] * len(reading.claims)
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(io.BytesIO(copy)) as new:
        assert old.namelist() == new.namelist()
        changed = [one for one in old.namelist() if old.read(one) != new.read(one)]
    assert len([one for one in changed if "worksheets/" in one]) == 1
    assert [one for one in changed if "worksheets/" not in one] in ([], ["xl/styles.xml"])
