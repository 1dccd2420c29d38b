"""The audit trail: who did or saw what, when, each entry sealing the ones before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import audit

_FIRST = "0" * 64
_MOST = 500


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry: ``who`` did ``act`` to ``subject`` ("case 12", "batch …"), with what was told of
    it; none of it holds a name, a member id or a date of birth of a patient."""

    seq: int
    at: datetime
    who: str
    act: str
    subject: str
    detail: Mapping[str, object]


class Audit(Database):
    """Adding to the audit trail, and reading it; nothing changes what is in it."""

    def note(
        self,
        who: str,
        act: str,
        subject: str,
        *,
        at: datetime,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Add one entry by itself; what changes the ledger enters its own beside the change."""
        with self._writing() as connection:
            enter(connection, who, act, subject, at=at, detail=detail)

    def audit_trail(
        self,
        *,
        subject: str | None = None,
        who: str | None = None,
        before: int | None = None,
        most: int = _MOST,
    ) -> tuple[AuditEntry, ...]:
        """Entries, the newest first: of one subject, by one person, below the number ``before``."""
        query = select(audit).order_by(audit.c.seq.desc()).limit(most)
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        if who is not None:
            query = query.where(audit.c.who == who)
        if before is not None:
            query = query.where(audit.c.seq < before)
        with self._reading() as connection:
            return tuple(
                AuditEntry(r.seq, r.at, r.who, r.act, r.subject, json.loads(r.detail))
                for r in connection.execute(query)
            )

    def audit_seal(self) -> tuple[int, str]:
        """The newest entry's number and hash, to be kept elsewhere; (0, zeros) before the first."""
        with self._reading() as connection:
            return _newest(connection)

    def audit_problems(self, kept: tuple[int, str] | None = None) -> list[str]:
        """A sentence for each place where the chain is broken; empty when it is whole.

        A chain whose last entries are cut off is whole in itself: ``kept``, an earlier
        :meth:`audit_seal`, tells that.
        """
        found, seq, sealed, known = [], 0, _FIRST, {0: _FIRST}
        with self._reading() as connection:
            for row in connection.execute(select(audit).order_by(audit.c.seq)):
                if row.seq != seq + 1:
                    found.append(f"Audit entries {seq + 1} to {row.seq - 1} are missing.")
                elif row.hash != _seal(sealed, row):
                    found.append(f"Audit entry {row.seq} is not what was written.")
                seq, sealed = row.seq, row.hash
                if kept is not None and seq == kept[0]:
                    known[seq] = sealed
        if kept is not None and kept[0] not in known:
            found.append(f"The audit trail ends at entry {seq}, and held {kept[0]} once.")
        elif kept is not None and known[kept[0]] != kept[1]:
            found.append(f"Audit entry {kept[0]} does not bear the seal that was kept of it.")
        return found


def enter(
    connection: Connection,
    who: str,
    act: str,
    subject: str,
    *,
    at: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add an entry in the transaction that does what it tells."""
    enter_all(connection, who, act, [(subject, detail or {})], at=at)


def enter_all(
    connection: Connection,
    who: str,
    act: str,
    told: Iterable[tuple[str, Mapping[str, object]]],
    *,
    at: datetime,
) -> None:
    """Add an entry for each subject that one stroke was on, in the order given."""
    seq, sealed = _newest(connection)
    rows = []
    for subject, detail in told:
        seq += 1
        words = json.dumps(detail, sort_keys=True, ensure_ascii=False)
        sealed = _digest(sealed, seq, at, who, act, subject, words)
        row = {"seq": seq, "at": at.astimezone(UTC), "who": who, "act": act, "subject": subject}
        rows.append(row | {"detail": words, "hash": sealed})
    connection.execute(audit.insert(), rows)


def _newest(connection: Connection) -> tuple[int, str]:
    query = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    last = connection.execute(query).first()
    return (last.seq, last.hash) if last else (0, _FIRST)


def _seal(sealed: str, row: AnyRow) -> str:
    return _digest(sealed, row.seq, row.at, row.who, row.act, row.subject, row.detail)


def _digest(sealed: str, seq: object, at: datetime, *words: str) -> str:
    whole = json.dumps([sealed, seq, at.astimezone(UTC).isoformat(), *words], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()
