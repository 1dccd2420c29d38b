"""A whole ledger is copied into another, of whichever database, and compared row by row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.database import Database
from billing.ledger.patience import LedgerError

_ROWS_AT_ONCE = 2000


def copy_ledger(source: Database, target: Database) -> Mapping[str, int]:
    """Copy every table of ``source``, as it is at one moment, into ``target``: rows by table.

    The target is a new ledger, and is left one unless all of it was copied. Evidence stays where
    it is. Raises BadInput where the target holds anything, LedgerError where what it holds
    afterwards is not the same.
    """
    copied: dict[str, int] = {}
    with source._reading() as theirs, target._writing() as ours:
        for name, rows in _counted(ours).items():
            if rows:
                raise BadInput(
                    f"The ledger to copy to is not empty: its table {name} has {rows} rows; name "
                    "a new database"
                )
        for table in _content():
            copied[table.name], was = _copy(theirs, ours, table)
            _count_on(ours, table)
            if _hash_of(ours, table) != was:
                raise LedgerError(
                    f"The table {table.name} was not copied as it is: nothing was kept of the copy."
                )
    return copied


def rows_by_table(ledger: Database) -> Mapping[str, int]:
    """How many rows each table holds, the tables in an order in which they can be filled."""
    with ledger._reading() as connection:
        return _counted(connection)


def _content() -> Sequence[Table]:
    own = (tables.schema_version, tables.revisions)
    return [table for table in tables.metadata.sorted_tables if table not in own]


def _counted(connection: Connection) -> Mapping[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in _content()
    }


def _copy(theirs: Connection, ours: Connection, table: Table) -> tuple[int, str]:
    """The number of rows copied, and their hash."""
    digest, count = hashlib.sha256(), 0
    for rows in _in_order(theirs, table):
        ours.execute(table.insert(), [dict(zip(table.c.keys(), row, strict=True)) for row in rows])
        count += len(rows)
        for row in rows:
            digest.update(repr(row).encode())
    return count, digest.hexdigest()


def _hash_of(connection: Connection, table: Table) -> str:
    digest = hashlib.sha256()
    for rows in _in_order(connection, table):
        for row in rows:
            digest.update(repr(row).encode())
    return digest.hexdigest()


def _in_order(connection: Connection, table: Table) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows by their key, some at a time, each value as the ledger's own code sees it."""
    query = select(*table.c).order_by(*table.primary_key.columns)
    found = connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
    for part in found.partitions():
        yield [tuple(row) for row in part]


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL counts a key by itself, and is told where to go on."""
    key = table.autoincrement_column
    if key is None or connection.dialect.name != "postgresql":
        return
    most = connection.execute(select(func.max(key))).scalar_one()
    if most is not None:
        sequence = func.pg_get_serial_sequence(f'"{table.name}"', key.name)
        connection.execute(select(func.setval(sequence, most)))
