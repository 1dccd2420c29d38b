"""A portal is asked in its own hours only, and not faster than it allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from door import door_profile
from portal_clients import SetClock, answering
from portal_faults import MEDICAID, PAID, SWEEP, WORLD, Open, Sent, counted, desks, is_search

from billing.errors import PortalClosed
from billing.model import Outcome
from bots.opening import DAYS, opens, spans
from bots.portal.browser import Browser
from bots.portal.gate import closed
from bots.profile import Profile
from sandbox.serve import Portals

CHICAGO = "Mon-Sat 05:00-23:00 America/Chicago"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "opening"),
    [
        (CHICAGO, "2026-11-23T11:00", None),  # Monday 05:00 there
        (CHICAGO, "2026-11-23T10:59", "2026-11-23T11:00"),
        (CHICAGO, "2026-11-24T04:59", None),  # Monday 22:59 there
        (CHICAGO, "2026-11-24T05:00", "2026-11-24T11:00"),
        (CHICAGO, "2026-11-22T18:00", "2026-11-23T11:00"),  # Sunday
        (CHICAGO, "2026-07-06T10:00", None),  # in summer it opens an hour earlier, UTC
        (f"{CHICAGO}; Sun 08:00-18:00 America/Chicago", "2026-11-22T18:00", None),
        ("Fri-Mon,Wed 00:00-24:00 America/New_York", "2026-11-24T05:00", "2026-11-25T05:00"),
        ("Fri-Mon 00:00-24:00 America/New_York", "2026-11-24T04:59", None),
    ],
)
def test_hours_are_those_of_the_portals_own_clock(
    hours: str, now: str, opening: str | None
) -> None:
    assert opens(spans(hours), at(now)) == (at(opening) if opening else None)


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        ("always", "opening hours are like"),
        ("Mon 05:00-23:00", "opening hours are like"),
        ("Mon 23:00-05:00 America/Chicago", "two spans"),
        ("Mon 05:00-24:30 America/Chicago", "not a time of the day"),
        ("Moon 05:00-23:00 America/Chicago", "weekdays are Mon"),
        ("Mon 05:00-23:00 Mars/Base", "not a time zone"),
    ],
)
def test_hours_that_are_none_are_refused_with_what_is_allowed(hours: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        door_profile(open=hours)


def test_searches_are_never_closer_than_allowed_and_not_all_alike() -> None:
    session = door_profile(min_seconds_between_searches=1.5, jitter_seconds=2).file.session
    pauses = {session.pause() for _ in range(50)}
    assert 1.5 <= min(pauses) < max(pauses) <= 3.5
    assert len(pauses) > 10


@pytest.fixture
def portals() -> Iterator[Portals]:
    with answering(WORLD, SetClock(), delay=0) as there:
        yield there


@pytest.fixture
def desk(browser_executable: Browser, portals: Portals, tmp_path: Path) -> Iterator[Open]:
    with desks(browser_executable, portals, tmp_path / "home") as sit:
        yield sit


def closing(profile: Profile) -> Profile:
    """Open on one day of the week only, three days from now."""
    day = DAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    hours = {"open": f"{day} 00:00-24:00 Etc/UTC"}
    session = profile.file.session.model_copy(update=hours)
    return profile.model_copy(update={"file": profile.file.model_copy(update={"session": session})})


def test_a_closed_portal_is_not_visited_and_its_claims_wait(desk: Open, portals: Portals) -> None:
    work, there = desk(MEDICAID, lambda _: None)
    work.work.profile = closing(work.work.profile)
    assert "opens" in (closed(work.work.profile, now=datetime.now(UTC)) or "")
    with pytest.raises(PortalClosed, match=r"opens 20\d\d-\d\d-\d\d 00:00 UTC"):
        work.run()
    assert there.asked == []
    assert work.ledger.progress(SWEEP).unsettled == 1


@pytest.mark.browser
def test_a_portal_that_closes_in_the_middle_is_left_signed_out(
    desk: Open, portals: Portals
) -> None:
    def close(sent: Sent) -> None:
        if is_search(sent):
            work.work.profile = closing(work.work.profile)

    work, there = desk(MEDICAID, close, PAID[MEDICAID], "0226000000008")
    with pytest.raises(PortalClosed):
        work.run()
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    assert work.ledger.progress(SWEEP).unsettled == 1
    assert counted(portals, MEDICAID)["searches"] == 1
    assert [one for one in there.asked if "aspx" in one][-1] == "GET /Login.aspx", "logged out"
