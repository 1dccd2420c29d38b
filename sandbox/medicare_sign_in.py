"""The pages between the Medicare contractor's login form and its portal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.knobs import Knobs
from sandbox.medicare_door import MedicareDoor, Refused
from sandbox.medicare_pages import COOKIE, Form, Pages, Stage, Visit, new_visit, redirect

LOGIN, CHALLENGE, EXPIRED = "/login", "/login/check", "/login/password"
METHOD, CODE, AGAIN = "/login/method", "/login/code", "/login/code/again"
REMINDER, NOTICE, STEP_UP = "/login/reminder", "/login/acknowledgement", "/login/verify"
HOME, CLAIMS = "/home", "/claims"
READING_POSTS = frozenset({LOGIN, CHALLENGE, METHOD, CODE, AGAIN, REMINDER, NOTICE, STEP_UP})

PAGE_OF: dict[Stage, str] = {
    "password": LOGIN,
    "challenge": CHALLENGE,
    "expired": EXPIRED,
    "method": METHOD,
    "code": CODE,
    "reminder": REMINDER,
    "notice": NOTICE,
    "in": HOME,
}
MAINTENANCE = "The portal is closed for maintenance until 6 a.m. CT."
ACKNOWLEDGEMENT = (
    "You are accessing a U.S. Government information system. This simulated notice stands for the "
    "one that users accept every two weeks: usage may be monitored, and unauthorized use is "
    "prohibited.",
    "Automated status inquiry is permitted to organizations that have registered it. Each user "
    "must log out at the end of a session.",
)


class MedicareSignIn:
    """From the password to the home page, one stage after another."""

    def __init__(
        self, door: MedicareDoor, pages: Pages, knobs: Knobs, visits: dict[str, Visit]
    ) -> None:
        self._door = door
        self._pages = pages
        self._knobs = knobs
        self._visits = visits

    def routes(self) -> list[Route]:
        """The pages, each for those who have come so far and no further."""
        both = ["GET", "POST"]
        return [
            Route(LOGIN, self.login, methods=both),
            Route(CHALLENGE, self._at("challenge", self._challenge), methods=both),
            Route(EXPIRED, self._at("expired", self._expired), methods=both),
            Route(METHOD, self._at("method", self._method), methods=both),
            Route(CODE, self._at("code", self._code), methods=both),
            Route(AGAIN, self._at("code", self._again), methods=["POST"]),
            Route(REMINDER, self._at("reminder", self._reminder), methods=both),
            Route(NOTICE, self._at("notice", self._notice), methods=both),
        ]

    async def login(self, request: Request) -> Response:
        """The user ID and the password."""
        if self._knobs.maintenance:
            return self._pages.notice(Visit(""), "Scheduled Maintenance", MAINTENANCE)
        if request.method == "GET":
            return self._pages.show(new_visit(self._visits), "login.html", username="", message="")
        visit = self._visits.get(request.cookies.get(COOKIE, "")) or new_visit(self._visits)
        form = await form_of(request)
        username = form.get("userId", "").strip()
        refused = self._door.try_password(username, form.get("password", ""))
        if refused is not None:
            return self._pages.show(visit, "login.html", username=username, message=refused)
        self._visits.pop(visit.visit_id, None)
        visit = new_visit(self._visits)
        visit.stage = "method"
        if self._knobs.captcha:
            visit.stage = "challenge"
        elif self._knobs.password_expired:
            visit.stage = "expired"
        answer = redirect(PAGE_OF[visit.stage])
        answer.set_cookie(COOKIE, visit.visit_id, httponly=True, samesite="lax")
        return answer

    def _challenge(self, visit: Visit, form: Form | None) -> Response:
        message = "The characters do not match the picture." if form is not None else ""
        return self._pages.show(visit, "challenge.html", message=message)

    def _expired(self, visit: Visit, form: Form | None) -> Response:
        return self._pages.show(visit, "expired.html", message="")

    def _method(self, visit: Visit, form: Form | None) -> Response:
        if form is None or form.get("method") not in ("email", "text"):
            message = "Choose how to receive your code." if form is not None else ""
            return self._pages.show(visit, "method.html", message=message)
        visit.by_mail = form["method"] == "email"
        return self._send(visit)

    def _again(self, visit: Visit, _: Form | None) -> Response:
        return self._send(visit)

    def _send(self, visit: Visit) -> Response:
        visit.codes_asked += 1
        refused = self._door.send_code(visit.codes_asked, by_mail=visit.by_mail)
        if refused is not None:
            return self._pages.show(visit, "login.html", username="", message=refused)
        visit.stage = "code"
        return redirect(CODE)

    def _code(self, visit: Visit, form: Form | None) -> Response:
        refused = self._door.try_code(form.get("code", "").strip()) if form is not None else None
        if form is None or refused is not None:
            return self._code_page(visit, CODE, refused)
        visit.session = self._door.open()
        return self._further(visit, reminded=not self._knobs.password_expiring)

    def _code_page(self, visit: Visit, action: str, refused: Refused | None) -> Response:
        return self._pages.show(
            visit, "code.html", by_mail=visit.by_mail, action=action, message=refused or ""
        )

    def _reminder(self, visit: Visit, form: Form | None) -> Response:
        if form is not None and form.get("answer") == "later":
            return self._further(visit, reminded=True)
        return self._pages.notice(
            visit,
            "Your password expires in 5 days",
            "Passwords are changed every 60 days.",
            buttons=(("later", "Remind Me Later"), ("change", "Change Password")),
            message="Password changes are closed today." if form is not None else "",
        )

    def _notice(self, visit: Visit, form: Form | None) -> Response:
        answer = form.get("answer") if form is not None else None
        if answer == "accept":
            self._door.acknowledge()
            return self._further(visit, reminded=True)
        if answer == "decline":
            self._door.close(visit.session)
            self._visits.pop(visit.visit_id, None)
            return redirect("/logged-out")
        return self._pages.notice(
            visit,
            "Security Acknowledgement",
            *ACKNOWLEDGEMENT,
            buttons=(("accept", "Accept"), ("decline", "Decline")),
        )

    def _further(self, visit: Visit, *, reminded: bool) -> Response:
        """To whatever still stands before the home page."""
        visit.stage = "in"
        if self._door.wants_acknowledgement():
            visit.stage = "notice"
        if not reminded:
            visit.stage = "reminder"
        return redirect(PAGE_OF[visit.stage])

    async def verify_again(self, request: Request, visit: Visit) -> Response:
        """A second code, before the claims are shown."""
        if request.method == "GET":
            self._door.send_code(1, by_mail=True)
            return self._code_page(visit, STEP_UP, None)
        refused = self._door.try_code((await form_of(request)).get("code", "").strip())
        if refused is not None:
            return self._code_page(visit, STEP_UP, refused)
        visit.verified_again = True
        return redirect(CLAIMS)

    def _at(
        self, stage: Stage, page: Callable[[Visit, Form | None], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            visit = self._visits.get(request.cookies.get(COOKIE, ""))
            if visit is None:
                return redirect(LOGIN)
            if visit.stage != stage:
                return redirect(PAGE_OF[visit.stage])
            return page(visit, await form_of(request) if request.method == "POST" else None)

        return answer


async def form_of(request: Request) -> Form:
    """What was sent, by field."""
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
