"""Invented portals whose forms and panels are made by scripts, entered with nothing but YAML."""

from __future__ import annotations

from decimal import Decimal

import pytest
from odd_site import (
    PERSON,
    UNKNOWN,
    UNREACHABLE,
    Asked,
    Reply,
    Site,
    kept,
    words,
)
from odd_site import Night as Night
from odd_site import night as night

from billing.model import Reason

pytestmark = pytest.mark.browser


def test_controlled_inputs_a_combobox_at_the_bodys_end_and_cards(night: Night) -> None:
    claims = [
        kept("A1"),
        kept("A2", member="QX0009999", paid="70.00"),
        kept("A3", served="2026-01-09"),
    ]
    absent = kept("-", charge="999.00")
    told = night(Site("alder", claims), [*claims, absent])
    assert words(told) == ["found", "found", "found", UNKNOWN], told
    assert [one.paid for one in told[:3]] == [Decimal("80.25"), Decimal("70.00"), Decimal("80.25")]
    assert "nothing in the results tells" in told[3].why


def test_old_figures_in_a_panel_are_not_read_as_the_new_claims(night: Night) -> None:
    """The number is new at once, the figures later; the amount paid comes by a second request."""
    claims = [kept("A1", paid="80.25"), kept("A2", served="2026-01-09", paid="70.00")]
    more = {c["number"]: c["paid"] for c in claims}
    site = Site("alder", claims, {"early": True, "zeros": True})
    site.routes["more"] = lambda asked: Reply({"paid": more[asked.path[6:]]}, seconds=0.7)
    told = night(site, claims)
    assert [one.paid for one in told] == [Decimal("80.25"), Decimal("70.00")]


def test_figures_that_come_too_late_are_no_answer(night: Night) -> None:
    claims = [kept("A1"), kept("A2", served="2026-01-09")]
    site = Site("alder", claims, {"zeros": True})
    site.routes["more"] = lambda asked: Reply({"paid": "0.00"}, status=500)
    assert words(night(site, claims)) == [UNREACHABLE] * 2


def test_a_list_that_stays_while_the_next_search_runs_is_not_its_answer(night: Night) -> None:
    claims = [kept("A1"), kept("B1", member="QX0009999", paid="70.00")]
    site = Site("alder", claims)
    site.routes["claims"] = lambda asked: Reply(
        site._claims(asked), seconds=1.5 if "member" in asked.query else 0
    )
    absent = kept("-", member="QX0005555")
    told = night(site, [*claims, absent])
    assert words(told) == ["found", "found", "not on file"], told
    assert [one.paid for one in told[:2]] == [Decimal("80.25"), Decimal("70.00")]


def test_a_list_that_stays_because_the_search_failed_is_no_answer(night: Night) -> None:
    site = Site("alder", [kept("A1")], {"swallows": True})

    def answer(asked: Asked) -> object:
        if asked.query.get("member") == "QX0009999":
            return {"error": "timed out"}
        return site._claims(asked)

    site.routes["claims"] = answer
    told = night(site, [kept("A1"), kept("B1", member="QX0009999", served="2026-01-09")])
    assert words(told) == ["found", UNKNOWN], told


def test_a_row_that_opens_another_claim_and_screens_that_disagree_go_to_a_person(
    night: Night,
) -> None:
    claims = [
        kept("A1", status="Denied", listed="Paid"),
        kept("A2", served="2026-01-09"),
        kept("A2", served="2026-01-10"),
        kept("A4", served="2026-01-11"),
    ]
    told = night(Site("alder", claims), [claims[0], claims[1], claims[3]])
    assert words(told) == [PERSON, UNKNOWN, "found"], told
    assert "disagree on status" in told[0].why
    assert "2 elements" in told[1].why


def test_a_row_that_opens_another_claim_is_an_exception(night: Night) -> None:
    claims = [kept("A1"), kept("A2", paid="1.00")]
    told = night(Site("alder", claims, {"opens": "A2"}), claims[:1])
    assert words(told) == [UNKNOWN], told


