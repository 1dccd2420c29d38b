"""Reading cases over the interface: the queue, one case, its history, and claims by number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from billing.cases import CaseState, Order, View
from billing.ledger.tokens import Scope, Token
from billing.report import ClaimResult
from console.web import interface_case_words as words
from console.web.access import desk_of
from console.web.desk import Desk
from console.web.interface_access import holder, told
from console.web.interface_telling import case_line, channels, deed, patient, result
from console.web.interface_values import MOST_ID, Day, Words

router = APIRouter(tags=["Cases"])

NOBODY = "-"
CaseId = Annotated[int, Path(ge=1, le=MOST_ID, description="The number of a case.", examples=[12])]
Reader = Annotated[Token, Depends(holder(Scope.READ))]


class Asked(Words):
    """Which cases, in which order, and from where."""

    state: CaseState = CaseState.OPEN
    payer: str | None = Field(None, pattern="^[a-z0-9_-]{1,64}$", description="A payer's profile.")
    kind: str | None = Field(None, pattern="^[a-z0-9-]{1,64}$", description="A kind of finding.")
    desk: str | None = Field(None, pattern="^[ -~]{1,100}$", description="Whose work it is.")
    assignee: str | None = Field(
        None, pattern="^[ -~]{1,100}$", description="A user's name, or - for nobody's."
    )
    at_stake_from: str | None = Field(
        None, pattern=r"^[0-9]{1,7}\.[0-9]{2}$", description="So many dollars or more."
    )
    older_than: int | None = Field(None, ge=0, le=36500, description="Days since the service.")
    due_by: Day | None = Field(None, description="Due on this day or before.")
    order: Order = Order.PRIORITY
    limit: int = Field(50, ge=1, le=200, description="At most so many at a time.")
    after: int | None = Field(None, ge=1, le=MOST_ID, description="`next` of the page before.")


@router.get("/token", tags=["Token"], **told(None))
def token(token: Annotated[Token, Depends(holder(None))]) -> words.Me:
    """The token that you send: its scopes and last day."""
    return words.Me(
        name=token.name,
        scopes=sorted(token.scopes),
        expires_on=token.expires_on,
        requests_per_minute=token.per_minute,
    )


@router.get("/cases", **told(Scope.READ, 404))
def cases(request: Request, token: Reader, asked: Annotated[Asked, Query()]) -> words.CasePage:
    """The queue, a page at a time: what waits for a person, the most pressing first.

    A page goes on behind the last case of the one before, also when that one was decided since.
    """
    desk = desk_of(request)
    request.app.state.catching_up.look(desk.today())
    users = user_names(desk)
    ids = {name: user_id for user_id, name in users.items()} | {NOBODY: ""}
    view = View(
        state=asked.state,
        payer=asked.payer,
        kind=asked.kind,
        desk=asked.desk,
        assignee=None if asked.assignee is None else ids.get(asked.assignee, "-"),
        dollars_from=None if asked.at_stake_from is None else Decimal(asked.at_stake_from),
        older_than=asked.older_than,
        due_by=asked.due_by,
        order=asked.order,
    )
    shown = desk.ledger.queue(view, desk.today(), most=asked.limit + 1, after=asked.after)
    names = desk.payer_names()
    lines = [case_line(one, users, names) for one in shown.cases[: asked.limit]]
    more = len(shown.cases) > asked.limit
    return words.CasePage(
        cases=lines,
        count=shown.count,
        at_stake=shown.dollars,
        next=lines[-1].case_id if more else None,
    )


_TAGGED: dict[str, Any] = {
    "ETag": {"description": "Changes when the answer does.", "schema": {"type": "string"}}
}


@router.get("/cases/{case_id}", **told(Scope.READ, 304, 404), response_model=words.CaseInFull)
def case(
    request: Request,
    token: Reader,
    case_id: CaseId,
    if_none_match: Annotated[
        str | None, Header(pattern="^[!-~]{1,200}$", description="The ETag you have.")
    ] = None,
) -> Response:
    """One case: what was found, what every channel said, each figure with its evidence.

    The patient is named to tokens with the scope `patients` alone. Every answer is audited.
    """
    desk = desk_of(request)
    found = desk.ledger.case(case_id)
    claim, said = found.result.claim, found.result.conclusion
    named = Scope.PATIENTS in token.scopes
    whole = words.CaseInFull(
        case=case_line(found, user_names(desk), desk.payer_names()),
        patient=patient(claim) if named else None,
        service_to=claim.service_to,
        billed=claim.billed,
        balance=claim.balance,
        result=result(found.result),
        channels=channels(claim, said, desk.ledger.last_observations(claim.claim_id, claim.payer)),
    )
    body = whole.model_dump_json()
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    act = "case viewed, patient named" if named else "case viewed"
    desk.ledger.note(token.who, act, f"case {case_id}", at=desk.now())
    return Response(body, headers={"ETag": tag}, media_type="application/json")


@router.get("/cases/{case_id}/deeds", **told(Scope.READ, 404))
def deeds(request: Request, token: Reader, case_id: CaseId) -> words.Deeds:
    """All that people, systems and sweeps did about a case."""
    desk = desk_of(request)
    desk.ledger.case(case_id)
    users, named = user_names(desk), Scope.PATIENTS in token.scopes
    return words.Deeds(
        deeds=[deed(one, users, with_note=named) for one in desk.ledger.case_deeds(case_id)]
    )


@router.post("/claims/search", **told(Scope.READ))
def search(request: Request, token: Reader, sought: words.ClaimSought) -> words.ClaimsFound:
    """The claims of a claim number; in the body, because an address is written down by others."""
    desk = desk_of(request)
    names = desk.payer_names()
    found = newest(desk, sought.claim_number, sought.payer)
    return words.ClaimsFound(
        claims=[
            words.ClaimFound(
                item_id=one.item_id,
                case_id=desk.ledger.case_of_item(one.item_id),
                payer=one.claim.payer or "",
                payer_name=names.get(one.claim.payer or "", one.claim.payer_name),
                service_from=one.claim.service_from,
                billed=one.claim.billed,
                outcome=one.conclusion.outcome,
                kind=one.conclusion.finding.kind,
                checked_at=one.checked_at,
            )
            for one in found
        ]
    )


def newest(desk: Desk, claim_number: str, payer: str | None) -> list[ClaimResult]:
    """The newest result of each claim that carries a number."""
    found: dict[tuple[object, ...], ClaimResult] = {}
    for one in desk.ledger.claim_results(claim_number):
        if payer is None or one.claim.payer == payer:
            found.setdefault((one.claim.payer, one.claim.service_from), one)
    return list(found.values())


def user_names(desk: Desk) -> Mapping[str, str]:
    """How the users are named, by their ids."""
    return {one.user_id: one.name for one in desk.ledger.people()}
