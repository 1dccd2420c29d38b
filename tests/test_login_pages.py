"""Pages between the password and the work that are no refusal, and a login after a dead session."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from door import PASSWORD, USER, Door, door_profile, opened

from billing.errors import NeedsPerson, StopAccount, TryLater
from billing.ledger import Ledger, open_ledger
from bots.portal.browser import Browser
from bots.portal.session import PortalSession
from flows.login_book import AccountBook

SECRETS = {"username": USER, "password": PASSWORD}
KEEPS_THE_SESSION = """<script>
  const stores = [localStorage, sessionStorage];
  const heading = document.querySelector("h1").textContent;
  if (heading === "Inside") stores.forEach((store) => store.setItem("seat", "7"));
  if (heading === "Log in" && stores.some((store) => store.getItem("seat"))) {
    document.body.innerHTML = "<p>One moment please.</p>";
  }
</script>"""


@pytest.fixture
def door() -> Iterator[Door]:
    with opened(Door()) as it:
        yield it


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(tmp_path / "home")


@pytest.fixture
def session(browser_executable: Browser, door: Door, ledger: Ledger) -> PortalSession:
    profile = door_profile(answer_seconds=3)
    book = AccountBook(ledger, profile.id, 3)
    return PortalSession(profile, door.address, browser_executable, SECRETS.__getitem__, book)


def enter(session: PortalSession, times: int = 1) -> None:
    """Come in and go; signed in anew after each of ``times`` but the last."""

    async def come_and_go() -> None:
        async with asyncio.timeout(60), session:
            for _ in range(times - 1):
                await session.renew()

    asyncio.run(come_and_go())


def test_a_page_for_a_person_ends_the_night_with_its_own_sentence(
    door: Door, session: PortalSession, ledger: Ledger
) -> None:
    door.says = "Read this picture."
    with pytest.raises(NeedsPerson, match="a picture is to be read; a person should sign in"):
        enter(session)
    door.says = ""
    with pytest.raises(StopAccount):
        enter(session)
    assert door.logins == 0
    ledger.clear_account(session.profile.id, datetime.now(UTC))
    enter(session)
    assert (door.logins, door.logouts) == (1, 1)


def test_a_portal_that_judges_no_login_now_spends_none(
    door: Door, session: PortalSession, ledger: Ledger
) -> None:
    door.says = "Wait 15 minutes."
    for _ in range(3):
        with pytest.raises(TryLater, match="takes no login now"):
            enter(session)
    assert ledger.login_standing(session.profile.id).spent == 0
    door.says = ""
    enter(session)
    assert (door.logins, door.refusals) == (1, 0)


def test_a_dead_session_in_the_browsers_stores_does_not_hide_the_login(
    door: Door, session: PortalSession
) -> None:
    door.everywhere = KEEPS_THE_SESSION
    enter(session, times=3)
    assert (door.logins, door.logouts) == (3, 1)
