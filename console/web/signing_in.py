"""Signing in and out, and the first administrator."""

from __future__ import annotations

from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from billing.people import Role
from console.web.access import COOKIE, Caller, allowed, desk_of, sign_in
from console.web.rendering import page

router = APIRouter()
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody's password")


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """The form."""
    return page(request, "sign_in", wrong=None)


@router.post("/sign-in")
def take_password(
    request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()]
) -> Response:
    """Begin a session for the right name and password."""
    desk = desk_of(request)
    found = desk.ledger.person_named(name)
    person, kept = found if found else (None, None)
    right = _is(password, kept or _NOBODY) and kept is not None
    if person is None or not right or not person.active:
        return page(request, "sign_in", status=401, wrong="The name or the password is not right.")
    response = RedirectResponse("/", 303)
    sign_in(request, response, person, complete=True)
    return response


@router.post("/sign-out")
def sign_out(
    request: Request, caller: Annotated[Caller, Depends(allowed(Role.VIEWER))]
) -> Response:
    """End the session."""
    desk_of(request).ledger.end_web_session(caller.session)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def hashed_password(password: str) -> str:
    """What is kept of a password (argon2id)."""
    return _hasher.hash(password)


def _is(password: str, kept: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except VerificationError:
        return False
