"""The page language, the capture and the guard on a live page in a real browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import BrowserContext, async_playwright

from billing.errors import SessionEnded, TryLater, UnknownPage
from bots.claim_task import Read
from bots.page_language import Fill, Locator, PageField, Step
from bots.portal.browser import Browser, launch_options
from bots.portal.capture import capture_image, capture_page
from bots.portal.guard import Guard
from bots.portal.verbs import Hand
from bots.portal.words import fill_in
from bots.reading.page import read_claim

PAGES = {
    "/": b"""<!doctype html><title>Shell</title><h1>Shell</h1>
        <iframe id=app src=/app></iframe>
        <input type=hidden name=state value=VIEWSTATE-SECRET>
        <p style="display:none">Paid <b>hidden figure</b></p>
        <div id=host></div>
        <script>
          const root = document.getElementById("host").attachShadow({mode: "open"});
          root.innerHTML = "<label for=m>Member ID</label><input id=m><button>Search</button>";
        </script>""",
    "/app": b"""<!doctype html><div id=claim><dl><dt>Claim number</dt><dd>E1</dd>
        <dt>Status</dt><dd>Paid</dd><dt>Paid</dt><dd>$12.00</dd></dl></div>""",
    "/twins": b"""<button>Next</button><button>Next</button>
        <button data-testid=only>Old name</button>""",
    "/writes": b"""<button onclick="fetch('/delete', {method: 'POST'}).catch(() => {}).then(() => {
        document.body.append('asked')})">Delete</button>
        <button onclick="fetch('/search', {method: 'POST'}).then(() => {
        document.body.append('found')})">Find</button>""",
    "/folded": b"""<button>Next</button><script>
        for (const text of ["first", "second", "third"]) {
          const more = document.createElement("button");
          more.append("View more");
          more.onclick = () => { more.textContent = "View less"; document.body.append(text); };
          document.body.append(more);
        }</script>""",
    "/leave": b"<p>redirecting</p>",
    "/ended": b"<h1>Your session has expired</h1>",
    "/document": b"%PDF-1.4 not shown by a viewer",
    "/tab": b"<a href=/document target=_blank>View advice</a>",
}


@dataclass
class Site:
    """A small live site; ``asked`` is every request that reached it."""

    port: int
    asked: list[str] = field(default_factory=list)
    elsewhere: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site]]:
    """A portal and another host that it tries to send the browser to."""
    made = []
    for _ in range(2):
        site = Site(0)

        class Handler(BaseHTTPRequestHandler):
            site_of = site

            def do_GET(self) -> None:
                self.site_of.asked.append(f"GET {self.path}")
                if self.path == "/leave":
                    self.send_response(302)
                    self.send_header("Location", self.site_of.elsewhere)
                    self.end_headers()
                    return
                self.send_response(200)
                kind = "application/pdf" if self.path == "/document" else "text/html"
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(PAGES.get(self.path, b""))

            def do_POST(self) -> None:
                self.site_of.asked.append(f"POST {self.path}")
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        site.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.append((site, server))
    (portal, first), (other, second) = made
    portal.elsewhere = other.address + "/stolen"
    yield portal, other
    first.shutdown()
    second.shutdown()


Work = Callable[[Hand, Guard, BrowserContext], Awaitable[None]]


def in_browser(browser: Browser, site: Site, work: Work) -> None:
    """Do ``work`` in a guarded context of a real browser."""

    async def run() -> None:
        host = f"127.0.0.1:{site.port}"
        options = launch_options(browser, [host])
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(**options)
            context = await chromium.new_context(service_workers="block", accept_downloads=True)
            guard = Guard(frozenset({host}), ("/search",))
            await guard.stand(context)
            hand = Hand(await context.new_page(), site.address, 3000)
            try:
                async with asyncio.timeout(30):
                    await work(hand, guard, context)
            finally:
                await chromium.close()

    asyncio.run(run())


