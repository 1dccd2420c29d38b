"""Runs that the console begins: processes of their own, whose state is the ledger's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from console_portals import ASKS_NOTHING, ASKS_PERSON, FORBIDS, Practice, practice, until

from billing.errors import BadInput
from billing.ledger import Ledger, RunState, open_ledger, owner_name
from console.web.doors import MemberAsked
from flows.run import start_sweep

pytestmark = pytest.mark.usefixtures("browser_executable")


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("practice"), claims=8) as found:
        start_sweep(
            found.desk.ledger,
            list(found.exports.values()),
            found.desk.profiles(),
            found.desk.today(),
            ask_all=True,
        )
        yield found


def item(at: Practice, payer: str, claim_id: str | None = None) -> int:
    """An item of the payer's claim in the sweep that was taken in."""
    (sweep_id,) = [one for one in at.desk.ledger.sweeps_since(None) if one[0].isdigit()]
    named = claim_id or at.truth(payer)[0]["claim_id"]
    (found,) = at.desk.ledger.find_items(sweep_id, named)
    return found


@pytest.mark.browser
def test_a_claim_of_the_ledger_is_asked_about_in_another_process(at: Practice) -> None:
    ledger, known = at.desk.ledger, at.truth(ASKS_NOTHING)[0]
    sweep_id = at.bots.check(item(at, ASKS_NOTHING), by="pat")
    assert at.bots.check(item(at, ASKS_NOTHING), by="kim") == sweep_id
    run = until(lambda: (r := ledger.run_of_sweep(sweep_id)) and not r.alive and r)
    assert (run.state, run.said, run.by) == (RunState.DONE, "", "pat")
    (result,) = ledger.results(sweep_id)
    assert result.claim.claim_id == known["claim_id"]
    assert result.conclusion.outcome == known["outcome"]
    assert ledger.business_date(sweep_id) == at.desk.today()
    assert [one.act for one in ledger.audit_trail(subject=sweep_id)] == ["check begun"]


@pytest.mark.browser
def test_a_member_is_asked_about_as_a_schedule_of_one(at: Practice) -> None:
    known = at.world.payer(ASKS_NOTHING)
    person = next(m.person for held in known.members.values() for m in held)
    asked = MemberAsked(
        ASKS_NOTHING,
        person.member_id,
        person.last,
        person.first,
        person.birth,
        at.desk.today(),
        "30",
    )
    sweep_id = at.bots.check_member(asked, by="pat")
    run = until(lambda: (r := at.desk.ledger.run_of_sweep(sweep_id)) and not r.alive and r)
    assert run.state is RunState.DONE
    (result,) = at.desk.ledger.eligibility_report(sweep_id).results
    assert result.visit.member_id == person.member_id
    assert result.conclusion.coverage is not None


def test_what_policy_forbids_or_nobody_knows_is_refused_in_a_sentence(at: Practice) -> None:
    before = at.desk.ledger.sweeps_since(None)
    with pytest.raises(BadInput, match="terms forbid automation"):
        at.bots.check(item(at, FORBIDS), by="pat")
    with pytest.raises(BadInput, match="no item 999999"):
        at.bots.check(999_999, by="pat")
    with pytest.raises(BadInput, match="No run waits for a code"):
        at.bots.give_code(ASKS_PERSON, "123456", by="pat")
    with pytest.raises(BadInput, match="nothing was stopped"):
        at.bots.stop(before[0], by="pat")
    assert at.desk.ledger.sweeps_since(None) == before


def test_an_account_that_was_stopped_is_not_asked(at: Practice) -> None:
    ledger, now = at.desk.ledger, datetime.now(UTC)
    login = ledger.begin_login(ASKS_PERSON, now, lambda _: True).login_id
    assert login is not None
    ledger.end_login(login, accepted=False, at=now)
    with pytest.raises(BadInput, match="1 of the 3 logins"):
        at.bots.check(item(at, ASKS_PERSON), by="pat")
    ledger.clear_account(ASKS_PERSON, now)
    assert at.bots.obstacle(ASKS_PERSON) is None


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path)
    yield opened
    opened.close()


def test_two_runs_about_the_same_thing_are_not_alive_at_once(ledger: Ledger) -> None:
    def begin() -> int:
        return ledger.begin_run(
            "replay", "acme", sweep_id=None, by="pat", owner=owner_name(), at=datetime.now(UTC)
        )

    first = begin()
    with pytest.raises(BadInput, match="already"):
        begin()
    ledger.take_run(first, datetime.now(UTC))
    with pytest.raises(BadInput, match="no run"):
        ledger.take_run(first, datetime.now(UTC))
    ledger.end_run(first, RunState.DONE, "read", at=datetime.now(UTC))
    ledger.end_run(first, RunState.FAILED, "late", at=datetime.now(UTC))
    assert [one.said for one in ledger.runs_done("replay")] == ["read"]
    assert begin() != first


def test_a_run_whose_process_is_gone_was_interrupted(ledger: Ledger) -> None:
    process = subprocess.Popen(["true"])
    gone = owner_name(process.pid)
    process.wait()
    run_id = ledger.begin_run(
        "canary", "acme", sweep_id=None, by="pat", owner=gone, at=datetime.now(UTC)
    )
    newest = ledger.newest_run("canary", "acme")
    assert newest is not None
    assert (newest.run_id, newest.state) == (run_id, RunState.INTERRUPTED)
