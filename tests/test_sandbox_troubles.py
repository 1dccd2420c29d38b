"""The knobs of the two older portals do what they say, and nothing when they are let go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from portal_clients import Commercial, Medicaid, SetClock, answering
from portal_worlds import FAMILY, RECIPIENT, small_world

from sandbox.documents import eob_pdf
from sandbox.knobs import Arrival, Knobs
from sandbox.serve import Portals
from sandbox.world import World

COMMERCIAL, MEDICAID = "juniper-ridge", "franklin-medicaid"
CLAIM = "/api/claims/E00000000001"
ADVICE = "/RemittanceAdvice.aspx?ra=RAT0001"


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture
def knobs() -> Knobs:
    return Knobs()


@pytest.fixture
def portals(world: World, knobs: Knobs) -> Iterator[Portals]:
    both = {COMMERCIAL: knobs, MEDICAID: knobs}
    with answering(world, SetClock(), delay=0, knobs=both) as open_ones:
        yield open_ones


@pytest.fixture
def commercial(portals: Portals) -> Iterator[Commercial]:
    with Commercial(portals) as browser:
        yield browser.sign_in()


@pytest.fixture
def medicaid(portals: Portals) -> Iterator[Medicaid]:
    with Medicaid(portals) as browser:
        yield browser.enter()


def search(browser: Medicaid) -> str:
    return browser.search(RECIPIENT, "03/01/2026", "11/20/2026")


@pytest.mark.parametrize("knob", ["ends_session_after", "stolen_after"])
def test_a_session_ends_after_so_many_requests(
    commercial: Commercial, medicaid: Medicaid, knobs: Knobs, knob: str
) -> None:
    setattr(knobs, knob, 2)
    answers = [commercial.http.get(CLAIM).status_code for _ in range(4)]
    assert answers == [200, 200, 401, 401]
    setattr(knobs, knob, 2)
    assert [search(medicaid) for _ in range(3)] == [*["Claim Inquiry"] * 2, "Session Expired"]
    for browser in (commercial, medicaid):
        counted = browser.counters()
        assert counted["expired_sessions"] == (knob == "ends_session_after")
        assert counted["concurrent_sessions"] == (knob == "stolen_after")
    assert knobs == Knobs()


def test_maintenance_answers_for_everything_until_it_is_over(
    commercial: Commercial, medicaid: Medicaid, knobs: Knobs
) -> None:
    knobs.maintenance = True
    for browser, page in ((commercial, CLAIM), (medicaid, "/Login.aspx")):
        answer = browser.http.get(page)
        assert (answer.status_code, "maint" in answer.text) == (200, True)
    knobs.maintenance = False
    assert commercial.http.get(CLAIM).status_code == 200
    assert search(medicaid) == "Claim Inquiry"


def test_rows_stand_there_twice(commercial: Commercial, medicaid: Medicaid, knobs: Knobs) -> None:
    once = commercial.search(FAMILY, "03/01/2026", "11/20/2026")["total"]
    search(medicaid)
    assert "7 claim(s) found" in medicaid.text
    knobs.duplicate_rows = True
    assert commercial.search(FAMILY, "03/01/2026", "11/20/2026")["total"] == 2 * int(str(once))
    search(medicaid)
    assert "14 claim(s) found" in medicaid.text


def test_a_claim_is_shown_for_another_patient(
    commercial: Commercial, medicaid: Medicaid, knobs: Knobs
) -> None:
    before = commercial.http.get(CLAIM).json()
    knobs.wrong_patient = True
    after = commercial.http.get(CLAIM).json()
    assert before["memberId"] == FAMILY != after["memberId"]
    assert (after["claimNumber"], after["billed"]) == (before["claimNumber"], before["billed"])
    search(medicaid)
    medicaid.post("ctl00$MainContent$gvClaims", "Select$0")
    assert medicaid.title == "Claim Detail"
    assert RECIPIENT not in medicaid.text


@pytest.mark.parametrize("manner", ["attachment", "inline", "encrypted", "truncated", "html"])
def test_a_document_arrives_the_way_that_is_set(
    commercial: Commercial, medicaid: Medicaid, knobs: Knobs, world: World, manner: Arrival
) -> None:
    knobs.document = manner
    locked = medicaid.account.document_password
    ours = commercial.account.document_password if manner == "encrypted" else ""
    for browser, path, whole in (
        (commercial, f"{CLAIM}/eob", eob_pdf(world, COMMERCIAL, "T0001", ours)),
        (medicaid, ADVICE, eob_pdf(world, MEDICAID, "T0001", locked)),
    ):
        sent = browser.http.get(path)
        way = sent.headers["content-disposition"].partition(";")[0]
        if manner in ("attachment", "inline"):
            assert way == manner
        if manner == "html":
            assert sent.content.startswith(b"<!doctype html>")
        elif manner == "truncated":
            assert sent.content == whole[: len(whole) // 2]
        else:
            assert sent.content == whole
