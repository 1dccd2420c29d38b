"""A Medicaid programme's portal: server-rendered pages that post their whole state back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox import medicaid_checkpoints as checkpoints
from sandbox.books import PRACTICE_NPI
from sandbox.documents import draw
from sandbox.inquiry import Eligibility, Inquiry, day_typed
from sandbox.knobs import Knobs
from sandbox.medicaid_eligibility import verify
from sandbox.medicaid_list import PATH as LIST
from sandbox.medicaid_list import ClaimLists
from sandbox.medicaid_pages import (
    COOKIE,
    FOLDER,
    PROVIDERS,
    Form,
    Pages,
    Visit,
    redirect,
    to_login,
    with_cookie,
)
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

POSTBACKS_PER_SESSION = 150
IDLE = timedelta(minutes=15)
INQUIRIES = frozenset({"/ClaimInquiry.aspx", "/Eligibility.aspx", LIST})
PAGES = frozenset({"/Login.aspx", "/Terms.aspx", "/MainMenu.aspx"}) | INQUIRIES
CONTENT = "ctl00$MainContent$"
LOG_OUT = "ctl00$lnkLogOut"
SWITCH = "ctl00$ddlProvider"

REFUSED = "Login failed. Please check your user name and password."
LOCKED = "Your account has been locked."
TERMS_NEEDED = "You must accept the terms of use to continue."
NONE_FOUND = "No claims were found for the criteria entered."
UNAVAILABLE = "The claims system is currently unavailable. Please try your request again later."


class MedicaidPortal:
    """The portal's state and its endpoints, one payer and one account."""

    def __init__(
        self,
        payer: Payer,
        account: Account,
        *,
        document: Callable[[str], bytes],
        clock: Clock,
        knobs: Knobs,
        encrypted: bool,
    ) -> None:
        self._payer = payer
        self._account = account
        self._document = document
        self._knobs = knobs
        self._encrypted = encrypted
        self.counters = Counters()
        self._door = SignIns(account, IDLE, clock, self.counters)
        self._visits: dict[str, Visit] = {}
        self._claims = Inquiry(self._payer)
        self._lists = ClaimLists(payer, self._claims, knobs)
        self._members = Eligibility(self._payer)
        self._pages = Pages(knobs, clock)

    def app(self) -> Starlette:
        """The portal as an ASGI application."""
        return Starlette(
            routes=[
                Route("/", to_login),
                Mount("/Styles", StaticFiles(directory=FOLDER / "static" / "medicaid")),
                *(Route(page, self.page, methods=["GET", "POST"]) for page in sorted(PAGES)),
                Route("/RemittanceAdvice.aspx", self.remittance_advice),
                Route("/sandbox/counters", self.show_counters),
            ],
            middleware=[Middleware(CountWrites, self.counters, PAGES)],
        )

    async def show_counters(self, _: Request) -> Response:
        """What was done to this portal since it started."""
        return JSONResponse(self.counters.as_json())

    async def page(self, request: Request) -> Response:
        """Any page: shown for a GET, its postback handled for a POST."""
        path = request.url.path
        if self._knobs.maintenance:
            return HTMLResponse(checkpoints.MAINTENANCE)
        visit = self._visits.get(request.cookies.get(COOKIE, ""))
        if request.method == "GET" and path == "/Login.aspx":
            return self._login_page(self._new_visit())
        if visit is None or not self._is_alive(visit):
            return self._expired(visit)
        if visit.session and loses_session(self._knobs, self._door, visit.session):
            return self._expired(visit)
        if request.method == "POST":
            form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
            return self._post_back(visit, path, form)
        if visit.session is None:
            return self._expired(visit)
        if not visit.terms_accepted and path != "/Terms.aspx":
            return redirect("/Terms.aspx")
        if path in INQUIRIES:
            if request.query_params.get("t", visit.ticket) != visit.ticket:
                return self._expired(visit)
            visit.ticket = ""
        return self._opened(visit, path)

    def _opened(self, visit: Visit, path: str) -> Response:
        """A page as it opens, nothing asked yet."""
        if path == "/ClaimInquiry.aspx":
            return self._blank_inquiry(visit)
        if path == LIST:
            visit.days, visit.listed, visit.opened = {}, (), None
            return self._list(visit, {})
        if path == "/Eligibility.aspx":
            return self._eligibility(visit)
        if path == "/Terms.aspx":
            return self._terms_page(visit)
        visit.ticket = secrets.token_hex(6)
        return self._render(visit, "menu.html", ticket=visit.ticket)

    async def remittance_advice(self, request: Request) -> Response:
        """The remittance advice as a PDF in the tab, or the expired page without a session."""
        visit = self._visits.get(request.cookies.get(COOKIE, ""))
        if visit is None or not self._is_alive(visit) or not visit.terms_accepted:
            return self._expired(visit)
        trace = request.query_params.get("ra", "").removeprefix("RA")
        if trace not in self._payer.remittances:
            return HTMLResponse("Remittance advice not found.", status_code=404)
        self.counters.documents += 1
        printed = partial(self._printed, trace)
        return await asyncio.to_thread(
            as_sent, printed, f"RA_{trace}.pdf", own="inline", knobs=self._knobs
        )

    def _printed(self, trace: str) -> bytes:
        if self._encrypted or self._knobs.document == "encrypted":
            remittance = self._payer.remittances[trace]
            return draw(self._payer.payer_id, remittance, self._account.document_password)
        return self._document(trace)

    def _is_alive(self, visit: Visit) -> bool:
        return visit.session is None or self._door.is_live(visit.session)

    def _post_back(self, visit: Visit, path: str, form: Form) -> Response:
        newest = (visit.view_state, visit.validation)
        if (form.get("__VIEWSTATE"), form.get("__EVENTVALIDATION")) != newest:
            return self._expired(visit)
        if visit.session is not None:
            visit.postbacks += 1
            if visit.postbacks > POSTBACKS_PER_SESSION:
                return self._expired(visit)
        event = form.get("__EVENTTARGET") or next((n for n in form if "$btn" in n), "")
        if event == LOG_OUT and visit.session is not None:
            self._door.close(visit.session)
            self._visits.pop(visit.visit_id, None)
            return redirect("/Login.aspx")
        if event == SWITCH and visit.terms_accepted and form.get(SWITCH) in PROVIDERS:
            visit.provider = form[SWITCH]
            return self._opened(visit, path)
        handlers: dict[tuple[str, str], Callable[[Visit, Form], Response]] = {
            ("/Login.aspx", "btnLogin"): self._log_in,
            ("/Login.aspx", "btnAnswer"): self._answer_question,
            ("/Login.aspx", "btnRemindLater"): self._enter,
            ("/Terms.aspx", "btnContinue"): self._accept_terms,
            ("/ClaimInquiry.aspx", "btnSearch"): self._search,
            ("/ClaimInquiry.aspx", "gvClaims"): self._grid_event,
            ("/ClaimInquiry.aspx", "btnNewSearch"): self._new_search,
            ("/ClaimInquiry.aspx", "btnVoidClaim"): self._void,
            ("/Eligibility.aspx", "btnVerify"): self._verify,
            (LIST, "btnList"): self._ask_list,
            (LIST, "gvList"): self._list_event,
            (LIST, "btnToList"): self._to_list,
        }
        handler = handlers.get((path, event.removeprefix(CONTENT)))
        signed_in = visit.session is not None
        if handler is None or (path != "/Login.aspx" and not signed_in):
            self.counters.writes += 1
            return self._expired(visit)
        if path in INQUIRIES and not visit.terms_accepted:
            return redirect("/Terms.aspx")
        return handler(visit, form)

    def _log_in(self, visit: Visit, form: Form) -> Response:
        username = form.get(CONTENT + "txtUserName", "").strip()
        if self._knobs.captcha:
            return self._login_page(visit, username=username, message=checkpoints.CHALLENGE_NEEDED)
        verdict = self._door.try_password(username, form.get(CONTENT + "txtPassword", ""))
        if verdict is not Verdict.ACCEPTED:
            return self._login_page(
                visit, username=username, message=LOCKED if verdict is Verdict.LOCKED else REFUSED
            )
        if self._knobs.password_expired:
            return self._checkpoint(visit, checkpoints.EXPIRED)
        if self._knobs.step_up:
            visit.asked = "question"
            return self._checkpoint(visit, checkpoints.QUESTION)
        return self._beyond_password(visit)

    def _answer_question(self, visit: Visit, form: Form) -> Response:
        if visit.asked != "question":
            return self._expired(visit)
        given = form.get(CONTENT + "txtAnswer", "").strip().casefold()
        if not compare_digest(given.encode(), checkpoints.SECURITY_ANSWER.casefold().encode()):
            self.counters.refusals += 1
            return self._checkpoint(visit, checkpoints.QUESTION, message=checkpoints.ANSWER_REFUSED)
        return self._beyond_password(visit)

    def _beyond_password(self, visit: Visit) -> Response:
        visit.asked = "reminder"
        if self._knobs.password_expiring:
            return self._checkpoint(visit, checkpoints.EXPIRING)
        return self._enter(visit, {})

    def _enter(self, visit: Visit, _: Form) -> Response:
        if visit.asked != "reminder":
            return self._expired(visit)
        self._visits.pop(visit.visit_id, None)
        inside = self._new_visit()
        inside.session = self._door.open()
        return with_cookie(redirect("/Terms.aspx"), inside)

    def _accept_terms(self, visit: Visit, form: Form) -> Response:
        if form.get(CONTENT + "chkAccept") != "on":
            return self._terms_page(visit, message=TERMS_NEEDED)
        visit.terms_accepted = True
        return redirect("/MainMenu.aspx")

    def _search(self, visit: Visit, form: Form) -> Response:
        visit.criteria = {
            name: form.get(CONTENT + name, "").strip()
            for name in ("txtRecipientId", "txtFromDate", "txtToDate")
        }
        visit.numbers, visit.page, visit.opened = (), 1, None
        recipient_id = visit.criteria["txtRecipientId"]
        first, last = (day_typed(visit.criteria[name]) for name in ("txtFromDate", "txtToDate"))
        if not recipient_id:
            return self._inquiry(visit, problem="Recipient ID is required.")
        if first is None or last is None:
            return self._inquiry(visit, problem="Enter dates of service as MM/DD/YYYY.")
        if first > last:
            return self._inquiry(visit, problem="The From date is after the To date.")
        self.counters.searches += 1
        ours = visit.provider == PRACTICE_NPI
        numbers = self._claims.search(recipient_id, first, last) if ours else ()
        if numbers is None:
            return self._inquiry(visit, problem=UNAVAILABLE)
        visit.numbers = tuple(n for n in numbers for _ in range(1 + self._knobs.duplicate_rows))
        return self._inquiry(visit, note="" if visit.numbers else NONE_FOUND)

    def _grid_event(self, visit: Visit, form: Form) -> Response:
        verb, _, number = form.get("__EVENTARGUMENT", "").partition("$")
        if number.isdecimal() and verb == "Page" and 1 <= int(number) <= visit.pages:
            visit.page = int(number)
            return self._inquiry(visit)
        shown = visit.shown
        if number.isdecimal() and verb == "Select" and int(number) < len(shown):
            visit.opened = shown[int(number)]
            return self._detail(visit)
        return self._expired(visit)  # an event this page did not offer

    def _ask_list(self, visit: Visit, form: Form) -> Response:
        self.counters.searches += 1
        return self._list(visit, self._lists.ask(visit, form))

    def _list_event(self, visit: Visit, form: Form) -> Response:
        shown = self._lists.event(visit, form.get("__EVENTARGUMENT", ""))
        if shown == "claim":
            return self._detail(visit, from_list=True)
        return self._list(visit, {}) if shown else self._expired(visit)

    def _to_list(self, visit: Visit, _: Form) -> Response:
        return self._list(visit, {})

    def _list(self, visit: Visit, said: dict[str, str]) -> Response:
        return self._render(visit, "list.html", **self._lists.values(visit) | said)

    def _new_search(self, visit: Visit, _: Form) -> Response:
        return self._blank_inquiry(visit)

    def _void(self, visit: Visit, _: Form) -> Response:
        if visit.opened is None:
            return self._expired(visit)
        self.counters.writes += 1
        return self._detail(visit, note="The void request has been submitted.")

    def _verify(self, visit: Visit, form: Form) -> Response:
        asked, told = verify(self._members, form, self.counters)
        return self._eligibility(visit, asked, **told)

    def _eligibility(self, visit: Visit, asked: Form | None = None, **values: Any) -> Response:
        nothing = {"problem": "", "note": "", "membership": None, "active": False, "day": None}
        return self._render(visit, "eligibility.html", asked=asked or {}, **nothing | values)

    def _new_visit(self) -> Visit:
        visit = Visit(secrets.token_hex(12))
        self._visits[visit.visit_id] = visit
        return visit

    def _login_page(self, visit: Visit, *, username: str = "", message: str = "") -> Response:
        return self._render(visit, "login.html", username=username, message=message)

    def _checkpoint(
        self, visit: Visit, page: checkpoints.Checkpoint, *, message: str = ""
    ) -> Response:
        return self._render(visit, "checkpoint.html", message=message, **asdict(page))

    def _terms_page(self, visit: Visit, *, message: str = "") -> Response:
        return self._render(visit, "terms.html", message=message)

    def _blank_inquiry(self, visit: Visit) -> Response:
        visit.criteria, visit.numbers, visit.page, visit.opened = {}, (), 1, None
        return self._inquiry(visit)

    def _inquiry(self, visit: Visit, *, problem: str = "", note: str = "") -> Response:
        return self._render(
            visit,
            "inquiry.html",
            criteria=visit.criteria,
            claims=[self._payer.by_number[number] for number in visit.shown],
            total=len(visit.numbers),
            page=visit.page,
            pages=visit.pages,
            problem=problem,
            note=note,
        )

    def _detail(self, visit: Visit, *, note: str = "", from_list: bool = False) -> Response:
        claim = as_shown(self._payer.by_number[str(visit.opened)], self._payer, self._knobs)
        return self._render(
            visit,
            "detail.html",
            claim=claim,
            has_advice=claim.trace_number in self._payer.remittances,
            note=note,
            from_list=from_list,
        )

    def _render(self, visit: Visit, template: str, **values: Any) -> Response:
        page = self._pages.draw(visit, template, **values)
        return with_cookie(HTMLResponse(page, headers={"Cache-Control": "private"}), visit)

    def _expired(self, visit: Visit | None) -> Response:
        if visit is not None:
            self._door.expire(visit.session)
            self._visits.pop(visit.visit_id, None)
        return HTMLResponse(self._pages.expired())


def medicaid_app(
    payer: Payer,
    account: Account,
    *,
    document: Callable[[str], bytes],
    clock: Clock = utc_now,
    delay: float = 1.0,
    knobs: Knobs | None = None,
    encrypted: bool = False,
) -> Starlette:
    """The Medicaid portal over ``payer``, which answers at once whatever ``delay`` is.

    ``encrypted`` remittance advices open with the account's document password only.
    """
    return MedicaidPortal(
        payer,
        account,
        document=document,
        clock=clock,
        knobs=knobs or Knobs(),
        encrypted=encrypted,
    ).app()
