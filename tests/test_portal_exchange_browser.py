"""The simulated clearinghouse as a person meets it, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pyotp
import pytest
from exchange_portals import FAMILY, MESA, NUMBERS, Exchange, exchange, mesa, mesa_document
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FrameLocator, Locator, Page, expect, sync_playwright

from bots.portal.browser import Browser, launch_options
from sandbox.portal_exchange import Generation
from sandbox.world import Payer

pytestmark = pytest.mark.browser
BIRTH, FIRST, LAST = "04/09/1981", "01/01/2026", "12/31/2026"
Open = Callable[[Generation], Exchange]


@pytest.fixture(scope="module")
def payer() -> Payer:
    return mesa()


@pytest.fixture(scope="module")
def chromium(browser_executable: Browser) -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(browser_executable, ["127.0.0.1"]))
        yield browser
        browser.close()


@pytest.fixture
def open_exchange(payer: Payer) -> Iterator[Open]:
    """Starts the clearinghouse with one generation of its form."""
    with ExitStack() as opened:

        def start(generation: Generation = 2) -> Exchange:
            document = partial(mesa_document, payer)
            return opened.enter_context(exchange(payer, document, generation=generation))

        yield start


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 1400})
    context.set_default_timeout(15_000)
    opened = context.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    yield opened
    context.close()
    assert [said for said in broken if "the session has ended" not in said] == []


def give_password(page: Page, there: Exchange) -> None:
    page.goto(there.address)
    page.get_by_label("User ID", exact=True).fill(there.account.username)
    page.get_by_label("Password", exact=True).fill(there.account.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def give_code(page: Page, there: Exchange) -> None:
    page.get_by_label("Authenticator app", exact=True).check()
    page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_label("6-digit code", exact=True).fill(pyotp.TOTP(there.account.totp).now())
    page.get_by_role("button", name="Verify", exact=True).click()


def open_app(page: Page, there: Exchange, app: str = "Claim Status") -> FrameLocator:
    """Signed in, with an application open for our payer."""
    give_password(page, there)
    give_code(page, there)
    page.get_by_role("link", name=app, exact=True).click()
    pick_payer(page, MESA)
    return page.frame_locator("iframe#newBodyFrame")


def pick_payer(page: Page, name: str) -> None:
    picker = page.get_by_role("combobox", name="Payer", exact=True)
    picker.click()
    expect(page.get_by_role("option")).to_have_count(4)
    page.get_by_role("option", name=name, exact=True).click()
    expect(picker).to_have_text(name)
    expect(page.get_by_role("listbox")).to_have_count(0)


def seen(where: FrameLocator | Locator, label: str) -> Locator:
    return where.get_by_label(label, exact=True).filter(visible=True)


def fill_legacy(frame: FrameLocator) -> None:
    expect(frame.get_by_label("Member ID", exact=True)).to_be_hidden()
    frame.get_by_role("tab", name="HIPAA Standard", exact=True).click()
    for label, text in {"Patient's Date of Birth": BIRTH, "From": FIRST, "To": LAST}.items():
        frame.get_by_label(label, exact=True).fill(text)
    frame.get_by_label("Member ID", exact=True).fill(FAMILY)


def fill_dynamic(frame: FrameLocator) -> None:
    seen(frame, "Member ID").fill(FAMILY)
    birth = seen(frame, "Patient's Date of Birth")
    birth.fill(BIRTH)
    expect(birth).to_have_value("")
    birth.press_sequentially(BIRTH)
    expect(birth).to_have_value(BIRTH)
    dates = frame.get_by_role("group", name="Service Dates", exact=True)
    seen(dates, "From").press_sequentially(FIRST)
    seen(dates, "To").press_sequentially(LAST)
    others = frame.get_by_label("Subscriber Last Name", exact=True)
    assert others.count() == 2, "an input and its hidden twin"
    frame.get_by_label("Patient is the subscriber", exact=True).check()
    expect(others.first).to_be_hidden()


def fill_components(frame: FrameLocator) -> None:
    expect(frame.get_by_label("Member ID", exact=True)).to_be_hidden()
    frame.get_by_role("combobox", name="Search By", exact=True).click()
    frame.get_by_role("option", name="Member", exact=True).click()
    for label, text in {
        "Member ID": FAMILY,
        "Patient's Date of Birth": BIRTH,
        "Service Date From": FIRST,
        "Service Date To": LAST,
    }.items():
        frame.get_by_label(label, exact=True).fill(text)


FILL = {1: fill_legacy, 2: fill_dynamic, 3: fill_components}


def search(frame: FrameLocator, generation: Generation = 2) -> None:
    FILL[generation](frame)
    frame.get_by_role("button", name="Submit", exact=True).click()
    expect(frame.get_by_role("heading", name="Search Results", exact=True)).to_be_visible()


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_each_generation_of_the_form_finds_the_claims(
    page: Page, open_exchange: Open, generation: Generation
) -> None:
    frame = open_app(page, open_exchange(generation))
    search(frame, generation)
    expect(frame.get_by_text("30 results", exact=True)).to_be_visible()
    expect(frame.get_by_role("grid")).to_have_attribute("aria-rowcount", "31")
    notice = frame.get_by_role("note").filter(has_text="Please allow up to 5 business days")
    expect(notice).to_be_visible()
    expect(frame.get_by_role("alert")).to_have_count(0)


def test_ids_are_others_at_every_load(page: Page, open_exchange: Open) -> None:
    frame = open_app(page, open_exchange(2))
    first = seen(frame, "Member ID").get_attribute("id")
    with page.expect_event("framenavigated"):
        page.get_by_role("link", name="Claim Status", exact=True).click()
    assert seen(frame, "Member ID").get_attribute("id") != first


def test_only_the_rows_in_view_are_in_the_grid(page: Page, open_exchange: Open) -> None:
    frame = open_app(page, open_exchange(2))
    search(frame)
    rows = frame.get_by_role("row")
    assert rows.count() < 12
    expect(frame.get_by_role("link", name=NUMBERS[29], exact=True)).to_be_visible()
    last = frame.get_by_role("link", name=NUMBERS[0], exact=True)
    expect(last).to_have_count(0)
    frame.locator(".grid-body").evaluate("e => { e.scrollTop = e.scrollHeight }")
    expect(last).to_be_visible()
    assert rows.count() < 12
    frame.get_by_role("button", name="Finalized Date", exact=True).click()


def test_a_claim_opens_in_a_panel_and_closes_again(page: Page, open_exchange: Open) -> None:
    frame = open_app(page, open_exchange(2))
    search(frame)
    frame.get_by_role("link", name=NUMBERS[28], exact=True).click()
    panel = frame.get_by_role("region", name="Claim Detail", exact=True)
    message = panel.locator("dt:text-is('Status Message') + dd")
    expect(message).to_have_text("Subscriber ID not valid for da…")
    panel.locator(".facts").get_by_role("button", name="View more", exact=True).click()
    expect(message).to_have_text("Subscriber ID not valid for date of service")
    expect(frame.get_by_role("heading", name="Search Results", exact=True)).to_be_hidden()
    panel.get_by_role("button", name="Back to Results", exact=True).click()
    expect(frame.get_by_role("heading", name="Search Results", exact=True)).to_be_visible()
    expect(panel).to_have_count(0)

    frame.get_by_role("link", name=NUMBERS[27], exact=True).click()
    codes = panel.locator("#codesTable tbody tr td:nth-child(2)")
    expect(codes).to_have_text(["CO-253", "CO-45", "PR-2", "N382", "M51"])
    lines = panel.locator("#lineLevelTable tbody tr").filter(visible=True)
    expect(lines).to_have_count(2)
    lines.first.get_by_role("button", name="Remarks", exact=True).click()
    expect(lines).to_have_count(3)
    expect(lines.nth(1)).to_have_text("Remark codes: N382 M51")


def test_the_viewer_opens_in_a_tab_and_gives_the_document(
    page: Page, open_exchange: Open, payer: Payer, tmp_path: Path
) -> None:
    frame = open_app(page, open_exchange(2))
    search(frame)
    for number, trace in ((NUMBERS[27], "T0028"), (NUMBERS[29], "T0030")):
        frame.get_by_role("link", name=number, exact=True).click()
        with page.context.expect_page() as opening:
            frame.get_by_role("link", name="View Remittance", exact=True).click()
        tab = opening.value
        expect(tab.get_by_label("Check/EFT Number", exact=True)).to_have_value(trace)
        tab.get_by_role("button", name="Search", exact=True).click()
        if trace == "T0030":
            said = "We did not find remittance data matching your search criteria."
            expect(tab.get_by_text(said, exact=True)).to_be_visible()
        else:
            with tab.expect_download() as download:
                tab.get_by_role("link", name="Download PDF", exact=True).click()
            saved = tmp_path / "remit.pdf"
            download.value.save_as(saved)
            assert saved.read_bytes() == mesa_document(payer, trace)
        tab.close()
        frame.get_by_role("button", name="Back to Results", exact=True).click()


def test_eligibility_shows_both_tabs_contents(page: Page, open_exchange: Open) -> None:
    frame = open_app(page, open_exchange(2), "Eligibility and Benefits")
    frame.get_by_label("Member ID", exact=True).fill(FAMILY)
    frame.get_by_label("Patient's Date of Birth", exact=True).fill(BIRTH)
    frame.get_by_label("As of Date", exact=True).fill("06/01/2026")
    frame.get_by_role("button", name="Submit", exact=True).click()
    coverage = frame.locator("#coverage .facts dd")
    expect(coverage.nth(3)).to_have_text("Active Coverage")
    expect(coverage.nth(6)).to_have_text("No end date")
    card = frame.get_by_role("region", name="Professional (Physician) Visit - Office", exact=True)
    inside, outside = (card.locator(f".{kind}-network") for kind in ("in", "out-of"))
    expect(inside).to_contain_text("$1,500.00 ($320.55 remaining)")
    expect(outside).to_be_hidden()
    assert "40%" in (outside.text_content() or "")
    card.get_by_role("tab", name="Out of Network", exact=True).click()
    expect(outside).to_be_visible()
    expect(inside).to_be_hidden()
    expect(frame.locator("#otherPayers tbody tr")).to_have_count(1)


def test_another_payer_of_the_picker_is_not_ours_to_ask(page: Page, open_exchange: Open) -> None:
    frame = open_app(page, open_exchange(2))
    pick_payer(page, "Blue Heron Mutual")
    expect(frame.get_by_text("not enrolled with this payer", exact=False)).to_be_visible()


def test_what_may_stand_between_login_and_work(page: Page, open_exchange: Open) -> None:
    there = open_exchange(2)
    there.knobs.password_expiring = there.knobs.announcement = True
    give_password(page, there)
    give_code(page, there)
    expect(page.get_by_role("link", name="Sign out", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Remind me later", exact=True).click()
    news = page.get_by_role("dialog", name="Important announcement", exact=True)
    news.get_by_role("button", name="Got it", exact=True).click()
    expect(news).to_have_count(0)
    page.get_by_role("link", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="You have signed out", exact=True)).to_be_visible()
    for knob, heading in (
        ("password_expired", "Your password has expired"),
        ("captcha", "Security check"),
    ):
        setattr(there.knobs, knob, True)
        give_password(page, there)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        setattr(there.knobs, knob, False)


def test_the_frame_sends_a_lost_session_to_the_sign_in_page(
    page: Page, open_exchange: Open
) -> None:
    there = open_exchange(2)
    frame = open_app(page, there)
    search(frame)
    there.knobs.stolen_after = 0
    frame.get_by_role("link", name=NUMBERS[28], exact=True).click()
    expect(page.get_by_role("heading", name="Sign in to Harbor Exchange")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("signed in on another device")


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_page_drifts_by_words_then_names_then_shape(
    page: Page, open_exchange: Open, level: int
) -> None:
    there = open_exchange(1)
    there.knobs.drift = level
    frame = open_app(page, there)
    frame.get_by_role("tab", name="HIPAA Standard", exact=True).click()
    frame.get_by_label("Subscriber ID", exact=True).fill(FAMILY)
    frame.get_by_label("Birth date of the patient", exact=True).fill(BIRTH)
    frame.get_by_label("From", exact=True).fill(FIRST)
    frame.get_by_label("To", exact=True).fill(LAST)
    frame.get_by_role("button", name="Find claims", exact=True).click()
    expect(frame.get_by_role("heading", name="Search Results", exact=True)).to_be_visible()
    heads = frame.get_by_role("columnheader").all_inner_texts()
    assert (heads[0] == "Claim No.") is (level == 1)
    assert frame.locator("#claimsTable").count() == (level == 1)
    frame.get_by_role("link", name=NUMBERS[27], exact=True).click()
    panel = frame.get_by_role("region", name="Claim Detail", exact=True)
    expect(panel).to_contain_text("Amount paid by the plan")
    assert panel.locator("dl").count() == (level < 3)
    assert frame.locator("#claimDetail").count() == (level == 1)
