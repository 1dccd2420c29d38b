"""The pages of the Medicaid portal: what each visitor has before him, and how it is drawn."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.books import PRACTICE, PRACTICE_NPI
from sandbox.knobs import Knobs
from sandbox.medicaid_drift import drifted
from sandbox.plans import SERVICE_TYPES
from sandbox.sessions import Clock

FOLDER = Path(__file__).parent
ROWS_PER_PAGE = 5
COOKIE = "ASP.NET_SessionId"
# for whom the account may act; each sign-in begins with the first, whose claims are not ours
OTHER_NPI = "1593572460"
PROVIDERS = {OTHER_NPI: "Saltmarsh Pediatric Associates", PRACTICE_NPI: PRACTICE}

Form = dict[str, str]


@dataclass(slots=True)
class Visit:
    """One browser's session state on the server; ``view_state`` is the newest page's alone."""

    visit_id: str
    view_state: str = ""
    validation: str = ""
    session: str | None = None  # set once signed in
    asked: Literal["", "question", "reminder"] = ""  # since the password was right
    terms_accepted: bool = False
    ticket: str = ""  # the menu's link to the inquiry works once, so Back finds it used
    postbacks: int = 0
    criteria: Form = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    page: int = 1
    opened: str | None = None
    days: Form = field(default_factory=dict)  # of the list of claims
    listed: tuple[str, ...] = ()
    list_page: int = 1
    provider: str = OTHER_NPI

    @property
    def pages(self) -> int:
        """How many pages the claims found fill."""
        return max(1, -(-len(self.numbers) // ROWS_PER_PAGE))

    @property
    def shown(self) -> tuple[str, ...]:
        """Numbers of the claims on the page."""
        return self.numbers[(self.page - 1) * ROWS_PER_PAGE : self.page * ROWS_PER_PAGE]


class Pages:
    """The portal's templates, filled in as the knobs say."""

    def __init__(self, knobs: Knobs, clock: Clock) -> None:
        self._knobs = knobs
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates" / "medicaid"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"money": self._money, "day": _day_text}
        self._templates.globals |= {
            "service_types": SERVICE_TYPES,
            "providers": PROVIDERS,
            "knobs": knobs,
            "as_of": lambda: clock().date() - timedelta(days=4),
        }

    def draw(self, visit: Visit, template: str, **values: Any) -> str:
        """A page of this visit, whose state is the only one that it may post back from now on."""
        visit.view_state = "/wEPDwUK" + base64.b64encode(secrets.token_bytes(360)).decode()
        visit.validation = "/wEdAA" + base64.b64encode(secrets.token_bytes(96)).decode()
        page = self._templates.get_template(template).render(
            view_state=visit.view_state,
            validation=visit.validation,
            signed_in=visit.session is not None,
            acting=visit.provider if visit.terms_accepted else "",
            **values,
        )
        return drifted(page, self._knobs.drift) if self._knobs.drift else page

    def expired(self) -> str:
        """What a browser sees without a session."""
        return self._templates.get_template("expired.html").render()

    def _money(self, value: Decimal | None) -> str:
        """``$1,234.50``; what is below zero with a minus, or in parentheses."""
        if value is None:
            return ""
        if value < 0:
            return f"({-value:,.2f})" if self._knobs.parentheses else f"-${-value:,.2f}"
        return f"${value:,.2f}"


def _day_text(value: date | None) -> str:
    return value.strftime("%m/%d/%Y") if value else ""


async def to_login(_: Request) -> Response:
    """The portal's front door."""
    return redirect("/Login.aspx")


def redirect(path: str) -> Response:
    """Another page instead."""
    return RedirectResponse(path, status_code=302)


def with_cookie(answer: Response, visit: Visit) -> Response:
    """The answer, with which the browser is known again."""
    answer.set_cookie(COOKIE, visit.visit_id, httponly=True, samesite="lax")
    return answer
