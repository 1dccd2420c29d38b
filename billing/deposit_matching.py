"""Payments that payers announced, matched with the bank's lines: trace first, else one sure sum."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from billing.bank import BankLine, LineKind
from billing.banking_days import banking_days_later
from billing.deposit_sums import Ways, ways_to_add_up
from billing.deposits import (
    Booked,
    Deposit,
    Held,
    Payment,
    is_fee,
    may_come_back,
    named_deposit,
    returned_deposits,
    short_deposit,
    summed_deposit,
    unsure_deposit,
    unsure_payment,
    without_money,
    without_payment,
)
from billing.received_payments import bare_trace

EFT_EARLY, EFT_LATE = 3, 5
"""Banking days around an EFT's date in which it is booked. (CAQH CORE 370 lets remittance and
money be three apart; two more for the bank.)"""

CHEQUE_LATE = 20
"""Banking days after a cheque's date in which an unnamed deposit may hold it: a month's mail."""

MOST_TOGETHER = 8
"""Payments and deposits that are shown as one riddle; a larger one is shown piece by piece."""

MOST_DAYS = 60
"""Calendar days that hold every window above."""

_WORD = re.compile(r"[A-Z0-9]*\d[A-Z0-9]*")
_SURE_LENGTH = 6


def match_deposits(
    payments: Sequence[Payment], lines: Sequence[BankLine], *, covered: Collection[date]
) -> tuple[Deposit, ...]:
    """Every payment and every line in one result, whatever their order.

    ``covered`` are the days that the bank's files speak of. A trace number decides;
    without one a deposit counts only if its amount and date fit one payment, or one set of
    payments, and these fit no other deposit.
    """
    matching = _Matching(payments, lines)
    results = [*matching.by_trace(), *matching.by_amount(), *matching.short_of_a_fee()]
    results = [*matching.returned(results)]
    results += [without_money(payment, covered) for payment in matching.free_payments()]
    results += [without_payment(line) for line in matching.free_lines()]
    return tuple(results)


class _Matching:
    """Payments and lines by their positions, and which of them are still free."""

    def __init__(self, payments: Sequence[Payment], lines: Sequence[BankLine]) -> None:
        self.payments, self.lines = payments, lines
        self.taken_payments: set[int] = set()
        self.taken_lines: set[int] = set()
        self.dated: dict[date, list[int]] = defaultdict(list)
        for n, payment in enumerate(payments):
            self.dated[payment.payment_date].append(n)

    def free_payments(self) -> list[Payment]:
        """Payments in no result yet."""
        return [one for n, one in enumerate(self.payments) if n not in self.taken_payments]

    def free_lines(self) -> list[BankLine]:
        """Lines in no result yet."""
        return [one for n, one in enumerate(self.lines) if n not in self.taken_lines]

    def take(self, payments: Iterable[int], lines: Iterable[int]) -> tuple[Held, Booked]:
        """The payments and lines of a result, which are free no longer."""
        held, booked = sorted(payments), sorted(lines)
        self.taken_payments.update(held)
        self.taken_lines.update(booked)
        return tuple(self.payments[n] for n in held), tuple(self.lines[n] for n in booked)

    def by_trace(self) -> Iterator[Deposit]:
        """Payments with the lines that name them, directly or through one another."""
        named: dict[str, list[int]] = defaultdict(list)
        for n, payment in enumerate(self.payments):
            named[payment.bare].append(n)
        edges = [
            (n, at)
            for at, line in enumerate(self.lines)
            if line.kind is not LineKind.RETURN
            for n in sorted({n for name in names_of(line) for n in named.get(name, ())})
            if _means(line, self.payments[n])
        ]
        for held, booked in _components(edges):
            if any(self.lines[at].kind is not LineKind.FEE for at in booked):
                yield named_deposit(*self.take(held, booked))

    def by_amount(self) -> Iterator[Deposit]:
        """Lines that one payment, or one set of payments, adds up to and that nothing else fits."""
        fitting: dict[int, tuple[list[int], Ways]] = {}
        for at, line in enumerate(self.lines):
            if at in self.taken_lines or not _may_be_a_payers(line) or line.trace_numbers:
                continue
            held = list(self._fitting(line))
            ways = _ways(line, [self.payments[n].amount for n in held])
            if ways.count:
                fitting[at] = held, ways
        touching: dict[int, set[int]] = defaultdict(set)
        for at, (held, ways) in fitting.items():
            for n in ways.touched:
                touching[held[n]].add(at)
        sure = {
            at
            for at, (held, ways) in fitting.items()
            if ways.count == 1 and all(touching[held[n]] == {at} for n in ways.only)
        }
        for at in sorted(sure):
            held, ways = fitting[at]
            yield summed_deposit(*self.take([held[n] for n in ways.only], [at]))
        rest = [(n, at) for n, ats in touching.items() for at in ats - sure]
        for some, ats in _components(rest):
            if len(some) + len(ats) <= MOST_TOGETHER:
                yield unsure_deposit(*self.take(some, ats))
                continue
            yield from (unsure_payment(*self.take([n], ()), among=len(ats)) for n in sorted(some))
            yield from (unsure_deposit(*self.take((), [at])) for at in sorted(ats))

    def _fitting(self, line: BankLine) -> Iterator[int]:
        """Free payments whose kind and day fit the line."""
        for days in range(-MOST_DAYS, MOST_DAYS):
            for n in self.dated.get(line.booked + timedelta(days), ()):
                payment = self.payments[n]
                if n not in self.taken_payments and payment.amount and _in_time(payment, line):
                    yield n

    def short_of_a_fee(self) -> Iterator[Deposit]:
        """An EFT and a lower deposit that only a fee can bring together, where each is alone."""
        edges = [
            (n, at)
            for at, line in enumerate(self.lines)
            if at not in self.taken_lines and _may_be_a_payers(line) and not line.trace_numbers
            for n in self._fitting(line)
            if not self.payments[n].by_cheque
            and is_fee(self.payments[n].amount - line.amount, self.payments[n].amount)
        ]
        for held, booked in _components(edges):
            if len(held) == len(booked) == 1:
                payments, lines = self.take(held, booked)
                yield short_deposit(
                    payments, lines, "by date, and no trace number says that it is this"
                )

    def returned(self, results: Sequence[Deposit]) -> Iterator[Deposit]:
        """The results, each return item put to the one deposit that it can be of."""
        returns = [
            at
            for at, line in enumerate(self.lines)
            if at not in self.taken_lines and line.kind is LineKind.RETURN and line.amount < 0
        ]
        back: dict[tuple[int, int], list[int]] = defaultdict(list)
        for at in returns:
            line = self.lines[at]
            fitting = [
                (n, index)
                for n, result in enumerate(results)
                for index, payment in enumerate(result.payments)
                if may_come_back(result, payment, line)
            ]
            names = names_of(line)
            named = [(n, i) for n, i in fitting if results[n].payments[i].bare in names]
            hits = named or fitting
            if len(hits) == 1:
                back[hits[0]].append(at)
        for n, result in enumerate(results):
            mine = {index: ats for (of, index), ats in back.items() if of == n and len(ats) == 1}
            lines = {index: self.take((), ats)[1] for index, ats in mine.items()}
            yield from returned_deposits(result, lines)


def names_of(line: BankLine) -> frozenset[str]:
    """Everything in a line that may be a payment's trace number, as they are compared."""
    said = (*line.trace_numbers, *line.references, *_WORD.findall(line.text.upper()))
    return frozenset(map(bare_trace, said)) - {"0"}


