"""What the ledger knows of money, after a night's portals, an 835 and a bank file."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_samples import NOW, begin, claim, conclusion, paid
from x12_samples import delimited, interchange

from billing.agreement import Agreed, Source, Verdict, may_post
from billing.ledger import Ledger, open_ledger
from billing.model import ClaimStatus, Found, Observation, Outcome
from billing.reconcile.rows import rows_by_number
from bots.reading.x12_envelope import Interchanges
from flows.money import read_money
from flows.posting import candidates
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


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger in which the portal said of claim 1 that $80.00 were paid."""
    opened = open_ledger(tmp_path / "home")
    begin(opened, claims=[claim(1), claim(2)])
    item = opened.lease_item("night-1", "acme", "worker", seconds=60, now=NOW)
    assert item is not None
    observation = paid(opened.store(b"page", "text/html"))
    assert settled(opened, item.item_id, item.fence, observation)
    return opened


def settled(ledger: Ledger, item_id: int, fence: int, observation: Observation) -> bool:
    return ledger.settle(
        item_id,
        fence,
        observations=[observation],
        conclusion=conclusion(Outcome.PAID),
        postings=[],
        seconds=Decimal("1.0"),
        at=NOW,
    )


def receive_835(ledger: Ledger, amount: str = "80") -> str:
    rest = str(100 - Decimal(amount))
    segments = [one.format(amount=amount, rest=rest) for one in ERA]
    data = delimited(interchange([segments]))
    assert list(Interchanges(io.BytesIO(data)))
    settings = replace(load_settings(), home=ledger.home)
    assert receive_file(ledger, settings, {}, data, "a.835", "night-1") == []
    (key,) = [one.key for one in ledger.remittances()]
    return key


def receive_bank(ledger: Ledger, booked: str = "80.00") -> None:
    sha256 = ledger.store(BANK.format(booked=booked).encode(), "text/csv")
    ledger.receive_bank_file(sha256, "bank.csv", NOW)


def weighed(ledger: Ledger, number: int = 1) -> Agreed | None:
    return read_money(ledger, [claim(number)]).agreement(claim(number))


def test_portal_835_and_bank_agree(ledger: Ledger) -> None:
    key = receive_835(ledger)
    receive_bank(ledger)
    found = weighed(ledger)
    assert found is not None
    assert may_post(found), found.why
    assert [one.source for one in found.said] == [Source.PORTAL, Source.ERA, Source.BANK]
    assert read_money(ledger, []).doubt(key) == ""
    assert weighed(ledger, 2) is None


@pytest.mark.parametrize(
    ("amount", "booked", "verdict", "said"),
    [
        ("80.01", "80.01", Verdict.CONFLICT, "paid is $80.00 on the portal and $80.01"),
        ("80", "79.00", Verdict.CONFLICT, "fee-withheld, $1.00"),
        ("80", "8.00", Verdict.CONFLICT, "deposit-differs, $72.00"),
    ],
)
def test_a_difference_in_any_channel_is_not_for_posting(
    ledger: Ledger, amount: str, booked: str, verdict: Verdict, said: str
) -> None:
    key = receive_835(ledger, amount)
    receive_bank(ledger, booked)
    found = weighed(ledger)
    assert found is not None
    assert (found.verdict, may_post(found)) == (verdict, False)
    assert said in found.why
    assert bool(read_money(ledger, []).doubt(key)) is (amount != booked.removesuffix(".00"))


def test_until_a_bank_file_is_given_the_bank_is_not_missed(ledger: Ledger) -> None:
    key = receive_835(ledger)
    found = weighed(ledger)
    assert found is not None
    assert may_post(found)
    assert read_money(ledger, []).doubt(key) == ""
    sha256 = ledger.store(BANK.replace("812345678", "999999999").format(booked="1.00").encode(), "")
    ledger.receive_bank_file(sha256, "bank.csv", NOW)
    found = weighed(ledger)
    assert found is not None
    assert (found.verdict, found.missing) == (Verdict.MISSING, (Source.BANK,))
    assert "nothing is booked after 19 days" in read_money(ledger, []).doubt(key)


def test_what_the_newest_sweep_observed_counts(ledger: Ledger) -> None:
    receive_835(ledger)
    begin(ledger, "later", claims=[claim(1)], days=1)
    item = ledger.lease_item("later", "acme", "worker", seconds=60, now=NOW)
    assert item is not None
    before = paid(ledger.store(b"anew", "text/html"))
    assert isinstance(before.answer, Found)
    assert isinstance(before.answer.value, ClaimStatus)
    other = replace(before.answer.value, paid=Decimal("70.00"))
    later = replace(before, answer=Found(other), observed_at=NOW + timedelta(1))
    assert settled(ledger, item.item_id, item.fence, later)
    found = weighed(ledger)
    assert found is not None
    assert (found.verdict, found.difference) == (Verdict.CONFLICT, Decimal("10.00"))


def test_a_bank_file_received_twice_is_kept_once(ledger: Ledger) -> None:
    receive_bank(ledger)
    receive_bank(ledger)
    assert len(ledger.bank_files()) == 1
    assert read_money(ledger, []).repeats == 0


def test_what_the_bank_does_not_bear_out_is_not_proposed(ledger: Ledger) -> None:
    receive_835(ledger)
    entries, held = candidates(ledger, ledger.remittances(), None)
    assert (len(entries), held) == (1, [])
    receive_bank(ledger, "79.00")
    entries, held = candidates(ledger, ledger.remittances(), None)
    assert entries == []
    assert "$1.00 less (1.25 %), as when a fee is withheld" in held[0].why


def test_a_claim_whose_channels_differ_is_not_proposed(ledger: Ledger) -> None:
    receive_835(ledger, "80.01")
    rows = rows_by_number([replace(claim(1), balance=Decimal("100.00"))])
    entries, held = candidates(ledger, ledger.remittances(), rows)
    assert entries == []
    assert held[0].why.startswith("paid is $80.00 on the portal and $80.01 on the remittance")
