"""What may leave the browser: reads of the profile's hosts; all else is refused and noted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl, unquote_plus, urljoin, urlsplit

from playwright.async_api import (
    APIResponse,
    BrowserContext,
    Error,
    Page,
    Request,
    Route,
    WebSocketRoute,
)

from billing.errors import TryLater

READS = frozenset({"GET", "HEAD"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REDIRECTS_AT_MOST = 5
SHORT = 6  # characters: a shorter secret may be part of an honest address
PINNED = "net::ERR_PROXY_CONNECTION_FAILED"  # see bots.portal.browser
MOST_BYTES = 50_000_000  # of a document; an EOB of a thousand pages has ten
TOO_LARGE = f"It is larger than {MOST_BYTES // 1_000_000} MB."
NO_CONTENT = 204  # a browser that gets this stays where it is


@dataclass
class Guard:
    """Stands between one browser context and the network.

    ``hosts`` are "host:port"; ``may_post`` are path patterns that a non-reading request may go
    to; the kinds in ``not_loaded`` stay with the portal, which is no refusal; ``secret`` is in no
    address, which portals and what lies between write down; other tabs than ``tab`` ask for nothing
    while no document is expected. Refusals are kept as "METHOD path" (never with a query, which
    could name a patient).
    """

    hosts: frozenset[str]
    may_post: Sequence[str]
    not_loaded: Sequence[str] = ()
    secret: str = field(default="", repr=False)
    tab: Page | None = None
    refused: list[str] = field(default_factory=list)
    page_instead: bytes = b""
    _document: asyncio.Future[bytes] | None = None

    async def stand(self, context: BrowserContext) -> None:
        """Take the place before any page of ``context`` is opened."""
        await context.route("**/*", self._judge)
        await context.route_web_socket("**/*", self._refuse_socket)
        context.on("requestfailed", self._note_kept_in)

    def expect_document(self) -> asyncio.Future[bytes]:
        """The next document that a page, a frame or a tab goes to, as the bytes the portal sent.

        A PDF in a tab has a viewer's page for a body, and a download leaves none: the bytes are
        taken on the way, and the page stays where it was. Waiting raises TryLater when the portal
        does not send it. A page that comes first is let through, and kept as ``page_instead``.
        """
        self.page_instead = b""
        self._document = asyncio.get_running_loop().create_future()
        return self._document

    @property
    def expects_document(self) -> bool:
        """Whether a document is on its way, which may come in a tab of its own."""
        return self._document is not None

    def forget_document(self, wanted: asyncio.Future[bytes]) -> None:
        """``wanted`` is expected no more: what a page asks for from now on is its own."""
        wanted.cancel()
        self._document = None

    def allows(self, method: str, url: str) -> bool:
        """Whether this request may leave."""
        parts = urlsplit(url)
        if parts.scheme in ("data", "blob", "about"):
            return True
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if f"{parts.hostname}:{port}" not in self.hosts or self._tells(url):
            return False
        return method in READS or any(fnmatchcase(parts.path, p) for p in self.may_post)

    def _tells(self, url: str) -> bool:
        """Whether the secret is in this address."""
        values = [value for _, value in parse_qsl(urlsplit(url).query)]
        long = len(self.secret) >= SHORT and self.secret in unquote_plus(url)
        return self.secret != "" and (long or self.secret in values)

    async def _judge(self, route: Route) -> None:
        request = route.request
        try:
            if not self.allows(request.method, request.url):
                path = "" if self._tells(request.url) else urlsplit(request.url).path
                self.refused.append(f"{request.method} {path}")
                await route.abort("blockedbyclient")
            elif self._document is None and self._is_of_another_tab(request):
                await route.abort()  # it is being shut, and opens no more of its kind meanwhile
            elif request.resource_type in self.not_loaded:
                await route.abort("blockedbyclient")
            elif self._document is not None and request.is_navigation_request():
                await self._take_document(route, self._document)
            else:
                await route.continue_()
        except Error:  # the page closed while the request was judged: nothing left to do
            return

    def _is_of_another_tab(self, request: Request) -> bool:
        try:
            return self.tab is not None and request.frame.page is not self.tab
        except Error:  # there is no frame yet: a tab is about to open
            return request.is_navigation_request()

    def _note_kept_in(self, request: Request) -> None:
        """Redirects are not judged on their way; the browser's pin holds those to other hosts.

        What failed is the redirect or, as often, the request that it answered: Playwright does
        not always tell of a redirect that came to nothing.
        """
        if request.failure == PINNED:
            self.refused.append(f"REDIRECT {urlsplit(request.url).path}")

    async def _take_document(self, route: Route, wanted: asyncio.Future[bytes]) -> None:
        try:
            response = await self._follow(route)
            body = await response.body()
        except Error:
            _refuse(wanted, "The portal broke the connection.")
            await route.abort()
            return
        if response.ok and not _is_document(response, body):
            self.page_instead = body
            await route.fulfill(response=response, body=body)
            return
        if not response.ok:
            _refuse(wanted, f"The portal answered HTTP {response.status}.")
        elif len(body) > MOST_BYTES:
            _refuse(wanted, TOO_LARGE)
        elif not wanted.done():
            wanted.set_result(body)
        if _is_for_a_new_tab(route.request):
            await route.fulfill(status=200, content_type="text/plain", body="taken")
        else:
            await route.fulfill(status=NO_CONTENT)

    async def _follow(self, route: Route) -> APIResponse:
        """The answer after the portal's own redirects; one that leads elsewhere is not followed."""
        response = await route.fetch(max_redirects=0)
        for _ in range(REDIRECTS_AT_MOST):
            onward = response.headers.get("location")
            if response.status not in REDIRECTS or not onward:
                break
            url = urljoin(response.url, onward)
            if not self.allows("GET", url):
                self.refused.append(f"GET {urlsplit(url).path}")
                break
            response = await route.fetch(url=url, method="GET", max_redirects=0)
        return response

    async def _refuse_socket(self, socket: WebSocketRoute) -> None:
        self.refused.append(f"WEBSOCKET {urlsplit(socket.url).path}")
        await socket.close()


def _is_for_a_new_tab(request: Request) -> bool:
    """A tab that gets nothing at all never counts as open, and could not be closed."""
    try:
        return not request.frame.url or request.frame.url == "about:blank"
    except Error:  # there is no frame yet
        return True


def _is_document(response: APIResponse, body: bytes) -> bool:
    """Whether this is a file to keep and no page to look at."""
    kind = response.headers.get("content-type", "")
    sent_as_file = response.headers.get("content-disposition", "").startswith("attachment")
    written = kind.startswith(("application/pdf", "image/tiff")) or body.startswith(b"%PDF-")
    return sent_as_file or written


def _refuse(wanted: asyncio.Future[bytes], why: str) -> None:
    if not wanted.done():
        wanted.set_exception(TryLater(why))


def host_of(address: str) -> str:
    """ "host:port" of an address such as ``https://portal.example``."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
