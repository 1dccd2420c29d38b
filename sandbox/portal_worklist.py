"""A clearinghouse's portal: no search by claim, only filtered lists in a single page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.knobs import Knobs
from sandbox.portal_worklist_desk import Desk, Visit
from sandbox.sessions import (
    Account,
    Clock,
    Counters,
    CountWrites,
    SignIns,
    Verdict,
    utc_now,
)
from sandbox.world import Payer

PAYER_ID = "copper-line"
IDLE = timedelta(minutes=20)
REQUESTS_TO_A_WARNING = 5
COOKIE = "switchyard"
FOLDER = Path(__file__).parent
READING_POSTS = frozenset({"/signin", "/checkpoint", "/api/worklist", "/api/eligibility"})

REFUSED = "Your user ID or password was not recognized."
LOCKED = "This user ID is locked. Call Switchyard support."
CAPTCHA = "Type the characters shown in the picture."
ENDED = {
    "idle": "You were signed out after 20 minutes without activity.",
    "stolen": "You were signed out because your user ID signed in somewhere else.",
}

Endpoint = Callable[[Request, Visit], Awaitable[Response]]


class WorklistPortal:
    """The portal's state and its endpoints, one payer and one account."""

    def __init__(
        self,
        payer: Payer,
        account: Account,
        *,
        document: Callable[[str], bytes],
        clock: Clock,
        delay: float,
        knobs: Knobs,
    ) -> None:
        self._knobs = knobs
        self.counters = Counters()
        self._desk = Desk(payer, document, delay, knobs, self.counters)
        self._door = SignIns(account, IDLE, clock, self.counters)
        self._visits: dict[str, Visit] = {}
        self._pages = Environment(
            loader=FileSystemLoader(FOLDER / "templates" / "worklist"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def app(self) -> Starlette:
        """The portal as an ASGI application."""
        desk = self._desk
        return Starlette(
            routes=[
                Route("/", lambda _: _redirect("/signin")),
                Mount("/static", StaticFiles(directory=FOLDER / "static" / "worklist")),
                Route("/signin", self.sign_in, methods=["GET", "POST"]),
                Route("/checkpoint", self.checkpoint, methods=["GET", "POST"]),
                Route("/signout", self.sign_out),
                Route("/app", self.single_page),
                Route("/api/summary", self._inside(desk.summary)),
                Route("/api/worklist", self._inside(desk.worklist), methods=["POST"]),
                Route("/api/exports/{export}.csv", self._inside(desk.export)),
                Route("/api/claims/{number}", self._inside(desk.claim)),
                Route("/api/claims/{number}/eob", self._inside(desk.eob)),
                Route("/api/claims/{number}/notes", self._inside(desk.note), methods=["POST"]),
                Route("/api/eligibility", self._inside(desk.eligibility), methods=["POST"]),
                Route("/sandbox/counters", self.show_counters),
            ],
            middleware=[Middleware(CountWrites, self.counters, READING_POSTS)],
        )

    async def show_counters(self, _: Request) -> Response:
        """What was done to this portal since it started."""
        return JSONResponse(self.counters.as_json())

    async def sign_in(self, request: Request) -> Response:
        """The sign-in page, and what comes of a password."""
        if self._knobs.maintenance:
            return self._page("maintenance.html")
        if request.method == "GET":
            return self._sign_in_page(ENDED.get(request.query_params.get("ended", ""), ""))
        form = await _form(request)
        if self._knobs.captcha:
            return self._sign_in_page(CAPTCHA)
        verdict = self._door.try_password(form.get("user", "").strip(), form.get("password", ""))
        if verdict is not Verdict.ACCEPTED:
            return self._sign_in_page(LOCKED if verdict is Verdict.LOCKED else REFUSED)
        visit = Visit(self._door.open(), list(self._checkpoints()))
        self._visits = {visit.token: visit}
        answer = _redirect("/checkpoint")
        answer.set_cookie(COOKIE, visit.token, httponly=True, samesite="lax")
        return answer

    def _checkpoints(self) -> list[str]:
        asked = {
            "step_up": self._knobs.step_up,
            "password_expired": self._knobs.password_expired,
            "password_expiring": self._knobs.password_expiring,
            "computer": True,
        }
        return [name for name, applies in asked.items() if applies]

    async def checkpoint(self, request: Request) -> Response:
        """A page between the password and the work; what it does not offer counts as a write."""
        visit = self._visit(request)
        if visit is None:
            return _redirect("/signin?ended=idle")
        if request.method == "POST" and visit.checkpoints:
            self._pass(visit, await _form(request))
        if not visit.checkpoints:
            return _redirect("/app")
        return self._page("checkpoint.html", asks=visit.checkpoints[0])

    def _pass(self, visit: Visit, form: dict[str, str]) -> None:
        asks, choice = visit.checkpoints[0], form.get("choice")
        if asks == "step_up" and choice == "text":
            visit.checkpoints[0] = "code"
        elif asks == "code":
            if self._door.try_code(form.get("code", "")) is Verdict.ACCEPTED:
                del visit.checkpoints[0]
        elif choice == {"password_expiring": "later", "computer": "shared"}.get(asks, "never"):
            del visit.checkpoints[0]
        else:
            self.counters.writes += 1  # a new password, or a computer to remember

    async def sign_out(self, request: Request) -> Response:
        """The end of the session, as asked."""
        self._door.close(request.cookies.get(COOKIE))
        answer = self._page("signed_out.html")
        answer.delete_cookie(COOKIE)
        return answer

    async def single_page(self, request: Request) -> Response:
        """The page in which everything happens."""
        visit = self._visit(request)
        if self._knobs.maintenance:
            return self._page("maintenance.html")
        if visit is None:
            return _redirect("/signin?ended=idle")
        if visit.checkpoints:
            return _redirect("/checkpoint")
        return self._page("app.html", drift=self._knobs.drift)

    def _visit(self, request: Request) -> Visit | None:
        token = request.cookies.get(COOKIE)
        return self._visits.get(str(token)) if self._door.is_live(token) else None

    def _inside(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            if self._knobs.maintenance:
                return self._page("maintenance.html")
            visit = self._visit(request)
            why = self._ends(visit) if visit is not None else "idle"
            if visit is None or why or visit.checkpoints:
                return JSONResponse({"ended": why or "idle"}, status_code=401)
            answer = await endpoint(request, visit)
            for name, value in self._told(visit).items():
                answer.headers[name] = value
            return answer

        return guarded

    def _ends(self, visit: Visit) -> str:
        """Why the session is gone with this request, by the knobs; empty while it goes on."""
        knobs = self._knobs
        if knobs.ends_session_after is not None:
            knobs.ends_session_after -= 1
            if knobs.ends_session_after < 0:
                knobs.ends_session_after = None
                self._door.expire(visit.token)
                return "idle"
        if knobs.stolen_after is not None:
            knobs.stolen_after -= 1
            if knobs.stolen_after < 0:
                knobs.stolen_after = None
                self._door.open()
                return "stolen"
        return ""

    def _told(self, visit: Visit) -> dict[str, str]:
        """What the page is to say besides its answer."""
        visit.requests += 1
        said = {}
        if self._knobs.announcement and not visit.told:
            visit.told = True
            said["X-Announcement"] = "1"
        elif self._knobs.still_there and visit.requests % REQUESTS_TO_A_WARNING == 0:
            said["X-Still-There"] = "1"
        if self._knobs.stale_banner:
            said["X-Stale"] = "1"
        if self._knobs.parentheses:
            said["X-Parentheses"] = "1"
        return said

    def _sign_in_page(self, message: str) -> Response:
        return self._page("signin.html", message=message, captcha=self._knobs.captcha)

    def _page(self, template: str, **values: Any) -> HTMLResponse:
        page = self._pages.get_template(template).render(**values)
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def worklist_app(
    payer: Payer,
    account: Account,
    *,
    document: Callable[[str], bytes],
    clock: Clock = utc_now,
    delay: float = 1.0,
    knobs: Knobs | None = None,
) -> Starlette:
    """The portal over ``payer``; ``document`` gives a payment's PDF by its trace number, and
    ``delay`` scales the 0-1.2 s that a list takes."""
    portal = WorklistPortal(
        payer, account, document=document, clock=clock, delay=delay, knobs=knobs or Knobs()
    )
    return portal.app()


def _redirect(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
