"""The console's users; their passwords are known here by their hashes alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from billing.errors import BadInput
from billing.ledger.audit import enter
from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import given_passwords, users, web_sessions
from billing.people import Person, Role

_NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")


class People(Database):
    """Keeping users."""

    def add_person(
        self,
        name: str,
        role: Role,
        *,
        password: str | None,
        by: str,
        at: datetime,
        identity: str | None = None,
        given: bool = False,
    ) -> Person:
        """Add a user. ``password`` is its hash, None for one who signs in elsewhere as
        ``identity``; ``given`` when they must change it first of all. Raises BadInput when the
        name is taken or is none."""
        name = name.strip().lower()
        if not _NAME.fullmatch(name):
            raise BadInput(
                "A user's name has 1 to 64 letters, digits and . _ - @ +, and begins with a "
                "letter or digit"
            )
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
            if given:
                connection.execute(given_passwords.insert(), {"user_id": row["user_id"]})
            enter(connection, by, "user added", f"user {name}", at=at, detail={"role": role.word})
            return person_of(one_user(connection, str(row["user_id"])))

    def people(self) -> Sequence[Person]:
        """Every user, by name."""
        with self._reading() as connection:
            rows = connection.execute(select(users).order_by(users.c.name))
            return tuple(person_of(row) for row in rows)

    def has_people(self) -> bool:
        """Whether anybody was ever added."""
        with self._reading() as connection:
            return bool(connection.execute(select(func.count()).select_from(users)).scalar())

    def person_named(self, name: str) -> tuple[Person, str | None] | None:
        """The user of this name and their password's hash, if there is one."""
        query = select(users).where(users.c.name == name.strip().lower())
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (person_of(row), row.password)

    def person(self, user_id: str) -> Person:
        """The user of this id. Raises BadInput where there is none."""
        with self._reading() as connection:
            return person_of(one_user(connection, user_id))

    def person_identified(self, identity: str) -> Person | None:
        """The user who signs in elsewhere as ``identity``, if there is one."""
        query = select(users).where(users.c.identity == identity)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else person_of(row)

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
            row = one_user(connection, user_id)
            connection.execute(users.update().where(users.c.user_id == user_id).values(values))
            left = select(func.count()).where(
                users.c.role == int(Role.ADMINISTRATOR), users.c.active
            )
            if not connection.execute(left).scalar():
                raise BadInput("The last active administrator stays one")
            end_sessions(connection, user_id)
            told = {"role": role.word} if role is not None else {}
            told |= {"state": "unlocked" if active else "locked"} if active is not None else {}
            enter(connection, by, "user changed", f"user {row.name}", at=at, detail=told)
            return person_of(one_user(connection, user_id))

    def set_password(
        self, user_id: str, password: str, *, by: str, at: datetime, given: bool
    ) -> None:
        """Keep another password's hash; the user's sessions end.

        ``given`` when somebody else chose it, so that the user must change it first of all.
        Raises BadInput for a user who signs in elsewhere.
        """
        with self._writing() as connection:
            row = one_user(connection, user_id)
            if row.password is None:
                raise BadInput(f"{row.name} signs in elsewhere and has no password here")
            mine = users.c.user_id == user_id
            connection.execute(users.update().where(mine).values(password=password))
            connection.execute(given_passwords.delete().where(given_passwords.c.user_id == user_id))
            if given:
                connection.execute(given_passwords.insert(), {"user_id": user_id})
            end_sessions(connection, user_id)
            act = "password given" if given else "password changed"
            enter(connection, by, act, f"user {row.name}", at=at)

    def rehash_password(self, user_id: str, old: str, new: str) -> None:
        """Keep the same password's hash made with today's parameters, unless it was changed."""
        with self._writing() as connection:
            mine = (users.c.user_id == user_id) & (users.c.password == old)
            connection.execute(users.update().where(mine).values(password=new))


def end_sessions(connection: Connection, user_id: str, *, but: str | None = None) -> int:
    """Forget a user's sessions, but for the one of this hash; how many they were."""
    query = web_sessions.delete().where(web_sessions.c.user_id == user_id)
    if but is not None:
        query = query.where(web_sessions.c.sha256 != but)
    return connection.execute(query).rowcount


def one_user(connection: Connection, user_id: str) -> AnyRow:
    """The user's row. Raises BadInput where there is none."""
    row = connection.execute(select(users).where(users.c.user_id == user_id)).first()
    if row is None:
        raise BadInput("There is no user of this id")
    return row


def person_of(row: AnyRow) -> Person:
    """The user of a row."""
    return Person(
        user_id=row.user_id,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        local=row.password is not None,
        second_factor=row.totp is not None,
        made_at=row.made_at,
    )
