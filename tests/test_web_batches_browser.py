"""Write-back and reports in a real Chromium: by keyboard, downloaded, printed, no barrier."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from posting_desk import Desk as Books
from posting_desk import claim, payment
from web_browser import at_console, chromium, violations
from web_console import desk_over, furnish, person, serving

from billing.people import Role
from bots.portal.browser import Browser
from console.web.desk import Desk

FILES = (
    payment("T1", "20260105", "150.00", claim("C1", "E9", "200.00", "150.00")),
    payment("T3", "20260305", "60.00", claim("C3", "E12", "100", "100"), plb="WO:E9*40.00"),
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    books = Books(tmp_path_factory.mktemp("books"))
    books("propose", *(books.file(f"{n}.835", one) for n, one in enumerate(FILES)))
    desk = desk_over(books.home)
    furnish(desk.ledger)
    person(desk.ledger, Role.LEAD)
    return desk


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


@pytest.fixture(scope="module")
def browser(browser_executable: Browser) -> Iterator[Chromium]:
    with chromium(browser_executable) as found:
        yield found


def pressed(page: Page, role: str, name: str) -> None:
    """Come to a control by the tab key alone, and press it."""
    wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            page.keyboard.press("Space" if role == "checkbox" else "Enter")
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the tab key does not come to {name}")


def test_a_class_is_approved_downloaded_and_undone_by_keyboard(
    desk: Desk, address: str, browser: Chromium
) -> None:
    (whole,) = desk.ledger.batches()
    with at_console(browser, address, "lead") as page:
        page.goto("/batches")
        pressed(page, "link", whole.batch_id)
        page.get_by_role("heading", name=f"Batch {whole.batch_id}").wait_for()
        pressed(page, "checkbox", "Paid in full")
        pressed(page, "button", "Approve the chosen only")
        expect(page.get_by_role("status").filter(has_text="Approved")).to_be_visible()
        (part,) = (one for one in desk.ledger.batches() if one.batch_id != whole.batch_id)
        pressed(page, "button", "Export")
        expect(page.get_by_role("status").filter(has_text="Exported")).to_be_visible()
        name = f"postings-{part.batch_id}.csv"
        with page.expect_download() as waiting:
            pressed(page, "link", name)
        saved = waiting.value
        assert saved.suggested_filename == name
        kept = desk.ledger.batch(part.batch_id).files[name]
        assert Path(saved.path()).read_bytes() == desk.ledger.fetch(kept)
        page.get_by_text("Undo…").focus()
        page.keyboard.press("Enter")
        pressed(page, "button", f"Undo batch {part.batch_id}")
        expect(page.get_by_role("status").filter(has_text="Undone")).to_be_visible()
        expect(page.get_by_role("link", name=f"undo-{part.batch_id}.csv")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_a_barrier_or_runs_off_the_screen(
    desk: Desk, address: str, browser: Chromium, dark: bool
) -> None:
    (batch, *_) = desk.ledger.batches()
    with at_console(browser, address, "lead", dark=dark, width=820) as page:
        for path in (
            "/batches",
            f"/batches/{batch.batch_id}",
            "/reports",
            "/reports/sweeps",
            "/reports/sweeps/night-1/morning",
        ):
            page.goto(path)
            for one in page.locator("details:not(.sure)").all():
                one.evaluate("one => one.open = true")
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= 820, path


def test_a_report_prints_without_the_console_around_it(
    desk: Desk, address: str, browser: Chromium
) -> None:
    with at_console(browser, address, "lead", dark=True) as page:
        for path, words in (
            ("/reports", f"to {desk.ledger.business_date('night-1')}"),
            ("/reports/sweeps/night-1/morning", "Morning sheet"),
        ):
            page.goto(path)
            page.emulate_media(media="print")
            expect(page.get_by_role("navigation", name="Areas")).to_be_hidden()
            expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert paper == "rgb(255, 255, 255)"
            printed = pypdfium2.PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True)))
            text = "".join(one.get_textpage().get_text_range() for one in printed)
            assert words in text
            assert "Sign out" not in text
            assert "Download as" not in text
            page.emulate_media(media="screen")
