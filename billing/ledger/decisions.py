"""When the ledger first knew each claim as decided, for what rises and falls from week to week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select

from billing.denial_families import Decision, denies
from billing.ledger import tables
from billing.ledger.database import Database
from billing.ledger.words import CONCLUSION, OBSERVATION, read
from billing.model import Channel, Observation, Outcome

_REFUSED = (Outcome.DENIED, Outcome.PARTLY_PAID)
_CHUNK = 1000


class Decisions(Database):
    """Reading payers' first decisions; nothing here writes."""

    def decisions(self, *, since: date, until: date) -> tuple[Decision, ...]:
        """Every claim decided in the sweeps of these days, once: as it was first seen in them.

        A claim that was decided before ``since`` and is swept again counts on its first day here.
        """
        items, conclusions, sweeps = tables.items, tables.conclusions, tables.sweeps
        current = and_(
            conclusions.c.item_id == items.c.item_id, conclusions.c.fence == items.c.fence
        )
        first = (
            select(func.min(items.c.item_id).label("item_id"))
            .join_from(items, conclusions, current)
            .join(sweeps, sweeps.c.sweep_id == items.c.sweep_id)
            .where(
                sweeps.c.business_date.between(since, until),
                items.c.payer.is_not(None),
                items.c.state == tables.ANSWERED,
                or_(_said(Outcome.PAID), *map(_said, _REFUSED)),
            )
            .group_by(items.c.payer, items.c.claim_id)
            .subquery()
        )
        query = (
            select(
                items.c.item_id,
                items.c.payer,
                items.c.claim_id,
                sweeps.c.business_date,
                case((or_(*map(_said, _REFUSED)), conclusions.c.conclusion)).label("refused"),
            )
            .join_from(first, items, items.c.item_id == first.c.item_id)
            .join(conclusions, current)
            .join(sweeps, sweeps.c.sweep_id == items.c.sweep_id)
            .order_by(items.c.item_id)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            _decision(row.item_id, row.payer, row.claim_id, row.business_date, row.refused)
            for row in rows
        )

    def documented(self, item_ids: Sequence[int]) -> Iterator[tuple[int, Observation]]:
        """What documents, not portals, stated of these items, each with its item; by item."""
        table = tables.observations
        portal = f'{{"channel":"{Channel.PORTAL}"'
        for start in range(0, len(item_ids), _CHUNK):
            query = (
                select(table.c.item_id, table.c.observation)
                .where(
                    table.c.item_id.in_(item_ids[start : start + _CHUNK]),
                    not_(table.c.observation.startswith(portal, autoescape=True)),
                )
                .order_by(table.c.item_id, table.c.fence, table.c.position)
            )
            with self._reading() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield row.item_id, read(OBSERVATION, row.observation)


def _said(outcome: Outcome) -> ColumnElement[bool]:
    """A conclusion's JSON begins with its outcome, its first field."""
    return tables.conclusions.c.conclusion.startswith(f'{{"outcome":"{outcome}"', autoescape=True)


def _decision(item_id: int, payer: str, claim_id: str, seen: date, refused: str | None) -> Decision:
    if refused is None:
        return Decision(item_id, payer, claim_id, seen)
    said = read(CONCLUSION, refused)
    return Decision(
        item_id=item_id,
        payer=payer,
        claim_id=claim_id,
        seen=seen,
        payer_claim_number=said.payer_claim_number,
        reasons=tuple(sorted(filter(denies, said.reason_codes))),
        dollars=said.finding.dollars,
    )
