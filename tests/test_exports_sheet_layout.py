"""What stands around a sheet's cells is kept, and what we add there is seen."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from exports_samples import PAYERS, SHEET, members, nextgen_xlsx, results_of, with_part
from lxml import etree

from billing.errors import BadInput
from bots.exports import Written, read_export, write_back
from bots.exports.workbook import open_workbook, rows_of_sheet


def written(data: bytes, name: str = "a.xlsx") -> Written:
    reading = read_export(data, name, payer_ids=PAYERS)
    return write_back(data, reading, results_of(reading))


def test_a_button_on_the_sheet_is_not_taken_for_its_columns() -> None:
    drawing = b"http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
    button = (
        b'<controls xmlns:xdr="%s"><control shapeId="1"><controlPr><anchor><from><xdr:col>1'
        b"</xdr:col><xdr:row>2</xdr:row></from></anchor></controlPr></control></controls>" % drawing
    )
    data = with_part(
        nextgen_xlsx([1]), SHEET, lambda p: p.replace(b"</worksheet>", button + b"</worksheet>")
    )
    copied = written(data, "a.xlsm").data
    assert button in members(copied)[SHEET]
    assert openpyxl.load_workbook(io.BytesIO(copied))["Aging"]["R3"].value == "paid"


@pytest.mark.parametrize(
    ("theirs", "left"),
    [
        (b'<col min="18" max="16384" width="9" hidden="1"/>', [(33, 16384)]),
        (b"<col min='15' max='40' hidden='1'></col>", [(15, 17), (33, 40)]),
        (b'<col min="18" max="20" hidden="1"/><col min="21" max="33" hidden="1"/>', [(33, 33)]),
        (b'<col min="40" max="50" hidden="1"/>', [(40, 50)]),
    ],
)
def test_what_we_add_is_not_hidden_with_the_unused_columns(
    theirs: bytes, left: list[tuple[int, int]]
) -> None:
    data = with_part(nextgen_xlsx([1]), SHEET, lambda p: p.replace(b"</cols>", theirs + b"</cols>"))
    columns = [
        (int(col.get("min")), int(col.get("max")), col.get("hidden"))
        for col in etree.fromstring(members(written(data).data)[SHEET]).iterfind(".//{*}col")
    ]
    assert columns == sorted(columns)
    assert [(low, high) for low, high, hidden in columns if hidden] == left
    ours = [(at, at) for at in range(18, 33)]
    assert [(low, high) for low, high, _ in columns if (low, high) in ours] == ours


def test_a_dimension_wider_than_the_cells_is_not_narrowed() -> None:
    data = with_part(nextgen_xlsx([1]), SHEET, lambda p: p.replace(b'"A1:Q4"', b'"A1:BZ900"'))
    assert b'<dimension ref="A1:BZ900"' in members(written(data).data)[SHEET]


@pytest.mark.parametrize("damage", [b'<col min="x" max="3"/>', b'<col min="3"/>'])
def test_a_sheet_with_damaged_columns_is_refused_in_one_sentence(damage: bytes) -> None:
    data = with_part(nextgen_xlsx([1]), SHEET, lambda p: p.replace(b"<cols>", b"<cols>" + damage))
    with pytest.raises(BadInput, match=r"a\.xlsx, sheet Aging: the sheet is damaged"):
        written(data)


@pytest.mark.parametrize(
    ("inline", "says"),
    [
        ("<is><t>a</t></is>", "a"),
        ("<is><t/></is>", ""),
        ("<is/>", ""),
        ("<is><r><t>a</t></r><r><t>b</t></r></is>", "ab"),
        ('<is><t>a</t><rPh sb="0" eb="1"><t>x</t></rPh></is>', "a"),
        ("<v>1</v><is><t>z</t></is>", "z"),
    ],
)
def test_a_text_in_its_cell_is_read_however_it_is_written(inline: str, says: str) -> None:
    made = openpyxl.Workbook(write_only=True)
    made.create_sheet("Aging").append(["first", "PLACE", "last"])
    out, changed = io.BytesIO(), io.BytesIO()
    made.save(out)
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(changed, "w") as new:
        for one in old.namelist():
            part = old.read(one)
            if one.endswith("sheet1.xml"):
                assert b"<is><t>PLACE</t></is>" in part
                part = part.replace(b"<is><t>PLACE</t></is>", inline.encode())
            new.writestr(one, part)
    book = open_workbook(changed.getvalue(), "a.xlsx")
    assert list(rows_of_sheet(book, book.sheets[0])) == [(1, ["first", says, "last"])]
