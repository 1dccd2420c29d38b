"""What stands in the books beside entries that are to be posted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Column, Connection, select

from billing.ledger import tables
from billing.ledger.database import AnyRow
from billing.ledger.words import POSTING, read
from billing.model import Posting, PostingKind
from billing.reconcile.order import Entry, Posted

_CHUNK = 500


def read_standing(connection: Connection, beside: Iterable[Entry]) -> tuple[Posted, ...]:
    """Every entry that stands in a batch under the same key or account, and, where one takes back,
    under the same claim number."""
    columns = tables.entries.c
    beside = list(beside)
    numbers = {one.number for one in beside if one.kind is PostingKind.REVERSAL}
    accounts = {one.postings[0].account for one in beside} - {""}
    found: dict[str, AnyRow] = {}
    for column, wanted in (
        (columns.unit, {one.unit for one in beside} | {u for one in beside for u in one.follows}),
        (columns.number, numbers),
        (columns.account, accounts),
    ):
        found |= {row.unit: row for row in _rows(connection, column, sorted(wanted))}
    return _posted(connection, found)


def standing_on(connection: Connection, payment: str) -> tuple[Posted, ...]:
    """Every entry of the payment of this key that stands in a batch."""
    units = tables.entries.c.unit
    query = select(units).where(units.startswith(f"{payment}|", autoescape=True))
    there = list(connection.execute(query).scalars())
    found = {row.unit: row for row in _rows(connection, units, there)}
    return tuple(one for one in _posted(connection, found) if one.entry.payment == payment)


def _posted(connection: Connection, found: Mapping[str, AnyRow]) -> tuple[Posted, ...]:
    postings = _postings(connection, sorted(found))
    return tuple(
        Posted(Entry(tuple(postings[unit, row.batch_id])), row.batch_id, _said(row), row.after)
        for unit, row in found.items()
    )


def _rows(connection: Connection, column: Column[str], wanted: list[str]) -> Iterable[AnyRow]:
    entries, batches, acts = tables.entries, tables.batches, tables.batch_acts
    for start in range(0, len(wanted), _CHUNK):
        query = (
            select(entries, batches.c.state, acts.c.at)
            .join_from(entries, batches, batches.c.batch_id == entries.c.batch_id)
            .join(acts, (acts.c.batch_id == batches.c.batch_id) & (acts.c.state == batches.c.state))
            .where(column.in_(wanted[start : start + _CHUNK]))
        )
        yield from connection.execute(query)


def _postings(connection: Connection, units: list[str]) -> dict[tuple[str, str], list[Posting]]:
    lines = tables.postings
    found: dict[tuple[str, str], list[Posting]] = defaultdict(list)
    for start in range(0, len(units), _CHUNK):
        query = select(lines).where(lines.c.unit.in_(units[start : start + _CHUNK]))
        for row in connection.execute(query.order_by(lines.c.position)):
            found[row.unit, row.batch_id].append(read(POSTING, row.posting))
    return found


def _said(row: AnyRow) -> str:
    """What is said of an entry that stands."""
    done = "posted" if row.state == "exported" else "proposed"
    return f"{done} on {row.at:%Y-%m-%d} by batch {row.batch_id}"
