"""A claim that cannot have changed is not asked again, and the report says so: laws and a night."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from ledger_samples import DAY, NOW, begin, claim
from reconcile_samples import CLAIM, PAID, RULES, STATUS, TODAY, agreeing, eob, portal, weigh
from typer.testing import CliRunner

from billing.actions import next_step
from billing.ledger import Ledger, open_ledger
from billing.model import Conclusion, Found, NoAnswer, NotFound, Outcome, Reason, Stay
from billing.payer_rules import Rule
from billing.recheck import LEAST, LastAnswer, cycle_of, not_asked, with_history
from billing.reconcile import Background, conclude
from billing.report import Earlier
from billing.steps import Cycle
from bots.profile import load_profiles
from flows.command import app
from flows.intake import begin as begin_intake
from flows.intake import take_in

PENDING = portal(replace(STATUS, category="P1"))
WAITING = weigh(PENDING)
YESTERDAY = TODAY - timedelta(days=1)


def asked_on(day: date, conclusion: Conclusion = WAITING, **changes: Any) -> LastAnswer:
    return LastAnswer(replace(CLAIM, **changes), Earlier(day, conclusion))


def reason(last: LastAnswer, *, today: date = TODAY, rules: Any = RULES) -> str | None:
    return not_asked(CLAIM, last, rules, today=today)


# When it is asked.


def test_a_claim_that_waits_is_not_asked_before_it_is_due() -> None:
    assert WAITING.finding.due == date(2026, 12, 4)
    assert reason(asked_on(YESTERDAY)) == (
        "Not asked: due on 2026-12-04; on 2026-11-19 the payer said that it waits."
    )
    assert reason(asked_on(YESTERDAY), today=date(2026, 12, 3)) is not None
    assert reason(asked_on(YESTERDAY), today=date(2026, 12, 4)) is None


def test_another_sweep_of_the_same_day_asks() -> None:
    assert reason(asked_on(TODAY)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"balance": Decimal("199.99")},
        {"last_billed": TODAY - timedelta(days=9)},
        {"payer_claim_number": "E9"},
        {"service_from": date(2026, 9, 13)},
    ],
)
def test_a_claim_that_its_export_states_otherwise_is_asked(changes: dict[str, Any]) -> None:
    assert reason(asked_on(YESTERDAY, **changes)) is None


def test_a_claim_near_its_filing_limit_is_asked() -> None:
    since = (TODAY - CLAIM.service_from).days
    near = replace(RULES, timely_filing=Rule(since + 15, "manual", TODAY))
    far = replace(RULES, timely_filing=Rule(since + 16, "manual", TODAY))
    assert reason(asked_on(YESTERDAY), rules=near) is None
    assert reason(asked_on(YESTERDAY), rules=far) is not None


@pytest.mark.parametrize(
    "conclusion",
    [
        weigh(portal(replace(STATUS, category="P3"))),
        weigh(portal(replace(STATUS, category="A3"))),
        weigh(portal(NotFound(("member_id",)))),
        weigh(portal(agreeing(PAID)), eob(PAID)),
        weigh(portal(NoAnswer(Reason.UNAVAILABLE, "Down."))),
        weigh(PENDING, submitted=TODAY - timedelta(days=46), last_billed=None),
        weigh(PENDING, insurance_paid=Decimal(10)),
    ],
)
def test_what_has_anything_to_do_or_may_have_changed_is_asked(conclusion: Conclusion) -> None:
    assert reason(asked_on(YESTERDAY, conclusion)) is None


def test_paid_and_posted_is_asked_again_after_the_payers_recheck_days() -> None:
    posted = weigh(portal(agreeing(PAID)), eob(PAID), balance=Decimal("0.00"))
    assert posted.finding.kind == "already-posted"
    last = asked_on(YESTERDAY, posted)
    assert str(reason(last)).startswith("Not asked: due on 2026-12-03; ")
    assert reason(last, today=date(2026, 12, 3)) is None


# How long it stays.


def test_an_answer_knows_since_when_it_is_so_and_what_it_ended() -> None:
    first = with_history(WAITING, None, TODAY)
    assert (first.since, first.ended) == (TODAY, None)
    later = with_history(WAITING, Earlier(TODAY, first), TODAY + timedelta(days=4))
    assert (later.since, later.ended) == (TODAY, None)
    paid = weigh(portal(agreeing(PAID, category="F1")), eob(PAID))
    now = TODAY + timedelta(days=10)
    changed = with_history(paid, Earlier(TODAY + timedelta(days=4), later), now)
    assert changed.since == now
    assert changed.ended == Stay("pending P1", 7)  # between 4 and 10 days
    unknown = weigh(portal(NoAnswer(Reason.UNAVAILABLE, "Down.")))
    assert with_history(unknown, Earlier(TODAY, first), now) == unknown


def test_of_an_old_ledger_the_day_of_the_answer_is_known() -> None:
    old = replace(WAITING, since=None)
    found = with_history(WAITING, Earlier(YESTERDAY, old), TODAY)
    assert found.since == YESTERDAY


def test_few_changes_leave_the_profiles_rule_and_say_so() -> None:
    beside = Background(stays={"pending P1": (9,) * (LEAST - 1)})
    found = conclude(CLAIM, [PENDING], RULES, today=TODAY, beside=beside).finding
    assert found.due == WAITING.finding.due
    assert found.due_basis == (
        f"{WAITING.finding.due_basis}; its own cycle is not known: 19 of 20 claims seen to change"
    )


def test_enough_changes_give_the_payers_own_cycle() -> None:
    days = (5, 6, *range(8, 26))  # the first tenth of twenty is the third: 8
    beside = Background(stays={"pending P1": days, "pending P2": (1,) * 40})
    found = conclude(CLAIM, [PENDING], RULES, today=TODAY, beside=beside).finding
    assert found.due == TODAY + timedelta(days=8)
    assert "for 8 days, by 20 that were seen to change" in found.due_basis
    assert "first seen so on 2026-11-20" in found.due_basis


def test_what_is_past_its_cycle_is_asked_every_day_and_waiting_still_ends() -> None:
    past = Cycle(TODAY - timedelta(days=9), 8, 20, LEAST)
    step = next_step("pending-wait", CLAIM, RULES, today=TODAY, cycle=past)
    assert step.due == TODAY + timedelta(days=1)
    slow = Cycle(TODAY, 60, 20, LEAST)
    step = next_step("pending-wait", CLAIM, RULES, today=TODAY, cycle=slow)
    assert step.due == date(2026, 12, 4)  # the day on which waiting ends


stays = st.lists(st.integers(0, 400), max_size=60)


@given(stays, st.integers(0, 60))
def test_nine_of_ten_stay_as_long_as_the_cycle_says(days: list[int], ago: int) -> None:
    since = TODAY - timedelta(days=ago)
    cycle = cycle_of(replace(WAITING, since=since), {"pending P1": tuple(days)})
    assert cycle is not None
    assert (cycle.days is None) == (len(days) < LEAST)
    if cycle.days is not None:
        assert sum(one >= cycle.days for one in days) * 10 >= len(days) * 9
    step = next_step("pending-wait", CLAIM, RULES, today=TODAY, cycle=cycle)
    assert step.due is not None
    assert TODAY < step.due <= date(2026, 12, 4)


@given(st.integers(0, 400), st.integers(1, 60))
def test_nothing_is_left_unasked_on_the_day_it_is_due_or_later(ago: int, days: int) -> None:
    assert left_too_long(ago, days, reason) is None


def left_too_long(ago: int, days: int, judge: Callable[..., str | None]) -> date | None:
    """The day on which a claim was due that ``judge`` leaves unasked today; None if it may wait."""
    rules = replace(RULES, recheck=Rule(days, "manual", TODAY))
    on = TODAY - timedelta(days=ago)
    then = conclude(CLAIM, [PENDING], rules, today=on)
    why = judge(asked_on(on, then), rules=rules)
    due = then.finding.due
    assert due is not None
    waits = on < TODAY < due and not then.finding.needs_person
    return None if why is None or waits else due


def test_what_is_left_though_it_is_overdue_is_seen() -> None:
    def always(*_: object, **__: object) -> str:
        return "Not asked: it was asked once."

    assert left_too_long(40, 14, always) == TODAY - timedelta(days=26)
    assert left_too_long(14, 14, always) == TODAY, "on the very day"
    assert left_too_long(13, 14, always) is None


# In the ledger.


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(tmp_path / "home")


def settle(ledger: Ledger, sweep: str, conclusion: Conclusion) -> None:
    item = ledger.lease_item(sweep, "acme", "me", seconds=60, now=NOW)
    assert item is not None
    done = ledger.settle(
        item.item_id,
        item.fence,
        observations=(),
        conclusion=conclusion,
        postings=(),
        seconds=Decimal(1),
        at=NOW,
    )
    assert done


BARE = replace(WAITING, evidence=(), places={})


def test_a_claim_left_as_known_keeps_its_answer_and_instant_and_is_no_new_answer(
    ledger: Ledger,
) -> None:
    begin(ledger, "one", [claim(1), claim(2)])
    settle(ledger, "one", BARE)
    settle(ledger, "one", replace(BARE, outcome=Outcome.DENIED))
    begin(ledger, "two", [claim(1), claim(2)], days=1)

    def keep(_claim: Any, last: LastAnswer) -> Conclusion | None:
        said = last.earlier.conclusion
        return replace(said, not_asked="Not due.") if said.outcome is Outcome.PENDING else None

    assert ledger.leave_as_known("two", "acme", keep) == 1
    assert ledger.progress("two").unsettled == 1
    assert ledger.leave_as_known("two", "acme", keep) == 0
    (kept,) = ledger.results("two")
    assert (kept.conclusion.not_asked, kept.checked_at, kept.attempts) == ("Not due.", NOW, 0)
    assert kept.seconds is None
    begin(ledger, "three", [claim(1)], days=2)
    settle(ledger, "three", BARE)
    (third,) = ledger.results("three")
    assert third.earlier is not None
    assert third.earlier.business_date == DAY  # the day on which it was asked
    before = ledger.earlier_answer(third.item_id)
    assert before == third.earlier


def test_a_payers_stays_are_its_own_and_by_state(ledger: Ledger) -> None:
    begin(ledger, "one", [claim(1), claim(2), claim(3), claim(4, "other")])
    for days in (3, 5):
        settle(ledger, "one", replace(BARE, ended=Stay("pending P1", days)))
    settle(ledger, "one", replace(BARE, ended=Stay("not_found", 2)))
    found = ledger.stays("acme")
    assert {state: sorted(days) for state, days in found.items()} == {
        "pending P1": [3, 5],
        "not_found": [2],
    }
    assert ledger.stays("other") == {}


# In a sweep.


def test_a_sweep_asks_nothing_that_cannot_have_changed_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No portal runs: had a claim been asked, it would have no answer now."""
    payer = load_profiles(PROJECT / "payer_profiles")["blue-mesa"]
    today = datetime.now(UTC).date()
    served = today - timedelta(days=20)
    export = tmp_path / "aging.csv"
    export.write_text(
        "Claim ID,Insurance,Policy Number,Patient,DOB,DOS From,Total Charge,Insurance Balance,"
        "Date Submitted\n"
        f'77001,{payer.file.payer.name},M1,"Quill, Orla",1980-02-03,{served},100.00,100.00,'
        f"{today - timedelta(days=3)}\n"
    )
    home = tmp_path / "home"
    monkeypatch.setenv("CLAIMSWEEP_HOME", str(home))
    monkeypatch.setenv("CLAIMSWEEP_TIME_ZONE", "UTC")
    ledger = open_ledger(home)
    intake = take_in(ledger, [export], {payer.id: payer})
    yesterday = today - timedelta(days=1)
    begin_intake(ledger, "yesterday", intake, yesterday)
    item = ledger.lease_item("yesterday", payer.id, "me", seconds=60, now=datetime.now(UTC))
    assert item is not None
    seen = replace(PENDING, answer=Found(replace(STATUS, category="P1")), captures=(), places={})
    said = conclude(item.claim, [seen], payer.rules, today=yesterday)
    ledger.settle(
        item.item_id,
        item.fence,
        observations=[seen],
        conclusion=said,
        postings=(),
        seconds=Decimal(1),
        at=datetime.now(UTC),
    )
    arguments = ["sweep", "--export", str(export), "--json", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    report = json.loads(done.stdout)
    assert (report["claims"], report["not_asked"], report["outcomes"]["pending"]) == (1, 1, 1)
    (answer,) = json.loads(Path(report["answers"]).read_text(encoding="utf-8"))
    assert answer["not_asked"] == (
        f"Not asked: due on {said.finding.due}; on {yesterday} the payer said that it waits."
    )
