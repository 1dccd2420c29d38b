"""Writing back to workbooks: every cell, style and other part stays as it was."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
import xlsxwriter
from exports_samples import (
    NEXTGEN,
    OURS,
    PAYERS,
    SHEET,
    members,
    nextgen_row,
    nextgen_xlsx,
    results_of,
    saved,
    with_part,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from billing.errors import BadInput
from bots.exports import WriteBackMismatch, Written, read_export, recognise, write_back
from bots.exports import write_back as write_back_module
from bots.exports.workbook import open_workbook

STYLES = "xl/styles.xml"


def written(data: bytes, **figures: object) -> Written:
    reading = read_export(data, "a.xlsx", payer_ids=PAYERS)
    return write_back(data, reading, results_of(reading, **figures))


def cells_of(sheet_xml: bytes, *, before: int) -> dict[str, bytes]:
    """Each cell left of a 1-based column in canonical XML, by its reference."""
    found = {}
    for cell in etree.fromstring(sheet_xml).iterfind(".//{*}c"):
        place = cell.get("r")
        letters = re.match("[A-Z]+", place)[0]
        if openpyxl.utils.column_index_from_string(letters) < before:
            alone = copy.deepcopy(cell)
            alone.tail = None
            found[place] = etree.tostring(alone, method="c14n")
    return found


def assert_untouched(data: bytes, copied: bytes, *, styles_added: bool = False) -> None:
    """Every original cell equal in value, type and style; every other part equal in bytes."""
    was, now = members(data), members(copied)
    assert list(was) == list(now)
    changed = {name for name in was if was[name] != now[name]}
    assert changed == ({SHEET, STYLES} if styles_added else {SHEET})
    theirs = cells_of(was[SHEET], before=20_000)
    assert theirs == {k: v for k, v in cells_of(now[SHEET], before=20_000).items() if k in theirs}
    before = openpyxl.load_workbook(io.BytesIO(data), rich_text=True)
    after = openpyxl.load_workbook(io.BytesIO(copied), rich_text=True)
    assert before.sheetnames == after.sheetnames
    for sheet in before:
        other = after[sheet.title]
        assert sheet.sheet_state == other.sheet_state
        assert sheet.freeze_panes == other.freeze_panes
        assert sheet.merged_cells.ranges == other.merged_cells.ranges
        for row in sheet.iter_rows():
            for cell in row:
                twin = other[cell.coordinate]
                assert (cell.value, cell.data_type) == (twin.value, twin.data_type)
                # The styles part is the same or only longer, so equal indices are equal looks.
                assert cell._style == twin._style
                assert cell.number_format == twin.number_format
        for letters, width in sheet.column_dimensions.items():
            assert other.column_dimensions[letters].width == width.width


def test_our_columns_stand_right_of_the_sheet() -> None:
    data = nextgen_xlsx([1, 2, 3, 4])
    result = written(data)
    assert_untouched(data, result.data)
    sheet = openpyxl.load_workbook(io.BytesIO(result.data))["Aging"]
    assert sheet.dimensions == "A1:AF8"
    assert b'<dimension ref="A1:AF8"' in members(result.data)[SHEET]
    assert tuple(c.value for c in sheet[2][17:]) == OURS
    assert sheet["R2"].font.bold
    row = sheet[3][17:]
    assert [c.value for c in row] == [
        "paid",
        "Paid",
        "F1",
        "0012345678901",
        -12.5,
        7.25,
        datetime(2026, 4, 1),  # noqa: DTZ001 - a workbook's dates have no zone
        "00998877",
        "CO-45 PR-1",
        "paid-not-posted",
        "The payer paid in full.",
        "Post the payment.",
        datetime(2026, 12, 1),  # noqa: DTZ001 - likewise
        "2026-11-20 03:04:05",
        "abababababab cdcdcdcdcdcd",
    ]
    assert row[4].number_format == "#,##0.00"
    assert row[6].number_format == "mm/dd/yy"
    assert all(c.value is None for c in sheet[6][17:])
    assert {change.sheet for change in result.changes} == {"Aging"}
    assert result.totals.after.paid == Decimal("-50.00")
    assert result.totals.before == result.totals.after


def test_the_same_input_gives_the_same_bytes() -> None:
    data = nextgen_xlsx([1, 2])
    assert written(data).data == written(data).data


def test_members_keep_their_times_and_compression() -> None:
    data = nextgen_xlsx([1])
    was = zipfile.ZipFile(io.BytesIO(data)).infolist()
    now = zipfile.ZipFile(io.BytesIO(written(data).data)).infolist()
    facts = [(m.filename, m.date_time, m.compress_type, m.external_attr) for m in was]
    assert facts == [(m.filename, m.date_time, m.compress_type, m.external_attr) for m in now]


def test_an_enriched_workbook_is_refused() -> None:
    data = nextgen_xlsx([1])
    reading = read_export(data, "a.xlsx", payer_ids=PAYERS)
    enriched = written(data).data
    with pytest.raises(BadInput, match="earlier sweep"):
        recognise(enriched, "a.xlsx")
    with pytest.raises(BadInput, match="earlier sweep"):
        write_back(enriched, reading, results_of(reading))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r\n=", "\0="])
def test_what_we_add_is_never_a_formula(start: str) -> None:
    text = f"{start}HYPERLINK(1)<&>\x01\ufffe"
    copied = written(nextgen_xlsx([1]), status_words=text).data
    cell = openpyxl.load_workbook(io.BytesIO(copied))["Aging"]["S3"]
    assert cell.data_type in ("s", "inlineStr")
    assert (
        "<f>"
        not in etree.tostring(
            etree.fromstring(members(copied)[SHEET]).findall(".//{*}c")[-1]
        ).decode()
    )
    tags = [str(e.tag) for e in etree.fromstring(members(copied)[SHEET]).iter()]
    was = [str(e.tag) for e in etree.fromstring(members(nextgen_xlsx([1]))[SHEET]).iter()]
    assert sum(t.endswith("}f") for t in tags) == sum(t.endswith("}f") for t in was)
    assert "HYPERLINK(1)<&>" in cell.value


def test_a_workbook_without_date_styles_gets_one() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Aging")
        sheet.write_row(0, 0, NEXTGEN)
        for at, value in enumerate(nextgen_row(1)):
            sheet.write(1, at, value.strftime("%m/%d/%Y") if isinstance(value, date) else value)
    data = out.getvalue()
    copied = written(data).data
    assert_untouched(data, copied, styles_added=True)
    assert b'spans="1:17"' in members(data)[SHEET]
    assert b'spans="1:17"' not in members(copied)[SHEET]
    assert members(copied)[SHEET].count(b'spans="1:32"') == 2
    cell = openpyxl.load_workbook(io.BytesIO(copied))["Aging"]["X2"]
    assert cell.is_date
    assert cell.value.date() == date(2026, 4, 1)


def test_the_1904_calendar_is_kept() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1])))
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    data = saved(book)
    copied = written(data).data
    assert_untouched(data, copied)
    cell = openpyxl.load_workbook(io.BytesIO(copied))["Aging"]["X3"]
    assert cell.value.date() == date(2026, 4, 1)


def test_a_sheet_whose_tags_have_a_prefix() -> None:
    def prefixed(part: bytes) -> bytes:
        text = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", part.partition(b"?>")[2] or part)
        return text.replace(b"xmlns=", b"xmlns:x=", 1)

    data = with_part(nextgen_xlsx([1, 2]), SHEET, prefixed)
    copied = written(data).data
    assert b"<x:is><x:t" in members(copied)[SHEET]
    root = etree.fromstring(members(copied)[SHEET])
    assert len(root.findall(".//{*}row[@r='3']/{*}c")) == 17 + 15
    assert cells_of(members(data)[SHEET], before=18) == cells_of(root_bytes(root), before=18)


def root_bytes(root: etree._Element) -> bytes:
    return etree.tostring(root)


def test_cells_right_of_the_headings_are_not_written_over() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1])))
    book["Aging"]["V3"] = "a person's remark"
    book["Aging"].merge_cells("A1:X1")
    data = saved(book)
    copied = written(data).data
    assert_untouched(data, copied)
    sheet = openpyxl.load_workbook(io.BytesIO(copied))["Aging"]
    assert sheet["V3"].value == "a person's remark"
    assert sheet["Y2"].value == "Sweep outcome"


def test_a_sheet_used_to_its_last_column_is_refused() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1])))
    book["Aging"]["XFD3"] = "edge"
    with pytest.raises(BadInput, match="last column"):
        written(saved(book))


def test_a_document_type_is_refused() -> None:
    def declared(part: bytes) -> bytes:
        start = part.index(b"<worksheet")
        return part[:start] + b'<!DOCTYPE a [<!ENTITY b "c">]>' + part[start:]

    with pytest.raises(BadInput, match=r"document type|damaged"):
        written(with_part(nextgen_xlsx([1]), SHEET, declared))


def test_a_copy_that_reads_differently_is_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is made to spoil one of the biller's cells; the proof must notice."""
    module = __import__("sys").modules[write_back_module.__module__]
    honest = module.append_to_sheet

    def spoil(data: bytes, **layout: object) -> bytes:
        return with_part(honest(data, **layout), SHEET, lambda p: p.replace(b"101.25", b"101.26"))

    monkeypatch.setattr(module, "append_to_sheet", spoil)
    with pytest.raises(WriteBackMismatch, match="discarded"):
        written(nextgen_xlsx([1, 2]))


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], codec="utf-8"), max_size=10).filter(
    lambda t: "\ufffe" not in t and "\uffff" not in t
)
EXTRA = st.one_of(
    TEXT,
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.just("=1+1"),
    st.dates(date(1950, 1, 1), date(2050, 1, 1)),
)


