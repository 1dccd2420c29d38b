"""What each sweep came to, counted: rows in, asked, answered, left unasked and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select

from billing.ledger import tables
from billing.ledger.database import Database
from billing.ledger.sweeps import (
    SweptExport,
    read_drift,
    read_notes,
    read_refused,
    require_sweep,
)
from billing.ledger.words import CLAIM, read
from billing.model import Claim, Reason
from billing.report import FURNITURE, Drift, PayerNote, RefusedRow

UNPERMITTED = (Reason.POLICY, Reason.NO_PROFILE)
"""Reasons for which no portal was to be asked at all."""


@dataclass(frozen=True, slots=True)
class Tally:
    """So many ``items`` of a payer in one state; ``reason`` is why those without an answer have
    none, ``asked`` whether their portal was asked."""

    payer: str | None
    state: str
    reason: Reason | None
    asked: bool
    items: int

    @property
    def waiting(self) -> bool:
        """Whether they have no result yet."""
        return self.state in (tables.PENDING, tables.LEASED)

    @property
    def kept(self) -> bool:
        """Whether they were left as they were known: asking could tell nothing new."""
        return not self.asked and self.state in (tables.ANSWERED, tables.NOT_FOUND)

    @property
    def answered(self) -> bool:
        """Whether the payer answered, if only that it holds no such claim."""
        return self.asked and self.state in (tables.ANSWERED, tables.NOT_FOUND)

    @property
    def due(self) -> bool:
        """Whether their portal was to be asked about them."""
        return not self.kept and self.reason not in UNPERMITTED


@dataclass(frozen=True, slots=True)
class Night:
    """One sweep, check or schedule with what became of its items; ``refused`` rows were meant as
    one and could not be read."""

    sweep_id: str
    business_date: date
    started_at: datetime
    finished_at: datetime | None
    of_visits: bool
    exports: tuple[SweptExport, ...]
    refused: int
    tallies: tuple[Tally, ...]

    @property
    def check(self) -> bool:
        """Whether it is a check of one claim or member."""
        return self.sweep_id.startswith("check-")

    @property
    def rows_in(self) -> int:
        """The rows of its files."""
        return sum(one.rows_in for one in self.exports)

    @property
    def items(self) -> int:
        """The claims or visits of it."""
        return sum(one.items for one in self.tallies)

    @property
    def due(self) -> int:
        """Those whose portal was to be asked about."""
        return sum(one.items for one in self.tallies if one.due)

    @property
    def waiting(self) -> int:
        """Those without a result yet."""
        return sum(one.items for one in self.tallies if one.waiting)

    def in_state(self, state: str, *, asked: bool | None = None) -> int:
        """How many are in a state, of those asked or not asked about."""
        return sum(
            one.items for one in self.tallies if one.state == state and asked in (None, one.asked)
        )

    @property
    def answered(self) -> int:
        """Those that their payer spoke of."""
        return self.in_state(tables.ANSWERED, asked=True)

    @property
    def not_found(self) -> int:
        """Those that their payer says it does not hold."""
        return self.in_state(tables.NOT_FOUND, asked=True)

    @property
    def no_answer(self) -> int:
        """Those asked about in vain."""
        return self.in_state(tables.NO_ANSWER, asked=True)

    @property
    def kept(self) -> int:
        """Those left as they were known."""
        return sum(one.items for one in self.tallies if one.kept)

    def unasked(self) -> dict[Reason, int]:
        """Those whose portal was not asked, by why; those left as known are not among them."""
        found: dict[Reason, int] = defaultdict(int)
        for one in self.tallies:
            if one.reason is not None and not one.asked:
                found[one.reason] += one.items
        return dict(found)


class Nights(Database):
    """Counting sweeps; nothing here writes."""

    def nights(self, *, since: date | None = None, most: int = 50) -> tuple[Night, ...]:
        """The sweeps of ``since`` and later, the newest first."""
        query = select(tables.sweeps).order_by(
            tables.sweeps.c.started_at.desc(), tables.sweeps.c.sweep_id
        )
        if since is not None:
            query = query.where(tables.sweeps.c.business_date >= since)
        return self._nights(query.limit(most))

    def night(self, sweep_id: str) -> Night:
        """One sweep. Raises BadInput when there is none."""
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
        (found,) = self._nights(select(tables.sweeps).where(tables.sweeps.c.sweep_id == sweep_id))
        return found

    def _nights(self, which: Select[Any]) -> tuple[Night, ...]:
        with self._reading() as connection:
            rows = connection.execute(which).all()
            ids = [row.sweep_id for row in rows]
            tallies: dict[str, list[Tally]] = defaultdict(list)
            visits: set[str] = set()
            for work in (tables.items, tables.visits):
                columns = (
                    work.c.sweep_id,
                    work.c.payer,
                    work.c.state,
                    work.c.no_answer,
                    (work.c.attempts > 0).label("asked"),
                )
                query = select(*columns, func.count().label("items")).where(
                    work.c.sweep_id.in_(ids)
                )
                for row in connection.execute(query.group_by(*columns)):
                    reason = Reason(row.no_answer) if row.no_answer else None
                    tallies[row.sweep_id].append(
                        Tally(row.payer, row.state, reason, bool(row.asked), row.items)
                    )
                    if work is tables.visits:
                        visits.add(row.sweep_id)
            files: dict[str, list[SweptExport]] = defaultdict(list)
            there = tables.exports
            chosen = select(there).where(there.c.sweep_id.in_(ids)).order_by(there.c.position)
            for row in connection.execute(chosen):
                files[row.sweep_id].append(
                    SweptExport(row.name, row.sha256, row.system, row.rows_in)
                )
            refused = tables.refused_rows.c.sweep_id
            counted = select(refused, func.count().label("rows")).where(
                refused.in_(ids), tables.refused_rows.c.why.not_in(FURNITURE)
            )
            without = {
                row.sweep_id: row.rows for row in connection.execute(counted.group_by(refused))
            }
        return tuple(
            Night(
                row.sweep_id,
                row.business_date,
                row.started_at,
                row.finished_at,
                row.sweep_id in visits,
                tuple(files[row.sweep_id]),
                without.get(row.sweep_id, 0),
                tuple(tallies[row.sweep_id]),
            )
            for row in rows
        )

    def session_notes(self, sweep_id: str) -> tuple[PayerNote, ...]:
        """What happened to a sweep's payer sessions."""
        with self._reading() as connection:
            return read_notes(connection, sweep_id)

    def newest_drift(self, payer: str) -> tuple[str, tuple[Drift, ...]] | None:
        """The newest sweep in which the payer's portal drifted from its profile, and where."""
        drift, sweeps = tables.drift.c, tables.sweeps.c
        query = select(sweeps.sweep_id).join_from(tables.sweeps, tables.drift)
        query = query.where(drift.payer == payer).order_by(sweeps.started_at.desc())
        with self._reading() as connection:
            sweep_id = connection.execute(query.limit(1)).scalar()
            if sweep_id is None:
                return None
            return sweep_id, read_drift(connection, sweep_id)[payer]

    def refused_rows(self, sweep_id: str) -> tuple[RefusedRow, ...]:
        """The rows of a sweep's files that were refused."""
        with self._reading() as connection:
            return read_refused(connection, sweep_id)

    def known_claims(self, claim_id: str) -> tuple[tuple[int, Claim], ...]:
        """The claims of a number, each with its newest item: of any payer and day of service."""
        items = tables.items.c
        query = select(items.item_id, items.claim).where(items.claim_id == claim_id)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(items.item_id))
            read_all = [(row.item_id, read(CLAIM, row.claim)) for row in rows]
        newest = {(c.payer, c.payer_name, c.service_from): (i, c) for i, c in read_all}
        return tuple(reversed(newest.values()))
