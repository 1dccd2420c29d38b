"""Sweeps: the claims or visits of some files on one day, each ending with a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, func, or_, select, update

from billing.errors import BadInput, ClaimsweepError
from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.patience import repeatable
from billing.ledger.words import CLAIM, write
from billing.model import Claim, Reason
from billing.report import Drift, PayerNote, RefusedRow

_CHUNK = 2000
FINAL = (Reason.SEVERAL_MATCHES, Reason.WRONG_PATIENT)
"""Facts about the claim that asking again on the same day would not change."""

_WORK = (tables.items, tables.visits)
"""A sweep is of claims or of visits; what is asked of either is asked of both."""


@dataclass(frozen=True, slots=True)
class SweptExport:
    """One export of a sweep: file name, hash of its bytes, billing system, claim rows in it."""

    name: str
    sha256: str
    system: str
    rows_in: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How many items of a sweep are in each state."""

    pending: int
    leased: int
    answered: int
    not_found: int
    no_answer: int

    @property
    def unsettled(self) -> int:
        """Items that have no result yet."""
        return self.pending + self.leased

    @property
    def settled(self) -> int:
        """Items that have a result, if only that nobody knows."""
        return self.answered + self.not_found + self.no_answer


@dataclass(frozen=True, slots=True)
class SweepStart:
    """What a sweep begins with; ``resumed`` when the ledger had it already."""

    sweep_id: str
    resumed: bool
    progress: Progress


