"""The simulated portals keep the rules that make them hard to drive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta

import pyotp
import pytest
from lxml import html
from portal_clients import CONTENT, Commercial, Medicaid, SetClock, answering
from portal_worlds import (
    DOWN,
    DOWN_ONCE,
    FAMILY,
    RECIPIENT,
    RECIPIENT_DOWN,
    RECIPIENT_DOWN_ONCE,
    small_world,
)

from sandbox.documents import eob_pdf
from sandbox.portal_commercial import wait_seconds
from sandbox.serve import Portals
from sandbox.world import World

DELAY = 0.05


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def portals(world: World, clock: SetClock) -> Iterator[Portals]:
    with answering(world, clock, delay=DELAY) as open_ones:
        yield open_ones


# ------------------------------------------------------------------------------- commercial


@pytest.fixture
def commercial(portals: Portals) -> Iterator[Commercial]:
    with Commercial(portals) as browser:
        yield browser


@pytest.fixture
def another_commercial(portals: Portals) -> Iterator[Commercial]:
    with Commercial(portals) as browser:
        yield browser


def test_the_third_wrong_password_locks_the_account(commercial: Commercial) -> None:
    refused = {"error": "The user ID or password is incorrect."}
    locked = {"error": "Your account is locked."}
    assert [commercial.password("wrong") for _ in range(3)] == [refused, refused, locked]
    assert commercial.password() == locked
    assert {k: v for k, v in commercial.counters().items() if v} == {"refusals": 4, "locks": 1}


def test_a_sign_in_forgives_earlier_refusals(commercial: Commercial) -> None:
    commercial.password("wrong")
    commercial.password("wrong")
    commercial.sign_in()
    assert "incorrect" in commercial.password("wrong")["error"]
    assert commercial.counters()["locks"] == 0


def test_a_code_is_accepted_once(commercial: Commercial, another_commercial: Commercial) -> None:
    used = pyotp.TOTP(commercial.account.totp).now()
    commercial.password()
    assert commercial.code(code=used) == {"next": "home"}
    another_commercial.password()
    assert "already been used" in another_commercial.code(code=used)["error"]
    assert another_commercial.code(steps_ahead=1) == {"next": "home"}


def test_no_code_without_the_password(commercial: Commercial) -> None:
    assert "error" in commercial.code()
    assert commercial.http.get(f"/api/claims/E{1:011d}").status_code == 401
    assert commercial.http.get("/api/session").json() == {"signedIn": False}


def test_a_second_sign_in_ends_the_first(
    commercial: Commercial, another_commercial: Commercial
) -> None:
    commercial.sign_in()
    other = another_commercial.sign_in(steps_ahead=1)
    answer = commercial.http.get(f"/api/claims/E{1:011d}")
    assert answer.status_code == 401
    assert answer.json() == {"error": "Your session has ended. Sign in again."}
    assert other.http.get(f"/api/claims/E{1:011d}").status_code == 200
    assert other.counters()["concurrent_sessions"] == 1


def test_a_commercial_session_ends_when_idle_or_signed_out(
    commercial: Commercial, another_commercial: Commercial, clock: SetClock
) -> None:
    commercial.sign_in()
    clock.ahead += timedelta(minutes=29)
    assert commercial.http.get("/api/session").json() == {"signedIn": True}
    clock.ahead += timedelta(minutes=30)
    assert commercial.http.get("/api/session").json() == {"signedIn": False}
    other = another_commercial
    other.password()
    other.code(code=pyotp.TOTP(other.account.totp).at(clock()))
    other.http.post("/api/logout")
    assert other.http.get("/api/session").json() == {"signedIn": False}
    counted = other.counters()
    assert (counted["logins"], counted["expired_sessions"]) == (2, 1)
    assert (counted["concurrent_sessions"], counted["writes"]) == (0, 0)


def test_a_commercial_search_finds_the_family_in_the_dates_newest_first(
    commercial: Commercial,
) -> None:
    commercial.sign_in()
    found = commercial.search(FAMILY, "03/08/2026", "04/19/2026", dateOfBirth="04/09/1981")
    claims = found["claims"]
    assert isinstance(claims, list)
    assert [claim["claimNumber"] for claim in claims] == [f"E{n:011d}" for n in (7, 6, 5, 4, 3)]
    assert {claim["patient"] for claim in claims} == {"Odalys Fernhollow", "Bram Fernhollow"}
    assert claims[3]["status"] == "Reversed"
    assert claims[0]["billed"] == "1250.00"
    assert (found["total"], found["page"], found["pages"]) == (7, 1, 2)
    second = commercial.http.get(str(found["path"]), params={"page": "2"}).json()
    assert [c["serviceDate"] for c in second["claims"]] == ["2026-03-15", "2026-03-08"]
    assert commercial.search(FAMILY, "01/01/2025", "12/31/2025")["total"] == 0


def test_a_search_takes_its_own_time(commercial: Commercial) -> None:
    commercial.sign_in()
    waits = [wait_seconds(FAMILY, date(2026, 3, day)) for day in range(1, 31)]
    assert 0 <= min(waits) < 0.7 < 1.3 < max(waits) <= 2
    slowest = 1 + waits.index(max(waits))
    begun = time.monotonic()
    commercial.search(FAMILY, f"03/{slowest:02d}/2026", "12/31/2026")
    assert time.monotonic() - begun >= DELAY * max(waits)


def test_unavailable_is_not_no_claims(commercial: Commercial) -> None:
    commercial.sign_in()
    for _ in range(2):
        assert commercial.search(DOWN, "06/01/2026", "06/01/2026")["state"] == "failed"
    assert commercial.search(DOWN, "06/02/2026", "06/30/2026")["state"] == "done"
    assert commercial.search(DOWN_ONCE, "05/01/2026", "06/30/2026")["state"] == "failed"
    assert commercial.search(DOWN_ONCE, "05/01/2026", "06/30/2026")["total"] == 1


def test_only_a_decided_claim_has_figures_and_a_document(
    commercial: Commercial, world: World
) -> None:
    commercial.sign_in()
    undecided = commercial.http.get("/api/claims/E00000000012").json()
    assert undecided["adjudicated"] is None
    assert undecided["hasEob"] is False
    assert {line["paid"] for line in undecided["lines"]} == {None}
    assert commercial.http.get("/api/claims/E00000000012/eob").status_code == 404
    document = commercial.http.get("/api/claims/E00000000002/eob")
    assert document.content == eob_pdf(world, "juniper-ridge", "T0002")
    assert "attachment" in document.headers["Content-Disposition"]


def test_commercial_writes_are_counted(commercial: Commercial) -> None:
    commercial.sign_in()
    commercial.search(FAMILY, "03/01/2026", "03/31/2026")
    assert commercial.counters()["writes"] == 0
    commercial.http.post("/api/appeals", json={"claimNumber": "E00000000001"})
    commercial.http.put("/api/claims/E00000000001", json={})
    assert commercial.counters()["writes"] == 2


# ---------------------------------------------------------------------------------- Medicaid


@pytest.fixture
def medicaid(portals: Portals) -> Iterator[Medicaid]:
    with Medicaid(portals) as browser:
        yield browser


@pytest.fixture
def another_medicaid(portals: Portals) -> Iterator[Medicaid]:
    with Medicaid(portals) as browser:
        yield browser


def test_the_third_failed_login_locks_the_account(medicaid: Medicaid) -> None:
    for said in ("Login failed. Please check your user name and password.",) * 2:
        medicaid.log_in("wrong")
        assert said in medicaid.text
    medicaid.log_in("wrong")
    assert "Your account has been locked." in medicaid.text
    assert medicaid.log_in() == "Provider Login"
    assert medicaid.counters()["locks"] == 1


def test_nothing_is_shown_before_the_terms_are_accepted(medicaid: Medicaid) -> None:
    medicaid.log_in()
    assert medicaid.get("/ClaimInquiry.aspx") == "Terms of Use"
    assert medicaid.post("btnContinue") == "Terms of Use"
    assert "You must accept the terms of use to continue." in medicaid.text
    assert medicaid.post("btnContinue", chkAccept="on") == "Main Menu"


def test_a_stale_view_state_ends_the_session(medicaid: Medicaid) -> None:
    medicaid.enter()
    older = medicaid.hidden
    medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026")
    medicaid.hidden = older
    assert medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026") == "Session Expired"
    assert medicaid.get("/MainMenu.aspx") == "Session Expired"
    medicaid.enter()
    assert medicaid.counters()["expired_sessions"] == 1


def test_the_menus_link_works_once(medicaid: Medicaid) -> None:
    medicaid.log_in()
    medicaid.post("btnContinue", chkAccept="on")
    page = html.document_fromstring(medicaid.http.get("/MainMenu.aspx").text)
    (link,) = page.cssselect("#ctl00_MainContent_lnkClaimInquiry")
    assert medicaid.get(str(link.get("href"))) == "Claim Inquiry"
    assert medicaid.get(str(link.get("href"))) == "Session Expired"


def test_a_session_has_a_budget_of_postbacks(medicaid: Medicaid) -> None:
    medicaid.enter()  # accepting the terms was the first, choosing the provider the second
    titles = [medicaid.search("none", "03/01/2026", "03/31/2026") for _ in range(149)]
    assert titles == ["Claim Inquiry"] * 148 + ["Session Expired"]
    medicaid.enter()


def test_a_medicaid_session_ends_when_idle(medicaid: Medicaid, clock: SetClock) -> None:
    medicaid.enter()
    clock.ahead += timedelta(minutes=14)
    assert medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026") == "Claim Inquiry"
    clock.ahead += timedelta(minutes=15)
    assert medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026") == "Session Expired"


def test_a_second_login_and_a_log_out_end_a_session(
    medicaid: Medicaid, another_medicaid: Medicaid
) -> None:
    medicaid.enter()
    other = another_medicaid.enter()
    assert medicaid.get("/MainMenu.aspx") == "Session Expired"
    assert other.post("ctl00$lnkLogOut") == "Provider Login"
    assert other.get("/MainMenu.aspx") == "Session Expired"
    counted = other.counters()
    assert (counted["logins"], counted["concurrent_sessions"], counted["writes"]) == (2, 1, 0)


def test_medicaid_claims_are_paged_and_opened_by_postback(medicaid: Medicaid) -> None:
    medicaid.enter()
    medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026")
    assert "7 claim(s) found" in medicaid.text
    assert "0226000000003" in medicaid.text
    assert "0226000000002" not in medicaid.text
    medicaid.post(CONTENT + "gvClaims", "Page$2")
    assert "0226000000002" in medicaid.text
    assert medicaid.post(CONTENT + "gvClaims", "Select$1") == "Claim Detail"
    assert "ENC00001" in medicaid.text
    assert medicaid.post("btnNewSearch") == "Claim Inquiry"
    medicaid.search(RECIPIENT, "07/01/2026", "07/01/2026")
    medicaid.post(CONTENT + "gvClaims", "Select$0")
    assert "0000099999" in medicaid.text  # the merged record's own recipient
    assert "12/31/1944" in medicaid.text
    medicaid.post("btnNewSearch")
    medicaid.search(RECIPIENT, "07/01/2026", "07/01/2026")
    assert medicaid.post(CONTENT + "gvClaims", "Select$1") == "Session Expired"


def test_medicaid_outage_is_not_no_claims(medicaid: Medicaid) -> None:
    down, none = "claims system is currently unavailable", "No claims were found for the criteria"
    medicaid.enter()
    for recipient, said in (
        (RECIPIENT_DOWN, down),
        (RECIPIENT_DOWN, down),
        ("0000044444", none),
        (RECIPIENT_DOWN_ONCE, down),
        (RECIPIENT_DOWN_ONCE, "0226000000008"),
    ):
        medicaid.search(recipient, "06/01/2026", "06/30/2026")
        assert said in medicaid.text
        assert (down in medicaid.text) is (said == down)


def test_an_advice_needs_the_session(
    medicaid: Medicaid, another_medicaid: Medicaid, world: World
) -> None:
    medicaid.enter()
    document = medicaid.http.get("/RemittanceAdvice.aspx", params={"ra": "RAT0001"})
    assert document.content == eob_pdf(
        world, "franklin-medicaid", "T0001", medicaid.account.document_password
    )
    assert b"/Encrypt" in document.content
    assert document.headers["Content-Disposition"].startswith("inline")
    assert another_medicaid.get("/RemittanceAdvice.aspx?ra=RAT0001") == "Session Expired"
    medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026")  # a document leaves the page as it was
    assert medicaid.title == "Claim Inquiry"


def test_a_void_is_counted_as_a_write(medicaid: Medicaid) -> None:
    medicaid.enter()
    medicaid.search(RECIPIENT, "03/08/2026", "03/08/2026")
    medicaid.post(CONTENT + "gvClaims", "Select$0")
    assert medicaid.counters()["writes"] == 0
    medicaid.post("btnVoidClaim")
    assert "The void request has been submitted." in medicaid.text
    assert medicaid.counters()["writes"] == 1
