"""What every answer carries so that nothing runs, frames or keeps it, and what is not answered."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web import patience
from console.web.entrance import Entrance

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# The referrer stays on this site: without any, a browser would say "null" for where a form of ours
# comes from, as it does for a stranger's.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
TLS_ONLY = "max-age=31536000"
MOST_BYTES = 64 * 1024 * 1024
"""A request's body may be no larger: an export to sweep is the largest thing that is sent."""


class Safety:
    """Adds the headers to every answer, and refuses what asks for another host, what another site
    sends, and bodies that are too large."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self.app = app
        self.entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["Cache-Control"] = "max-age=3600" if static else "no-store"
                if self.entrance.secure:
                    headers["Strict-Transport-Security"] = TLS_ONLY
            await send(message)

        heard, more = 0, True

        async def receive_some() -> Message:
            nonlocal heard, more
            try:
                async with asyncio.timeout(patience.BODY_SECONDS if more else None):
                    message = await receive()
            except TimeoutError:
                raise TooSlow from None
            more = message.get("more_body", False)
            heard += len(message.get("body", b""))
            if heard > MOST_BYTES:
                raise TooLarge
            return message

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, receive_some, send_with_headers)
        except TooSlow:
            refusal = PlainTextResponse("The request did not come to its end.", 408)
            await refusal(scope, receive, send_with_headers)
        except TooLarge:
            refusal = PlainTextResponse("The request is larger than 64 MiB.", 413)
            await refusal(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        host = headers.get("Host", "")
        if host_name(host) not in self.entrance.hosts:
            return PlainTextResponse("The console does not answer under this name.", 421)
        if method in ("GET", "HEAD", "OPTIONS"):
            return None
        origin = headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if foreign or headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return PlainTextResponse("The request came from another site.", 403)
        return None


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; empty for one that is no host."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class TooLarge(Exception):
    """The body goes on beyond what is taken."""


class TooSlow(TooLarge):
    """The body stops in its midst."""
