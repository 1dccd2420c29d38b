"""The console's sessions: each known by the hash of the secret that its browser holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from billing.ledger.audit import enter
from billing.ledger.database import AnyRow, Database
from billing.ledger.people import end_sessions, one_user, person_of
from billing.ledger.people_tables import given_passwords, users, web_sessions
from billing.people import Person

IDLE = timedelta(minutes=15)
"""Without a request of a person for so long, a session is locked (45 CFR 164.312(a)(2)(iii))."""
WHOLE = timedelta(hours=12)
"""A session lasts no longer than this, however busy."""
HALF_WAY = timedelta(minutes=10)
"""From the password to the one-time code no more time than this may pass."""

_SEEN_EVERY = timedelta(seconds=20)  # a page of many requests writes once
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WebSession:
    """A browser's session.

    ``complete`` once every factor asked for was given; ``locked`` when its user must give the
    password again, as ever after ``until``; ``given`` while somebody else's password is in use.
    """

    sha256: str
    person: Person
    complete: bool
    begun_at: datetime
    seen_at: datetime
    locked: bool
    given: bool

    @property
    def until(self) -> datetime:
        """When it is locked or over unless it is used."""
        return min(self.seen_at + IDLE, self.begun_at + WHOLE)


class WebSessions(Database):
    """Keeping sessions."""

    def begin_web_session(self, sha256: str, user_id: str, *, complete: bool, at: datetime) -> None:
        """Remember a session by the hash of its secret; those that are over are forgotten."""
        row = {"sha256": sha256, "user_id": user_id, "begun_at": at, "seen_at": at}
        with self._writing() as connection:
            over = web_sessions.c.begun_at < at - WHOLE
            connection.execute(web_sessions.delete().where(over))
            connection.execute(web_sessions.insert(), row | {"complete": complete})

    def web_session(self, sha256: str, *, at: datetime, seen: bool = True) -> WebSession | None:
        """The session of this hash, and note that it was used (unless ``seen`` is False).

        None, and the session is gone, when it has lasted too long or its user is locked out.
        """
        with self._reading() as connection:
            row = connection.execute(_SESSIONS.where(web_sessions.c.sha256 == sha256)).first()
        if row is None:
            return None
        found = _session(row, at)
        if at - found.begun_at > (WHOLE if found.complete else HALF_WAY) or not row.active:
            self.end_web_session(sha256)
            return None
        if seen and not found.locked and at - found.seen_at > _SEEN_EVERY:
            with self._writing() as connection:
                mine = web_sessions.c.sha256 == sha256
                unchanged = web_sessions.c.seen_at == found.seen_at
                connection.execute(web_sessions.update().where(mine, unchanged).values(seen_at=at))
        return found

    def web_sessions_of(self, user_id: str, *, at: datetime) -> Sequence[WebSession]:
        """A user's sessions that are not over, the newest first."""
        query = _SESSIONS.where(
            web_sessions.c.user_id == user_id,
            web_sessions.c.complete,
            web_sessions.c.begun_at >= at - WHOLE,
        ).order_by(web_sessions.c.begun_at.desc())
        with self._reading() as connection:
            return tuple(_session(row, at) for row in connection.execute(query))

    def lock_web_session(self, sha256: str, *, by: str, at: datetime) -> None:
        """Ask for the password before the session goes on."""
        with self._writing() as connection:
            mine = web_sessions.c.sha256 == sha256
            connection.execute(web_sessions.update().where(mine).values(seen_at=_LONG_AGO))
            enter(connection, by, "screen locked", f"user {by}", at=at)

    def unlock_web_session(self, sha256: str, *, anew: str, at: datetime) -> None:
        """Let a locked session go on under another secret, whose hash is ``anew``; how long it may
        last is counted from its beginning still."""
        with self._writing() as connection:
            mine = web_sessions.c.sha256 == sha256
            connection.execute(web_sessions.update().where(mine).values(sha256=anew, seen_at=at))

    def end_web_session(self, sha256: str) -> None:
        """Forget a session."""
        with self._writing() as connection:
            connection.execute(web_sessions.delete().where(web_sessions.c.sha256 == sha256))

    def end_web_sessions(
        self,
        user_id: str,
        *,
        by: str,
        at: datetime,
        only: str | None = None,
        but: str | None = None,
    ) -> int:
        """Forget a user's sessions: all, ``only`` the one whose hash begins so, or all ``but`` the
        one of this hash. How many they were."""
        with self._writing() as connection:
            row = one_user(connection, user_id)
            ended = (
                end_sessions(connection, user_id, but=but)
                if only is None
                else _end_one(connection, user_id, only)
            )
            detail = {"sessions": ended}
            enter(connection, by, "sessions ended", f"user {row.name}", at=at, detail=detail)
            return ended


_SESSIONS = (
    select(web_sessions, users, given_passwords.c.user_id.label("given"))
    .join_from(web_sessions, users, users.c.user_id == web_sessions.c.user_id)
    .join(given_passwords, given_passwords.c.user_id == users.c.user_id, isouter=True)
)


def _end_one(connection: Connection, user_id: str, beginning: str) -> int:
    mine = web_sessions.c.user_id == user_id
    this = web_sessions.c.sha256.startswith(beginning, autoescape=True)
    return connection.execute(web_sessions.delete().where(mine, this)).rowcount


def _session(row: AnyRow, at: datetime) -> WebSession:
    return WebSession(
        sha256=row.sha256,
        person=person_of(row),
        complete=row.complete,
        begun_at=row.begun_at,
        seen_at=row.seen_at,
        locked=at - row.seen_at > IDLE,
        given=row.given is not None,
    )
