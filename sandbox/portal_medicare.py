"""A Medicare contractor's portal: mailed codes at the door, and claims only ever "Processed"."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.documents import draw
from sandbox.inquiry import Eligibility, Inquiry, day_typed
from sandbox.knobs import Knobs
from sandbox.mailbox import Mailbox, mailbox_app, make_mailbox
from sandbox.medicare_coverage import coverage, latest_day, oldest_day
from sandbox.medicare_door import MedicareDoor
from sandbox.medicare_pages import COOKIE, PTAN, Form, Pages, Visit, day_text, redirect
from sandbox.medicare_sign_in import (
    CLAIMS,
    HOME,
    LOGIN,
    MAINTENANCE,
    PAGE_OF,
    READING_POSTS,
    STEP_UP,
    MedicareSignIn,
    form_of,
)
from sandbox.sessions import Account, Clock, CountWrites, utc_now
from sandbox.world import Payer, PayerClaim, Person

VIEW, ELIGIBILITY = "/claims/view", "/eligibility"
WHO = ("medicareNumber", "lastName", "firstName", "birthDate")
PROGRAMS = ("Part A", "Part B")
FIRST_DAY, LAST_DAY = date(1966, 7, 1), date(2199, 12, 31)

BENEFICIARY = "Beneficiary information is invalid"
PROVIDER = "Provider information is invalid"
NONE_FOUND = "No claims were found for this beneficiary."
UNAVAILABLE = "The claims system is not available at this time. Please try again later."
NOT_ON_FILE = "No beneficiary with this Medicare number and date of birth is on file."
NOT_ASKED_ABOUT = "Eligibility is shown for 12 months back and 4 months ahead only."
STOLEN = "Your session was ended because your user ID signed in elsewhere."
ENDED = "Your session was ended for your security. Log in again."

Endpoint = Callable[[Request, Visit], Awaitable[Response]]


class MedicarePortal:
    """The portal's state and its endpoints, one payer, one account and its mailbox."""

    def __init__(
        self,
        payer: Payer,
        account: Account,
        *,
        mailbox: Mailbox,
        document: Callable[[str], bytes],
        clock: Clock,
        delay: float,
        knobs: Knobs,
    ) -> None:
        self._payer = payer
        self._account = account
        self._document = document
        self._clock = clock
        self._delay = delay
        self._knobs = knobs
        self._mailbox = mailbox
        self._door = MedicareDoor(account, mailbox, clock)
        self.counters = self._door.counters
        self._visits: dict[str, Visit] = {}
        self._pages = Pages(knobs)
        self._sign_in = MedicareSignIn(self._door, self._pages, knobs, self._visits)
        self._inquiry = Inquiry(payer)
        self._cover = Eligibility(payer)
        self._people = _people(payer)

    def app(self) -> Starlette:
        """The portal as an ASGI application; the mailbox's page is beneath ``/sandbox/mailbox``."""
        both = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/", _to_login),
                *self._sign_in.routes(),
                Route(STEP_UP, self._inside(self._sign_in.verify_again), methods=both),
                Route(HOME, self._inside(self.home)),
                Route(CLAIMS, self._inside(self.claims), methods=both),
                Route("/claims/results", self._inside(self.results)),
                Route(VIEW, self._inside(self.view), methods=["POST"]),
                Route("/claims/appeal", self._inside(self.appeal), methods=["POST"]),
                Route("/remittance", self._inside(self.remittance)),
                Route(ELIGIBILITY, self._inside(self.eligibility), methods=both),
                Route("/logout", self.log_out),
                Route("/logged-out", self.logged_out),
                Route("/sandbox/counters", self.show_counters),
                Mount("/sandbox/mailbox", mailbox_app(self._mailbox)),
            ],
            middleware=[
                Middleware(CountWrites, self.counters, READING_POSTS | {CLAIMS, VIEW, ELIGIBILITY}),
            ],
        )

    async def show_counters(self, _: Request) -> Response:
        """What was done to this portal since it started."""
        return JSONResponse(self.counters.as_json())

    async def home(self, _: Request, visit: Visit) -> Response:
        """Where work begins."""
        return self._pages.show(visit, "home.html")

    async def claims(self, request: Request, visit: Visit) -> Response:
        """The claim status inquiry, and what it found."""
        if self._knobs.step_up and not visit.verified_again:
            return redirect(STEP_UP)
        if request.method == "GET":
            visit.criteria, visit.numbers = {}, None
            return self._claims_page(visit)
        visit.criteria, visit.numbers = await form_of(request), None
        problem = self._problem(visit.criteria)
        if problem:
            return self._claims_page(visit, problem=problem)
        self.counters.searches += 1
        await asyncio.sleep(self._delay)
        number = visit.criteria["medicareNumber"]
        first = day_typed(visit.criteria.get("fromDate", "")) or FIRST_DAY
        last = day_typed(visit.criteria.get("toDate", "")) or LAST_DAY
        visit.numbers = self._inquiry.search(number, first, last)
        if visit.numbers is None:
            return self._claims_page(visit, problem=UNAVAILABLE)
        return self._claims_page(visit)

    async def results(self, _: Request, visit: Visit) -> Response:
        """The newest results once more."""
        return self._claims_page(visit) if visit.numbers else redirect(CLAIMS)

    async def view(self, request: Request, visit: Visit) -> Response:
        """ "View Claim": the row's place comes with the form."""
        row = (await form_of(request)).get("row", "")
        shown = self._shown(visit)
        if not row.isdecimal() or int(row) >= len(shown):
            return redirect(CLAIMS)
        return self._claim_page(visit, shown[int(row)])

    async def appeal(self, request: Request, visit: Visit) -> Response:
        """A redetermination asked for: what no bot may do."""
        number = (await form_of(request)).get("icn", "")
        claim = self._payer.by_number.get(number)
        note = "Your redetermination request was received."
        return self._claim_page(visit, claim, note=note) if claim else redirect(CLAIMS)

    async def remittance(self, request: Request, visit: Visit) -> Response:
        """The remittance advice as a PDF, in whatever way it arrives today."""
        trace = request.query_params.get("payment", "")
        if trace not in self._payer.remittances:
            return HTMLResponse("There is no such remittance advice.", status_code=404)
        self.counters.documents += 1
        how = self._knobs.document
        if how == "encrypted":
            locked = self._payer.remittances[trace], self._account.document_password
            body = await asyncio.to_thread(draw, self._payer.payer_id, *locked)
        else:
            body = await asyncio.to_thread(self._document, trace)
        if how == "html":
            body = b"<html><body><h1>500</h1><p>The document server did not answer.</p></body>"
        if how == "truncated":
            body = body[: len(body) // 2]
        kind = "inline" if how in (None, "inline", "tab") else "attachment"
        return Response(
            body,
            media_type="application/pdf",
            headers={"Content-Disposition": f'{kind}; filename="remittance-{trace}.pdf"'},
        )

    async def eligibility(self, request: Request, visit: Visit) -> Response:
        """Whether a beneficiary is covered on a day, and who pays first."""
        today = self._clock().date()
        limits = f"{day_text(oldest_day(today))} - {day_text(latest_day(today))}"
        if request.method == "GET":
            return self._pages.show(
                visit, "eligibility.html", criteria={}, problem="", cover=None, limits=limits
            )
        form = await form_of(request)
        day, birth = (day_typed(form.get(name, "")) for name in ("date", "birthDate"))
        problem, cover = "", None
        if not _is_filled_in(form) or birth is None:
            problem = BENEFICIARY
        elif day is None or not oldest_day(today) <= day <= latest_day(today):
            problem = NOT_ASKED_ABOUT
        else:
            self.counters.searches += 1
            held = self._cover.search(form["medicareNumber"], birth)
            if held:
                cover = coverage(held, day, self._pages.money)
            else:
                problem = UNAVAILABLE if held is None else NOT_ON_FILE
        return self._pages.show(
            visit, "eligibility.html", criteria=form, problem=problem, cover=cover, limits=limits
        )

    async def log_out(self, request: Request) -> Response:
        """The end of the session, as asked."""
        visit = self._visits.pop(request.cookies.get(COOKIE, ""), None)
        if visit is not None:
            self._door.close(visit.session)
        return redirect("/logged-out")

    async def logged_out(self, _: Request) -> Response:
        """What is seen after that."""
        return self._pages.notice(Visit(""), "You have logged out", "You may close this window.")

    def _inside(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if self._knobs.maintenance:
                return self._pages.notice(Visit(""), "Scheduled Maintenance", MAINTENANCE)
            visit = self._visits.get(request.cookies.get(COOKIE, ""))
            if visit is None:
                return redirect(LOGIN)
            if visit.stage != "in":
                return redirect(PAGE_OF[visit.stage])
            if not self._door.is_live(visit.session):
                return self._ended(visit, ENDED)
            if self._counts_down("ends_session_after"):
                return self._ended(visit, ENDED)
            if self._counts_down("stolen_after"):
                self.counters.concurrent_sessions += 1
                return self._ended(visit, STOLEN)
            return await endpoint(request, visit)

        return answer

    def _counts_down(self, knob: str) -> bool:
        """Whether the requests that this knob still allowed are used up."""
        left = getattr(self._knobs, knob)
        if left is not None:
            setattr(self._knobs, knob, left - 1 if left else None)
        return left == 0

    def _ended(self, visit: Visit, why: str) -> Response:
        self._door.expire(visit.session)
        self._visits.pop(visit.visit_id, None)
        return self._pages.notice(Visit(""), "Session Ended", why)

    def _problem(self, form: Form) -> str:
        """Why this search is not made, as the portal says it."""
        digits = re.sub(r"\D", "", form.get("taxId", ""))
        provider = (
            len(digits) == 9
            and re.fullmatch(r"\d{10}", form.get("npi", ""))
            and form.get("ptan") == PTAN
            and form.get("program") in PROGRAMS
        )
        if not provider:
            return PROVIDER
        if not self._is_beneficiary(form):
            return BENEFICIARY
        for name in ("fromDate", "toDate"):
            if form.get(name) and day_typed(form[name]) is None:
                return "Enter dates of service as MM/DD/YYYY."
        return ""

    def _is_beneficiary(self, form: Form) -> bool:
        """Whether number, names and birth date go together, as far as the payer knows."""
        if not _is_filled_in(form):
            return False
        given = [form[name] for name in WHO]
        known = self._people.get(given[0])
        return known is None or (_plain(given[1]), _plain(given[2]), given[3]) in known

    def _shown(self, visit: Visit) -> list[PayerClaim]:
        """The claims of the results; under the knob each with a namesake's name."""
        claims = [self._payer.by_number[number] for number in visit.numbers or ()]
        if self._knobs.wrong_patient:
            claims = [replace(claim, patient=_somebody_else(claim.patient)) for claim in claims]
        return claims * 2 if self._knobs.duplicate_rows else claims

    def _claims_page(self, visit: Visit, *, problem: str = "") -> Response:
        claims = self._shown(visit)
        return self._pages.show(
            visit,
            "claims.html",
            criteria=visit.criteria,
            programs=PROGRAMS,
            ptan=PTAN,
            rows=self._pages.rows(claims),
            problem=problem,
            note=NONE_FOUND if visit.numbers == () else "",
            as_of=day_text(self._clock().date() - timedelta(days=9)),
        )

    def _claim_page(self, visit: Visit, claim: PayerClaim, *, note: str = "") -> Response:
        return self._pages.show(
            visit,
            "claim.html",
            facts=self._pages.facts(claim, self._payer, visit.criteria.get("npi", "")),
            lines=self._pages.lines(claim),
            icn=claim.payer_claim_number,
            payment=claim.trace_number if claim.trace_number in self._payer.remittances else "",
            note=note,
        )


def medicare_app(
    payer: Payer,
    account: Account,
    *,
    document: Callable[[str], bytes],
    clock: Clock = utc_now,
    delay: float = 1.0,
    knobs: Knobs | None = None,
) -> Starlette:
    """The Medicare contractor's portal over ``payer``; ``delay`` is a search's seconds.

    Its ``state.mailbox`` is where the codes go.
    """
    mailbox = make_mailbox(account.username, clock=clock)
    portal = MedicarePortal(
        payer,
        account,
        mailbox=mailbox,
        document=document,
        clock=clock,
        delay=delay,
        knobs=knobs or Knobs(),
    )
    app = portal.app()
    app.state.mailbox = mailbox
    return app


def _is_filled_in(form: Form) -> bool:
    """Whether the beneficiary's four fields hold something, with no space before or after it."""
    given = [form.get(name, "") for name in WHO]
    return all(given) and all(text == text.strip() for text in given)


def _people(payer: Payer) -> dict[str, set[tuple[str, str, str]]]:
    """Last name, first name and birth date of everyone known under a Medicare number."""
    everyone: list[Person] = [claim.patient for claim in payer.by_number.values()]
    everyone += [billed.patient for billed in payer.billed]
    everyone += [one.person for held in payer.members.values() for one in held]
    known: dict[str, set[tuple[str, str, str]]] = {}
    for person in everyone:
        names = (_plain(person.last), _plain(person.first), day_text(person.birth))
        known.setdefault(person.member_id, set()).add(names)
    return known


def _plain(name: str) -> str:
    return name.casefold()


def _somebody_else(person: Person) -> Person:
    other = "5" if person.member_id[-1] != "5" else "6"
    return replace(
        person, birth=person.birth + timedelta(days=400), member_id=person.member_id[:-1] + other
    )


async def _to_login(_: Request) -> Response:
    return redirect(LOGIN)
