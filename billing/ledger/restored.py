"""What a person does about a restored ledger, which is behind: take in what had gone out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.audit import enter
from billing.ledger.batches import BatchState, add_entries, open_batch, read_batch
from billing.ledger.database import Database
from billing.ledger.evidence import require_listed
from billing.ledger.restore_marks import (
    RESTORED,
    REVIEWED,
    SUBJECT,
    Restored,
    awaits_review,
)
from billing.model import Posting
from billing.reconcile.order import Entry


class RestoredLedger(Database):
    """Marking a ledger as restored, and taking in what had gone out of the lost one."""

    def mark_restored(self, made_at: str, seal: str, *, by: str, at: datetime) -> None:
        """Note that this ledger was put back from a backup of ``made_at`` with this audit seal."""
        with self._writing() as connection:
            enter(
                connection, by, RESTORED, SUBJECT, at=at, detail={"made_at": made_at, "seal": seal}
            )

    def awaits_review(self) -> Restored | None:
        """The restore that no person has reviewed yet; None when there is none."""
        with self._reading() as connection:
            return awaits_review(connection)

    def take_in_exported(
        self,
        batch_id: str,
        postings: Sequence[Posting],
        files: Mapping[str, str],
        *,
        by: str,
        at: datetime,
    ) -> bool:
        """Enter a batch that went out of the lost ledger, with its stored files by name.

        False, and nothing changed, when this ledger knows it as exported. One that is here as it
        was before it went out is moved on. Raises BadInput where other postings are here under
        its name, or what it posts stands in another batch.
        """
        with self._writing() as connection:
            require_listed(connection, set(files.values()))
            table = tables.batches.c
            known = connection.execute(
                select(table.state).where(table.batch_id == batch_id)
            ).scalar()
            units = {one.unit for one in postings}
            if known is None:
                self._require_free(connection, batch_id, units)
                open_batch(connection, batch_id, batch_id, by, at)
                entries = [
                    (Entry(tuple(p for p in postings if p.unit == unit)), "")
                    for unit in dict.fromkeys(one.unit for one in postings)
                ]
                add_entries(connection, batch_id, entries)
            elif known == BatchState.EXPORTED:
                return False
            else:
                here = read_batch(connection, batch_id)
                same = [(p.key, p.amount) for p in here.postings] == [
                    (p.key, p.amount) for p in postings
                ]
                if known == BatchState.UNDONE or not same:
                    raise BadInput(
                        f"Batch {batch_id} is here with other postings than were exported: undo "
                        "it, then take the exported file in again."
                    )
            self._move_out(connection, batch_id, known, files, by, at)
            return True

    def confirm_restored(self, *, by: str, at: datetime) -> None:
        """Say that a person has taken in all that went out since the backup. Raises BadInput
        when there is nothing to confirm."""
        with self._writing() as connection:
            waiting = awaits_review(connection)
            if waiting is None:
                raise BadInput("This ledger was not restored, or was reviewed since.")
            enter(connection, by, REVIEWED, SUBJECT, at=at, detail={"made_at": waiting.made_at})

    def _require_free(self, connection: Connection, batch_id: str, units: set[str]) -> None:
        entries = tables.entries.c
        wanted = sorted(units)
        for start in range(0, len(wanted), 500):
            query = select(entries.batch_id).where(entries.unit.in_(wanted[start : start + 500]))
            if other := connection.execute(query.limit(1)).scalar():
                raise BadInput(
                    f"Batch {batch_id} went out, and batch {other} of this ledger posts some of "
                    f"it too: undo {other}, then take the exported file in again."
                )

    def _move_out(
        self,
        connection: Connection,
        batch_id: str,
        known: str | None,
        files: Mapping[str, str],
        by: str,
        at: datetime,
    ) -> None:
        mine = tables.batches.c.batch_id == batch_id
        if known != BatchState.APPROVED:
            rows = [{"batch_id": batch_id, "name": n, "sha256": s} for n, s in files.items()]
            connection.execute(tables.batch_files.insert(), rows)
            act = {"batch_id": batch_id, "state": BatchState.APPROVED, "by": by, "at": at}
            connection.execute(tables.batch_acts.insert(), act)
        connection.execute(update(tables.batches).where(mine).values(state=BatchState.EXPORTED))
        act = {"batch_id": batch_id, "state": BatchState.EXPORTED, "by": by, "at": at}
        connection.execute(tables.batch_acts.insert(), act)
        enter(connection, by, "exported batch taken in", f"batch {batch_id}", at=at)
