"""The simulated portals as a person meets them, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright
from portal_clients import SetClock, answering
from portal_worlds import RECIPIENT, small_world

from bots.portal.browser import Browser, launch_options
from sandbox.documents import eob_pdf
from sandbox.serve import Portals
from sandbox.world import World

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture(scope="module")
def portals(world: World) -> Iterator[Portals]:
    with answering(world, SetClock()) as open_ones:
        yield open_ones


@pytest.fixture(scope="module")
def chromium(browser_executable: Browser) -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(browser_executable, ["127.0.0.1"]))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(15_000)
    opened = context.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    yield opened
    context.close()
    assert broken == []


def test_the_commercial_portal_from_sign_in_to_document(
    page: Page, portals: Portals, world: World, tmp_path: Path
) -> None:
    account = portals.accounts["juniper-ridge"]
    page.goto(portals.addresses["juniper-ridge"])
    page.get_by_label("User ID", exact=True).fill(account.username)
    page.get_by_label("Password", exact=True).fill(account.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Verification code", exact=True).fill(pyotp.TOTP(account.totp).now())
    page.get_by_role("button", name="Verify", exact=True).click()
    page.get_by_role("link", name="Claims", exact=True).click()

    page.get_by_label("Member ID", exact=True).fill("JRH000000101")
    page.get_by_label("Service date from", exact=True).fill("03/01/2026")
    page.get_by_label("Service date to", exact=True).fill("11/20/2026")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="Search results", exact=True)).to_be_visible()
    expect(page.get_by_text("12 claims found", exact=True)).to_be_visible()
    rows = page.locator("table.results tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("08/01/2026")
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    position = page.locator("#page-position")
    for n in (2, 3):
        page.get_by_role("button", name="Next page", exact=True).click()
        expect(position).to_have_text(f"Page {n} of 3")
    expect(rows).to_have_count(2)
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()

    page.get_by_role("link", name="E00000000001", exact=True).click()
    detail = page.get_by_role("region", name="Claim details", exact=True)
    expect(detail).to_be_visible()
    facts = dict(
        zip(
            detail.locator("dt").all_inner_texts(),
            detail.locator("dd").all_inner_texts(),
            strict=True,
        )
    )
    assert facts == {
        "Claim number": "E00000000001",
        "Status": "Paid",
        "Patient": "Odalys Fernhollow",
        "Date of birth": "04/09/1981",
        "Member ID": "JRH000000101",
        "Patient account": "00000001",
        "Service dates": "03/08/2026 - 03/09/2026",
        "Received": "03/13/2026",
        "Billed amount": "$1,250.00",
        "Allowed amount": "$1,211.80",
        "Paid amount": "$1,180.00",
        "Patient responsibility": "$20.00",
        "Payment date": "03/29/2026",
        "Check/EFT number": "T0001",
    }
    first_line = detail.locator("table.service-lines tbody tr").first.locator("td")
    assert first_line.all_inner_texts() == [
        *("G0463", "25 GT", "03/08/2026", "1", "$1,200.00", "$1,161.80", "$1,141.80"),
        *("CO-45 38.20; PR-2 20.00", "N382 M51"),
    ]
    assert detail.locator("table.claim-adjustments td").all_inner_texts() == ["CO-253", "$11.80"]
    with page.expect_download() as download:
        detail.get_by_role("button", name="Download EOB", exact=True).click()
    saved = tmp_path / "eob.pdf"
    download.value.save_as(saved)
    assert saved.read_bytes() == eob_pdf(world, "juniper-ridge", "T0001")

    page.get_by_role("button", name="Close", exact=True).click()
    expect(position).to_have_text("Page 3 of 3")
    page.get_by_role("link", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="You have signed out")).to_be_visible()


def sign_in_to_medicaid(page: Page, portals: Portals) -> None:
    account = portals.accounts["franklin-medicaid"]
    page.goto(portals.addresses["franklin-medicaid"] + "/Login.aspx")
    page.get_by_label("User name", exact=True).fill(account.username)
    page.get_by_label("Password", exact=True).fill(account.password)
    page.get_by_role("button", name="Log In", exact=True).click()
    page.get_by_label("I have read and accept the terms of use", exact=True).check()
    page.get_by_role("button", name="Continue", exact=True).click()


def search_recipient(page: Page) -> None:
    page.get_by_label("Acting for", exact=True).select_option("Larkspur Family Medicine PLLC")
    expect(page.get_by_text("NPI 1234567890", exact=True)).to_be_visible()
    page.get_by_role("link", name="Claim Inquiry", exact=True).click()
    page.get_by_label("Recipient ID", exact=True).fill(RECIPIENT)
    page.get_by_label("From date of service", exact=True).fill("03/01/2026")
    page.get_by_label("To date of service", exact=True).fill("11/20/2026")
    page.get_by_role("button", name="Search", exact=True).click()


def test_the_medicaid_portal_from_login_to_document(
    page: Page, portals: Portals, world: World
) -> None:
    sign_in_to_medicaid(page, portals)
    search_recipient(page)
    claims = page.locator("#ctl00_MainContent_gvClaims > tbody > tr:has(> td:nth-child(5))")
    expect(claims).to_have_count(5)
    assert claims.nth(1).locator("td").all_inner_texts() == [
        *("0226000000006", "Ashdell, Corwin", "07/01/2026", "$1,250.00", "Processed")
    ]
    page.locator("tr.pager td:has(> span) + td > a").click()
    expect(page.locator("tr.pager td > span")).to_have_text("2")
    expect(claims).to_have_count(2)
    page.get_by_role("link", name="0226000000001", exact=True).click()
    expect(page).to_have_title("Claim Detail")
    detail = page.locator("#ctl00_MainContent_tblClaim")
    facts = dict(
        zip(
            detail.locator("th").all_inner_texts(),
            detail.locator("td").all_inner_texts(),
            strict=True,
        )
    )
    assert facts == {
        "ICN": "0226000000001",
        "Status": "Processed",
        "Recipient ID": RECIPIENT,
        "Recipient name": "O'Quillan, Tamsin",
        "Date of birth": "01/02/1990",
        "Patient control number": "ENC00001",
        "From date of service": "03/08/2026",
        "To date of service": "03/09/2026",
        "Billed": "$1,250.00",
        "Paid": "$1,180.00",
        "Payment date": "03/29/2026",
        "RA number": "RAT0001",
        "Payment number": "T0001",
    }
    assert "CO-45" not in page.content()
    with page.context.expect_page(), page.context.expect_event("request") as asked:
        page.get_by_role("link", name="View Remittance Advice", exact=True).click()
    answer = page.context.request.get(asked.value.url)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body() == eob_pdf(
        world,
        "franklin-medicaid",
        "T0001",
        portals.accounts["franklin-medicaid"].document_password,
    )
    page.get_by_role("button", name="New search", exact=True).click()
    expect(page.get_by_label("Recipient ID", exact=True)).to_have_value("")
    page.get_by_role("link", name="Log Out", exact=True).click()
    expect(page.get_by_label("User name", exact=True)).to_be_visible()


def test_the_back_button_ends_a_medicaid_session(page: Page, portals: Portals) -> None:
    sign_in_to_medicaid(page, portals)
    search_recipient(page)
    expect(page.get_by_role("heading", name="Claim Inquiry Results")).to_be_visible()
    page.go_back()
    expect(page).to_have_title("Session Expired")
    page.get_by_role("link", name="Return to login", exact=True).click()
    expect(page).to_have_title("Provider Login")
    sign_in_to_medicaid(page, portals)
    expect(page.get_by_role("heading", name="Main Menu")).to_be_visible()
