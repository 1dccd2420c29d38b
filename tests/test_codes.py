"""Bare codes with our own words: the laws of the code tables."""

from __future__ import annotations

import re

import pytest

from billing.codes.categories import CATEGORIES, Stage, stage_of
from billing.codes.groups import GROUPS
from billing.codes.reasons import REASONS, Denial, Effect, effect, explain, meaning


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CO-45", Effect.CONTRACTUAL),
        ("CO-253", Effect.CONTRACTUAL),
        ("PI-94", Effect.CONTRACTUAL),
        ("CO-131", Effect.CONTRACTUAL),
        ("CO-237", Effect.CONTRACTUAL),
        ("OA-23", Effect.CONTRACTUAL),
        ("PR-1", Effect.PATIENT_SHARE),
        ("PR-2", Effect.PATIENT_SHARE),
        ("PR-3", Effect.PATIENT_SHARE),
        ("PR-66", Effect.PATIENT_SHARE),
        ("PR-45", Effect.PATIENT_SHARE),
        ("CO-1", Effect.CONTRACTUAL),
        ("PR-204", Effect.DENIAL),
        ("PR-96", Effect.DENIAL),
        ("CO-9999", Effect.UNKNOWN),
        ("PR-9999", Effect.UNKNOWN),
        ("ZZ-45", Effect.UNKNOWN),
        ("ZZ-16", Effect.UNKNOWN),
    ],
)
def test_what_a_code_does_to_the_money(code: str, expected: Effect) -> None:
    group, reason = code.split("-")
    assert effect(group, reason) is expected


@pytest.mark.parametrize(
    ("reason", "denial"),
    [
        ("16", Denial.MISSING_INFO),
        ("18", Denial.DUPLICATE),
        ("22", Denial.OTHER_PAYER),
        ("27", Denial.ELIGIBILITY),
        ("29", Denial.TIMELY_FILING),
        ("31", Denial.ELIGIBILITY),
        ("50", Denial.MEDICAL_NECESSITY),
        ("96", Denial.NOT_COVERED),
        ("97", Denial.BUNDLED),
        ("109", Denial.OTHER_PAYER),
        ("119", Denial.NOT_COVERED),
        ("197", Denial.NO_AUTHORIZATION),
        ("204", Denial.NOT_COVERED),
    ],
)
def test_a_denial_stays_one_whoever_is_left_with_the_dollars(reason: str, denial: Denial) -> None:
    for group in GROUPS:
        known = meaning(group, reason)
        assert known is not None
        assert (known.effect, known.denial) == (Effect.DENIAL, denial)


def test_only_denials_have_a_class_and_every_class_has_codes() -> None:
    for known in REASONS.values():
        assert (known.denial is not None) == (known.effect is Effect.DENIAL)
    assert {known.denial for known in REASONS.values()} == {*Denial, None}


def test_no_code_stands_in_two_tables() -> None:
    from billing.codes import reasons

    tables = [*reasons._DENIALS.values(), reasons._CONTRACTUAL, reasons._PATIENT_SHARE]
    assert sum(len(table) for table in tables) == len(REASONS)


def test_glosses_are_short_and_plain() -> None:
    glosses = [known.gloss for known in REASONS.values()]
    glosses += [group.gloss for group in GROUPS.values()]
    glosses += [category.gloss for category in CATEGORIES.values()]
    for gloss in glosses:
        assert 3 < len(gloss) < 70
        assert not re.search(r"[.\n]|^[A-Z]", gloss)


def test_a_code_explains_itself() -> None:
    assert explain("CO-45").startswith("above the fee schedule")
    assert "the patient or the next payer" in explain("PR-1")
    assert explain("CO-9999") == "CO-9999 is not in our list of codes"
    assert explain("nonsense") == "nonsense is not in our list of codes"


@pytest.mark.parametrize(
    ("category", "stage"),
    [
        ("A1", Stage.PENDING),
        ("A2", Stage.PENDING),
        ("A3", Stage.REJECTED),
        ("A7", Stage.REJECTED),
        ("P1", Stage.PENDING),
        ("P3", Stage.DOCUMENTS_WANTED),
        ("R4", Stage.DOCUMENTS_WANTED),
        ("F0", Stage.ADJUDICATED),
        ("F3N", Stage.ADJUDICATED),
        ("E1", Stage.UNAVAILABLE),
        ("D0", Stage.UNDECIDED),
        ("Z9", None),
        ("", None),
        (None, None),
    ],
)
def test_how_far_a_category_has_come(category: str | None, stage: Stage | None) -> None:
    assert stage_of(category) is stage


def test_no_category_before_adjudication_closes_a_claim() -> None:
    early = [known.stage for code, known in CATEGORIES.items() if code[0] in "AP"]
    assert Stage.ADJUDICATED not in early
