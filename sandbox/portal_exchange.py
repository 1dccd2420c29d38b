"""The portal of a clearinghouse for many payers: one shell, its applications in a frame."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.documents import draw
from sandbox.inquiry import Eligibility, Inquiry, day_typed
from sandbox.knobs import Knobs
from sandbox.portal_exchange_answers import (
    claim_details,
    claim_row,
    coverage,
    remittance,
)
from sandbox.portal_exchange_door import ExchangeDoor, json_sent, sent
from sandbox.sessions import Account, Clock, Counters, CountWrites, utc_now
from sandbox.world import Payer, Person

Generation = Literal[1, 2, 3]

SLOWEST_SEARCH_SECONDS = 20.0
STATIC = Path(__file__).parent / "static" / "exchange"
READING_POSTS = frozenset(
    {
        "/api/login",
        "/api/login/method",
        "/api/login/verify",
        "/api/logout",
        "/api/claim-status-inquiries",
        "/api/eligibility-inquiries",
    }
)
OTHER_PAYERS = ("Alder County Benefit Trust", "Blue Heron Mutual", "Mesa Verde Employees Plan")

MAINTENANCE = "Harbor Exchange is down for scheduled maintenance. Please come back later."
SUBSCRIBER_UNKNOWN = "Subscriber and subscriber id not found"
NOT_FOUND = "Acknowledgement/Not Found"
NO_RESULTS = "The payer could not find any results"
UNAVAILABLE = "The payer's system is not available. Please try again later. (Reference HX-42)"
MEMBER_UNKNOWN = "Subscriber/Insured not found"
BIRTH_DIFFERS = "Patient birth date does not match that for the patient on the database"
FIVE_DAYS = "Please allow up to 5 business days for a claim to show after you sent it."
OTHER_PAYER = "Your organization is not enrolled with this payer."

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Question:
    """One inquiry under way: when its answer is ready (event-loop seconds) and what it is."""

    ready_at: float
    answer: dict[str, Any]


class ExchangePortal:
    """The portal's state and its endpoints: one payer behind it, and one account."""

    def __init__(
        self,
        payer: Payer,
        account: Account,
        *,
        document: Callable[[str], bytes],
        clock: Clock,
        delay: float,
        knobs: Knobs,
        generation: Generation,
    ) -> None:
        self._payer = payer
        self._document = document
        self._clock = clock
        self._delay = delay
        self._knobs = knobs
        self._generation = generation
        self.counters = Counters()
        self._door = ExchangeDoor(account, clock, self.counters, knobs)
        self._questions: dict[str, Question] = {}
        self._inquiry = Inquiry(payer)
        self._eligibility = Eligibility(payer)

    def app(self) -> Starlette:
        """The portal as an ASGI application."""
        inside = self._inside
        return Starlette(
            routes=[
                Route("/", self._page("shell.html")),
                Route("/apps/{app}", self._page("app.html")),
                Route("/remittance-viewer", self._page("viewer.html")),
                Mount("/static", StaticFiles(directory=STATIC)),
                Route("/api/session", self.session),
                Route("/api/login", self._door.login, methods=["POST"]),
                Route("/api/login/method", self._door.method, methods=["POST"]),
                Route("/api/login/verify", self._door.verify, methods=["POST"]),
                Route("/api/logout", self._door.logout, methods=["POST"]),
                Route("/api/app", inside(self.settings)),
                Route("/api/claim-status-inquiries", inside(self.ask_status), methods=["POST"]),
                Route("/api/eligibility-inquiries", inside(self.ask_coverage), methods=["POST"]),
                Route("/api/inquiries/{question}", inside(self.answer)),
                Route("/api/claims/{number}", inside(self.claim)),
                Route("/api/remittances", inside(self.remittances)),
                Route("/api/remittances/{trace}/document", inside(self.document)),
                Route("/api/corrections", inside(self.correction), methods=["POST"]),
                Route("/sandbox/mailbox/messages.json", self._door.mailbox),
                Route("/sandbox/counters", self.show_counters),
            ],
            middleware=[Middleware(CountWrites, self.counters, READING_POSTS)],
        )

    async def show_counters(self, _: Request) -> Response:
        """What was done to this portal since it started."""
        return JSONResponse(self.counters.as_json())

    async def session(self, request: Request) -> Response:
        """Whether this browser is signed in, and what the shell announces; never a refusal."""
        return JSONResponse(
            {
                "signedIn": self._door.is_live(request),
                "announcement": self._knobs.announcement,
                "payers": sorted([self._payer.name, *OTHER_PAYERS]),
            }
        )

    async def settings(self, request: Request) -> Response:
        """What an application in the frame needs to know of the payer that was picked."""
        knobs = self._knobs
        enrolled = request.query_params.get("payer") == self._payer.name
        return JSONResponse(
            {
                "generation": self._generation,
                "drift": knobs.drift,
                "parentheses": knobs.parentheses,
                "asOf": self._stale_day(),
                "refusal": None if enrolled else OTHER_PAYER,
                "notice": FIVE_DAYS,
            }
        )

    async def ask_status(self, request: Request) -> Response:
        """Accept a claim-status inquiry; its answer is polled for."""
        given = await json_sent(request)
        member_id = sent(given, "memberId").strip().upper()
        first, last = day_typed(sent(given, "from")), day_typed(sent(given, "to"))
        problem = _problem(member_id, first, last, day_typed(sent(given, "birth")))
        if first is None or last is None or problem:
            return JSONResponse({"error": problem}, status_code=422)
        return self._accept(member_id, first, self._status(member_id, first, last))

    async def ask_coverage(self, request: Request) -> Response:
        """Accept an eligibility inquiry; its answer is polled for."""
        given = await json_sent(request)
        member_id = sent(given, "memberId").strip().upper()
        birth, day = day_typed(sent(given, "birth")), day_typed(sent(given, "day"))
        problem = _problem(member_id, day, day, birth)
        if birth is None or day is None or problem:
            return JSONResponse({"error": problem}, status_code=422)
        return self._accept(member_id, day, self._coverage(member_id, birth, day))

    async def answer(self, request: Request) -> Response:
        """An inquiry's answer, or that it is not ready."""
        question = self._questions.get(request.path_params["question"])
        if question is None:
            return JSONResponse({"error": "No such inquiry."}, status_code=404)
        if asyncio.get_running_loop().time() < question.ready_at:
            return JSONResponse({"state": "working"})
        return JSONResponse(question.answer)

    async def claim(self, request: Request) -> Response:
        """Everything the portal shows of one claim."""
        claim = self._payer.by_number.get(request.path_params["number"])
        if claim is None:
            return JSONResponse({"error": "No such claim."}, status_code=404)
        return JSONResponse(claim_details(claim, self._patient_shown(claim.patient)))

    async def remittances(self, request: Request) -> Response:
        """What the remittance viewer finds under a check or EFT number."""
        found = self._payer.remittances.get(request.query_params.get("check", "").strip())
        return JSONResponse(
            {
                "found": remittance(found) if found else None,
                "arrival": self._knobs.document or "attachment",
            }
        )

    async def document(self, request: Request) -> Response:
        """The remittance as the payer prints it; a locked one opens with the payee's NPI."""
        trace = request.path_params["trace"]
        found = self._payer.remittances.get(trace)
        if found is None:
            return JSONResponse({"error": "No such remittance."}, status_code=404)
        self.counters.documents += 1
        body = await asyncio.to_thread(self._document, trace)
        manner = self._knobs.document or "attachment"
        kind, media = ("inline" if manner in ("inline", "tab") else "attachment", "application/pdf")
        if manner == "encrypted":
            body = await asyncio.to_thread(draw, self._payer.payer_id, found, found.payee_npi)
        elif manner == "truncated":
            body = body[: len(body) // 2]
        elif manner == "html":
            body = b"<!doctype html><title>Error</title><p>The document could not be made.</p>"
        return Response(
            body,
            media_type=media,
            headers={"Content-Disposition": f'{kind}; filename="remit-{trace}.pdf"'},
        )

    async def correction(self, _: Request) -> Response:
        """A write, which no bot that only observes ever sends."""
        return JSONResponse({"message": "Your corrected claim has been sent."}, status_code=202)

    def _status(self, member_id: str, first: date, last: date) -> dict[str, Any]:
        self.counters.searches += 1
        numbers = self._inquiry.search(member_id, first, last)
        if numbers is None:
            return {"state": "done", "unavailable": UNAVAILABLE}
        if not numbers:
            return {"state": "done", "none": self._no_claims(member_id, first)}
        rows = [claim_row(self._payer.by_number[number]) for number in numbers]
        times = 2 if self._knobs.duplicate_rows else 1
        return {"state": "done", "claims": [row for row in rows for _ in range(times)]}

    def _coverage(self, member_id: str, birth: date, day: date) -> dict[str, Any]:
        self.counters.searches += 1
        held = self._eligibility.search(member_id, birth)
        if held is None:
            return {"state": "done", "unavailable": UNAVAILABLE}
        if not held:
            unknown = member_id not in self._payer.members
            said = MEMBER_UNKNOWN if unknown else BIRTH_DIFFERS
            return {"state": "done", "none": {"tone": "red", "message": said}}
        return {"state": "done", "coverage": coverage(held, day)}

    def _no_claims(self, member_id: str, first: date) -> dict[str, str]:
        """One of three messages that say the same; real payers differ in which they send."""
        if member_id not in self._payer.by_member and member_id not in self._payer.members:
            return {"tone": "red", "message": SUBSCRIBER_UNKNOWN}
        if _digest(member_id, first) % 2:
            return {"tone": "red", "message": NOT_FOUND}
        return {"tone": "amber", "message": NO_RESULTS}

    def _accept(self, member_id: str, day: date, answer: dict[str, Any]) -> Response:
        name = secrets.token_hex(8)
        wait = self._delay * wait_seconds(member_id, day)
        self._questions[name] = Question(asyncio.get_running_loop().time() + wait, answer)
        return JSONResponse({"inquiry": name}, status_code=202)

    def _patient_shown(self, patient: Person) -> Person:
        """Whom a claim's page names: somebody else while the portal mixes them up."""
        if not self._knobs.wrong_patient:
            return patient
        claims = self._payer.by_number.values()
        return next(c.patient for c in claims if c.patient.member_id != patient.member_id)

    def _stale_day(self) -> str | None:
        if not self._knobs.stale_banner:
            return None
        return (self._clock().date() - timedelta(days=4)).isoformat()

    def _page(self, name: str) -> Endpoint:
        async def page(_: Request) -> Response:
            if self._knobs.maintenance:
                return HTMLResponse(
                    f"<!doctype html><title>Harbor Exchange</title><h1>{MAINTENANCE}</h1>"
                )
            return FileResponse(STATIC / name)

        return page

    def _inside(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            refusal = self._door.refusal(request)
            if refusal is not None:
                return refusal
            if self._knobs.maintenance:
                return JSONResponse({"maintenance": MAINTENANCE})
            return await endpoint(request)

        return guarded


def exchange_app(
    payer: Payer,
    account: Account,
    *,
    document: Callable[[str], bytes],
    clock: Clock = utc_now,
    delay: float = 1.0,
    knobs: Knobs | None = None,
    generation: Generation = 2,
) -> Starlette:
    """The clearinghouse with ``payer`` behind it; ``document`` gives a payment's PDF.

    ``delay`` scales the 0-20 s that an inquiry takes, ``generation`` is the claim-status form.
    """
    return ExchangePortal(
        payer,
        account,
        document=document,
        clock=clock,
        delay=delay,
        knobs=knobs or Knobs(),
        generation=generation,
    ).app()


def wait_seconds(member_id: str, day: date) -> float:
    """How long this inquiry takes: 0 to 20 s, most of them a few, the same each time."""
    return SLOWEST_SEARCH_SECONDS * (_digest(member_id, day) / 255) ** 3


def _digest(member_id: str, day: date) -> int:
    return hashlib.sha256(f"{member_id}/{day.isoformat()}".encode()).digest()[0]


def _problem(
    member_id: str, first: date | None, last: date | None, birth: date | None
) -> str | None:
    if not member_id:
        return "Enter a member ID."
    if first is None or last is None or birth is None:
        return "Enter dates as MM/DD/YYYY."
    if first > last:
        return "The From date is after the To date."
    return None if first.year == last.year else "The service dates must be in one calendar year."
