"""Deciding about cases over the interface, and taking a decision back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Path, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from billing.cases import CaseAct
from billing.errors import BadInput
from billing.ledger.tokens import Scope, Token
from console.web.access import desk_of
from console.web.desk import Desk
from console.web.interface_access import holder, told
from console.web.interface_cases import user_names
from console.web.interface_once import Key, once
from console.web.interface_problems import Refused, refused_as
from console.web.interface_values import Day, Id, UserName, Words

router = APIRouter(tags=["Decisions"])

MOST = 500
"""Cases that one decision may name."""

Decider = Annotated[Token, Depends(holder(Scope.DECIDE))]


def _each_once(cases: list[int]) -> list[int]:
    if len(set(cases)) < len(cases):
        raise ValueError("name each case once")
    return cases


Cases = Annotated[
    list[Id],
    Field(min_length=1, max_length=MOST, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_each_once),
]
Sentence = Annotated[str, Field(min_length=1, max_length=2000, pattern="[^ \\t\\r\\n]")]


class Assign(Words):
    """Give cases to a user, or to nobody."""

    act: Literal["assign"]
    cases: Cases
    to: UserName | None = Field(description="A user's name; null for nobody.")


class Snooze(Words):
    """Take cases off the queue until a later day."""

    act: Literal["snooze"]
    cases: Cases
    until: Day


class Resolve(Words):
    """End cases for a reason; another answer of the payer opens them again."""

    act: Literal["resolve"]
    cases: Cases
    reason: Sentence


class Approve(Words):
    """End cases because what was found and proposed is right."""

    act: Literal["approve"]
    cases: Cases
    note: Sentence | None = None


class Reopen(Words):
    """Put resolved, settled or snoozed cases back on the queue."""

    act: Literal["reopen"]
    cases: Cases


class Note(Words):
    """Add words to a case."""

    act: Literal["note"]
    cases: Annotated[list[Id], Field(min_length=1, max_length=1)]
    words: Sentence


Wish = Annotated[Assign | Snooze | Resolve | Approve | Reopen | Note, Body(discriminator="act")]


class Decided(Words):
    """What was done: all of the cases or none."""

    decision_id: str = Field(
        description="Names it, to take it back.", examples=["9f3c2a7be01d4c55"]
    )
    act: CaseAct
    cases: list[Id]


@router.post("/decisions", status_code=201, response_model=Decided, **told(Scope.DECIDE, 404, 409))
def decide(request: Request, token: Decider, key: Key, wish: Wish) -> Response:
    """Decide about up to 500 cases at one stroke: assign, snooze, resolve, approve, reopen, note.

    Every case has it in its history and the audit trail has an entry, under the token's name.
    """
    desk = desk_of(request)

    def act() -> Decided:
        with refused_as(409):
            named = _deed(desk, wish, token.who)()
        return Decided(decision_id=named, act=CaseAct(wish.act), cases=sorted(wish.cases))

    return once(request, token, key, wish, Decided, act, status=201)


@router.post(
    "/decisions/{decision_id}/undo", response_model=Decided, **told(Scope.DECIDE, 404, 409)
)
def undo(
    request: Request,
    token: Decider,
    key: Key,
    decision_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["9f3c2a7be01d4c55"])],
) -> Response:
    """Take back a decision that this token made, unless a case was changed since."""
    desk = desk_of(request)

    def act() -> Decided:
        try:
            cases = desk.ledger.undo(by=token.who, at=desk.now(), together=decision_id)
        except BadInput as error:
            raise Refused(404, str(error)) from None
        return Decided(decision_id=decision_id, act=CaseAct.UNDO, cases=list(cases))

    return once(request, token, key, None, Decided, act)


def _deed(
    desk: Desk, wish: Assign | Snooze | Resolve | Approve | Reopen | Note, by: str
) -> Callable[[], str]:
    """What the ledger is to do."""
    ledger, at, cases = desk.ledger, desk.now(), wish.cases
    match wish:
        case Assign(to=name):
            user_id = None if name is None else _user(desk, name)
            return lambda: ledger.assign_cases(cases, user_id, by=by, at=at)
        case Snooze(until=until):
            return lambda: ledger.snooze_cases(cases, until, by=by, at=at, today=desk.today())
        case Resolve(reason=reason):
            return lambda: ledger.resolve_cases(cases, reason, by=by, at=at)
        case Approve(note=note):
            return lambda: ledger.approve_cases(cases, note or "", by=by, at=at)
        case Reopen():
            return lambda: ledger.reopen_cases(cases, by=by, at=at)
        case Note(words=said):
            return lambda: ledger.note_case(cases[0], said, by=by, at=at)


def _user(desk: Desk, name: str) -> str:
    for user_id, known in user_names(desk).items():
        if known == name:
            return user_id
    raise Refused(404, "There is no user of this name to give the cases to")
