"""What all matching of deposits keeps, and that trying every sum finds the same."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import chain, combinations
from random import Random

from deposit_samples import COVERED, line, payment
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.bank import BankLine, LineKind
from billing.deposit_matching import match_deposits
from billing.deposit_sums import ways_to_add_up
from billing.deposits import Deposit, DepositKind, Payment

small = st.integers(1, 9).map(lambda n: Decimal(n).quantize(Decimal("0.01")))


def subsets(count: int) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(range(count), n) for n in range(1, count + 1)))


@settings(max_examples=200, deadline=None)
@given(st.lists(small, max_size=7), small)
def test_ways_to_add_up_are_those_that_trying_all_finds(
    amounts: list[Decimal], target: Decimal
) -> None:
    fitting = [one for one in subsets(len(amounts)) if sum(amounts[n] for n in one) == target]
    found = ways_to_add_up(target, amounts)
    assert found.count == min(2, len(fitting))
    assert found.touched == frozenset(chain.from_iterable(fitting))
    assert found.only == (frozenset(fitting[0]) if len(fitting) == 1 else frozenset())


def test_a_search_without_end_is_given_up() -> None:
    amounts = [Decimal(2) ** n for n in range(40)]
    found = ways_to_add_up(Decimal(2) ** 39 + 1, amounts)
    assert found.given_up
    assert (found.count, len(found.touched)) == (2, 40)


def by_trying_all(
    payments: list[Payment], lines: list[BankLine]
) -> set[tuple[int, frozenset[int]]]:
    """Lines (by position) and the payments that surely are in them, by trying every subset."""
    ways = {
        at: [
            subset
            for subset in subsets(len(payments))
            if sum(payments[n].amount for n in subset) == booked.amount
            and (len(subset) == 1 or booked.kind is LineKind.CHEQUES)
            and all(
                (payments[n].method == "CHK") == (booked.kind is LineKind.CHEQUES) for n in subset
            )
        ]
        for at, booked in enumerate(lines)
    }
    return {
        (at, frozenset(found[0]))
        for at, found in ways.items()
        if len(found) == 1
        and not any(
            set(found[0]) & set(other) for to, more in ways.items() if to != at for other in more
        )
    }


made_payments = st.lists(st.tuples(small, st.sampled_from(["ACH", "CHK", "CHK"])), max_size=6)
made_lines = st.lists(
    st.tuples(small, st.sampled_from([LineKind.EFT, LineKind.CHEQUES])), max_size=4
)


@settings(max_examples=250, deadline=None)
@given(made_payments, made_lines, st.randoms(use_true_random=False))
def test_deposits_by_amount_are_those_that_trying_all_finds(
    announced: list[tuple[Decimal, str]], booked: list[tuple[Decimal, LineKind]], random: Random
) -> None:
    payments = [payment(f"T{n}", str(amount), method=m) for n, (amount, m) in enumerate(announced)]
    lines = [line(str(amount), kind, row=n) for n, (amount, kind) in enumerate(booked)]
    results = match_deposits(payments, lines, covered=COVERED)
    sure = {
        (lines.index(one.lines[0]), frozenset(payments.index(p) for p in one.payments))
        for one in results
        if one.kind in (DepositKind.BY_AMOUNT, DepositKind.BATCHED)
    }
    assert sure == by_trying_all(payments, lines)
    laws(payments, lines, results, random)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.tuples(small, st.sampled_from(["ACH", "CHK", ""]), st.integers(0, 3)), max_size=6),
    st.lists(
        st.tuples(
            st.integers(-9, 9).filter(bool),
            st.sampled_from(LineKind),
            st.integers(0, 4),
            st.booleans(),
            st.integers(-3, 20),
        ),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_whatever_there_is_stands_in_one_result(
    announced: list[tuple[Decimal, str, int]],
    booked: list[tuple[int, LineKind, int, bool, int]],
    random: Random,
) -> None:
    payments = [payment(f"8000000{t}", str(amount), method=m) for amount, m, t in announced]
    lines = [
        line(
            f"{amount}.00",
            kind,
            trace=f"8000000{t}" if sure and t < 4 else "",
            reference=f"8000000{t}" if not sure and t < 4 else "",
            after=after,
            row=n,
        )
        for n, (amount, kind, t, sure, after) in enumerate(booked)
    ]
    laws(payments, lines, match_deposits(payments, lines, covered=COVERED), random)


def laws(
    payments: list[Payment], lines: list[BankLine], results: tuple[Deposit, ...], random: Random
) -> None:
    """Each once, the money closes, and the order of neither matters."""
    assert Counter(p for one in results for p in one.payments) == Counter(payments)
    assert Counter(id(x) for one in results for x in one.lines) == Counter(map(id, lines))
    with_payments = [one for one in results if one.payments]
    booked = sum(x.amount for one in with_payments for x in one.lines)
    assert booked == sum(p.amount for p in payments) + sum(one.difference for one in with_payments)
    assert all(one.why.endswith(".") for one in results)
    again = match_deposits(
        random.sample(payments, len(payments)), random.sample(lines, len(lines)), covered=COVERED
    )
    assert Counter(map(told, results)) == Counter(map(told, again))


def told(one: Deposit) -> tuple[object, ...]:
    held = sorted(map(repr, one.payments)), sorted(map(repr, one.lines))
    return one.kind, one.dollars, one.difference, *map(tuple, held)
