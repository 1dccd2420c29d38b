"""What a sweep found, read back as the values that every output is made from."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, select

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.sweeps import require_settled, require_sweep
from billing.ledger.words import CLAIM, CONCLUSION, OBSERVATION, POSTING, read
from billing.model import ClaimResult, Observation, PayerNote, RefusedRow, SweepReport


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
            refused = select(tables.refused_rows).where(tables.refused_rows.c.sweep_id == sweep_id)
            notes = select(tables.payer_notes).where(tables.payer_notes.c.sweep_id == sweep_id)
            postings = select(tables.postings.c.posting).where(
                tables.postings.c.sweep_id == sweep_id
            )
            return SweepReport(
                sweep_id=sweep_id,
                business_date=sweep.business_date,
                started_at=sweep.started_at,
                finished_at=sweep.finished_at,
                results=_results(connection, sweep_id),
                refused_rows=tuple(
                    RefusedRow(row.row, row.why, row.sheet)
                    for row in connection.execute(refused.order_by(tables.refused_rows.c.position))
                ),
                new_postings=tuple(
                    read(POSTING, text)
                    for text in connection.execute(
                        postings.order_by(tables.postings.c.item_id, tables.postings.c.key)
                    ).scalars()
                ),
                known_postings=_known_postings(connection, sweep_id),
                payer_notes=tuple(
                    PayerNote(row.payer, row.kind, row.sentence)
                    for row in connection.execute(
                        notes.order_by(tables.payer_notes.c.payer, tables.payer_notes.c.kind)
                    )
                ),
            )

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
    items, conclusions = tables.items, tables.conclusions
    current = and_(conclusions.c.item_id == items.c.item_id, conclusions.c.fence == items.c.fence)
    query = (
        select(
            items.c.item_id,
            items.c.claim,
            items.c.attempts,
            conclusions.c.conclusion,
            conclusions.c.seconds,
            conclusions.c.concluded_at,
        )
        .join_from(items, conclusions, current)
        .where(items.c.sweep_id == sweep_id)
        .order_by(items.c.item_id)
    )
    if payer is not None:
        query = query.where(items.c.payer == payer)
    return tuple(_result(row) for row in connection.execute(query))


def _result(row: AnyRow) -> ClaimResult:
    return ClaimResult(
        item_id=row.item_id,
        claim=read(CLAIM, row.claim),
        conclusion=read(CONCLUSION, row.conclusion),
        attempts=row.attempts,
        seconds=row.seconds,
        checked_at=row.concluded_at,
    )


def _known_postings(connection: Connection, sweep_id: str) -> int:
    proposals, postings = tables.proposals, tables.postings
    query = (
        select(func.count(proposals.c.key.distinct()))
        .join_from(proposals, postings, proposals.c.key == postings.c.key)
        .where(proposals.c.sweep_id == sweep_id, postings.c.sweep_id != sweep_id)
    )
    return connection.execute(query).scalar_one()
