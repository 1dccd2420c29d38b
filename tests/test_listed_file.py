"""A list that a portal gives as a file is read whole by its headings, or refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.errors import UnknownPage
from bots.page_language import PageField
from bots.reading.listed_file import read_listed_file

FIELDS = {
    "payer_claim_number": PageField(column=("Claim Number",)),
    "words": PageField(column=("Status", "Claim Status")),
    "service_from": PageField(column=("Service From",), into="date"),
    "charge": PageField(column=("Billed",), into="money"),
    "paid": PageField(column=("Paid",), into="money", when_missing="none"),
}
HEADINGS = "Claim Number,Patient,Service From,Billed,Paid,Status"
FIRST = 'E1,"Fernhollow, Odalys",03/08/2026,"$1,250.00",$80.50,Paid'
BACK = 'E2,"Fernhollow ""Bram"", B",03/15/2026,"($1,250.00)",,Reversed'


def listed(*lines: str, ending: str = "\r\n") -> bytes:
    return ending.join([*lines, ""]).encode()


def numbers(data: bytes, **more: str) -> list[object]:
    return [row.values["payer_claim_number"] for row in read_listed_file(data, FIELDS, **more)]


def refused(data: bytes) -> str:
    with pytest.raises(UnknownPage) as raised:
        read_listed_file(data, FIELDS)
    return str(raised.value)


def test_figures_are_read_to_the_cent_and_parentheses_are_a_minus() -> None:
    first, back = read_listed_file(listed(HEADINGS, FIRST, BACK), FIELDS)
    assert first.values == {
        "payer_claim_number": "E1",
        "words": "Paid",
        "service_from": date(2026, 3, 8),
        "charge": Decimal("1250.00"),
        "paid": Decimal("80.50"),
    }
    assert (back.values["charge"], back.values["paid"]) == (Decimal("-1250.00"), None)


@pytest.mark.parametrize(
    "data",
    [
        listed(HEADINGS, FIRST, BACK, ending="\n"),
        listed(HEADINGS, FIRST, BACK, ending="\r"),
        listed(HEADINGS, FIRST, BACK).removesuffix(b"\r\n"),
        b"\xef\xbb\xbf" + listed(HEADINGS, FIRST, BACK),
        b"\xff\xfe" + listed(HEADINGS, FIRST, BACK).decode().encode("utf-16-le"),
        listed(HEADINGS, FIRST.replace("Odalys", "Zoë"), BACK).decode().encode("cp1252"),
        listed("Worklist as of 11/20/2026", "", "sep=,", HEADINGS, FIRST, "", BACK),
        listed(HEADINGS, FIRST, HEADINGS, BACK),
        listed(HEADINGS, FIRST, FIRST, BACK, BACK),
        listed(HEADINGS, FIRST, BACK, 'Totals,,,"$2,500.00",$80.50,'),
        listed(HEADINGS, FIRST, BACK, ',Grand total:,,"$2,500.00",,'),
        listed(HEADINGS, FIRST, BACK, "Total claims: 2"),
        listed(HEADINGS, FIRST, BACK, ",,,,,", ""),
        listed(HEADINGS, FIRST.replace("E1", '="E1"'), BACK),
        listed(HEADINGS, FIRST.replace("E1", '"E1"'), BACK),
        listed(HEADINGS.replace("Status", '"Status"'), FIRST, BACK),
        listed(HEADINGS.replace("Claim Number", " Claim  Number "), FIRST, BACK),
        listed(HEADINGS, FIRST.replace("Odalys", "\nOdalys"), BACK),
    ],
    ids=[
        *("line feeds", "carriage returns", "no last ending", "byte order mark", "UTF-16"),
        *("Windows-1252", "a preamble", "a repeated heading", "rows twice", "totals"),
        *("a grand total", "a counted total", "empty cells", "kept as text", "quoted number"),
        *("quoted headings", "spaces in headings", "a line break in a cell"),
    ],
)
def test_awkward_files_hold_the_same_two_claims(data: bytes) -> None:
    assert numbers(data) == ["E1", "E2"]


def test_tabs_may_part_the_cells() -> None:
    tabbed = listed(
        "Claim Number\tService From\tBilled\tPaid\tStatus", "E1\t03/08/2026\t1,250\t\tPaid"
    )
    assert numbers(tabbed, delimiter="\t") == ["E1"]


def test_columns_may_stand_in_any_order_and_under_another_heading() -> None:
    data = listed("Claim Status,Paid,Billed,Service From,Claim Number", "Paid,,9.00,03/08/2026,E1")
    assert read_listed_file(data, FIELDS)[0].values["words"] == "Paid"


def test_a_column_may_be_a_position_whose_heading_is_checked() -> None:
    data = listed(HEADINGS.replace("Billed", "Amount").replace("Paid", "Amount"), FIRST)
    fields = FIELDS | {
        "charge": PageField(column=(4,), headed="Amount", into="money"),
        "paid": PageField(column=(5,), headed="Amount", into="money"),
    }
    (row,) = read_listed_file(data, fields)
    assert (row.values["charge"], row.values["paid"]) == (Decimal("1250.00"), Decimal("80.50"))
    with pytest.raises(UnknownPage, match="lacks the column '4', column '5'"):
        read_listed_file(listed(HEADINGS, FIRST), fields)


def test_a_list_without_claims_has_no_rows() -> None:
    assert read_listed_file(listed(HEADINGS), FIELDS) == []


def test_the_same_claim_with_another_figure_is_another_row() -> None:
    other = FIRST.replace("$80.50", "$80.51")
    assert numbers(listed(HEADINGS, FIRST, other)) == ["E1", "E1"]


def test_a_patient_called_total_is_no_total() -> None:
    data = listed(
        HEADINGS.replace("Claim Number,Patient", "Patient,Claim Number"),
        "Total,E1,03/08/2026,9.00,,Paid",
    )
    assert numbers(data) == ["E1"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (listed(HEADINGS, FIRST, BACK)[:-11], "row 3 has 5 cells instead of 6"),
        (listed(HEADINGS, FIRST)[:-45], "cut off"),
        (listed(HEADINGS, FIRST + ",more"), "row 2 has 7 cells instead of 6"),
        (
            listed(HEADINGS, FIRST.replace("$1,250.00", "about 10")),
            "row 2, column 'Billed': not an amount",
        ),
        (
            listed(HEADINGS, FIRST.replace("03/08/2026", "")),
            "row 2, column 'Service From': not a date",
        ),
        (listed(HEADINGS, FIRST.replace("E1", "")), "row 2 names no claim"),
        (listed(HEADINGS.replace("Billed", "Charge"), FIRST), "lacks the column 'Billed';"),
        (listed(HEADINGS.replace("Patient", "Billed"), FIRST), "two columns for charge"),
        (b"<!doctype html><p>Please sign in</p>", "lacks the column"),
        (b"", "lacks the column"),
        (b"PK\x03\x04\x00\x00", "is not text"),
    ],
    ids=[
        *("cut off in a row", "cut off in quotes", "a cell too many", "no money", "no date"),
        *("no number", "a renamed heading", "a doubled heading", "a page", "nothing", "a zip"),
    ],
)
def test_what_is_not_understood_whole_is_refused(data: bytes, why: str) -> None:
    assert why in refused(data)


def test_a_refusal_names_no_patient() -> None:
    said = refused(listed(HEADINGS, FIRST.replace("03/08/2026", "Fernhollow")))
    assert "Fernhollow" not in said
