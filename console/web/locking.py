"""The lock screen: after a while without a person, the password is asked for again."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from billing.ledger.web_sessions import WebSession
from billing.people import Role
from console.web.access import (
    Caller,
    allowed,
    desk_of,
    give_secret,
    hashed_secret,
    next_path,
    session_of,
    with_next,
)
from console.web.attempts import password_of
from console.web.rendering import page

router = APIRouter()
_WRONG = (
    "The password is not right, or was tried too often: after some wrong attempts, further ones "
    "are refused for 15 minutes."
)

_Anybody = Annotated[Caller, Depends(allowed(Role.VIEWER, before_duties=True))]


@router.get("/session")
def seconds_left(request: Request, caller: _Anybody) -> Response:
    """In how many seconds the session locks; asked unattended, it does not keep it open."""
    left = caller.until - desk_of(request).now()
    return JSONResponse({"seconds": max(0, int(left.total_seconds()))})


@router.post("/lock")
def lock(request: Request, caller: _Anybody, next: Annotated[str, Form()] = "/") -> Response:
    """Lock the session now."""
    desk = desk_of(request)
    desk.ledger.lock_web_session(caller.session, by=caller.name, at=desk.now())
    return RedirectResponse(with_next("/locked", next), 303)


@router.get("/locked")
def locked_page(request: Request, next: str = "/") -> Response:
    """The form that asks the session's user for the password."""
    session = session_of(request)
    if session is None or not session.complete or not session.locked:
        return _not_locked(session, next)
    return _screen(request, session, next, None)


@router.post("/locked")
def unlock(
    request: Request, password: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    """Let the session go on, under another secret."""
    session = session_of(request)
    if session is None or not session.complete or not session.locked:
        return _not_locked(session, next)
    person = password_of(request, session.person.name, password, "screen unlocked")
    if person is None:
        return _screen(request, session, next, _WRONG)
    desk = desk_of(request)
    secret = secrets.token_urlsafe(32)
    desk.ledger.unlock_web_session(session.sha256, anew=hashed_secret(secret), at=desk.now())
    response = RedirectResponse(next_path(next), 303)
    give_secret(desk, response, secret)
    return response


def _not_locked(session: WebSession | None, after: str) -> Response:
    if session is None:
        return RedirectResponse(with_next("/sign-in", after), 303)
    return RedirectResponse(next_path(after), 303)


def _screen(request: Request, session: WebSession, after: str, wrong: str | None) -> Response:
    return page(
        request,
        "sign_in_locked",
        status=401 if wrong else 200,
        person=session.person,
        next=next_path(after),
        wrong=wrong,
    )
