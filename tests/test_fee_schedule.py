"""Contract prices: the file as it must be, and what was allowed against it to the cent."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from reconcile_samples import (
    CLAIM,
    EOB,
    PAID,
    RULES,
    TODAY,
    adjust,
    agreeing,
    eob,
    portal,
    remitted,
)
from test_post_box import answered, desk, inquiries, payment_file, post_box, status_file

from billing.errors import ProfileError
from billing.fee_schedule import ContractFee, FeeSchedule, price_lines
from billing.model import Conclusion, RemittedClaim, ServiceLine
from billing.reconcile import Background, conclude
from bots.fee_schedule import load_fee_schedule
from bots.profile import load_profile

__all__ = ["desk"]

HEADING = "procedure,modifiers,contract,from,to,allowed"
SHA = "f" * 64


def written(folder: Path, *rows: str, heading: str = HEADING) -> Path:
    path = folder / "fee_schedule.csv"
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    return path


def fee(allowed: str, row: int = 2, **changes: Any) -> ContractFee:
    plain = ContractFee("G0463", frozenset(), None, date(2026, 1, 1), None, Decimal(allowed), row)
    return replace(plain, **changes)


def schedule(*fees: ContractFee) -> FeeSchedule:
    return FeeSchedule(SHA, fees)


def priced(*lines: ServiceLine) -> RemittedClaim:
    return remitted(lines)


def one(charge: str, *codes: str, **changes: Any) -> ServiceLine:
    """A line of our claim that balances."""
    taken = adjust(*codes)
    paid = Decimal(charge) - sum((each.amount for each in taken), Decimal(0))
    plain = ServiceLine("G0463", CLAIM.service_from, Decimal(charge), paid, adjustments=taken)
    return replace(plain, **changes)


def found(claim: RemittedClaim, *fees: ContractFee, **changes: Any) -> Conclusion:
    return conclude(
        replace(CLAIM, **changes),
        [portal(agreeing(claim)), eob(claim)],
        RULES,
        today=TODAY,
        beside=Background(fees=schedule(*fees)),
    )


def kinds(conclusion: Conclusion) -> dict[str, Decimal]:
    return {each.kind: each.dollars for each in (conclusion.finding, *conclusion.others)}


# The file.


def test_a_schedule_is_read_row_by_row(tmp_path: Path) -> None:
    read = load_fee_schedule(
        written(
            tmp_path,
            "G0463,,*,2026-01-01,,84.50",
            'j1885,RR kx,"Gold, open",2026-01-01,2026-06-30,"1,200.00"',
            "G0463,*,Silver,2026-01-01,,70",
        )
    )
    assert read.fees == (
        ContractFee("G0463", frozenset(), None, date(2026, 1, 1), None, Decimal("84.50"), 2),
        ContractFee(
            "J1885",
            frozenset({"RR", "KX"}),
            "Gold, open",
            date(2026, 1, 1),
            date(2026, 6, 30),
            Decimal("1200.00"),
            3,
        ),
        ContractFee("G0463", None, "Silver", date(2026, 1, 1), None, Decimal("70.00"), 4),
    )


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("G46,,*,2026-01-01,,1.00", "procedure is 'G46'"),
        ("G0463,KXX,*,2026-01-01,,1.00", "modifiers is 'KXX'"),
        ("G0463,,,2026-01-01,,1.00", "contract is empty"),
        ("G0463,,*,01/01/2026,,1.00", "from is '01/01/2026'"),
        ("G0463,,*,2026-01-01,soon,1.00", "to is 'soon'"),
        ("G0463,,*,2026-02-01,2026-01-01,1.00", "turn them round"),
        ("G0463,,*,2026-01-01,,1.005", "allowed is '1.005'"),
        ("G0463,,*,2026-01-01,,-1.00", "allowed is '-1.00'"),
        ("G0463,,*,2026-01-01,,", "allowed is ''"),
        ("G0463,,*,2026-01-01", "has not 6 cells"),
        ("G0463,,*,2026-01-01,,1.00,2", "has not 6 cells"),
    ],
)
def test_what_is_wrong_is_told_with_file_row_and_what_is_allowed(
    row: str, fault: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "G0463,,*,2026-01-01,,84.50", row)
    with pytest.raises(ProfileError) as told:
        load_fee_schedule(path)
    assert f"{path}:3: " in str(told.value)
    assert fault in str(told.value)


def test_another_heading_and_an_empty_schedule_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="the columns are procedure, modifiers"):
        load_fee_schedule(written(tmp_path, heading="code,price"))
    with pytest.raises(ProfileError, match="holds no row"):
        load_fee_schedule(written(tmp_path))
    path = written(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match="is not UTF-8"):
        load_fee_schedule(path)


def test_a_payers_folder_may_hold_one(tmp_path: Path) -> None:
    source = next((PROJECT / "payer_profiles").glob("blue-*"))
    folder = tmp_path / source.name
    shutil.copytree(source, folder)
    assert load_profile(folder).fees is None
    before = load_profile(folder).sha256
    written(folder, "G0463,,*,2026-01-01,,84.50")
    profile = load_profile(folder)
    assert profile.fees is not None
    assert profile.fees.fees[0].allowed == Decimal("84.50")
    assert profile.sha256 == before  # prices are no part of what lets a bot in


# Against a remittance.


def test_a_line_below_the_contract_is_told_to_the_cent_with_its_row() -> None:
    claim = priced(one("200.00", "CO-45 50.01", "PR-2 10.00", units=Decimal(2)))
    told = found(claim, fee("75.00", row=12))
    assert told.finding.kind == "paid-not-posted"
    (under,) = told.others[:1]
    assert (under.kind, under.dollars) == ("underpaid", Decimal("0.01"))
    assert under.why == (
        "$0.01 less than the contract: line 1 (G0463): allowed $149.99, by contract $150.00 "
        "(2 x $75.00, row 12 of the fee schedule)."
    )
    assert under.due == date(2027, 1, 31)
    assert set(under.observed) == {EOB, SHA}
    assert SHA in told.evidence
    assert told.places["fee_schedule.row 12"].where == "row 12"


def test_more_than_the_contract_is_told_too() -> None:
    told = found(priced(one("200.00", "CO-45 40.00")), fee("150.00"))
    assert kinds(told)["paid-above-contract"] == Decimal("10.00")
    assert "underpaid" not in kinds(told)


def test_an_underpaid_claim_that_is_posted_is_first_of_all_underpaid() -> None:
    told = found(priced(one("200.00", "CO-45 60.00")), fee("150.00"), balance=Decimal("0.00"))
    assert (told.finding.kind, told.finding.dollars) == ("underpaid", Decimal("10.00"))


@pytest.mark.parametrize(
    "line",
    [
        one("200.00", "CO-45 50.00"),
        one("200.00", "CO-45 50.00", "PR-1 150.00"),
        one("200.00", "CO-45 50.00", "CO-253 3.00"),  # taken from the payment, not from the price
        one("200.00", "CO-45 40.00", allowed=Decimal("150.00")),  # a stated amount counts
        one("120.00"),  # no more than the charge
        one("200.00", "CO-45 60.00", procedure="J1885"),  # no row
        one("200.00", "CO-45 60.00", modifiers=("RR",)),  # the row is for lines without any
        one("200.00", "CO-45 60.00", service_date=date(2025, 12, 31)),  # not in force yet
        one("200.00", "CO-97 200.00"),  # refused
        one("200.00", "CO-9999 60.00"),  # not known to us
    ],
)
def test_what_is_as_agreed_or_cannot_be_compared_is_not_told(line: ServiceLine) -> None:
    told = price_lines(CLAIM, priced(line), schedule(fee("150.00")))
    assert told == ()


def test_a_claim_decided_after_another_payer_is_not_compared() -> None:
    claim = priced(one("200.00", "CO-45 60.00"))
    assert price_lines(CLAIM, claim, schedule(fee("150.00")))
    assert not price_lines(CLAIM, replace(claim, status="2"), schedule(fee("150.00")))


def test_modifiers_are_the_same_set_in_any_order() -> None:
    row = fee("90.00", modifiers=frozenset({"RR", "KX"}))
    line = one("200.00", "CO-45 100.00", modifiers=("kx", "RR"))
    assert kinds(found(priced(line), fee("150.00"), row))["paid-above-contract"] == Decimal("10.00")


def test_rows_that_fit_and_differ_are_a_persons() -> None:
    line = one("200.00", "CO-45 60.00")
    told = found(priced(line), fee("150.00", 4), fee("140.00", 9, modifiers=None))
    assert "underpaid" not in kinds(told)
    (unclear,) = [each for each in told.others if each.kind == "contract-unclear"]
    assert "rows 4 and 9" in unclear.why
    assert unclear.needs_person
    same = found(priced(line), fee("140.00", 4), fee("140.00", 9, modifiers=None))
    assert "contract-unclear" not in kinds(same)


def test_the_contract_of_the_claim_chooses_its_rows() -> None:
    gold, silver = fee("150.00", 2, contract="Gold"), fee("140.00", 3, contract="Silver PPO")
    claim = priced(one("200.00", "CO-45 60.00"))
    assert kinds(found(claim, gold, silver, contract="gold"))["underpaid"] == Decimal("10.00")
    assert set(kinds(found(claim, gold, silver, contract="SILVER  ppo"))) == {"paid-not-posted"}
    assert "contract-unclear" in kinds(found(claim, gold, silver))
    assert set(kinds(found(claim, gold, silver, contract="Bronze"))) == {"paid-not-posted"}


def test_a_code_that_lowers_the_price_leaves_the_line_to_a_person() -> None:
    told = found(priced(one("200.00", "CO-45 50.00", "CO-59 75.00")), fee("150.00"))
    (unclear,) = [each for each in told.others if each.kind == "contract-unclear"]
    assert "CO-59 lowered" in unclear.why


cents = st.integers(1, 500_000)


@given(charge=cents, price=cents, units=st.integers(1, 9), off=cents, shared=cents)
def test_the_gap_is_contract_less_allowed_whoever_bears_it(
    charge: int, price: int, units: int, off: int, shared: int
) -> None:
    """Counted in whole cents; what the patient bears changes nothing."""
    off = min(off, charge)
    shared = min(shared, charge - off)
    line = one(
        f"{Decimal(charge) / 100:.2f}",
        f"CO-45 {Decimal(off) / 100:.2f}",
        f"PR-1 {Decimal(shared) / 100:.2f}",
        units=Decimal(units),
    )
    told = price_lines(CLAIM, priced(line), schedule(fee(f"{Decimal(price) / 100:.2f}")))
    gap = min(charge, units * price) - (charge - off)
    assert [each.gap * 100 for each in told] == ([gap] if gap else [])


def test_a_claim_without_a_schedule_is_as_before() -> None:
    plain = conclude(CLAIM, [portal(agreeing(PAID)), eob(PAID)], RULES, today=TODAY)
    assert plain == found(PAID, fee("1.00", procedure="J1885"))


def test_a_payment_through_the_post_box_is_held_against_the_schedule(desk: Path) -> None:
    """End to end: the file's row is evidence in the ledger, and the answers say what it shows."""
    post_box(desk)
    asked = inquiries(desk)[0]
    for folder in (desk / "profiles").iterdir():
        written(folder, "G0463,*,*,2020-01-01,,1.00")
    charge = asked["charge"]
    (desk / "in" / "one.277").write_bytes(status_file([answered(asked, "F1:65", "N1", charge)]))
    (desk / "in" / "one.835").write_bytes(payment_file(asked, "N1"))
    _, _, answers = post_box(desk)
    answer = answers[asked["claim"]]
    (above,) = [each for each in answer["also"] if each["finding"] == "paid-above-contract"]
    assert Decimal(above["dollars"]) == Decimal(charge) - 1
    prices = next((desk / "profiles").glob("*/fee_schedule.csv")).read_bytes()
    assert hashlib.sha256(prices).hexdigest() in answer["evidence"]
