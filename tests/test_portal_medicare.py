"""The Medicare contractor's portal as a person meets it, in a real browser with a real mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from medicare_portal import DOWN_ONCE, OLWEN, PAID, WAITING, Medicare, medicare, medicare_books
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright

from bots.portal.browser import Browser, launch_options
from sandbox.portal_medicare import UNAVAILABLE

pytestmark = pytest.mark.browser


@pytest.fixture
def portal() -> Iterator[Medicare]:
    with medicare(medicare_books()) as opened:
        yield opened


@pytest.fixture(scope="module")
def chromium(browser_executable: Browser) -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(browser_executable, ["127.0.0.1"]))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Chromium, portal: Medicare) -> Iterator[Page]:
    context = chromium.new_context(base_url=portal.address, viewport={"width": 1200, "height": 900})
    context.set_default_timeout(10_000)
    opened = context.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    yield opened
    context.close()
    assert broken == []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def said(page: Page) -> str:
    return page.get_by_role("alert").inner_text()


def log_in(page: Page, portal: Medicare, password: str | None = None) -> None:
    page.goto("/login")
    page.get_by_label("User ID", exact=True).fill(portal.account.username)
    page.get_by_label("Password", exact=True).fill(password or portal.account.password)
    press(page, "Log In")


def ask_for_code(page: Page, portal: Medicare) -> None:
    log_in(page, portal)
    page.get_by_label("Email to").check()
    press(page, "Send Code")
    heading(page, "Enter your security code")


def give(page: Page, code: str) -> None:
    page.get_by_label("Security code", exact=True).fill(code)
    press(page, "Verify")


def enter(page: Page, portal: Medicare) -> None:
    ask_for_code(page, portal)
    give(page, portal.newest_code())
    press(page, "Accept")
    heading(page, "Welcome to the provider portal")


def fill_in(page: Page, **other: str) -> None:
    page.get_by_role("link", name="Claim Status", exact=True).first.click()
    given = {
        "Tax ID": "00-1234567",
        "NPI": "1098765430",
        "Medicare Number": OLWEN.member_id,
        "Last Name": OLWEN.last,
        "First Name": OLWEN.first,
        "Date of Birth": f"{OLWEN.birth:%m/%d/%Y}",
    }
    for label, text in (given | other).items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("PTAN", exact=True).select_option(index=1)
    page.get_by_label("Program", exact=True).select_option("Part B")


def search(page: Page, **other: str) -> None:
    fill_in(page, **other)
    press(page, "Submit Inquiry")


def fact(page: Page, label: str) -> str:
    cell = page.get_by_role("rowheader", name=label, exact=True).locator("xpath=../td")
    return cell.inner_text()


def test_from_the_password_to_the_remittance_advice(page: Page, portal: Medicare) -> None:
    enter(page, portal)
    search(page)
    heading(page, "Claim Status Results")
    rows = page.locator("#claimResults tbody tr")
    expect(rows).to_have_count(3)
    expect(page.locator("#claimResults")).not_to_contain_text("Denied")
    assert {rows.nth(n).locator("td").nth(2).inner_text() for n in range(3)} == {
        "Pending",
        "Processed",
    }
    row = rows.filter(has_text=PAID)
    assert row.locator("td").all_inner_texts()[:7] == [
        PAID,
        "06/01/2026",
        "Processed",
        "$1,250.00",
        "06/21/2026",
        "T0001",
        "$1,180.00",
    ]
    row.get_by_role("button", name="View Claim").click()
    heading(page, "Claim Detail")
    assert fact(page, "Medicare Number") == OLWEN.member_id
    assert fact(page, "Receipt Date") == "06/06/2026"
    assert fact(page, "Allowed") == "$1,211.80"
    assert fact(page, "MSP") == "Harrow Mills Employees Plan"
    assert fact(page, "Crossover") == "Yes - Blue Heron Mutual"
    assert page.locator("table.claimLines tbody tr").first.locator("td").all_inner_texts() == [
        "1",
        "06/01/2026",
        "G0463 25 GT",
        "1",
        "$1,200.00",
        "$1,161.80",
        "$1,141.80",
        "CO-45 -$38.20; PR-2 -$20.00",
        "N382 M51",
    ]
    expect(page.locator("table.claimLines tbody tr").last).to_contain_text("CO-253 -$11.80")
    link = page.get_by_role("link", name="View Remittance Advice").get_attribute("href")
    advice = page.request.get(str(link))
    assert advice.headers["content-disposition"].startswith("inline")
    assert advice.body().startswith(b"%PDF-")
    page.get_by_role("link", name="Return to Results").click()
    rows.filter(has_text=WAITING).get_by_role("button").click()
    assert fact(page, "Status") == "Pending"
    expect(page.get_by_role("rowheader", name="Paid", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Log Out", exact=True).click()
    heading(page, "You have logged out")
    counted = portal.counters()
    assert {name: n for name, n in counted.items() if n} == {
        "logins": 1,
        "searches": 1,
        "documents": 1,
    }


def test_a_space_too_many_makes_a_beneficiary_invalid(page: Page, portal: Medicare) -> None:
    enter(page, portal)
    search(page, **{"Medicare Number": f"{OLWEN.member_id} "})
    assert said(page) == "Beneficiary information is invalid"
    search(page, **{"Date of Birth": "01/01/1950"})
    assert said(page) == "Beneficiary information is invalid"
    search(page, NPI="123")
    assert said(page) == "Provider information is invalid"
    search(page, **{"Medicare Number": "9SZ9ZZ9ZZ99"})
    expect(page.get_by_text("No claims were found for this beneficiary.")).to_be_visible()
    search(page, **{"Medicare Number": DOWN_ONCE})
    assert said(page) == UNAVAILABLE
    search(page, **{"Medicare Number": DOWN_ONCE})
    expect(page.get_by_text("No claims were found for this beneficiary.")).to_be_visible()


def test_a_newer_code_makes_the_first_worthless_and_a_late_one_arrives(
    page: Page, portal: Medicare
) -> None:
    ask_for_code(page, portal)
    first = portal.newest_code()
    portal.mailbox.late = 600
    press(page, "Send a New Code")
    give(page, first)
    assert said(page) == "A newer security code was sent. Enter the newest code."
    assert portal.newest_code() == first, "the second has not come yet"
    portal.clock.ahead += timedelta(seconds=601)
    assert portal.newest_code() != first
    give(page, portal.newest_code())
    heading(page, "Security Acknowledgement")


def test_a_code_works_once_and_for_twelve_hours(page: Page, portal: Medicare) -> None:
    enter(page, portal)
    used = portal.newest_code()
    page.get_by_role("link", name="Log Out", exact=True).click()
    ask_for_code(page, portal)
    give(page, used)
    assert said(page) == "The security code you entered is not correct."
    portal.clock.ahead += timedelta(hours=12)
    give(page, portal.newest_code())
    assert said(page) == "The security code has expired. Request a new code."
    press(page, "Send a New Code")
    give(page, portal.newest_code())
    heading(page, "Welcome to the provider portal")


def test_codes_asked_for_again_and_again_lock_the_account(page: Page, portal: Medicare) -> None:
    ask_for_code(page, portal)
    for _ in range(2):
        press(page, "Send a New Code")
    heading(page, "Enter your security code")
    press(page, "Send a New Code")
    assert "locked" in said(page)
    assert portal.counters()["locks"] == 1
    log_in(page, portal)
    assert "administrator" in said(page)


def test_three_refusals_within_two_hours_lock_for_good(page: Page, portal: Medicare) -> None:
    for _ in range(2):
        log_in(page, portal, "wrong")
        assert "not correct" in said(page)
    portal.clock.ahead += timedelta(minutes=121)
    log_in(page, portal, "wrong")
    assert "not correct" in said(page), "the first two are forgotten"
    log_in(page, portal, "wrong")
    ask_for_code(page, portal)
    give(page, "000000" if portal.newest_code() != "000000" else "000001")
    assert "administrator" in said(page)
    portal.clock.ahead += timedelta(days=3)
    log_in(page, portal)
    assert "administrator" in said(page)


def test_leaving_without_logging_out_locks_for_fifteen_minutes(
    page: Page, portal: Medicare
) -> None:
    enter(page, portal)
    page.context.clear_cookies()
    log_in(page, portal)
    assert said(page) == (
        "Your account is locked because you left without logging out. Try again in 15 minutes."
    )
    portal.clock.ahead += timedelta(minutes=15)
    log_in(page, portal)
    heading(page, "How would you like to receive your security code?")


def test_the_acknowledgement_comes_every_two_weeks_and_declining_logs_out(
    page: Page, portal: Medicare
) -> None:
    ask_for_code(page, portal)
    give(page, portal.newest_code())
    press(page, "Decline")
    heading(page, "You have logged out")
    enter(page, portal)
    for days, page_seen in (
        (13, "Welcome to the provider portal"),
        (2, "Security Acknowledgement"),
    ):
        page.get_by_role("link", name="Log Out", exact=True).click()
        portal.clock.ahead += timedelta(days=days)
        ask_for_code(page, portal)
        give(page, portal.newest_code())
        heading(page, page_seen)


def test_a_session_ends_after_fifteen_idle_minutes(page: Page, portal: Medicare) -> None:
    enter(page, portal)
    portal.clock.ahead += timedelta(minutes=14)
    page.get_by_role("link", name="Eligibility", exact=True).first.click()
    heading(page, "Eligibility Inquiry")
    portal.clock.ahead += timedelta(minutes=15)
    page.get_by_role("link", name="Home", exact=True).click()
    heading(page, "Session Ended")


def test_eligibility_says_what_covers_and_who_pays_first(page: Page, portal: Medicare) -> None:
    enter(page, portal)
    page.get_by_role("link", name="Eligibility", exact=True).first.click()

    def ask(day: str, number: str = OLWEN.member_id) -> None:
        page.get_by_label("Medicare Number", exact=True).fill(number)
        page.get_by_label("Last Name", exact=True).fill(OLWEN.last)
        page.get_by_label("First Name", exact=True).fill(OLWEN.first)
        page.get_by_label("Date of Birth", exact=True).fill(f"{OLWEN.birth:%m/%d/%Y}")
        page.get_by_label("Date of Service", exact=True).fill(day)
        press(page, "Check Eligibility")

    today = portal.clock().date()
    ask(f"{today:%m/%d/%Y}")
    heading(page, "Eligibility Results")
    others = page.locator("table.otherPayers tbody tr")
    assert [row.split("\t") for row in others.all_inner_texts()] == [
        ["Medicare Secondary Payer (MSP)", "Harrow Mills Employees Plan", "HM-4471", "Yes"],
        ["Crossover", "Blue Heron Mutual", "BH-90", "No"],
    ]
    assert fact(page, "Coverage Status") == "Active"
    assert fact(page, "Inpatient Deductible") == "$1,680.00"
    assert fact(page, "Deductible") == "$260.00"
    row = page.locator("table.services tbody tr").first
    assert row.locator("td").all_inner_texts()[:5] == [
        "Health benefit plan coverage",
        "Participating",
        "Yes",
        "",
        "20%",
    ]
    ask(f"{today - timedelta(days=400):%m/%d/%Y}")
    assert said(page).startswith("Eligibility is shown for 12 months back")
    ask(f"{today + timedelta(days=160):%m/%d/%Y}")
    assert said(page).startswith("Eligibility is shown for 12 months back")
    ask(f"{today:%m/%d/%Y}", "9SZ9ZZ9ZZ99")
    assert said(page).startswith("No beneficiary")
