"""Sweeps and their items, accounts and logins, reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_samples import (
    DAY,
    EXPORT,
    LAST_NAME,
    NOW,
    begin,
    claim,
    conclusion,
    paid,
    payment,
    unknown,
)

from billing.errors import BadInput, ClaimsweepError
from billing.ledger import Ledger, LedgerError, LoginStanding, WorkItem, open_ledger
from billing.model import Channel, NotFound, Observation, Outcome, Reason
from billing.report import PayerNote, RefusedRow

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home")
    yield opened
    opened.close()


def lease(
    ledger: Ledger,
    owner: str = "one",
    *,
    seconds: int = 60,
    now: datetime = NOW,
    sweep_id: str = "night-1",
) -> WorkItem:
    item = ledger.lease_item(sweep_id, "acme", owner, seconds=seconds, now=now)
    assert item is not None
    return item


def settle(
    ledger: Ledger, item: WorkItem, outcome: Outcome = Outcome.PAID, reason: Reason | None = None
) -> bool:
    return ledger.settle(
        item.item_id,
        item.fence,
        observations=[unknown(reason)] if reason else [],
        conclusion=conclusion(outcome, reason),
        postings=[],
        seconds=Decimal("1.250"),
        at=NOW,
    )


# sweeps


def test_a_second_beginning_resumes_and_keeps_the_work_done(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1), claim(2)])
    assert settle(ledger, lease(ledger))
    again = ledger.begin_sweep(
        "night-1",
        business_date=DAY,
        exports=[EXPORT],
        claims=[claim(1), claim(2), claim(3)],
        refused=[],
        at=NOW + MINUTE,
    )
    assert again.resumed
    assert (again.progress.answered, again.progress.pending) == (1, 2)
    assert again.progress.settled == 1
    assert ledger.sweep_exports("night-1") == (EXPORT,)


def test_a_claim_without_a_result_is_read_anew_and_one_with_a_result_is_not(
    ledger: Ledger,
) -> None:
    begin(ledger, claims=[claim(1), claim(2, payer=None)])
    assert settle(ledger, lease(ledger))
    nobody = conclusion(Outcome.NO_ANSWER, Reason.NO_PROFILE)
    assert ledger.conclude_unasked("night-1", None, lambda _: nobody, NOW) == 1
    begin(ledger, claims=[claim(1, payer="other"), claim(2, payer="other")])
    assert ledger.reopen_unanswered("night-1") == 1
    assert ledger.pending_payers("night-1") == ("other",)
    assert [r.claim.payer for r in ledger.results("night-1")] == ["acme"]


def test_rows_of_two_sheets_and_of_one_claim_number_are_items_of_their_own(ledger: Ledger) -> None:
    first = claim(1)
    second = replace(first, source=replace(first.source, sheet="June"))
    begin(ledger, claims=[first, second, first])
    assert len(ledger.find_items("night-1", first.claim_id)) == 2
    assert ledger.find_items("night-1", "elsewhere") == ()


@pytest.mark.parametrize("reason", list(Reason))
def test_only_a_reason_that_may_have_passed_is_asked_again(ledger: Ledger, reason: Reason) -> None:
    begin(ledger, claims=[claim(1)])
    outcome = {
        Reason.SEVERAL_MATCHES: Outcome.SEVERAL_MATCHES,
        Reason.WRONG_PATIENT: Outcome.WRONG_PATIENT,
    }.get(reason, Outcome.NO_ANSWER)
    assert settle(ledger, lease(ledger), outcome, reason)
    ledger.finish_sweep("night-1", NOW)
    final = reason in (Reason.SEVERAL_MATCHES, Reason.WRONG_PATIENT)
    assert ledger.reopen_unanswered("night-1") == (0 if final else 1)
    if final:
        assert ledger.report("night-1").finished_at == NOW
        return
    assert ledger.results("night-1") == ()
    again = lease(ledger)
    assert again.attempts == 2
    assert settle(ledger, again)
    assert [r.conclusion.outcome for r in ledger.results("night-1")] == [Outcome.PAID]
    assert ledger.observations(again.item_id) == (unknown(reason),)


def test_answers_and_not_found_are_never_asked_again(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1), claim(2)])
    assert settle(ledger, lease(ledger), Outcome.NOT_FOUND)
    assert settle(ledger, lease(ledger), Outcome.DENIED)
    assert ledger.reopen_unanswered("night-1") == 0
    assert ledger.progress("night-1").not_found == 1


def test_no_report_while_a_claim_is_without_a_result(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1), claim(2)])
    settle(ledger, lease(ledger))
    for refused in (
        lambda: ledger.report("night-1"),
        lambda: ledger.finish_sweep("night-1", NOW),
    ):
        with pytest.raises(ClaimsweepError, match="1 claims without a result"):
            refused()


def test_an_unknown_sweep_or_item_is_one_sentence(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="no sweep"):
        ledger.report("other")
    with pytest.raises(BadInput, match="no item"):
        ledger.observations(7)
    assert ledger.latest_sweep() is None


def test_a_report_holds_everything_once_and_in_order(ledger: Ledger) -> None:
    page = ledger.store(b"page", "text/html")
    refused = (RefusedRow(9, "no date"), RefusedRow(4, "no payer", "June"))
    begin(ledger, claims=[claim(1), claim(2), claim(3, payer="zenith")], refused=refused)
    item = lease(ledger)
    observed = (
        paid(page),
        Observation(Channel.EOB, NOW, NotFound(("trace number",)), (page,)),
    )
    settled = ledger.settle(
        item.item_id,
        item.fence,
        observations=observed,
        conclusion=conclusion(Outcome.PAID, None, page),
        postings=[payment("T2"), payment("T1")],
        seconds=Decimal("3.500"),
        at=NOW + MINUTE,
    )
    assert settled
    assert settle(ledger, lease(ledger), Outcome.NOT_FOUND)
    unasked = conclusion(Outcome.NO_ANSWER, Reason.POLICY)
    assert ledger.conclude_unasked("night-1", "zenith", lambda _: unasked, NOW) == 1
    ledger.note_payer("night-1", PayerNote("zenith", "policy", "First."))
    ledger.note_payer("night-1", PayerNote("zenith", "policy", "Second."))
    ledger.finish_sweep("night-1", NOW + MINUTE)

    report = ledger.report("night-1")
    assert [r.item_id for r in report.results] == [1, 2, 3]
    assert [r.claim for r in report.results] == [claim(1), claim(2), claim(3, payer="zenith")]
    assert report.results[0].conclusion == conclusion(Outcome.PAID, None, page)
    assert report.results[0].seconds == Decimal("3.500")
    assert report.results[0].checked_at == NOW + MINUTE
    assert report.results[2].seconds is None
    assert report.results[2].attempts == 0
    assert report.refused_rows == refused
    assert report.payer_notes == (PayerNote("zenith", "policy", "Second."),)
    assert [p.trace_number for p in report.new_postings] == ["T1", "T2"]
    assert (report.business_date, report.started_at) == (DAY, NOW)
    assert report.finished_at == NOW + MINUTE
    assert ledger.observations(1) == observed
    assert ledger.results("night-1", "zenith") == report.results[2:]
    assert ledger.business_date("night-1") == DAY


def nights(ledger: Ledger, *outcomes: Outcome) -> None:
    """Sweeps of claim 1 on days in a row, ``night-0`` first, each ending with its outcome."""
    for day, outcome in enumerate(outcomes):
        begin(ledger, f"night-{day}", [claim(1)], days=day)
        reason = Reason.UNAVAILABLE if outcome is Outcome.NO_ANSWER else None
        assert settle(ledger, lease(ledger, sweep_id=f"night-{day}"), outcome, reason)


def test_a_result_knows_the_last_answer_before_it_and_no_later_one(ledger: Ledger) -> None:
    nights(ledger, Outcome.NOT_FOUND, Outcome.PENDING, Outcome.PAID, Outcome.PAID)
    told = [ledger.results(f"night-{day}")[0] for day in range(4)]
    assert told[0].earlier is None
    known = [(r.earlier.conclusion.outcome, r.earlier.business_date) for r in told if r.earlier]
    days = [DAY + timedelta(days=day) for day in range(3)]
    assert known == list(zip((Outcome.NOT_FOUND, Outcome.PENDING, Outcome.PAID), days, strict=True))
    assert [r.changed for r in told] == [None, True, True, False]


def test_a_night_without_an_answer_neither_changes_a_claim_nor_is_what_was_known(
    ledger: Ledger,
) -> None:
    nights(ledger, Outcome.WRONG_PATIENT, Outcome.NO_ANSWER, Outcome.PAID)
    (down,), (paid_at_last,) = ledger.results("night-1"), ledger.results("night-2")
    assert down.changed is None
    assert paid_at_last.earlier is not None
    assert paid_at_last.earlier.conclusion.outcome is Outcome.WRONG_PATIENT


def test_a_claim_number_at_another_payer_is_another_claim(ledger: Ledger) -> None:
    begin(ledger, "night-1", [claim(1)])
    assert settle(ledger, lease(ledger))
    begin(ledger, "next", [replace(claim(1), payer="zenith")], days=1)
    answered = conclusion(Outcome.NOT_FOUND)
    assert ledger.conclude_unasked("next", "zenith", lambda _: answered, NOW) == 1
    assert ledger.results("next")[0].earlier is None


# items


def test_an_item_is_leased_to_one_and_taken_again_when_the_lease_runs_out(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    first = lease(ledger, "one", seconds=60)
    later = NOW + timedelta(seconds=59)
    assert ledger.lease_item("night-1", "acme", "two", seconds=60, now=later) is None
    second = lease(ledger, "two", seconds=60, now=NOW + MINUTE)
    assert (second.item_id, second.attempts) == (first.item_id, 2)
    assert not settle(ledger, first)
    assert ledger.observations(first.item_id) == ()
    assert settle(ledger, second)
    assert not settle(ledger, second)
    assert len(ledger.results("night-1")) == 1


def test_a_slow_worker_whose_item_nobody_took_may_still_settle(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    assert settle(ledger, lease(ledger, seconds=0))


def test_the_claim_asked_least_comes_first_so_that_one_bad_claim_stops_nobody(
    ledger: Ledger,
) -> None:
    begin(ledger, claims=[claim(1), claim(2)])
    first = lease(ledger)
    assert first.claim == claim(1)
    assert ledger.give_back(first.item_id, first.fence)
    assert not ledger.give_back(first.item_id, first.fence)
    assert not settle(ledger, first)
    assert lease(ledger).claim == claim(2)
    assert lease(ledger).claim == claim(1)


def test_claims_nobody_may_ask_are_concluded_without_those_in_living_hands(
    ledger: Ledger,
) -> None:
    begin(ledger, claims=[claim(1), claim(2), claim(3), claim(4, payer="zenith")])
    held, lost = lease(ledger, seconds=60), lease(ledger, seconds=0)
    unasked = conclusion(Outcome.NO_ANSWER, Reason.LOGIN_REFUSED)
    assert ledger.conclude_unasked("night-1", "acme", lambda _: unasked, NOW, now=NOW) == 2
    assert not settle(ledger, lost)
    assert settle(ledger, held)
    assert ledger.pending_payers("night-1") == ("zenith",)
    assert [r.conclusion.outcome for r in ledger.results("night-1", "acme")] == [
        Outcome.PAID,
        Outcome.NO_ANSWER,
        Outcome.NO_ANSWER,
    ]


def test_many_claims_are_concluded_unasked_in_one_call(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(n, payer=None) for n in range(1, 1203)])
    unasked = conclusion(Outcome.NO_ANSWER, Reason.NO_PROFILE)
    assert ledger.conclude_unasked("night-1", None, lambda _: unasked, NOW) == 1202
    assert len(ledger.report("night-1").results) == 1202


def test_an_instant_without_a_zone_is_refused_and_any_zone_is_kept_as_utc(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    settle(ledger, lease(ledger))
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(Exception, match="without a time zone"):
        ledger.finish_sweep("night-1", naive)
    ledger.finish_sweep("night-1", NOW.astimezone(timezone(timedelta(hours=-5))))
    finished = ledger.report("night-1").finished_at
    assert finished == NOW
    assert finished is not None
    assert finished.tzinfo is UTC


def test_a_row_that_was_tampered_with_is_refused_without_quoting_it(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    with ledger._writing() as connection:
        connection.exec_driver_sql("UPDATE items SET claim = replace(claim, '2026-09-01', 'soon')")
    with pytest.raises(LedgerError, match="does not say what it should") as refusal:
        lease(ledger)
    assert LAST_NAME not in str(refusal.value)
    assert refusal.value.__suppress_context__
    assert ledger.progress("night-1").pending == 1


# accounts and logins


def test_an_account_has_one_owner_at_a_time(ledger: Ledger) -> None:
    fence = ledger.lease_account("acme", "one", seconds=60, now=NOW)
    assert fence == 1
    assert ledger.lease_account("acme", "two", seconds=60, now=NOW) is None
    assert ledger.renew_account("acme", "one", fence, seconds=60, now=NOW + MINUTE)
    assert ledger.lease_account("acme", "two", seconds=60, now=NOW + MINUTE) is None
    taken = ledger.lease_account("acme", "two", seconds=60, now=NOW + 2 * MINUTE)
    assert taken == 2
    assert not ledger.renew_account("acme", "one", fence, seconds=60, now=NOW)
    assert not ledger.release_account("acme", "one", fence)
    assert ledger.release_account("acme", "two", taken)
    assert ledger.lease_account("acme", "one", seconds=60, now=NOW) == 3
    assert ledger.lease_account("other", "two", seconds=60, now=NOW) == 1


def test_a_person_ends_the_leases_of_a_machine_that_is_gone(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    held = lease(ledger, "box_1/x:7:a", seconds=3600)
    assert ledger.lease_account("acme", "box_1/x:7:a", seconds=3600, now=NOW) == 1
    assert ledger.release_owner("box-1/") == 0
    assert ledger.release_owner("box_1/") == 2
    assert not settle(ledger, held)
    assert ledger.lease_account("acme", "two", seconds=60, now=NOW) == 2


def begun(ledger: Ledger, at: datetime, *, refused_code: bool = False) -> int:
    login = ledger.begin_login("acme", at, lambda _: True, after_refused_code=refused_code)
    assert login.login_id is not None
    return login.login_id


def test_a_login_nobody_saw_the_end_of_counts_as_spent(ledger: Ledger) -> None:
    assert ledger.login_standing("acme") == LoginStanding(0, None, 0, None, None)
    ledger.end_login(begun(ledger, NOW), accepted=True, at=NOW)
    assert ledger.login_standing("acme") == LoginStanding(0, None, 0, NOW, NOW)
    begun(ledger, NOW + MINUTE)
    last = begun(ledger, NOW + 2 * MINUTE)
    assert ledger.login_standing("acme").last_result_at is None
    ledger.end_login(last, accepted=False, at=NOW + 3 * MINUTE)
    standing = ledger.login_standing("acme")
    refused = NOW + 3 * MINUTE
    assert standing == LoginStanding(1, refused, 1, NOW + 2 * MINUTE, refused)
    assert standing.spent == 2
    assert ledger.login_standing("other").spent == 0
    cleared = NOW + 4 * MINUTE
    ledger.clear_account("acme", cleared)
    attempted = NOW + 2 * MINUTE
    assert ledger.login_standing("acme") == LoginStanding(0, None, 0, attempted, refused, cleared)


def test_a_login_that_may_not_be_tried_is_not_recorded(ledger: Ledger) -> None:
    refused = ledger.begin_login("acme", NOW, lambda before: before.spent > 0)
    assert refused.login_id is None
    assert ledger.login_standing("acme").last_attempt_at is None


def test_a_second_code_is_one_more_attempt_after_a_refused_one(ledger: Ledger) -> None:
    begun(ledger, NOW)
    second = begun(ledger, NOW + MINUTE, refused_code=True)
    assert ledger.login_standing("acme").refusals_in_a_row == 1
    assert ledger.login_standing("acme").spent == 2
    ledger.end_login(second, accepted=True, at=NOW + MINUTE)
    assert ledger.login_standing("acme").spent == 0


def test_a_refusal_after_the_clearing_counts(ledger: Ledger) -> None:
    login = begun(ledger, NOW)
    ledger.clear_account("acme", NOW)
    ledger.end_login(login, accepted=False, at=NOW + MINUTE)
    assert ledger.login_standing("acme").refusals_in_a_row == 1
