"""A scheduled thing is done once: not while another does it, not when paused, anew when cut off."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from console_samples import night
from ledger_samples import begin
from web_console import PROJECT, person, serving, swept, visitor

from billing.ledger import Ledger, RunState, owner_name
from billing.people import Role
from console.web.entrance import Entrance
from flows import schedule_pauses
from flows.console_command import desk_of
from flows.schedule_standing import standings
from flows.scheduled import Occasion
from flows.scheduled_flow import claimsweep
from flows.scheduled_run import BY, WHAT, do, lease_of, resume, still_due, why_not
from flows.scheduled_sweep import _another_writes
from flows.settings import Settings, load_settings
from flows.unattended import Entry, unattended

NAME = "weekly-report"
DUE = "2026-11-23T12:30:00+00:00"  # a Monday, 07:30 in New York
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load_settings(home=tmp_path / "home")
    return replace(found, artifacts=tmp_path / "artifacts")


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    found = settings.open_ledger()
    yield found
    found.close()


def entry_of(settings: Settings, name: str = NAME) -> Entry:
    found = unattended(settings).entry(name)
    assert found is not None
    return found


def ran(ledger: Ledger, at: datetime, state: RunState, *, owner: str | None = None) -> int:
    run_id = ledger.begin_run(WHAT, NAME, sweep_id=None, by=BY, owner=owner or owner_name(), at=at)
    ledger.end_run(run_id, state, "", at=at + HOUR)
    return run_id


def set_up(ledger: Ledger, at: datetime, name: str = NAME) -> None:
    ledger.note(BY, schedule_pauses.SET_UP, f"schedule {name}", at=at, detail={"when": "then"})


def test_what_was_missed_is_due_until_the_next_time_and_no_longer(
    settings: Settings, ledger: Ledger
) -> None:
    entry, due = entry_of(settings), datetime.fromisoformat(DUE)
    assert not still_due(settings, ledger, entry, due + HOUR), "it was never set up"
    set_up(ledger, due - DAY)
    assert still_due(settings, ledger, entry, due + HOUR)
    assert still_due(settings, ledger, entry, due + 6 * DAY)
    late = why_not(settings, ledger, entry, due + 7 * DAY + HOUR, due=due)
    assert late is not None
    assert "later one is due" in late


def test_what_is_of_its_day_is_left_when_the_day_is_over(
    settings: Settings, ledger: Ledger
) -> None:
    entry, due = entry_of(settings, "canaries"), datetime.fromisoformat("2026-11-27T11:30:00+00:00")
    set_up(ledger, due - DAY, "canaries")
    assert still_due(settings, ledger, entry, due + 16 * HOUR)  # 22:30 on that Friday
    over = why_not(settings, ledger, entry, due + 18 * HOUR, due=due)
    assert over is not None
    assert "day is over" in over
    assert not still_due(settings, ledger, entry, due + 18 * HOUR)


def test_what_was_set_up_after_its_hour_waits_for_the_next(
    settings: Settings, ledger: Ledger
) -> None:
    due = datetime.fromisoformat(DUE)
    set_up(ledger, due + HOUR)
    assert not still_due(settings, ledger, entry_of(settings), due + 2 * HOUR)


@pytest.mark.parametrize(
    ("states", "due_again"),
    [
        ([], True),
        ([RunState.DONE], False),
        ([RunState.FAILED, RunState.DONE], False),
        ([RunState.FAILED, RunState.FAILED], True),
        ([RunState.FAILED] * 3, False),
        ([RunState.INTERRUPTED] * 9, True),
        ([RunState.STOPPED], False),
    ],
)
def test_it_is_done_anew_as_its_last_runs_ended(
    settings: Settings, ledger: Ledger, states: list[RunState], due_again: bool
) -> None:
    due = datetime.fromisoformat(DUE)
    set_up(ledger, due - DAY)
    for state in states:
        ran(ledger, due, state)
    assert still_due(settings, ledger, entry_of(settings), due + 3 * HOUR) is due_again


def test_a_portal_that_was_closed_is_asked_once_it_has_opened(
    settings: Settings, ledger: Ledger, tmp_path: Path
) -> None:
    shutil.copytree(PROJECT / "payer_profiles", tmp_path / "payer_profiles")
    for profile in (tmp_path / "payer_profiles").glob("*/profile.yaml"):
        text = re.sub(r"\n  open: .*", "", profile.read_text("utf-8"))
        hours = "session:\n  open: Mon-Sun 05:00-23:00 America/New_York\n"
        profile.write_text(text.replace("session:\n", hours, 1), "utf-8")
    table = {"exports": str(tmp_path), "at": {"sweep": "0 1 * * *"}}
    here = replace(settings, profiles=tmp_path / "payer_profiles", unattended=table)
    due = datetime.fromisoformat("2026-11-24T06:00:00+00:00")  # 01:00 in New York
    set_up(ledger, due - DAY, "sweep")
    results = [
        replace(one, claim=replace(one.claim, payer="juniper-ridge")) for one in night(22).results
    ]
    swept(ledger, results, business_date=due.date(), at=due, take_up=False)
    (sweep_id,) = ledger.sweeps_since(None)
    entry = entry_of(here, "sweep")

    def swept_at(begun: datetime) -> None:
        run_id = ledger.begin_run(
            WHAT, "sweep", sweep_id=sweep_id, by=BY, owner=owner_name(), at=begun
        )
        ledger.end_run(run_id, RunState.DONE, "", at=begun + HOUR)

    swept_at(due)
    opens = due + 4 * HOUR
    minute = timedelta(minutes=1)
    assert not still_due(here, ledger, entry, opens - minute)
    assert still_due(here, ledger, entry, opens + minute)
    swept_at(opens + minute)
    assert not still_due(here, ledger, entry, opens + 2 * HOUR)


def test_a_run_of_another_machine_counts_while_its_lease_holds(
    settings: Settings, ledger: Ledger
) -> None:
    due, elsewhere = datetime.fromisoformat(DUE), "elsewhere:7:abc"
    set_up(ledger, due - DAY)
    ledger.begin_run(WHAT, NAME, sweep_id=None, by=BY, owner=elsewhere, at=due)
    now = due + 3 * HOUR
    assert still_due(settings, ledger, entry_of(settings), now)
    ledger.lease_account(lease_of(NAME), elsewhere, seconds=300, now=now)
    assert not still_due(settings, ledger, entry_of(settings), now)
    assert still_due(settings, ledger, entry_of(settings), now + HOUR)


def test_two_workers_do_it_once(settings: Settings, ledger: Ledger) -> None:
    now = datetime.now(UTC)
    ledger.lease_account(lease_of(NAME), "elsewhere:7:abc", seconds=300, now=now)
    other = asyncio.run(do(settings, NAME))
    assert other.state is None
    assert "Another worker" in other.said
    ledger.release_owner("elsewhere")
    mine = asyncio.run(do(settings, NAME))
    assert mine.state is RunState.FAILED  # for there is no sweep to report on
    (run,) = ledger.runs_since(WHAT, now)
    assert (run.state, run.run_id) == (RunState.FAILED, mine.run_id)
    assert "no finished sweep" in run.said
    assert ledger.account_held(lease_of(NAME), datetime.now(UTC)) is None


def test_a_later_hand_writes_the_files_of_a_sweep_whose_first_hand_died(
    settings: Settings, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.scheduled_sweep.LOOK_SECONDS", 0)
    shared = replace(settings, unattended={"exports": str(tmp_path), "hands": 2})
    now, elsewhere = datetime.now(UTC), "elsewhere:7:abc"
    begin(ledger)
    hands = {}
    for about, owner in (("sweep", elsewhere), ("sweep/2", owner_name())):
        hands[about] = ledger.begin_run(WHAT, about, sweep_id=None, by=BY, owner=owner, at=now)
        ledger.take_run(hands[about], now)
        ledger.name_sweep_of(hands[about], "night-1")
    second = Occasion("sweep", now, hands["sweep/2"], hand=2)

    async def while_the_first_lives_then(state: RunState | None) -> bool:
        fence = ledger.lease_account(lease_of("sweep"), elsewhere, seconds=300)
        assert fence is not None
        asked = asyncio.create_task(_another_writes(shared, ledger, second))
        for _ in range(3):
            await asyncio.sleep(0)
            assert not asked.done()
        if state is not None:
            ledger.end_run(hands["sweep"], state, "", at=now)
        ledger.release_account(lease_of("sweep"), elsewhere, fence)
        return await asked

    assert not asyncio.run(while_the_first_lives_then(None))
    assert asyncio.run(while_the_first_lives_then(RunState.DONE))


def test_what_nobody_foresaw_is_told_by_its_place_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("Rosalind Marked, born 1961-02-03")

    monkeypatch.setattr("flows.scheduled_reports.run_report", fail)
    done = asyncio.run(do(settings, "morning"))
    assert done.state is RunState.FAILED
    assert re.fullmatch(r"Unexpected ValueError at tests/test_scheduled\.py:\d+\.", done.said)


def test_a_lead_pauses_a_schedule_and_its_runs_obey(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMSWEEP_HOME", str(settings.home))
    desk = desk_of(settings, settings.open_ledger(), Entrance())
    for role in (Role.VIEWER, Role.LEAD):
        person(desk.ledger, role)
    set_up(desk.ledger, datetime.now(UTC) - 30 * DAY)
    path = f"/schedules/{NAME}"
    with serving(desk) as address:
        viewer, lead = visitor(address, "viewer"), visitor(address, "lead")
        assert viewer.act(f"{path}/pause").status_code == 403
        assert f'action="{path}/pause"' not in viewer.get("/sweeps").text
        assert lead.act(f"{path}/pause").status_code == 303
        assert f'action="{path}/resume"' in lead.get("/sweeps").text
        assert "paused</span> by lead" in viewer.get("/sweeps").text
        due = entry_of(settings).last_due(datetime.now(UTC))
        left = asyncio.run(do(settings, NAME, due=due))
        assert (left.state, left.said) == (None, "It is paused, by lead.")
        assert "Nothing" in asyncio.run(resume(settings))
        assert lead.act(f"{path}/resume").status_code == 303
        assert lead.act("/schedules/none/pause").status_code == 400
    acts = [one.act for one in desk.ledger.audit_trail(subject=f"schedule {NAME}")]
    assert acts == ["schedule resumed", "schedule paused", "schedule set up"]
    assert asyncio.run(do(settings, NAME, due=due)).state is RunState.FAILED  # it was begun
    desk.ledger.close()


def test_the_page_tells_which_setting_is_wrong(settings: Settings) -> None:
    wrong = replace(settings, unattended={"hands": "two"})
    desk = desk_of(wrong, wrong.open_ledger(), Entrance())
    person(desk.ledger, Role.VIEWER)
    with serving(desk) as address:
        shown = visitor(address, "viewer").get("/sweeps")
    assert shown.status_code == 200
    assert "[unattended] hands is a number" in shown.text
    desk.ledger.close()


def test_how_each_stands_is_told_without_the_orchestrator(
    settings: Settings, ledger: Ledger
) -> None:
    now = datetime.fromisoformat(DUE) - HOUR
    ran(ledger, now - DAY, RunState.DONE)
    found = {one.name: one for one in standings(settings, ledger, now)}
    assert found[NAME].next_due == datetime.fromisoformat(DUE)
    last = found[NAME].last
    assert last is not None
    assert last.state is RunState.DONE
    assert found["morning"].last is None
    code = "import flows.console_bots, sys; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


def test_what_it_writes_is_its_users_alone_whoever_began_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMSWEEP_HOME", str(tmp_path / "home"))
    before = os.umask(0o022)
    try:
        asyncio.run(claimsweep.fn("nothing-of-that-name"))
        assert os.umask(before) == 0o077
    finally:
        os.umask(before)
