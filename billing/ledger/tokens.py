"""What other systems hold to use the interface, and what each was answered under its own keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select

from billing.errors import BadInput
from billing.ledger.audit import enter
from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import kept_answers, tokens, users
from billing.people import Person

LONGEST = timedelta(days=366)
"""A token is good for no longer than this; then an administrator makes another."""
PER_MINUTE = 120
"""Requests a minute that a token may make, where its administrator says nothing else."""
MOST_PER_MINUTE = 6000
KEPT = timedelta(days=7)
"""How long a request's own key is remembered."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_USED_EVERY = timedelta(seconds=30)  # "last used" is good to this; not every request writes


class Scope(StrEnum):
    """What a token may be used for; none contains another."""

    READ = "read"
    CHECK = "check"
    DECIDE = "decide"
    BATCHES = "batches"
    PATIENTS = "patients"


@dataclass(frozen=True, slots=True)
class Token:
    """One system's token, known by the SHA-256 of its secret. It is good through ``expires_on``;
    ``used_at`` is true to half a minute."""

    sha256: str
    name: str
    scopes: frozenset[Scope]
    made_by: str
    made_at: datetime
    expires_on: date
    per_minute: int
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def who(self) -> str:
        """How the ledger names what was done with it."""
        return f"system:{self.name}"

    def good(self, today: date) -> bool:
        """Whether it opens anything on this day."""
        return self.revoked_at is None and today <= self.expires_on


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a key stands for: the hash of the request, and its answer, None while it is being done
    or when it was cut off."""

    request: str
    answer: str | None


class Tokens(Database):
    """Keeping tokens, and the answers given under the keys of those who hold them."""

    def add_token(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        sha256: str,
        expires_on: date,
        per_minute: int,
        by: Person,
        at: datetime,
        today: date,
    ) -> Token:
        """Keep a token by its hash. Raises BadInput for what a token may not be."""
        name, chosen = name.strip().lower(), sorted(set(scopes))
        if not _NAME.match(name):
            raise BadInput("A token is named by up to 40 letters, digits and hyphens")
        if not chosen:
            raise BadInput("Choose at least one thing that the token may be used for")
        if not today <= expires_on <= today + LONGEST:
            raise BadInput("A token expires today or later, and within a year")
        if not 1 <= per_minute <= MOST_PER_MINUTE:
            raise BadInput(f"A token may make from 1 to {MOST_PER_MINUTE} requests a minute")
        row = {
            "sha256": sha256,
            "name": name,
            "scopes": " ".join(chosen),
            "made_by": by.user_id,
            "made_at": at,
            "expires_on": expires_on,
            "per_minute": per_minute,
        }
        told = {"scopes": chosen, "expires": str(expires_on), "per_minute": per_minute}
        with self._writing() as connection:
            if connection.execute(select(tokens.c.name).where(tokens.c.name == name)).first():
                raise BadInput(f"There is or was a token named {name}; choose another name")
            connection.execute(tokens.insert(), row)
            enter(connection, by.name, "token made", f"token {name}", at=at, detail=told)
        return Token(
            sha256, name, frozenset(chosen), by.name, at, expires_on, per_minute, None, None
        )

    def tokens(self) -> Sequence[Token]:
        """Every token there ever was, the newest first."""
        with self._reading() as connection:
            return tuple(
                _token(row) for row in connection.execute(_QUERY.order_by(tokens.c.made_at.desc()))
            )

    def token(self, sha256: str, *, at: datetime) -> Token | None:
        """The token of this hash, expired and revoked ones too, and note that it was used."""
        with self._reading() as connection:
            row = connection.execute(_QUERY.where(tokens.c.sha256 == sha256)).first()
        if row is None:
            return None
        if row.used_at is None or at - row.used_at > _USED_EVERY:
            with self._writing() as connection:
                mine = tokens.c.sha256 == sha256
                connection.execute(tokens.update().where(mine).values(used_at=at))
        return _token(row)

    def revoke_token(self, name: str, *, by: str, at: datetime) -> None:
        """End a token for good; a revoked one stays as it is. Raises BadInput for an unknown."""
        mine = tokens.c.name == name
        with self._writing() as connection:
            row = connection.execute(select(tokens.c.revoked_at).where(mine)).first()
            if row is None:
                raise BadInput("There is no token of this name")
            if row.revoked_at is None:
                connection.execute(tokens.update().where(mine).values(revoked_at=at))
                enter(connection, by, "token revoked", f"token {name}", at=at)

    def claim_key(self, token: str, key: str, request: str, *, at: datetime) -> KeptAnswer | None:
        """Take a key for a request that is to be done now; what it stands for, if it is taken.

        ``token`` and ``request`` are hashes. Keys older than :data:`KEPT` are forgotten.
        """
        row = {"token": token, "key": key, "request": request, "at": at}
        with self._writing() as connection:
            connection.execute(kept_answers.delete().where(kept_answers.c.at < at - KEPT))
            found = connection.execute(select(kept_answers).where(_one(token, key))).first()
            if found is None:
                connection.execute(kept_answers.insert(), row)
                return None
        return KeptAnswer(found.request, found.answer)

    def keep_answer(self, token: str, key: str, answer: str) -> None:
        """Keep what was answered under a key."""
        with self._writing() as connection:
            mine = _one(token, key)
            connection.execute(kept_answers.update().where(mine).values(answer=answer))

    def let_go_of_key(self, token: str, key: str) -> None:
        """Forget a key whose request was refused, so that nothing was done under it."""
        with self._writing() as connection:
            connection.execute(kept_answers.delete().where(_one(token, key)))


_QUERY = select(tokens, users.c.name.label("maker")).join_from(
    tokens, users, users.c.user_id == tokens.c.made_by
)


def _one(token: str, key: str) -> ColumnElement[bool]:
    return (kept_answers.c.token == token) & (kept_answers.c.key == key)


def _token(row: AnyRow) -> Token:
    return Token(
        sha256=row.sha256,
        name=row.name,
        scopes=frozenset(Scope(one) for one in row.scopes.split()),
        made_by=row.maker,
        made_at=row.made_at,
        expires_on=row.expires_on,
        per_minute=row.per_minute,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
