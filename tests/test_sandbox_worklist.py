"""The simulated clearinghouse as a person meets it in a real browser: lists, and no search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as NothingCame
from worklist_person import (
    choose,
    exported,
    filter_for,
    give_password,
    open_row,
    paid,
    pairs,
    pass_the_computer,
    saved,
    sign_in,
)
from worklist_site import NAME, Site, worklist_site

from bots.portal.browser import Browser, launch_options
from sandbox.documents import draw
from sandbox.inquiry import benefits_for
from sandbox.knobs import Knobs
from sandbox.world import PayerClaim

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def open_site() -> Iterator[Site]:
    with worklist_site() as site:
        yield site


@pytest.fixture
def site(open_site: Site) -> Site:
    """The portal without troubles, however the test before left it."""
    for field in fields(Knobs):
        setattr(open_site.knobs, field.name, field.default)
    open_site.clock.ahead = timedelta()
    return open_site


@pytest.fixture(scope="module")
def chromium(browser_executable: Browser) -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(browser_executable, ["127.0.0.1"]))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(10_000)
    opened = context.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    yield opened
    context.close()
    assert broken == []


def document_of(site: Site, claim: PayerClaim) -> bytes:
    return draw(site.payer.payer_id, site.payer.remittances[str(claim.trace_number)])


def test_a_claim_is_found_by_filters_opened_from_the_row_menu_and_its_document_is_a_blob(
    page: Page, site: Site, tmp_path: Path
) -> None:
    claim = paid(site)
    sign_in(page, site)
    filter_for(page, claim)
    expect(page.get_by_role("heading", name="Filtered claims", exact=True)).to_be_visible()
    row = page.get_by_role("row").filter(has_text=claim.payer_claim_number)
    rounded = claim.charge.quantize(Decimal(1), ROUND_HALF_UP)
    expect(row.locator("td").nth(3)).to_have_text(f"${rounded:,}")
    address = page.url
    open_row(page, claim)
    assert page.url == address
    shown = pairs(page)
    assert shown["Billed"] == f"${claim.charge:,.2f}"
    assert shown["Paid"] == f"${claim.paid:,.2f}"
    assert shown["Date of birth"] == claim.patient.birth.strftime("%m/%d/%Y")
    assert shown["Check/EFT"] == claim.trace_number
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download", exact=True).click()
    assert coming.value.url.startswith("blob:")
    assert saved(coming.value, tmp_path) == document_of(site, claim)
    page.get_by_role("button", name="Back to list", exact=True).click()
    expect(row).to_be_visible()
    page.get_by_role("link", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()


def test_the_whole_list_is_paged_and_a_claim_sits_in_several_lists_in_other_words(
    page: Page, site: Site
) -> None:
    denied = next(one for one in site.payer.by_number.values() if one.status == "Denied by payer")
    sign_in(page, site)
    page.get_by_role("link", name="All", exact=True).click()
    rows = page.locator("table.worklist tbody tr")
    expect(rows).to_have_count(50)
    last = -(-len(site.payer.by_number) // 50)
    for number in range(2, last + 1):
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page.locator("#page-position")).to_have_text(f"Page {number} of {last}")
    expect(rows).to_have_count(len(site.payer.by_number) - 50 * (last - 1))
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    words = {}
    for name in ("All", "Denied"):
        filter_for(page, denied, name=name)
        row = page.get_by_role("row").filter(has_text=denied.payer_claim_number)
        words[name] = row.locator("td").nth(4).inner_text()
    assert words == {"All": "Denied by payer", "Denied": "Denied - see payer codes"}


def test_a_name_that_is_set_and_not_typed_filters_nothing(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_label("Patient last name begins with", exact=True).fill("Zzyzx")
    page.get_by_label("Member ID contains", exact=True).fill("NOBODY")
    page.get_by_role("button", name="Apply filters", exact=True).click()
    expect(page.locator(".chips li")).to_have_text(["Member ID contains: NOBODY"])
    expect(page.locator(".total")).to_have_text(
        f"{len(site.payer.by_number)} of {len(site.payer.by_number)} claims"
    )


def test_a_name_with_an_accent_can_be_typed(page: Page, site: Site) -> None:
    claim = paid(site, accent=True)
    sign_in(page, site)
    filter_for(page, claim)
    expect(page.get_by_role("row").filter(has_text=claim.payer_claim_number)).to_be_visible()


def test_the_export_has_every_cent_parentheses_and_now_and_then_a_row_twice(
    page: Page, site: Site, tmp_path: Path
) -> None:
    sign_in(page, site)
    page.get_by_role("link", name="All", exact=True).click()
    rows = exported(page, tmp_path)
    by_number = {row["Claim Number"]: row for row in rows}
    assert by_number.keys() == site.payer.by_number.keys()
    assert len(rows) > len(by_number)
    for number, claim in site.payer.by_number.items():
        plain = f"${claim.charge:,.2f}"
        wanted = f"({plain})" if claim.superseded_by else plain
        assert by_number[number]["Billed Amount"] == wanted
    assert any(row["Billed Amount"].startswith("(") for row in rows)


def test_a_download_button_may_do_nothing_at_all(page: Page, site: Site) -> None:
    claim = paid(site, document=False)
    sign_in(page, site)
    filter_for(page, claim)
    open_row(page, claim)
    with pytest.raises(NothingCame), page.expect_download(timeout=800):
        page.get_by_role("button", name="Download", exact=True).click()


def test_an_outage_is_no_empty_list(page: Page, site: Site) -> None:
    member_id, day = next(iter(site.payer.unavailable))
    numbers = site.payer.by_member[member_id]
    claims = (site.payer.by_number[number] for number in numbers)
    sign_in(page, site)
    filter_for(page, next(one for one in claims if one.service_from == day))
    expect(page.get_by_role("alert")).to_contain_text("The payer is not answering right now.")


def test_eligibility_asks_by_comboboxes_and_answers_in_cards(page: Page, site: Site) -> None:
    held = next(
        one
        for members in site.payer.members.values()
        for one in members
        if one.other_payers and one.ends is None and one.begins < date(2026, 6, 1)
    )
    sign_in(page, site)
    page.get_by_role("link", name="Eligibility", exact=True).click()
    page.get_by_role("combobox", name="Payer", exact=True).press_sequentially("copp")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Payer", exact=True)).to_have_value(NAME)
    choose(page, "Service type", "Office visit (98)")
    page.get_by_label("Member ID", exact=True).fill(held.person.member_id)
    page.get_by_label("Date of birth", exact=True).fill(held.person.birth.strftime("%m/%d/%Y"))
    page.get_by_label("Date of service", exact=True).fill("06/01/2026")
    page.get_by_role("button", name="Check eligibility", exact=True).click()
    inside, outside = benefits_for(held, "98")
    cards = page.locator("article.benefit")
    expect(cards).to_have_count(2)
    assert f"${inside.copay:,.2f}" in cards.nth(0).locator("dd").all_inner_texts()
    expect(cards.nth(1).locator(".badge")).to_have_text("Out of network")
    assert ("Not covered" in cards.nth(1).inner_text()) is not outside.covered
    left = f"${inside.deductible:,.2f} (${inside.deductible_remaining:,.2f} remaining)"
    expect(cards.nth(0)).to_contain_text(left)
    expect(page.locator("article.plan")).to_contain_text("Active coverage")
    expect(page.locator("article.plan")).to_contain_text(held.plan)
    expect(page.locator("article.other-payer")).to_contain_text(held.other_payers[0].name)
    page.get_by_label("Date of service", exact=True).fill("06/01/2015")
    page.get_by_role("button", name="Check eligibility", exact=True).click()
    expect(page.locator("article.plan")).to_contain_text("Inactive")
    expect(cards).to_have_count(0)
    page.get_by_label("Date of birth", exact=True).fill("01/01/1901")
    page.get_by_role("button", name="Check eligibility", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("(AAA 71)")


# ------------------------------------------------------------------------------- its troubles


@pytest.mark.parametrize(
    ("knob", "heading"),
    [
        ("maintenance", "Switchyard is down for maintenance"),
        ("step_up", "Confirm that it is you"),
        ("password_expired", "Your password has expired"),
    ],
)
def test_what_stands_in_the_way_of_work(page: Page, site: Site, knob: str, heading: str) -> None:
    setattr(site.knobs, knob, True)
    if knob == "maintenance":
        page.goto(site.address)
    else:
        give_password(page, site)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def test_an_unusual_sign_in_is_confirmed_by_a_code(page: Page, site: Site) -> None:
    site.knobs.step_up = True
    give_password(page, site)
    page.get_by_role("button", name="Text me a code", exact=True).click()
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(site.account.totp).now())
    page.get_by_role("button", name="Confirm", exact=True).click()
    pass_the_computer(page)
    expect(page.get_by_role("heading", name="Task Summary", exact=True)).to_be_visible()


def test_an_expiring_password_may_be_put_off(page: Page, site: Site) -> None:
    site.knobs.password_expiring = True
    give_password(page, site)
    page.get_by_role("button", name="Remind me later", exact=True).click()
    pass_the_computer(page)
    expect(page.get_by_role("heading", name="Task Summary", exact=True)).to_be_visible()


def test_a_picture_to_read_lets_no_password_through(page: Page, site: Site) -> None:
    site.knobs.captcha = True
    give_password(page, site)
    expect(page.get_by_role("alert")).to_have_text("Type the characters shown in the picture.")
    expect(page.get_by_role("img", name="Security picture")).to_be_visible()


@pytest.mark.parametrize(
    ("knob", "said"), [("ends_session_after", "20 minutes"), ("stolen_after", "somewhere else")]
)
def test_a_session_ends_in_the_midst_of_work(page: Page, site: Site, knob: str, said: str) -> None:
    sign_in(page, site)
    setattr(site.knobs, knob, 1)
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.locator("table.worklist")).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_twenty_idle_minutes_end_the_session(page: Page, site: Site) -> None:
    sign_in(page, site)
    site.clock.ahead = timedelta(minutes=20)
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("20 minutes")


def test_messages_cover_the_page_until_they_are_answered(page: Page, site: Site) -> None:
    site.knobs.announcement = site.knobs.still_there = site.knobs.stale_banner = True
    sign_in(page, site)
    page.get_by_role("button", name="Got it", exact=True).click()
    expect(page.locator("#stale")).to_be_visible()
    for _ in range(2):
        page.get_by_role("link", name="All", exact=True).click()
        expect(page.locator("table.worklist")).to_be_visible()
        page.get_by_role("link", name="Task Summary", exact=True).click()
    page.get_by_role("button", name="Yes, keep me signed in", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("way", ["truncated", "html", "encrypted", "attachment"])
def test_a_document_may_come_otherwise(page: Page, site: Site, way: str, tmp_path: Path) -> None:
    site.knobs.document = way  # type: ignore[assignment]
    claim = paid(site)
    sign_in(page, site)
    filter_for(page, claim)
    open_row(page, claim)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download", exact=True).click()
    whole = document_of(site, claim)
    data = saved(coming.value, tmp_path)
    assert coming.value.url.startswith("blob:") is (way != "attachment")
    assert {
        "truncated": whole.startswith(data) and len(data) < len(whole),
        "html": data.startswith(b"<!doctype html>"),
        "encrypted": b"/Encrypt" in data,
        "attachment": data == whole,
    }[way]


@pytest.mark.parametrize(
    ("drift", "headings"),
    [
        (1, ["Claim no.", "Patient", "Service date", "Charge"]),
        (2, ["Actions", "Last update", "Current status", "Charge"]),
    ],
)
def test_the_list_drifts(page: Page, site: Site, drift: int, headings: list[str]) -> None:
    site.knobs.drift = drift
    sign_in(page, site)
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.get_by_role("columnheader")).to_have_count(7)
    assert page.get_by_role("columnheader").all_inner_texts()[:4] == headings


def test_a_rebuilt_page_has_no_table(page: Page, site: Site) -> None:
    site.knobs.drift = 3
    sign_in(page, site)
    page.get_by_role("link", name="All", exact=True).click()
    expect(
        page.get_by_text(next(iter(site.payer.by_number)), exact=True)
        .or_(page.get_by_text("Claim no.", exact=True))
        .first
    ).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)


def test_money_taken_back_stands_in_parentheses_and_rows_twice(page: Page, site: Site) -> None:
    back = next(one for one in site.payer.by_number.values() if one.superseded_by)
    sign_in(page, site)
    filter_for(page, back)
    row = page.get_by_role("row").filter(has_text=back.payer_claim_number)
    expect(row.locator("td").nth(3)).to_contain_text("-$")
    site.knobs.parentheses = site.knobs.duplicate_rows = True
    filter_for(page, back)
    expect(row).to_have_count(2)
    expect(row.first.locator("td").nth(3)).to_contain_text("($")


def test_another_patient_may_stand_behind_a_row(page: Page, site: Site) -> None:
    site.knobs.wrong_patient = True
    claim = paid(site)
    sign_in(page, site)
    filter_for(page, claim)
    open_row(page, claim)
    assert pairs(page)["Claim number"] == claim.payer_claim_number
    assert pairs(page)["Date of birth"] != claim.patient.birth.strftime("%m/%d/%Y")


def test_the_third_wrong_password_locks_and_writes_are_counted() -> None:
    with (
        worklist_site() as alone,
        httpx.Client(base_url=alone.address, follow_redirects=True) as http,
    ):
        given = {"user": alone.account.username, "password": "wrong"}
        said = [http.post("/signin", data=given).text for _ in range(3)]
        assert ["not recognized" in one for one in said] == [True, True, False]
        assert "is locked" in said[2]
        http.post("/api/claims/E1/notes", json={})
        counted = http.get("/sandbox/counters").json()
        assert (counted["refusals"], counted["locks"], counted["writes"]) == (3, 1, 1)
