"""Whether what somebody typed to prove who they are is right, with guessing made slow."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

from fastapi import Request
from starlette.responses import Response

from billing.people import Person
from console.web.access import (
    cookie_name,
    desk_of,
    give_cookie,
    origin_of,
    sign_in,
)
from console.web.passwords import hashed_password, is_right, needs_rehash
from console.web.sealing import fingerprint, opened, sealed
from console.web.second_factor import kept_recovery_code, step_of

KNOWN = "claimsweep-known"
_KNOWN_SECONDS = 90 * 24 * 3600
_MOST_NAMES = 20


def password_of(
    request: Request, name: str, password: str, act: str, *, before_code: str | None = None
) -> Person | None:
    """The user whose name and password these are; the audit trail says that they did ``act``, or
    ``before_code`` where a one-time code is to follow.

    None for an unknown name, a wrong password, a user locked out and too many attempts alike:
    each takes the time of one hash.
    """
    ledger = desk_of(request).ledger
    name = name.strip().lower()
    found = ledger.person_named(name)
    person, kept = found if found else (None, None)

    def right(may: bool) -> bool:
        usable = kept if may and person is not None and person.active else None
        return is_right(password, usable)

    if before_code is not None and person is not None and person.second_factor:
        act = before_code
    if not _attempted(request, "password", name, person, act, right) or person is None:
        return None
    if kept is not None and needs_rehash(kept):
        ledger.rehash_password(person.user_id, kept, hashed_password(password))
    return person


def code_is_right(request: Request, person: Person, code: str, act: str) -> bool:
    """Whether this is the user's one-time code, or a recovery code, not used before."""
    desk = desk_of(request)
    box = desk.ledger.sealed_second_factor(person.user_id)
    secret = None if box is None else opened(desk.key, f"totp {person.user_id}", box)

    def right(may: bool) -> bool:
        at = desk.now()
        step = None if secret is None else step_of(secret, code, at)
        if not may:
            return False
        if step is not None:
            return desk.ledger.use_step(person.user_id, step)
        kept = kept_recovery_code(desk.key, code)
        return desk.ledger.use_recovery_code(person.user_id, kept, by=person.name, at=at)

    return _attempted(request, "code", person.name, person, act, right)


def let_in(request: Request, response: Response, person: Person) -> None:
    """Begin the user's session, and know the browser again when they next sign in from it."""
    desk = desk_of(request)
    sign_in(request, response, person, complete=True)
    browser, names = _known(request)
    names = [person.name, *(one for one in names if one != person.name)][:_MOST_NAMES]
    text = json.dumps([browser or secrets.token_hex(16), names])
    value = sealed(desk.key, KNOWN, text)
    give_cookie(desk, response, KNOWN, value, strict=True, seconds=_KNOWN_SECONDS)


def _attempted(
    request: Request,
    what: str,
    name: str,
    person: Person | None,
    act: str,
    right: Callable[[bool], bool],
) -> bool:
    """Count an attempt, ask ``right`` (told whether it may be), and keep what came of it."""
    desk = desk_of(request)
    origin, at = origin_of(request), desk.now()
    browser, names = _known(request)
    attempt = desk.ledger.begin_sign_in(
        fingerprint(desk.key, what, name),
        origin=origin,
        browser=browser if name in names else None,
        at=at,
    )
    if right(attempt is not None) and attempt is not None and person is not None:
        desk.ledger.accept_sign_in(attempt, act, by=person.name, at=at, detail={"from": origin})
        return True
    if attempt is not None:
        subject = f"user {person.name}" if person else "user unknown"
        detail = {"from": origin, "wrong": what}
        desk.ledger.note("(nobody)", "sign-in refused", subject, at=at, detail=detail)
    desk.tell("sign_in_refused", how=what)
    return False


def _known(request: Request) -> tuple[str | None, list[str]]:
    """What the browser is known by, and the names that signed in from it."""
    desk = desk_of(request)
    text = opened(desk.key, KNOWN, request.cookies.get(cookie_name(desk, KNOWN), ""))
    if text is None:
        return None, []
    browser, names = json.loads(text)
    return browser, names
