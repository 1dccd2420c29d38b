"""Who may sign in to a simulated portal, and the counts a test asks for afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from hmac import compare_digest
from random import Random

import pyotp
from starlette.types import ASGIApp, Receive, Scope, Send

Clock = Callable[[], datetime]

REFUSALS_TO_LOCK = 3
CODE_SECONDS = 30
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def utc_now() -> datetime:
    """The instant, as the portals' clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """A portal login.

    ``totp`` is the Base32 secret of its second factor, ``document_password`` opens its documents
    where the portal locks them.
    """

    username: str
    password: str
    totp: str
    document_password: str


def make_account(seed: int, payer_id: str) -> Account:
    """The one account of a portal: the same for the same seed, and it opens nothing real."""
    random = Random(f"{seed}/{payer_id}/account")
    word = "".join(random.choices(_LETTERS, k=10))
    return Account(
        username=f"larkspur.billing{random.randrange(100, 1000)}",
        password=f"{word.capitalize()}-{random.randrange(1000, 10000)}!",
        totp="".join(random.choices(_BASE32, k=32)),
        document_password=f"RA-{random.randrange(10_000_000, 100_000_000)}",
    )


class Verdict(Enum):
    """What came of a password or a code."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOCKED = "locked"


@dataclass(slots=True)
class Counters:
    """What was done to a portal since it started.

    ``concurrent_sessions`` counts sign-ins that ended a session still in use, ``two_at_once``
    requests in a session that a later sign-in has ended, ``writes`` every request that could have
    changed something.
    """

    logins: int = 0
    refusals: int = 0
    locks: int = 0
    concurrent_sessions: int = 0
    two_at_once: int = 0
    expired_sessions: int = 0
    searches: int = 0
    documents: int = 0
    writes: int = 0

    def as_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


@dataclass(slots=True)
class SignIns:
    """One account's door: passwords, codes, the lock, and the one session that may be open."""

    account: Account
    idle: timedelta
    clock: Clock
    counters: Counters = field(default_factory=Counters)
    _refused_in_a_row: int = 0
    _used_codes: set[int] = field(default_factory=set)
    _token: str | None = None
    _last_seen: datetime | None = None
    _superseded: set[str] = field(default_factory=set)

    def try_password(self, username: str, password: str) -> Verdict:
        """Judge a password; the third refusal in a row locks the account for good."""
        if not compare_digest(username.encode(), self.account.username.encode()):
            self.counters.refusals += 1
            return Verdict.REFUSED
        return self._judge(compare_digest(password.encode(), self.account.password.encode()))

    def try_code(self, code: str) -> Verdict:
        """Judge a time-based code, one step of clock drift allowed; each is accepted once."""
        totp = pyotp.TOTP(self.account.totp)
        now = int(self.clock().timestamp()) // CODE_SECONDS
        for step in (now, now - 1, now + 1):
            if step not in self._used_codes and compare_digest(
                code.strip().encode(), totp.generate_otp(step).encode()
            ):
                self._used_codes.add(step)
                return self._judge(True)
        return self._judge(False)

    def open(self) -> str:
        """Begin a session and return its token; a session in use elsewhere ends with that."""
        self.counters.logins += 1
        self._refused_in_a_row = 0
        if self._token is not None and self.is_live(self._token):
            self.counters.concurrent_sessions += 1
            self._superseded.add(self._token)
        self._token = secrets.token_urlsafe(24)
        self._last_seen = self.clock()
        return self._token

    def is_live(self, token: str | None) -> bool:
        """Whether this is the open session; asking keeps it from going idle."""
        if token in self._superseded:
            self.counters.two_at_once += 1
        if token is None or token != self._token or self._last_seen is None:
            return False
        if self.clock() - self._last_seen >= self.idle:
            self.expire(token)
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

    def _judge(self, right: bool) -> Verdict:
        if self._refused_in_a_row >= REFUSALS_TO_LOCK:
            self.counters.refusals += 1
            return Verdict.LOCKED
        if right:
            return Verdict.ACCEPTED
        self.counters.refusals += 1
        self._refused_in_a_row += 1
        if self._refused_in_a_row < REFUSALS_TO_LOCK:
            return Verdict.REFUSED
        self.counters.locks += 1
        return Verdict.LOCKED


@dataclass(frozen=True, slots=True)
class CountWrites:
    """Counts every request but GETs and POSTs to ``reads`` as a write, and passes all on."""

    app: ASGIApp
    counters: Counters
    reads: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if (
            scope["type"] == "http"
            and scope["method"] not in ("GET", "HEAD")
            and not (scope["method"] == "POST" and scope["path"] in self.reads)
        ):
            self.counters.writes += 1
        await self.app(scope, receive, send)
