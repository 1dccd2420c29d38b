"""What the portal owes the page: requests still under way, and those it failed to answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from time import monotonic
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Error, Page, Request, Response

DATA = frozenset({"xhr", "fetch"})
ANSWERS = DATA | {"document"}
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
QUIET_SECONDS = 0.4
LOOK_SECONDS = 0.02
CHAIN_SECONDS = 0.2  # from one answer to the question that it makes a script ask
PAGES_OWN_MOMENT = """ms => new Promise(
  (over) => setTimeout(() => requestIdleCallback(over, {timeout: 1000}), ms))"""
NO_FAULT_OF_THE_PORTAL = (
    "net::ERR_ABORTED",  # the page itself went on, or the answer became a download
    "net::ERR_BLOCKED_BY_CLIENT",  # our guard
    "net::ERR_PROXY_CONNECTION_FAILED",  # another host, which the browser's pin holds back
)


@dataclass
class Traffic:
    """Watches the answers that pages and their scripts wait for; pictures and styles are not.

    Nor is what a page asks for all the time, from the paths in ``background``. Kept as words
    without an address, which could name a claim. ``owed_seconds`` is how long the portal has let
    its pages wait, all in all. ``heard`` is set when it has answered one of them.
    """

    background: Sequence[str] = ()
    failed: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    by_scripts: int = 0
    pages: int = 0
    _open: set[Request] = field(default_factory=set)
    owed_seconds: float = 0.0
    _owed_since: float = 0.0
    _last: float = 0.0
    _responses: list[Response] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Look at everything that pages of ``context`` ask for from now on."""
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfinished", self._done)
        context.on("requestfailed", self._broke)

    def remember(self, page: Page) -> None:
        """Remember the data that ``page`` loads from now on."""
        page.on("response", self._remember)

    async def bodies(self, pattern: str) -> AsyncIterator[bytes]:
        """The JSON that came from paths matching ``pattern``, newest first."""
        for response in reversed(self._responses):
            if fnmatchcase(urlsplit(response.url).path, pattern):
                yield await response.body()

    def forget_responses(self) -> None:
        """Only what loads from now on counts."""
        self._responses.clear()
        self.forget()

    def forget(self) -> None:
        """Only what is asked from now on counts."""
        self.failed.clear()
        self._owe(set())
        self.asked = self.by_scripts = self.pages = 0
        self._last = monotonic()

    def stirred(self) -> None:
        """Something was done to the page: what it asks for in answer may take a moment."""
        self._last = monotonic()

    def failure(self) -> str | None:
        """Why the page cannot be an answer, if the portal owed it something and failed."""
        if self.failed:
            return f"The portal failed to answer ({self.failed[0]})."
        if self._open:
            return "The portal had not answered in full when the time was up."
        return None

    @property
    def under_way(self) -> bool:
        """Whether the portal still owes an answer."""
        return bool(self._open)

    async def news(self, seconds: float) -> bool:
        """Wait until the portal is ``heard``, ``seconds`` at most; whether it was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self.heard.wait()
        return False

    async def quiet(self, seconds: float, moment: float = QUIET_SECONDS) -> None:
        """Wait until nothing has been asked or answered for a ``moment``, ``seconds`` at most."""
        deadline = monotonic() + seconds
        while self._open or monotonic() - self._last < moment:
            if monotonic() > deadline:
                return
            left = self._last + moment - monotonic()
            await asyncio.sleep(LOOK_SECONDS if self._open else max(LOOK_SECONDS / 10, left))

    async def at_rest(self, page: Page, seconds: float, moment: float) -> None:
        """Wait until ``page`` has what it asked for, and asks for nothing more for a ``moment``.

        The moment passes by the page's own clock too: a busy machine delays what a page does. It
        begins once all is answered. What takes longer than ``seconds`` is left to those who look
        at the page.
        """
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            await self.quiet(seconds, 0)
            last = self._last
            try:
                await page.evaluate(PAGES_OWN_MOMENT, moment * 1000)
            except Error:
                if page.is_closed():
                    raise
                continue  # it went to another page
            await self.quiet(seconds, moment)
            if self._last == last and not self.under_way:
                return

    def _asked(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if any(fnmatchcase(path, one) for one in self.background):
            return
        if request.resource_type in ANSWERS:
            self._owe(self._open | {request})
            self.asked += 1
            self.by_scripts += request.resource_type in DATA
            self.pages += request.resource_type not in DATA
            self._last = monotonic()

    def _answered(self, response: Response) -> None:
        if response.request in self._open and is_failure(response.status):
            self.failed.append(f"HTTP {response.status}")

    def _remember(self, response: Response) -> None:
        if response.request.resource_type in DATA and response.ok:
            self._responses.append(response)

    def _done(self, request: Request) -> None:
        if request in self._open:
            self._owe(self._open - {request})
            self._last = monotonic()
            self.heard.set()

    def _owe(self, requests: set[Request]) -> None:
        """From now on the portal owes the answers to these, and no others."""
        now = monotonic()
        if self._open:
            self.owed_seconds += now - self._owed_since
        self._open, self._owed_since = requests, now

    def _broke(self, request: Request) -> None:
        if request not in self._open:
            return
        self._done(request)
        why = request.failure or "connection lost"
        if not why.startswith(NO_FAULT_OF_THE_PORTAL):
            self.failed.append(why)


def is_failure(status: int) -> bool:
    """Whether an HTTP status means that the portal could not answer now."""
    return status == TOO_MANY_REQUESTS or status >= SERVER_ERROR
