"""A proposed batch in parts: what is approved by itself leaves it for a batch of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.audit import enter
from billing.ledger.batches import (
    Batch,
    Batches,
    BatchState,
    bound,
    next_name,
    read_batch,
    require_seen,
)
from billing.reconcile.classes import why_together

_CHUNK = 500


class BatchParts(Batches):
    """Parting batches, and reading them a page at a time and by their run."""

    def part_batch(
        self, batch_id: str, units: Collection[str], digest: str, *, by: str, at: datetime
    ) -> Batch:
        """Move the entries ``units`` of a proposed batch to a new one of the same run, proposed
        too, which is returned; what is posted, and in which order, stays the same.

        Raises BadInput when the batch is not proposed any more or holds other postings than
        ``digest`` says, when not some of its entries are named and some left, or when a reversal
        could go out before what it takes back.
        """
        with self._writing() as connection:
            batch = read_batch(connection, batch_id)
            require_seen(batch, digest)
            entries, apart = batch.entries, set(units)
            if not apart < {entry.unit for entry in entries} or not apart:
                raise BadInput(f"Name some of what batch {batch_id} posts, and leave some")
            why = why_together(entries, _after(connection, batch_id), apart)
            if why:
                raise BadInput(why)
            new = _name(connection, batch)
            proposed = batch.acts[BatchState.PROPOSED]
            row = {"run": batch.run, "state": BatchState.PROPOSED, "proposed_at": proposed.at}
            connection.execute(tables.batches.insert(), {"batch_id": new, **row})
            act = {"state": BatchState.PROPOSED, "by": proposed.by, "at": proposed.at}
            connection.execute(tables.batch_acts.insert(), {"batch_id": new, **act})
            wanted = sorted(apart)
            for table in (tables.entries, tables.postings):
                mine = table.c.batch_id == batch_id
                for start in range(0, len(wanted), _CHUNK):
                    some = table.c.unit.in_(wanted[start : start + _CHUNK])
                    connection.execute(update(table).where(mine, some).values(batch_id=new))
            told = {"into": new, "entries": len(apart), "of": len(entries)}
            enter(connection, by, "batch parted", f"batch {batch_id}", at=at, detail=told)
            return read_batch(connection, new)

    def newest_batches(
        self, *, state: BatchState | None = None, start: int = 0, most: int = 20
    ) -> tuple[tuple[Batch, ...], int]:
        """A page of the batches, newest first, of one state if named; how many there are."""
        table = tables.batches.c
        wanted = [] if state is None else [table.state == state]
        query = select(table.batch_id).where(*wanted)
        query = query.order_by(table.proposed_at.desc(), table.batch_id.desc())
        with self._reading() as connection:
            count = connection.execute(select(func.count(table.batch_id)).where(*wanted))
            ids = connection.execute(query.offset(start).limit(most)).scalars()
            found = tuple(read_batch(connection, one) for one in ids)
            return found, count.scalar_one()

    def batches_of_run(self, run: str) -> tuple[Batch, ...]:
        """All that came of one sweep or proposal, in the order of their names."""
        table = tables.batches.c
        query = select(table.batch_id).where(table.run == run).order_by(table.batch_id)
        with self._reading() as connection:
            return tuple(read_batch(connection, one) for one in connection.execute(query).scalars())

    def waits_for(self, batch_id: str) -> tuple[Batch, ...]:
        """The batches that must be out before this one, which are not."""
        with self._reading() as connection:
            found = [
                read_batch(connection, one) for one in bound(connection, batch_id, later=False)
            ]
        return tuple(one for one in found if one.state is not BatchState.EXPORTED)

    def batch_items(self, batch_id: str) -> Mapping[str, int]:
        """The item of a sweep that each entry of a batch was proposed for, where there is one."""
        lines = tables.postings.c
        query = select(lines.unit, lines.item_id).where(
            lines.batch_id == batch_id, lines.item_id.is_not(None)
        )
        with self._reading() as connection:
            return {row.unit: row.item_id for row in connection.execute(query.distinct())}


def _after(connection: Connection, batch_id: str) -> dict[str, str]:
    entries = tables.entries.c
    query = select(entries.unit, entries.after).where(
        entries.batch_id == batch_id, entries.after != ""
    )
    return {row.unit: row.after for row in connection.execute(query)}


def _name(connection: Connection, batch: Batch) -> str:
    """A name like those of its run: a sweep's with a number, or the day's next."""
    if batch.of_sweep:
        mine = tables.batches.c.run == batch.run
        count = connection.execute(select(func.count()).where(mine)).scalar_one()
        return f"{batch.run}-{count + 1}"
    return next_name(connection, f"{batch.run.rsplit('-', 1)[0]}-")
