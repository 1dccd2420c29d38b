"""The simulated portals' eligibility pages as a person meets them, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect, sync_playwright
from portal_clients import SetClock, answering

from bots.portal.browser import Browser, launch_options
from sandbox.books import make_world
from sandbox.serve import Portals
from sandbox.world import Membership, OtherPayer, Payer, World

pytestmark = pytest.mark.browser
DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3, 60, date(2026, 11, 20))


@pytest.fixture(scope="module")
def portals(world: World) -> Iterator[Portals]:
    with answering(world, SetClock()) as open_ones:
        yield open_ones


@pytest.fixture
def page(browser_executable: Browser) -> Iterator[Page]:
    with sync_playwright() as playwright:
        launched: Chromium = playwright.chromium.launch(
            **launch_options(browser_executable, ["127.0.0.1"])
        )
        opened = launched.new_page(viewport={"width": 1280, "height": 900})
        opened.set_default_timeout(15_000)
        broken: list[str] = []
        opened.on("pageerror", lambda error: broken.append(str(error)))
        yield opened
        launched.close()
        assert broken == []


def insured_twice(payer: Payer) -> tuple[Membership, OtherPayer]:
    """Somebody's membership on the day, and the other insurer who pays first."""
    silent = payer.members_unavailable | payer.members_unavailable_once
    return next(
        (membership, other)
        for member_id, memberships in payer.members.items()
        for membership in memberships
        for other in membership.other_payers
        if member_id not in silent and membership.begins < DAY and membership.ends is None
    )


def facts(names: Locator, values: Locator) -> dict[str, str]:
    return dict(zip(names.all_inner_texts(), values.all_inner_texts(), strict=True))


def test_the_commercial_view(page: Page, portals: Portals, world: World) -> None:
    membership, other = insured_twice(world.commercial)
    person = membership.person
    account = portals.accounts["juniper-ridge"]
    page.goto(portals.addresses["juniper-ridge"])
    page.get_by_label("User ID", exact=True).fill(account.username)
    page.get_by_label("Password", exact=True).fill(account.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Verification code", exact=True).fill(pyotp.TOTP(account.totp).now())
    page.get_by_role("button", name="Verify", exact=True).click()

    page.get_by_role("link", name="Eligibility", exact=True).click()
    page.get_by_label("Member ID", exact=True).fill(person.member_id)
    page.get_by_label("Date of birth", exact=True).fill(f"{person.birth:%m/%d/%Y}")
    page.get_by_label("Date of service", exact=True).fill("11/23/2026")
    page.get_by_role("button", name="Check eligibility", exact=True).click()
    expect(page.get_by_role("heading", name="Coverage", exact=True)).to_be_visible()
    shown = page.locator('section[aria-label="Coverage"]')
    said = facts(shown.locator("dt"), shown.locator("dd"))
    assert said["Coverage status"] == "Active coverage"
    assert (said["Last name"], said["Plan"]) == (person.last, membership.plan)
    assert "Coverage ends" not in said
    assert shown.locator("table.other-coverage tbody td").all_inner_texts() == [
        *(other.name, other.member_id, "Primary" if other.primary else "Secondary")
    ]
    expect(shown.locator("table.benefits tbody tr")).to_have_count(20)

    page.get_by_role("link", name="Eligibility", exact=True).click()
    expect(page.get_by_label("Member ID", exact=True)).to_have_value("")
    page.get_by_label("Member ID", exact=True).fill(person.member_id)
    page.get_by_label("Date of birth", exact=True).fill("01/01/1899")
    page.get_by_label("Date of service", exact=True).fill("11/23/2026")
    page.get_by_role("button", name="Check eligibility", exact=True).click()
    expect(page.get_by_text("No member matches your search.", exact=True)).to_be_visible()


def test_the_medicaid_page(page: Page, portals: Portals, world: World) -> None:
    membership, other = insured_twice(world.medicaid)
    person = membership.person
    account = portals.accounts["franklin-medicaid"]
    page.goto(portals.addresses["franklin-medicaid"] + "/Login.aspx")
    page.get_by_label("User name", exact=True).fill(account.username)
    page.get_by_label("Password", exact=True).fill(account.password)
    page.get_by_role("button", name="Log In", exact=True).click()
    page.get_by_label("I have read and accept the terms of use", exact=True).check()
    page.get_by_role("button", name="Continue", exact=True).click()

    page.get_by_role("link", name="Eligibility Verification", exact=True).click()
    page.get_by_label("Recipient ID", exact=True).fill(person.member_id)
    page.get_by_label("Recipient date of birth", exact=True).fill(f"{person.birth:%m/%d/%Y}")
    page.get_by_label("Date of service", exact=True).fill("11/23/2026")
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_role("heading", name="Eligibility Results", exact=True)).to_be_visible()
    table = page.locator("#ctl00_MainContent_tblEligibility")
    said = facts(table.locator("th"), table.locator("td"))
    assert said["Eligibility status"] == "Eligible"
    assert (said["Recipient last name"], said["Benefit plan"]) == (person.last, membership.plan)
    assert page.locator("#ctl00_MainContent_gvOtherInsurance td").all_inner_texts() == [
        *(other.name, other.member_id, "Yes" if other.primary else "No")
    ]
    expect(page.locator("#ctl00_MainContent_gvBenefits tr:has(td)")).to_have_count(20)

    page.get_by_label("Recipient ID", exact=True).fill("0000000001")
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_text("No recipient was found", exact=False)).to_be_visible()
    expect(table).to_have_count(0)


def test_choosing_the_provider_who_is_chosen_posts_nothing(page: Page, portals: Portals) -> None:
    account = portals.accounts["franklin-medicaid"]
    page.goto(portals.addresses["franklin-medicaid"] + "/Login.aspx")
    page.get_by_label("User name", exact=True).fill(account.username)
    page.get_by_label("Password", exact=True).fill(account.password)
    page.get_by_role("button", name="Log In", exact=True).click()
    page.get_by_label("I have read and accept the terms of use", exact=True).check()
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.get_by_text("NPI 1593572460", exact=True)).to_be_visible()
    posted: list[str] = []
    page.on("request", lambda sent: posted.append(sent.method) if sent.method == "POST" else None)
    chosen = page.get_by_label("Acting for", exact=True)
    for _ in range(2):
        chosen.select_option("Larkspur Family Medicine PLLC")
        expect(page.get_by_text("NPI 1234567890", exact=True)).to_be_visible()
    assert posted == ["POST"]
