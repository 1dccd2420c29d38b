"""Who is asking, and may they: every route names the least role that it serves."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from urllib.parse import quote, urlsplit

from fastapi import Request
from starlette.responses import Response

from billing.errors import ClaimsweepError
from billing.ledger.web_sessions import WebSession
from billing.people import Person, Role
from console.web.desk import Desk

COOKIE = "claimsweep"

SAFE = ("GET", "HEAD")

_NEXT = re.compile(r"/(?![/\\])[\w\-./~%?&=+:,@]*", re.ASCII)


class Elsewhere(ClaimsweepError):
    """The person must do something first, at ``path``."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


class NotSignedIn(Elsewhere):
    """Nobody is signed in, or no longer."""

    def __init__(self, path: str = "/sign-in", sentence: str = "Sign in to go on") -> None:
        super().__init__(path, sentence)


class NotAllowed(ClaimsweepError):
    """The person may not do this, or the request was not made by their own hand."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request. ``session`` is the hash of their session's secret; ``mark`` is what a
    form of theirs must bring along; ``until`` is when the session locks unless it is used."""

    person: Person
    session: str
    mark: str
    until: datetime

    @property
    def name(self) -> str:
        """As the ledger names who did something."""
        return self.person.name


Dependency = Callable[[Request], Awaitable[Caller]]


def desk_of(request: Request) -> Desk:
    """The desk of the console that serves the request."""
    desk: Desk = request.app.state.desk
    return desk


def allowed(role: Role, *, before_duties: bool = False) -> Dependency:
    """What a route depends on to serve callers of this role and above, and nobody else.

    A request that changes something must carry its session's mark, in the header X-CSRF-Token or
    the form's field ``csrf``. A route ``before_duties`` also
    serves those who must change their password or set up a second factor first.
    """

    async def caller(request: Request) -> Caller:
        session = _open_session(request)
        mark = mark_of(secret_of(request))
        found = Caller(session.person, session.sha256, mark, session.until)
        request.state.caller = found
        if not before_duties:
            _require_duties(desk_of(request), session)
        if found.person.role < role:
            raise NotAllowed(f"This needs the role {role.word}; you are a {found.person.role.word}")
        if request.method not in SAFE:
            await _require_own_hand(request, found)
        return found

    caller.role = role  # type: ignore[attr-defined]
    return caller


def session_of(request: Request) -> WebSession | None:
    """The session that a request belongs to, were it half-way or locked."""
    secret = secret_of(request)
    desk = desk_of(request)
    quiet = request.headers.get("X-Unattended") == "yes"
    if not secret:
        return None
    return desk.ledger.web_session(hashed_secret(secret), at=desk.now(), seen=not quiet)


def secret_of(request: Request) -> str:
    """What the browser holds of its session; empty without one."""
    return request.cookies.get(cookie_name(desk_of(request)), "")


def cookie_name(desk: Desk, word: str = COOKIE) -> str:
    """A cookie's name; behind TLS one that no other host and no plain page can set."""
    return f"__Host-{word}" if desk.entrance.secure else word


def hashed_secret(secret: str) -> str:
    """What the ledger knows a session or token by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def mark_of(secret: str) -> str:
    """What the forms of a session carry; nobody without its secret can make it."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def sign_in(request: Request, response: Response, person: Person, *, complete: bool) -> None:
    """Begin a session and give the browser its secret, in place of any it had."""
    desk = desk_of(request)
    old = secret_of(request)
    if old:
        desk.ledger.end_web_session(hashed_secret(old))
    secret = secrets.token_urlsafe(32)
    desk.ledger.begin_web_session(
        hashed_secret(secret), person.user_id, complete=complete, at=desk.now()
    )
    give_secret(desk, response, secret)


def give_secret(desk: Desk, response: Response, secret: str) -> None:
    """Have the browser hold a session's secret: for this site's own pages alone, in no script."""
    give_cookie(desk, response, COOKIE, secret, strict=True)


def give_cookie(
    desk: Desk,
    response: Response,
    word: str,
    value: str,
    *,
    strict: bool,
    seconds: int | None = None,
) -> None:
    """Have the browser keep a value: until it closes, or for so long; to be brought by this site's
    own pages alone, or (not ``strict``) by a link from elsewhere too."""
    response.set_cookie(
        cookie_name(desk, word),
        value,
        max_age=seconds,
        httponly=True,
        secure=desk.entrance.secure,
        samesite="strict" if strict else "lax",
        path="/",
    )


def drop_cookie(desk: Desk, response: Response, word: str) -> None:
    """Have the browser forget a value."""
    response.delete_cookie(
        cookie_name(desk, word), path="/", secure=desk.entrance.secure, httponly=True
    )


def origin_of(request: Request) -> str:
    """The address that a request comes from; of IPv6 its network, since one caller has it all."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ip_network((int(address), 64), strict=False))


def next_path(text: str) -> str:
    """Where to go on afterwards: ``text`` if it is a path of this console, else its first page."""
    return text if _NEXT.fullmatch(text) else "/"


def with_next(path: str, after: str) -> str:
    """``path``, told where to go on afterwards."""
    after = next_path(after)
    return path if after == "/" else f"{path}?next={quote(after, safe='/')}"


def page_asked(request: Request) -> str:
    """The page that a request was made for, or from: a part of a page names its page."""
    shown = request.headers.get("HX-Current-URL")
    url = urlsplit(shown) if shown else request.url
    if not shown and request.method not in SAFE:
        return "/"
    return next_path(f"{url.path}?{url.query}" if url.query else url.path)


def _open_session(request: Request) -> WebSession:
    """The complete session that a request belongs to. Raises NotSignedIn."""
    found = session_of(request)
    if found is None:
        raise NotSignedIn
    if not found.complete:
        raise NotSignedIn("/sign-in/code", "Type your one-time code to go on")
    if found.locked:
        raise NotSignedIn("/locked", "The screen is locked; type your password to go on")
    return found


def _require_duties(desk: Desk, session: WebSession) -> None:
    person = session.person
    if session.given:
        raise Elsewhere("/me/password", "Choose a password of your own first")
    if desk.entrance.second_factor.of(person.role) and not person.second_factor:
        raise Elsewhere("/me/second-factor", "Set up your second factor first")


async def _require_own_hand(request: Request, caller: Caller) -> None:
    brought = request.headers.get("X-CSRF-Token")
    if brought is None:
        field = (await request.form()).get("csrf")
        brought = field if isinstance(field, str) else ""
    if not hmac.compare_digest(brought.encode(), caller.mark.encode()):
        raise NotAllowed("The page was out of date; load it again, then repeat what you did")
