"""A bank's CSV: columns of all shapes, odd rows refused, running balances that must follow."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.bank import LineKind, Statement
from billing.errors import BadInput
from bots.bank.read import read_statement


def read(text: str, encoding: str = "utf-8") -> Statement:
    return read_statement(text.encode(encoding), "bank.csv")


def test_one_signed_column() -> None:
    found = read(
        "Larkspur operating account\n\n"
        "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n"
        'CREDIT,11/05/2026,"HCCLAIMPMT TRN*1*812345678*1999999999~",1250.50,ACH_CREDIT,5250.50,\n'
        "DSLIP,11/04/2026,REMOTE DEPOSIT,400.00,DEPOSIT,4000.00,41877\n"
        "DEBIT,11/04/2026,LOCKBOX FEE NOV,-15.00,FEE_TRANSACTION,3600.00,\n"
    )
    assert found.faults == ()
    assert (found.rows_in, found.refused) == (3, ())
    eft, deposit, fee = found.lines
    assert (eft.booked, eft.amount, eft.kind) == (
        date(2026, 11, 5),
        Decimal("1250.50"),
        LineKind.EFT,
    )
    assert eft.trace_numbers == ("812345678",)
    assert eft.place.where == "row 4"
    assert (deposit.kind, deposit.references) == (LineKind.CHEQUES, ("41877",))
    assert (fee.kind, fee.amount) == (LineKind.FEE, Decimal("-15.00"))


@pytest.mark.parametrize(
    "text",
    [
        'Date,Description,Debit,Credit\n2026-11-05,LOCKBOX,,"1,250.50"\n2026-11-06,FEE,15.00,\n',
        "Date|Description|Debit|Credit\n11/5/2026|LOCKBOX|0.00|$1250.50\n11/6/26|FEE|-15.00|0.00\n",
        "Date\tMemo\tAmount\tCR/DR\n11/05/2026\tLOCKBOX\t1250.50\tCR\n11/06/2026\tFEE\t15.00\tDR\n",
        "Booking Date;Narrative;Amount\n20261105;LOCKBOX;1250.50\n20261106;FEE;(15.00)\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_money_in_every_arrangement(text: str, encoding: str) -> None:
    found = read(text, encoding)
    assert [(line.booked, line.amount, line.kind) for line in found.lines] == [
        (date(2026, 11, 5), Decimal("1250.50"), LineKind.CHEQUES),
        (date(2026, 11, 6), Decimal("-15.00"), LineKind.FEE),
    ]


def test_rows_that_are_no_lines_have_their_reason() -> None:
    found = read(
        "Date,Description,Debit,Credit,Account Number\n"
        ",PENDING ACH,,10.00,000123456789\n"
        "11/05/2026,LOCKBOX,5.00,10.00,000123456789\n"
        "11/05/2026,LOCKBOX,,1O.00,000123456789\n"
        "31/05/2026,LOCKBOX,,10.00,000123456789\n"
        "11/05/2026,LOCKBOX,,,000123456789\n"
        "\n"
        "11/05/2026,LOCKBOX,,10.00,000123456789,stray\n"
        "Date,Description,Debit,Credit,Account Number\n"
        "11/05/2026,LOCKBOX,,10.00,000123456789\n"
        "Total,,5.00,20.00,\n"
    )
    assert found.rows_in == 10
    assert {one.row: one.why for one in found.refused} == {
        2: "the date is empty: not booked yet",
        3: "both credit and debit have an amount",
        4: "the credit is not an amount of money",
        5: "the date is not a date",
        6: "neither credit nor debit has an amount",
        7: "blank row",
        8: "the row has filled cells beyond the last heading",
        9: "headings repeated",
        11: "total row",
    }
    (line,) = found.lines
    assert (line.place.where, line.account) == ("row 10", "6789")
    assert "6789" in repr(line)
    assert "LOCKBOX" not in repr(line)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_running_balance_that_does_not_follow_is_told(newest_first: bool) -> None:
    rows = [
        "11/02/2026,A,100.00,1100.00",
        "11/03/2026,B,-30.00,1070.00",
        "11/04/2026,C,5.00,1075.00",
    ]
    heading = "Date,Description,Amount,Balance\n"

    def text(lines: list[str]) -> str:
        return heading + "\n".join(lines[::-1] if newest_first else lines) + "\n"

    assert read(text(rows)).faults == ()
    rows[1] = "11/03/2026,B,-30.00,1070.01"
    (fault,) = read(text(rows)).faults
    assert "off by $0.01" in fault
    (fault,) = read(text([rows[0], "11/04/2026,C,5.00,1075.00"])).faults
    assert "off by $30.00" in fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "none of the first 40 rows holds the headings"),
        ("Description,Amount\nx,1.00\n", "row 1: no column is the date"),
        ("Date,Description\n11/05/2026,x\n", "row 1: no column is the amount"),
        (
            "Date,Amount,Transaction Amount\n11/05/2026,1.00,1.00\n",
            "two columns could be the amount",
        ),
        ("", "empty"),
    ],
)
def test_a_file_that_is_no_list_of_lines_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=r"bank\.csv") as refused:
        read(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


amounts = st.integers(-10_000_00, 10_000_00).filter(bool).map(lambda n: Decimal(n).scaleb(-2))
rows = st.lists(st.tuples(st.integers(0, 400), amounts, st.text("ABC ,\"'=\n", max_size=12)))


@settings(max_examples=80, deadline=None)
@given(rows, st.sampled_from(["signed", "two", "word"]), st.sampled_from(",;\t|"))
def test_what_is_written_is_read(
    written: list[tuple[int, Decimal, str]], shape: str, delimiter: str
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    money = {"signed": ["Amount"], "two": ["Debit", "Credit"], "word": ["Amount", "CR/DR"]}[shape]
    writer.writerow(["Posted Date", *money, "Description"])
    expected = []
    for days, amount, text in written:
        day = date(2026, 1, 1) + timedelta(days)
        sides = ["" if amount > 0 else f"{-amount:,}", f"{amount:,}" if amount > 0 else ""]
        cells = {
            "signed": [f"{amount:,}"],
            "two": sides,
            "word": [f"{abs(amount)}", "CR" if amount > 0 else "DR"],
        }[shape]
        writer.writerow([f"{day:%m/%d/%Y}", *cells, text])
        expected.append((day, amount))
    if not written:
        return
    found = read(stream.getvalue())
    assert found.refused == ()
    assert [(line.booked, line.amount) for line in found.lines] == expected
