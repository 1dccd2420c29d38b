"""A night's work at the Medicare portal while something is wrong with it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import PROJECT
from medicare_portal import PAID, PAYER_ID, WAITING, Medicare, Visitor, medicare, medicare_books
from portal_faults import EXPORT, SWEEP, Night, Sent, Spoiler, between, billed, crash, down
from portal_worlds import AS_OF

import flows.sharing
import flows.sweep
from billing.errors import LoginNotBefore, PortalError, StopAccount
from billing.ledger import open_ledger, owner_name, tables
from billing.model import Outcome, Reason
from bots.portal.browser import Browser
from bots.profile import load_profile
from flows.account import AccountWork, make_reader
from flows.context import SweepContext
from flows.settings import load_settings
from sandbox.knobs import Arrival

CLEAN = ("writes", "locks", "refusals")


@pytest.fixture
def portal() -> Iterator[Medicare]:
    with medicare(medicare_books()) as opened:
        yield opened


def night(portal: Medicare, browser: Browser, home: Path, *numbers: str) -> Night:
    """The work of one account: a sweep of these claims, in this order."""
    profile = load_profile(PROJECT / "payer_profiles" / PAYER_ID)
    claims = [
        billed(portal.payer.by_number[number], PAYER_ID, row)
        for row, number in enumerate(numbers, 2)
    ]
    provider = {"provider_npi": "1098765430", "provider_tin": "00-1234567"}
    ledger = open_ledger(home)
    ledger.begin_sweep(
        SWEEP,
        business_date=AS_OF,
        exports=[EXPORT],
        claims=[replace(claim, **provider) for claim in claims],
        refused=(),
        at=datetime.now(UTC),
    )
    work = AccountWork(
        ledger=ledger,
        sweep_id=SWEEP,
        profile=profile,
        address=portal.address,
        browser=browser,
        secret=portal.secrets().__getitem__,
        read_document=make_reader(profile),
        today=AS_OF,
    )
    return Night(ledger, work)


@pytest.mark.parametrize("knob", ["ends_session_after", "stolen_after"])
def test_a_session_that_the_portal_ends_is_begun_anew_with_a_new_code(
    portal: Medicare, browser_executable: Browser, tmp_path: Path, knob: str
) -> None:
    setattr(portal.knobs, knob, 7)
    work = night(portal, browser_executable, tmp_path / "home", PAID, "1126167000002", WAITING)
    work.run(seconds=120)
    assert [one.outcome for one in work.conclusions()] == [
        Outcome.PAID,
        Outcome.PAID,
        Outcome.PENDING,
    ]
    counted = portal.counters()
    assert counted["logins"] == 2
    assert {name: counted[name] for name in CLEAN} == dict.fromkeys(CLEAN, 0)
    assert len(portal.mailbox.messages()) == 2


@pytest.mark.parametrize("arrival", [None, "attachment", "tab", "blob"])
def test_a_remittance_advice_is_read_however_it_arrives(
    portal: Medicare, browser_executable: Browser, tmp_path: Path, arrival: Arrival | None
) -> None:
    portal.knobs.document = arrival
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    work.run(seconds=90)
    (conclusion,) = work.conclusions()
    assert conclusion.patient_responsibility is not None, "only the remittance advice says so"
    assert portal.counters()["documents"]


@pytest.mark.parametrize("arrival", ["truncated", "html", "encrypted"])
def test_a_remittance_advice_that_cannot_be_read_gives_no_figures(
    portal: Medicare, browser_executable: Browser, tmp_path: Path, arrival: Arrival
) -> None:
    portal.knobs.document = arrival
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    work.run(seconds=90)
    (conclusion,) = work.conclusions()
    assert conclusion.patient_responsibility is None
    assert conclusion.payer_claim_number == PAID


def test_an_account_that_was_not_logged_out_of_is_tried_later_and_spends_no_login(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    visitor = Visitor(portal).inside()  # and gone, without a word
    visitor.http.close()
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    with pytest.raises(LoginNotBefore, match="takes no login before") as told:
        work.run(seconds=90)
    minutes = (told.value.until - datetime.now(UTC)) / timedelta(minutes=1)
    assert 13 < minutes <= 15
    assert work.ledger.login_standing(PAYER_ID).spent == 0
    portal.clock.ahead += timedelta(minutes=16)
    work.run(seconds=90)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]


def test_a_sweep_asks_again_once_the_account_may_come_in(
    portal: Medicare, browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(portal).inside()  # and gone, without a word
    visitor.http.close()
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    waited: list[float] = []

    async def ahead(seconds: float) -> None:
        waited.append(seconds)
        portal.clock.ahead += timedelta(seconds=seconds + 1)

    wait_with(ahead, monkeypatch)
    asyncio.run(sweep_of(portal, work, tmp_path, monkeypatch)(SWEEP))
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    assert len(waited) == 1
    assert 13 * 60 < waited[0] <= 15 * 60


def test_an_account_that_is_kept_out_for_longer_is_left_and_the_claims_say_until_when(
    portal: Medicare, browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(portal).inside()
    visitor.http.close()
    work = night(portal, browser_executable, tmp_path / "home", PAID)

    async def not_at_all(_: float) -> None:
        return

    wait_with(not_at_all, monkeypatch)
    asyncio.run(sweep_of(portal, work, tmp_path, monkeypatch)(SWEEP))
    (left,) = work.conclusions()
    assert left.outcome is Outcome.NO_ANSWER
    (note,) = work.ledger.report(SWEEP).payer_notes
    assert note.kind == Reason.UNREACHABLE
    assert "takes no login before" in note.sentence
    assert work.ledger.login_standing(PAYER_ID).spent == 0


def test_a_browser_that_dies_inside_is_followed_by_no_login_before_the_portal_takes_one(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    with between(portal.address) as there:
        there.spoil = Spoiler(
            lambda sent: sent.method == "POST" and sent.path == "/claims", crash, 1
        )
        work.work.address = there.address
        with pytest.raises(LoginNotBefore) as first:
            work.run(seconds=90)
        with pytest.raises(LoginNotBefore) as again:  # nor by another run that begins now
            work.run(seconds=90)
        assert abs(again.value.until - first.value.until) < timedelta(seconds=1)
        sixteen_minutes_pass(portal, work)
        work.run(seconds=90)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    counted = portal.counters()
    assert (counted["logins"], counted["locks"]) == (2, 0)


def test_a_session_that_a_killed_run_left_open_is_waited_for_without_a_login(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    visitor = Visitor(portal).inside()
    visitor.http.close()
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    with subprocess.Popen(["true"]) as killed:
        pass
    fence = work.ledger.lease_account(PAYER_ID, owner_name(killed.pid), seconds=120)
    login = work.ledger.begin_login(PAYER_ID, datetime.now(UTC), lambda _: True).login_id
    assert login is not None
    work.ledger.end_login(login, accepted=True, at=datetime.now(UTC))
    assert fence is not None
    with pytest.raises(LoginNotBefore) as told:
        work.run(seconds=90)
    assert 15 < (told.value.until - datetime.now(UTC)) / timedelta(minutes=1) <= 17
    counted = portal.counters()
    assert (counted["logins"], counted["locks"]) == (1, 0), "it was tried all the same"
    sixteen_minutes_pass(portal, work)
    work.run(seconds=90)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    counted = portal.counters()
    assert {name: counted[name] for name in CLEAN} == dict.fromkeys(CLEAN, 0)


def test_a_session_that_could_not_be_signed_out_of_is_waited_for_without_a_login(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    def shut(sent: Sent) -> None:
        if there.asked.count("POST /claims"):
            down(sent)

    work = night(portal, browser_executable, tmp_path / "home", PAID)
    with between(portal.address) as there:
        there.spoil, work.work.address = shut, there.address
        with contextlib.suppress(PortalError):
            work.run(seconds=600)
        assert work.reason() is Reason.UNREACHABLE
        there.spoil = lambda _: None
        work.ledger.reopen_unanswered(SWEEP)
        with pytest.raises(LoginNotBefore) as told:
            work.run(seconds=90)
        assert 13 < (told.value.until - datetime.now(UTC)) / timedelta(minutes=1) <= 15
        sixteen_minutes_pass(portal, work)
        work.run(seconds=90)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    counted = portal.counters()
    assert counted["logins"] == 2
    assert {name: counted[name] for name in CLEAN} == dict.fromkeys(CLEAN, 0)


def sixteen_minutes_pass(portal: Medicare, work: Night) -> None:
    """At the portal, and for the account's lease."""
    with work.ledger._writing() as connection:
        past = datetime.now(UTC) - timedelta(minutes=16)
        connection.execute(tables.accounts.update().values(leased_until=past))
    portal.clock.ahead += timedelta(minutes=16)


