"""Another one-time code: once where one had run out, once where it is asked for inside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from door import door_profile
from test_second_factor import BY_PERSON, MAILED, Hall, box, hall, mailbox_address

from billing.errors import CodeAsked, NeedsPerson, StopAccount
from bots.page_language import Locator
from bots.portal.browser import Browser
from bots.portal.session import PortalSession
from sandbox.mailbox import Mailbox

__all__ = ["box", "hall", "mailbox_address"]


async def confirmed(session: PortalSession) -> None:
    """The claims, whatever code they take."""
    claims = [Locator(role="heading", name="Claims")]
    await session.hand.go("/claims")
    with pytest.raises(CodeAsked):
        await session.hand.seen(claims)
    await session.confirm()
    await session.hand.seen(claims)


@pytest.mark.browser
def test_another_code_is_asked_for_when_one_has_run_out_once(hall: Hall) -> None:
    hall.door.expired = 1
    hall.enter(door_profile(MAILED))
    assert (hall.door.logins, len(hall.door.codes)) == (1, 2)
    assert hall.ledger.login_standing("acme").spent == 0
    hall.door.expired = 4
    with pytest.raises(StopAccount, match="refused the login"):
        hall.enter(door_profile(MAILED))
    assert (hall.door.logins, len(hall.door.codes)) == (1, 4)
    assert hall.ledger.login_standing("acme").spent == 2


@pytest.mark.browser
def test_no_other_code_is_asked_for_where_the_budget_is_short(hall: Hall) -> None:
    hall.ledger.begin_login("acme", datetime.now(UTC), lambda _: True)  # cut off the night before
    hall.door.expired = 1
    with pytest.raises(StopAccount, match="2 of the 3 logins"):
        hall.enter(door_profile(MAILED))
    assert len(hall.door.codes) == 1


@pytest.mark.browser
def test_a_code_that_is_asked_for_inside_is_given_once(hall: Hall) -> None:
    hall.door.asks_again = True
    hall.enter(door_profile(MAILED), inside=confirmed)
    assert (hall.door.logins, hall.door.logouts, hall.door.asks_again) == (1, 1, False)
    assert len(hall.door.codes) == 2
    assert hall.ledger.login_standing("acme").spent == 0


@pytest.mark.browser
def test_a_code_that_is_refused_inside_ends_the_accounts_night(
    browser_executable: Browser, box: Mailbox, tmp_path: Path
) -> None:
    hall = Hall(browser_executable, box, "", tmp_path)
    hall.door.asks_again = True
    given = iter(["482913", "000000", "482913"])

    async def told(_: datetime) -> str:
        return next(given)

    with pytest.raises(StopAccount, match="refused the login"):
        hall.enter(door_profile(BY_PERSON), told, inside=confirmed)
    assert next(given) == "482913", "one try"
    assert (hall.door.logins, hall.door.refusals, hall.door.logouts) == (1, 1, 1)
    assert hall.ledger.login_standing("acme").refusals_in_a_row == 1


@pytest.mark.browser
def test_a_code_that_nobody_gives_inside_costs_no_attempt(
    browser_executable: Browser, box: Mailbox, tmp_path: Path
) -> None:
    hall = Hall(browser_executable, box, "", tmp_path)
    hall.door.asks_again = True
    given = iter(["482913"])

    async def told(_: datetime) -> str:
        code = next(given, None)
        if code is None:
            raise NeedsPerson("nobody is there")
        return code

    with pytest.raises(NeedsPerson, match="nobody is there"):
        hall.enter(door_profile(BY_PERSON), told, inside=confirmed)
    assert hall.ledger.login_standing("acme").spent == 0
    assert hall.door.logouts == 1
