"""What ran, what runs and what runs next, and the health of every portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from billing.errors import BadInput
from billing.model import Reason
from billing.people import Role
from billing.report import ClaimResult
from console.web.access import Caller, allowed, desk_of
from console.web.doors import Bots
from console.web.portal_standing import portal_health, portal_standings, rechecks
from console.web.rendering import page
from console.web.sweep_view import shares, sweep_view

router = APIRouter()

Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]
Lead = Annotated[Caller, Depends(allowed(Role.LEAD))]
SHOWN = 30
LOOKED_THROUGH = 500
CAPTURED = {"image/png": "image/png", "image/jpeg": "image/jpeg"}
"""What a browser may show of a capture; everything else is shown as its text."""


@router.get("/sweeps")
def sweeps(request: Request, caller: Viewer) -> Response:
    """The sweeps, the portals, and what is known of the next run."""
    return _list(request)


@router.post("/sweeps")
def begin(
    request: Request,
    caller: Lead,
    exports: Annotated[list[UploadFile], File()],
    ask_all: Annotated[str, Form()] = "",
) -> Response:
    """Begin a sweep of uploaded exports."""
    files = [(one.filename or "export.csv", one.file.read()) for one in exports]
    try:
        sweep_id = desk_of(request).bots.sweep(files, ask_all=ask_all == "yes", by=caller.name)
    except BadInput as error:
        return _list(request, refused=str(error))
    return RedirectResponse(f"/sweeps/{sweep_id}", 303)


@router.post("/schedules/{name}/pause")
def pause_schedule(request: Request, caller: Lead, name: str) -> Response:
    """Let a schedule rest from now on; what runs goes on."""
    return _scheduled(request, lambda bots: bots.pause_schedule(name, by=caller.name))


@router.post("/schedules/{name}/resume")
def resume_schedule(request: Request, caller: Lead, name: str) -> Response:
    """Let a schedule be due again, from its next time on."""
    return _scheduled(request, lambda bots: bots.resume_schedule(name, by=caller.name))


@router.get("/sweeps/{sweep_id}")
def sweep(request: Request, caller: Viewer, sweep_id: str) -> Response:
    """One sweep: how far it is, and what became of each payer's claims."""
    return _one(request, sweep_id)


@router.get("/sweeps/{sweep_id}/progress")
def progress(request: Request, caller: Viewer, sweep_id: str) -> Response:
    """The part of its page that changes while it runs; at its end the page loads anew."""
    desk = desk_of(request)
    view = sweep_view(desk, desk.ledger.night(sweep_id))
    part = page(request, "sweep_progress", view=view, codes=_codes(request, sweep_id))
    if not view.alive:
        part.headers["HX-Refresh"] = "true"
    return part


@router.post("/sweeps/{sweep_id}/pause")
def pause(request: Request, caller: Lead, sweep_id: str) -> Response:
    """Have its run sign out and stop; what it has is kept."""
    desk_of(request).bots.stop(sweep_id, by=caller.name)
    return RedirectResponse(f"/sweeps/{sweep_id}", 303)


@router.post("/sweeps/{sweep_id}/resume")
def resume(request: Request, caller: Lead, sweep_id: str) -> Response:
    """Go on where it was."""
    try:
        desk_of(request).bots.resume(sweep_id, by=caller.name)
    except BadInput as error:
        return _one(request, sweep_id, refused=str(error))
    return RedirectResponse(f"/sweeps/{sweep_id}", 303)


@router.post("/sweeps/{sweep_id}/again")
def again(
    request: Request, caller: Lead, sweep_id: str, ask_all: Annotated[str, Form()] = ""
) -> Response:
    """Begin today's sweep of the same files."""
    bots = desk_of(request).bots
    try:
        begun = bots.sweep_again(sweep_id, ask_all=ask_all == "yes", by=caller.name)
    except BadInput as error:
        return _one(request, sweep_id, refused=str(error))
    return RedirectResponse(f"/sweeps/{begun}", 303)


