"""Saved pages shown again without a network, to see which of a profile's signs they show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lxml import html as lxml_html
from lxml.html import HtmlElement
from playwright.async_api import Error, async_playwright

from billing.errors import BadInput, UnknownPage
from bots.page_language import Locators
from bots.portal.browser import Browser, launch_options
from bots.portal.temporary import private_folder
from bots.portal.verbs import Hand
from bots.reading.dom import BOX, HIDDEN, parse

AS_SEEN = f"<style>[{HIDDEN}] {{ display: none !important }}</style>"
EMPTY_AND_SEEN = "display: inline-block; min-width: 1px; min-height: 1px"
SHOW_SECONDS = 10


async def signs_shown(
    browser: Browser,
    pages: Iterable[str],
    fetch: Callable[[str], bytes],
    signs: Mapping[str, Locators],
) -> dict[str, frozenset[str]]:
    """Of each page by its hash, the names of all ``signs`` that it shows.

    The locators are Playwright's own, as on the night itself; nothing is asked of anybody. A page
    of framesets, which is not saved as it was, is left out. Raises BadInput when the browser does
    not start.
    """
    try:
        private_folder()
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(**launch_options(browser, []))
            try:
                context = await chromium.new_context(
                    offline=True,
                    java_script_enabled=False,
                    bypass_csp=True,
                    service_workers="block",
                )
                hand = Hand(await context.new_page(), "", SHOW_SECONDS * 1000)
                return {
                    sha256: shown
                    for sha256 in dict.fromkeys(pages)
                    if (shown := await _shown(hand, fetch(sha256), signs)) is not None
                }
            finally:
                await chromium.close()
    except Error as error:
        raise BadInput(
            "The browser that shows saved pages stopped; see claimsweep doctor"
        ) from error


async def _shown(hand: Hand, page: bytes, signs: Mapping[str, Locators]) -> frozenset[str] | None:
    try:
        tree = parse(page)
    except UnknownPage:
        return None
    if tree.find(".//frameset") is not None:
        return None
    await hand.page.set_content(as_it_was(tree), wait_until="domcontentloaded")
    return frozenset([name for name, ways in signs.items() if await hand.shows(ways)])


def as_it_was(tree: HtmlElement) -> str:
    """A captured page as HTML that a browser shows alike: frames are frames again, what could not
    be seen is hidden, and what was empty and could be seen is."""
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        element.attrib.pop("src", None)
        if not len(element) and not (element.text or "").strip() and _had_room(element):
            element.set("style", EMPTY_AND_SEEN)
    for body in reversed(list(tree.iter("cs-frame"))):
        frame, after = body.getprevious(), body.getnext()
        if frame is None or frame.tag != "iframe":
            continue
        frame.set("srcdoc", AS_SEEN + "".join(_inside(body)))
        if after is not None and after.tag == "iframe" and not after.attrib:
            after.drop_tree()
        body.drop_tree()
    return f"<!doctype html>{AS_SEEN}{lxml_html.tostring(tree, encoding='unicode')}"


def _inside(element: HtmlElement) -> Iterable[str]:
    yield element.text or ""
    for child in element:
        yield lxml_html.tostring(child, encoding="unicode")


def _had_room(element: HtmlElement) -> bool:
    stated = element.get(BOX)
    if stated is None or element.get(HIDDEN) is not None:
        return False
    left, top, right, bottom = stated.split(",")
    return left != right and top != bottom
