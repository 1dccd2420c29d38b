"""What the portals say of a made world is what its answer key expects a careful person to find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from lxml import html
from portal_clients import CONTENT, Commercial, Medicaid, SetClock, answering

from sandbox.books import make_world
from sandbox.serve import Portals
from sandbox.world import BilledClaim, World

CLAIMS = 60


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, CLAIMS, date(2026, 11, 20))


@pytest.fixture(scope="module")
def portals(world: World) -> Iterator[Portals]:
    with answering(world, SetClock(), delay=0) as open_ones:
        yield open_ones


def test_the_commercial_portal_answers_as_the_key_says(world: World, portals: Portals) -> None:
    with Commercial(portals) as browser:
        browser.sign_in()
        seen: Counter[str] = Counter()
        for billed in world.commercial.billed:
            seen[billed.expected.outcome] += 1
            _check_commercial(browser, billed)
        counted = browser.counters()
    assert {"paid", "denied", "pending", "not_found", "no_answer", "wrong_patient"} <= set(seen)
    assert (counted["writes"], counted["refusals"]) == (0, 0)


def _check_commercial(browser: Commercial, billed: BilledClaim) -> None:
    key, day = billed.expected, f"{billed.service_from:%m/%d/%Y}"
    found = browser.search(billed.patient.member_id, day, day)
    if found["state"] == "failed":  # once, perhaps
        found = browser.search(billed.patient.member_id, day, day)
    assert (found["state"] == "failed") == (key.outcome == "no_answer")
    if found["state"] == "failed":
        return
    listed = found["claims"]
    assert isinstance(listed, list)
    opened = [browser.http.get(f"/api/claims/{one['claimNumber']}").json() for one in listed]
    same = [
        one
        for one in opened
        if one["billed"] == f"{billed.charge:.2f}"
        and one["dateOfBirth"] == billed.patient.birth.isoformat()
        and one["status"] != "Reversed"
    ]
    if key.payer_claim_number is None:
        assert len(same) >= 2 if key.outcome == "several_matches" else not same
        return
    (claim,) = same
    assert claim["claimNumber"] == key.payer_claim_number
    assert (claim["adjudicated"] is not None) == (key.paid is not None)
    if key.paid is not None:
        decided = claim["adjudicated"]
        assert decided["paid"] == f"{key.paid:.2f}"
        assert decided["patientResponsibility"] == f"{key.patient_responsibility:.2f}"
        assert decided["paymentNumber"] == key.trace_number
        codes = {
            entry["code"]
            for part in (*claim["lines"], claim)
            for entry in part["adjustments"]
            if entry["amount"] != "0.00"
        }
        assert sorted(codes) == list(key.reason_codes)
        document = browser.http.get(f"/api/claims/{claim['claimNumber']}/eob")
        assert document.content.startswith(b"%PDF-")


def test_the_medicaid_portal_answers_as_the_key_says(world: World, portals: Portals) -> None:
    with Medicaid(portals) as browser:
        seen: Counter[str] = Counter()
        browser.enter()
        for n, billed in enumerate(world.medicaid.billed, 1):
            if n % 15 == 0:  # a session has a budget
                browser.enter()
            seen[billed.expected.outcome] += 1
            _check_medicaid(browser, billed)
        counted = browser.counters()
    assert {"paid", "denied", "pending", "not_found", "no_answer", "wrong_patient"} <= set(seen)
    assert (counted["writes"], counted["expired_sessions"]) == (0, 0)


def _check_medicaid(browser: Medicaid, billed: BilledClaim) -> None:
    key, day = billed.expected, f"{billed.service_from:%m/%d/%Y}"
    browser.search(billed.patient.member_id, day, day)
    if "currently unavailable" in browser.text:  # once, perhaps
        browser.search(billed.patient.member_id, day, day)
    assert ("currently unavailable" in browser.text) == (key.outcome == "no_answer")
    links = len(html.document_fromstring(browser.page).cssselect("a[href*='Select$']"))
    same = []
    for n in range(links):
        if n:
            browser.search(billed.patient.member_id, day, day)
        browser.post(CONTENT + "gvClaims", f"Select${n}")
        tree = html.document_fromstring(browser.page)
        claim = {
            str(row.findtext("th")): str(row.findtext("td"))
            for row in tree.cssselect("#ctl00_MainContent_tblClaim tr")
        }
        if (
            claim["Billed"] == f"${billed.charge:,.2f}"
            and claim["Date of birth"] == f"{billed.patient.birth:%m/%d/%Y}"
            and claim["Recipient ID"] == billed.patient.member_id
            and claim["Status"] != "Void"
        ):
            same.append(claim)
        browser.post("btnNewSearch")
    if key.payer_claim_number is None:
        assert len(same) >= 2 if key.outcome == "several_matches" else not same
        return
    (claim,) = same
    assert claim["ICN"] == key.payer_claim_number
    assert ("Paid" in claim) == (key.paid is not None)
    if key.paid is not None:
        assert claim["Paid"] == f"${key.paid:,.2f}"
        assert claim["Payment number"] == key.trace_number
        advice = browser.http.get("/RemittanceAdvice.aspx", params={"ra": claim["RA number"]})
        assert advice.content.startswith(b"%PDF-")
