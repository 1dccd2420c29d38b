"""Visits in the ledger: leased to one, settled once, kept for the same question, never merged."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from eligibility_samples import COVER, DAY, NOW, observed, visit
from ledger_samples import make_old

from billing.coverage import CoverageObservation, Visit, VisitOutcome
from billing.eligibility import conclude_visit
from billing.errors import BadInput, ClaimsweepError
from billing.ledger import EvidenceMissing, Ledger, SweptExport, VisitItem, open_ledger
from billing.ledger import tables as ledger_tables
from billing.model import NoAnswer, NotFound, Reason
from billing.report import PayerNote, RefusedRow

SCHEDULE = SweptExport("monday.csv", "e" * 64, "schedule", 3)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(tmp_path)


def begin(
    ledger: Ledger, *visits: Visit, sweep: str = "monday", refused: Sequence[RefusedRow] = ()
) -> None:
    ledger.begin_visits(
        sweep,
        business_date=DAY,
        schedule=SCHEDULE,
        visits=visits,
        refused=refused,
        at=NOW,
    )


def lease(ledger: Ledger, sweep: str = "monday", owner: str = "me:1:x") -> VisitItem:
    item = ledger.lease_visit(sweep, "acme", owner, seconds=60, now=NOW)
    assert item is not None
    return item


def settle(ledger: Ledger, item: VisitItem, observation: CoverageObservation) -> bool:
    before = ledger.last_coverage(item.visit, observation.observed_at)
    return ledger.settle_visit(
        item.item_id,
        item.fence,
        observation=observation,
        conclusion=conclude_visit(item.visit, observation, earlier=before),
        seconds=Decimal("1.250"),
        at=NOW,
    )


def answered(ledger: Ledger, one: Visit, observation: CoverageObservation, sweep: str) -> None:
    begin(ledger, one, sweep=sweep)
    assert settle(ledger, lease(ledger, sweep), observation)


def test_a_schedule_is_worked_through_and_read_back_in_its_order(ledger: Ledger) -> None:
    refused = [RefusedRow(4, "DOB is empty")]
    begin(ledger, visit(2), visit(3, member_id="OTHER"), refused=refused)
    assert ledger.holds_visits("monday")
    assert ledger.pending_payers("monday") == ("acme",)
    first, second = lease(ledger), lease(ledger)
    assert ledger.lease_visit("monday", "acme", "me:1:y", seconds=60, now=NOW) is None
    with pytest.raises(ClaimsweepError, match="without a result yet"):
        ledger.eligibility_report("monday")
    assert settle(ledger, second, observed())
    assert settle(ledger, first, CoverageObservation(NOW, NotFound(("member_id",)), ()))
    ledger.note_payer("monday", PayerNote("acme", "drift", "Found by the second choice."))
    ledger.finish_sweep("monday", NOW)
    report = ledger.eligibility_report("monday")
    assert [result.visit.source.row for result in report.results] == [2, 3]
    outcomes = [result.conclusion.outcome for result in report.results]
    assert outcomes == [VisitOutcome.NOT_FOUND, VisitOutcome.ACTIVE]
    assert report.results[1].conclusion.coverage == COVER
    assert report.results[1].seconds == Decimal("1.250")
    assert report.refused_rows == tuple(refused)
    assert report.payer_notes[0].kind == "drift"
    assert ledger.problems() == []


def test_only_the_holder_of_the_last_lease_settles(ledger: Ledger) -> None:
    begin(ledger, visit())
    lost = lease(ledger)
    later = NOW + timedelta(seconds=61)
    again = ledger.lease_visit("monday", "acme", "other:2:z", seconds=60, now=later)
    assert again is not None
    assert again.attempts == 2
    assert not settle(ledger, lost, observed())
    assert settle(ledger, again, observed())
    assert not settle(ledger, again, observed())


def test_a_second_beginning_keeps_answers_and_reopens_what_may_have_passed(ledger: Ledger) -> None:
    begin(ledger, visit(2), visit(3, member_id="B"), visit(4, member_id="C"))
    down = CoverageObservation(NOW, NoAnswer(Reason.UNAVAILABLE, "Down."), ())
    stranger = CoverageObservation(NOW, NoAnswer(Reason.WRONG_PATIENT, "Another."), ())
    for observation in (observed(), down, stranger):
        assert settle(ledger, lease(ledger), observation)
    begin(ledger, visit(2), visit(3, member_id="B"), visit(4, member_id="C"))
    assert ledger.reopen_unanswered("monday") == 1
    assert lease(ledger).visit.source.row == 3
    assert ledger.progress("monday").settled == 2


def test_a_kept_answer_is_of_the_same_question_and_young_enough(ledger: Ledger) -> None:
    answered(ledger, visit(), observed(), "monday")
    since = NOW - timedelta(hours=24)
    (kept,) = ledger.kept_answers(visit(9), since)
    assert kept.observation == observed()
    assert kept.asked_for == DAY
    assert ledger.kept_answers(visit(), NOW + timedelta(seconds=1)) == ()
    for other in (
        visit(service_type="88"),
        visit(payer="other"),
        visit(member_id="00MBR778"),
        visit(patient_first="Odette"),
        visit(date_of_birth=date(1961, 2, 4)),
    ):
        assert ledger.kept_answers(other, since) == ()


def test_nobody_s_silence_is_kept_and_what_was_answered_again_is_newest(ledger: Ledger) -> None:
    silent = CoverageObservation(NOW, NoAnswer(Reason.UNREACHABLE, "Away."), ())
    answered(ledger, visit(), silent, "monday")
    assert ledger.kept_answers(visit(), NOW) == ()
    later = NOW + timedelta(hours=1)
    for n, (plan, at) in enumerate((("Silver", NOW), ("Gold", later))):
        answered(ledger, visit(), observed(replace(COVER, plan=plan), at), f"day-{n}")
    plans = [kept.observation.answer.value.plan for kept in ledger.kept_answers(visit(), NOW)]  # type: ignore[union-attr]
    assert plans == ["Gold", "Silver"]


def test_a_changed_plan_is_found_by_the_newest_earlier_answer(ledger: Ledger) -> None:
    days = [NOW + timedelta(days=n) for n in range(3)]
    for n, (plan, at) in enumerate(zip(("Silver", "Gold", "Gold"), days, strict=True)):
        one = visit(service_type="98" if n else "30")
        answered(ledger, one, observed(replace(COVER, plan=plan), at), f"day-{n}")
    kinds = [
        [f.kind for f in ledger.eligibility_report(f"day-{n}").results[0].conclusion.findings]
        for n in range(3)
    ]
    assert kinds == [["covered"], ["plan-changed"], ["covered"]]


def test_visits_nobody_may_ask_are_concluded_but_those_in_living_hands(ledger: Ledger) -> None:
    begin(ledger, visit(2), visit(3, member_id="B"), visit(4, member_id="C"))
    held = ledger.lease_visit("monday", "acme", "me:1:x", seconds=600)
    assert held is not None
    unasked = CoverageObservation(NOW, NoAnswer(Reason.POLICY, "Closed to bots."), ())

    def conclusion_for(one: Visit):  # type: ignore[no-untyped-def]
        return None if one.source.row == 4 else conclude_visit(one, unasked, earlier=None)

    assert ledger.conclude_visits("monday", "acme", conclusion_for, NOW) == 1
    assert ledger.conclude_visits("monday", "acme", conclusion_for, NOW) == 0
    assert settle(ledger, held, observed())
    assert lease(ledger).visit.source.row == 4


def test_an_answer_without_its_bytes_is_not_taken(ledger: Ledger) -> None:
    begin(ledger, visit())
    item = lease(ledger)
    with pytest.raises(EvidenceMissing):
        settle(ledger, item, replace(observed(), captures=("a" * 64,)))
    sha256 = ledger.store(b"page", "text/html")
    assert settle(ledger, item, replace(observed(), captures=(sha256,)))
    (asked,) = ledger.asked_visits("monday", "acme", 2)
    assert asked.observation == replace(observed(), captures=(sha256,))
    assert ledger.asked_visits("monday", "acme", 3) == ()


def test_a_schedule_is_not_the_latest_sweep_of_claims(ledger: Ledger) -> None:
    assert ledger.latest_schedule() is None
    begin(ledger, visit())
    assert ledger.latest_sweep() is None
    assert ledger.latest_schedule() == "monday"
    with pytest.raises(BadInput, match="no sweep"):
        ledger.holds_visits("tuesday")


def test_the_leases_of_a_machine_that_is_gone_end_for_visits_too(ledger: Ledger) -> None:
    begin(ledger, visit())
    lease(ledger, owner="gone/1:2:3")
    assert ledger.release_owner("gone/") == 1
    assert lease(ledger).attempts == 2


@pytest.mark.sqlite_only
def test_a_ledger_of_the_version_before_visits_is_brought_up(tmp_path: Path) -> None:
    open_ledger(tmp_path).close()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as old:
        for table in ("visit_rests_on", "visit_conclusions", "visit_observations", "visits"):
            old.execute(f"DROP TABLE {table}")
        make_old(old, 1)
        old.execute(
            "INSERT INTO sweeps VALUES ('night-1', '2026-11-24', '2026-11-24 03:00:00', NULL)"
        )
    again = open_ledger(tmp_path)
    assert again.latest_sweep() == "night-1"
    begin(again, visit())
    assert lease(again).visit == visit()
    with again._reading() as connection:
        version = connection.exec_driver_sql("SELECT version FROM schema_version").scalars().all()
    assert version == [ledger_tables.LEDGER_VERSION]


def test_a_visit_read_back_is_the_visit(ledger: Ledger) -> None:
    begin(ledger, visit(at=datetime(2026, 1, 1, 14, 15).time()))  # noqa: DTZ001 - a time on a clock
    assert lease(ledger).visit.at == datetime(2026, 1, 1, 14, 15).time()  # noqa: DTZ001 - likewise
