"""What a database is asked to find out whether it is sound in itself."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, ForeignKeyConstraint, Select, Table, func, select, text

from billing.ledger import tables
from billing.ledger.engines import LEDGER_FILE


def problems_of(connection: Connection) -> list[str]:
    """A sentence for each thing that is wrong; empty when all is sound. Reads every row."""
    if connection.dialect.name == "sqlite":
        return list(_of_sqlite(connection))
    return list(_of_postgresql(connection))


def _of_sqlite(connection: Connection) -> Iterator[str]:
    for page in connection.exec_driver_sql("PRAGMA integrity_check").scalars().all():
        if page != "ok":
            yield f"{LEDGER_FILE}: {page}."
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        yield f"{LEDGER_FILE}: a row of {row[0]} refers to a missing {row[2]}."


def _of_postgresql(connection: Connection) -> Iterator[str]:
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    for name in connection.execute(text(_HALF_MADE)).scalars():
        yield f"The ledger's database: {name} is not whole: make it anew with REINDEX or VALIDATE."
    for table in tables.metadata.sorted_tables:
        # Every page is read and every long value put together: a damaged one is an error here.
        whole = text(f'SELECT sum(length(t::text)) FROM "{table.name}" t')  # noqa: S608
        connection.execute(whole)
        for constraint in table.foreign_key_constraints:
            if orphans := connection.execute(_orphans(table, constraint)).scalar_one():
                yield (
                    f"The ledger's database: {orphans} rows of {table.name} refer to a missing "
                    f"{constraint.referred_table.name}."
                )
        yield from _counting_behind(connection, table)


# Neither an index that could not be finished nor a constraint that was never proved is of use.
_HALF_MADE = """
SELECT indexrelid::regclass::text FROM pg_index
WHERE NOT (indisvalid AND indisready) AND indrelid::regclass::text NOT LIKE 'pg_%'
UNION ALL
SELECT conname::text FROM pg_constraint WHERE NOT convalidated
"""


def _orphans(table: Table, constraint: ForeignKeyConstraint) -> Select[int]:
    other = constraint.referred_table.alias("other")
    pairs = [(part.parent, other.c[part.column.name]) for part in constraint.elements]
    there = select(other).where(*(mine == theirs for mine, theirs in pairs)).exists()
    filled = [mine.is_not(None) for mine, _ in pairs]
    return select(func.count()).select_from(table).where(*filled, ~there)


def _counting_behind(connection: Connection, table: Table) -> Iterator[str]:
    key = table.autoincrement_column
    if key is None:
        return
    sequence = select(func.pg_get_serial_sequence(f'"{table.name}"', key.name))
    name = connection.execute(sequence).scalar_one()
    most = connection.execute(select(func.coalesce(func.max(key), 0))).scalar_one()
    given = text(f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {name}")  # noqa: S608
    if name is None or connection.execute(given).scalar_one() < most:
        yield f"The ledger's database: the numbers of {table.name} are counted from below its last."
