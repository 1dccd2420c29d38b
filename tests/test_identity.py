"""Three identifiers agree, or the claim is not ours: the laws of identity."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reconcile_samples import CLAIM, STATUS

from billing.identity import Verdict, agreement, choose, could_be_same, judge
from billing.model import ClaimStatus, Found, NoAnswer, NotFound, Reason

FIELDS = ("member_id", "date_of_birth", "service_from", "billed")
OTHER_DAY, OTHER_BIRTH = date(2026, 9, 15), date(1982, 2, 3)


def status(**changes: Any) -> ClaimStatus:
    return replace(STATUS, **changes)


@pytest.mark.parametrize(
    "spelled", ["ACM000000123", "acm000000123", "ACM 000 000 123", " ACM-000000123 "]
)
def test_a_member_number_is_one_whatever_its_case_spaces_and_hyphens(spelled: str) -> None:
    assert "member_id" in agreement(CLAIM, status(member_id=spelled), FIELDS).agree


def test_leading_zeros_that_a_spreadsheet_lost_prove_nothing_either_way() -> None:
    claim = replace(CLAIM, member_id="12345")
    found = agreement(claim, status(member_id="0000012345"), FIELDS)
    assert found.unknown == ("member_id",)
    assert judge(claim, status(member_id="0000012345"), FIELDS) is Verdict.SAME
    without_birth = status(member_id="0000012345", date_of_birth=None)
    assert judge(claim, without_birth, FIELDS) is Verdict.UNSURE


def test_zeros_inside_a_number_are_significant() -> None:
    claim = replace(CLAIM, member_id="1002")
    assert agreement(claim, status(member_id="102"), FIELDS).differ == ("member_id",)


def test_a_field_that_nobody_can_compare_is_unknown() -> None:
    claim = replace(CLAIM, member_id=" ", date_of_birth=None)
    found = agreement(claim, status(charge=None), FIELDS)
    assert found.unknown == ("member_id", "date_of_birth", "billed")
    assert found.agree == ("service_from",)


def test_a_field_that_is_no_identifier_is_refused() -> None:
    with pytest.raises(ValueError, match="patient_last; allowed: member_id"):
        agreement(CLAIM, STATUS, ("patient_last",))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.SAME),
        ({"charge": None}, Verdict.SAME),
        ({"member_id": None}, Verdict.SAME),
        ({"member_id": None, "charge": None}, Verdict.UNSURE),
        ({"date_of_birth": OTHER_BIRTH}, Verdict.OTHER_PATIENT),
        ({"member_id": "ACM999"}, Verdict.OTHER_PATIENT),
        ({"member_id": "ACM999", "date_of_birth": OTHER_BIRTH}, Verdict.OTHER_PATIENT),
        ({"member_id": "ACM999", "charge": None}, Verdict.OTHER_PATIENT),
        ({"service_from": OTHER_DAY}, Verdict.OTHER_CLAIM),
        ({"charge": Decimal("200.01")}, Verdict.OTHER_CLAIM),
        ({"date_of_birth": OTHER_BIRTH, "service_from": OTHER_DAY}, Verdict.OTHER_CLAIM),
        ({"date_of_birth": OTHER_BIRTH, "charge": Decimal("1.00")}, Verdict.OTHER_CLAIM),
    ],
)
def test_a_single_difference_says_no_and_three_agreements_say_yes(
    changes: dict[str, Any], verdict: Verdict
) -> None:
    assert judge(CLAIM, status(**changes), FIELDS) is verdict


def test_a_row_is_opened_unless_its_date_or_charge_differs() -> None:
    bare = status(member_id=None, date_of_birth=None, service_from=None, charge=None)
    assert could_be_same(CLAIM, bare)
    assert could_be_same(CLAIM, replace(bare, charge=CLAIM.billed))
    assert not could_be_same(CLAIM, replace(bare, service_from=OTHER_DAY))
    assert not could_be_same(CLAIM, replace(bare, charge=Decimal("199.99")))


def test_another_patients_row_is_opened_so_that_it_cannot_pass_for_not_on_file() -> None:
    assert could_be_same(CLAIM, status(date_of_birth=OTHER_BIRTH))


SAME = STATUS
TWIN = status(payer_claim_number="E2")
PATIENT = status(payer_claim_number="E3", date_of_birth=OTHER_BIRTH)
OTHER = status(payer_claim_number="E4", service_from=OTHER_DAY)
UNSURE = status(payer_claim_number="E5", member_id=None, date_of_birth=None)
OLD = status(payer_claim_number="E6", words="Reversed")
STRANGER = status(payer_claim_number="E7", member_id="ACM999", date_of_birth=OTHER_BIRTH)
OLD_STRANGER = replace(STRANGER, words="Reversed")


@pytest.mark.parametrize(
    ("opened", "reason"),
    [
        ([SAME, TWIN], Reason.SEVERAL_MATCHES),
        ([SAME, TWIN, PATIENT, UNSURE], Reason.SEVERAL_MATCHES),
        ([OLD, SAME, TWIN], Reason.SEVERAL_MATCHES),
        ([OLD], Reason.NEEDS_PERSON),
        ([OLD, PATIENT], Reason.NEEDS_PERSON),
        ([PATIENT], Reason.WRONG_PATIENT),
        ([PATIENT, OTHER, UNSURE], Reason.WRONG_PATIENT),
        ([UNSURE], Reason.NEEDS_PERSON),
        ([UNSURE, OTHER], Reason.NEEDS_PERSON),
        ([SAME, UNSURE], Reason.NEEDS_PERSON),
        ([SAME, UNSURE, PATIENT, OLD], Reason.NEEDS_PERSON),
        ([SAME, STRANGER], Reason.WRONG_PATIENT),
        ([SAME, UNSURE, STRANGER], Reason.WRONG_PATIENT),
        ([SAME, STRANGER, OTHER, OLD], Reason.WRONG_PATIENT),
        ([SAME, TWIN, STRANGER], Reason.SEVERAL_MATCHES),
    ],
)
def test_what_is_not_certain_is_no_answer_in_whatever_order(
    opened: list[ClaimStatus], reason: Reason
) -> None:
    for order in permutations(opened):
        answer = choose(CLAIM, order, FIELDS, {"Reversed"}, member_asked=True)
        assert isinstance(answer, NoAnswer)
        assert answer.reason is reason
        assert "Quill" not in answer.detail


@pytest.mark.parametrize(
    "opened",
    [[SAME], [SAME, OTHER], [SAME, PATIENT], [OLD, SAME], [OLD_STRANGER, SAME], [OTHER, SAME]],
)
def test_exactly_one_current_claim_is_found_and_is_the_object_that_was_opened(
    opened: list[ClaimStatus],
) -> None:
    for order in permutations(opened):
        answer = choose(CLAIM, order, FIELDS, {"Reversed"}, member_asked=True)
        assert isinstance(answer, Found)
        assert answer.value is SAME


@pytest.mark.parametrize("other", [STRANGER, UNSURE])
def test_of_all_that_a_portal_holds_for_a_day_another_claim_says_nothing_of_ours(
    other: ClaimStatus,
) -> None:
    """Asked by days alone, a portal lists everybody's claims: one like ours is no surprise."""
    assert choose(CLAIM, [other, SAME], FIELDS, (), member_asked=False) == Found(SAME)


