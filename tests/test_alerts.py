"""Each kind of alert is raised where it is so, not where it is not, told once, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from alert_samples import PAYER, RAISED_AND_ENDED, Practice
from ledger_samples import LAST_NAME

from billing.alerts import (
    KINDS,
    Alert,
    MachineFacts,
    PortalFacts,
    Severity,
    Share,
    of_machine,
    of_portal,
    of_share,
)
from billing.errors import BadInput
from flows.alert_settings import alert_settings
from flows.alerts import judge, look, nothing_changed
from flows.machine_facts import machine_facts
from flows.scheduled import TABLE, Occasion

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
TODAY = date(2026, 11, 26)
GIB = 1024**3
OF_MACHINES = {"disk_low", "clock_off", "backup_old"}


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    made = Practice(tmp_path)
    yield made
    made.ledger.close()


def kinds(practice: Practice) -> set[str]:
    """The kinds that hold, but for those of the machine that the test runs on."""
    found, _ = judge(practice.settings, practice.ledger, practice.now)
    return {one.kind for one in found} - OF_MACHINES


@pytest.mark.parametrize("kind", sorted(RAISED_AND_ENDED))
def test_each_kind_is_raised_where_it_is_so_and_ends_where_it_is_not(
    practice: Practice, kind: str
) -> None:
    raised, ended = RAISED_AND_ENDED[kind]
    assert kinds(practice) == set()
    raised(practice)
    first = look(practice.settings, practice.ledger, practice.now)
    assert kind in {one.alert.kind for one in first.begun}
    for one in first.open:
        text = f"{one.alert.subject} {one.alert.sentence} {one.alert.mend}"
        for mark in (LAST_NAME, "Ottoline", "MBR777", "C00001", "1961"):
            assert mark not in text, "no alert names a patient or a claim"
    assert look(practice.settings, practice.ledger, practice.now).begun == ()
    ended(practice)
    last = look(practice.settings, practice.ledger, practice.now)
    assert kind in {one.alert.kind for one in last.ended}
    assert kind not in {one.alert.kind for one in last.open}


def test_every_kind_is_tried() -> None:
    assert set(RAISED_AND_ENDED) | OF_MACHINES == set(KINDS)


def test_what_cannot_be_judged_does_not_end(practice: Practice) -> None:
    """A profile that cannot be read says nothing about its account."""
    practice.login(accepted=False)
    look(practice.settings, practice.ledger, practice.now)
    practice.profile.write_text("nonsense: 1\n")
    looked = look(practice.settings, practice.ledger, practice.now)
    held = {one.alert.kind for one in looked.open} - OF_MACHINES
    assert held == {"login_refused", "profiles_refused"}


def test_an_alert_keeps_its_number_and_says_it_anew(practice: Practice) -> None:
    practice.passwords(10)
    (first,) = look(practice.settings, practice.ledger, practice.now).begun
    practice.passwords(2)
    later = practice.now + timedelta(hours=1)
    held = {one.alert.kind: one for one in look(practice.settings, practice.ledger, later).open}
    now = held["password_expires"]
    assert (now.alert_id, now.since) == (first.alert_id, first.since)
    assert now.alert.severity is Severity.URGENT
    assert now.alert.sentence != first.alert.sentence


def test_told_once_again_after_hours_when_worse_and_at_its_end(practice: Practice) -> None:
    again, now = timedelta(hours=24), practice.now
    practice.passwords(10)
    look(practice.settings, practice.ledger, now)

    def kept() -> list[bool]:
        both = (*practice.ledger.open_alerts(), *practice.ledger.untold_ends())
        mine = [one for one in both if one.alert.kind == "password_expires"]
        return [one.to_tell("office", now, again) for one in mine]

    def told() -> None:
        both = (*practice.ledger.open_alerts(), *practice.ledger.untold_ends())
        practice.ledger.note_alerts_told("office", both, now)

    assert kept() == [True]
    told()
    assert kept() == [False]
    now += timedelta(hours=23)
    assert kept() == [False]
    now += timedelta(hours=1)
    assert kept() == [True]
    told()
    practice.passwords(1)
    look(practice.settings, practice.ledger, now)
    assert kept() == [True], "it is urgent now"
    told()
    practice.passwords(90)
    look(practice.settings, practice.ledger, now)
    assert kept() == [True], "its end is told"
    told()
    assert kept() == []


def test_one_that_was_never_told_ends_untold(practice: Practice) -> None:
    practice.passwords(10)
    look(practice.settings, practice.ledger, practice.now)
    practice.passwords(90)
    look(practice.settings, practice.ledger, practice.now)
    assert practice.ledger.untold_ends() == ()


def test_the_schedule_begins_no_run_where_nothing_changed(practice: Practice) -> None:
    look(practice.settings, practice.ledger, practice.now)
    assert nothing_changed(practice.settings)
    practice.login(accepted=False)
    assert not nothing_changed(practice.settings)
    look(practice.settings, practice.ledger, practice.now)
    assert nothing_changed(practice.settings)
    practice.tables["notify"] = {"to": ["office"]}
    assert not nothing_changed(practice.settings), "somebody is to be told"


def test_the_schedule_judges_and_says_how_many_hold(practice: Practice) -> None:
    (row,) = [one for one in TABLE if one.name == "alerts"]
    practice.login(accepted=False)
    said = asyncio.run(row.load_work()(practice.settings, Occasion("alerts", practice.now, 1)))
    held = practice.ledger.open_alerts()
    assert "login_refused" in {one.alert.kind for one in held}
    assert said == f"{len(held)} open; 0 told, 0 of them in vain."


def test_a_sweep_under_way_is_late_only_after_the_hour(practice: Practice) -> None:
    practice.tables["notify"] = {"over_by": "07:00"}
    zone = practice.settings.time_zone
    began = datetime(practice.today.year, practice.today.month, practice.today.day, 1, tzinfo=zone)
    practice.now = began + timedelta(hours=1)
    practice.sweep(None, finished=False)
    practice.now = began + timedelta(hours=5, minutes=59)
    assert kinds(practice) == set()
    practice.now = began + timedelta(hours=6)
    assert kinds(practice) == {"still_running"}


def test_a_wrong_clock_is_seen_by_the_files_that_are_written(practice: Practice) -> None:
    def off() -> int:
        facts = machine_facts(
            practice.settings, practice.ledger, alert_settings(practice.settings), practice.now
        )
        return abs(facts.clock_off or 0)

    assert off() <= 2
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        assert 7000 < off() < 7400


def of(facts: MachineFacts) -> list[str]:
    return [one.kind for one in of_machine(facts, NOW)]


def test_what_a_machine_gives_cause_for() -> None:
    well = MachineFacts(free=100 * GIB, size=500 * GIB, clock_off=3)
    assert of(well) == []
    assert of(replace(well, free=GIB)) == ["disk_low"]
    assert of(replace(well, free=20 * GIB)) == ["disk_low"], "under a twentieth of the disk"
    assert of(replace(well, clock_off=-16)) == ["clock_off"]
    assert of(replace(well, clock_off=None, clock_kept=False)) == ["clock_off"]
    assert of(replace(well, backed_up=True)) == ["backup_old"]
    old, new = NOW - timedelta(hours=37), NOW - timedelta(hours=35)
    assert of(replace(well, backed_up=True, newest_backup=old)) == ["backup_old"]
    assert of(replace(well, backed_up=True, newest_backup=new)) == []


def test_few_questions_say_nothing_and_a_bound_is_exact() -> None:
    def of_these(due: int, answered: int, unknown: int = 0) -> list[str]:
        share = Share(PAYER, "20260101-a1b2c3d4", due, answered, unknown)
        return [one.kind for one in of_share(share, 80)]

    assert of_these(4, 0, 4) == []
    assert of_these(10, 8) == []
    assert of_these(10, 7) == ["coverage_short"]
    assert of_these(60, 57, 3) == []
    assert of_these(59, 56, 3) == ["unknown_pages"]


def test_a_portal_that_no_bot_may_enter_has_no_permission_to_renew() -> None:
    lapsed = PortalFacts(PAYER, entered=True, approval_expires=TODAY, terms_read=date(2024, 1, 1))
    assert {one.kind for one in of_portal(lapsed, TODAY)} == {"approval_expires", "terms_old"}
    assert list(of_portal(replace(lapsed, entered=False), TODAY)) == []


@pytest.mark.parametrize(
    ("days", "severity"),
    [(31, None), (30, "warning"), (4, "warning"), (3, "urgent"), (-1, "urgent")],
)
def test_what_expires_is_told_in_time_and_more_urgently_at_the_end(
    days: int, severity: str | None
) -> None:
    portal = PortalFacts(PAYER, entered=True, approval_expires=TODAY + timedelta(days=days))
    found = [one.severity.value for one in of_portal(portal, TODAY)]
    assert found == ([] if severity is None else [severity])


def test_an_alert_leads_to_its_runbook() -> None:
    assert Alert("drift", PAYER, Severity.NOTICE, "x").runbook == "docs/runbooks/drift.md"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"too": []}, "has no too"),
        ({"to": "office"}, "is a list of names"),
        ({"to": ["a"], "least": {"b": "urgent"}}, "names that"),
        ({"to": ["a"], "least": {"a": "loud"}}, "notice, warning, urgent"),
        ({"quiet": "at night"}, "two times of day"),
        ({"over_by": 7}, "time of day"),
        ({"again_hours": 0}, "from 1 to"),
        ({"passwords": {"acme": "soon"}}, "on which day"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    practice: Practice, table: dict[str, object], said: str
) -> None:
    practice.tables["notify"] = table
    with pytest.raises(BadInput, match=said):
        alert_settings(practice.settings)


def test_quiet_hours_may_pass_midnight(practice: Practice) -> None:
    practice.tables["notify"] = {"quiet": "21:00-06:30"}
    wanted = alert_settings(practice.settings)
    hours = {h: wanted.is_quiet(datetime(2026, 1, 1, h, tzinfo=UTC)) for h in (6, 7, 20, 21, 23, 0)}
    assert hours == {6: True, 7: False, 20: False, 21: True, 23: True, 0: True}
