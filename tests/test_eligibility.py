"""What a payer's word on a cover means for a visit: whose it is, whether it holds, what it asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from eligibility_samples import (
    COVER,
    IDENTIFIERS,
    NOW,
    OFFICE,
    OTHER,
    VISIT,
    WHOLE,
    observed,
    visit,
)
from hypothesis import given
from hypothesis import strategies as st

from billing.coverage import CoverageObservation, Network, VisitOutcome
from billing.eligibility import conclude_visit, figure, pressing, put_off, same_person, serves
from billing.model import Found, NoAnswer, NotFound, Reason
from billing.money import percent
from billing.visit_steps import STEPS

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def kinds(**changes: Any) -> list[str]:
    said = conclude_visit(VISIT, observed(replace(COVER, **changes)), earlier=None)
    return [finding.kind for finding in said.findings]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"patient_first": "Ottoline"},
        {"patient_last": "quill-feather"},
        {"patient_last": "Quillféather"},
        {"member_id": "00-MBR 777"},
        {"patient_first": None},
    ],
)
def test_the_same_person_is_known_however_names_and_numbers_are_spelled(
    changes: dict[str, Any],
) -> None:
    cover = replace(COVER, **changes)
    assert same_person(VISIT, cover, IDENTIFIERS) == Found(cover)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"patient_last": "Quillfeathers"}, "patient last"),
        ({"patient_first": "Odette"}, "patient first"),
        ({"date_of_birth": date(1961, 3, 2)}, "date of birth"),
        ({"member_id": "00MBR778"}, "member id"),
    ],
)
def test_one_difference_makes_it_another_person(changes: dict[str, Any], said: str) -> None:
    answer = same_person(VISIT, replace(COVER, **changes), IDENTIFIERS)
    assert isinstance(answer, NoAnswer)
    assert answer.reason is Reason.WRONG_PATIENT
    assert said in answer.detail
    assert "uill" not in answer.detail


def test_too_little_to_compare_is_a_person_s_to_judge() -> None:
    shown = replace(COVER, date_of_birth=None, patient_first=None)
    answer = same_person(VISIT, shown, IDENTIFIERS)
    assert isinstance(answer, NoAnswer)
    assert answer.reason is Reason.NEEDS_PERSON


def test_what_is_no_identifier_is_refused() -> None:
    with pytest.raises(ValueError, match="plan"):
        same_person(VISIT, COVER, ("plan",))


def test_a_stranger_s_figures_are_not_in_the_conclusion() -> None:
    answer = NoAnswer(Reason.WRONG_PATIENT, "The member differs.")
    said = conclude_visit(VISIT, CoverageObservation(NOW, answer, ()), earlier=COVER)
    assert said.outcome is VisitOutcome.WRONG_PATIENT
    assert said.coverage is None
    assert [finding.kind for finding in said.findings] == ["name-mismatch"]


@given(begins=days, ends=st.none() | days, day=days)
def test_a_cover_is_active_exactly_between_its_dates(
    begins: date, ends: date | None, day: date
) -> None:
    cover = replace(COVER, begins=begins, ends=ends)
    said = conclude_visit(visit(day=day), observed(cover), earlier=None)
    inside = begins <= day and (ends is None or day <= ends)
    assert said.outcome is (VisitOutcome.ACTIVE if inside else VisitOutcome.INACTIVE)
    assert said.findings[0].due == day


@given(asked=days, day=days, begins=st.none() | days, ends=st.none() | days)
def test_an_answer_serves_another_day_only_within_stated_dates(
    asked: date, day: date, begins: date | None, ends: date | None
) -> None:
    cover = replace(COVER, begins=begins, ends=ends)
    if asked == day:
        assert serves(cover, asked, day)
    elif serves(cover, asked, day):
        assert begins is not None
        assert ends is not None
        assert all(begins <= one <= ends for one in (asked, day))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["covered"]),
        ({"words": "Spend-down", "active": None}, ["unknown-coverage-words"]),
        ({"words": "Inactive", "active": False}, ["inactive"]),
        ({"other_payers": (OTHER,)}, ["other-payer-primary"]),
        ({"other_payers": (replace(OTHER, primary=None),)}, ["other-payer-known"]),
        ({"other_payers": (replace(OTHER, primary=False),)}, ["covered"]),
        (
            {"benefits": (replace(OFFICE, authorization_required=True, referral_required=True),)},
            ["authorization-required", "referral-required"],
        ),
        ({"benefits": (replace(OFFICE, covered=False),)}, ["service-not-covered"]),
        ({"benefits": (WHOLE,)}, ["benefit-not-stated"]),
        ({"unknown_words": ("Telehealth",)}, ["unknown-benefit-words"]),
    ],
)
def test_a_cover_asks_for_what_it_asks(changes: dict[str, Any], expected: list[str]) -> None:
    assert kinds(**changes) == expected


def test_findings_stand_by_how_pressing_they_are() -> None:
    found = kinds(
        benefits=(replace(OFFICE, referral_required=True),),
        other_payers=(OTHER,),
        unknown_words=("x",),
    )
    assert found == sorted(found, key=pressing)
    assert found[0] == "other-payer-primary"


def test_another_plan_than_last_time_is_told() -> None:
    before = replace(COVER, plan="Acme Silver")
    said = conclude_visit(VISIT, observed(), earlier=before)
    assert [finding.kind for finding in said.findings] == ["plan-changed"]
    assert said.findings[0].why == "It was 'Acme Silver' and is 'Acme Gold' now."
    same = conclude_visit(VISIT, observed(), earlier=COVER)
    assert [finding.kind for finding in same.findings] == ["covered"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_without_an_answer_has_a_next_action(reason: Reason) -> None:
    unheard = CoverageObservation(NOW, NoAnswer(reason, "It was so."), ())
    said = conclude_visit(VISIT, unheard, earlier=None)
    assert said.coverage is None
    assert said.findings[0].kind in STEPS
    assert said.outcome in (VisitOutcome.NO_ANSWER, VisitOutcome.WRONG_PATIENT)


def test_not_found_is_an_answer_and_never_merged_with_none() -> None:
    said = conclude_visit(
        VISIT, CoverageObservation(NOW, NotFound(("member_id",)), ()), earlier=None
    )
    assert said.outcome is VisitOutcome.NOT_FOUND
    assert said.as_of == NOW
    assert put_off(VISIT, "Later.").outcome is VisitOutcome.NO_ANSWER


def test_a_visit_s_share_is_its_service_s_and_the_deductible_the_plan_s() -> None:
    assert figure(VISIT, COVER, "copay") == (Decimal("25.00"), "benefits[0].copay")
    assert figure(VISIT, COVER, "coinsurance")[0] is None, "the copay is the visit's whole share"
    assert figure(VISIT, COVER, "deductible_remaining") == (
        Decimal("125.50"),
        "benefits[1].deductible_remaining",
    )
    other = visit(service_type="88")
    assert figure(other, COVER, "coinsurance")[0] == Decimal("0.2")
    abroad = replace(COVER, benefits=(replace(OFFICE, network=Network.OUT),))
    assert figure(VISIT, abroad, "copay") == (None, "copay")


@given(st.integers(0, 10_000))
def test_a_percentage_reads_back_as_it_was_written(hundredths: int) -> None:
    share = Decimal(hundredths) / 100
    assert percent(f"{share}%") == percent(f"{share} %") == share / 100
    if share > 1 or not share:
        assert percent(str(share)) == share / 100


@pytest.mark.parametrize(
    "text", ["", "%", "20%%", "-5%", "101%", "0.2", "1", "twenty", "20 of 100"]
)
def test_what_may_be_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"per|fraction"):
        percent(text)


def test_no_repr_shows_a_patient() -> None:
    shown = repr((VISIT, COVER, observed(), conclude_visit(VISIT, observed(), earlier=None)))
    shown += repr(OTHER)
    for secret in ("uill", "UILL", "777", "1961", "M1"):
        assert secret not in shown