@pytest.mark.parametrize("end", ["refused", "cleared", "handed back", "lives", "no login"])
def test_an_account_that_nobody_left_open_is_not_waited_for(tmp_path: Path, end: str) -> None:
    ledger, now = open_ledger(tmp_path / "home"), datetime.now(UTC)
    with subprocess.Popen(["true"]) as killed:
        pass
    owner = owner_name() if end == "lives" else owner_name(killed.pid)
    fence = ledger.lease_account(PAYER_ID, owner, seconds=120)
    assert fence is not None
    if end != "no login":
        login = ledger.begin_login(PAYER_ID, now, lambda _: True).login_id
        assert login is not None
        ledger.end_login(login, accepted=end != "refused", at=now)
    if end == "cleared":
        ledger.clear_account(PAYER_ID, now)
    if end == "handed back":
        ledger.release_account(PAYER_ID, owner, fence)
    assert ledger.left_open(PAYER_ID) is None
    ledger.close()


def wait_with(wait: Callable[[float], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep's own waits go by the portal's clock."""
    waits = {name: getattr(asyncio, name) for name in ("gather", "Semaphore")} | {"sleep": wait}
    monkeypatch.setattr(flows.sharing, "asyncio", SimpleNamespace(**waits))


def sweep_of(
    portal: Medicare, work: Night, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Awaitable[None]]:
    """The sweep without its orchestrator, over this work's ledger and this portal."""
    shutil.copytree(PROJECT / "payer_profiles" / PAYER_ID, folder / "profiles" / PAYER_ID)
    (folder / "profiles" / PAYER_ID / "canary.yaml").unlink()
    for name, word in portal.secrets().items():
        variable = f"CLAIMSWEEP_SECRET_{PAYER_ID}_{name}".upper().replace("-", "_")
        monkeypatch.setenv(variable, word)
    settings = replace(load_settings(home=folder / "home"), portals={PAYER_ID: portal.address})
    profiles = {PAYER_ID: load_profile(folder / "profiles" / PAYER_ID)}
    context = SweepContext(settings, work.ledger, profiles, SWEEP, AS_OF)
    monkeypatch.setattr(flows.sweep, "open_context", lambda _: context)
    monkeypatch.setattr(flows.sweep, "payer_session", flows.sweep.payer_session.fn)
    return flows.sweep.sweep.fn


def test_rows_that_are_listed_twice_are_one_claim_each(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    portal.knobs.duplicate_rows = True
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    work.run(seconds=90)
    (conclusion,) = work.conclusions()
    assert (conclusion.outcome, conclusion.payer_claim_number) == (Outcome.PAID, PAID)


def test_a_code_that_is_asked_for_before_the_claims_is_given_and_the_claims_are_answered(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    portal.knobs.step_up = True
    work = night(portal, browser_executable, tmp_path / "home", PAID, WAITING)
    work.run(seconds=120)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID, Outcome.PENDING]
    counted = portal.counters()
    assert counted["logins"] == 1
    assert {name: counted[name] for name in CLEAN} == dict.fromkeys(CLEAN, 0)
    assert len(portal.mailbox.messages()) == 2
    assert work.ledger.login_standing(PAYER_ID).spent == 0


def test_a_code_that_has_run_out_when_it_arrives_is_asked_for_once_more(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    portal.mailbox.expired = True
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    with pytest.raises(StopAccount):
        work.run(seconds=90)
    assert len(portal.mailbox.messages()) == 2, "one more, and no third"
    counted = portal.counters()
    assert (counted["logins"], counted["locks"]) == (0, 0)


def test_rows_of_somebody_else_are_quarantined(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    portal.knobs.wrong_patient = True
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    work.run(seconds=90)
    (conclusion,) = work.conclusions()
    assert conclusion.outcome is Outcome.WRONG_PATIENT
    assert portal.counters()["documents"] == 0


@pytest.mark.parametrize("drift", [1, 3])
def test_a_page_that_has_drifted_is_never_misread(
    portal: Medicare, browser_executable: Browser, tmp_path: Path, drift: int
) -> None:
    portal.knobs.drift = drift
    work = night(portal, browser_executable, tmp_path / "home", PAID)
    with contextlib.suppress(PortalError):
        work.run(seconds=120)
    assert [one.outcome for one in work.conclusions()] in ([], [Outcome.NO_ANSWER])
    assert portal.counters()["locks"] == 0