@router.post("/sweeps/{sweep_id}/code/{payer}")
def code(
    request: Request, caller: Lead, sweep_id: str, payer: str, code: Annotated[str, Form()]
) -> Response:
    """Hand the code over to the run that waits for it."""
    try:
        desk_of(request).bots.give_code(payer, code, by=caller.name)
    except BadInput as error:
        return _one(request, sweep_id, refused=str(error))
    return RedirectResponse(f"/sweeps/{sweep_id}", 303)


@router.get("/sweeps/{sweep_id}/trace")
def trace(request: Request, caller: Lead, sweep_id: str) -> Response:
    """What the portals showed where a session met a page that it did not know."""
    desk = desk_of(request)
    met = _unknown(request, sweep_id)
    desk.ledger.note(caller.name, "trace viewed", sweep_id, at=desk.now())
    kinds = {one: desk.ledger.media_type(one) for r in met for one in r.conclusion.evidence}
    names = desk.payer_names()
    return page(request, "sweep_trace", sweep_id=sweep_id, met=met, kinds=kinds, names=names)


@router.get("/sweeps/{sweep_id}/trace/{sha256}")
def captured(request: Request, caller: Lead, sweep_id: str, sha256: str) -> Response:
    """One capture of such a page: its picture, or its source as text."""
    desk = desk_of(request)
    if not any(sha256 in one.conclusion.evidence for one in _unknown(request, sweep_id)):
        raise BadInput("That is no capture of an unknown page of this sweep")
    desk.ledger.note(
        caller.name, "capture viewed", sweep_id, at=desk.now(), detail={"sha256": sha256}
    )
    kind = CAPTURED.get(desk.ledger.media_type(sha256), "text/plain; charset=utf-8")
    return Response(desk.ledger.fetch(sha256), media_type=kind)


def _unknown(request: Request, sweep_id: str) -> list[ClaimResult]:
    results = desk_of(request).ledger.results(sweep_id)
    return [one for one in results if one.conclusion.no_answer is Reason.UNKNOWN_PAGE]


def _codes(request: Request, sweep_id: str) -> dict[str, object]:
    """The payers of a sweep whose bot waits for a person's code: until when."""
    desk = desk_of(request)
    payers = [one for one in desk.ledger.pending_payers(sweep_id) if one is not None]
    waits = {one: desk.bots.waits_for_code(one) for one in payers}
    return {one: until for one, until in waits.items() if until is not None}


def _scheduled(request: Request, act: Callable[[Bots], None]) -> Response:
    try:
        act(desk_of(request).bots)
    except BadInput as error:
        return _list(request, refused=str(error))
    return RedirectResponse("/sweeps#next-runs", 303)


def _list(request: Request, *, refused: str | None = None) -> Response:
    desk = desk_of(request)
    try:
        schedules, wrong = desk.bots.schedules(), None
    except BadInput as error:  # the settings of the machine: the page is for more than them
        schedules, wrong = (), str(error)
    nights = desk.ledger.nights(most=LOOKED_THROUGH)
    shown = [sweep_view(desk, one) for one in nights if not one.check][:SHOWN]
    return page(
        request,
        "sweeps",
        status=400 if refused else 200,
        refused=refused,
        alerts=desk.ledger.open_alerts(),
        shown=shown,
        checks=sum(one.check for one in nights),
        portals=portal_standings(desk),
        health=portal_health(desk),
        rechecks=rechecks(desk, nights),
        schedules=schedules,
        wrong=wrong,
        names=desk.payer_names(),
    )


def _one(request: Request, sweep_id: str, *, refused: str | None = None) -> Response:
    desk = desk_of(request)
    night = desk.ledger.night(sweep_id)
    view = sweep_view(desk, night)
    return page(
        request,
        "sweep",
        status=400 if refused else 200,
        refused=refused,
        view=view,
        night=night,
        codes=_codes(request, sweep_id) if view.alive else {},
        shares=shares(desk, night),
        refused_rows=[one for one in desk.ledger.refused_rows(sweep_id) if one.meant],
        portals={one.profile.id: one for one in portal_standings(desk)},
        names=desk.payer_names(),
    )
