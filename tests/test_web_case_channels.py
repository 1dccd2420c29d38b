"""A case's channels beside each other: portal, 835, bank and billing system, agreed or apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_samples import NOW, begin, claim, conclusion, paid
from web_console import desk_over
from x12_samples import delimited, interchange

from billing.model import Outcome
from console.web.case_page import CaseFile
from flows.receiving import receive_file
from flows.settings import load_settings

ERA = (
    "ST*835*0001",
    "BPR*I*{amount}*C*ACH************20261105",
    "TRN*1*812345678*1999999999",
    "N1*PR*ACME",
    "N1*PE*LARKSPUR FAMILY MEDICINE*XX*1234567893",
    "LX*1",
    "CLP*C00001*1*100*{amount}**12*P1",
    "CAS*CO*45*{rest}",
    "NM1*QC*1*DOE*JANE****MI*MBR777",
    "SE*10*0001",
)
BANK = (
    "Posting Date,Description,Amount\n"
    "11/02/2026,INTEREST,0.10\n"
    "11/06/2026,HCCLAIMPMT TRN*1*812345678*1999999999~,{booked}\n"
    "11/24/2026,INTEREST,0.12\n"
)
Told = Callable[..., CaseFile]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A case of which the portal says that $80.00 were paid, with an 835 and a bank's line."""

    def tell(remitted: str | None = None, booked: str | None = None) -> CaseFile:
        desk = desk_over(tmp_path / "home")
        ledger = desk.ledger
        begin(ledger, claims=[replace(claim(1), insurance_paid=Decimal("0.00"))])
        item = ledger.lease_item("night-1", "acme", "worker", seconds=60, now=NOW)
        assert item is not None
        concluded = replace(
            conclusion(Outcome.PAID), paid=Decimal("80.00"), payer_claim_number="P1"
        )
        assert ledger.settle(
            item.item_id,
            item.fence,
            observations=[paid(ledger.store(b"page", "text/html"))],
            conclusion=concluded,
            postings=[],
            seconds=Decimal(1),
            at=NOW,
        )
        ledger.finish_sweep("night-1", NOW + timedelta(hours=1))
        ledger.take_up(desk.today())
        if remitted is not None:
            rest = str(100 - Decimal(remitted))
            segments = [one.format(amount=remitted, rest=rest) for one in ERA]
            data = delimited(interchange([segments]))
            settings = replace(load_settings(), home=ledger.home)
            assert receive_file(ledger, settings, {}, data, "a.835", "night-1") == []
        if booked is not None:
            sha256 = ledger.store(BANK.format(booked=booked).encode(), "text/csv")
            ledger.receive_bank_file(sha256, "bank.csv", NOW)
        return CaseFile(desk, ledger.case(1))

    return tell


def cells(file: CaseFile, name: str) -> dict[str, str]:
    row = next(one for one in file.rows if one.name == name)
    pairs = zip(file.columns, row.cells, strict=True)
    return {column.source: cell.text for column, cell in pairs if cell is not None}


def test_portal_835_bank_and_billing_system_stand_side_by_side(told: Told) -> None:
    file = told("80", "80.00")
    assert cells(file, "paid") == {
        "concluded": "$80.00",
        "biller": "$0.00 posted",
        "portal": "$80.00",
        "835": "$80.00",
        "bank": "$80.00 in the bank",
    }
    assert cells(file, "trace_number") == {"835": "812345678", "bank": "812345678"}
    assert cells(file, "payment_date")["bank"] == "booked Nov 6, 2026"
    assert [row.name for row in file.rows if row.apart] == []
    assert [name for name, _ in file.silent] == ["Clearinghouse (277)", "EOB document"]


def test_an_835_that_says_otherwise_stands_apart(told: Told) -> None:
    file = told("80.01")
    (row,) = [one for one in file.rows if one.apart]
    assert (row.name, row.apart) == ("paid", "$0.01 apart")
    assert {file.columns[n].source for n in row.odd} == {"portal", "835"}


def test_a_deposit_that_is_short_says_by_how_much(told: Told) -> None:
    file = told("80", "79.00")
    bank = next(one for one in file.columns if one.source == "bank")
    assert re.search(r"\$79\.00", bank.cells["paid"].text)
    assert "$1.00 less" in bank.state


def test_what_nobody_was_asked_is_told_with_its_reason(told: Told) -> None:
    file = told()
    silent = dict(file.silent)
    assert silent["835"] == "No file received so far holds this claim."
    assert silent["Bank"] == "No bank file was ever given."
    assert "portal" in cells(file, "charge")
