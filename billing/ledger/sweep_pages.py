"""The sweeps there were, the newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, or_, select

from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.sweeps import Progress, count_progress, read_notes, require_sweep
from billing.report import PayerNote


@dataclass(frozen=True, slots=True)
class SweepLine:
    """A sweep as a list shows it; ``of_visits`` when it is of a schedule and not of claims."""

    sweep_id: str
    business_date: date
    started_at: datetime
    finished_at: datetime | None
    of_visits: bool
    progress: Progress


class SweepPages(Database):
    """Listing sweeps; nothing here writes."""

    def sweep_page(self, *, after: str | None = None, most: int = 50) -> tuple[SweepLine, ...]:
        """At most so many sweeps, the newest first, behind the one named ``after``.

        Raises BadInput when there is no such sweep.
        """
        table = tables.sweeps.c
        query = select(tables.sweeps).order_by(table.started_at.desc(), table.sweep_id.desc())
        with self._reading() as connection:
            if after is not None:
                last = require_sweep(connection, after)
                same = and_(table.started_at == last.started_at, table.sweep_id < last.sweep_id)
                query = query.where(or_(table.started_at < last.started_at, same))
            rows = connection.execute(query.limit(most)).all()
            return tuple(_line(connection, row) for row in rows)

    def sweep_line(self, sweep_id: str) -> SweepLine:
        """One sweep. Raises BadInput when there is none of this name."""
        with self._reading() as connection:
            return _line(connection, require_sweep(connection, sweep_id))

    def sweep_notes(self, sweep_id: str) -> tuple[PayerNote, ...]:
        """What happened to a sweep's payer sessions so far."""
        with self._reading() as connection:
            return read_notes(connection, sweep_id)


def _line(connection: Connection, row: AnyRow) -> SweepLine:
    visits = tables.visits.c
    of_visits = select(visits.item_id).where(visits.sweep_id == row.sweep_id).limit(1)
    return SweepLine(
        sweep_id=row.sweep_id,
        business_date=row.business_date,
        started_at=row.started_at,
        finished_at=row.finished_at,
        of_visits=connection.execute(of_visits).first() is not None,
        progress=count_progress(connection, row.sweep_id),
    )
