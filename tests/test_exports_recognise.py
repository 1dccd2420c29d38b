"""An export's system is recognised from its headings, or the file is refused in one sentence."""

from __future__ import annotations

import csv
import io
import zipfile

import openpyxl
import pytest
from exports_samples import KAREO, PAYERS, kareo_csv, kareo_row, nextgen_xlsx, saved

from billing.errors import BadInput, ProfileError
from bots.exports import read_export, recognise
from bots.exports.recognise import Sheeted
from bots.exports.systems import System, all_systems, is_ssn_heading
from bots.strict_yaml import load_strict


def refused_file(data: bytes, name: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_export(data, name, payer_ids=PAYERS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_csv_with_preamble_is_recognised_as_it_is_written() -> None:
    found = recognise(kareo_csv([kareo_row(1)]), "aging.csv")
    assert (found.system.system, found.header_row) == ("kareo", 5)
    assert found.columns["claim_id"] == "Claim ID"
    assert found.unmatched == ("Rendering Provider", "Notes", "Encounter ID")
    assert found.container.encoding == "utf-8"  # type: ignore[union-attr]
    assert found.container.bom == b"\xef\xbb\xbf"  # type: ignore[union-attr]
    assert found.container.line_ending == "\r\n"  # type: ignore[union-attr]


def test_a_workbook_is_recognised_by_its_visible_sheet() -> None:
    found = recognise(nextgen_xlsx([1]), "aging.xlsx")
    assert (found.system.system, found.header_row) == ("nextgen", 2)
    assert found.container == Sheeted("Aging")
    assert found.dropped == ("SSN",)


@pytest.mark.parametrize(
    "heading", ["SSN", "Pat SSN", "Patient_SSN", "Social Security #", "Soc Sec Nbr", "SS#", "ss no"]
)
def test_ssn_headings_are_known(heading: str) -> None:
    assert is_ssn_heading(heading)


@pytest.mark.parametrize("heading", ["Class Name", "TIN", "Business", "Session No", "St"])
def test_other_headings_are_not_taken_for_ssn(heading: str) -> None:
    assert not is_ssn_heading(heading)


def test_missing_columns_are_named_with_the_nearest_heading() -> None:
    headings = ["Policy Numbr" if h == "Policy Number" else h for h in KAREO if h != "Total Charge"]
    said = refused_file(kareo_csv([kareo_row(1)[:15]], headings=headings), "aging.csv")
    assert said.startswith("aging.csv, row 5: nearest is kareo")
    assert '"Policy Number" (perhaps your "Policy Numbr")' in said
    assert '"Total Charge"' in said
    assert "kareo, nextgen" in said


def test_two_columns_for_one_word_are_never_chosen_between() -> None:
    headings = ["DOB" if h == "Notes" else h for h in KAREO]
    said = refused_file(kareo_csv([kareo_row(1)], headings=headings), "aging.csv")
    assert "two columns could be" in said


def test_two_sheets_that_fit_are_never_chosen_between() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1])))
    book["Lookups"].sheet_state = "visible"
    assert "more than one reading fits" in refused_file(saved(book), "a.xlsx")


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(120):
                part.write(bytes(1_000_000))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "a.csv", "empty"),
        (b"", "a.xlsx", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "a.csv", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "a.csv", "binary"),
        (b"PK\x03\x04" + bytes(100), "a.csv", "Excel workbook"),
        (b"PK\x03\x04" + bytes(100), "a.xlsx", "damaged"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "a.xls", "password-protected"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "a.xlsx", "named as a workbook"),
        (b"Claim ID,Patient\r\n", "a.xlsx", "name it .csv"),
        (b"%PDF-1.7", "a.csv", "PDF"),
        (b"name\r\ncaf\x81\xe9\r\n", "a.csv", "neither UTF-8"),
        (b"hello world\r\nthis is prose\r\n", "a.csv", "none of the first 40 rows"),
        (kareo_csv([]), "a.csv", "no claims below"),
        (kareo_csv([["Totals"], []]), "a.csv", "no claims below"),
        (nextgen_xlsx([]), "a.xlsx", "no claims below"),
        (nextgen_xlsx([1])[:-300], "a.xlsx", "damaged"),
        (bomb(), "a.xlsx", "unpack to 120 MB"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    data: bytes, name: str, says: str
) -> None:
    said = refused_file(data, name)
    assert said.startswith(name)
    assert says in said


def test_a_damaged_sheet_inside_a_sound_zip_is_refused() -> None:
    source = zipfile.ZipFile(io.BytesIO(nextgen_xlsx([1, 2, 3])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in source.infolist():
            content = source.read(member)
            cut = member.filename == "xl/worksheets/sheet1.xml"
            archive.writestr(member.filename, content[: len(content) // 2] if cut else content)
    assert "damaged" in refused_file(out.getvalue(), "a.xlsx")


def test_a_quotation_mark_that_never_closes_does_not_swallow_rows() -> None:
    data = kareo_csv([kareo_row(1)]) + b'00000002,"Doe, Jane,1/2/1980\r\n00000003,x\r\n'
    said = refused_file(data, "a.csv")
    assert "row 7" in said
    assert "never closes" in said


def test_a_stray_quotation_mark_does_not_swallow_the_rows_below() -> None:
    rows = kareo_csv([kareo_row(n, Notes="note") for n in range(1, 5)])
    # It closes where the name of the row below opens.
    said = refused_file(rows.replace(b"note,", b'"called,', 1), "a.csv")
    assert said.startswith("a.csv, row 6: a quotation mark opens here and takes in the lines below")
    assert "Doe" not in said
    for sound in (b'"two\r\nlines, ""quoted""",', b"5'10\" tall,"):
        data = rows.replace(b"note,", sound, 1)
        assert len(read_export(data, "a.csv", payer_ids={}).claims) == 4


def test_every_mapping_says_that_it_is_a_reconstruction() -> None:
    systems = all_systems()
    assert {"kareo", "nextgen"} <= {s.system for s in systems}
    assert all(s.reconstruction.startswith("Our reconstruction.") for s in systems)


def test_a_mapping_may_not_read_social_security_numbers(tmp_path) -> None:
    text = """system: x
title: x
reconstruction: x
dates: ["%m/%d/%Y"]
required: {claim_id: [A], patient_name: [B], payer_name: [C], member_id: [SSN],
  service_from: [E], billed: [F], balance: [G]}
"""
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ProfileError, match="never read"):
        load_strict(tmp_path / "x.yaml", System)


def test_quotation_marks_are_judged_with_the_file_s_own_delimiter_only() -> None:
    """A line break in a quoted cell, followed by a bare one, looks unclosed to a comma."""
    rows = kareo_csv([kareo_row(1, Notes="@@")], delimiter="|", quoting=csv.QUOTE_ALL, preamble=[])
    data = rows.replace(b"@@", b"\n").replace(b'"E1"', b"E1") + b"\r\n"
    assert recognise(data, "a.csv").container.delimiter == "|"  # type: ignore[union-attr]
    with pytest.raises(BadInput, match="never closes"):
        recognise(b'"Larkspur\r\n' + kareo_csv([kareo_row(1)]).replace(b'"', b""), "a.csv")
