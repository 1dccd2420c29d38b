"""Invented portals with long lists: every row is seen, or there is no answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from odd_site import UNKNOWN, Asked, Kept, Reply, Site, kept, words
from odd_site import Night as Night
from odd_site import night as night

pytestmark = pytest.mark.browser

PAGES = {
    "tasks": {
        "claim_status": {
            "next_page": {
                "click": {"role": "button", "name": "Next"},
                "changes": {"css": "#at"},
                "most": 130,
            }
        }
    },
    "session": {"claim_seconds": 140},
}
MORE = {"tasks": {"claim_status": {"more": {"click": {"role": "button", "name": "Load more"}}}}}
SCROLL = {"tasks": {"claim_status": {"rows": {"scroll": {"css": "#box"}}}}}
GRID = {"tasks": {"claim_status": {"rows": {"scroll": {"css": "#box"}, "table": "#found"}}}}


def many(count: int) -> list[Kept]:
    return [kept(f"P{n:05}", charge=f"{100 + n}.00", member=f"QX{n:07}") for n in range(count)]


def listing(mode: str, count: int, size: int, lag: float = 0, **flags: Any) -> Site:
    """A portal with ``count`` claims of one day, ``size`` on a page, each after ``lag`` seconds."""
    site = Site("cedar", many(count), {"mode": mode, **flags})

    def answer(asked: Asked) -> Reply:
        found, page = site.found(asked.query), int(asked.query["page"])
        part = found[(page - 1) * size : page * size] if page else found
        return Reply({"list": part, "of": -(-len(found) // size)}, seconds=lag if page > 1 else 0)

    site.routes["list"] = answer
    return site


@pytest.mark.slow
def test_a_hundred_and_twenty_pages_are_walked(night: Night) -> None:
    """To the last page, where ours is; no further claim is opened."""
    site = listing("pages", 600, 5)
    told = night(site, [site.claims[597]], PAGES)
    assert words(told) == ["found"], told
    assert sum(line.startswith("GET /claims/") for line in site.asked) == 1


def test_a_pager_that_runs_ahead_of_its_rows_loses_none(night: Night) -> None:
    site = listing("pages", 12, 5, lag=0.8, early=True)
    absent = kept("-", charge="999.00")
    told = night(site, [site.claims[11], absent, kept("-", served="2026-03-03")], PAGES)
    assert words(told) == ["found", "not on file", "not on file"], told


def test_a_list_that_goes_on_past_the_most_pages_is_no_answer(night: Night) -> None:
    site = listing("pages", 20, 5)
    few = {"tasks": {"claim_status": {"next_page": {"most": 2}}}}
    told = night(site, [kept("-", charge="999.00")], PAGES, few)
    assert words(told) == [UNKNOWN], told


def test_a_pager_that_shows_the_same_rows_again_is_no_answer(night: Night) -> None:
    site = listing("pages", 10, 5)
    site.routes["list"] = lambda _: {"list": site.claims[:5], "of": 2}
    told = night(site, [kept("-", charge="999.00")], PAGES)
    assert words(told) == [UNKNOWN], told


@pytest.mark.parametrize("lag", [0, 300])
def test_a_list_with_more_on_demand(night: Night, lag: int) -> None:
    site = listing("more", 12, 5, lag=0.3)
    site.flags["lag"] = lag
    told = night(site, [site.claims[11], kept("-", charge="999.00")], MORE)
    assert words(told) == ["found", "not on file"], told


@pytest.mark.parametrize("lag", [0, 300])
def test_an_endless_list(night: Night, lag: int) -> None:
    site = listing("endless", 60, 20, lag=0.3)
    site.flags["lag"] = lag
    told = night(site, [site.claims[59], kept("-", charge="999.00")], SCROLL)
    assert words(told) == ["found", "not on file"], told


@pytest.mark.slow
def test_a_virtual_list_of_two_thousand_rows(night: Night) -> None:
    site = listing("virtual", 2000, 2000)
    told = night(site, [site.claims[1800]], GRID, {"session": {"claim_seconds": 140}})
    assert words(told) == ["found"], told
    assert told[0].paid == Decimal("80.25")


def test_a_virtual_list_that_draws_late_or_loses_rows_is_not_believed(night: Night) -> None:
    site = listing("virtual", 150, 150, loses=True)
    told = night(site, [kept("-", charge="999.00")], GRID)
    assert words(told) == [UNKNOWN], told