class Sweeps(Database):
    """Beginning, resuming and finishing sweeps."""

    @repeatable
    def begin_sweep(
        self,
        sweep_id: str,
        *,
        business_date: date,
        exports: Sequence[SweptExport],
        claims: Sequence[Claim],
        refused: Sequence[RefusedRow],
        at: datetime,
    ) -> SweepStart:
        """Make one work item per claim row, in one transaction; again with the same id, go on.

        On a second call every result stays, new rows join, and a claim without an answer is
        read anew (its payer may have got a profile since). ``at`` is kept the first time only.
        """
        rows = [_item(sweep_id, claim) for claim in claims]
        with self._writing() as connection:
            resumed = self._open_sweep(connection, sweep_id, business_date, exports, refused, at)
            self._join(connection, tables.items, rows, ("payer", "claim", "claim_id"))
            return SweepStart(sweep_id, resumed, count_progress(connection, sweep_id))

    def _open_sweep(
        self,
        connection: Connection,
        sweep_id: str,
        business_date: date,
        exports: Sequence[SweptExport],
        refused: Sequence[RefusedRow],
        at: datetime,
    ) -> bool:
        """Note the sweep, its files and the rows refused now; whether it was there already."""
        resumed = _sweep(connection, sweep_id) is not None
        first = {"sweep_id": sweep_id, "business_date": business_date, "started_at": at}
        self._insert_or_keep(connection, tables.sweeps, [first])
        self._insert_or_keep(
            connection, tables.exports, list(_exports(connection, sweep_id, exports))
        )
        mine = tables.refused_rows.c.sweep_id == sweep_id
        connection.execute(tables.refused_rows.delete().where(mine))
        self._insert_or_keep(
            connection,
            tables.refused_rows,
            [
                {"sweep_id": sweep_id, "position": i, "row": r.row, "sheet": r.sheet, "why": r.why}
                for i, r in enumerate(refused)
            ],
        )
        return resumed

    def _join(
        self,
        connection: Connection,
        work: Table,
        rows: Sequence[dict[str, Any]],
        anew: Sequence[str],
    ) -> None:
        """Add the rows that are new; one without an answer gets its columns ``anew`` again."""
        insert = self._insert(work)
        insert_or_read_anew = insert.on_conflict_do_update(
            index_elements=["sweep_id", "export_sha256", "sheet", "row"],
            set_={column: insert.excluded[column] for column in anew},
            where=or_(work.c.state == tables.PENDING, work.c.state == tables.NO_ANSWER),
        )
        for start in range(0, len(rows), _CHUNK):
            connection.execute(insert_or_read_anew, rows[start : start + _CHUNK])

    @repeatable
    def reopen_unanswered(self, sweep_id: str) -> int:
        """Put items back to work that got no answer for a reason that may have passed.

        Several matches and a wrong patient are facts about the claim and stay. What was observed
        and concluded before is kept as history. Returns how many were reopened.
        """
        reopened = 0
        with self._writing() as connection:
            require_sweep(connection, sweep_id)
            for work in _WORK:
                reopened += connection.execute(
                    update(work)
                    .where(
                        work.c.sweep_id == sweep_id,
                        work.c.state == tables.NO_ANSWER,
                        or_(work.c.no_answer.is_(None), work.c.no_answer.not_in(FINAL)),
                    )
                    .values(state=tables.PENDING, no_answer=None, fence=work.c.fence + 1)
                ).rowcount
            if reopened:
                _set_finished(connection, sweep_id, None)
        return reopened

    @repeatable
    def finish_sweep(self, sweep_id: str, at: datetime) -> None:
        """Mark the sweep finished; refused while an item has no result. The first time stays."""
        with self._writing() as connection:
            row = require_sweep(connection, sweep_id)
            require_settled(connection, sweep_id)
            if row.finished_at is None:
                _set_finished(connection, sweep_id, at)

    @repeatable
    def progress(self, sweep_id: str) -> Progress:
        """How many items are in each state."""
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            return count_progress(connection, sweep_id)

    @repeatable
    def pending_payers(self, sweep_id: str) -> tuple[str | None, ...]:
        """The payers with items that have no result yet, by id; None last, if among them."""
        payers: set[str | None] = set()
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            for work in _WORK:
                unsettled = work.c.state.in_((tables.PENDING, tables.LEASED))
                query = select(work.c.payer).where(work.c.sweep_id == sweep_id, unsettled)
                payers.update(connection.execute(query.distinct()).scalars())
        return tuple(sorted(payers, key=lambda payer: (payer is None, payer)))

    @repeatable
    def has_work(self, sweep_id: str, payer: str) -> bool:
        """Whether a claim or visit of this payer has no result yet, whoever holds it."""
        with self._reading() as connection:
            for work in _WORK:
                mine = (work.c.sweep_id == sweep_id, work.c.payer == payer)
                unsettled = work.c.state.in_((tables.PENDING, tables.LEASED))
                query = select(work.c.item_id).where(*mine, unsettled).limit(1)
                if connection.execute(query).first() is not None:
                    return True
        return False

    @repeatable
    def business_date(self, sweep_id: str) -> date:
        """The day a sweep was begun for, which every rule of it counts from."""
        with self._reading() as connection:
            business_date: date = require_sweep(connection, sweep_id).business_date
            return business_date

    def latest_sweep(self) -> str | None:
        """The id of the sweep of claims that was begun last, or None."""
        table = tables.sweeps
        of_visits = select(tables.visits.c.item_id).where(
            tables.visits.c.sweep_id == table.c.sweep_id
        )
        with self._reading() as connection:
            query = select(table.c.sweep_id).where(~of_visits.exists())
            query = query.order_by(table.c.started_at.desc(), table.c.sweep_id)
            return connection.execute(query.limit(1)).scalar()

    def sweeps_since(self, day: date | None) -> tuple[str, ...]:
        """The sweeps of ``day`` and later, or all of them, in the order they were begun."""
        table = tables.sweeps
        query = select(table.c.sweep_id).order_by(table.c.started_at, table.c.sweep_id)
        if day is not None:
            query = query.where(table.c.business_date >= day)
        with self._reading() as connection:
            return tuple(connection.execute(query).scalars())

    def sweep_exports(self, sweep_id: str) -> tuple[SweptExport, ...]:
        """The exports of a sweep, in the order they were given."""
        table = tables.exports
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            query = select(table).where(table.c.sweep_id == sweep_id).order_by(table.c.position)
            return tuple(
                SweptExport(row.name, row.sha256, row.system, row.rows_in)
                for row in connection.execute(query)
            )

    @repeatable
    def note_drift(self, sweep_id: str, payer: str, drift: Iterable[Drift]) -> None:
        """Keep where the payer's portal is not as its profile says, each place once a sweep."""
        mine = {"sweep_id": sweep_id, "payer": payer}
        rows = [{**mine, **asdict(one)} for one in drift]
        with self._writing() as connection:
            self._insert_or_keep(connection, tables.drift, rows)

    @repeatable
    def forget_notes(self, sweep_id: str) -> None:
        """What happened to the sessions of an earlier run does not describe the next one."""
        with self._writing() as connection:
            require_sweep(connection, sweep_id)
            connection.execute(
                tables.payer_notes.delete().where(tables.payer_notes.c.sweep_id == sweep_id)
            )

    @repeatable
    def note_payer(self, sweep_id: str, note: PayerNote) -> None:
        """Keep what happened to a payer's session; one note per payer and kind, the last one."""
        insert = self._insert(tables.payer_notes)
        with self._writing() as connection:
            require_sweep(connection, sweep_id)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["sweep_id", "payer", "kind"],
                    set_={"sentence": insert.excluded.sentence},
                ),
                {
                    "sweep_id": sweep_id,
                    "payer": note.payer,
                    "kind": note.kind,
                    "sentence": note.sentence,
                },
            )