def test_where_no_member_number_is_compared_a_strangers_says_nothing() -> None:
    fields = ("date_of_birth", "service_from", "billed")
    assert choose(CLAIM, [STRANGER, SAME], fields, (), member_asked=True) == Found(SAME)


@pytest.mark.parametrize("opened", [[], [OTHER], [OTHER, replace(OTHER, charge=None)]])
def test_only_other_claims_are_not_ours_on_file(opened: list[ClaimStatus]) -> None:
    assert choose(CLAIM, opened, FIELDS, (), member_asked=True) == NotFound(FIELDS)


shown = st.builds(
    status,
    words=st.sampled_from(["Processed", "Reversed"]),
    member_id=st.sampled_from([None, CLAIM.member_id, "ACM999"]),
    date_of_birth=st.sampled_from([None, CLAIM.date_of_birth, OTHER_BIRTH]),
    service_from=st.sampled_from([None, CLAIM.service_from, OTHER_DAY]),
    charge=st.sampled_from([None, CLAIM.billed, Decimal("200.01")]),
)


@given(st.lists(shown, max_size=4), st.booleans())
def test_found_always_rests_on_three_identifiers_and_no_difference(
    opened: list[ClaimStatus], member_asked: bool
) -> None:
    answer = choose(CLAIM, opened, FIELDS, {"Reversed"}, member_asked=member_asked)
    if isinstance(answer, Found):
        found = answer.value
        pairs = [
            (CLAIM.member_id, found.member_id),
            (CLAIM.date_of_birth, found.date_of_birth),
            (CLAIM.service_from, found.service_from),
            (CLAIM.billed, found.charge),
        ]
        known = [ours == theirs for ours, theirs in pairs if theirs is not None]
        assert all(known)
        assert len(known) >= 3
        assert found.words != "Reversed"
        like_ours = [one for one in opened if could_be_same(CLAIM, one)]
        if member_asked:
            current = [one for one in like_ours if one.words != "Reversed"]
            assert all(one.member_id in (None, CLAIM.member_id) for one in current)


@given(st.lists(shown, max_size=4), st.booleans())
def test_not_found_is_never_said_of_a_claim_that_could_be_ours(
    opened: list[ClaimStatus], member_asked: bool
) -> None:
    answer = choose(CLAIM, opened, FIELDS, {"Reversed"}, member_asked=member_asked)
    if isinstance(answer, NotFound):
        assert not [one for one in opened if could_be_same(CLAIM, one)]


def test_our_charge_with_the_other_sign_is_no_proof_that_the_payer_lacks_the_claim() -> None:
    taken_back = status(charge=-CLAIM.billed)
    assert could_be_same(CLAIM, taken_back)
    assert judge(CLAIM, taken_back, FIELDS) is Verdict.UNSURE
    answer = choose(CLAIM, [taken_back], FIELDS, (), member_asked=True)
    assert isinstance(answer, NoAnswer)
    assert answer.reason is Reason.NEEDS_PERSON
    both = [taken_back, STATUS]
    assert choose(CLAIM, both, FIELDS, (), member_asked=True) == Found(STATUS)
