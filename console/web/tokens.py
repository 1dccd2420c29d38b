"""The tokens of other systems: made for one, shown once, revoked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from billing.errors import BadInput
from billing.ledger.tokens import LONGEST, MOST_PER_MINUTE, PER_MINUTE, Scope, Token
from billing.people import Role
from console.web.access import Caller, allowed, desk_of, hashed_secret
from console.web.interface_access import new_secret
from console.web.rendering import page

router = APIRouter()

Administrator = Annotated[Caller, Depends(allowed(Role.ADMINISTRATOR))]

SCOPES = {
    Scope.READ: "Read cases, sweeps, batches and reports; no patient is named",
    Scope.PATIENTS: "See, besides, whose claim a single case is, and what people noted",
    Scope.CHECK: "Have a bot ask a payer about a claim now, and fetch the result",
    Scope.DECIDE: "Assign, snooze, resolve, approve, reopen and note cases",
    Scope.BATCHES: "Approve, export, fetch and undo batches of postings",
}
USUAL_DAYS = 90


@router.get("/accounts/tokens")
def tokens(request: Request, caller: Administrator) -> Response:
    """Every token there ever was, and a form for another."""
    return _page(request)


@router.post("/accounts/tokens")
def make_token(
    request: Request,
    caller: Administrator,
    expires_on: Annotated[date, Form()],
    name: Annotated[str, Form()] = "",
    scopes: Annotated[list[Scope] | None, Form()] = None,
    per_minute: Annotated[int, Form()] = PER_MINUTE,
) -> Response:
    """Make a token and show its secret, this once."""
    desk, secret = desk_of(request), new_secret()
    try:
        made = desk.ledger.add_token(
            name,
            scopes or (),
            sha256=hashed_secret(secret),
            expires_on=expires_on,
            per_minute=per_minute,
            by=caller.person,
            at=desk.now(),
            today=desk.today(),
        )
    except BadInput as error:
        given = {"name": name, "scopes": scopes or [], "expires_on": expires_on}
        return _page(request, wrong=str(error), given={**given, "per_minute": per_minute})
    return _page(request, made=made, secret=secret)


@router.post("/accounts/tokens/revoke")
def revoke_token(request: Request, caller: Administrator, name: Annotated[str, Form()]) -> Response:
    """End a token at once and for good."""
    desk = desk_of(request)
    desk.ledger.revoke_token(name, by=caller.name, at=desk.now())
    return RedirectResponse("/accounts/tokens", 303)


def _page(
    request: Request,
    *,
    made: Token | None = None,
    secret: str = "",
    wrong: str = "",
    given: dict[str, object] | None = None,
) -> Response:
    desk = desk_of(request)
    today = desk.today()
    usual = {
        "name": "",
        "scopes": [Scope.READ, Scope.CHECK],
        "expires_on": today + timedelta(days=USUAL_DAYS),
        "per_minute": PER_MINUTE,
    }
    return page(
        request,
        "tokens",
        status=400 if wrong else 200,
        tokens=desk.ledger.tokens(),
        scopes=SCOPES,
        made=made,
        secret=secret,
        wrong=wrong,
        given=given or usual,
        last=today + LONGEST,
        most=MOST_PER_MINUTE,
    )
