"""Pages whose data say how much there is: taken as soon as they show it, and never sooner."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from odd_site import UNKNOWN, Asked, Kept, Reply, Site, kept, pdf, words
from odd_site import Night as Night
from odd_site import night as night

from bots.portal.opened import NOT_OFFERED
from bots.portal.session import PortalSession

pytestmark = pytest.mark.browser

CLAIMS = [kept("H1"), kept("H2", charge="130.00"), kept("H3", charge="140.00", paid="91.10")]
LAST, ABSENT = CLAIMS[2], kept("-", charge="999.00")
STRANGER = kept("-", member="QX0007777")
SOON, LONG = 100, 1500  # milliseconds: within the moment that any page is given, and past it
TOO_LONG = 20_000  # when the claim is over, on a busy machine too
SILENT = {"tasks": {"claim_status": {"rows": {"total": None}}}}
EOB = pdf("H3")


def hazel(**flags: Any) -> Site:
    """A portal of three claims; with ``more`` a search brings two at first, and then all."""
    has_eob = flags.pop("eob", False)
    site = Site("hazel", [{**claim, "eob": has_eob} for claim in CLAIMS], flags)

    def listed(asked: Asked) -> Reply:
        found = site.found(asked.query)
        first = "more" in flags and asked.query["part"] == "1"
        sent = found[:-1] if first else found
        return Reply({"total": len(found), "claims": sent, "more": first})

    site.routes["list"] = listed
    paper = Reply(EOB, "application/pdf", headers={"Content-Disposition": "attachment"})
    site.routes["file"] = lambda _: paper
    return site


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments that pages were given, as they are given."""
    given: list[float] = []
    real = PortalSession.at_rest

    async def counted(session: PortalSession, moment: float = 0.2) -> None:
        given.append(moment)
        await real(session, moment)

    monkeypatch.setattr(PortalSession, "at_rest", counted)
    return given


@pytest.mark.parametrize(
    ("claim", "word"), [(LAST, "found"), (ABSENT, "not on file"), (STRANGER, "not on file")]
)
def test_a_page_that_shows_all_its_data_state_is_given_no_moment(
    night: Night, moments: list[float], claim: Kept, word: str
) -> None:
    assert words(night(hazel(), [claim])) == [word]
    assert moments == []


def test_a_page_whose_data_state_no_total_is_given_its_moment(
    night: Night, moments: list[float]
) -> None:
    assert words(night(hazel(), [LAST], SILENT)) == ["found"]
    assert moments


@pytest.mark.parametrize("later", ["more", "drawn"])
def test_rows_that_come_or_are_drawn_soon_are_waited_for(night: Night, later: str) -> None:
    told = night(hazel(**{later: SOON}), [LAST, ABSENT])
    assert words(told) == ["found", "not on file"], told


def test_rows_that_are_drawn_late_are_no_answer(night: Night) -> None:
    (told,) = night(hazel(drawn=TOO_LONG), [ABSENT])
    assert told.word == UNKNOWN
    assert "shows other claims than its data lists" in told.why


@pytest.mark.parametrize("claim", [LAST, ABSENT])
def test_rows_that_come_late_are_missed_by_their_total(night: Night, claim: Kept) -> None:
    (told,) = night(hazel(more=TOO_LONG), [claim])
    assert told.word == UNKNOWN
    assert "found 3 claims and lists 2" in told.why


def test_rows_that_come_late_are_not_missed_without_a_total(night: Night) -> None:
    assert words(night(hazel(more=TOO_LONG), [LAST], SILENT)) == ["not on file"]  # it is on file


def test_figures_that_are_drawn_later_are_waited_for(night: Night) -> None:
    (told,) = night(hazel(late=LONG), [LAST])
    assert (told.word, told.paid) == ("found", Decimal("91.10")), told


def test_a_page_that_shows_other_figures_than_its_data_is_no_answer(night: Night) -> None:
    (told,) = night(hazel(other="12.00"), [LAST])
    assert told.word == UNKNOWN
    assert "disagree on paid" in told.why


def test_an_eob_that_the_data_tell_of_is_waited_for(night: Night) -> None:
    (told,) = night(hazel(eob=True, button=LONG), [LAST])
    assert told.document == EOB, told


def test_an_eob_that_the_data_tell_of_and_no_page_offers_is_said_to_be_missing(
    night: Night,
) -> None:
    (told,) = night(hazel(eob=True, hides=True), [LAST])
    assert (told.word, told.document, told.lost) == ("found", None, NOT_OFFERED)


def test_an_eob_that_no_data_tell_of_is_given_its_moment(night: Night) -> None:
    untold = {"tasks": {"claim_status": {"read": {"response": {"document": None}}}}}
    (told,) = night(hazel(eob=True, button=SOON), [LAST], untold)
    assert told.document == EOB, told


def test_a_claim_whose_data_tell_of_no_eob_lacks_none(night: Night) -> None:
    (told,) = night(hazel(), [LAST])
    assert (told.word, told.document, told.lost) == ("found", None, "")
