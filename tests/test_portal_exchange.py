"""The simulated clearinghouse keeps the rules that make it hard to drive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import pyotp
import pytest
from exchange_portals import (
    FAMILY,
    MESA,
    NUMBERS,
    QUICK,
    Client,
    Exchange,
    exchange,
    mesa,
    mesa_document,
)
from portal_clients import SetClock
from portal_worlds import DOWN, DOWN_ONCE

from sandbox.portal_exchange import wait_seconds
from sandbox.world import Payer


@pytest.fixture(scope="module")
def payer() -> Payer:
    return mesa()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def there(payer: Payer, clock: SetClock) -> Iterator[Exchange]:
    with exchange(payer, partial(mesa_document, payer), clock=clock) as answering:
        yield answering


@pytest.fixture
def client(there: Exchange) -> Iterator[Client]:
    with Client(there) as one:
        yield one


@pytest.fixture
def another(there: Exchange) -> Iterator[Client]:
    with Client(there) as one:
        yield one


def test_the_third_wrong_password_locks_the_account(client: Client) -> None:
    said = [client.password("wrong")["error"] for _ in range(3)]
    assert said[:2] == ["We do not recognize this user ID and password."] * 2
    assert said[2].startswith("Your account is locked.")
    assert client.password()["error"].startswith("Your account is locked.")
    assert client.there.counters()["locks"] == 1


def test_no_code_without_the_password(client: Client) -> None:
    assert client.http.post("/api/login/method", json={"method": "app"}).status_code == 401
    assert client.http.post("/api/login/verify", json={"code": "123456"}).status_code == 401
    assert client.http.get(f"/api/claims/{NUMBERS[0]}").status_code == 401


def test_a_second_mailed_code_replaces_the_first(client: Client) -> None:
    assert client.password()["methods"] == ["app", "email"]
    client.post("/api/login/method", method="email")
    first = client.mailed()
    client.post("/api/login/method", method="email")
    assert "not valid" in client.code(code=first)["error"]
    assert client.code(code=client.mailed()) == {"next": "home"}


def test_an_unusual_sign_in_takes_a_mailed_code_only(client: Client) -> None:
    client.there.knobs.step_up = True
    assert client.password() == {"next": "method", "methods": ["email"], "unusual": True}
    assert "error" in client.post("/api/login/method", method="app")
    client.post("/api/login/method", method="email")
    assert client.code(code=client.mailed()) == {"next": "home"}


def test_a_second_sign_in_takes_the_session(client: Client, another: Client) -> None:
    client.sign_in()
    another.sign_in(steps_ahead=1)
    assert client.http.get(f"/api/claims/{NUMBERS[0]}").status_code == 401
    assert another.http.get(f"/api/claims/{NUMBERS[0]}").status_code == 200
    assert client.there.counters()["concurrent_sessions"] == 1


def test_a_session_ends_after_thirty_idle_minutes(client: Client, clock: SetClock) -> None:
    client.sign_in()
    clock.ahead += timedelta(minutes=29)
    assert client.http.get("/api/session").json()["signedIn"] is True
    clock.ahead += timedelta(minutes=30)
    assert client.http.get("/api/session").json()["signedIn"] is False


@pytest.mark.parametrize(
    ("knob", "sentence"),
    [
        ("ends_session_after", "Your session has ended."),
        ("stolen_after", "your user ID signed in on another device"),
    ],
)
def test_a_session_ends_after_so_many_requests(client: Client, knob: str, sentence: str) -> None:
    client.sign_in()
    setattr(client.there.knobs, knob, 2)
    path = f"/api/claims/{NUMBERS[0]}"
    answers = [client.http.get(path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    assert sentence in answers[2].json()["error"]
    assert getattr(client.there.knobs, knob) is None


def test_a_search_lists_the_family_in_the_dates_newest_first(client: Client) -> None:
    client.sign_in()
    found = client.claims(FAMILY, "01/01/2026", "12/31/2026")["claims"]
    assert [claim["claimNumber"] for claim in found] == NUMBERS[29::-1]
    assert len(client.claims(FAMILY, "03/01/2026", "03/31/2026")["claims"]) == 5


def test_a_search_takes_its_own_time(client: Client) -> None:
    client.sign_in()
    waits = {day: wait_seconds(FAMILY, date(2026, 3, day)) for day in range(1, 31)}
    assert 0 <= min(waits.values()) < 0.1
    assert 5 < max(waits.values()) <= 20
    assert sum(waits.values()) / 30 < 8
    slowest = max(waits, key=waits.__getitem__)
    begun = time.monotonic()
    client.claims(FAMILY, f"03/{slowest:02d}/2026", "12/31/2026")
    assert time.monotonic() - begun >= QUICK * waits[slowest]


def test_the_three_ways_of_not_found_and_the_outage_are_told_apart(client: Client) -> None:
    client.sign_in()
    stranger = client.claims("BMX999999999", "01/01/2026", "12/31/2026")["none"]
    assert stranger == {"tone": "red", "message": "Subscriber and subscriber id not found"}
    said = {
        tuple(client.claims(FAMILY, f"01/{day:02d}/2025", "01/31/2025")["none"].values())
        for day in range(1, 20)
    }
    assert said == {
        ("red", "Acknowledgement/Not Found"),
        ("amber", "The payer could not find any results"),
    }
    for member, times in ((DOWN, 2), (DOWN_ONCE, 1)):
        answers = [client.claims(member, "01/01/2026", "12/31/2026") for _ in range(3)]
        assert ["unavailable" in answer for answer in answers] == [True, times > 1, times > 1]


def test_dates_of_two_years_are_refused(client: Client) -> None:
    client.sign_in()
    given = {"memberId": FAMILY, "birth": "04/09/1981", "from": "12/30/2025", "to": "01/02/2026"}
    answer = client.http.post("/api/claim-status-inquiries", json=given)
    assert answer.status_code == 422
    assert answer.json() == {"error": "The service dates must be in one calendar year."}
    assert client.there.counters()["searches"] == 0


def test_a_claim_is_shown_with_its_lines_and_codes(client: Client) -> None:
    client.sign_in()
    claim = client.http.get(f"/api/claims/{NUMBERS[0]}").json()
    assert (claim["paid"], claim["owed"], claim["check"]) == ("1180.00", "20.00", "T0001")
    assert [line["procedure"] for line in claim["lines"]] == ["G0463 25 GT", "J1100"]
    codes = ["CO-253", "CO-45", "PR-2", "N382", "M51"]
    assert [code["code"] for code in claim["codes"]] == codes
    waiting = client.http.get(f"/api/claims/{NUMBERS[28]}").json()
    assert (waiting["decided"], waiting["paid"], waiting["codes"]) == (False, None, [])


def test_the_viewer_has_the_payment_or_says_that_it_has_not(client: Client, payer: Payer) -> None:
    client.sign_in()
    found = client.http.get("/api/remittances", params={"check": "T0001"}).json()["found"]
    assert (found["amount"], found["claims"][0]["claimNumber"]) == ("1175.00", NUMBERS[0])
    body = client.http.get("/api/remittances/T0001/document").content
    assert body == mesa_document(payer, "T0001")
    gone = client.http.get("/api/remittances", params={"check": "T0030"}).json()
    assert gone["found"] is None
    assert client.http.get("/api/remittances/T0030/document").status_code == 404
    assert client.there.counters()["documents"] == 1


def test_eligibility_is_that_of_the_day(client: Client) -> None:
    client.sign_in()

    def ask(birth: str, day: str, member: str = FAMILY) -> dict[str, object]:
        return client.ask("eligibility", memberId=member, birth=birth, day=day)

    now = ask("04/09/1981", "06/01/2026")["coverage"]
    assert isinstance(now, dict)
    assert (now["status"], now["plan"], now["ends"]) == ("Active Coverage", "Mesa Gold", None)
    assert now["others"][0]["order"] == "Primary"
    (visit,) = now["benefits"]
    assert (visit["in"]["copay"], visit["in"]["deductibleLeft"]) == ("25.00", "320.55")
    assert (visit["out"]["coinsurance"], visit["out"]["authorization"]) == (40, True)
    before = ask("04/09/1981", "06/01/2024")["coverage"]
    assert isinstance(before, dict)
    assert (before["status"], before["plan"], before["benefits"]) == ("Inactive", "Mesa Bronze", [])
    assert "birth date" in str(ask("04/10/1981", "06/01/2026")["none"])
    assert "not found" in str(ask("04/09/1981", "06/01/2026", "BMX1")["none"])


def test_the_troubles_are_in_force_while_they_are_set(client: Client, payer: Payer) -> None:
    client.sign_in()
    knobs = client.there.knobs
    knobs.duplicate_rows = True
    assert len(client.claims(FAMILY, "03/01/2026", "03/31/2026")["claims"]) == 10
    knobs.document = "truncated"
    half = client.http.get("/api/remittances/T0001/document").content
    assert mesa_document(payer, "T0001").startswith(half)
    knobs.document = "html"
    page = client.http.get("/api/remittances/T0001/document")
    assert (page.headers["content-type"], page.content[:9]) == ("application/pdf", b"<!doctype")
    knobs.stale_banner = knobs.parentheses = True
    settings = client.http.get("/api/app", params={"payer": MESA}).json()
    assert settings["parentheses"] is True
    assert settings["asOf"] == (SetClock()().date() - timedelta(days=4)).isoformat()
    knobs.maintenance = True
    assert "maintenance" in client.http.get("/api/app", params={"payer": MESA}).json()
    assert "scheduled maintenance" in client.http.get("/").text


def test_only_a_write_counts_as_one(client: Client) -> None:
    client.sign_in()
    client.claims(FAMILY, "03/01/2026", "03/31/2026")
    client.post("/api/logout")
    assert client.there.counters()["writes"] == 0
    client.post("/api/corrections", claimNumber=NUMBERS[0])
    assert client.there.counters()["writes"] == 1


def test_a_code_is_accepted_once(client: Client, another: Client) -> None:
    used = pyotp.TOTP(client.there.account.totp).now()
    for browser, accepted in ((client, True), (another, False)):
        browser.password()
        browser.post("/api/login/method", method="app")
        assert (browser.code(code=used) == {"next": "home"}) is accepted
