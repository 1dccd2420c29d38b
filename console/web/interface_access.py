"""Who may use the interface: a system's bearer token, good today, for this, and not too often."""

from __future__ import annotations

import math
import re
import secrets
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from billing.ledger.tokens import Scope as Use
from billing.ledger.tokens import Token
from console.web.access import hashed_secret
from console.web.desk import Desk
from console.web.interface_problems import MEDIA_TYPE, Refused, problem

PATH = "/api/v1"
"""Where the interface is mounted."""
OPEN = ("/openapi.json", "/")
"""Paths within the interface that are served to whoever asks: what it is, and no data."""
MINUTE = 60
_BEARER = re.compile(r"bearer +([!-~]{1,200})\Z", re.IGNORECASE)


def new_secret() -> str:
    """What a system is given, once."""
    return f"claimsweep_{secrets.token_urlsafe(32)}"


class Pace:
    """How often each token asked in the last sixty seconds, in this process alone."""

    def __init__(self, clock: Callable[[], Any] = time.monotonic) -> None:
        self._clock = clock
        self._asked: defaultdict[str, deque[Any]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait(self, token: Token) -> int:
        """Seconds until this token may ask again; 0, and it is counted, when it may now."""
        with self._lock:
            asked, now = self._asked[token.sha256], self._clock()
            while asked and now - asked[0] >= MINUTE:
                asked.popleft()
            if len(asked) >= token.per_minute:
                return max(1, math.ceil(asked[0] + MINUTE - now))
            asked.append(now)
            return 0


class Door:
    """Lets in who holds a good token; nobody else's request is looked at further."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self.app, self.desk, self.pace = app, desk, Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        if scope["type"] == "http" and path not in OPEN:
            given = Request(scope).headers.getlist("Authorization")
            try:
                token = await run_in_threadpool(self._token, given)
            except Refused as refused:
                answer = problem(refused.status, str(refused), refused.headers)
                await answer(scope, receive, send)
                return
            scope.setdefault("state", {})["token"] = token
        await self.app(scope, receive, send)

    def _token(self, given: list[str]) -> Token:
        match = _BEARER.match(given[0]) if len(given) == 1 else None
        if match is None:
            raise Refused(
                401, "Send the token as Authorization: Bearer", {"WWW-Authenticate": "Bearer"}
            )
        token = self.desk.ledger.token(hashed_secret(match[1]), at=self.desk.now())
        if token is None or not token.good(self.desk.today()):
            raise Refused(
                401,
                "The token is unknown, expired or revoked; ask an administrator for a new one",
                {"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        seconds = self.pace.wait(token)
        if seconds:
            raise Refused(
                429,
                f"This token may make {token.per_minute} requests a minute; wait {seconds} seconds",
                {"Retry-After": str(seconds)},
            )
        return token


def holder(use: Use | None) -> Callable[[Request], Token]:
    """What a route depends on to serve tokens of this scope; None serves every good token."""

    def token(request: Request) -> Token:
        found: Token = request.state.token
        if use is not None and use not in found.scopes:
            raise Refused(403, f"This needs a token with the scope {use}")
        return found

    token.use = use  # type: ignore[attr-defined]
    return token


_SAID = {
    304: "As it was: nothing is sent again.",
    401: "No good token was sent.",
    403: "The token lacks the scope.",
    404: "There is no such thing.",
    409: "It cannot be done as things stand, or the same key is being worked on.",
    413: "The body is too large.",
    422: "What was sent is not as described, or the key was used for something else.",
    429: "The token asked too often.",
    503: "The ledger is busy.",
}
_WAIT = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_ASK = {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}}}


def told(
    use: Use | None, *statuses: int, success: Mapping[int, Any] | None = None
) -> dict[str, Any]:
    """What the description says of a route: its scope, and every status; that of success only
    where it is no JSON."""
    always = [401, 422, 429, 503, *([403] if use else []), *statuses]
    answers: dict[int, Any] = dict(success or {})
    for status in sorted(always):
        answers[status] = {"description": _SAID[status]}
        if status != 304:
            schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
            answers[status]["content"] = {MEDIA_TYPE: schema}
    answers[401]["headers"], answers[429]["headers"] = _ASK, _WAIT
    return {
        "responses": answers,
        "openapi_extra": {"security": [{"token": [use] if use else []}]},
    }