def by_openpyxl(rows: list[list[object]], looks: list[int]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Aging"
    sheet.append(["Aging"])
    sheet.append([*NEXTGEN, "More"])
    for row in rows:
        sheet.append(row)
    thin = Side(style="thin", color="112233")
    styled = (
        lambda c: setattr(c, "font", Font(italic=True, color="FF0000")),
        lambda c: setattr(c, "fill", PatternFill("solid", fgColor="ABCDEF")),
        lambda c: setattr(c, "border", Border(left=thin)),
        lambda c: setattr(c, "alignment", Alignment(wrap_text=True, horizontal="right")),
    )
    for at, look in enumerate(looks):
        styled[look](sheet.cell(1 + at % sheet.max_row, 1 + at * 7 % 18))
    sheet.auto_filter.ref = f"A2:R{sheet.max_row}"
    sheet.row_dimensions[3].height = 33
    hidden = book.create_sheet("Lookups")
    hidden["A1"] = "=Aging!A1"
    hidden.sheet_state = "veryHidden"
    return saved(book)


def by_xlsxwriter(rows: list[list[object]], looks: list[int]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        formats = [
            book.add_format({"bold": True}),
            book.add_format({"bg_color": "#ABCDEF", "num_format": "0.000"}),
            book.add_format({"border": 2}),
            book.add_format({"align": "right", "text_wrap": True}),
        ]
        days = book.add_format({"num_format": "d-mmm-yy"})
        sheet = book.add_worksheet("Aging")
        sheet.merge_range(0, 0, 0, 5, "Aging", formats[0])
        sheet.write_row(1, 0, [*NEXTGEN, "More"], formats[0])
        for number, row in enumerate(rows, 2):
            for at, value in enumerate(row):
                look = formats[looks[(number + at) % len(looks)]] if looks else None
                if isinstance(value, date):
                    sheet.write_datetime(number, at, value, days)
                elif isinstance(value, str) and not value.startswith("="):
                    sheet.write_string(number, at, value, look)
                else:
                    sheet.write(number, at, value, look)
        sheet.write_comment(2, 2, "note")
        sheet.conditional_format("N3:N9", {"type": "data_bar"})
        sheet.set_column(0, 3, 22)
        hidden = book.add_worksheet("Lookups")
        hidden.hide()
    return out.getvalue()


@settings(max_examples=30)
@given(
    st.lists(EXTRA, min_size=1, max_size=5),
    st.lists(st.integers(0, 3), max_size=12),
    st.lists(st.integers(0, 5), max_size=3),
    st.sampled_from([by_openpyxl, by_xlsxwriter]),
)
def test_whatever_wrote_the_workbook_its_cells_stay(
    extras: list[object],
    looks: list[int],
    subtotals: list[int],
    write: Callable[[list[list[object]], list[int]], bytes],
) -> None:
    rows: list[list[object]] = []
    for number, extra in enumerate(extras):
        rows.append([*nextgen_row(number), extra])
        if number in subtotals:
            rows.append(["Subtotal", *[None] * 12, 10.5])
    data = write(rows, looks)
    result = written(data)
    assert len(read_export(data, "a.xlsx", payer_ids=PAYERS).claims) == len(extras)
    assert_untouched(data, result.data)
    sheet = openpyxl.load_workbook(io.BytesIO(result.data))["Aging"]
    assert tuple(c.value for c in sheet[2][18:]) == OURS
    for at, row in enumerate(rows, 3):
        outcome = sheet.cell(at, 19).value
        assert outcome == ("paid" if row[1] else None)


def test_the_shared_strings_are_read_as_openpyxl_reads_them() -> None:
    data = by_xlsxwriter([[*nextgen_row(1), "  more "], [*nextgen_row(2), "\u00fc\U0001f600"]], [])
    book = open_workbook(data, "a.xlsx")
    assert book.strings
    sheet = openpyxl.load_workbook(io.BytesIO(data))["Aging"]
    texts = {c.value for row in sheet.iter_rows() for c in row if c.data_type == "s"}
    assert texts <= set(book.strings) <= texts | {*NEXTGEN}
