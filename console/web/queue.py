"""The queue: exceptions by priority, to look through, give to people, put off and end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from billing.cases import View
from billing.people import Role
from console.web.access import Caller, allowed, desk_of
from console.web.rendering import page

router = APIRouter()

PAGE = 50


@router.get("/")
def queue(
    request: Request, caller: Annotated[Caller, Depends(allowed(Role.VIEWER))], start: int = 0
) -> Response:
    """A page of the queue."""
    desk = desk_of(request)
    view = View()
    shown = desk.ledger.queue(view, desk.today(), start=start, most=PAGE)
    return page(request, "queue", view=view, shown=shown, names=desk.payer_names(), start=start)
