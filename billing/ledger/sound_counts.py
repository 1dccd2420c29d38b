"""Whether what is kept counted is what counting anew tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from billing.ledger import tables
from billing.ledger.case_counts import count_query
from billing.ledger.decisions import decided_anew
from billing.ledger.people_tables import case_counts
from billing.ledger.sound_rows import AT_ONCE


def counts_that_differ(connection: Connection) -> Iterator[str | None]:
    """For each kept count, and each decision, a sentence, or None where it is right."""
    kept = {tuple(row[:5]): (row.cases, row.dollars) for row in connection.execute(_kept())}
    anew = {
        tuple(key): (number, dollars) for *key, number, dollars in connection.execute(count_query())
    }
    for alike in sorted(kept.keys() | anew.keys()):
        same = kept.get(alike) == anew.get(alike)
        yield None if same else f"The cases of {', '.join(alike[:4])} are counted wrongly."
    own = tables.decided.alias("own")
    told = decided_anew().subquery()
    same_day = own.c.before.is_not_distinct_from(told.c.before)
    right = and_(own.c.item_id.is_not(None), same_day).label("right")
    stated = select(told.c.item_id, right).outerjoin_from(
        told, own, own.c.item_id == told.c.item_id
    )
    for row in connection.execute(stated, execution_options={"yield_per": AT_ONCE}):
        yield None if row.right else f"The item {row.item_id} is not kept as the decision it is."
    more = select(own.c.item_id).where(own.c.item_id.not_in(select(told.c.item_id)))
    for row in connection.execute(more, execution_options={"yield_per": AT_ONCE}):
        yield f"The item {row.item_id} is kept as a decision, and is none."


def _kept() -> Select[Any]:
    return select(case_counts)
