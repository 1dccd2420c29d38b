"""Signing in by name and password, then by a one-time code, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from billing.people import Role
from console.web.access import (
    COOKIE,
    Caller,
    allowed,
    desk_of,
    drop_cookie,
    next_path,
    session_of,
    sign_in,
    with_next,
)
from console.web.attempts import code_is_right, let_in, password_of
from console.web.passwords import hashed_password
from console.web.rendering import page

__all__ = ["hashed_password", "router"]

router = APIRouter()
_REFUSED = (
    "The name or the password is not right, or was tried too often: after some wrong attempts, "
    "further ones are refused for 15 minutes."
)
_WRONG_CODE = (
    "The code is not right, was used already, or was tried too often. Wait for the next code; "
    "after some wrong ones, further ones are refused for 15 minutes."
)


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:
    """The form."""
    return _form(request, next, None)


@router.post("/sign-in")
def take_password(
    request: Request,
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session for the right name and password; a half-way one where a code is due."""
    person = password_of(request, name, password, "signed in", before_code="password accepted")
    if person is None:
        return _form(request, next, _REFUSED)
    if person.second_factor:
        response = RedirectResponse(with_next("/sign-in/code", next), 303)
        sign_in(request, response, person, complete=False)
        return response
    response = RedirectResponse(next_path(next), 303)
    let_in(request, response, person)
    return response


@router.get("/sign-in/code")
def code_page(request: Request, next: str = "/") -> Response:
    """The form for the one-time code."""
    session = session_of(request)
    if session is None or session.complete:
        return RedirectResponse("/sign-in" if session is None else next_path(next), 303)
    return page(request, "sign_in_code", wrong=None, next=next_path(next))


@router.post("/sign-in/code")
def take_code(
    request: Request, code: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    """Let in whoever gave the password and now gives the code."""
    session = session_of(request)
    if session is None or session.complete:
        return RedirectResponse("/sign-in" if session is None else next_path(next), 303)
    if not code_is_right(request, session.person, code, "signed in"):
        return page(request, "sign_in_code", status=401, wrong=_WRONG_CODE, next=next_path(next))
    response = RedirectResponse(next_path(next), 303)
    let_in(request, response, session.person)
    return response


@router.post("/sign-out")
def sign_out(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.VIEWER, before_duties=True))],
) -> Response:
    """End the session."""
    desk = desk_of(request)
    desk.ledger.end_web_session(caller.session)
    desk.ledger.note(caller.name, "signed out", f"user {caller.name}", at=desk.now())
    response = RedirectResponse("/sign-in", 303)
    drop_cookie(desk, response, COOKIE)
    return response


def _form(request: Request, after: str, wrong: str | None) -> Response:
    elsewhere = desk_of(request).entrance.provider is not None
    status = 401 if wrong else 200
    return page(
        request, "sign_in", status=status, wrong=wrong, next=next_path(after), elsewhere=elsewhere
    )
