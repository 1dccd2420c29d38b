"""What a profile may say of a list of many claims, and what is refused with a sentence."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import ProfileError
from bots.portal.many import around
from bots.profile import load_profile

PAYER = "franklin-medicaid"
LAST = '"{range.last|%m/%d/%Y}"'
ANY_DAY = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@given(ANY_DAY, st.sampled_from(["month", "quarter", "year"]))
def test_the_days_of_a_list_hold_the_claims_day_and_meet_those_of_the_next(
    day: date, every: str
) -> None:
    first, last = around(day, every)
    assert first <= day <= last
    assert first.year == last.year
    assert {around(first, every), around(last, every)} == {(first, last)}
    assert around(last + timedelta(days=1), every)[0] == last + timedelta(days=1)
    months = {"month": 1, "quarter": 3, "year": 12}[every]
    assert last.month - first.month + 1 == months


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (LAST, '"12/31/2026"', "must type {range.first} and {range.last}"),
        (LAST, '"{range.latest}"', "a range has no 'latest'"),
        (LAST, '"{range.last}{claim.member_id}"', "a list of many claims is not of one"),
        ("to {range.last|%m/%d/%Y}", "onwards", "for_range must show"),
        ("          member_id: {column: Recipient ID}\n", "", "['member_id'] must be read"),
        ("          paid: {column: Paid,", "          allowed: {column: Paid,", "lack ['paid']"),
        ("number, document]", "number, member_id]", "['member_id'] can lack in no row"),
        ("Larkspur Family Medicine PLLC}", '"{claim.provider_npi}"}', "for_us must show"),
        ("{claim.service_from|%Y}", "{claim.provider_npi}", "must type the provider's numbers"),
        ("number, document]", "number, dokument]", "reads ['dokument']"),
        ("Denied: [note]", "Refused: [note]", "'Refused' is not in the vocabulary"),
        ('table: "#ctl00_MainContent_gvList"', "each: tr\n        scroll: {css: html}", "rows"),
        ("      whole:\n", "      opened: [Void]\n      whole:\n", "opened goes with open"),
        ('"01/01/{claim.service_from|%Y}"', '"{range.first}"', "are words of claim_list"),
    ],
)
def test_a_list_that_proves_nothing_is_refused_when_the_profile_is_read(
    before: str, after: str, sentence: str, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(PROJECT / "payer_profiles" / PAYER, tmp_path / PAYER))
    path = folder / "profile.yaml"
    load_profile(folder)
    text = path.read_text(encoding="utf-8")
    start = 0 if "claim.service_from" in before else text.index("    claim_list:")
    assert before in text[start:]
    path.write_text(text[:start] + text[start:].replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        load_profile(folder)
    assert sentence in str(refused.value)
    assert str(path) in str(refused.value)
