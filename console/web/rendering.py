"""Pages from templates, with what every page shows: who is signed in, where they are, the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cache

from fastapi import Request
from jinja2 import Environment
from starlette.responses import HTMLResponse

from billing.disposition import UNANSWERED
from billing.people import Role
from console.pages import page_environment
from console.web.access import Caller, desk_of
from console.words import OUTCOMES, due_words, initials, kind_words

AREAS = (
    ("/", "Queue", Role.VIEWER),
    ("/check", "Check now", Role.BILLER),
    ("/sweeps", "Sweeps", Role.VIEWER),
    ("/batches", "Write-back", Role.VIEWER),
    ("/reports", "Reports", Role.VIEWER),
    ("/profiles", "Profiles", Role.VIEWER),
    ("/accounts", "Accounts", Role.ADMINISTRATOR),
    ("/audit", "Audit", Role.ADMINISTRATOR),
)
"""The console's areas, as the head of every page lists them."""


@cache
def environment() -> Environment:
    """The environment of the console's templates."""
    made = page_environment()
    made.filters |= {
        "day": _day,
        "instant": _instant,
        "initials": initials,
        "kind": kind_words,
        "dollars": _dollars,
    }
    made.globals |= {"OUTCOMES": OUTCOMES, "due_words": due_words, "UNANSWERED": UNANSWERED}
    return made


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page, or a part of one, of ``console/templates/web/<template>.html.j2``."""
    desk = desk_of(request)
    caller: Caller | None = getattr(request.state, "caller", None)
    areas = [(path, title) for path, title, role in AREAS if caller and caller.person.role >= role]
    text = (
        environment()
        .get_template(f"web/{template}.html.j2")
        .render(
            caller=caller,
            areas=areas,
            here=request.url.path,
            today=desk.today(),
            zone=desk.time_zone,
            Role=Role,
            **values,
        )
    )
    return HTMLResponse(text, status)


def _day(value: date | None) -> str:
    return "\u2013" if value is None else f"{value:%b} {value.day}, {value.year}"


def _instant(value: datetime | None, zone: tzinfo = UTC) -> str:
    return "\u2013" if value is None else f"{value.astimezone(zone):%b %d, %Y %H:%M}"


def _dollars(value: Decimal | None) -> str:
    return "\u2013" if value is None else f"{value:,.2f}"
