"""The EOB that a claim's page offers: fetched byte for byte, or the sentence why it is not here."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace

from playwright.async_api import Download, Error, Frame, Page, Response

from billing.errors import SessionEnded, TryLater, UnknownPage, UnreadableDocument
from bots.claim_task import Document
from bots.page_language import Locators
from bots.portal.guard import MOST_BYTES, TOO_LARGE
from bots.portal.session import PortalSession
from bots.portal.traffic import DATA
from bots.portal.words import Words
from bots.reading.words import kind_of_document, unlocked

ABSENT = "The EOB that the portal offers did not arrive."
NOT_A_PDF = "What the portal sent as the EOB is not a PDF, nor a scan as TIFF, JPEG or PNG."
PDF = "application/pdf"
DOCUMENTS = (PDF, "image/tiff")  # a script fetches other pictures to show them
LISTS = ("text/csv", "text/tab-separated-values", "application/csv")
LOOK_SECONDS = 0.3
EMBEDDED = """() => {
  const of = (e) => e.tagName === "OBJECT" ? e.data : e.src;
  const made = (url) => /^(blob|data):/.test(url);
  const found = [...document.querySelectorAll("embed, object, iframe")]
    .filter((e) => e.tagName !== "IFRAME" || made(e.src)).map(of).filter((url) => url);
  return found.concat(made(location.href) ? [location.href] : []);
}"""
BYTES = """async url => {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  let text = "";
  for (let n = 0; n < bytes.length; n += 32768) {
    text += String.fromCharCode(...bytes.subarray(n, n + 32768));
  }
  return btoa(text);
}"""


@dataclass(frozen=True, slots=True)
class NoDocument:
    """An EOB was offered, and what came is none; ``why`` is one sentence, ``sent`` what came.

    ``for_good`` when the portal says so itself: asking again would not bring it.
    """

    why: str
    sent: bytes = b""
    for_good: bool = False


class _HasNone(Exception):
    """The portal says that it has no such document."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An EOB as it can be read, the bytes that the portal sent (locked by a password, say), and
    the media type of both."""

    document: bytes
    sent: bytes
    kind: str


async def fetch_document(
    session: PortalSession, wanted: Document, words: Words | None = None
) -> Fetched | NoDocument:
    """The offered EOB, unlocked if the profile names its password; ``words`` are those of the row
    that offers it. Raises Playwright's Error when the browser is gone.
    """
    password = session.secret(wanted.password) if wanted.password else None
    try:
        data = await _Arrival(session).take(wanted.click, wanted, words)
    except _HasNone:
        return NoDocument(f"{ABSENT} The portal says that it has none.", for_good=True)
    except TryLater as error:
        return NoDocument(f"{ABSENT} {error}")
    except (Error, TimeoutError, UnknownPage):  # Playwright's own timeout is an Error
        if session.page.is_closed():
            raise
        if session.guard.page_instead:
            return NoDocument(NOT_A_PDF, session.guard.page_instead)
        failure = session.traffic.failure() or "The portal did not send it in time."
        return NoDocument(f"{ABSENT} {failure}")
    kind = kind_of_document(data)
    if kind is None:
        return NoDocument(NOT_A_PDF, data)
    if password is None or kind != PDF:
        return Fetched(data, data, kind)
    try:
        return Fetched(unlocked(data, password), data, kind)
    except UnreadableDocument as error:
        return NoDocument(f"The EOB cannot be opened: {error}", data)


async def fetch_list(session: PortalSession, click: Locators) -> bytes:
    """The list that the portal gives as a file.

    Raises TryLater when it does not arrive, Playwright's Error when the browser is gone.
    """
    try:
        return await _Arrival(session, LISTS).take(click)
    except (Error, TimeoutError) as error:
        if session.page.is_closed():
            raise
        failure = session.traffic.failure() or "The portal did not send it in time."
        raise TryLater(
            f"The list that the portal offers as a file did not arrive. {failure}"
        ) from error


class _Arrival:
    """The bytes of one document, whichever way they come: as a page's target (an attachment, a
    tab, a frame), as a download that a script makes, or in an answer to a script."""

    def __init__(self, session: PortalSession, kinds: tuple[str, ...] = DOCUMENTS) -> None:
        self._session = session
        self._kinds = kinds
        self._seconds = session.profile.file.session.answer_seconds
        self._tabs: asyncio.Queue[Page] = asyncio.Queue()
        self._opened: list[Page] = []
        self._reading: set[asyncio.Task[None]] = set()

    async def take(
        self, click: Locators, wanted: Document | None = None, words: Words | None = None
    ) -> bytes:
        """Click for it and wait; ``wanted`` says what to do in a tab that opens.

        Raises _HasNone, TryLater, TimeoutError, UnknownPage, SessionEnded or Error.
        """
        session = self._session
        self._held: set[str] = set()
        self._arrived = session.guard.expect_document()
        session.context.on("page", self._tab)
        session.context.on("response", self._answer)
        session.page.on("download", self._download)
        try:
            async with asyncio.timeout(self._seconds):
                self._held |= set(await self._embedded())
                await session.hand.click(click, words)
                self._read(self._look_inside())
                if wanted is not None and wanted.in_tab:
                    await self._look_for_it(wanted, await self._tabs.get())
                return await self._arrived
        finally:
            session.context.remove_listener("page", self._tab)
            session.context.remove_listener("response", self._answer)
            session.page.remove_listener("download", self._download)
            session.guard.forget_document(self._arrived)
            for task in self._reading:
                task.cancel()
            for tab in self._opened:
                with suppress(Error):
                    await tab.close()

    async def _look_for_it(self, wanted: Document, tab: Page) -> None:
        """The steps in the tab; _HasNone when it says that there is no document."""
        hand = self._session.hand
        absent = wanted.absent_when or ()
        there = replace(hand, page=tab, interruptions=(), ended=(*hand.ended, *absent))
        try:
            await there.take(wanted.in_tab, {})
        except SessionEnded:
            if absent and await there.shows(absent):
                raise _HasNone from None
            raise

    def _tab(self, page: Page) -> None:
        page.on("download", self._download)
        self._opened.append(page)
        self._tabs.put_nowait(page)

    def _download(self, download: Download) -> None:
        self._read(self._of_download(download))

    def _answer(self, response: Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.request.resource_type in DATA and kind.startswith(self._kinds):
            self._read(self._of_answer(response))

    def _read(self, reading: Coroutine[None, None, None]) -> None:
        self._reading.add(asyncio.ensure_future(reading))

    async def _of_download(self, download: Download) -> None:
        with suppress(Error):
            path = await download.path()
            self._set(path.read_bytes() if path.stat().st_size <= MOST_BYTES else None)
            await download.delete()

    async def _of_answer(self, response: Response) -> None:
        with suppress(Error):
            if body := await response.body():  # Chromium gives none of what a script took as a blob
                self._set(body)

    async def _look_inside(self) -> None:
        """What the page shows in itself without going there: embedded, or made by a script."""
        while not self._arrived.done():
            await asyncio.sleep(LOOK_SECONDS)
            for url, frame in (await self._embedded()).items():
                if url in self._held:
                    continue
                with suppress(Error):  # a frame of its own origin, or one that went away
                    data = base64.b64decode(str(await frame.evaluate(BYTES, url)))
                    if kind_of_document(data) is not None:
                        self._set(data)

    async def _embedded(self) -> dict[str, Frame]:
        """The addresses of what pages hold in themselves, each with its frame."""
        found: dict[str, Frame] = {}
        for page in (self._session.page, *self._opened):
            for frame in page.frames:
                with suppress(Error):
                    found |= dict.fromkeys(await frame.evaluate(EMBEDDED), frame)
        return found

    def _set(self, data: bytes | None) -> None:
        """Arrived; None is more than may be."""
        if self._arrived.done():
            return
        if data is None or len(data) > MOST_BYTES:
            self._arrived.set_exception(TryLater(TOO_LARGE))
        elif data:  # what a script took as a blob is empty here; the download it makes is not
            self._arrived.set_result(data)
