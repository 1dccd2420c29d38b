"""A captured page becomes a cover as the profile says, or is refused: no word is guessed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from billing.coverage import Network
from billing.errors import UnknownPage
from bots.eligibility_task import EligibilityTask
from bots.reading.coverage import read_coverage

FACTS = {
    "Status": "Active",
    "Member ID": "M1",
    "Last name": "Quillfeather",
    "First name": "Ottoline M",
    "Born": "02/03/1961",
    "For": "11/25/2026",
    "Plan": "Acme Gold",
    "From": "Jan 1, 2026",
}
HEAD = "<tr><th>Service</th><th>Network</th><th>Copay</th><th>Share</th><th>Auth</th></tr>"
ROW = "<tr><td>Office</td><td>In</td><td>$25.00</td><td>20%</td><td>Yes</td></tr>"
TASK: dict[str, Any] = {
    "search": [{"fill": {"label": "Member ID", "value": "{visit.member_id}"}}],
    "submit": {"click": {"role": "button", "name": "Go"}},
    "outcomes": {
        "none": {"text": "Nobody"},
        "found": {"text": "Cover"},
        "unavailable": {"text": "Down"},
    },
    "read": {
        "within": "#cover",
        "fields": {
            "words": {"label": "Status"},
            "member_id": {"label": "Member ID"},
            "patient_last": {"label": "Last name"},
            "patient_first": {"label": "First name"},
            "date_of_birth": {"label": "Born"},
            "date_of_service": {"label": "For"},
            "plan": {"label": "Plan"},
            "begins": {"label": "From"},
            "ends": {"label": "To", "when_missing": "none"},
        },
    },
    "benefits": {
        "table": "table.benefits",
        "fields": {
            "service": {"column": "Service"},
            "network": {"column": "Network"},
            "copay": {"column": "Copay"},
            "coinsurance": {"column": "Share"},
            "authorization_required": {"column": "Auth"},
        },
    },
    "other_payers": {
        "each": "li.other",
        "fields": {"name": {"css": "b"}, "primary": {"css": "i"}},
        "none": "No other insurance",
    },
    "services": {"Office": "98"},
    "networks": {"In": "in", "Out": "out"},
    "coverage_words": {"Active": "active", "Ended": "inactive"},
    "yes_no": {"Yes": True, "No": False, "first": True},
    "not_stated": ["n/a"],
    "same_person_when": ["member_id", "date_of_birth", "patient_last"],
}
TABLE = f"<table class=benefits>{HEAD}{ROW}</table>"
NONE = "<p>No other insurance</p>"


def task(**changes: Any) -> EligibilityTask:
    return EligibilityTask.model_validate(TASK | changes)


def page(inner: str = TABLE + NONE, **facts: str) -> bytes:
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in (FACTS | facts).items())
    return f"<!doctype html><div id=cover><dl>{rows}</dl>{inner}</div>".encode()


def test_every_value_is_read_with_its_place() -> None:
    reading = read_coverage(page(), task())
    cover = reading.coverage
    assert (cover.words, cover.active, cover.plan) == ("Active", True, "Acme Gold")
    assert (cover.begins, cover.ends) == (date(2026, 1, 1), None)
    assert reading.date_of_service == date(2026, 11, 25)
    (benefit,) = cover.benefits
    assert (benefit.service_type, benefit.network) == ("98", Network.IN)
    assert (benefit.copay, benefit.coinsurance) == (Decimal("25.00"), Decimal("0.2"))
    assert benefit.authorization_required is True
    assert benefit.covered is None
    assert {"plan", "begins", "benefits[0].copay"} <= reading.places.keys()
    assert "Copay" in reading.places["benefits[0].copay"].where
    assert cover.unknown_words == ()


def test_an_unknown_word_is_noted_and_never_guessed() -> None:
    row = "<tr><td>Telehealth</td><td>Tier 2</td><td>n/a</td><td></td><td>Maybe</td></tr>"
    cover = read_coverage(page(f"<table class=benefits>{HEAD}{row}</table>{NONE}"), task()).coverage
    (benefit,) = cover.benefits
    assert (benefit.service_type, benefit.network) == (None, Network.UNKNOWN)
    assert (benefit.copay, benefit.coinsurance, benefit.authorization_required) == (None,) * 3
    assert cover.unknown_words == ("Maybe", "Telehealth", "Tier 2")
    assert read_coverage(page(Status="Spend-down"), task()).coverage.active is None


def test_an_active_cover_without_its_benefits_is_a_changed_page() -> None:
    with pytest.raises(UnknownPage, match=r"an active cover and no 'table.benefits'"):
        read_coverage(page(NONE), task())
    assert read_coverage(page(NONE, Status="Ended"), task()).coverage.benefits == ()


def test_other_payers_are_read_or_said_to_be_none() -> None:
    listed = "<ul><li class=other><b>Meridian</b><i>first</i></li></ul>"
    (other,) = read_coverage(page(TABLE + listed), task()).coverage.other_payers
    assert (other.name, other.primary, other.member_id) == ("Meridian", True, None)
    with pytest.raises(UnknownPage, match="neither"):
        read_coverage(page(TABLE), task())


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("$25.00", "25 or so", "not an amount"),
        ("20%", "0.2", "fraction or per cent"),
        (">Copay<", ">Co-pay<", "without the columns"),
        ("<dt>Plan</dt>", "<dt>Product</dt>", "label 'Plan' 0 times"),
        ("Jan 1, 2026", "last year", "not a date"),
    ],
)
def test_a_value_that_is_not_what_it_should_be_is_refused(was: str, now: str, said: str) -> None:
    spoiled = page().replace(was.encode(), now.encode())
    with pytest.raises(UnknownPage, match=said) as refusal:
        read_coverage(spoiled, task())
    assert "Quillfeather" not in str(refusal.value)


def test_benefits_may_stand_in_the_json_that_the_page_loaded() -> None:
    source = {
        "response": "/api/covers/*",
        "list": "plan.benefits",
        "fields": {
            "service": {"label": "name"},
            "network": {"constant": "In"},
            "copay": {"label": "copay", "when_missing": "none"},
            "coinsurance": {"label": "share", "when_missing": "none"},
        },
    }
    body = {"plan": {"benefits": [{"name": "Office", "copay": "25.00", "share": 20}]}}
    asked = task(benefits=[source])
    assert asked.responses == ("/api/covers/*",)
    sent = {"/api/covers/*": json.dumps(body).encode()}
    (benefit,) = read_coverage(page(NONE), asked, sent).coverage.benefits
    assert (benefit.copay, benefit.coinsurance) == (Decimal("25.00"), Decimal("0.2"))
    with pytest.raises(UnknownPage, match="no list"):
        read_coverage(page(NONE), asked, {"/api/covers/*": b"{}"})


CARDS: dict[str, Any] = {
    "each": "section.card",
    "fields": {
        "service": {"css": "h3"},
        "network": {"css": "b"},
        "covered": {"label": "Covered", "when_missing": "none"},
        "copay": {"label": "Copay", "when_missing": "none"},
        "authorization_required": {"label": "Authorization", "when_missing": "none"},
    },
}
UNLESS = {"covered": "Yes", "authorization_required": "No"}


def card(network: str, *facts: tuple[str, str]) -> str:
    listed = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts)
    return f"<section class=card><h3>Office</h3><b>{network}</b><dl>{listed}</dl></section>{NONE}"


@pytest.mark.parametrize(
    "heading",
    ["<h3>Other Insurance</h3>", "<table><caption>Coordination of benefits</caption></table>"],
)
def test_a_heading_of_other_insurance_without_a_row_of_it_is_no_silence(heading: str) -> None:
    other_payers = {"each": "li.other", "fields": {"name": {"css": "b"}}}
    asked = task(other_payers=other_payers)
    assert read_coverage(page(TABLE), asked).coverage.other_payers == ()
    with pytest.raises(UnknownPage, match="no other payer; the portal may have changed"):
        read_coverage(page(TABLE + heading), asked)
    listed = heading + "<ul><li class=other><b>Meridian</b></li></ul>"
    (other,) = read_coverage(page(TABLE + listed), asked).coverage.other_payers
    assert other.name == "Meridian"


def test_a_flag_that_is_shown_only_when_set_is_otherwise_what_the_profile_says() -> None:
    asked = task(benefits=CARDS | {"unless_shown": UNLESS})
    bare = page(card("In", ("Copay", "$5.00")))
    (benefit,) = read_coverage(bare, asked).coverage.benefits
    assert (benefit.covered, benefit.authorization_required) == (True, False)
    (benefit,) = read_coverage(bare, task(benefits=CARDS)).coverage.benefits
    assert (benefit.covered, benefit.authorization_required) == (None, None)
    (benefit,) = read_coverage(page(card("In", ("Authorization", "Yes"))), asked).coverage.benefits
    assert benefit.authorization_required is True


def test_a_label_that_nobody_reads_may_be_a_renamed_flag() -> None:
    asked = task(benefits=CARDS | {"unless_shown": UNLESS})
    with pytest.raises(UnknownPage, match=r"the unknown labels \['Prior auth'\]"):
        read_coverage(page(card("In", ("Prior auth", "Yes"))), asked)


def test_rows_that_steps_bring_to_view_are_read_from_the_page_after_them() -> None:
    steps = [{"click": {"role": "tab", "name": "Out"}}]
    asked = task(benefits=[CARDS, CARDS | {"after": steps}])
    inside, outside = (
        page(card(network, ("Copay", copay))) for network, copay in (("In", "$5"), ("Out", "$90"))
    )
    reading = read_coverage(inside, asked, later=[outside])
    first, second = reading.coverage.benefits
    assert (first.network, first.copay) == (Network.IN, Decimal(5))
    assert (second.network, second.copay) == (Network.OUT, Decimal(90))
    places = [reading.places[f"benefits[{n}].copay"].sha256 for n in (0, 1)]
    assert len(set(places)) == 2
    with pytest.raises(UnknownPage, match=r"the same 'section.card' after its steps"):
        read_coverage(inside, asked, later=[inside])
    other = page(card("Out"), Plan="Acme Silver")
    with pytest.raises(UnknownPage, match="another cover than the page before it"):
        read_coverage(inside, asked, later=[other])
    assert read_coverage(page(NONE, Status="Ended"), asked).coverage.benefits == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"services": {"Office": "99213"}}, "no service type"),
        ({"same_person_when": ["member_id", "date_of_birth", "patient_first"]}, "patient_last"),
        ({"same_person_when": ["member_id", "patient_last"]}, "at least 3"),
        ({"quiet_hours": "business hours"}, "opening hours are like"),
        ({"coverage_words": {"Active": "yes"}}, "'active' or 'inactive'"),
        (
            {"search": [{"fill": {"label": "x", "value": "{visit.ssn}"}}]},
            "a visit has no 'ssn'",
        ),
        ({"benefits": {"each": "li", "fields": {"copay": {"css": "b"}}}}, "must be read"),
        ({"benefits": CARDS | {"unless_shown": {"copay": "$0.00"}}}, "copay is no flag"),
        ({"benefits": CARDS | {"unless_shown": {"referral_required": "No"}}}, "has a label"),
        ({"benefits": CARDS | {"unless_shown": {"covered": "Sure"}}}, "must be among yes_no"),
        (
            {
                "benefits": {
                    "each": "li",
                    "fields": {"service": {"css": "b"}, "copays": {"css": "i"}},
                }
            },
            "did you mean copay",
        ),
    ],
)
def test_a_profile_that_says_it_wrongly_is_told_what_is_allowed(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        task(**changes)


def test_quiet_hours_hold_in_their_own_zone() -> None:
    quiet = task(quiet_hours="Mon-Fri 07:00-19:00 America/New_York")
    assert quiet.is_quiet(datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    assert not quiet.is_quiet(datetime(2026, 11, 25, 11, 59, tzinfo=UTC))
    assert not quiet.is_quiet(datetime(2026, 11, 28, 15, 0, tzinfo=UTC))
    assert not task().is_quiet(datetime(2026, 11, 25, 15, 0, tzinfo=UTC))
    assert quiet.service_words("98") == "Office"
    assert quiet.service_words("88") is None
