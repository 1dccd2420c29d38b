"""Rows for every table of a ledger, with the values that databases keep differently."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Column, Date, Table

from billing.ledger import Ledger, tables
from billing.ledger.column_types import Exact, Instant, String
from billing.ledger.people_tables import Cents

WORDS = ("a", "B", "é ß 漢 \U0001f9fe", "'quoted' \"twice\" \\n %s :x", "_under%", "", "Z\ttab\r\n")
LARGE = 2**40
ROWS = 7


def fill(ledger: Ledger) -> None:
    """Put some rows in every table, whose keys go beyond what four bytes hold."""
    kept: dict[str, list[dict[str, Any]]] = {}
    with ledger._writing() as connection:
        for table in tables.metadata.sorted_tables:
            if table in (tables.schema_version, tables.revisions):
                continue
            rows = [_row(table, number, kept) for number in range(ROWS)]
            kept[table.name] = rows
            connection.execute(table.insert(), rows)


def _row(table: Table, number: int, kept: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for constraint in table.foreign_key_constraints:
        theirs = kept[constraint.referred_table.name][number]
        for part in constraint.elements:
            row[part.parent.name] = theirs[part.column.name]
    for column in table.columns:
        if column.name not in row:
            row[column.name] = _value(column, number)
    return row


def _value(column: Column[Any], number: int) -> Any:
    if column.nullable and number == 1:
        return None
    kind = column.type
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, Date):
        return date(2026, 1, 1) + timedelta(days=number)
    if isinstance(kind, Instant):
        return datetime(2026, 3, 8, 8, 30, number, 123456, UTC)  # an hour Chicago does not have
    if isinstance(kind, Exact):
        return Decimal("12345678901234567890.10") + number
    if isinstance(kind, Cents):
        return Decimal("98765432109.01") + number
    if isinstance(kind, String):
        word = f"{number}{WORDS[number]}" if column.primary_key or column.unique else WORDS[number]
        return word[: getattr(kind.impl_instance, "length", None)]
    return LARGE + number
