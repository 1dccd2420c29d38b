"""What is done to many cases of the queue at one stroke, and taken back at one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from billing.cases import CaseChanged
from billing.errors import BadInput
from billing.ledger.case_deeds import MOST_AT_ONCE
from billing.people import Role
from console.web.access import Caller, allowed, desk_of
from console.web.queue import address, shown
from console.web.queue_view import MINE, NOBODY, Asked, read_query
from console.web.queue_words import RECHECK, reason_words, recheck_days, snoozed_until, stroke_words
from console.words import counted

router = APIRouter()

Number = Annotated[int, Field(ge=0, lt=2**53)]
Biller = Annotated[Caller, Depends(allowed(Role.BILLER))]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cases of a stroke, what was on the screen, and the newest act when it was read."""

    cases: tuple[int, ...]
    as_of: int
    asked: Asked
    start: int


def chosen(
    request: Request,
    caller: Biller,
    case: Annotated[list[Number] | None, Form()] = None,
    whole: Annotated[str, Form()] = "",
    as_of: Annotated[Number, Form()] = 0,
    view: Annotated[str, Form()] = "",
    start: Annotated[Number, Form()] = 0,
) -> Chosen:
    """What the form of the table brings: the cases that are ticked, or ``whole``, the number of
    cases of the whole view. Raises BadInput, and CaseChanged where the view holds others now."""
    asked = read_query(view)
    if not whole:
        return Chosen(tuple(dict.fromkeys(case or ())), as_of, asked, start)
    desk = desk_of(request)
    mine = asked.view(caller.person.user_id, desk.today())
    found = desk.ledger.cases_of_view(mine, desk.today(), most=MOST_AT_ONCE + 1)
    if len(found) > MOST_AT_ONCE:
        raise BadInput(f"At most {MOST_AT_ONCE:,} cases are changed at once; narrow the view")
    if whole != str(len(found)):
        raise CaseChanged(f"The view holds {counted(len(found), 'case')} now; nothing was done")
    return Chosen(found, as_of, asked, start)


Picked = Annotated[Chosen, Depends(chosen)]


@router.post("/queue/assign")
def assign(
    request: Request, caller: Biller, picked: Picked, to: Annotated[str, Form()] = ""
) -> Response:
    """Give the cases to oneself, to somebody, or to nobody."""
    desk = desk_of(request)
    if not to:
        raise BadInput("Choose whom the cases are given to")
    whom = {MINE: caller.person.user_id, NOBODY: None}.get(to, to)
    stroke = desk.ledger.assign_cases(
        picked.cases, whom, by=caller.name, at=desk.now(), as_of=picked.as_of
    )
    return _answer(request, caller, picked, stroke)


@router.post("/queue/snooze")
def snooze(
    request: Request,
    caller: Biller,
    picked: Picked,
    until: Annotated[str, Form()] = "",
    quick: Annotated[str, Form()] = "",
) -> Response:
    """Take the cases off the queue until a day, or each until its payer is to be asked again."""
    desk = desk_of(request)
    word = quick or until
    if word == RECHECK:
        rules = {name: one.rules for name, one in desk.profiles().items()}
        found = desk.ledger.some_cases(picked.cases)
        days = recheck_days(found, rules, desk.today(), desk.time_zone)
    else:
        days = dict.fromkeys(picked.cases, snoozed_until(word, desk.today()))
    stroke = desk.ledger.snooze_cases(
        picked.cases,
        days,
        by=caller.name,
        at=desk.now(),
        today=desk.today(),
        as_of=picked.as_of,
    )
    return _answer(request, caller, picked, stroke)


@router.post("/queue/resolve")
def resolve(
    request: Request,
    caller: Biller,
    picked: Picked,
    reason: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    """End the cases for a reason."""
    desk = desk_of(request)
    why = reason_words(reason, words)
    stroke = desk.ledger.resolve_cases(
        picked.cases, why, by=caller.name, at=desk.now(), as_of=picked.as_of
    )
    return _answer(request, caller, picked, stroke)


@router.post("/queue/approve")
def approve(request: Request, caller: Biller, picked: Picked) -> Response:
    """End the cases because what was found and proposed is right."""
    desk = desk_of(request)
    stroke = desk.ledger.approve_cases(
        picked.cases, "", by=caller.name, at=desk.now(), as_of=picked.as_of
    )
    return _answer(request, caller, picked, stroke)


@router.post("/queue/reopen")
def reopen(request: Request, caller: Biller, picked: Picked) -> Response:
    """Put the cases back on the queue."""
    desk = desk_of(request)
    stroke = desk.ledger.reopen_cases(
        picked.cases, by=caller.name, at=desk.now(), as_of=picked.as_of
    )
    return _answer(request, caller, picked, stroke)


@router.post("/queue/undo")
def undo(
    request: Request,
    caller: Biller,
    stroke: Annotated[str, Form()] = "",
    view: Annotated[str, Form()] = "",
    start: Annotated[Number, Form()] = 0,
) -> Response:
    """Take back the named stroke, or the newest that this person made today and that stands."""
    desk = desk_of(request)
    asked = read_query(view)
    midnight = datetime.combine(desk.today(), time(), desk.time_zone)
    named = stroke or desk.ledger.newest_stroke(caller.name, midnight)
    if named is None:
        raise BadInput("You did nothing today that could be taken back")
    desk.ledger.undo(by=caller.name, at=desk.now(), together=named)
    users = {one.user_id: one.name for one in desk.ledger.people()}
    deeds = desk.ledger.stroke(named)
    said = f"Taken back: {stroke_words(deeds, users, caller.person.user_id)}."
    if "HX-Request" in request.headers:
        return shown(request, caller, asked, start=start, part=True, said=said)
    return RedirectResponse(address(asked, start), 303)


def _answer(request: Request, caller: Caller, picked: Chosen, stroke: str) -> Response:
    if "HX-Request" in request.headers:
        return shown(request, caller, picked.asked, start=picked.start, part=True, stroke=stroke)
    return RedirectResponse(address(picked.asked, picked.start, stroke), 303)
