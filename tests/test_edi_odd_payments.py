"""Odd payments within good files: each is read right, or refused with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_edi_odd import REVERSAL, clean, read, text


def paid(body: str, amount: str, *, terms: str = "C*ACH", after: str = "") -> bytes:
    """An 835 whose claims are ``body``, with ``after`` among the segments of its head."""
    head = f"""ST*835*0001
BPR*I*{amount}*{terms}************20260105
TRN*1*T1*1512345678
{after}N1*PR*PLAIN HEALTH
N1*PE*LARKSPUR*XX*1234567893
{body}"""
    count = len(head.splitlines()) + 1
    group = "GS*HP*PAYER*CLINIC*20260105*1200*7*X*005010X221A1"
    return text(f"{group}\n{head}\nSE*{count}*0001\nGE*1*7\nIEA*1*000000007")


CLAIM = "LX*1\nCLP*A*1*100*80*20*12*P1\nCAS*PR*3*20"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (paid(CLAIM, "80", after="BPR*I*1*C*ACH\n"), "Segment 6: BPR02 is another payment"),
        (paid(CLAIM, "80", after="TRN*1*T2\n"), "Segment 6: TRN02 is another trace number"),
        (paid(f"{CLAIM}\nBPR*I*1*C*ACH", "80"), "another payment, among the claims of one"),
        (paid(CLAIM.replace("80", "80.005"), "80"), "CLP04 is not an amount of money"),
        (paid(CLAIM.replace("100", "100-"), "80"), "CLP03 is not an amount of money"),
        (paid(CLAIM.replace("100", "1,00"), "80"), "CLP03 is not an amount of money"),
        (paid(CLAIM.replace("100", "9" * 30), "80"), "CLP03 is not an amount of money"),
        (paid(CLAIM.replace("100", f"{'9' * 30}.00"), "80"), "CLP03 is not an amount of money"),
        (paid(CLAIM, f"{'9' * 5000}.00"), "BPR02 is not an amount of money"),
    ],
)
def test_a_payment_that_contradicts_itself_is_refused(
    data: bytes, says: str, tmp_path: Path
) -> None:
    found = read(data, tmp_path)
    assert (found["payments"], found["envelope"]) == ([], [])
    assert says in " ".join(found["errors"])


def test_a_payment_that_stands_there_twice_is_told(tmp_path: Path) -> None:
    found = read(text(REVERSAL) + text(REVERSAL), tmp_path)
    assert len(found["payments"]) == 2
    (sentence,) = found["errors"]
    assert "trace number and the amount of one before it; post it once" in sentence


def test_a_debit_is_taken_from_the_provider(tmp_path: Path) -> None:
    back = "LX*1\nCLP*A*22*-100*-80**12*P1\nCAS*PR*3*-20"
    (payment,) = clean(paid(back, "80", terms="D*ACH"), tmp_path)["payments"]
    assert (payment["amount"], payment["balanced"]) == ("-80.00", True)


@pytest.mark.parametrize(
    ("service", "procedure", "modifiers"),
    [
        ("HC:G0463:25:59:XU:GT:WORDS:G0464*100*80*0510*1*HC:G0464:25*2", "G0463", 4),
        ("NU:0510*100*80**1", "0510", 0),
        ("N4:12345678901*100*80**1", "12345678901", 0),
        ("HC*100*80*0510*1", "0510", 0),  # a revenue code alone
        ("HC*100*80*187.50*1", "", 0),  # no code at all
    ],
)
def test_a_service_is_named_by_its_composite(
    service: str, procedure: str, modifiers: int, tmp_path: Path
) -> None:
    body = CLAIM.replace("CAS", f"SVC*{service}\nCAS")
    (payment,) = clean(paid(body, "80"), tmp_path)["payments"]
    (line,) = payment["claims"][0]["lines"]
    assert payment["balanced"]
    assert (line["procedure"], len(line["modifiers"])) == (procedure, modifiers)


@pytest.mark.parametrize("day", ["251201", "2025-12-01", "20251301"])
def test_a_service_date_that_is_none_costs_nothing_but_itself(day: str, tmp_path: Path) -> None:
    service = f"SVC*HC:G0463*50*40\nDTM*472*{day}\nCAS*PR*3*10"
    body = CLAIM.replace("CAS*PR*3*20", f"{service}\n{service}")
    found = read(paid(body, "80"), tmp_path)
    (payment,) = found["payments"]
    assert payment["balanced"]
    assert [one["service_date"] for one in payment["claims"][0]["lines"]] == [None, None]
    (sentence,) = found["errors"]
    assert sentence.startswith("Segment 11: DTM02 (a service date) is not a date (2 such in all)")


def test_a_remark_that_is_empty_is_none(tmp_path: Path) -> None:
    body = CLAIM.replace("CAS", "SVC*HC:G0463*100*80\nLQ*HE*\nLQ*HE*N130\nCAS")
    (payment,) = clean(paid(body, "80"), tmp_path)["payments"]
    assert payment["claims"][0]["lines"][0]["remarks"] == ["N130"]