def _means(line: BankLine, payment: Payment) -> bool:
    """Whether a line that holds the trace number means it: a short number may be by chance."""
    if payment.bare in map(bare_trace, line.trace_numbers):
        return True
    if line.trace_numbers or line.kind is LineKind.UNRELATED:
        return False
    long = len(payment.bare) >= _SURE_LENGTH
    if line.kind is LineKind.FEE:
        return long
    against = (line.amount > 0) != (payment.amount > 0)
    if line.kind is not LineKind.RETURN and against and line.kind is not LineKind.EFT:
        return False  # a cheque of our own may bear the number of a payer's
    return long or abs(line.amount) == abs(payment.amount)


def _may_be_a_payers(line: BankLine) -> bool:
    return line.kind in (LineKind.EFT, LineKind.CHEQUES, LineKind.OTHER) and (
        line.amount > 0 or line.kind is LineKind.EFT
    )


def _in_time(payment: Payment, line: BankLine) -> bool:
    """Whether payment and line are of one kind and their days fit."""
    cheque = payment.by_cheque or (not payment.method and line.kind is not LineKind.EFT)
    known = payment.method and line.kind is not LineKind.OTHER
    if known and payment.by_cheque != (line.kind is LineKind.CHEQUES):
        return False
    if (payment.amount > 0) != (line.amount > 0):
        return False
    first = payment.payment_date
    if not cheque:
        first = banking_days_later(first, -EFT_EARLY)
    last = banking_days_later(payment.payment_date, CHEQUE_LATE if cheque else EFT_LATE)
    return first <= line.booked <= last


def _ways(line: BankLine, amounts: Sequence[Decimal]) -> Ways:
    """How payments make up the line; only a deposit of cheques may hold several."""
    if line.kind is not LineKind.EFT:
        return ways_to_add_up(line.amount, amounts)
    equal = frozenset(n for n, amount in enumerate(amounts) if amount == line.amount)
    return Ways(min(2, len(equal)), equal if len(equal) == 1 else frozenset(), equal)


def _components(edges: Iterable[tuple[int, int]]) -> list[tuple[set[int], set[int]]]:
    """Payments and lines that hang together, by their positions, in the order of the first."""
    lines_of: dict[int, set[int]] = defaultdict(set)
    payments_of_line: dict[int, set[int]] = defaultdict(set)
    for n, at in edges:
        lines_of[n].add(at)
        payments_of_line[at].add(n)
    found, seen = [], set[int]()
    for start in sorted(lines_of):
        if start in seen:
            continue
        held, booked, todo = {start}, set[int](), [start]
        while todo:
            for at in lines_of[todo.pop()] - booked:
                booked.add(at)
                todo += payments_of_line[at] - held
                held |= payments_of_line[at]
        seen |= held
        found.append((held, booked))
    return found
