"""Kept counts of cases are told from what is counted anew, and taking up comes to them at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from test_ledger_cases import FIRST_DAY, counted_by_hand, fresh, kept_counts, noon, result
from web_console import swept

from billing.cases import CaseState, View
from billing.ledger import case_counts as counting
from billing.ledger import open_ledger, taking_up
from billing.ledger.people_tables import cases


def test_what_is_changed_past_the_counts_is_told_from_what_is_counted_anew() -> None:
    with fresh() as (ledger, _):
        night = [result(1, 1), result(2, 2), result(3, 3)]
        swept(ledger, night, business_date=FIRST_DAY, at=noon(FIRST_DAY))
        assert kept_counts(ledger) == counted_by_hand(ledger)
        with ledger._writing() as connection:
            connection.execute(cases.update().where(cases.c.case_id == 1).values(state="resolved"))
        assert kept_counts(ledger) != counted_by_hand(ledger)
        assert ledger.queue(View(), FIRST_DAY).count == 3, "the kept one"
        with ledger._writing() as connection:
            counting.count_all(connection)
        assert kept_counts(ledger) == counted_by_hand(ledger)
        assert ledger.queue(View(), FIRST_DAY).count == 2


def test_more_cases_wake_than_one_transaction_takes() -> None:
    with fresh() as (ledger, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking_up, "_CHUNK", 2)
        night = [result(number, 1) for number in range(5)]
        swept(ledger, night, business_date=FIRST_DAY, at=noon(FIRST_DAY))
        ids = [one.case_id for one in ledger.queue(View(), FIRST_DAY).cases]
        later = FIRST_DAY + timedelta(days=2)
        ledger.snooze_cases(ids, later, by="ann", at=noon(FIRST_DAY), today=FIRST_DAY)
        assert ledger.count_cases()[CaseState.SNOOZED] == 5
        ledger.take_up(later)
        assert ledger.count_cases()[CaseState.OPEN] == 5
        assert kept_counts(ledger) == counted_by_hand(ledger)


def test_two_programs_that_take_up_at_once_come_to_the_same_cases() -> None:
    with fresh() as (ledger, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking_up, "_CHUNK", 3)
        results = [result(number, 1 + number % 4) for number in range(60)]
        swept(ledger, results, business_date=FIRST_DAY, at=noon(FIRST_DAY), take_up=False)
        other = open_ledger(ledger.home)
        with ThreadPoolExecutor(2) as both:
            list(both.map(lambda one: one.take_up(FIRST_DAY), (ledger, other)))
        other.close()
        assert ledger.queue(View(), FIRST_DAY).count == 60
        assert ledger.untaken(FIRST_DAY) == 0
        assert [d for n in range(1, 61) for d in ledger.case_deeds(n)] == []


def test_a_view_from_some_dollars_leaves_out_what_is_less() -> None:
    with fresh() as (ledger, _):
        night = [result(1, 1), result(2, 2)]
        swept(ledger, night, business_date=FIRST_DAY, at=noon(FIRST_DAY))
        page = ledger.queue(View(dollars_from=Decimal("100.01")), FIRST_DAY)
        assert [one.dollars for one in page.cases] == [Decimal("250.00")]
