"""Checks over the interface: a claim is asked about now, and the result fetched later."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.responses import Response

from billing.ledger.tokens import Scope, Token
from console.web import interface_case_words as words
from console.web.access import desk_of
from console.web.desk import Desk
from console.web.interface_access import holder, told
from console.web.interface_once import Key, once
from console.web.interface_problems import Refused, refused_as
from console.web.interface_telling import result
from console.web.interface_values import ClaimNumber, Id, Instant, Name, Words

router = APIRouter(tags=["Checks"])

Checker = Annotated[Token, Depends(holder(Scope.CHECK))]


class ByCase(Words):
    """The claim of a case."""

    case_id: Id


class ByItem(Words):
    """The claim of an item of any sweep."""

    item_id: Id


class ByClaim(Words):
    """A claim that a sweep has held, by number and payer."""

    claim_number: ClaimNumber
    payer: Name = Field(description="The payer's profile.", examples=["acme"])


class CheckState(StrEnum):
    """ASKING until there is a result; DONE with one; STOPPED when the run ended without one."""

    ASKING = "asking"
    DONE = "done"
    STOPPED = "stopped"


class Begun(Words):
    """A check that was begun."""

    check_id: Name = Field(examples=["check-20261124-093000-123456"])


class Check(Words):
    """A check as it stands."""

    check_id: Name
    state: CheckState
    begun_at: Instant
    ended_at: Instant | None
    result: words.Result | None = Field(description="Null until the state is done.")
    case_id: Id | None = Field(description="The case of the claim, where it has one.")
    detail: str | None = Field(description="Why the run stopped, in a sentence.")


@router.post("/checks", status_code=202, response_model=Begun, **told(Scope.CHECK, 404, 409))
def begin(request: Request, token: Checker, key: Key, wish: ByCase | ByItem | ByClaim) -> Response:
    """Have a bot ask the payer about a claim now.

    Refused with 409 where the payer's policy, hours or a stopped account forbid it, and where
    several claims carry the number.
    """
    desk = desk_of(request)

    def act() -> Begun:
        item_id = _item(desk, wish)
        with refused_as(409):
            return Begun(check_id=desk.bots.check(item_id, by=token.who))

    return once(
        request,
        token,
        key,
        wish,
        Begun,
        act,
        status=202,
        location=lambda made: f"{request.scope['root_path']}/checks/{made.check_id}",
    )


@router.get("/checks/{check_id}", **told(Scope.CHECK, 404))
def check(
    request: Request,
    token: Checker,
    check_id: Annotated[
        str,
        Path(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", examples=["check-20261124-093000-123456"]),
    ],
) -> Check:
    """How far a check is, and its result. Ask every few seconds; a portal takes its time."""
    desk = desk_of(request)
    with refused_as(404):
        line = desk.ledger.sweep_line(check_id)
    if line.of_visits or line.progress.unsettled + line.progress.settled != 1:
        raise Refused(404, "This is a sweep and no check of one claim")
    run = desk.ledger.run_of_sweep(check_id)
    over = run is None or not run.alive
    found = desk.ledger.results(check_id) if over and not line.progress.unsettled else ()
    stopped = over and not found and run is not None
    case_id = None
    if found:
        request.app.state.catching_up.look(desk.today())
        case_id = desk.ledger.case_of_item(found[0].item_id)
    return Check(
        check_id=check_id,
        state=CheckState.DONE if found else CheckState.STOPPED if stopped else CheckState.ASKING,
        begun_at=line.started_at,
        ended_at=found[0].checked_at if found else None,
        result=result(found[0]) if found else None,
        case_id=case_id,
        detail=run.said or f"The run is {run.state}" if stopped and run is not None else None,
    )


def _item(desk: Desk, wish: ByCase | ByItem | ByClaim) -> int:
    match wish:
        case ByCase(case_id=case_id):
            return desk.ledger.case(case_id).item_id
        case ByItem(item_id=item_id):
            with refused_as(404):
                desk.ledger.asked_claim(item_id)
            return item_id
        case ByClaim(claim_number=number, payer=payer):
            known = desk.ledger.known_claims(number)
            found = [item_id for item_id, claim in known if claim.payer == payer]
            if not found:
                raise Refused(404, "No sweep has held a claim of this number at this payer")
            if len(found) > 1:
                raise Refused(
                    409, f"{len(found)} claims carry this number; search for it, then name the item"
                )
            return found[0]
