"""What a sweep found, read back as the values that every output is made from."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.batches import BatchState, read_held
from billing.ledger.database import AnyRow, Database
from billing.ledger.history import earlier_of, last_answers
from billing.ledger.sweeps import (
    SweptExport,
    read_drift,
    read_notes,
    read_refused,
    require_settled,
    require_sweep,
)
from billing.ledger.words import CLAIM, CONCLUSION, OBSERVATION, POSTING, read
from billing.model import Claim, Observation, Posting
from billing.report import ClaimResult, Drift, Earlier, SweepReport


class Reports(Database):
    """Reading results; nothing here writes."""

    def report(self, sweep_id: str) -> SweepReport:
        """Everything the outputs of a sweep are made from, as one state of the ledger.

        Refused while an item has no result, so that no claim is missing from an output.
        ``payer_names`` stays empty: profiles know the payers' names.
        """
        with self._reading() as connection:
            sweep = require_sweep(connection, sweep_id)
            require_settled(connection, sweep_id)
            held = read_held(connection, sweep_id)
            return SweepReport(
                sweep_id=sweep_id,
                business_date=sweep.business_date,
                started_at=sweep.started_at,
                finished_at=sweep.finished_at,
                results=_results(connection, sweep_id),
                refused_rows=read_refused(connection, sweep_id),
                new_postings=_new_postings(connection, sweep_id),
                drift=read_drift(connection, sweep_id),
                known_postings=sum(len(one.postings) for one in held if one.already),
                held_postings=tuple((one.postings[0], one.why) for one in held if not one.already),
                payer_notes=read_notes(connection, sweep_id),
            )

    def drift(self, sweep_id: str) -> dict[str, tuple[Drift, ...]]:
        """Where portals were not as their profiles say, by payer."""
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            return read_drift(connection, sweep_id)

    def results(self, sweep_id: str, payer: str | None = None) -> tuple[ClaimResult, ...]:
        """The results there are so far, oldest item first; of one payer when one is named."""
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            return _results(connection, sweep_id, payer)

    def observations(self, item_id: int) -> tuple[Observation, ...]:
        """All that was ever observed for an item, oldest first, earlier attempts included."""
        table = tables.observations
        with self._reading() as connection:
            if not connection.execute(
                select(tables.items.c.item_id).where(tables.items.c.item_id == item_id)
            ).first():
                raise BadInput(f"The ledger holds no item {item_id}.")
            query = select(table.c.observation).where(table.c.item_id == item_id)
            texts = connection.execute(query.order_by(table.c.fence, table.c.position)).scalars()
            return tuple(read(OBSERVATION, text) for text in texts)

    def claim_results(self, claim_id: str) -> tuple[ClaimResult, ...]:
        """Every result that a claim number ever had, of any payer and sweep, the newest first."""
        newest_first = (tables.conclusions.c.concluded_at.desc(), tables.items.c.item_id.desc())
        query = _settled().where(tables.items.c.claim_id == claim_id).order_by(*newest_first)
        with self._reading() as connection:
            return tuple(_result(row, None, None) for row in connection.execute(query))

    def asked_claim(self, item_id: int) -> tuple[Claim, SweptExport | None]:
        """The claim of an item of any sweep, and the export that its row stands in, if the sweep
        had one. Raises BadInput when there is no such item."""
        items, exports = tables.items, tables.exports
        its_own = and_(
            exports.c.sweep_id == items.c.sweep_id, exports.c.sha256 == items.c.export_sha256
        )
        query = select(items.c.claim, exports).outerjoin_from(items, exports, its_own)
        with self._reading() as connection:
            row = connection.execute(query.where(items.c.item_id == item_id)).first()
        if row is None:
            raise BadInput(f"The ledger holds no item {item_id}.")
        export = SweptExport(row.name, row.sha256, row.system, row.rows_in) if row.name else None
        return read(CLAIM, row.claim), export

    def find_items(self, sweep_id: str, claim_id: str) -> tuple[int, ...]:
        """The items of a claim number: none, one, or several when several rows carry it."""
        items = tables.items.c
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            query = select(items.item_id).where(
                items.sweep_id == sweep_id, items.claim_id == claim_id
            )
            return tuple(connection.execute(query.order_by(items.item_id)).scalars())


def _results(
    connection: Connection, sweep_id: str, payer: str | None = None
) -> tuple[ClaimResult, ...]:
    items = tables.items
    query = _settled().where(items.c.sweep_id == sweep_id).order_by(items.c.item_id)
    if payer is not None:
        query = query.where(items.c.payer == payer)
    earlier, first = _earlier_by_item(connection, sweep_id), _first_asked(connection, sweep_id)
    return tuple(
        _result(row, earlier.get(row.item_id), first.get(row.item_id))
        for row in connection.execute(query)
    )


def _settled() -> Select[Any]:
    """Items with the conclusion that is theirs now."""
    items, conclusions = tables.items, tables.conclusions
    current = and_(conclusions.c.item_id == items.c.item_id, conclusions.c.fence == items.c.fence)
    return select(
        items.c.item_id,
        items.c.claim,
        items.c.attempts,
        conclusions.c.conclusion,
        conclusions.c.seconds,
        conclusions.c.concluded_at,
    ).join_from(items, conclusions, current)


def _first_asked(connection: Connection, sweep_id: str) -> dict[int, date]:
    """By item: the day of the first sweep, up to this one, that held the same claim."""
    items, before = tables.items, tables.items.alias("before")
    this, sweeps = tables.sweeps.alias("this"), tables.sweeps
    query = (
        select(items.c.item_id, func.min(sweeps.c.business_date).label("first_asked"))
        .join_from(items, this, items.c.sweep_id == this.c.sweep_id)
        .join(
            before,
            and_(
                before.c.claim_id == items.c.claim_id,
                before.c.payer.is_not_distinct_from(items.c.payer),
            ),
        )
        .join(sweeps, sweeps.c.sweep_id == before.c.sweep_id)
        .where(items.c.sweep_id == sweep_id, sweeps.c.started_at <= this.c.started_at)
        .group_by(items.c.item_id)
    )
    return {row.item_id: row.first_asked for row in connection.execute(query)}


def _earlier_by_item(connection: Connection, sweep_id: str) -> dict[int, Earlier]:
    """By item of a sweep the last answer that one begun before it got for the same claim."""
    rows = last_answers(connection, tables.items.c.sweep_id == sweep_id)
    return {row.item_id: earlier_of(row) for row in rows}


def _result(row: AnyRow, earlier: Earlier | None, first_asked: date | None) -> ClaimResult:
    return ClaimResult(
        item_id=row.item_id,
        claim=read(CLAIM, row.claim),
        conclusion=read(CONCLUSION, row.conclusion),
        attempts=row.attempts,
        seconds=row.seconds,
        checked_at=row.concluded_at,
        earlier=earlier,
        first_asked=first_asked,
    )


def _new_postings(connection: Connection, sweep_id: str) -> tuple[Posting, ...]:
    """What the sweep's batches propose, in the order to post it, undone ones left out."""
    postings, batches = tables.postings, tables.batches
    query = (
        select(postings.c.posting)
        .join_from(postings, batches, batches.c.batch_id == postings.c.batch_id)
        .where(batches.c.run == sweep_id, batches.c.state != BatchState.UNDONE)
        .order_by(batches.c.proposed_at, batches.c.batch_id, postings.c.position)
    )
    return tuple(read(POSTING, text) for text in connection.execute(query).scalars())
