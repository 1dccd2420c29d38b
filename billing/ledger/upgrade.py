"""A ledger of before there were revisions is brought up: what sweeps proposed becomes batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, inspect, text

from billing.ledger import people_tables, tables
from billing.ledger.batches import post_of_sweep
from billing.ledger.column_types import Instant
from billing.ledger.migrations import migrate
from billing.ledger.tokens import PER_MINUTE
from billing.ledger.words import OBSERVATION, POSTING, read
from billing.model import Found, Posting, PostingKind, Remittance
from billing.received_payments import Mark, bare, bare_trace, payment_key
from billing.reconcile.order import Entry

OLD = ("proposals", "postings")
"""The tables of version 2 that batches came after; `postings` had other columns."""

_OF_TOKENS = {"per_minute": f"INTEGER NOT NULL DEFAULT {PER_MINUTE}", "used_at": "DATETIME"}


def bring_up(connection: Connection) -> None:
    """Bring up a ledger without a revision: the tables, and what version 2 kept in another way.

    What was proposed stays proposed, in a batch of its sweep, so that it is not proposed again.
    """
    there = set(inspect(connection).get_table_names())
    rows: Sequence[Any] = []
    if set(OLD) <= there:
        query = "SELECT p.posting, p.sweep_id, p.item_id, s.started_at FROM postings p "
        query += "JOIN sweeps s ON s.sweep_id = p.sweep_id ORDER BY s.started_at, p.item_id, p.key"
        typed = text(query).columns(started_at=Instant)
        rows = connection.execute(typed).all()
        for table in OLD:
            connection.execute(text(f"DROP TABLE {table}"))
    _drop_what_is_made_anew(connection)
    migrate(connection)
    held: dict[tuple[Any, ...], dict[str, list[Posting]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        posting = _with_unit(connection, read(POSTING, row.posting), row.item_id)
        held[row.sweep_id, row.item_id, row.started_at][posting.unit].append(posting)
    for (sweep_id, item_id, at), units in held.items():
        entries = [Entry(tuple(one)) for one in units.values()]
        post_of_sweep(connection, sweep_id, item_id, entries, (), at, checked=False)


def _drop_what_is_made_anew(connection: Connection) -> None:
    """Indexes, and what is kept for other systems, where an early program of a version had less."""
    found = inspect(connection)
    for table in found.get_table_names():
        for index in found.get_indexes(table):
            if index["name"] and "duplicates_constraint" not in index:
                connection.execute(text(f'DROP INDEX "{index["name"]}"'))
        columns = {column["name"] for column in found.get_columns(table)}
        if table == people_tables.kept_answers.name and "answer" not in columns:
            connection.execute(text(f"DROP TABLE {table}"))
        if table == people_tables.tokens.name:
            for name, kind in _OF_TOKENS.items():
                if name not in columns:
                    connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {name} {kind}"))


def _with_unit(connection: Connection, posting: Posting, item_id: int) -> Posting:
    """The posting with the key of what it posts, found from the remittance that it was read of."""
    observations = tables.observations.c
    query = tables.observations.select().where(observations.item_id == item_id)
    key = f"{posting.payer}|{bare_trace(posting.trace_number)}"
    for row in connection.execute(query):
        match read(OBSERVATION, row.observation).answer:
            case Found(Remittance() as one) if one.trace_number == posting.trace_number:
                key = payment_key(replace(one, payer=posting.payer))
    back = posting.kind is PostingKind.REVERSAL
    number = bare(posting.payer_claim_number) or f"={bare(posting.claim_id)}"
    mark = Mark(number, back, 1)
    return replace(posting, unit=mark.unit(key))
