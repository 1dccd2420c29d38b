"""Every recorded case of every payer is read today as its reviewed expectation says."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.profile import load_profiles
from bots.reading.cases import Case, find_cases, problem

PROFILES = load_profiles(Path(__file__).parent.parent / "payer_profiles")
CASES = [(case, PROFILES[payer]) for payer in PROFILES for case in find_cases(PROFILES[payer])]
FIELDS = [
    pytest.param(wrong, id=f"{case.name}/{field}")
    for case, profile in CASES
    for field, wrong in problem(case, profile).items()
]


@pytest.mark.parametrize("wrong", FIELDS)
def test_a_field_is_read_as_expected(wrong: str | None) -> None:
    assert wrong is None


@pytest.mark.parametrize("payer", PROFILES)
def test_every_payer_proves_what_it_declares(payer: str) -> None:
    profile = PROFILES[payer]
    mine = [case for case, of in CASES if of is profile]
    read = {case.file.reads for case in mine}
    assert {"claim", "rows"} <= read
    assert "document" in read or profile.eob is None
    assert "coverage" in read or profile.file.tasks.eligibility is None
    assert "claim_list" in read or profile.file.tasks.claim_status.claim_list is None
    assert any(case.refused for case in mine), "a case that must be refused shows that one can be"


def test_every_word_of_a_recorded_cover_is_in_its_profile() -> None:
    covers = [case for case, _ in CASES if case.file.reads == "coverage" and case.expected]
    assert {case.expected["active"] for case in covers} == {True, False}
    assert all(case.expected["unknown_words"] == [] for case in covers)


def test_every_status_phrase_of_a_case_is_in_the_vocabulary() -> None:
    categories = [
        (case.name, field)
        for case, _ in CASES
        for field, value in case.expected.items()
        if field.endswith(".category") and value is None
    ]
    assert categories == []


def test_an_expectation_that_nobody_reviewed_proves_nothing() -> None:
    case, profile = CASES[0]
    unreviewed = Case(
        case.folder, case.file.model_copy(update={"reviewed_by": None}), case.expected, None
    )
    assert list(problem(unreviewed, profile)) == ["reviewed_by"]


def test_a_wrong_expectation_is_noticed() -> None:
    case, profile = next((c, p) for c, p in CASES if c.expected)
    field = next(iter(case.expected))
    wrong = Case(case.folder, case.file, {**case.expected, field: "something else"}, None)
    assert problem(wrong, profile)[field] is not None
