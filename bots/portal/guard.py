"""What may leave the browser: reads of the profile's hosts; all else is refused and noted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Error, Route, WebSocketRoute

from billing.errors import TryLater

READS = frozenset({"GET", "HEAD"})


@dataclass
class Guard:
    """Stands between one browser context and the network.

    ``hosts`` are "host:port"; ``may_post`` are path patterns that a non-reading request may go
    to. Refusals are kept as "METHOD path" (never with a query, which could name a patient).
    """

    hosts: frozenset[str]
    may_post: Sequence[str]
    refused: list[str] = field(default_factory=list)
    _tab_document: asyncio.Future[bytes] | None = None

    async def stand(self, context: BrowserContext) -> None:
        """Take the place before any page of ``context`` is opened."""
        await context.route("**/*", self._judge)
        await context.route_web_socket("**/*", self._refuse_socket)

    def expect_tab_document(self) -> asyncio.Future[bytes]:
        """The next document that a new tab asks for, as the bytes the portal sent.

        A PDF shown inside a tab has a viewer's page for a body, so its bytes are taken on the way.
        Waiting for it raises TryLater when the portal does not send it.
        """
        self._tab_document = asyncio.get_running_loop().create_future()
        return self._tab_document

    def forget_tab_document(self, wanted: asyncio.Future[bytes]) -> None:
        """``wanted`` is expected no more: what a page asks for from now on is its own."""
        wanted.cancel()
        self._tab_document = None

    def allows(self, method: str, url: str) -> bool:
        """Whether this request may leave."""
        parts = urlsplit(url)
        if parts.scheme in ("data", "blob", "about"):
            return True
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if f"{parts.hostname}:{port}" not in self.hosts:
            return False
        return method in READS or any(fnmatchcase(parts.path, p) for p in self.may_post)

    async def _judge(self, route: Route) -> None:
        request = route.request
        try:
            if not self.allows(request.method, request.url):
                self.refused.append(f"{request.method} {urlsplit(request.url).path}")
                await route.abort("blockedbyclient")
            elif self._tab_document is not None and request.is_navigation_request():
                await self._take_document(route, self._tab_document)
            else:
                await route.continue_()
        except Error:  # the page closed while the request was judged: nothing left to do
            return

    async def _take_document(self, route: Route, wanted: asyncio.Future[bytes]) -> None:
        self._tab_document = None
        try:
            response = await route.fetch(max_redirects=0)
            body = await response.body()
        except Error:
            _refuse(wanted, "The portal broke the connection.")
            await route.abort()
            return
        if not response.ok:
            _refuse(wanted, f"The portal answered HTTP {response.status}.")
        elif not wanted.done():
            wanted.set_result(body)
        await route.fulfill(status=200, content_type="text/plain", body="taken")

    async def _refuse_socket(self, socket: WebSocketRoute) -> None:
        self.refused.append(f"WEBSOCKET {urlsplit(socket.url).path}")
        await socket.close()


def _refuse(wanted: asyncio.Future[bytes], why: str) -> None:
    if not wanted.done():
        wanted.set_exception(TryLater(why))


def host_of(address: str) -> str:
    """ "host:port" of an address such as ``https://portal.example``."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