def require_sweep(connection: Connection, sweep_id: str) -> AnyRow:
    """The sweep's row; raises BadInput when there is none."""
    row = _sweep(connection, sweep_id)
    if row is None:
        raise BadInput(f"The ledger holds no sweep {sweep_id}: run the sweep first.")
    return row


def require_settled(connection: Connection, sweep_id: str) -> None:
    """Raise ClaimsweepError while an item of the sweep has no result: no claim goes missing."""
    unsettled = count_progress(connection, sweep_id).unsettled
    if unsettled:
        raise ClaimsweepError(
            f"Sweep {sweep_id} has {unsettled} claims without a result yet: "
            "run the same sweep again to finish it."
        )


def _sweep(connection: Connection, sweep_id: str) -> AnyRow | None:
    query = select(tables.sweeps).where(tables.sweeps.c.sweep_id == sweep_id)
    return connection.execute(query).one_or_none()


def _set_finished(connection: Connection, sweep_id: str, at: datetime | None) -> None:
    mine = tables.sweeps.c.sweep_id == sweep_id
    connection.execute(update(tables.sweeps).where(mine).values(finished_at=at))


def read_refused(connection: Connection, sweep_id: str) -> tuple[RefusedRow, ...]:
    """The rows of the sweep's files that were refused, in their order."""
    table = tables.refused_rows
    query = select(table).where(table.c.sweep_id == sweep_id).order_by(table.c.position)
    return tuple(RefusedRow(row.row, row.why, row.sheet) for row in connection.execute(query))


def read_notes(connection: Connection, sweep_id: str) -> tuple[PayerNote, ...]:
    """What happened to the sweep's payer sessions."""
    table = tables.payer_notes
    query = select(table).where(table.c.sweep_id == sweep_id)
    query = query.order_by(table.c.payer, table.c.kind)
    return tuple(PayerNote(row.payer, row.kind, row.sentence) for row in connection.execute(query))


def read_drift(connection: Connection, sweep_id: str) -> dict[str, tuple[Drift, ...]]:
    """Where portals were not as their profiles say in the sweep, by payer."""
    table = tables.drift
    query = select(table).where(table.c.sweep_id == sweep_id)
    found: dict[str, list[Drift]] = {}
    for row in connection.execute(query.order_by(table.c.payer, table.c.wanted)):
        drift = Drift(row.wanted, row.found_by, row.nth, row.evidence)
        found.setdefault(row.payer, []).append(drift)
    return {payer: tuple(drifts) for payer, drifts in found.items()}


def count_progress(connection: Connection, sweep_id: str) -> Progress:
    """How many items of the sweep are in each state."""
    counts: Counter[str] = Counter()
    for work in _WORK:
        query = select(work.c.state, func.count()).where(work.c.sweep_id == sweep_id)
        counts.update(dict(connection.execute(query.group_by(work.c.state)).all()))
    return Progress(
        pending=counts.get(tables.PENDING, 0),
        leased=counts.get(tables.LEASED, 0),
        answered=counts.get(tables.ANSWERED, 0),
        not_found=counts.get(tables.NOT_FOUND, 0),
        no_answer=counts.get(tables.NO_ANSWER, 0),
    )


def _exports(
    connection: Connection, sweep_id: str, exports: Sequence[SweptExport]
) -> Iterator[dict[str, Any]]:
    table = tables.exports
    there = select(func.count()).where(table.c.sweep_id == sweep_id)
    known = connection.execute(there.select_from(table)).scalar_one()
    for position, export in enumerate(exports, start=known):
        yield {
            "sweep_id": sweep_id,
            "sha256": export.sha256,
            "position": position,
            "name": export.name,
            "system": export.system,
            "rows_in": export.rows_in,
        }


def _item(sweep_id: str, claim: Claim) -> dict[str, Any]:
    return {
        "sweep_id": sweep_id,
        "export_sha256": claim.source.export_sha256,
        "sheet": claim.source.sheet or "",
        "row": claim.source.row,
        "claim_id": claim.claim_id,
        "payer": claim.payer,
        "claim": write(CLAIM, claim),
    }
