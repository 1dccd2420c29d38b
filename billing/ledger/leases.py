"""Work in hand: an item of any kind is leased to one worker at a time and closed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, select, update

from billing.ledger import tables
from billing.ledger.database import AnyRow, Database, instant
from billing.ledger.owners import owner_is_dead
from billing.ledger.patience import repeatable, was_cut_off

Item = TypeVar("Item")


class Leases(Database):
    """Taking items of any kind, and holding on to them."""

    def _lease(
        self,
        work: Table,
        sweep_id: str,
        payer: str,
        owner: str,
        made: Callable[[AnyRow], Item],
        *,
        seconds: int,
        now: datetime | None,
    ) -> Item | None:
        """What is ``made`` of the item that :func:`take` leases; one, whatever cuts it off."""
        taken: list[AnyRow] = []

        @repeatable
        def lease(ledger: Leases) -> Item | None:
            before = taken[-1] if taken else None
            with ledger._writing() as connection:
                row = take(
                    connection,
                    work,
                    sweep_id,
                    payer,
                    owner,
                    seconds=seconds,
                    now=now,
                    before=before,
                )
                if row is None:
                    return None
                taken.append(row)
                return made(row)

        return lease(self)

    @repeatable
    def renew_work(self, sweep_id: str, payer: str, owner: str, *, seconds: int) -> int:
        """Hold what this owner has in hand for so many seconds from now; how many items that is."""
        with self._writing() as connection:
            until = instant(connection) + timedelta(seconds=seconds)
            return sum(
                connection.execute(
                    update(work)
                    .where(
                        work.c.sweep_id == sweep_id,
                        work.c.payer == payer,
                        work.c.state == tables.LEASED,
                        work.c.owner == owner,
                    )
                    .values(leased_until=until)
                ).rowcount
                for work in (tables.items, tables.visits)
            )

    @repeatable
    def take_over(self, sweep_id: str, payer: str, owner: str) -> int:
        """Put back what others still hold of a payer's items, for the one who has its account.

        Nobody else may ask about them now, and what is settled yet under their leases is refused.
        Returns how many items that was.
        """
        with self._writing() as connection:
            return sum(
                connection.execute(
                    update(work)
                    .where(
                        work.c.sweep_id == sweep_id,
                        work.c.payer == payer,
                        work.c.state == tables.LEASED,
                        work.c.owner != owner,
                    )
                    .values(state=tables.PENDING, owner=None, leased_until=None)
                ).rowcount
                for work in (tables.items, tables.visits)
            )


def take(
    connection: Connection,
    work: Table,
    sweep_id: str,
    payer: str,
    owner: str,
    *,
    seconds: int,
    now: datetime | None,
    before: AnyRow | None = None,
) -> AnyRow | None:
    """Lease one item of this payer, the one asked least often, then the oldest; None for none.

    The row is as it was before: its new fence and count of attempts are one more. ``before`` is
    what was taken by the same call when it was cut off, and is ours if that was committed.
    """
    if before is not None and _holds(connection, work, before.item_id, owner, before.fence + 1):
        return before
    now = now or instant(connection)
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


def _holds(connection: Connection, work: Table, item_id: int, owner: str, fence: int) -> bool:
    mine = (work.c.item_id == item_id, work.c.owner == owner, work.c.fence == fence)
    held = select(work.c.item_id).where(*mine, work.c.state == tables.LEASED)
    return connection.execute(held).first() is not None


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


def settled_before(connection: Connection, conclusions: Table, item_id: int, fence: int) -> bool:
    """Whether the call at work was cut off before, after it had settled the item."""
    if not was_cut_off():
        return False
    mine = (conclusions.c.item_id == item_id, conclusions.c.fence == fence)
    return connection.execute(select(conclusions.c.fence).where(*mine)).first() is not None


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
    now: datetime | None,
    limit: int,
) -> list[AnyRow]:
    """Pending items, at most ``limit``, and every item whose lease nobody living holds.

    Leases are judged by the ledger's one clock, or as of ``now``.
    """
    judged_at = now or instant(connection)
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
        if row.leased_until <= judged_at or owner_is_dead(row.owner)
    ]
    return [*connection.execute(pending), *lost]


def _next(
    connection: Connection, work: Table, sweep_id: str, payer: str, now: datetime
) -> AnyRow | None:
    free = waiting(connection, work, sweep_id, payer, now, 1)
    return min(free, key=lambda row: (row.attempts, row.item_id), default=None)
