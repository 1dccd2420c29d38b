"""What became of each announced payment and each line of the bank, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from billing.actions import MONEY_USUAL
from billing.bank import BankLine, LineKind
from billing.banking_days import is_banking_day
from billing.model import Evidence
from billing.money import ZERO, usd
from billing.received_payments import Received, bare_trace

STALE_DAYS = 180
"""A cheque this old is asked for anew. (scribd.com 753500349, AR follow-up: about six months)"""

MOST_FEE = Decimal("0.05")
"""The share of a payment up to which a shortfall may be an EFT vendor's fee (1.5 to 5 %)."""

_CLAIM_MONEY = "HCCLAIMPMT"  # NACHA's company entry description of healthcare claim payments


class DepositKind(StrEnum):
    """What came of a payment, or of a line of the bank."""

    DEPOSITED = "deposited"
    BATCHED = "deposited-in-batch"
    BY_AMOUNT = "deposited-by-amount"
    FEE_WITHHELD = "fee-withheld"
    AMOUNT_DIFFERS = "deposit-differs"
    DEPOSITED_TWICE = "deposited-twice"
    RETURNED = "deposit-returned"
    SEVERAL_FIT = "several-deposits-fit"
    MISSING = "money-missing"
    UNCASHED = "cheque-uncashed"
    WAITING = "money-not-due"
    NOT_COVERED = "outside-the-bank-file"
    NO_MONEY = "no-money-due"
    NO_REMITTANCE = "eft-without-remittance"
    UNEXPLAINED = "deposit-unexplained"
    RETURN_UNEXPLAINED = "return-unexplained"
    BANK_FEE = "bank-fee"
    UNRELATED = "other-movement"


SETTLED = frozenset({DepositKind.DEPOSITED, DepositKind.BATCHED, DepositKind.BY_AMOUNT})
"""The money is there to the cent."""

QUIET = SETTLED | {
    DepositKind.WAITING,
    DepositKind.NO_MONEY,
    DepositKind.BANK_FEE,
    DepositKind.UNRELATED,
}
"""Kinds that ask nothing of anybody."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One announced payment; ``method`` is BPR04, empty where unknown. ``places`` are where its
    amount stands, one for each document that states it; ``key`` is what makes it this payment."""

    trace_number: str
    amount: Decimal
    payment_date: date
    method: str = ""
    payer: str = ""
    places: tuple[Evidence, ...] = ()
    key: str = ""

    @property
    def bare(self) -> str:
        """The trace number as such numbers are compared."""
        return bare_trace(self.trace_number)

    @property
    def by_cheque(self) -> bool:
        """Whether it is surely a cheque."""
        return self.method == "CHK"


@dataclass(frozen=True, slots=True)
class Deposit:
    """What payments and bank lines have to do with each other; every one is in one such result.

    ``difference`` is what the bank has above what was announced, in dollars; ``dollars`` what is
    at stake: the payments, or the lines where no payment is known.
    """

    kind: DepositKind
    why: str
    dollars: Decimal
    difference: Decimal = ZERO
    payments: tuple[Payment, ...] = ()
    lines: tuple[BankLine, ...] = ()

    @property
    def places(self) -> tuple[Evidence, ...]:
        """Where the announced amounts stand, then where the booked ones do."""
        announced = (place for one in self.payments for place in one.places)
        return (*announced, *(line.place for line in self.lines))


def payments_of(received: Iterable[Received]) -> tuple[Payment, ...]:
    """The payments received, each with the place of its amount in every document that states it.

    Where a person has settled that money moved otherwise, there is no such payment.
    """
    found = []
    for one in received:
        if one.overruled:
            continue
        said = one.remittance
        places = (each.remittance.places.get("amount") for each in one.statements)
        method = next((m for each in one.statements if (m := each.remittance.method)), "")
        found.append(
            Payment(
                said.trace_number,
                said.amount,
                said.payment_date,
                method,
                said.payer,
                tuple(dict.fromkeys(place for place in places if place is not None)),
                one.key,
            )
        )
    return tuple(found)


Held = tuple[Payment, ...]
Booked = tuple[BankLine, ...]


