"""The books of an earlier day know nothing of a later one, and a day's key is its day's."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from sandbox.books import make_world
from sandbox.nights import as_it_stood
from sandbox.payers import STYLES
from sandbox.serve import PORTALS
from sandbox.truth import truth_rows
from sandbox.world import World

AS_OF = date(2027, 4, 5)
DAYS = [AS_OF - timedelta(days=n) for n in (0, 20, 60, 95, 125)]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3, 120, AS_OF, tuple(one for one in STYLES if one in PORTALS))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_nothing_of_a_later_day_is_known(world: World, day: date) -> None:
    for payer in as_it_stood(world, day).payers:
        for claim in payer.by_number.values():
            assert claim.received <= day
            known = [one for one in (claim.payment_date, claim.finalized) if one is not None]
            assert all(one <= day for one in known), claim.payer_claim_number
        assert all(one.date <= day for one in payer.remittances.values())
        for billed in payer.billed:
            assert max(billed.submitted, billed.last_billed) <= day
            paid = billed.expected.payment_date
            assert paid is None or paid <= day


def test_on_its_own_day_the_world_is_as_it_is(world: World) -> None:
    assert as_it_stood(world, AS_OF) == world


def test_what_was_decided_stays_decided_and_what_was_billed_stays_billed(world: World) -> None:
    changed: Counter[tuple[str, str]] = Counter()
    before: dict[tuple[str, str], str] = {}
    for day in reversed(DAYS):
        now = {(r["payer"], r["claim_id"]): r["outcome"] for r in rows(world, day)}
        assert before.keys() <= now.keys()
        changed.update((was, now[name]) for name, was in before.items() if was != now[name])
        before = now
    assert {was for was, _ in changed} == {"pending"}
    assert {now for _, now in changed} >= {"paid", "partly_paid", "denied"}


def test_a_member_is_listed_with_numbers_that_are_held(world: World) -> None:
    for payer in as_it_stood(world, DAYS[3]).payers:
        listed = {number for numbers in payer.by_member.values() for number in numbers}
        assert listed
        assert listed <= payer.by_number.keys()


def rows(world: World, day: date) -> list[dict[str, str]]:
    """The key of the world as it stood on ``day``."""
    return [dict(row) for row in truth_rows(as_it_stood(world, day))]
