"""BAI2 files: lines with their evidence, control totals that must close, odd files refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.bank import LineKind, Statement, all_lines
from billing.errors import BadInput
from bots.bank.read import read_statement

DETAILS = (
    "16,142,125050,0,BANK17,,HCCLAIMPMT TRN*1*812345678*1999999999~/",
    "16,115,40000,S,10000,20000,10000,LB9,,LOCKBOX DEPOSIT, 3 ITEMS",
    "16,698,1500,,FEE1,/",
    "16,555,7525,V,261105,,RET1,00041877,RETURNED ITEM/",
)
GOOD = [
    "01,BANK,LARKSPUR,261106,0600,1,,,2/",
    "02,LARKSPUR,BANK,1,261105,2359,USD,2/",
    "03,000123456789,USD,010,500000,,,100,165050,2,0,400,9025,2,/",
    *DETAILS,
    # 500000 + 165050 + 9025 and the details' 125050 + 40000 + 1500 + 7525
    "49,848150,6/",
    "98,848150,1,8/",
    "99,848150,1,10/",
]


def read(rows: list[str], end: str = "\r\n") -> Statement:
    return read_statement((end.join(rows) + end).encode(), "bank.bai")


def test_every_detail_is_a_line_with_its_place() -> None:
    found = read(GOOD)
    assert found.faults == ()
    assert found.refused == ()
    assert found.rows_in == 4
    assert [line.amount for line in found.lines] == [
        Decimal("1250.50"),
        Decimal("400.00"),
        Decimal("-15.00"),
        Decimal("-75.25"),
    ]
    assert [line.kind for line in found.lines] == [
        LineKind.EFT,
        LineKind.CHEQUES,
        LineKind.FEE,
        LineKind.RETURN,
    ]
    eft, lockbox, _, returned = found.lines
    assert eft.trace_numbers == ("812345678",)
    assert eft.references == ("BANK17",)
    assert eft.place.where == "row 4"
    assert lockbox.text == "LOCKBOX DEPOSIT, 3 ITEMS"
    assert returned.references == ("RET1", "00041877")
    assert {line.account for line in found.lines} == {"6789"}
    assert {line.booked for line in found.lines} == {date(2026, 11, 5)}
    assert found.days == {date(2026, 11, 5)}


def test_an_addendum_is_read_across_continuations() -> None:
    rows = [*GOOD]
    rows[3] = "16,142,125050,0,BANK17,/"
    rows[4:4] = ["88,HCCLAIMPMT LARKSPUR TRN*1*8123", "88,45678*1999999999\\/"]
    rows[-3:] = ["49,848150,8/", "98,848150,1,10/", "99,848150,1,12/"]
    found = read(rows)
    assert found.faults == ()
    assert found.lines[0].trace_numbers == ("812345678",)
    assert found.lines[0].text == "HCCLAIMPMT LARKSPUR TRN*1*8123 45678*1999999999\\"


def test_only_a_full_row_breaks_within_a_word() -> None:
    rows = [*GOOD]
    head, tail = "16,115,125050,0,,,LOCKBOX ", " 00041877 0004"
    full = head + "X" * (max(map(len, rows)) - len(head + tail)) + tail
    rows[3:4] = [full, "88,1878 AND", "88,00041879"]
    rows[-3:] = ["49,848150,8/", "98,848150,1,10/", "99,848150,1,12/"]
    assert read(rows).lines[0].text.endswith("X 00041877 00041878 AND 00041879")


def test_a_type_code_that_may_be_anything_leaves_it_to_the_words() -> None:
    rows = [*GOOD]
    rows[4] = "16,399,40000,0,,,LOCKBOX DEPOSIT"
    rows[5:7] = ["16,409,1500,0,,,RETURNED CHEQUE     /", "16,409,7525,0,,,MACLEOD MALL/"]
    assert [line.kind for line in read(rows).lines] == [
        LineKind.EFT,
        LineKind.CHEQUES,
        LineKind.RETURN,
        LineKind.OTHER,
    ]


def test_an_addendum_that_the_bank_cut_off_is_a_reference_only() -> None:
    rows = [*GOOD]
    rows[3] = "16,142,125050,0,BANK17,,HCCLAIMPMT TRN*1*81234/"
    line = read(rows).lines[0]
    assert line.trace_numbers == ()
    assert line.references == ("BANK17", "81234")


def test_balances_may_go_on_in_a_continuation_and_the_slash_may_be_missing() -> None:
    rows = [*GOOD]
    rows[2:3] = ["03,000123456789,USD,010,500000,,/", "88,100,165050,2,0,400,9025,2"]
    rows[-3:] = ["49,848150,7", "98,848150,1,9", "99,848150,1,11"]
    found = read(rows, "\n")
    assert found.faults == ()
    assert len(found.lines) == 4


def test_rows_of_a_fixed_length_need_no_line_ends() -> None:
    rows = [*GOOD]
    rows[0] = "01,BANK,LARKSPUR,261106,0600,1,80,,2/"
    data = "".join(row.ljust(80) for row in rows).encode()
    assert [one.amount for one in read_statement(data, "bank.bai").lines] == [
        one.amount for one in read(GOOD).lines
    ]


@pytest.mark.parametrize(
    ("at", "row", "said"),
    [
        (7, "49,848151,6/", "control total (row 8) is off by -$0.01"),
        (7, "49,848150,7/", "has 6 records and row 8 says 7"),
        (7, "49,,/", "control total (row 8) is off by"),
    ],
)
def test_an_account_that_does_not_close_gives_no_line(at: int, row: str, said: str) -> None:
    rows = [*GOOD]
    rows[at] = row
    found = read(rows)
    assert found.lines == ()
    assert len(found.refused) == found.rows_in == 4
    assert said in found.refused[0].why
    assert any(said in fault for fault in found.faults)


def test_a_changed_amount_is_noticed() -> None:
    rows = [*GOOD]
    rows[3] = rows[3].replace("125050", "125500")
    found = read(rows)
    assert found.lines == ()
    assert "off by $4.50" in found.faults[0]


def test_the_totals_of_group_and_file_are_compared() -> None:
    rows = [*GOOD]
    rows[8:] = ["98,848100,2,8/", "99,848150,1,11/"]
    found = read(rows)
    assert len(found.lines) == 4
    assert [fault.partition(": ")[2].partition(";")[0] for fault in found.faults] == [
        "the group's control total is off by $0.50",
        "the group's accounts are 1 and should be 2",
        "the file's control total is off by -$0.50",
        "the file's records are 10 and should be 11",
    ]


def test_a_file_cut_off_gives_nothing_of_the_account_it_is_cut_in() -> None:
    found = read(GOOD[:6])
    assert found.lines == ()
    assert len(found.refused) == found.rows_in == 3
    assert any("cut off" in fault for fault in found.faults)
    assert any("no end (99)" in fault for fault in found.faults)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("02,LARKSPUR,BANK,4,261105,2359,USD,2/", "a test"),
        ("02,LARKSPUR,BANK,2,261105,2359,USD,2/", "a deletion"),
        ("02,LARKSPUR,BANK,1,261305,2359,USD,2/", "the date of its group"),
        ("02,LARKSPUR,BANK,3,261105,2359,USD,2/", "a correction"),
    ],
)
def test_a_group_that_cannot_be_taken_as_it_is(row: str, why: str) -> None:
    rows = [*GOOD]
    rows[1] = row
    found = read(rows)
    assert found.lines == ()
    assert all(why in one.why for one in found.refused)
    assert len(found.refused) == 4


def test_another_currency_is_refused() -> None:
    rows = [*GOOD]
    rows[2] = rows[2].replace("USD", "CAD")
    assert {one.why for one in read(rows).refused} == {"the account is not in US dollars"}


def test_a_deposit_is_replaced_by_the_items_it_is_made_of() -> None:
    rows = [*GOOD]
    rows[4:5] = [
        "16,115,40000,0,LB9,,LOCKBOX/",
        "16,116,15000,0,LB9,00041877,/",
        "16,116,25000,0,LB9,00041878,/",
    ]
    rows[-3:] = ["49,888150,8/", "98,888150,1,10/", "99,888150,1,12/"]
    found = read(rows)
    assert found.faults == ()
    assert [one.why for one in found.refused] == ["total row"]
    assert [(one.amount, one.references) for one in found.lines[1:3]] == [
        (Decimal("150.00"), ("LB9", "00041877")),
        (Decimal("250.00"), ("LB9", "00041878")),
    ]
    assert found.lines[1].place.where == "row 6, in the deposit of row 5"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"02,LARKSPUR,BANK,1,261105/\n", "row 1: no BAI2 file begins so"),
        (b"01,BANK,X,261106,0600,1,,,2/\nhello\n", "row 2: this is no BAI2 record"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_what_is_no_bai2_is_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=r"bank\.bai") as refused:
        read_statement(data, "bank.bai")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_never_loses_a_row_nor_invents_one(data: st.DataObject) -> None:
    """Every row with a 16 is a line or refused, and no figure appears that nobody wrote."""
    rows = [*GOOD]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(1, len(rows) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                del rows[at]
            case 1:
                rows.insert(at, rows[data.draw(st.integers(1, len(rows) - 1))])
            case 2:
                rows[at] = rows[at][: data.draw(st.integers(3, len(rows[at])))]
            case _:
                place = data.draw(st.integers(3, len(rows[at])))
                rows[at] = (
                    rows[at][:place] + data.draw(st.sampled_from("0,/-9A")) + rows[at][place:]
                )
    found = read(rows)
    details = [row for row in rows if row.startswith("16")]
    assert found.rows_in == len(details) == len(found.lines) + len(found.refused)
    places = [line.place.where.partition(",")[0] for line in found.lines]
    assert len({*places, *(f"row {one.row}" for one in found.refused)}) == len(details)


def test_the_same_day_reported_twice_is_counted_once() -> None:
    twice = [*GOOD]
    twice[4] = twice[3]
    twice[2] = "03,000123456789,USD/"
    twice[7:] = ["49,259125,6/", "98,259125,1,8/", "99,259125,1,10/"]
    interim, final = read(GOOD), read(twice)
    assert final.faults == ()
    lines, repeats = all_lines([interim, final])
    # the second EFT of the final report is a second deposit, all else stood in the interim report
    assert len(lines) == 5
    assert repeats == 3
