"""One's own account: password, second factor, and where one is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from billing.errors import BadInput
from billing.people import Role
from console.web.access import Caller, allowed, desk_of
from console.web.attempts import let_in, password_of
from console.web.passwords import LEAST, hashed_password, require_good
from console.web.rendering import page
from console.web.sealing import opened, sealed
from console.web.second_factor import (
    address_of,
    kept_recovery_code,
    new_secret,
    qr_path,
    recovery_codes,
    step_of,
)

router = APIRouter()
_SHORT = 16
_LATEST = 15

_Anybody = Annotated[Caller, Depends(allowed(Role.VIEWER, before_duties=True))]
_Ready = Annotated[Caller, Depends(allowed(Role.VIEWER))]


@router.get("/me")
def my_account(request: Request, caller: _Ready) -> Response:
    """Who one is here, one's sessions, and what happened to the account of late."""
    desk = desk_of(request)
    user_id = caller.person.user_id
    return page(
        request,
        "me",
        sessions=desk.ledger.web_sessions_of(user_id, at=desk.now()),
        codes_left=desk.ledger.recovery_codes_left(user_id),
        latest=desk.ledger.audit_trail(subject=f"user {caller.name}", most=_LATEST),
        short=_SHORT,
    )


@router.post("/me/sessions")
def end_sessions(
    request: Request, caller: _Ready, session: Annotated[str, Form()] = ""
) -> Response:
    """End one of one's sessions, by the beginning of its hash, or all but this one."""
    desk = desk_of(request)
    only = session if len(session) == _SHORT else None
    desk.ledger.end_web_sessions(
        caller.person.user_id, by=caller.name, at=desk.now(), only=only, but=caller.session
    )
    return RedirectResponse("/me", 303)


@router.get("/me/password")
def password_page(request: Request, caller: _Anybody) -> Response:
    """The form that changes the password."""
    return page(request, "me_password", least=LEAST, wrong=None)


@router.post("/me/password")
def change_password(
    request: Request,
    caller: _Anybody,
    old: Annotated[str, Form()],
    new: Annotated[str, Form()],
    again: Annotated[str, Form()],
) -> Response:
    """Change the password; every other session of the person ends."""
    desk = desk_of(request)
    wrong = _why_not(request, caller, old, new, again)
    if wrong:
        return page(request, "me_password", status=400, least=LEAST, wrong=wrong)
    desk.ledger.set_password(
        caller.person.user_id, hashed_password(new), by=caller.name, at=desk.now(), given=False
    )
    response = RedirectResponse("/me", 303)
    let_in(request, response, caller.person)
    return response


@router.get("/me/second-factor")
def second_factor_page(request: Request, caller: _Anybody) -> Response:
    """A new secret to share with an authenticator."""
    return _enrolment(request, caller, new_secret(), None)


@router.post("/me/second-factor")
def set_up_second_factor(
    request: Request,
    caller: _Anybody,
    box: Annotated[str, Form()],
    code: Annotated[str, Form()],
    password: Annotated[str, Form()] = "",
) -> Response:
    """Keep the shared secret once a code of it was given; shows the recovery codes, once."""
    desk = desk_of(request)
    person = caller.person
    secret = opened(desk.key, _purpose(caller), box)
    if secret is None:
        raise BadInput("The page was out of date; load it again")
    if person.local and password_of(request, person.name, password, "password confirmed") is None:
        return _enrolment(request, caller, secret, "The password is not right")
    at = desk.now()
    step = step_of(secret, code, at)
    if step is None:
        wrong = "The code is not right; see that the clock of the device is, then type the next one"
        return _enrolment(request, caller, secret, wrong)
    codes = recovery_codes()
    desk.ledger.set_second_factor(
        person.user_id,
        sealed(desk.key, f"totp {person.user_id}", secret),
        step=step,
        codes=[kept_recovery_code(desk.key, one) for one in codes],
        by=caller.name,
        at=at,
    )
    response = page(request, "me_recovery_codes", codes=codes)
    let_in(request, response, person)
    return response


def _why_not(request: Request, caller: Caller, old: str, new: str, again: str) -> str | None:
    """Why the password is not changed, in a sentence without its stop."""
    if password_of(request, caller.name, old, "password confirmed") is None:
        return "The password you have is not right, or was tried too often"
    if new != again:
        return "The new password was not typed the same twice"
    try:
        require_good(new, name=caller.name, old=old)
    except BadInput as error:
        return str(error)
    return None


def _enrolment(request: Request, caller: Caller, secret: str, wrong: str | None) -> Response:
    address = address_of(secret, caller.name)
    width, squares = qr_path(address)
    return page(
        request,
        "me_second_factor",
        status=400 if wrong else 200,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        address=address,
        width=width,
        squares=squares,
        box=sealed(desk_of(request).key, _purpose(caller), secret),
        wrong=wrong,
    )


def _purpose(caller: Caller) -> str:
    return f"enrolment {caller.session}"
