"""Payments and the bank's lines: every kind of result by a case."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from deposit_samples import COVERED, DAY, line, payment

from billing.bank import BankLine, LineKind
from billing.banking_days import banking_days_later, is_banking_day
from billing.deposit_matching import match_deposits
from billing.deposits import Deposit, DepositKind, Payment, payments_of
from billing.model import Channel, Evidence, Remittance
from billing.received_payments import Statement, gather


def one(payments: list[Payment], lines: list[BankLine]) -> Deposit:
    (result,) = match_deposits(payments, lines, covered=COVERED)
    return result


def test_a_trace_number_and_the_same_amount() -> None:
    found = one([payment("0812345678", "150.00")], [line("150.00", trace="812345678")])
    assert (found.kind, found.dollars, found.difference) == (
        DepositKind.DEPOSITED,
        Decimal("150.00"),
        0,
    )
    assert [place.where for place in found.places] == ["0812345678", "row 1"]


@pytest.mark.parametrize("text", ["CHECK 00041877", "CHK#41877 DEPOSIT", "MOBILE DEP 41877"])
def test_a_cheques_number_in_the_banks_words(text: str) -> None:
    cheque = payment("00041877", "90.10", method="CHK")
    found = one([cheque], [line("90.10", LineKind.CHEQUES, text=text, after=16)])
    assert found.kind is DepositKind.DEPOSITED


def test_a_short_number_with_another_amount_is_chance() -> None:
    found = match_deposits(
        [payment("1877", "90.10", method="CHK")],
        [line("500.00", LineKind.CHEQUES, reference="1877")],
        covered=COVERED,
    )
    assert {one.kind for one in found} == {DepositKind.UNCASHED, DepositKind.UNEXPLAINED}


def test_our_own_cheque_of_the_same_number_is_no_return() -> None:
    found = match_deposits(
        [payment("00041877", "90.10", method="CHK")],
        [line("-90.10", LineKind.OTHER, reference="41877")],
        covered=COVERED,
    )
    assert {one.kind for one in found} == {DepositKind.UNCASHED, DepositKind.UNRELATED}


def test_a_lockbox_deposit_of_several_cheques_by_their_numbers() -> None:
    cheques = [
        payment("00041877", "90.10", method="CHK"),
        payment("00041878", "9.90", method="CHK"),
    ]
    found = one(cheques, [line("100.00", LineKind.CHEQUES, text="CHECKS 41877 41878")])
    assert (found.kind, found.dollars) == (DepositKind.BATCHED, Decimal("100.00"))


def test_a_batch_without_numbers_counts_when_only_one_sum_fits() -> None:
    cheques = [
        payment(f"4000{n}", f"{amount}.00", method="CHK") for n, amount in enumerate((70, 31, 8))
    ]
    found = match_deposits(cheques, [line("101.00", LineKind.CHEQUES, after=3)], covered=COVERED)
    kinds = {one.kind: [p.trace_number for p in one.payments] for one in found}
    assert kinds == {DepositKind.BATCHED: ["40000", "40001"], DepositKind.UNCASHED: ["40002"]}


def test_two_sums_that_fit_are_a_persons() -> None:
    cheques = [
        payment(f"4000{n}", f"{amount}.00", method="CHK")
        for n, amount in enumerate((70, 30, 40, 60))
    ]
    found = one(cheques, [line("100.00", LineKind.CHEQUES, after=3)])
    assert (found.kind, len(found.payments)) == (DepositKind.SEVERAL_FIT, 4)
    assert found.difference == Decimal("-100.00")


def test_amount_and_days_count_when_nothing_else_fits_and_say_so() -> None:
    found = one([payment("812345678", "150.00")], [line("150.00")])
    assert found.kind is DepositKind.BY_AMOUNT
    assert "names no payment" in found.why


def test_two_deposits_of_one_amount_and_two_such_payments() -> None:
    found = one(
        [payment("812345678", "150.00"), payment("812345679", "150.00")],
        [line("150.00"), line("150.00", row=2)],
    )
    assert (found.kind, found.difference) == (DepositKind.SEVERAL_FIT, 0)
    assert "Together they agree to the cent." in found.why


def test_a_trace_number_of_another_payment_is_never_matched_by_amount() -> None:
    found = match_deposits(
        [payment("812345678", "150.00")], [line("150.00", trace="999999999")], covered=COVERED
    )
    assert {one.kind for one in found} == {DepositKind.MISSING, DepositKind.NO_REMITTANCE}


@pytest.mark.parametrize("after", [-7, 9])
def test_an_eft_outside_its_days_is_not_matched_by_amount(after: int) -> None:
    found = match_deposits(
        [payment("812345678", "150.00")], [line("150.00", after=after)], covered=COVERED
    )
    assert {one.kind for one in found} == {DepositKind.MISSING, DepositKind.UNEXPLAINED}


@pytest.mark.parametrize(
    ("lines", "difference"),
    [
        ([line("147.00", trace="812345678")], "-3.00"),
        ([line("147.00")], "-3.00"),
        (
            [line("150.00", trace="812345678"), line("-3.00", LineKind.FEE, trace="812345678")],
            "-3.00",
        ),
        (
            [
                line("150.00", trace="812345678"),
                line("-2.50", LineKind.FEE, text="EFT FEE 812345678"),
            ],
            "-2.50",
        ),
    ],
)
def test_a_fee_withheld_is_told_to_the_cent(lines: list[BankLine], difference: str) -> None:
    found = one([payment("812345678", "150.00")], lines)
    assert (found.kind, found.difference) == (DepositKind.FEE_WITHHELD, Decimal(difference))
    assert f"${difference[1:]}" in found.why


@pytest.mark.parametrize("amount", ["150.01", "140.00", "15.00"])
def test_a_difference_no_fee_explains(amount: str) -> None:
    found = one([payment("812345678", "150.00")], [line(amount, trace="812345678")])
    assert found.kind is DepositKind.AMOUNT_DIFFERS
    assert found.difference == Decimal(amount) - Decimal("150.00")


def test_deposited_twice() -> None:
    lines = [line("150.00", trace="812345678"), line("150.00", trace="812345678", after=2, row=2)]
    found = one([payment("812345678", "150.00")], lines)
    assert (found.kind, found.difference) == (DepositKind.DEPOSITED_TWICE, Decimal("150.00"))


@pytest.mark.parametrize("reference", ["00041877", ""])
def test_a_cheque_that_came_back(reference: str) -> None:
    lines = [
        line("90.10", LineKind.CHEQUES, reference="41877"),
        line("-90.10", LineKind.RETURN, reference=reference, after=5, row=2),
    ]
    found = one([payment("00041877", "90.10", method="CHK")], lines)
    assert (found.kind, found.difference) == (DepositKind.RETURNED, Decimal("-90.10"))
    assert "2026-09-13" in found.why


def test_of_two_deposits_of_one_amount_the_one_that_is_named_came_back() -> None:
    cheques = [payment(f"0004187{n}", "90.10", method="CHK") for n in (7, 8)]
    lines = [line("90.10", LineKind.CHEQUES, reference=f"4187{n}", row=n) for n in (7, 8)]
    back = line("-90.10", LineKind.RETURN, reference="41878", after=5, row=9)
    found = {one.kind: one for one in match_deposits(cheques, [*lines, back], covered=COVERED)}
    assert set(found) == {DepositKind.DEPOSITED, DepositKind.RETURNED}
    assert found[DepositKind.RETURNED].payments == (cheques[1],)
    unnamed = match_deposits(
        cheques,
        [*lines, line("-90.10", LineKind.RETURN, after=5, row=9)],
        covered=COVERED,
    )
    assert [one.kind for one in unnamed][-1] is DepositKind.RETURN_UNEXPLAINED


def test_a_riddle_of_many_pieces_is_shown_piece_by_piece() -> None:
    cheques = [payment(f"4000{n}", "10.00", method="CHK") for n in range(9)]
    found = match_deposits(cheques, [line("20.00", LineKind.CHEQUES)], covered=COVERED)
    assert {one.kind for one in found} == {DepositKind.SEVERAL_FIT}
    assert sorted((len(one.payments), len(one.lines)) for one in found) == [(0, 1)] + [(1, 0)] * 9
    assert "it may be in one of" in found[0].why


def test_one_cheque_of_a_batch_came_back() -> None:
    cheques = [
        payment("00041877", "90.10", method="CHK"),
        payment("00041878", "9.90", method="CHK"),
    ]
    lines = [
        line("100.00", LineKind.CHEQUES, text="CHECKS 41877 41878"),
        line("-9.90", LineKind.RETURN, after=5, row=2),
    ]
    found = {one.kind: one for one in match_deposits(cheques, lines, covered=COVERED)}
    assert set(found) == {DepositKind.BATCHED, DepositKind.RETURNED}
    assert found[DepositKind.RETURNED].payments == (cheques[1],)
    assert found[DepositKind.BATCHED].dollars == Decimal("90.10")


def test_an_eft_that_the_payer_took_back() -> None:
    lines = [line("150.00", trace="812345678"), line("-150.00", trace="812345678", after=4)]
    assert one([payment("812345678", "150.00")], lines).kind is DepositKind.RETURNED


@pytest.mark.parametrize(
    ("method", "on", "kind"),
    [
        ("ACH", date(2026, 10, 20), DepositKind.WAITING),
        ("ACH", date(2026, 10, 14), DepositKind.MISSING),
        ("CHK", date(2026, 10, 15), DepositKind.WAITING),
        ("CHK", date(2026, 10, 14), DepositKind.UNCASHED),
        ("ACH", date(2026, 8, 31), DepositKind.NOT_COVERED),
    ],
)
def test_money_that_is_not_there(method: str, on: date, kind: DepositKind) -> None:
    found = one([payment("812345678", "150.00", method=method, on=on)], [])
    assert (found.kind, found.difference) == (kind, Decimal("-150.00"))


def test_a_week_that_no_bank_file_covers_is_not_called_missing_money() -> None:
    holed = COVERED - {date(2026, 9, 14) + timedelta(n) for n in range(5)}
    (found,) = match_deposits([payment("812345678", "150.00")], [], covered=holed)
    assert found.kind is DepositKind.NOT_COVERED
    assert "lack 5 banking days from then on, the first 2026-09-14" in found.why


def test_weekends_and_holidays_need_no_bank_file() -> None:
    banking = {day for day in COVERED if is_banking_day(day)}
    (found,) = match_deposits([payment("812345678", "150.00")], [], covered=banking)
    assert found.kind is DepositKind.MISSING


def test_a_cheque_of_half_a_year_ago_is_asked_for_anew() -> None:
    old = payment("00041877", "90.10", method="CHK", on=date(2026, 3, 2))
    (found,) = match_deposits(
        [old], [], covered={date(2026, 1, 1) + timedelta(n) for n in range(303)}
    )
    assert found.kind is DepositKind.UNCASHED
    assert "six months" in found.why


@pytest.mark.parametrize(
    ("booked", "kind"),
    [
        (line("10.00", trace="99"), DepositKind.NO_REMITTANCE),
        (line("10.00", text="HCCLAIMPMT PLAN"), DepositKind.NO_REMITTANCE),
        (line("10.00", LineKind.CHEQUES), DepositKind.UNEXPLAINED),
        (line("10.00", LineKind.UNRELATED), DepositKind.UNRELATED),
        (line("-10.00", LineKind.OTHER), DepositKind.UNRELATED),
        (line("-10.00", LineKind.FEE), DepositKind.BANK_FEE),
        (line("-10.00", LineKind.RETURN), DepositKind.RETURN_UNEXPLAINED),
    ],
)
def test_money_that_nobody_announced(booked: BankLine, kind: DepositKind) -> None:
    assert one([], [booked]).kind is kind


def test_a_payment_of_nothing_is_not_waited_for() -> None:
    assert one([payment("NP1", "0.00", method="NON")], []).kind is DepositKind.NO_MONEY


def test_what_a_payer_takes_is_matched_with_the_debit() -> None:
    found = one([payment("812345678", "-40.00")], [line("-40.00")])
    assert (found.kind, found.difference) == (DepositKind.BY_AMOUNT, 0)


def test_a_payment_of_two_documents_has_the_place_of_each() -> None:
    def stated(sha256: str, trace: str, method: str) -> Statement:
        place = {"amount": Evidence(sha256, "here")}
        said = Remittance(trace, method, Decimal("5.00"), DAY, "P", "", (), places=place)
        return Statement(said, sha256, 0, Channel.EOB, "run", datetime(2026, 9, 9, tzinfo=UTC))

    received = gather("P|123", [stated("a", "00123", ""), stated("b", "123", "CHK")])
    (found,) = payments_of([received])
    assert (found.method, [place.sha256 for place in found.places]) == ("CHK", ["a", "b"])
    assert found.key == "P|123"


def test_banking_days_leave_out_weekends_and_holidays() -> None:
    assert not is_banking_day(date(2026, 11, 26))  # Thanksgiving
    assert not is_banking_day(date(2027, 7, 5))  # July 4 is a Sunday
    assert is_banking_day(date(2026, 7, 3))  # July 4 is a Saturday: not moved
    assert banking_days_later(date(2026, 11, 25), 1) == date(2026, 11, 27)
    assert banking_days_later(date(2026, 11, 30), -2) == date(2026, 11, 25)
