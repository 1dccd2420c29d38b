"""The console's users and their sessions; what they hold is known here by its hash alone."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from billing.errors import BadInput
from billing.ledger.audit import enter
from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import users, web_sessions
from billing.people import Person, Role


@dataclass(frozen=True, slots=True)
class WebSession:
    """A browser's session; ``complete`` once every factor asked for was given."""

    person: Person
    complete: bool
    begun_at: datetime


class People(Database):
    """Keeping users and sessions."""

    def add_person(
        self,
        name: str,
        role: Role,
        *,
        password: str | None,
        by: str,
        at: datetime,
        identity: str | None = None,
    ) -> Person:
        """Add a user. ``password`` is its hash, None for one who signs in elsewhere as
        ``identity``. Raises BadInput when the name is taken."""
        name = name.strip().lower()
        if not name:
            raise BadInput("A user needs a name")
        row = {
            "user_id": secrets.token_hex(8),
            "name": name,
            "role": int(role),
            "password": password,
            "identity": identity,
            "active": True,
            "made_at": at,
        }
        with self._writing() as connection:
            if connection.execute(select(users.c.name).where(users.c.name == name)).first():
                raise BadInput(f"There is a user named {name} already")
            connection.execute(users.insert(), row)
            enter(connection, by, "user added", f"user {name}", at=at, detail={"role": role.word})
            return _person(_one(connection, str(row["user_id"])))

    def people(self) -> Sequence[Person]:
        """Every user, by name."""
        with self._reading() as connection:
            rows = connection.execute(select(users).order_by(users.c.name))
            return tuple(_person(row) for row in rows)

    def has_people(self) -> bool:
        """Whether anybody was ever added."""
        with self._reading() as connection:
            return bool(connection.execute(select(func.count()).select_from(users)).scalar())

    def person_named(self, name: str) -> tuple[Person, str | None] | None:
        """The user of this name and their password's hash, if there is one."""
        query = select(users).where(users.c.name == name.strip().lower())
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (_person(row), row.password)

    def change_person(
        self,
        user_id: str,
        *,
        by: str,
        at: datetime,
        role: Role | None = None,
        active: bool | None = None,
    ) -> Person:
        """Change a user's role, or lock or unlock them; their sessions end.

        Raises BadInput where no active administrator would be left.
        """
        values: dict[str, object] = {}
        if role is not None:
            values["role"] = int(role)
        if active is not None:
            values["active"] = active
        with self._writing() as connection:
            row = _one(connection, user_id)
            connection.execute(users.update().where(users.c.user_id == user_id).values(values))
            left = select(func.count()).where(
                users.c.role == int(Role.ADMINISTRATOR), users.c.active
            )
            if not connection.execute(left).scalar():
                raise BadInput("The last active administrator stays one")
            connection.execute(web_sessions.delete().where(web_sessions.c.user_id == user_id))
            told = {name: str(value) for name, value in values.items()}
            enter(connection, by, "user changed", f"user {row.name}", at=at, detail=told)
            return _person(_one(connection, user_id))

    def begin_web_session(self, sha256: str, user_id: str, *, complete: bool, at: datetime) -> None:
        """Remember a session by the hash of its secret."""
        row = {"sha256": sha256, "user_id": user_id, "begun_at": at, "seen_at": at}
        with self._writing() as connection:
            connection.execute(web_sessions.insert(), row | {"complete": complete})

    def web_session(
        self, sha256: str, *, at: datetime, idle: timedelta, whole: timedelta, seen: bool = True
    ) -> WebSession | None:
        """The session of this hash, and note that it was used (unless ``seen`` is False).

        None, and the session is gone, when it was idle or has lasted too long, or its user is no
        longer active.
        """
        query = (
            select(web_sessions, users)
            .join_from(web_sessions, users, users.c.user_id == web_sessions.c.user_id)
            .where(web_sessions.c.sha256 == sha256)
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if at - row.seen_at > idle or at - row.begun_at > whole or not row.active:
            self.end_web_session(sha256)
            return None
        if seen and at - row.seen_at > _SEEN_EVERY:
            with self._writing() as connection:
                mine = web_sessions.c.sha256 == sha256
                connection.execute(web_sessions.update().where(mine).values(seen_at=at))
        return WebSession(_person(row), row.complete, row.begun_at)

    def end_web_session(self, sha256: str) -> None:
        """Forget a session."""
        with self._writing() as connection:
            connection.execute(web_sessions.delete().where(web_sessions.c.sha256 == sha256))


_SEEN_EVERY = timedelta(seconds=20)  # a page of many requests writes once


def _one(connection: Connection, user_id: str) -> AnyRow:
    row = connection.execute(select(users).where(users.c.user_id == user_id)).first()
    if row is None:
        raise BadInput("There is no user of this id")
    return row


def _person(row: AnyRow) -> Person:
    return Person(
        user_id=row.user_id,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        local=row.password is not None,
        second_factor=row.totp is not None,
        made_at=row.made_at,
    )