def named_deposit(payments: Held, lines: Booked) -> Deposit:
    """Payments and the lines that name them by their trace numbers."""
    announced = sum((one.amount for one in payments), ZERO)
    fees = sum((one.amount for one in lines if one.kind is LineKind.FEE), ZERO)
    back = tuple(one for one in lines if _goes_back(one, announced))
    booked = sum((one.amount for one in lines), ZERO)
    difference = booked - announced
    named = _numbers(payments)
    if back:
        last = max(one.booked for one in back)
        why = f"{named} was booked, and taken back on {last}: {usd(-difference)} is not there."
        return Deposit(DepositKind.RETURNED, why, announced, difference, payments, lines)
    if not difference:
        kind = DepositKind.DEPOSITED if len(payments) == 1 else DepositKind.BATCHED
        held = f"{named} is in the bank" if len(payments) == 1 else f"{named} are in one deposit"
        return Deposit(kind, f"{held}: {usd(announced)}.", announced, ZERO, payments, lines)
    if fees and difference == fees:
        why = f"{named} is in the bank, and a fee of {usd(-fees)} was taken under its number."
        return Deposit(DepositKind.FEE_WITHHELD, why, announced, difference, payments, lines)
    if len(lines) > 1 and all(one.amount == announced for one in lines):
        why = f"{named} was announced once and is booked {len(lines)} times."
        return Deposit(DepositKind.DEPOSITED_TWICE, why, announced, difference, payments, lines)
    if is_fee(-difference, announced):
        return short_deposit(payments, lines, f"under {named}")
    why = (
        f"{named} was announced as {usd(announced)} and booked as {usd(booked)}, "
        f"{usd(abs(difference))} apart."
    )
    return Deposit(DepositKind.AMOUNT_DIFFERS, why, announced, difference, payments, lines)


def summed_deposit(payments: Held, lines: Booked) -> Deposit:
    """A deposit that names nothing, and the only payments that add up to it."""
    (line,) = lines
    if len(payments) == 1:
        kind, what = DepositKind.BY_AMOUNT, "the only payment of its amount in those days"
    else:
        kind = DepositKind.BATCHED
        what = f"the only {len(payments)} payments of those days that add up to it"
    why = (
        f"The deposit of {line.booked} names no payment; {_numbers(payments)} "
        f"{'is' if len(payments) == 1 else 'are'} {what}."
    )
    return Deposit(kind, why, line.amount, ZERO, payments, lines)


def unsure_deposit(payments: Held, lines: Booked) -> Deposit:
    """Deposits that name nothing and that several payments, or sets of payments, fit."""
    announced = sum((one.amount for one in payments), ZERO)
    booked = sum((one.amount for one in lines), ZERO)
    if not payments:
        why = "The deposit names no payment, and too many sets of payments add up to it."
        return Deposit(DepositKind.SEVERAL_FIT, why, booked, booked, (), lines)
    together = " Together they agree to the cent." if announced == booked else ""
    why = (
        f"{len(lines)} deposit{'s' * (len(lines) > 1)} without a trace number and "
        f"{len(payments)} payment{'s' * (len(payments) > 1)} fit each other in more than one way."
        f"{together}"
    )
    return Deposit(DepositKind.SEVERAL_FIT, why, booked, booked - announced, payments, lines)


def unsure_payment(payments: Held, lines: Booked, *, among: int) -> Deposit:
    """A payment that may be in one of ``among`` deposits, which name nothing."""
    announced = sum((one.amount for one in payments), ZERO)
    why = (
        f"No line of the bank names {_numbers(payments)}; it may be in one of {among} deposits "
        "that name no payment, or in none."
    )
    return Deposit(DepositKind.SEVERAL_FIT, why, announced, -announced, payments, lines)


def short_deposit(payments: Held, lines: Booked, how: str) -> Deposit:
    """A deposit below what was announced, by no more than a fee may take."""
    announced = sum((one.amount for one in payments), ZERO)
    booked = sum((one.amount for one in lines), ZERO)
    short = announced - booked
    share = (short / announced * 100).quantize(Decimal("0.01"))
    why = (
        f"{_numbers(payments)} was announced as {usd(announced)} and booked as {usd(booked)} {how}"
        f": {usd(short)} less ({share} %), as when a fee is withheld."
    )
    return Deposit(DepositKind.FEE_WITHHELD, why, announced, -short, payments, lines)