@pytest.mark.parametrize(
    ("theirs", "told_of_ours"),
    [
        ({"member": "QX0009999", "born": "1951-07-08"}, str(Reason.WRONG_PATIENT)),
        ({"born": "2019-07-08"}, "found"),  # a child under the same number, seen the same day
    ],
)
@pytest.mark.parametrize("other", ["A1", "A2"])
def test_two_claims_alike_of_which_one_opens_as_somebody_elses(
    night: Night, theirs: dict[str, str], told_of_ours: str, other: str
) -> None:
    """A portal that mixes patients up may have mixed up the other one too."""
    site = Site("alder", [kept("A1"), kept("A2")])

    def answer(asked: Asked) -> object:
        found = site._claims(asked)
        return found | theirs if asked.path == f"/claims/{other}" else found

    site.routes["claims"] = answer
    told = night(site, [kept("-")])
    assert words(told) == [told_of_ours], told


def first_step(**step: object) -> dict[str, object]:
    """A birch profile that begins its search with one more step."""
    keys = {"placeholder": "Member ID", "value": "{claim.member_id}"}
    return {"tasks": {"claim_status": {"search": [step, {"type": keys}]}}}


@pytest.mark.parametrize("where", ["client", "server"])
def test_a_list_that_filters_itself_while_its_field_is_typed_in(night: Night, where: str) -> None:
    """Half a second after the last key, and a server that takes a second and a half."""
    claims = [kept("A1"), kept("B1", member="QX0009999", paid="70.00")]
    site = Site("birch", claims, {"filter": where, "local": True})
    site.routes["claims"] = lambda asked: Reply(
        site._claims(asked), seconds=1.5 if asked.query.get("member") else 0
    )
    told = night(site, [*claims, kept("-", charge="999.00")])
    assert words(told) == ["found", "found", "not on file"], told
    assert [one.paid for one in told[:2]] == [Decimal("80.25"), Decimal("70.00")]


def test_a_filter_that_heeds_nothing_is_no_answer(night: Night) -> None:
    """Whether the list names its members or not, and whether keys or a whole text were sent."""
    claims = [kept("A1"), kept("B1", member="QX0009999")]
    absent = [kept("-", member="QX0005555", charge="77.00")]
    assert words(night(Site("birch", claims, {"filter": "ignored"}), absent)) == [UNKNOWN]


def test_a_filter_that_heeds_nothing_and_names_no_members_is_no_answer(night: Night) -> None:
    claims = [kept("A1"), kept("B1", member="QX0009999")]
    site = Site("birch", claims, {"filter": "ignored", "anonymous": True})
    fields = {"tasks": {"claim_status": {"rows": {"fields": {"member_id": None}}}}}
    assert words(night(site, [kept("-", member="QX0005555", charge="77.00")], fields)) == [UNKNOWN]


def test_a_session_in_the_local_store_is_renewed_when_the_portal_ends_it(night: Night) -> None:
    claims = [kept("A1"), kept("B1", member="QX0009999", paid="70.00")]
    site = Site("birch", claims, {"filter": "server", "local": True}, session_lasts=2)
    assert words(night(site, claims)) == ["found", "found"]
    assert site.asked.count("POST /login") > 1


@pytest.mark.parametrize(
    ("flags", "value", "word"),
    [
        ({"date": "type=date"}, "{claim.service_from|%Y-%m-%d}", "found"),
        ({"date": "type=date"}, "{claim.service_from}", UNKNOWN),
        ({"masked": True}, "{claim.service_from|%m%d%Y}", "found"),
        ({"masked": True, "date": "maxlength=9"}, "{claim.service_from}", UNKNOWN),
        ({"date": "type=number"}, "{claim.member_id|digits}", "found"),
        ({"date": "type=number"}, "{claim.member_id}", UNKNOWN),
    ],
)
def test_fields_that_want_their_own_spelling(
    night: Night, flags: dict[str, object], value: str, word: str
) -> None:
    site = Site("birch", [kept("A1")], {"filter": "server", **flags})
    verb = "type" if "masked" in flags else "fill"
    step = first_step(**{verb: {"label": "Service date", "value": value}})
    assert words(told := night(site, [kept("A1")], step)) == [word], told


def test_a_field_that_cuts_the_member_id_is_no_search(night: Night) -> None:
    claims = [kept("A1", member="QX0001")]
    site = Site("birch", claims, {"filter": "server", "short": True})
    told = night(site, [kept("-", member="QX0001234")])
    assert words(told) == [UNKNOWN]
    assert "did not take" in told[0].why
