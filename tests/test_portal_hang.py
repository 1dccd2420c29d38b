"""A page that hangs its browser costs one browser, not the night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from portal_clients import SetClock, answering
from portal_faults import (
    MEDICAID,
    PAID,
    SWEEP,
    WORLD,
    Open,
    Sent,
    Spoiler,
    counted,
    crash,
    desks,
    is_search,
)
from portal_worlds import AS_OF

import flows.account_session
from billing.errors import BrowserLost, LoginCutOff, TryLater, UnknownPage
from billing.model import Outcome, Reason
from bots.portal.browser import Browser
from flows.context import SweepContext
from flows.settings import load_settings
from sandbox.serve import Portals

ENDLESS = "<h1>Claim Inquiry</h1><script>while (true) {}</script>"
POISON = b"0000012345"


@pytest.fixture
def portals() -> Iterator[Portals]:
    with answering(WORLD, SetClock(), delay=0) as there:
        yield there


@pytest.fixture
def desk(
    browser_executable: Browser, portals: Portals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    with desks(browser_executable, portals, tmp_path / "home") as sit:
        yield sit


def endless(sent: Sent) -> None:
    sent.page(ENDLESS)


@pytest.mark.browser
def test_a_page_that_goes_from_one_to_the_next_while_it_is_looked_at_costs_no_browser(
    desk: Open, portals: Portals
) -> None:
    on, looked_for = "<script>setTimeout(() => location = '/moment', 20)</script>", 3.0
    until = [0.0]

    def restless(sent: Sent) -> None:
        if is_search(sent) and not until[0]:
            until[0] = monotonic() + looked_for + 1
            sent.page(on)
        elif sent.path == "/moment":
            sent.page(on if monotonic() < until[0] else "<h1>One moment</h1>")

    work, _ = desk(MEDICAID, restless, answer_seconds=looked_for)
    work.run(240)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    assert until[0], "no page went from one to the next"
    assert counted(portals, MEDICAID)["logins"] == 1


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_that_hangs_is_replaced_and_the_claim_asked_again(
    desk: Open, portals: Portals
) -> None:
    work, _ = desk(MEDICAID, Spoiler(is_search, endless, times=1), answer_seconds=8)
    work.run(240)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    assert counted(portals, MEDICAID)["logins"] == 2
    assert counted(portals, MEDICAID)["concurrent_sessions"] == 0, "the first was signed out of"
    assert work.ledger.login_standing(MEDICAID).spent == 0


@pytest.mark.browser
@pytest.mark.slow
def test_a_claim_that_hangs_every_browser_is_left_and_the_others_are_answered(
    desk: Open, portals: Portals
) -> None:
    def poisoned(sent: Sent) -> bool:
        return is_search(sent) and POISON in sent.form

    good = "0226000000008"
    work, _ = desk(MEDICAID, Spoiler(poisoned, endless), PAID[MEDICAID], good, answer_seconds=5)
    work.run(240)  # two browsers hang; each is waited for, signed out of and closed
    assert [one.outcome for one in work.conclusions()] == [Outcome.NO_ANSWER, Outcome.PAID]
    assert work.reason() is Reason.UNREACHABLE
    assert counted(portals, MEDICAID)["logins"] == 3
    assert counted(portals, MEDICAID)["concurrent_sessions"] == 0


def test_a_browser_that_does_not_start_is_tried_later_and_spends_no_login(
    portals: Portals, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o700)
    with desks(Browser(broken, "Chromium 1.0", "a test"), portals, tmp_path / "home") as sit:
        work, _ = sit(MEDICAID, lambda _: None)
        with pytest.raises(TryLater, match="the browser did not start"):
            work.run()
        assert work.ledger.login_standing(MEDICAID).spent == 0
        assert work.ledger.account_held(MEDICAID) is None


@pytest.mark.browser
def test_a_page_that_hangs_after_the_password_ends_the_visit(desk: Open) -> None:
    def judged(sent: Sent) -> bool:
        return sent.method == "POST" and sent.path == "/Login.aspx"

    work, _ = desk(MEDICAID, Spoiler(judged, endless), answer_seconds=6)
    with pytest.raises((UnknownPage, LoginCutOff)):
        work.run(240)
    assert work.ledger.login_standing(MEDICAID).spent == 1


@pytest.mark.browser
@pytest.mark.slow
def test_the_third_browser_that_dies_ends_the_session_and_the_claims_are_told_so(
    desk: Open, portals: Portals, tmp_path: Path
) -> None:
    numbers = (PAID[MEDICAID], "0226000000002", "0226000000003")
    work, there = desk(MEDICAID, Spoiler(is_search, crash), *numbers, answer_seconds=5)
    with pytest.raises(BrowserLost) as lost:
        work.run(240)
    searches = there.asked.count("POST /ClaimInquiry.aspx")
    settings = load_settings(home=tmp_path / "home")
    profile = work.work.profile
    context = SweepContext(settings, work.ledger, {MEDICAID: profile}, SWEEP, AS_OF)
    context.end_session(MEDICAID, lost.value)
    assert [one.outcome for one in work.conclusions()] == [Outcome.NO_ANSWER] * 3
    (note,) = work.ledger.report(SWEEP).payer_notes
    assert (note.payer, note.kind) == (MEDICAID, Reason.UNREACHABLE)
    assert searches >= 3
    assert work.ledger.login_standing(MEDICAID).spent == 0
    assert counted(portals, MEDICAID)["locks"] == 0
