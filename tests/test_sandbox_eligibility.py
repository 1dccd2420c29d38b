"""Members, the schedule and its key agree with each other and with what the portals' pages say."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from portal_clients import Commercial, Medicaid, SetClock, answering

from sandbox.__main__ import main
from sandbox.books import make_world
from sandbox.eligibility import OUTCOMES, eligibility_counts, eligibility_rows
from sandbox.inquiry import Eligibility, benefits_for, on_day
from sandbox.payers import STYLES
from sandbox.plans import SERVICE_TYPES
from sandbox.schedule import HEADINGS, SERVICES, appointments, schedule_csv
from sandbox.serve import Portals
from sandbox.world import Membership, Payer, World

AS_OF = date(2026, 11, 20)
ROWS = 80
ALL = tuple(STYLES)
each_payer = pytest.mark.parametrize("payer_id", ALL)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3, ROWS, AS_OF, ALL)


def held_by(payer: Payer, member_id: str, birth: date) -> list[Membership]:
    held = [m for m in payer.members.get(member_id, ()) if m.person.birth == birth]
    return sorted(held, key=lambda one: one.begins)


# ----------------------------------------------------------------------------------- members


@each_payer
def test_everyone_with_a_claim_was_insured_then(world: World, payer_id: str) -> None:
    payer = world.payer(payer_id)
    for claim in payer.by_number.values():
        held = held_by(payer, claim.patient.member_id, claim.patient.birth)
        assert all(on_day(held, day)[1] for day in (claim.service_from, claim.service_to))
    people = {(m.person.member_id, m.person.birth) for ms in payer.members.values() for m in ms}
    assert len(people) >= ROWS


@each_payer
def test_memberships_follow_each_other(world: World, payer_id: str) -> None:
    kinds: Counter[str] = Counter()
    for member_id, memberships in world.payer(payer_id).members.items():
        for birth in {m.person.birth for m in memberships}:
            held = held_by(world.payer(payer_id), member_id, birth)
            assert 1 <= len(held) <= 2
            assert len({m.person for m in held}) == 1
            assert all(m.ends is None or m.begins < m.ends for m in held)
            if len(held) == 2:
                before, after = held
                assert before.ends is not None
                assert before.ends < after.begins
                assert before.plan != after.plan
                gap = after.begins - before.ends > timedelta(days=1)
                kinds["broken" if gap else "changed"] += 1
            elif held[0].begins > AS_OF:
                kinds["begins"] += 1
            else:
                kinds["stands" if held[0].ends is None else "ended"] += 1
            kinds["second"] += any(other.primary for other in held[0].other_payers)
    assert min(kinds[one] for one in ("broken", "changed", "begins", "ended", "second")) > 0
    assert kinds["stands"] > ROWS // 3


@each_payer
def test_what_is_left_is_no_more_than_there_was(world: World, payer_id: str) -> None:
    for memberships in world.payer(payer_id).members.values():
        for membership in memberships:
            assert len(membership.benefits) == 2 * len(SERVICE_TYPES)
            for code in SERVICE_TYPES:
                for benefit in benefits_for(membership, code):
                    if not benefit.covered:
                        assert benefit.copay is benefit.coinsurance is benefit.deductible is None
                        continue
                    assert (benefit.copay is None) != (benefit.coinsurance is None)
                    for whole, left in (
                        (benefit.deductible, benefit.deductible_remaining),
                        (benefit.out_of_pocket, benefit.out_of_pocket_remaining),
                    ):
                        assert (whole is None) == (left is None)
                        if whole is not None and left is not None:
                            assert 0 <= left <= whole


def test_an_inquiry_that_was_down_once_is_answered_then(world: World) -> None:
    payer = world.commercial
    inquiry = Eligibility(payer)
    (once, *_), (never, *_) = payer.members_unavailable_once, payer.members_unavailable
    for member_id, answers in ((once, [False, True]), (never, [False, False])):
        birth = payer.members[member_id][0].person.birth
        got = [inquiry.search(member_id, birth) is not None for _ in answers]
        assert got == answers
    assert inquiry.search("JRH", date(1980, 1, 1)) == ()


# ---------------------------------------------------------------------------------- schedule


def test_the_schedule_is_the_same_each_time_and_reads_as_a_csv(world: World) -> None:
    data = schedule_csv(world)
    assert data == schedule_csv(make_world(3, ROWS, AS_OF, ALL))
    assert data != schedule_csv(make_world(2, ROWS, AS_OF, ALL))
    headings, *rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
    assert tuple(headings) == tuple(HEADINGS)
    assert len(rows) == ROWS * len(ALL)
    assert Counter(row[5] for row in rows) == dict.fromkeys((s.name for s in STYLES.values()), ROWS)
    booked = appointments(world)
    days = [one.day for one in booked]
    assert days == sorted(days)
    assert min(days) == AS_OF
    assert max(days) <= AS_OF + timedelta(days=10)
    assert {row[7] for row in rows} == set(SERVICES) == {one.service for one in booked}
    assert [row[6] for row in rows] == [one.patient.member_id for one in booked]


@each_payer
def test_the_key_holds_every_outcome(world: World, payer_id: str) -> None:
    counts = Counter(r["outcome"] for r in eligibility_rows(world) if r["payer"] == payer_id)
    assert set(counts) == set(OUTCOMES)
    assert counts["active"] > ROWS // 2
    assert sum(counts.values()) == ROWS


def test_what_the_desk_mistyped_is_nobody_or_somebody_else(world: World) -> None:
    seen: Counter[str] = Counter()
    for row, booked in zip(eligibility_rows(world), appointments(world), strict=True):
        payer, person = world.payer(booked.payer_id), booked.patient
        held = held_by(payer, person.member_id, person.birth)
        seen[row["outcome"]] += 1
        assert bool(held) == (row["outcome"] != "not_found")
        if held:
            alike = held[0].person.last == person.last
            assert alike == (row["outcome"] != "name_mismatch")
    assert min(seen["not_found"], seen["name_mismatch"]) > 0


def test_the_command_writes_the_schedule_and_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--claims", "30", "--seed", "3", "--payers", "copper-line,tri-rivers"]
    small = make_world(3, 30, AS_OF, ("copper-line", "tri-rivers"))
    file = tmp_path / "made" / "schedule.csv"
    main(["schedule", str(file), *few])
    assert file.read_bytes() == schedule_csv(small)
    assert capsys.readouterr().out == f"60 appointments in {file}\n"
    main(["truth", "--eligibility", "--json", *few])
    assert json.loads(capsys.readouterr().out) == list(eligibility_rows(small))
    main(["truth", "--eligibility", *few])
    assert capsys.readouterr().out == f"{eligibility_counts(small)}\n"


# ----------------------------------------------------------------------------------- portals


@pytest.fixture(scope="module")
def portals() -> Iterator[Portals]:
    with answering(make_world(3, ROWS, AS_OF), SetClock(), delay=0) as open_ones:
        yield open_ones


def keyed(world: World, payer_id: str) -> Iterator[tuple[Row, str, str]]:
    """Rows of the key with their last name and their date as the pages take it."""
    for row, booked in zip(eligibility_rows(world), appointments(world), strict=True):
        if row["payer"] == payer_id:
            yield row, booked.patient.last, us(row["date_of_service"])


def us(iso: str) -> str:
    return f"{date.fromisoformat(iso):%m/%d/%Y}"


def money(amount: str | None) -> str:
    return "" if amount is None else f"${Decimal(amount):,.2f}"


def test_the_commercial_portal_says_what_the_key_says(world: World, portals: Portals) -> None:
    seen: Counter[str] = Counter()
    with Commercial(portals) as browser:
        browser.sign_in()
        for row, last, day in keyed(world, "juniper-ridge"):
            given = {
                "memberId": row["member_id"],
                "dateOfBirth": us(row["date_of_birth"]),
                "serviceDate": day,
            }
            answer = browser.http.post("/api/eligibility-checks", json=given).json()
            if answer["state"] == "failed":  # once, perhaps
                answer = browser.http.post("/api/eligibility-checks", json=given).json()
            seen[row["outcome"]] += 1
            check_commercial(answer, row, last)
        refused = browser.http.post("/api/eligibility-checks", json={"memberId": "JRH1"})
        assert refused.status_code == 422
        assert browser.counters()["writes"] == 0
    assert set(seen) == set(OUTCOMES)


def check_commercial(answer: Row, row: Row, last: str) -> None:
    outcome = row["outcome"]
    assert (answer["state"] == "failed") == (outcome == "unavailable")
    if outcome == "unavailable":
        return
    assert (answer["member"] is None) == (outcome == "not_found")
    if outcome == "not_found":
        return
    assert (answer["member"]["lastName"] == last) == (outcome != "name_mismatch")
    if outcome == "name_mismatch":
        return
    assert answer["status"] == ("Active coverage" if outcome == "active" else "Inactive")
    assert answer["plan"] == row["plan"]
    assert answer["coverageBegins"] == row["coverage_begins"]
    assert answer["coverageEnds"] == row["coverage_ends"]
    assert [
        {"name": o["payer"], "member_id": o["memberId"], "primary": o["order"] == "Primary"}
        for o in answer["otherCoverage"]
    ] == row["other_payers"]
    shown = [b for b in answer["benefits"] if b["serviceTypeCode"] == row["service_type"]]
    assert len(shown) == (2 if outcome == "active" else 0)
    for benefit in shown:
        side = "in_network" if benefit["network"] == "In network" else "out_of_network"
        assert row[side] == {
            "covered": benefit["covered"],
            "copay": benefit["copay"],
            "coinsurance": benefit["coinsurance"],
            "deductible": benefit["deductible"],
            "deductible_remaining": benefit["deductibleRemaining"],
            "out_of_pocket": benefit["outOfPocket"],
            "out_of_pocket_remaining": benefit["outOfPocketRemaining"],
            "authorization_required": benefit["authorizationRequired"],
            "referral_required": benefit["referralRequired"],
        }


def test_the_medicaid_portal_says_what_the_key_says(world: World, portals: Portals) -> None:
    seen: Counter[str] = Counter()
    with Medicaid(portals) as browser:
        browser.enter()
        assert browser.get("/Eligibility.aspx") == "Eligibility Verification"
        for row, last, day in keyed(world, "franklin-medicaid"):
            given = {
                "txtRecipientId": row["member_id"],
                "txtBirthDate": us(row["date_of_birth"]),
                "txtServiceDate": day,
            }
            browser.post("btnVerify", **given)
            if "currently unavailable" in browser.text:
                browser.post("btnVerify", **given)
            assert browser.title == "Eligibility Verification"
            seen[row["outcome"]] += 1
            check_medicaid(browser, row, last)
        browser.post("btnVerify", txtRecipientId="1", txtBirthDate="x", txtServiceDate="y")
        assert "Enter dates as MM/DD/YYYY." in browser.text
        assert browser.counters()["writes"] == 0
    assert set(seen) == set(OUTCOMES)


def check_medicaid(browser: Medicaid, row: Row, last: str) -> None:
    outcome = row["outcome"]
    assert ("system is currently unavailable" in browser.text) == (outcome == "unavailable")
    assert ("No recipient was found" in browser.text) == (outcome == "not_found")
    page = html.document_fromstring(browser.page)
    facts = {
        tr.findtext("th"): tr.findtext("td")
        for tr in page.cssselect("#ctl00_MainContent_tblEligibility tr")
    }
    assert bool(facts) == row["found"]
    if not facts:
        return
    assert (facts["Recipient last name"] == last) == (outcome != "name_mismatch")
    if outcome == "name_mismatch":
        return
    assert facts["Eligibility status"] == ("Eligible" if outcome == "active" else "Not eligible")
    assert facts["Benefit plan"] == row["plan"]
    assert facts["Begin date"] == us(row["coverage_begins"])
    ends = row["coverage_ends"]
    assert facts.get("End date") == (us(ends) if ends else None)
    others = cells(page, "gvOtherInsurance")
    assert [
        {"name": o["Carrier"], "member_id": o["Policy Number"], "primary": o["Pays First"] == "Yes"}
        for o in others
    ] == row["other_payers"]
    shown = [b for b in cells(page, "gvBenefits") if b["Code"] == row["service_type"]]
    assert [b["Network"] for b in shown] == (["In", "Out"] if outcome == "active" else [])
    for benefit in shown:
        key = row["in_network" if benefit["Network"] == "In" else "out_of_network"]
        assert list(benefit.values())[3:] == [
            "Yes" if key["covered"] else "No",
            money(key["copay"]),
            "" if key["coinsurance"] is None else f"{key['coinsurance']}%",
            money(key["deductible"]),
            money(key["deductible_remaining"]),
            money(key["out_of_pocket"]),
            money(key["out_of_pocket_remaining"]),
            "Yes" if key["authorization_required"] else "No",
            "Yes" if key["referral_required"] else "No",
        ]


def cells(page: html.HtmlElement, table: str) -> list[dict[str, str]]:
    """A grid's rows by heading; none when it is not there."""
    rows = page.cssselect(f"#ctl00_MainContent_{table} tr")
    headings = [cell.text_content() for cell in rows[0]] if rows else []
    return [dict(zip(headings, (c.text_content() for c in r), strict=True)) for r in rows[1:]]


def test_a_wrong_provider_has_none_of_our_claims(world: World, portals: Portals) -> None:
    billed = next(b for b in world.medicaid.billed if b.expected.outcome == "paid")
    day = f"{billed.service_from:%m/%d/%Y}"
    with Medicaid(portals) as browser:
        for _ in range(2):  # the choice is not kept from one session to the next
            browser.log_in()
            browser.post("btnContinue", chkAccept="on")
            assert browser.get("/ClaimInquiry.aspx") == "Claim Inquiry"
            assert "NPI 1593572460" in browser.text
            browser.search(billed.patient.member_id, day, day)
            assert "No claims were found" in browser.text
            browser.act_for("1234567890")
            assert "NPI 1234567890" in browser.text
            browser.search(billed.patient.member_id, day, day)
            assert str(billed.expected.payer_claim_number) in browser.text
            browser.post("ctl00$lnkLogOut")
