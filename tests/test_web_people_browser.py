"""The console's users in a real Chromium: the keyboard, barriers, and the screen that locks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect
from web_browser import at_console, chromium, violations
from web_console import PASSWORD, desk_over, furnish, person, serving
from web_people import OTHER, age, changed

from billing.people import Role
from bots.portal.browser import Browser
from console.web.desk import Desk
from console.web.entrance import Demanded, Entrance

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = replace(
        desk_over(tmp_path_factory.mktemp("home")), entrance=Entrance(second_factor=Demanded.LEADS)
    )
    furnish(made.ledger, 10)
    for role in (Role.BILLER, Role.LEAD):
        person(made.ledger, role)
    made.ledger.add_person(
        "keeper",
        Role.ADMINISTRATOR,
        password=str(made.ledger.person_named("lead")[1]),
        by="tests",
        at=made.now(),
        given=True,
    )
    return made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


@pytest.fixture(scope="module")
def browser(browser_executable: Browser) -> Iterator[Chromium]:
    with chromium(browser_executable) as found:
        yield found


def test_a_new_administrator_comes_in_by_keyboard_and_adds_a_user(
    desk: Desk, address: str, browser: Chromium
) -> None:
    """The given password is changed, the second factor set up; no page on the way has a barrier."""
    with at_console(browser, address, None) as page:

        def without_barrier() -> None:
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert violations(page) == [], page.url

        page.goto("/accounts")
        without_barrier()
        page.keyboard.type("keeper")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Change the password")).to_be_visible()
        without_barrier()
        for text in (PASSWORD, OTHER, OTHER):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
        without_barrier()
        shown = page.get_by_text("Secret", exact=True).locator("xpath=following-sibling::span")
        secret = shown.inner_text().replace(" ", "")
        page.get_by_label("Your password").fill(OTHER)
        page.get_by_label("The code").fill(pyotp.TOTP(secret).now())
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        codes = page.locator("ol.recovery li").all_inner_texts()
        without_barrier()
        page.get_by_role("link", name="go on").press("Enter")
        expect(page.get_by_role("heading", name="Queue")).to_be_visible()
        for path in ("/me", "/audit", "/accounts"):
            page.goto(path)
            without_barrier()
        page.get_by_label("Name").focus()
        page.keyboard.type("newcomer")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="First password")).to_be_visible()
        without_barrier()
        page.get_by_role("link", name="Done").press("Enter")
        expect(page.get_by_role("heading", name="newcomer")).to_be_visible()
        without_barrier()
        page.get_by_role("button", name="Sign out", exact=True).press("Enter")
        page.get_by_label("Name").fill("keeper")
        page.get_by_label("Password").fill(OTHER)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="One-time code")).to_be_visible()
        without_barrier()
        page.keyboard.type(codes[0])
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Queue")).to_be_visible()


def test_a_page_left_alone_is_locked_and_comes_back_where_it_was(
    desk: Desk, address: str, browser: Chromium
) -> None:
    changed(desk, "DELETE FROM sign_ins")
    with at_console(browser, address, "biller") as page:
        page.clock.install()
        with page.expect_response("**/session") as first:
            page.goto("/?order=due")
        first.value.finished()
        age(desk, "biller", 16)
        page.clock.fast_forward(15 * 60_000 + 5_000)
        expect(page.get_by_role("heading", name="Locked")).to_be_visible()
        assert violations(page) == []
        expect(page.get_by_role("navigation")).to_have_count(0)
        page.go_back()
        expect(page.get_by_role("heading", name="Locked")).to_be_visible()
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/?order=due")
        expect(page.get_by_role("heading", name="Queue")).to_be_visible()


def test_who_works_on_a_page_without_asking_for_another_is_not_locked_out(
    desk: Desk, address: str, browser: Chromium
) -> None:
    changed(desk, "DELETE FROM sign_ins")
    with at_console(browser, address, "biller") as page:
        page.clock.install()
        with page.expect_response("**/session") as first:
            page.goto("/")
        first.value.finished()
        age(desk, "biller", 14)
        page.clock.fast_forward(2 * 60_000)
        with page.expect_response("**/session") as kept:
            page.mouse.wheel(0, 100)
        assert "x-unattended" not in kept.value.request.headers
        with page.expect_response("**/session") as asked:
            page.evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")
        assert asked.value.request.headers["x-unattended"] == "yes"
        assert asked.value.json()["seconds"] > 800


def test_a_page_whose_console_does_not_answer_hides_what_it_shows(
    desk: Desk, address: str, browser: Chromium
) -> None:
    changed(desk, "DELETE FROM sign_ins")
    with at_console(browser, address, "biller") as page:
        page.clock.install()
        with page.expect_response("**/session") as first:
            page.goto("/")
        first.value.finished()
        page.context.set_offline(True)
        page.clock.fast_forward(16 * 60_000)
        expect(page.get_by_role("heading", name="Queue")).to_be_hidden()
        page.context.set_offline(False)
        page.clock.fast_forward(20_000)
        expect(page.get_by_role("heading", name="Queue")).to_be_visible()
