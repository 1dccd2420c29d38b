"""A commercial payer's portal: a single-page app over a JSON API that searches asynchronously."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.commercial_json import claim_details, claim_row
from sandbox.commercial_page import CHALLENGE_NEEDED, MAINTENANCE, STATIC, page_with
from sandbox.coverage_json import coverage
from sandbox.documents import draw
from sandbox.inquiry import Eligibility, Inquiry, day_typed, on_day
from sandbox.knobs import Knobs
from sandbox.sessions import (
    Account,
    Clock,
    Counters,
    CountWrites,
    SignIns,
    Verdict,
    utc_now,
)
from sandbox.troubles import as_sent, as_shown, loses_session
from sandbox.world import Payer

ROWS_PER_PAGE = 5
SLOWEST_SEARCH_SECONDS = 2.0
IDLE = timedelta(minutes=30)
COOKIE = "jrh_session"
READING_POSTS = frozenset(
    {
        "/api/login",
        "/api/login/verify",
        "/api/logout",
        "/api/claim-searches",
        "/api/eligibility-checks",
    }
)

REFUSED = "The user ID or password is incorrect."
CODE_REFUSED = "The verification code is incorrect or has already been used."
LOCKED = "Your account is locked."
ENDED = "Your session has ended. Sign in again."
UNAVAILABLE = (
    "Claim information is temporarily unavailable. Please try again later. (Reference 5031)"
)
NO_ELIGIBILITY = (
    "Eligibility information is temporarily unavailable. Please try again later. (Reference 5032)"
)

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Search:
    """One search under way: when its answer is ready (event-loop seconds) and what it is.

    ``numbers`` is None when the payer's system is unavailable.
    """

    ready_at: float
    numbers: tuple[str, ...] | None


class CommercialPortal:
    """The portal's state and its endpoints, one payer and one account."""

    def __init__(
        self,
        payer: Payer,
        account: Account,
        *,
        document: Callable[[str], bytes],
        delay: float,
        clock: Clock,
        knobs: Knobs,
    ) -> None:
        self._knobs = knobs
        self._payer = payer
        self._account = account
        self._document = document
        self._delay = delay
        self.counters = Counters()
        self._door = SignIns(account, IDLE, clock, self.counters)
        self._password_given: set[str] = set()
        self._clock = clock
        self._verified_again: str | None = None  # the session that gave a second code
        self._searches: dict[str, Search] = {}
        self._inquiry = Inquiry(self._payer)
        self._members = Eligibility(self._payer)

    def app(self) -> Starlette:
        """The portal as an ASGI application."""
        return Starlette(
            routes=[
                Route("/", self.page),
                Mount("/static", StaticFiles(directory=STATIC)),
                Route("/api/session", self.session),
                Route("/api/login", self.login, methods=["POST"]),
                Route("/api/login/verify", self.verify, methods=["POST"]),
                Route("/api/logout", self.logout, methods=["POST"]),
                Route("/api/claim-searches", self._inside(self.start_search), methods=["POST"]),
                Route("/api/claim-searches/{search_id}", self._inside(self.poll_search)),
                Route("/api/eligibility-checks", self._inside(self.eligibility), methods=["POST"]),
                Route("/api/claims/{number}", self._inside(self.claim)),
                Route("/api/claims/{number}/eob", self._inside(self.eob)),
                Route("/api/appeals", self._inside(self.appeal), methods=["POST"]),
                Route("/sandbox/counters", self.show_counters),
            ],
            middleware=[Middleware(CountWrites, self.counters, READING_POSTS)],
        )

    async def show_counters(self, _: Request) -> Response:
        """What was done to this portal since it started."""
        return JSONResponse(self.counters.as_json())

    async def page(self, _: Request) -> Response:
        """The one page, which is told what is wrong today."""
        if self._knobs.maintenance:
            return HTMLResponse(MAINTENANCE)
        shown = page_with(self._knobs, self._clock().date())
        return FileResponse(STATIC / "index.html") if shown is None else HTMLResponse(shown)

    async def session(self, request: Request) -> Response:
        """Whether this browser is signed in; never a refusal."""
        return JSONResponse({"signedIn": self._door.is_live(request.cookies.get(COOKIE))})

    async def login(self, request: Request) -> Response:
        """The password; the code comes next."""
        given = await _json(request)
        if self._knobs.maintenance:
            return HTMLResponse(MAINTENANCE)
        if self._knobs.captcha:
            return JSONResponse({"error": CHALLENGE_NEEDED})
        verdict = self._door.try_password(_text(given, "userId").strip(), _text(given, "password"))
        if verdict is not Verdict.ACCEPTED:
            return JSONResponse({"error": LOCKED if verdict is Verdict.LOCKED else REFUSED})
        if self._knobs.password_expired:
            return JSONResponse({"next": "expired"})
        token = secrets.token_urlsafe(24)
        self._password_given.add(token)
        return _with_cookie(JSONResponse({"next": "verify"}), token)

    async def verify(self, request: Request) -> Response:
        """The second factor; a session begins, and any other of this account ends."""
        token = request.cookies.get(COOKIE)
        again = self._knobs.step_up and self._door.is_live(token)
        if token not in self._password_given and not again:
            return JSONResponse({"error": ENDED}, status_code=401)
        verdict = self._door.try_code(_text(await _json(request), "code"))
        if verdict is not Verdict.ACCEPTED:
            return JSONResponse({"error": LOCKED if verdict is Verdict.LOCKED else CODE_REFUSED})
        if again:
            self._verified_again = token
            return JSONResponse({"next": "home"})
        self._password_given.discard(str(token))
        self._searches.clear()
        after = "expiring" if self._knobs.password_expiring else "home"
        return _with_cookie(JSONResponse({"next": after}), self._door.open())

    async def logout(self, request: Request) -> Response:
        """The end of the session, as asked."""
        self._door.close(request.cookies.get(COOKIE))
        answer = JSONResponse({"signedOut": True})
        answer.delete_cookie(COOKIE)
        return answer

    async def start_search(self, request: Request) -> Response:
        """Accept a search; its answer is polled for."""
        given = await _json(request)
        member_id = _text(given, "memberId").strip().upper()
        first, last = day_typed(_text(given, "serviceFrom")), day_typed(_text(given, "serviceTo"))
        problem = _problem(member_id, first, last)
        if first is None or last is None or problem:
            return JSONResponse({"error": problem}, status_code=422)
        self.counters.searches += 1
        search_id = secrets.token_hex(8)
        numbers = self._inquiry.search(member_id, first, last)
        times = 1 + self._knobs.duplicate_rows
        loop = asyncio.get_running_loop()
        self._searches[search_id] = Search(
            ready_at=loop.time() + self._delay * wait_seconds(member_id, first),
            numbers=numbers and tuple(n for n in numbers for _ in range(times)),
        )
        return JSONResponse({"searchId": search_id}, status_code=202)

    async def poll_search(self, request: Request) -> Response:
        """One page of a search's answer, or that it is not ready."""
        search = self._searches.get(request.path_params["search_id"])
        if search is None:
            return JSONResponse({"error": "No such search."}, status_code=404)
        if asyncio.get_running_loop().time() < search.ready_at:
            return JSONResponse({"state": "working"})
        if search.numbers is None:
            return JSONResponse({"state": "failed", "message": UNAVAILABLE})
        pages = max(1, -(-len(search.numbers) // ROWS_PER_PAGE))
        asked = request.query_params.get("page", "1")
        page = min(max(int(asked), 1), pages) if asked.isdecimal() else 1
        shown = search.numbers[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE]
        return JSONResponse(
            {
                "state": "done",
                "total": len(search.numbers),
                "page": page,
                "pages": pages,
                "claims": [claim_row(self._payer.by_number[number]) for number in shown],
            }
        )

    async def eligibility(self, request: Request) -> Response:
        """One member's cover on one day; ``member`` is null for one the plan does not know."""
        given = await _json(request)
        member_id = _text(given, "memberId").strip().upper()
        birth, day = day_typed(_text(given, "dateOfBirth")), day_typed(_text(given, "serviceDate"))
        if not member_id or birth is None or day is None:
            problem = "Enter dates as MM/DD/YYYY." if member_id else "Enter a member ID."
            return JSONResponse({"error": problem}, status_code=422)
        self.counters.searches += 1
        held = self._members.search(member_id, birth)
        await asyncio.sleep(self._delay * wait_seconds(member_id, day) / 2)
        if held is None:
            return JSONResponse({"state": "failed", "message": NO_ELIGIBILITY})
        if not held:
            return JSONResponse({"state": "done", "member": None})
        return JSONResponse({"state": "done", **coverage(*on_day(held, day), day)})

    async def claim(self, request: Request) -> Response:
        """Everything the portal shows of one claim."""
        claim = self._payer.by_number.get(request.path_params["number"])
        if claim is None:
            return JSONResponse({"error": "No such claim."}, status_code=404)
        return JSONResponse(
            claim_details(as_shown(claim, self._payer, self._knobs))
            | {"hasEob": claim.trace_number in self._payer.remittances}
        )

    async def eob(self, request: Request) -> Response:
        """The explanation of payment that reported this claim."""
        claim = self._payer.by_number.get(request.path_params["number"])
        trace = claim.trace_number if claim else None
        if trace is None or trace not in self._payer.remittances:
            return JSONResponse({"error": "No explanation of payment."}, status_code=404)
        self.counters.documents += 1
        printed = partial(self._document, trace)
        if self._knobs.document == "encrypted":
            words = self._payer.remittances[trace], self._account.document_password
            printed = partial(draw, self._payer.payer_id, *words)
        return await asyncio.to_thread(
            as_sent, printed, f"EOP-{trace}.pdf", own="attachment", knobs=self._knobs
        )

    async def appeal(self, _: Request) -> Response:
        """A write, which no bot that only observes ever sends."""
        return JSONResponse({"message": "Your appeal has been submitted."}, status_code=202)

    def _inside(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            if self._knobs.maintenance:
                return HTMLResponse(MAINTENANCE)
            token = request.cookies.get(COOKIE)
            if not self._door.is_live(token) or loses_session(self._knobs, self._door, token):
                return JSONResponse({"error": ENDED}, status_code=401)
            if self._knobs.step_up and token != self._verified_again:
                return JSONResponse({"error": "Enter another code first."}, status_code=403)
            return await endpoint(request)

        return guarded


def commercial_app(
    payer: Payer,
    account: Account,
    *,
    document: Callable[[str], bytes],
    clock: Clock = utc_now,
    delay: float = 1.0,
    knobs: Knobs | None = None,
) -> Starlette:
    """The commercial portal over ``payer``; ``delay`` scales the 0-2 s that a search takes."""
    return CommercialPortal(
        payer, account, document=document, delay=delay, clock=clock, knobs=knobs or Knobs()
    ).app()


def wait_seconds(member_id: str, first: date) -> float:
    """How long this search takes: 0 to 2 s, the same each time."""
    digest = hashlib.sha256(f"{member_id}/{first.isoformat()}".encode()).digest()
    return SLOWEST_SEARCH_SECONDS * digest[0] / 255


async def _json(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


def _with_cookie(answer: Response, token: str) -> Response:
    answer.set_cookie(COOKIE, token, httponly=True, samesite="lax")
    return answer


def _problem(member_id: str, first: date | None, last: date | None) -> str | None:
    if not member_id:
        return "Enter a member ID."
    if first is None or last is None:
        return "Enter service dates as MM/DD/YYYY."
    return "The first service date is after the last." if first > last else None
