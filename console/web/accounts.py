"""The console's users: adding them, their roles, and helping those who cannot come in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from billing.errors import BadInput
from billing.people import Role
from console.web.access import Caller, allowed, desk_of
from console.web.passwords import first_password, hashed_password
from console.web.rendering import page

router = APIRouter()

_Administrator = Annotated[Caller, Depends(allowed(Role.ADMINISTRATOR))]


@router.get("/accounts")
def accounts(request: Request, caller: _Administrator) -> Response:
    """Every user, and the form that adds one."""
    desk = desk_of(request)
    return page(
        request,
        "accounts",
        people=desk.ledger.people(),
        demanded=desk.entrance.second_factor,
        provider=desk.entrance.provider,
    )


@router.post("/accounts")
def add_account(
    request: Request,
    caller: _Administrator,
    name: Annotated[str, Form()],
    role: Annotated[str, Form()],
) -> Response:
    """Add a user, and show their first password, once."""
    desk = desk_of(request)
    password = first_password()
    person = desk.ledger.add_person(
        name,
        _role(role),
        password=hashed_password(password),
        by=caller.name,
        at=desk.now(),
        given=True,
    )
    return page(request, "accounts_password", person=person, password=password, added=True)


@router.get("/accounts/{user_id}")
def account(request: Request, caller: _Administrator, user_id: str) -> Response:
    """One user, what can be changed of them, and what they did of late."""
    desk = desk_of(request)
    person = desk.ledger.person(user_id)
    return page(
        request,
        "accounts_one",
        person=person,
        sessions=desk.ledger.web_sessions_of(user_id, at=desk.now()),
        codes_left=desk.ledger.recovery_codes_left(user_id),
        latest=desk.ledger.audit_trail(subject=f"user {person.name}", most=20),
    )


@router.post("/accounts/{user_id}/role")
def change_role(
    request: Request, caller: _Administrator, user_id: str, role: Annotated[str, Form()]
) -> Response:
    """Give a user another role; their sessions end."""
    desk = desk_of(request)
    desk.ledger.change_person(user_id, by=caller.name, at=desk.now(), role=_role(role))
    return _back(user_id)


@router.post("/accounts/{user_id}/lock")
def lock_account(request: Request, caller: _Administrator, user_id: str) -> Response:
    """Let a user in no more; their sessions end."""
    desk = desk_of(request)
    desk.ledger.change_person(user_id, by=caller.name, at=desk.now(), active=False)
    return _back(user_id)


@router.post("/accounts/{user_id}/unlock")
def unlock_account(request: Request, caller: _Administrator, user_id: str) -> Response:
    """Let a user in again."""
    desk = desk_of(request)
    desk.ledger.change_person(user_id, by=caller.name, at=desk.now(), active=True)
    return _back(user_id)


@router.post("/accounts/{user_id}/second-factor")
def reset_second_factor(request: Request, caller: _Administrator, user_id: str) -> Response:
    """Forget a user's second factor, which they have lost."""
    desk = desk_of(request)
    desk.ledger.reset_second_factor(user_id, by=caller.name, at=desk.now())
    return _back(user_id)


@router.post("/accounts/{user_id}/sessions")
def end_sessions(request: Request, caller: _Administrator, user_id: str) -> Response:
    """Sign a user out everywhere."""
    desk = desk_of(request)
    desk.ledger.end_web_sessions(user_id, by=caller.name, at=desk.now())
    return _back(user_id)


@router.post("/accounts/{user_id}/password")
def give_password(request: Request, caller: _Administrator, user_id: str) -> Response:
    """Give a user another first password, and show it, once."""
    desk = desk_of(request)
    password = first_password()
    kept = hashed_password(password)
    desk.ledger.set_password(user_id, kept, by=caller.name, at=desk.now(), given=True)
    person = desk.ledger.person(user_id)
    return page(request, "accounts_password", person=person, password=password, added=False)


def _role(word: str) -> Role:
    for role in Role:
        if role.word == word:
            return role
    raise BadInput(f"There is no such role; choose one of {', '.join(one.word for one in Role)}")


def _back(user_id: str) -> Response:
    return RedirectResponse(f"/accounts/{user_id}", 303)