def test_a_capture_holds_frames_shadow_roots_and_typed_values_but_no_secrets(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    captured = []

    async def work(hand: Hand, _: Guard, context: BrowserContext) -> None:
        steps = (
            Step(go="/"),
            Step(fill=Fill(label="Member ID", value="{claim.member_id}")),
            Step(expect=[Locator(text="Claim number", frame="#app")]),
        )
        await hand.take(steps, {"claim.member_id": " 00123 "})
        captured.append(await capture_page(hand.page))
        assert (await capture_image(hand.page)).startswith(b"\x89PNG")

    in_browser(browser_executable, sites[0], work)
    page = captured[0]
    assert b"VIEWSTATE-SECRET" not in page
    assert b'value="00123"' in page, "typed text is trimmed and part of what is seen"
    fields = {
        "payer_claim_number": PageField(label="Claim number"),
        "words": PageField(label="Status"),
        "paid": PageField(label="Paid", into="money"),
    }
    status, places = read_claim(page, Read(within="#claim", fields=fields), {"Paid": "F1"})
    assert str(status.paid) == "12.00"
    assert places["paid"].box is not None


def test_a_figure_in_a_frame_is_placed_in_the_window(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    """Its picture is one of the whole window, so that is where the box must be drawn."""

    async def work(hand: Hand, *_: object) -> None:
        await hand.go("/")
        paid = hand.find(Locator(text="$12.00", frame="#app"))
        await paid.wait_for()
        there = await paid.bounding_box()
        assert there is not None
        read = Read(
            within="#claim",
            fields={
                "payer_claim_number": PageField(label="Claim number"),
                "words": PageField(label="Status"),
                "paid": PageField(label="Paid", into="money"),
            },
        )
        _, places = read_claim(await capture_page(hand.page), read, {})
        box = places["paid"].box
        assert box is not None
        corners = (
            there["x"],
            there["y"],
            there["x"] + there["width"],
            there["y"] + there["height"],
        )
        assert box == pytest.approx(corners, abs=1)
        assert box[1] > 60, "below the shell's heading"

    in_browser(browser_executable, sites[0], work)


def test_every_text_that_is_cut_short_is_unfolded_and_there_may_be_none(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    more = Step(unfold=[Locator(role="button", name="View more")])

    async def work(hand: Hand, *_: object) -> None:
        await hand.take((Step(go="/folded"), more, more), {})
        assert "firstsecondthird" in await hand.page.inner_text("body")
        endless = Step(unfold=[Locator(role="button", name="Next")])
        with pytest.raises(UnknownPage, match="still there after 100 clicks"):
            await hand.take((endless,), {})

    in_browser(browser_executable, sites[0], work)


def test_two_elements_are_an_error_and_a_second_way_is_drift(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    async def work(hand: Hand, *_: object) -> None:
        await hand.go("/twins")
        with pytest.raises(UnknownPage, match="2 elements"):
            await hand.click([Locator(role="button", name="Next")])
        assert not hand.drift
        await hand.click([Locator(role="button", name="New name"), Locator(test_id="only")])
        assert {one.found_by for one in hand.drift} == {"test_id='only'"}

    in_browser(browser_executable, sites[0], work)


def test_an_element_that_is_not_there_is_an_unknown_page_and_an_ended_session_its_own(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    async def work(hand: Hand, *_: object) -> None:
        await hand.go("/ended")
        hand.answer_ms = 400
        with pytest.raises(UnknownPage, match="is not on the page"):
            await hand.click([Locator(role="button", name="Search")])
        hand.ended = [Locator(role="heading", name="Your session has expired")]
        with pytest.raises(SessionEnded):
            await hand.click([Locator(role="button", name="Search")])

    in_browser(browser_executable, sites[0], work)


def test_nothing_but_listed_reads_leaves_the_browser(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    portal, other = sites

    async def work(hand: Hand, guard: Guard, _: BrowserContext) -> None:
        await hand.go("/writes")
        await hand.click([Locator(role="button", name="Find")])
        await hand.seen([Locator(text="found", exact=False)])
        await hand.click([Locator(role="button", name="Delete")])
        await hand.seen([Locator(text="asked", exact=False)])
        with pytest.raises(TryLater):
            await hand.go("/leave")
        assert "POST /delete" in guard.refused

    in_browser(browser_executable, portal, work)
    assert "POST /search" in portal.asked
    assert "POST /delete" not in portal.asked
    assert other.asked == []


def test_a_document_in_a_new_tab_arrives_byte_for_byte(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    async def work(hand: Hand, guard: Guard, context: BrowserContext) -> None:
        await hand.go("/tab")
        arrived = guard.expect_document()
        async with context.expect_page() as opening:
            await hand.click([Locator(role="link", name="View advice")])
        tab = await opening.value
        assert await arrived == PAGES["/document"]
        await tab.close()

    in_browser(browser_executable, sites[0], work)


def test_a_portal_that_is_not_there_is_to_be_tried_later(
    browser_executable: Browser, sites: tuple[Site, Site]
) -> None:
    async def work(hand: Hand, *_: object) -> None:
        hand.address = "http://127.0.0.1:9"
        with pytest.raises(TryLater, match="cannot be reached"):
            await hand.go("/")

    in_browser(browser_executable, sites[0], work)


def test_placeholders_are_filled_in_and_a_missing_word_stays_empty() -> None:
    from datetime import date

    words = {"claim.service_from": date(2026, 3, 4), "claim.payer_claim_number": None}
    assert fill_in("01/01/{claim.service_from|%Y}", words) == "01/01/2026"
    assert fill_in("{claim.service_from}", words) == "03/04/2026"
    assert fill_in("{claim.payer_claim_number}", words) == ""
