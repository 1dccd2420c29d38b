"""No login beyond what is needed, none that could lock the account, and one session at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from portal_clients import SetClock, answering
from portal_faults import (
    COMMERCIAL,
    MEDICAID,
    PAID,
    WORLD,
    Open,
    Sent,
    Spoiler,
    counted,
    desks,
    down,
    is_search,
    maintenance,
)

import flows.account_session
from billing.errors import AccountBusy, BadInput, LoginCutOff, TryLater, UnknownPage
from billing.ledger import open_ledger
from billing.model import Outcome, Reason
from bots.portal.browser import Browser
from flows.login_book import AccountBook
from sandbox.serve import Portals

each_payer = pytest.mark.parametrize("payer", [MEDICAID, COMMERCIAL])


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


@each_payer
def test_a_login_page_that_is_down_spends_no_attempt(
    payer: str, desk: Open, portals: Portals
) -> None:
    told = TryLater if payer == MEDICAID else UnknownPage  # whose profile knows this very page
    for how, raised in ((down, TryLater), (maintenance, told)):
        work, _ = desk(payer, Spoiler(lambda sent: sent.path in ("/", "/Login.aspx"), how))
        with pytest.raises(raised):
            work.run()
        assert work.ledger.login_standing(payer).spent == 0
    assert counted(portals, payer)["logins"] == 0


@each_payer
def test_a_login_that_the_portal_failed_to_judge_is_not_tried_again(payer: str, desk: Open) -> None:
    def judged(sent: Sent) -> bool:
        return sent.method == "POST" and sent.path in ("/Login.aspx", "/api/login")

    work, _ = desk(payer, Spoiler(judged, down))
    with pytest.raises(LoginCutOff, match="HTTP 503"):
        work.run()
    assert work.ledger.login_standing(payer).spent == 1


def test_the_login_form_in_the_middle_of_a_night_is_an_ended_session(
    desk: Open, portals: Portals
) -> None:
    def thrown_out(sent: Sent) -> None:
        sent.status, sent.headers, sent.body = 302, [("Location", "/Login.aspx")], b""

    work, _ = desk(MEDICAID, Spoiler(is_search, thrown_out, times=1))
    work.run()
    assert work.conclusions()[0].outcome is Outcome.PAID
    assert counted(portals, MEDICAID)["logins"] == 2


def test_a_claim_that_ends_every_session_is_left_and_the_others_are_answered(
    desk: Open, portals: Portals
) -> None:
    poison, good = "0226000000001", "0226000000008"

    def thrown_out(sent: Sent) -> None:
        if is_search(sent) and b"0000012345" in sent.form:
            sent.page("<h1>Your session has expired</h1>")

    work, _ = desk(MEDICAID, thrown_out, poison, good)
    work.run()
    assert [one.outcome for one in work.conclusions()] == [Outcome.NO_ANSWER, Outcome.PAID]
    assert work.reason() is Reason.UNREACHABLE
    assert counted(portals, MEDICAID)["logins"] == 3, "one more after each of the first two tries"


def test_a_code_is_typed_once_though_it_was_typed_long_after_the_attempt(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    book = AccountBook(ledger, "acme", 3)
    assert book.attempt() is None
    started = datetime.now(UTC)
    book.result(accepted=True)
    used_until = book.attempt()
    assert used_until is not None
    assert started <= used_until <= datetime.now(UTC)
    cut_off = book.attempt()
    assert cut_off is not None
    assert cut_off > used_until, "a login that was cut off may have typed its code until now"
    book.result(accepted=False)
    cleared = datetime.now(UTC)
    ledger.clear_account("acme", cleared)
    assert book.attempt() == cleared, "who cleared it may have signed in with the code of then"


def test_a_login_noted_by_a_clock_that_was_ahead_keeps_none_waiting_once_it_is_cleared(
    tmp_path: Path,
) -> None:
    ledger = open_ledger(tmp_path)
    book = AccountBook(ledger, "acme", 3)
    ahead = datetime.now(UTC) + timedelta(hours=3)
    begun = ledger.begin_login("acme", ahead, lambda _: True)
    assert begun.login_id is not None
    ledger.end_login(begun.login_id, accepted=False, at=ahead)
    cleared = datetime.now(UTC)
    ledger.clear_account("acme", cleared)
    assert book.attempt() == cleared, "its code would be waited for for three hours"


def test_a_bad_second_secret_is_found_before_the_password_is_spent(
    desk: Open, portals: Portals
) -> None:
    work, there = desk(COMMERCIAL, lambda _: None)
    known = work.work.secret
    work.work.secret = lambda name: "not base32!" if name == "totp" else known(name)
    with pytest.raises(BadInput, match="Base32"):
        work.run()
    assert "POST /api/login" not in there.asked


def test_an_account_is_held_for_as_long_as_one_claim_takes(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.account_session, "LEASE_SECONDS", 12)
    taken, renewed = [], threading.Semaphore(0)

    def slow(sent: Sent) -> None:
        if is_search(sent):
            while renewed.acquire(blocking=False):
                pass
            for _ in range(9):  # more than the lease's own seconds
                assert renewed.acquire(timeout=20)
            now = datetime.now(UTC)
            taken.append(work.ledger.lease_account(MEDICAID, "x/y:1:z", seconds=60, now=now))

    work, _ = desk(MEDICAID, slow, answer_seconds=80)
    renew = work.ledger.renew_account

    def told(*given: Any, **more: Any) -> bool:
        renewed.release()
        return renew(*given, **more)

    monkeypatch.setattr(work.ledger, "renew_account", told)
    work.run(120)
    assert taken == [None]
    assert work.conclusions()[0].outcome is Outcome.PAID


def test_a_run_that_lost_its_account_asks_nothing_more(desk: Open) -> None:
    def steal(sent: Sent) -> None:
        if is_search(sent):
            assert work.ledger.release_owner("") >= 1
            now = datetime.now(UTC)
            assert work.ledger.lease_account(MEDICAID, "x/y:1:z", seconds=60, now=now)

    work, there = desk(MEDICAID, steal, PAID[MEDICAID], "0226000000002")
    with pytest.raises(AccountBusy):
        work.run()
    assert sum(one == "POST /RemittanceAdvice.aspx" for one in there.asked) <= 1


def test_a_login_that_was_stopped_half_way_is_signed_out_and_counts_as_accepted(
    desk: Open, portals: Portals
) -> None:
    stopping: list[Callable[[], object]] = []

    def stop(sent: Sent) -> None:
        if sent.path == "/Terms.aspx" and stopping:
            stopping.pop()()

    work, _ = desk(MEDICAID, stop)

    async def stopped() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.create_task(work.work.run())
        stopping.append(lambda: loop.call_soon_threadsafe(loop.call_later, 0.1, task.cancel))
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    standing = work.ledger.login_standing(MEDICAID)
    work.run()
    assert counted(portals, MEDICAID)["logins"] == 2
    assert counted(portals, MEDICAID)["concurrent_sessions"] == 0
    assert standing.spent == 0
