"""The queue in a real browser: a morning by keyboard, what a screen reader is told, no barrier."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from web_browser import at_console, chromium, violations
from web_console import desk_over, furnish, person, serving

from billing.cases import CaseState
from billing.people import Role
from bots.portal.browser import Browser
from console.web.desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    found = desk_over(tmp_path_factory.mktemp("home"))
    furnish(found.ledger, 80)
    person(found.ledger, Role.BILLER)
    person(found.ledger, Role.BILLER, "maria")
    return found


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


@pytest.fixture(scope="module")
def browser(browser_executable: Browser) -> Iterator[Chromium]:
    with chromium(browser_executable) as found:
        yield found


def row(page: Page, index: int) -> str:
    """The id of a row, the first being 0."""
    return page.locator("#queue tbody tr").nth(index).get_attribute("id") or ""


def case_of(row_id: str) -> int:
    return int(row_id.removeprefix("case-"))


def told(page: Page, words: str) -> None:
    expect(page.locator("#told")).to_contain_text(words)


def focused(page: Page, row_id: str) -> None:
    expect(page.locator(f"#{row_id}")).to_be_focused()


def test_a_morning_is_worked_through_by_keyboard(
    browser: Chromium, address: str, desk: Desk
) -> None:
    with at_console(browser, address, "biller") as page:
        keys = page.keyboard
        before = desk.ledger.count_cases()[CaseState.OPEN]
        first, second, third, fourth = (row(page, at) for at in range(4))
        keys.press("j")
        focused(page, first)
        keys.press("j")
        focused(page, second)
        keys.press("k")
        focused(page, first)
        grid = page.get_by_role("grid", name="Open cases")
        expect(grid).to_have_attribute("aria-multiselectable", "true")
        expect(page.locator("#queue tbody tr[tabindex='0']")).to_have_count(1)

        # choose two and give them to somebody, in a dialog that the focus enters and leaves
        keys.press("x")
        keys.press("j")
        keys.press("x")
        expect(page.locator(f"#{second}")).to_have_attribute("aria-selected", "true")
        expect(page.locator("#chosen")).to_have_text("2 chosen")
        keys.press("Shift+A")
        assert violations(page) == []
        expect(page.get_by_role("dialog", name="Assign")).to_be_visible()
        expect(page.get_by_label("To", exact=True)).to_be_focused()
        page.get_by_label("To", exact=True).select_option("maria")
        keys.press("Tab")
        keys.press("Enter")
        told(page, "2 cases assigned to maria.")
        focused(page, second)
        maria = {one.user_id: one.name for one in desk.ledger.people()}
        assert maria[desk.ledger.case(case_of(first)).assignee or ""] == "maria"

        # without a choice an act is on the row that has the focus
        keys.press("j")
        keys.press("a")
        told(page, "1 case assigned to you.")
        focused(page, third)
        keys.press("j")
        keys.press("r")
        page.get_by_label("Reason").select_option("Appeal filed")
        page.get_by_role("dialog").get_by_role("button", name="Resolve").press("Enter")
        told(page, "1 case resolved: Appeal filed.")
        assert desk.ledger.case(case_of(fourth)).state is CaseState.RESOLVED
        expect(page.locator(f"#{fourth}")).to_have_count(0)
        expect(page.locator("#queue tbody tr:focus")).to_have_count(1)
        keys.press("s")
        page.get_by_role("button", name="For a week").press("Enter")
        told(page, "1 case snoozed until")
        keys.press("y")
        told(page, "1 case approved as found.")

        # and all of it back, a stroke at a time
        for words in ("approved", "snoozed", "resolved", "assigned to you", "2 cases assigned"):
            keys.press("u")
            told(page, "Taken back")
            expect(page.locator("#told")).to_contain_text(words)
        keys.press("u")
        told(page, "nothing today that could be taken back")
        assert desk.ledger.count_cases()[CaseState.OPEN] == before

        # open the case, and come back to its row
        keys.press("Escape")
        page.locator(f"#{third}").focus()
        keys.press("Enter")
        page.wait_for_url(re.compile(r"/cases/\d+"))
        page.go_back()
        expect(page.locator(f"#{third}")).to_have_attribute("tabindex", "0")


def test_a_cancelled_dialog_changes_nothing_and_gives_the_focus_back(
    browser: Chromium, address: str, desk: Desk
) -> None:
    with at_console(browser, address, "biller") as page:
        page.keyboard.press("j")
        here = row(page, 0)
        for key, name in (("s", "Snooze"), ("r", "Resolve"), ("Shift+A", "Assign")):
            page.keyboard.press(key)
            expect(page.get_by_role("dialog", name=name)).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
            focused(page, here)
        expect(page.locator("#chosen")).to_have_text("none chosen")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys of the queue")).to_be_visible()
        page.get_by_label("Single letters do nothing").check()
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        page.keyboard.press("j")
        focused(page, here)
        page.keyboard.press("ArrowDown")
        focused(page, row(page, 1))
        assert desk.ledger.case(case_of(row(page, 0))).assignee is None


def test_letters_are_letters_in_a_field(browser: Chromium, address: str) -> None:
    with at_console(browser, address, "biller") as page:
        page.keyboard.press("/")
        expect(page.get_by_label("Claim number")).to_be_focused()
        page.keyboard.type("ajksux?/")
        expect(page.get_by_label("Claim number")).to_have_value("ajksux?/")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("#told")).to_be_empty()


def test_filters_and_pages_change_the_address_and_the_way_back(
    browser: Chromium, address: str
) -> None:
    with at_console(browser, address, "biller") as page:
        page.get_by_label("Payer", exact=True).focus()
        page.get_by_label("Payer", exact=True).select_option("larkspur")
        page.wait_for_url("**/?payer=larkspur")
        expect(page.get_by_label("Payer", exact=True)).to_be_focused()
        expect(page.locator("#told")).to_contain_text("at stake")
        page.go_back()
        page.wait_for_url(f"{address}/")
        expect(page.get_by_label("Payer", exact=True)).to_have_value("")
        page.get_by_role("grid").wait_for()
        page.keyboard.press("j")
        for _ in range(50):
            page.keyboard.press("j")
        page.wait_for_url("**start=50")
        focused(page, row(page, 0))
        expect(page.get_by_text("51\u2013")).to_be_visible()
        page.keyboard.press("k")
        expect(page.get_by_text("1\u201350 of")).to_be_visible()
        focused(page, row(page, 49))


def test_what_another_did_meanwhile_is_told_and_the_list_is_fetched_anew(
    browser: Chromium, address: str, desk: Desk
) -> None:
    with at_console(browser, address, "biller") as page:
        case = case_of(row(page, 0))
        desk.ledger.resolve_cases([case], "Done.", by="maria", at=desk.now())
        page.keyboard.press("j")
        page.keyboard.press("a")
        told(page, "nothing was done")
        expect(page.locator(f"#case-{case}")).to_have_count(0)
        desk.ledger.undo(by="maria", at=desk.now())


@pytest.mark.parametrize(("dark", "width"), [(True, 1280), (False, 820)])
def test_no_barrier(browser: Chromium, address: str, dark: bool, width: int) -> None:
    with at_console(browser, address, "biller", dark=dark, width=width) as page:
        page.keyboard.press("j")
        page.keyboard.press("a")
        told(page, "assigned to you")
        page.get_by_text("Keep or remove a view").click()
        assert violations(page) == []
        page.keyboard.press("u")
        told(page, "Taken back")
        page.goto("/?kind=rejected&assignee=mine")
        expect(page.get_by_text("No case is like this")).to_be_visible()
        page.keyboard.press("?")
        assert violations(page) == []
