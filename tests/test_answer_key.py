"""The benchmark's comparison with the answer key can fail: a figure, a row, a reason."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "benchmarks"))

import answer_key
from answer_key import Question, Result, judge, waits
from conftest import SandboxServer
from sweeping import KEYED, Desk

from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.eligibility import eligibility_rows
from sandbox.truth import truth_rows

PAYER = "juniper-ridge"
WORLD = make_world(1, 40, AS_OF, (PAYER,))
PAID = next(row for row in truth_rows(WORLD) if row["outcome"] == "paid")
SILENT = next(row for row in truth_rows(WORLD) if row["outcome"] == "no_answer")
ACTIVE = next(row for row in eligibility_rows(WORLD) if row["outcome"] == "active")
BENEFIT = sorted(ACTIVE["in_network"])


def status_answer(row: dict[str, Any], **changed: Any) -> dict[str, Any]:
    added = {"finding": "paid", "next_action": "post", "due": None, "evidence": ["ab"]}
    return copy.deepcopy(row) | added | changed


def visit_answer(row: dict[str, Any]) -> dict[str, Any]:
    answer = copy.deepcopy(row) | {"row": 2, "no_answer": None, "evidence": ["ab"]}
    for network in ("in_network", "out_of_network"):
        share = answer[network]["coinsurance"]
        answer[network]["coinsurance"] = None if share is None else str(share / 100)
    return answer


def judged(task: str, key: dict[str, Any], *answers: dict[str, Any]) -> Result:
    result = Result(1, PAYER, task, 1)
    place = key["claim_id"] if task == "status" else 2
    judge(result, [Question(key, place)], answers)
    result.counters = dict.fromkeys(answer_key.COUNTED, 0)
    return result


def test_an_answer_like_the_key_is_right() -> None:
    for result in (
        judged("status", PAID, status_answer(PAID)),
        judged("eligibility", ACTIVE, visit_answer(ACTIVE)),
    ):
        assert (result.right, result.wrong, result.missing) == (1, [], 0)
        assert result.holds


@pytest.mark.parametrize("field", KEYED)
def test_another_figure_of_a_claim_is_wrong(field: str) -> None:
    result = judged("status", PAID, status_answer(PAID, **{field: "another"}))
    assert (result.right, len(result.wrong)) == (0, 1)
    assert field in result.wrong[0]
    assert not result.holds


@pytest.mark.parametrize(
    "field", ["plan", "coverage_begins", "coverage_ends", "other_payers", "service_type"]
)
def test_another_word_of_a_cover_is_wrong(field: str) -> None:
    result = judged("eligibility", ACTIVE, visit_answer(ACTIVE) | {field: "another"})
    assert (result.right, len(result.wrong)) == (0, 1)
    assert field in result.wrong[0]


@pytest.mark.parametrize("network", ["in_network", "out_of_network"])
@pytest.mark.parametrize("field", BENEFIT)
def test_another_figure_of_a_benefit_is_wrong(network: str, field: str) -> None:
    answer = visit_answer(ACTIVE)
    answer[network][field] = "0.99"
    result = judged("eligibility", ACTIVE, answer)
    assert (result.right, len(result.wrong)) == (0, 1)
    assert f"{network} {field}" in result.wrong[0]


def test_no_benefit_where_the_key_has_one_is_wrong() -> None:
    result = judged("eligibility", ACTIVE, visit_answer(ACTIVE) | {"in_network": None})
    assert result.wrong


def test_no_answer_is_an_exception_with_its_reason_and_holds_no_figure() -> None:
    nothing = dict.fromkeys(KEYED) | {"reason_codes": []}
    same = {"claim_id": PAID["claim_id"], "payer": PAYER, "outcome": "no_answer"}
    silent = status_answer(nothing | same, finding="portal-unavailable")
    result = judged("status", PAID, silent)
    assert (result.excepted, result.unforeseen) == ({"portal-unavailable": 1}, 1)
    assert (result.right, result.wrong) == (0, [])
    foreseen = judged("status", SILENT, silent | {"claim_id": SILENT["claim_id"]})
    assert (foreseen.excepted, foreseen.unforeseen) == ({"portal-unavailable": 1}, 0)
    figure = judged("status", PAID, silent | {"paid": PAID["paid"]})
    assert (figure.excepted, len(figure.wrong)) == ({}, 1)


def test_an_answer_where_the_payer_was_silent_is_wrong() -> None:
    told = status_answer(PAID, claim_id=SILENT["claim_id"])
    assert judged("status", SILENT, told).wrong


def test_missing_doubled_stray_and_unproved_answers_are_told() -> None:
    assert judged("status", PAID).missing == 1
    assert not judged("status", PAID).holds
    right = status_answer(PAID)
    assert "2 times" in judged("status", PAID, right, right).wrong[0]
    stray = status_answer(PAID, claim_id="another")
    assert "nobody asked" in judged("status", PAID, right, stray).wrong[0]
    assert "evidence" in judged("status", PAID, status_answer(PAID, evidence=[])).wrong[0]


@pytest.mark.parametrize("counter", ["locks", "writes"])
def test_a_lock_or_a_changing_request_does_not_hold(counter: str) -> None:
    result = judged("status", PAID, status_answer(PAID))
    result.counters[counter] = 1
    assert not result.holds


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ('import sys; print(\'{"error": "Nothing to do."}\'); sys.exit(2)', "Nothing to do."),
        ("import sys; sys.exit('no such file')", "no such file"),
        ("print('half of a docu')", "JSONDecodeError"),
    ],
)
def test_a_command_that_fails_leaves_its_questions_missing(
    program: str, why: str, tmp_path: Path
) -> None:
    result = judged("status", PAID, status_answer(PAID))
    desk = Desk(SandboxServer(1, 40, tmp_path / "settings.toml", 0, PAYER), tmp_path)
    assert answer_key.ask(desk, result, [sys.executable, "-c", program]) == []
    assert why in result.failed
    assert not result.holds


def note(path: str, began: float, ended: float, method: str = "GET") -> dict[str, Any]:
    return {"method": method, "path": path, "began": began, "ended": ended}


def test_requests_at_the_same_time_are_waited_for_once() -> None:
    notes = [note("/a", 10, 12), note("/b", 11, 14), note("/c", 13, 13.5), note("/d", 16, 17)]
    assert waits(notes) == (7.0, 5.0)
    assert waits([]) == (0.0, 0.0)


def test_a_page_that_polls_waits_between_its_questions_too() -> None:
    polls = [note("/api/inquiries/7", 0, 1), note("/api/inquiries/7", 3, 4)]
    assert waits(polls) == (4.0, 4.0)
    assert waits([polls[0], note("/x", 1.5, 2), polls[1]]) == (4.0, 2.5), "it did something else"
    pages = [note("/claims", 0, 1), note("/claims", 3, 4)]
    assert waits(pages) == (4.0, 2.0), "a page that is opened twice is no poll"
