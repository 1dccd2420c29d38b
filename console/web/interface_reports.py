"""The figures of a week or month over the interface, as the console's reports tell them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from billing.ledger.tokens import Scope, Token
from console.period import work_out
from console.period_data import document
from console.period_sweeps import Span, tell_period
from console.web.access import desk_of
from console.web.interface_access import holder, told
from console.web.interface_problems import Refused
from console.web.interface_values import Day, Words

router = APIRouter(tags=["Reports"])

EARLIEST = date(2000, 1, 1)
"""No report ends before this day."""


class Of(StrEnum):
    """How many days a report tells of: seven, or the month so far."""

    WEEK = "week"
    MONTH = "month"


SPANS = {Of.WEEK: Span.WEEK, Of.MONTH: Span.MONTH}


class Days(Words):
    """The first and last day of a period."""

    first: Day
    last: Day


class Told(Words):
    """A figure; null where the ledger cannot tell it."""

    title: str
    unit: str
    value: str | None
    before: str | None = Field(description="The same of the period before.")
    made_of: str = Field(description="What it was made of, or why it is not known.")


class Figures(Words):
    """A period's figures by name, against the period before."""

    period: Days
    compared_with: Days | None
    sweeps: int
    unfinished_sweeps_left_out: int
    figures: dict[str, Told]
    skipped: dict[str, int] = Field(description="Checks that no payer answered, by why.")


@router.get("/reports/figures", **told(Scope.READ, 404))
def figures(
    request: Request,
    token: Annotated[Token, Depends(holder(Scope.READ))],
    span: Of = Of.WEEK,
    until: Annotated[Day | None, Query(description="The last day; today if left out.")] = None,
) -> Figures:
    """The performance figures of a week or month. 404 when no sweep was finished in it."""
    desk = desk_of(request)
    last = until or desk.today()
    if last < EARLIEST:
        raise Refused(404, "No sweep was finished so long ago")
    found = tell_period(
        desk.ledger, SPANS[span], last, desk.payer_names(), costs=desk.costs, zone=desk.time_zone
    )
    if not found.now.sweeps:
        raise Refused(404, f"No sweep was finished from {found.now.first} to {found.now.last}")
    said: dict[str, Any] = document(work_out(found))
    period = {name: said["period"][name] for name in ("first", "last")}
    kept = {name: said[name] for name in Figures.model_fields if name != "period"}
    return Figures.model_validate({**kept, "period": period})
