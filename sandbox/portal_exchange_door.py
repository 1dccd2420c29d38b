"""How one signs in to the simulated clearinghouse: a password, then a code by a chosen way."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from hmac import compare_digest
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.knobs import Knobs
from sandbox.sessions import Account, Clock, Counters, SignIns, Verdict

IDLE = timedelta(minutes=30)  # an assumption: no published figure was found for such a portal
COOKIE = "hx_session"

REFUSED = "We do not recognize this user ID and password."
CODE_REFUSED = "This code is not valid. Codes work once and for a short time."
LOCKED = "Your account is locked. Contact your organization's administrator."
ENDED = "Your session has ended. Please sign in again."
STOLEN = "You have been signed out because your user ID signed in on another device."


class ExchangeDoor:
    """One account's way in and out."""

    def __init__(self, account: Account, clock: Clock, counters: Counters, knobs: Knobs) -> None:
        self._clock = clock
        self._knobs = knobs
        self._door = SignIns(account, IDLE, clock, counters)
        self._password_given: dict[str, str] = {}  # token -> the e-mailed code, empty without one
        self._mail: list[dict[str, str]] = []

    def is_live(self, request: Request) -> bool:
        """Whether the request comes from the open session."""
        return self._door.is_live(request.cookies.get(COOKIE))

    async def mailbox(self, _: Request) -> Response:
        """The simulated mailbox that e-mailed codes go to."""
        return JSONResponse(self._mail)

    async def login(self, request: Request) -> Response:
        """The password; then the way to send the code is chosen."""
        given = await json_sent(request)
        if self._knobs.captcha:
            return JSONResponse({"next": "challenge"})
        verdict = self._door.try_password(sent(given, "userId").strip(), sent(given, "password"))
        if verdict is not Verdict.ACCEPTED:
            return JSONResponse({"error": LOCKED if verdict is Verdict.LOCKED else REFUSED})
        if self._knobs.password_expired:
            return JSONResponse({"next": "expired"})
        token = secrets.token_urlsafe(24)
        self._password_given[token] = ""
        unusual = self._knobs.step_up
        methods = ["email"] if unusual else ["app", "email"]
        return _with_cookie({"next": "method", "methods": methods, "unusual": unusual}, token)

    async def method(self, request: Request) -> Response:
        """How the code comes; an e-mailed one replaces any that was sent before."""
        token = request.cookies.get(COOKIE, "")
        if token not in self._password_given:
            return JSONResponse({"error": ENDED}, status_code=401)
        chosen = sent(await json_sent(request), "method")
        if chosen == "email":
            self._password_given[token] = self._send_code()
        elif chosen != "app" or self._knobs.step_up:
            return JSONResponse({"error": "Choose one of the methods."})
        return JSONResponse({"next": "verify"})

    async def verify(self, request: Request) -> Response:
        """The second factor; a session begins, and any other of this account ends."""
        token = request.cookies.get(COOKIE, "")
        if token not in self._password_given:
            return JSONResponse({"error": ENDED}, status_code=401)
        code = sent(await json_sent(request), "code").strip()
        mailed = self._password_given[token]
        if not (mailed and compare_digest(code.encode(), mailed.encode())):
            verdict = self._door.try_code(code)
            if verdict is not Verdict.ACCEPTED:
                locked = verdict is Verdict.LOCKED
                return JSONResponse({"error": LOCKED if locked else CODE_REFUSED})
        del self._password_given[token]
        after = "expiring" if self._knobs.password_expiring else "home"
        return _with_cookie({"next": after}, self._door.open())

    async def logout(self, request: Request) -> Response:
        """The end of the session, as asked."""
        self._door.close(request.cookies.get(COOKIE))
        answer = JSONResponse({"signedOut": True})
        answer.delete_cookie(COOKIE)
        return answer

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request without the open session; None when it has it.

        Counts down to the end of a session that the knobs have set.
        """
        token = request.cookies.get(COOKIE)
        if not self._door.is_live(token):
            return JSONResponse({"error": ENDED}, status_code=401)
        for knob, why in (("ends_session_after", ENDED), ("stolen_after", STOLEN)):
            left: int | None = getattr(self._knobs, knob)
            if left is None:
                continue
            setattr(self._knobs, knob, left - 1 if left else None)
            if not left:
                self._door.expire(token)
                return JSONResponse({"error": why}, status_code=401)
        return None

    def _send_code(self) -> str:
        code = f"{secrets.randbelow(1_000_000):06d}"
        self._mail.append(
            {
                "id": str(len(self._mail) + 1),
                "from": "no-reply@harbor-exchange.example",
                "subject": "Your Harbor Exchange code",
                "received": self._clock().isoformat(),
                "text": f"Your Harbor Exchange verification code is {code}.",
            }
        )
        return code


async def json_sent(request: Request) -> dict[str, Any]:
    """The JSON object that was posted; an empty one for anything else."""
    try:
        given = json.loads(await request.body())
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def sent(given: dict[str, Any], name: str) -> str:
    """One text of what was posted; empty when it is missing."""
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


def _with_cookie(answer: dict[str, Any], token: str) -> Response:
    response = JSONResponse(answer)
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax")
    return response
