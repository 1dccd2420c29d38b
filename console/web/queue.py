"""The queue: exceptions by priority, to look through, narrow and keep as views."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from billing.cases import CaseState, Facets, Order
from billing.errors import ProfileError
from billing.people import Role
from billing.priority import expected
from console.web.access import Caller, allowed, desk_of
from console.web.catching_up import CatchingUp
from console.web.desk import Desk
from console.web.queue_view import EMPTY, MINE, NOBODY, OVERDUE, Asked, read_asked, read_query
from console.web.queue_words import REASONS, stroke_words
from console.web.rendering import page

router = APIRouter()

PAGE = 50
LISTED = 10_000
"""So many cases of a view are listed; whoever looks for one behind them narrows the view."""
WITHIN = {
    OVERDUE: "overdue",
    0: "today or overdue",
    3: "within 3 days",
    7: "within a week",
    14: "within 2 weeks",
    30: "within 30 days",
}
ORDERS = {
    Order.PRIORITY: "priority",
    Order.DOLLARS: "dollars at stake",
    Order.DUE: "due date",
    Order.AGE: "age",
}
BUILT_IN = (
    ("All", Asked()),
    ("Mine", Asked(assignee=MINE)),
    ("Nobody's", Asked(assignee=NOBODY)),
    ("Due within a week", Asked(within=7, order=Order.DUE)),
    ("Overdue", Asked(within=OVERDUE, order=Order.DUE)),
)
"""Views that everybody has."""


@router.get("/")
def queue(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
    start: int = 0,
    done: str = "",
) -> Response:
    """A page of the queue; for a part of one that is on the screen already, that part alone."""
    asked = read_asked(request.query_params)
    part = "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
    answer = shown(request, caller, asked, start=start, part=part, stroke=done)
    if part and request.headers.get("HX-Trigger") in ("filters", "page-before", "page-after"):
        answer.headers["HX-Push-Url"] = address(asked, start)
    return answer


@router.get("/queue/catching-up")
def catching_up(
    request: Request, caller: Annotated[Caller, Depends(allowed(Role.VIEWER))]
) -> Response:
    """How far taking up has come; at its end the page is told to look at the queue again."""
    progress = _catching_up(request).look(desk_of(request).today())
    answer = page(request, "queue_catching_up", progress=progress)
    if progress is None:
        answer.headers["HX-Trigger"] = "caught-up"
    return answer


@router.post("/queue/find")
def find(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
    claim: Annotated[str, Form()] = "",
) -> Response:
    """Open the case of a claim number; where it has several, list them."""
    desk = desk_of(request)
    found = desk.ledger.cases_of_claim(claim) if claim.strip() else ()
    if len(found) == 1:
        return RedirectResponse(f"/cases/{found[0].case_id}", 303)
    return page(request, "queue_found", found=found, names=payer_names(desk))


@router.post("/queue/views")
def keep_view(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
    name: Annotated[str, Form()],
    view: Annotated[str, Form()] = "",
) -> Response:
    """Keep what is on the screen under a name, for this person alone."""
    asked = read_query(view)
    desk_of(request).ledger.save_view(caller.person.user_id, name, asked.query())
    return RedirectResponse(address(asked), 303)


@router.post("/queue/views/forget")
def forget_view(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
    name: Annotated[str, Form()],
) -> Response:
    """Remove a view; no case changes."""
    desk_of(request).ledger.forget_view(caller.person.user_id, name)
    return RedirectResponse("/", 303)


def shown(
    request: Request,
    caller: Caller,
    asked: Asked,
    *,
    start: int,
    part: bool,
    stroke: str = "",
    said: str = "",
) -> Response:
    """The page of the queue, or its part, and what is told beside it: what the ``stroke`` did and
    how to take it back, or ``said``."""
    desk = desk_of(request)
    ledger, today = desk.ledger, desk.today()
    progress = _catching_up(request).look(today)
    view = asked.view(caller.person.user_id, today)
    start = min(max(0, start), LISTED - PAGE)
    found = ledger.queue(view, today, start=start, most=PAGE)
    if not found.cases and found.count:
        start = (min(found.count, LISTED) - 1) // PAGE * PAGE
        found = ledger.queue(view, today, start=start, most=PAGE)
    people = ledger.people()
    users = {one.user_id: one.name for one in people}
    values: dict[str, Any] = {
        "asked": asked,
        "shown": found,
        "start": start,
        "most": PAGE,
        "listed": LISTED,
        "names": payer_names(desk),
        "users": users,
        "progress": progress,
        "expected": expected,
        "decides": caller.person.role >= Role.BILLER,
        "part": part,
        "done": _done(desk, caller, stroke, users),
        "said": said,
        "counts": ledger.count_cases(),
    }
    if not part:
        kept = ledger.saved_views(caller.person.user_id)
        values |= {
            "facets": _facets(ledger.facets(asked.state), asked),
            "views": [(name, one.query()) for name, one in BUILT_IN],
            "kept": kept,
            "takers": [one for one in people if one.active and one.role >= Role.BILLER],
            "REASONS": REASONS,
            "WITHIN": WITHIN,
            "ORDERS": ORDERS,
            "CaseState": CaseState,
            "EMPTY": EMPTY,
        }
    return page(request, "queue_part" if part else "queue", **values)


def address(asked: Asked, start: int = 0, done: str = "") -> str:
    """Where a page of a view is."""
    more = {name: value for name, value in (("start", start), ("done", done)) if value}
    query = "&".join(filter(None, (asked.query(), urlencode(more))))
    return f"/?{query}" if query else "/"


def payer_names(desk: Desk) -> dict[str, str]:
    """How payers are named; empty while a profile is wrong, for which no queue is held up."""
    try:
        return dict(desk.payer_names())
    except ProfileError:
        return {}


def _done(desk: Desk, caller: Caller, stroke: str, users: dict[str, str]) -> tuple[str, str] | None:
    """What the caller's stroke did, and what names it; None when it is not one of theirs."""
    deeds = desk.ledger.stroke(stroke) if stroke else ()
    if not deeds or deeds[0].by != caller.name:
        return None
    return stroke_words(deeds, users, caller.person.user_id), stroke


def _facets(facets: Facets, asked: Asked) -> dict[str, dict[str, int]]:
    """What the fields offer: all that there is, and what is asked for although there is none."""
    offered = {
        "payer": dict(facets.payers),
        "kind": dict(facets.kinds),
        "desk": dict(facets.desks),
        "assignee": dict(facets.assignees),
    }
    for name in ("payer", "kind", "desk"):
        value = getattr(asked, name)
        if value is not None:
            offered[name].setdefault(value, 0)
    return offered


def _catching_up(request: Request) -> CatchingUp:
    found: CatchingUp = request.app.state.catching_up
    return found
