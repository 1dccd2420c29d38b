"""Bytes that nothing needs any more are taken off the shelf; their hash and the day are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Table,
    and_,
    delete,
    not_,
    or_,
    select,
    update,
)

from billing.ledger import tables
from billing.ledger.evidence import EvidenceMissing, EvidenceShelf
from billing.ledger.key_tables import forgotten
from billing.ledger.patience import LedgerError
from billing.retention import Kind

CHUNK = 100

_RECEIVED: Sequence[Column[Any]] = (
    tables.batch_files.c.sha256,
    tables.remittances.c.sha256,
    tables.settlements.c.sha256,
    tables.bank_files.c.sha256,
)
_REFERENCES: Sequence[Column[Any]] = (
    tables.rests_on.c.sha256,
    tables.visit_rests_on.c.sha256,
    tables.exports.c.sha256,
    tables.items.c.export_sha256,
    tables.visits.c.export_sha256,
    tables.drift.c.evidence,
    *_RECEIVED,
)
_used_since = or_(
    *(
        select(said.c.item_id)
        .join_from(
            rests, said, and_(said.c.item_id == rests.c.item_id, said.c.fence == rests.c.fence)
        )
        .where(rests.c.sha256 == forgotten.c.sha256, said.c.concluded_at >= forgotten.c.at)
        .correlate(forgotten)
        .exists()
        for rests, said in (
            (tables.rests_on, tables.conclusions),
            (tables.visit_rests_on, tables.visit_conclusions),
        )
    )
)
"""Whether an answer that came after the mark rests on these bytes."""


class EvidenceForgotten(EvidenceMissing):
    """Something rests on bytes that were deleted by policy."""


class Forgetting(EvidenceShelf):
    """Taking bytes off the shelf by policy, and saying of those that are gone since when."""

    def fetch(self, sha256: str) -> bytes:
        """As ever. Raises EvidenceForgotten, an EvidenceMissing, where a policy deleted it."""
        try:
            return super().fetch(sha256)
        except EvidenceMissing:
            if (on := self.forgotten_on([sha256]).get(sha256)) is None:
                raise
            raise EvidenceForgotten(
                f"Evidence {sha256} was deleted by policy on {on.isoformat()}."
            ) from None

    def verify_evidence(self, hashes: Iterable[str]) -> list[str]:
        """As ever; what a policy deleted is no damage."""
        wanted = set(hashes)
        return super().verify_evidence(wanted - self.forgotten_on(wanted).keys())

    def forgotten_on(self, hashes: Iterable[str]) -> dict[str, date]:
        """Of these hashes those whose bytes a policy deleted, and on which day (UTC)."""
        wanted = sorted(set(hashes))
        found: dict[str, date] = {}
        table = forgotten.c
        with self._reading() as connection:
            for start in range(0, len(wanted), 500):
                some = table.sha256.in_(wanted[start : start + 500])
                query = select(table.sha256, table.at).where(some, table.gone, not_(_used_since))
                found |= {row.sha256: row.at.date() for row in connection.execute(query)}
        return found

    def forget_some(self) -> int:
        """Take marked bytes off the shelf, a few; how many marks were looked at, 0 at the end.

        Bytes that something else needs lose their mark instead. Killed in between, the next call
        goes on: what is marked stays marked until the shelf has let go of it.
        """
        table = forgotten.c
        with self._writing() as connection:
            waiting = select(table.sha256, table.kind).where(not_(table.gone)).limit(CHUNK)
            marked = {row.sha256: row.kind for row in connection.execute(waiting)}
            needed = _needed(connection, marked)
            connection.execute(delete(forgotten).where(table.sha256.in_(needed)))
            going = sorted(marked.keys() - needed)
            listed = _referred(connection, going, _REFERENCES)
            unlisted = tables.evidence.c.sha256.in_(set(going) - listed)
            connection.execute(tables.evidence.delete().where(unlisted))
            mine = table.sha256.in_(going)
            connection.execute(update(forgotten).where(mine).values(gone=True))
            # alone in writing: nobody lists the same bytes anew while they are taken
            self._shelf.remove(going)
        return len(marked)

    def give_back_space(self) -> None:
        """Have the database write itself anew without what was deleted, whose bytes are gone then.

        On PostgreSQL the pages are free to be written over; only its own VACUUM FULL shrinks it.
        Raises LedgerError where others write, or there is no room for a copy.
        """
        connection = self._engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            if self._engine.dialect.name == "sqlite":
                for words in ("wal_checkpoint(TRUNCATE)", "secure_delete = ON"):
                    driver.execute(f"PRAGMA {words}").fetchall()
                driver.execute("VACUUM")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            else:
                driver.autocommit = True
                driver.execute("VACUUM")
        except self._engine.dialect.loaded_dbapi.Error:
            raise LedgerError(
                f"{self.home}: what was deleted is deleted, and its space not given back yet: make "
                "sure that no other run writes and that the disk has room for a copy of the "
                "database, then run retention apply again."
            ) from None
        finally:
            connection.invalidate()  # no other call gets a connection that was set otherwise
            connection.close()


def already_gone() -> Select[tuple[str]]:
    """The hashes whose bytes were let go of, and that no later answer rests on."""
    return select(forgotten.c.sha256).where(not_(_used_since))


def _needed(connection: Connection, marked: Mapping[str, str]) -> set[str]:
    """Those that something rests on still, or again. Answers may outlive their captures."""
    captures = {sha256 for sha256, kind in marked.items() if kind == Kind.CAPTURES}
    needed = _referred(connection, marked.keys() - captures, _REFERENCES)
    needed |= _referred(connection, captures, _RECEIVED)
    again = select(forgotten.c.sha256).where(forgotten.c.sha256.in_(captures), _used_since)
    return needed | set(connection.execute(again).scalars())


def _referred(
    connection: Connection, hashes: Iterable[str], columns: Sequence[Column[Any]]
) -> set[str]:
    wanted = list(hashes)
    found: set[str] = set()
    for column in columns:
        found |= set(connection.execute(select(column).where(column.in_(wanted))).scalars())
    return found


def mark(
    connection: Connection,
    hashes: Iterable[str],
    kind: Kind,
    at: datetime,
    insert_or_keep: Callable[[Connection, Table, list[dict[str, Any]]], None],
) -> None:
    """Note bytes that may go, in the transaction that lets go of them."""
    rows = [{"sha256": one, "kind": kind.value, "at": at, "gone": False} for one in sorted(hashes)]
    connection.execute(delete(forgotten).where(forgotten.c.sha256.in_([r["sha256"] for r in rows])))
    insert_or_keep(connection, forgotten, rows)
