"""Who is asking, and may they: every route names the least role that it serves."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from billing.errors import ClaimsweepError
from billing.people import Person, Role
from console.web.desk import Desk

COOKIE = "claimsweep"
IDLE = timedelta(minutes=15)
"""Without a request for so long, a session is over (45 CFR 164.312(a)(2)(iii))."""
WHOLE = timedelta(hours=12)
"""A session lasts no longer than this, however busy."""

SAFE = ("GET", "HEAD")


class NotSignedIn(ClaimsweepError):
    """Nobody is signed in, or no longer."""


class NotAllowed(ClaimsweepError):
    """The person may not do this, or the request was not made by their own hand."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request. ``session`` is the hash of their session's secret; ``mark`` is what a
    form of theirs must bring along."""

    person: Person
    session: str
    mark: str

    @property
    def name(self) -> str:
        """As the ledger names who did something."""
        return self.person.name


Dependency = Callable[[Request], Awaitable[Caller]]


def desk_of(request: Request) -> Desk:
    """The desk of the console that serves the request."""
    desk: Desk = request.app.state.desk
    return desk


def allowed(role: Role) -> Dependency:
    """What a route depends on to serve callers of this role and above, and nobody else.

    A request that changes something must carry its session's mark, in the header X-CSRF-Token or
    the form's field ``csrf``, and must not come from another site.
    """

    async def caller(request: Request) -> Caller:
        found = session_of(request)
        request.state.caller = found
        if found.person.role < role:
            raise NotAllowed(f"This needs the role {role.word}; you are a {found.person.role.word}")
        if request.method not in SAFE:
            await _require_own_hand(request, found)
        return found

    caller.role = role  # type: ignore[attr-defined]
    return caller


def session_of(request: Request) -> Caller:
    """The complete session that a request belongs to. Raises NotSignedIn."""
    secret = request.cookies.get(COOKIE, "")
    hashed = hashed_secret(secret)
    desk = desk_of(request)
    quiet = request.headers.get("X-Unattended") == "yes"
    found = (
        desk.ledger.web_session(hashed, at=desk.now(), idle=IDLE, whole=WHOLE, seen=not quiet)
        if secret
        else None
    )
    if found is None or not found.complete:
        raise NotSignedIn("Sign in to go on")
    return Caller(found.person, hashed, mark_of(secret))


def hashed_secret(secret: str) -> str:
    """What the ledger knows a session or token by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def mark_of(secret: str) -> str:
    """What the forms of a session carry; nobody without its secret can make it."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def sign_in(request: Request, response: Response, person: Person, *, complete: bool) -> None:
    """Begin a session and give the browser its secret, in place of any it had."""
    desk = desk_of(request)
    old = request.cookies.get(COOKIE)
    if old:
        desk.ledger.end_web_session(hashed_secret(old))
    secret = secrets.token_urlsafe(32)
    desk.ledger.begin_web_session(
        hashed_secret(secret), person.user_id, complete=complete, at=desk.now()
    )
    response.set_cookie(
        COOKIE,
        secret,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="strict",
        path="/",
    )


async def _require_own_hand(request: Request, caller: Caller) -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed("The request came from another site")
    brought = request.headers.get("X-CSRF-Token")
    if brought is None:
        field = (await request.form()).get("csrf")
        brought = field if isinstance(field, str) else ""
    if not hmac.compare_digest(brought.encode(), caller.mark.encode()):
        raise NotAllowed("The page was out of date; load it again, then repeat what you did")
