"""Attempts to sign in, counted so that guessing is slow, with the second factors and their use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from billing.errors import BadInput
from billing.ledger.audit import enter
from billing.ledger.database import Database
from billing.ledger.people import end_sessions, one_user
from billing.ledger.people_tables import recovery_codes, sign_ins, users

WINDOW = timedelta(minutes=15)
"""Refused attempts count for so long."""
MOST_OF_A_NAME = 10
"""Attempts refused under one name, from all browsers that it never signed in from."""
MOST_OF_AN_ORIGIN = 20
"""Attempts refused from one address, under all names."""
MOST_OF_A_BROWSER = 5
"""Attempts refused under one name in a browser that it once signed in from."""

_KEPT = timedelta(days=1)
_BROWSER = "browser "


class SignIns(Database):
    """Counting attempts, and keeping second factors.

    Whoever guesses uses up the attempts of unknown browsers alone. A browser that the user once
    signed in from has attempts of its own, so that nobody can lock another out by guessing.
    """

    def begin_sign_in(
        self, name: str, *, origin: str, browser: str | None, at: datetime
    ) -> int | None:
        """Count an attempt before its password is looked at, as refused until it is accepted.

        ``name`` is a hash; ``browser`` what the browser is known by, if it proved that this user
        signed in from it. None, and nothing is counted, where there were too many.
        """
        since = sign_ins.c.at > at - WINDOW
        of_name = (sign_ins.c.name == name, since)
        limits: list[tuple[tuple[ColumnElement[bool], ...], int]]
        if browser is not None:
            origin = _BROWSER + browser
            limits = [((*of_name, sign_ins.c.origin == origin), MOST_OF_A_BROWSER)]
        else:
            unknown = ~sign_ins.c.origin.startswith(_BROWSER)
            limits = [
                ((*of_name, unknown), MOST_OF_A_NAME),
                ((sign_ins.c.origin == origin, since), MOST_OF_AN_ORIGIN),
            ]
        with self._writing() as connection:
            connection.execute(sign_ins.delete().where(sign_ins.c.at < at - _KEPT))
            for which, most in limits:
                refused = select(func.count()).where(*which, ~sign_ins.c.accepted)
                if (connection.execute(refused).scalar() or 0) >= most:
                    return None
            row = {"name": name, "origin": origin, "at": at, "accepted": False}
            key = connection.execute(sign_ins.insert(), row).inserted_primary_key
            return int(key[0]) if key else None

    def accept_sign_in(
        self, sign_in_id: int, act: str, *, by: str, at: datetime, detail: Mapping[str, object]
    ) -> None:
        """The attempt was right: it no longer counts, and the audit trail tells of it."""
        with self._writing() as connection:
            mine = sign_ins.c.sign_in_id == sign_in_id
            connection.execute(sign_ins.update().where(mine).values(accepted=True))
            enter(connection, by, act, f"user {by}", at=at, detail=detail)

    def sealed_second_factor(self, user_id: str) -> str | None:
        """The user's second factor as it was kept, sealed; None without one."""
        with self._reading() as connection:
            found: str | None = one_user(connection, user_id).totp
            return found

    def set_second_factor(
        self, user_id: str, sealed: str, *, step: int, codes: Sequence[str], by: str, at: datetime
    ) -> None:
        """Keep a second factor, whose code of ``step`` was given already, and the hashes of the
        recovery codes that go with it. The user's sessions end."""
        with self._writing() as connection:
            row = one_user(connection, user_id)
            mine = users.c.user_id == user_id
            connection.execute(users.update().where(mine).values(totp=sealed, totp_step=step))
            connection.execute(recovery_codes.delete().where(recovery_codes.c.user_id == user_id))
            rows = [{"user_id": user_id, "sha256": one, "used_at": None} for one in codes]
            connection.execute(recovery_codes.insert(), rows)
            end_sessions(connection, user_id)
            enter(connection, by, "second factor set up", f"user {row.name}", at=at)

    def reset_second_factor(self, user_id: str, *, by: str, at: datetime) -> None:
        """Forget a user's second factor. The user's sessions end. Raises BadInput without one."""
        with self._writing() as connection:
            row = one_user(connection, user_id)
            if row.totp is None:
                raise BadInput(f"{row.name} has no second factor")
            mine = users.c.user_id == user_id
            connection.execute(users.update().where(mine).values(totp=None, totp_step=None))
            connection.execute(recovery_codes.delete().where(recovery_codes.c.user_id == user_id))
            end_sessions(connection, user_id)
            enter(connection, by, "second factor reset", f"user {row.name}", at=at)

    def use_step(self, user_id: str, step: int) -> bool:
        """Use up the one-time codes to this step; False when it was used already."""
        mine = users.c.user_id == user_id
        unused = users.c.totp_step.is_(None) | (users.c.totp_step < step)
        with self._writing() as connection:
            done = connection.execute(users.update().where(mine, unused).values(totp_step=step))
            return done.rowcount == 1

    def use_recovery_code(self, user_id: str, sha256: str, *, by: str, at: datetime) -> bool:
        """Use up a recovery code by its hash; False when there is none such left."""
        mine = (recovery_codes.c.user_id == user_id) & (recovery_codes.c.sha256 == sha256)
        unused = recovery_codes.c.used_at.is_(None)
        with self._writing() as connection:
            done = connection.execute(
                recovery_codes.update().where(mine, unused).values(used_at=at)
            )
            if done.rowcount:
                enter(connection, by, "recovery code used", f"user {by}", at=at)
            return done.rowcount == 1

    def recovery_codes_left(self, user_id: str) -> int:
        """How many recovery codes the user has not used."""
        query = select(func.count()).where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None)
        )
        with self._reading() as connection:
            return connection.execute(query).scalar() or 0
