"""A page as a person sees it becomes bytes: the only thing that leaves the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TypeVar

from playwright.async_api import Error, Frame, Page

from billing.errors import BrowserLost

Seen = TypeVar("Seen")
Keep = Callable[[bytes, str], str]
"""Stores bytes of a media type and returns their SHA-256; the ledger's store, in practice."""

LOOK_SECONDS = 20  # this machine's own work, however quickly the portal answers: past it, it hangs
ONE_LOOK_SECONDS = 8  # a look that begins while the page goes away may never end; the next one does
STEADY_SECONDS = 0.12
STEADY_AT_MOST = 3.0  # seconds: a page with a clock on it is never still
MOST_PIXELS_HIGH = 16_000
MOST_BYTES = 30_000_000
_SCROLLED = """() => [window.scrollX, window.scrollY, document.documentElement.scrollHeight]
  .map(Math.round)"""
_FRAME_PLACE = """e => {
  const number = [...e.ownerDocument.querySelectorAll('iframe, frame')].indexOf(e);
  const { left, top } = e.getBoundingClientRect();
  return [number, left + e.clientLeft, top + e.clientTop];
}"""
_SNAPSHOT = (Path(__file__).parent / "snapshot.js").read_text(encoding="utf-8")


async def capture_page(page: Page) -> bytes:
    """The page's DOM as UTF-8 HTML, its frames, open shadow roots and typed values included.

    Elements that are not visible carry ``data-cs-hidden``, the others their box in CSS pixels
    as ``data-cs-box="left,top,right,bottom"`` in the window, whichever frame they are in.
    ``page.content()`` alone would lose frames, shadow roots and what was typed. Raises BrowserLost
    for a page so large that nobody wrote it.
    """
    html = await _capture_frame(page.main_frame, _Place("0"))
    data = ("<!doctype html>" + html).encode()
    if len(data) > MOST_BYTES:
        raise BrowserLost(f"The page is larger than {MOST_BYTES // 1_000_000} MB")
    return data


async def capture_steady(page: Page, seconds: float, before: bytes = b"") -> bytes:
    """The page once it no longer changes, or as it is after ``seconds``.

    ``before`` is what it was like a moment ago, where that is known.
    """
    deadline = monotonic() + seconds
    while (now := await capture_page(page)) != before and monotonic() < deadline:
        before = now
        await asyncio.sleep(STEADY_SECONDS)
    return now


async def look(page: Page, at: Callable[[], Awaitable[Seen]]) -> Seen:
    """What ``at`` sees of a page that may be on its way to another: again, where it went away.

    Raises playwright's Error for a page that is closed, TimeoutError after LOOK_SECONDS.
    """
    async with asyncio.timeout(LOOK_SECONDS):
        while True:
            try:
                async with asyncio.timeout(ONE_LOOK_SECONDS):
                    return await at()
            except (Error, TimeoutError):
                if page.is_closed():
                    raise
            await asyncio.sleep(STEADY_SECONDS)


@dataclass(frozen=True, slots=True)
class _Place:
    """A frame's name in the capture, and where in the window its own coordinates begin."""

    name: str
    left: float = 0
    top: float = 0


async def _capture_frame(frame: Frame, place: _Place) -> str:
    html = str(await frame.evaluate(_SNAPSHOT, [place.name, place.left, place.top]))
    for child in frame.child_frames:
        within = await _place_in_parent(child, place)
        if within is None:
            continue
        inner = await _capture_frame(child, within)
        # a frame's document stands where its element does, so that one file holds the page
        for seen, mark in (("", ""), (" hidden", " data-cs-hidden")):
            html = html.replace(
                f"<!--frame {within.name}{seen}-->",
                f"</iframe><cs-frame{mark}>{_body(inner)}</cs-frame><iframe>",
            )
    return html


async def _place_in_parent(frame: Frame, parent: _Place) -> _Place | None:
    try:
        element = await frame.frame_element()
        number, left, top = await element.evaluate(_FRAME_PLACE)
    except Error:  # the frame went away while we looked: it is not part of what is seen
        return None
    if number < 0:
        return None
    return _Place(f"{parent.name}.{number}", parent.left + left, parent.top + top)


def _body(html: str) -> str:
    start = html.find("<body")
    start = html.find(">", start) + 1 if start >= 0 else 0
    end = html.rfind("</body>")
    return html[start : end if end >= 0 else len(html)]


async def capture_image(page: Page) -> bytes:
    """A PNG of what is visible, in CSS pixels, so that boxes can be drawn on it."""
    return await page.screenshot(type="png", scale="css", animations="disabled")


async def capture_whole(page: Page) -> tuple[bytes, tuple[int, int]]:
    """A PNG of the whole page, in CSS pixels, and how far the window is scrolled into it: to the
    right and down. A box in the window lies that much further on the picture.

    Of a page higher than a browser can draw it is what is visible.
    """
    right, down, high = await page.evaluate(_SCROLLED)
    if high > MOST_PIXELS_HIGH:
        return await capture_image(page), (0, 0)
    image = await page.screenshot(type="png", scale="css", animations="disabled", full_page=True)
    return image, (right, down)
