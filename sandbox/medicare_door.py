"""The way into the Medicare contractor's portal: passwords, mailed codes, and what locks an id."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest

from sandbox.mailbox import Mailbox
from sandbox.sessions import Account, Clock, Counters

IDLE = timedelta(minutes=15)
REFUSALS_TO_LOCK = 3
REFUSALS_WITHIN = timedelta(minutes=120)
CODES_PER_LOGIN = 3
CODE_LASTS = timedelta(hours=12)
ACKNOWLEDGED_FOR = timedelta(days=14)
SENDER = "Tri-Rivers Medicare Portal <no-reply@portal.tri-rivers.example>"
SUBJECT = "Your portal security code"


class Refused(StrEnum):
    """Why somebody does not get in, as the portal says it."""

    PASSWORD = "The user ID or password you entered is not correct."
    LOCKED = "Your account is locked. Ask your organization's administrator to unlock it."
    UNCLEAN = (
        "Your account is locked because you left without logging out. Try again in 15 minutes."
    )
    CODE = "The security code you entered is not correct."
    SUPERSEDED = "A newer security code was sent. Enter the newest code."
    EXPIRED = "The security code has expired. Request a new code."


@dataclass(slots=True)
class MedicareDoor:
    """One account's door, and the one session that may be open.

    Three refusals within two hours lock the id for good, and so does a fourth code asked for in
    one login. Whoever leaves without logging out is kept out until the session has run idle.
    """

    account: Account
    mailbox: Mailbox
    clock: Clock
    counters: Counters = field(default_factory=Counters)
    _refusals: list[datetime] = field(default_factory=list)
    _locked: bool = False
    _codes: dict[str, datetime] = field(default_factory=dict)  # still known, and when each was made
    _newest: str = ""
    _token: str | None = None
    _last_seen: datetime | None = None
    _acknowledged: datetime | None = None

    def try_password(self, username: str, password: str) -> Refused | None:
        """Judge a password; None lets in as far as the code."""
        named = compare_digest(username.encode(), self.account.username.encode())
        right = compare_digest(password.encode(), self.account.password.encode())
        if not named:
            self.counters.refusals += 1
            return Refused.PASSWORD
        if self._locked or not right:
            return self._refuse(Refused.PASSWORD)
        if self.is_open():
            self.counters.locks += 1
            return Refused.UNCLEAN
        return None

    def send_code(self, asked: int, *, by_mail: bool) -> Refused | None:
        """Send the ``asked``-th code of one login, which makes all earlier ones worthless."""
        if asked > CODES_PER_LOGIN and not self._locked:
            self._locked = True
            self.counters.locks += 1
        if self._locked:
            return Refused.LOCKED
        self._mail_code(by_mail=by_mail)
        if self.mailbox.superseded:
            self._mail_code(by_mail=by_mail, seconds=self.mailbox.late)
        return None

    def _mail_code(self, *, by_mail: bool, seconds: float = 0.0) -> None:
        self._newest = f"{secrets.randbelow(1_000_000):06d}"
        made = self.clock() - (CODE_LASTS if self.mailbox.expired else timedelta())
        self._codes[self._newest] = made
        if by_mail:
            text = (
                f"Your security code is {self._newest}.\n\nIt is valid for 12 hours or until you "
                "ask for another one.\nTri-Rivers Medicare Services never asks you for it by phone."
            )
            self.mailbox.deliver(SENDER, SUBJECT, text, seconds=seconds)

    def try_code(self, code: str) -> Refused | None:
        """Judge a code; the newest lets in once."""
        made = self._codes.get(code)
        if self._locked or made is None:
            return self._refuse(Refused.CODE)
        if code != self._newest:
            return self._refuse(Refused.SUPERSEDED)
        if self.clock() - made >= CODE_LASTS:
            return Refused.EXPIRED
        self._codes.clear()
        return None

    def open(self) -> str:
        """Begin a session and return its token."""
        self.counters.logins += 1
        if self.is_open():
            self.counters.concurrent_sessions += 1
        self._token, self._last_seen = secrets.token_urlsafe(24), self.clock()
        return self._token

    def is_open(self) -> bool:
        """Whether a session was neither logged out nor has run idle."""
        if self._token is None or self._last_seen is None:
            return False
        if self.clock() - self._last_seen >= IDLE:
            self.expire(self._token)
            return False
        return True

    def is_live(self, token: str | None) -> bool:
        """Whether this is the open session; asking keeps it from going idle."""
        if token is None or token != self._token or not self.is_open():
            return False
        self._last_seen = self.clock()
        return True

    def close(self, token: str | None) -> None:
        """End the session as its owner asked."""
        if token is not None and token == self._token:
            self._token = None

    def expire(self, token: str | None) -> None:
        """End the session because the portal says so."""
        if token is not None and token == self._token:
            self._token = None
            self.counters.expired_sessions += 1

    def wants_acknowledgement(self) -> bool:
        """Whether the last security acknowledgement is two weeks old, or there was none."""
        last = self._acknowledged
        return last is None or self.clock() - last >= ACKNOWLEDGED_FOR

    def acknowledge(self) -> None:
        """The user has accepted the security acknowledgement."""
        self._acknowledged = self.clock()

    def _refuse(self, why: Refused) -> Refused:
        self.counters.refusals += 1
        if self._locked:
            return Refused.LOCKED
        now = self.clock()
        self._refusals = [one for one in self._refusals if now - one < REFUSALS_WITHIN]
        self._refusals.append(now)
        if len(self._refusals) < REFUSALS_TO_LOCK:
            return why
        self._locked = True
        self.counters.locks += 1
        return Refused.LOCKED