def returned_deposits(result: Deposit, returns: Mapping[int, Booked]) -> tuple[Deposit, ...]:
    """``result`` without the payments that came back, by position, and a result for each of them.

    What is left of a batch keeps the deposit's line: what came back is told beside it.
    """
    if not returns:
        return (result,)
    found = []
    alone = len(result.payments) == 1
    for at, lines in returns.items():
        payment = result.payments[at]
        on = lines[0].booked
        why = f"{payment.trace_number} was booked, and the bank took it back on {on}."
        booked = (*result.lines, *lines) if alone else lines
        found.append(
            Deposit(DepositKind.RETURNED, why, payment.amount, -payment.amount, (payment,), booked)
        )
    left = tuple(one for at, one in enumerate(result.payments) if at not in returns)
    if left:
        dollars = sum((one.amount for one in left), ZERO)
        found.insert(0, replace(result, payments=left, dollars=dollars))
    return tuple(found)


def may_come_back(result: Deposit, payment: Payment, line: BankLine) -> bool:
    """Whether a returned item may be of this payment, which is settled."""
    return (
        result.kind in SETTLED
        and payment.amount == -line.amount
        and all(one.booked <= line.booked for one in result.lines)
    )


def without_money(payment: Payment, covered: Collection[date]) -> Deposit:
    """A payment that no line of the bank is for."""
    paid, number = payment.payment_date, _numbers((payment,))

    def found(kind: DepositKind, why: str) -> Deposit:
        difference = ZERO if kind is DepositKind.NO_MONEY else -payment.amount
        return Deposit(kind, why, payment.amount, difference, (payment,))

    if not payment.amount:
        return found(DepositKind.NO_MONEY, f"{number} pays nothing.")
    last = max(covered, default=paid)
    if not covered or paid > last:
        ends = f"end on {last}" if covered else "hold no day"
        return found(DepositKind.WAITING, f"{number} is of {paid}, and the bank's files {ends}.")
    until = min(paid + timedelta(MONEY_USUAL.days), last)
    days = (paid + timedelta(n) for n in range((until - paid).days + 1))
    lacking = [day for day in days if is_banking_day(day) and day not in covered]
    if lacking:
        why = f"{number} is of {paid}, and the bank's files lack {len(lacking)} banking days "
        return found(DepositKind.NOT_COVERED, f"{why}from then on, the first {lacking[0]}.")
    age = (last - paid).days
    if age <= MONEY_USUAL.days:
        why = f"{number} is of {paid}, and the bank's files end on {last}, {age} days on."
        return found(DepositKind.WAITING, why)
    if payment.by_cheque:
        stale = " It is asked for anew after about six months." if age >= STALE_DAYS else ""
        why = f"The cheque {number} of {paid} is not deposited after {age} days.{stale}"
        return found(DepositKind.UNCASHED, why)
    why = f"{number} was announced for {paid}, and nothing is booked after {age} days."
    return found(DepositKind.MISSING, why)


def without_payment(line: BankLine) -> Deposit:
    """A line of the bank that no payment is for."""
    kind, why = _unannounced(line)
    return Deposit(kind, why, line.amount, line.amount if kind not in QUIET else ZERO, (), (line,))


def is_fee(shortfall: Decimal, amount: Decimal) -> bool:
    """Whether a fee may explain that ``shortfall`` dollars of ``amount`` are missing."""
    return 0 < shortfall <= amount * MOST_FEE


def _unannounced(line: BankLine) -> tuple[DepositKind, str]:
    if line.kind is LineKind.RETURN and line.amount < 0:
        return DepositKind.RETURN_UNEXPLAINED, "A deposit came back, and which is not known."
    if line.kind is LineKind.FEE:
        return DepositKind.BANK_FEE, "The bank's fee."
    if line.amount < 0 or line.kind is LineKind.UNRELATED:
        return DepositKind.UNRELATED, "No payer's money."
    if line.trace_numbers or _CLAIM_MONEY in line.text.upper():
        named = f" {', '.join(line.trace_numbers)}" if line.trace_numbers else ""
        why = f"A payer's EFT{named} is in the bank, and no remittance announces it."
        return DepositKind.NO_REMITTANCE, why
    return DepositKind.UNEXPLAINED, "No remittance announces it; it may be another's money."


def _goes_back(line: BankLine, announced: Decimal) -> bool:
    against = line.amount < 0 < announced or announced < 0 < line.amount
    return against and line.kind is not LineKind.FEE


def _numbers(payments: Held) -> str:
    return ", ".join(one.trace_number for one in payments)
