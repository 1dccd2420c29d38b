"""Work in hand: an item of any kind is leased to one worker at a time and closed once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select, update

from billing.ledger import tables
from billing.ledger.database import AnyRow
from billing.ledger.owners import owner_is_dead


def take(
    connection: Connection,
    work: Table,
    sweep_id: str,
    payer: str,
    owner: str,
    *,
    seconds: int,
    now: datetime,
) -> AnyRow | None:
    """Lease one item of this payer, the one asked least often, then the oldest; None for none.

    The row is as it was before: its new fence and count of attempts are one more.
    """
    while row := _next(connection, work, sweep_id, payer, now):
        taken = connection.execute(
            update(work)
            .where(
                work.c.item_id == row.item_id,
                work.c.fence == row.fence,
                work.c.state == row.state,
            )
            .values(
                state=tables.LEASED,
                attempts=work.c.attempts + 1,
                fence=work.c.fence + 1,
                owner=owner,
                leased_until=now + timedelta(seconds=seconds),
            )
        ).rowcount
        if taken:
            return row
    return None


def give_back(connection: Connection, work: Table, item_id: int, fence: int) -> bool:
    """Put a leased item back; False when the lease was lost already."""
    given = connection.execute(
        update(work)
        .where(work.c.item_id == item_id, work.c.fence == fence, work.c.state == tables.LEASED)
        .values(state=tables.PENDING, owner=None, leased_until=None)
    ).rowcount
    return bool(given)


def close(
    connection: Connection,
    work: Table,
    item_id: int,
    fence: int,
    *,
    state: str | None,
    no_answer: str | None,
) -> str | None:
    """Close the item if this fence still holds it; its sweep's id, or None."""
    return connection.execute(
        update(work)
        .where(work.c.item_id == item_id, work.c.fence == fence, work.c.state == tables.LEASED)
        .values(owner=None, leased_until=None, state=state, no_answer=no_answer)
        .returning(work.c.sweep_id)
    ).scalar()


def close_unasked(connection: Connection, work: Table, closing: Sequence[dict[str, Any]]) -> None:
    """Close waiting items, each with its ``id``, ``state`` and ``no_answer``, under a new fence."""
    connection.execute(
        update(work)
        .where(work.c.item_id == bindparam("id"))
        .values(
            fence=work.c.fence + 1,
            state=bindparam("state"),
            no_answer=bindparam("no_answer"),
            owner=None,
            leased_until=None,
        ),
        list(closing),
    )


def waiting(
    connection: Connection,
    work: Table,
    sweep_id: str,
    payer: str | None,
    now: datetime,
    limit: int,
) -> list[AnyRow]:
    """Pending items, at most ``limit``, and every item whose lease nobody living holds."""
    mine = select(work).where(work.c.sweep_id == sweep_id, work.c.payer.is_not_distinct_from(payer))
    pending = (
        mine.where(work.c.state == tables.PENDING)
        .order_by(work.c.attempts, work.c.item_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leased = mine.where(work.c.state == tables.LEASED).with_for_update(skip_locked=True)
    lost = [
        row
        for row in connection.execute(leased)
        if row.leased_until <= now or owner_is_dead(row.owner)
    ]
    return [*connection.execute(pending), *lost]


def _next(
    connection: Connection, work: Table, sweep_id: str, payer: str, now: datetime
) -> AnyRow | None:
    free = waiting(connection, work, sweep_id, payer, now, 1)
    return min(free, key=lambda row: (row.attempts, row.item_id), default=None)
