"""Asking about one claim or member now, and the code that only a person has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from billing.codes.service_types import SERVICE_TYPES
from billing.errors import BadInput
from billing.people import Role
from console.web.access import Caller, allowed, desk_of
from console.web.check_progress import CheckProgress, answer_words, check_progress
from console.web.doors import MemberAsked
from console.web.rendering import page

router = APIRouter()

Biller = Annotated[Caller, Depends(allowed(Role.BILLER))]
LOOK_SECONDS = 0.4
LONGEST = timedelta(minutes=30)
"""A stream of progress ends after this; the page then asks for another."""
RECENT = timedelta(days=2)


@router.get("/check")
def check(request: Request, caller: Biller) -> Response:
    """What can be asked, and what was asked lately."""
    return _form(request)


@router.post("/check/claim")
def check_claim(
    request: Request,
    caller: Biller,
    claim_id: Annotated[str, Form()] = "",
    item_id: Annotated[int | None, Form()] = None,
) -> Response:
    """Ask about a claim: of an item of any sweep, or by its number, which must name one claim."""
    desk = desk_of(request)
    if item_id is None:
        found = desk.ledger.known_claims(claim_id.strip())
        if not found:
            return _form(
                request,
                refused=f"No sweep has held a claim {claim_id.strip()}. Give the number as the "
                "billing system's export spells it, or sweep the export first.",
            )
        if len(found) > 1:
            return _form(request, choices=found)
        item_id = found[0][0]
    try:
        sweep_id = desk.bots.check(item_id, by=caller.name)
    except BadInput as error:
        return _form(request, refused=str(error))
    return RedirectResponse(f"/check/{sweep_id}", 303)


@router.post("/check/member")
def check_member(
    request: Request,
    caller: Biller,
    payer: Annotated[str, Form()],
    member_id: Annotated[str, Form(min_length=1, max_length=80)],
    last: Annotated[str, Form(min_length=1, max_length=80)],
    first: Annotated[str, Form(min_length=1, max_length=80)],
    born: Annotated[date, Form()],
    day: Annotated[date, Form()],
    service_type: Annotated[str, Form()],
) -> Response:
    """Ask whether a member is covered on a day."""
    asked = MemberAsked(
        payer, member_id.strip(), last.strip(), first.strip(), born, day, service_type
    )
    try:
        sweep_id = desk_of(request).bots.check_member(asked, by=caller.name)
    except BadInput as error:
        return _form(request, refused=str(error))
    return RedirectResponse(f"/check/{sweep_id}", 303)


@router.get("/check/{sweep_id}")
def one_check(request: Request, caller: Biller, sweep_id: str) -> Response:
    """One check: how far it is, and its result."""
    desk = desk_of(request)
    desk.ledger.night(sweep_id)
    desk.ledger.note(caller.name, "check viewed", sweep_id, at=desk.now())
    return _part(request, "check_run", check_progress(desk, sweep_id))


@router.get("/check/{sweep_id}/events")
def events(request: Request, caller: Biller, sweep_id: str) -> Response:
    """The same as Server-Sent Events, as long as the check runs and the session lasts."""
    check_progress(desk_of(request), sweep_id)
    if request.app.state.streams.full(caller.name):
        return PlainTextResponse("As many runs are watched as may be; close a window.", 429)
    return StreamingResponse(
        _stream(request, caller, sweep_id),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


@router.post("/check/{sweep_id}/code")
def code(request: Request, caller: Biller, sweep_id: str, code: Annotated[str, Form()]) -> Response:
    """Hand the code over to the bot that waits for it."""
    desk = desk_of(request)
    payer = check_progress(desk, sweep_id).payer
    try:
        desk.bots.give_code(payer, code, by=caller.name)
    except BadInput as error:
        progress = check_progress(desk, sweep_id)
        return _part(request, "check_run", progress, status=400, refused=str(error))
    return RedirectResponse(f"/check/{sweep_id}", 303)


@router.post("/check/{sweep_id}/stop")
def stop(request: Request, caller: Biller, sweep_id: str) -> Response:
    """Give the check up: the bot signs out."""
    check_progress(desk_of(request), sweep_id)
    desk_of(request).bots.stop(sweep_id, by=caller.name)
    return RedirectResponse(f"/check/{sweep_id}", 303)


@router.post("/check/{sweep_id}/again")
def again(request: Request, caller: Biller, sweep_id: str) -> Response:
    """Go on with a check that was stopped, interrupted or unanswered."""
    check_progress(desk_of(request), sweep_id)
    desk_of(request).bots.resume(sweep_id, by=caller.name)
    return RedirectResponse(f"/check/{sweep_id}", 303)


def _form(request: Request, *, refused: str | None = None, choices: object = ()) -> Response:
    desk = desk_of(request)
    profiles = desk.profiles()
    lately = desk.ledger.nights(since=desk.today() - RECENT, most=200)
    return page(
        request,
        "check",
        status=400 if refused else 200,
        refused=refused,
        choices=choices,
        names=desk.payer_names(),
        covered=[one for one in profiles.values() if one.file.tasks.eligibility is not None],
        obstacles={one: desk.bots.obstacle(one) for one in profiles},
        services=SERVICE_TYPES,
        lately=[one for one in lately if one.check][:10],
    )


def _part(
    request: Request,
    template: str,
    progress: CheckProgress,
    *,
    status: int = 200,
    refused: str | None = None,
) -> Response:
    names = desk_of(request).payer_names()
    words = answer_words(progress)
    return page(
        request,
        template,
        status=status,
        progress=progress,
        names=names,
        words=words,
        refused=refused,
    )


async def _stream(request: Request, caller: Caller, sweep_id: str) -> AsyncIterator[str]:
    with request.app.state.streams.one_more(caller.name):
        async for part in _parts(request, caller, sweep_id):
            yield part


async def _parts(request: Request, caller: Caller, sweep_id: str) -> AsyncIterator[str]:
    desk = desk_of(request)
    sent: dict[str, str] = {}
    until = desk.now() + LONGEST
    while desk.now() < until and not await request.is_disconnected():
        there = await run_in_threadpool(
            desk.ledger.web_session, caller.session, at=desk.now(), seen=False
        )
        if there is None or there.locked:
            break
        progress = await run_in_threadpool(check_progress, desk, sweep_id)
        for name in ("steps", "code"):
            part = await run_in_threadpool(_part, request, f"check_{name}", progress)
            text = bytes(part.body).decode()
            if sent.get(name) != text:
                sent[name] = text
                yield f"event: {name}\ndata: {json.dumps(text)}\n\n"
        if progress.over:
            break
        await asyncio.sleep(LOOK_SECONDS)
    yield "event: end\ndata: {}\n\n"
