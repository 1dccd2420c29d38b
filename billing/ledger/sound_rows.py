"""Whether every row of the ledger can be read, and refers to rows that are there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    Connection,
    ForeignKeyConstraint,
    Table,
    and_,
    exists,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from billing.cases import CaseAct, CaseState
from billing.ledger import tables, words
from billing.ledger.batches import BatchState
from billing.ledger.column_types import Integer, String, Text
from billing.ledger.database import AnyRow
from billing.ledger.runs import RunState
from billing.ledger.tokens import Scope
from billing.model import Channel, Reason
from billing.people import Role

AT_ONCE = 500
"""Rows held in memory at a time."""

_WORK_STATES = {
    tables.PENDING,
    tables.LEASED,
    tables.ANSWERED,
    tables.NOT_FOUND,
    tables.NO_ANSWER,
}
_ALLOWED: Mapping[str, set[object]] = {
    "items.state": set(_WORK_STATES),
    "items.no_answer": set(Reason),
    "visits.state": set(_WORK_STATES),
    "visits.no_answer": set(Reason),
    "batches.state": set(BatchState),
    "batch_acts.state": set(BatchState),
    "remittances.channel": set(Channel),
    "runs.ended": set(RunState),
    "cases.state": set(CaseState),
    "case_acts.act": set(CaseAct),
    "users.role": set(Role),
}


def _word(kind: TypeAdapter[Any]) -> Callable[[str], object]:
    return lambda text: words.read(kind, text)


def _words(kind: TypeAdapter[Any]) -> Callable[[str], object]:
    return lambda text: [words.read(kind, line) for line in text.split("\n")]


_READ: Mapping[str, Callable[[str], object]] = {
    "items.claim": _word(words.CLAIM),
    "observations.observation": _word(words.OBSERVATION),
    "conclusions.conclusion": _word(words.CONCLUSION),
    "postings.posting": _word(words.POSTING),
    "held.postings": _words(words.POSTING),
    "remittances.remittance": _word(words.REMITTANCE),
    "remitted_claims.claim": _word(words.REMITTED_CLAIM),
    "remitted_claims.places": json.loads,
    "visits.visit": _word(words.VISIT),
    "visit_observations.observation": _word(words.COVERAGE_OBSERVATION),
    "visit_conclusions.conclusion": _word(words.VISIT_CONCLUSION),
    "audit.detail": json.loads,
    "case_acts.before": json.loads,
    "case_acts.after": json.loads,
    "kept_answers.answer": json.loads,
    "tokens.scopes": lambda text: [Scope(one) for one in text.split()],
}


def name_of(table: Table, row: AnyRow) -> str:
    """A row by the table and its key, as people are told of it."""
    key = ", ".join(str(getattr(row, column.name)) for column in table.primary_key)
    return f"row {key} of {table.name}"


def all_rows(connection: Connection, table: Table) -> Iterator[AnyRow]:
    """Every row as the database holds it, nothing of it read as what it should be."""
    columns = [type_coerce(column, NullType()).label(column.name) for column in table.c]
    query = select(*columns).order_by(*table.primary_key)
    return iter(connection.execute(query, execution_options={"yield_per": AT_ONCE}))


def unreadable_rows(connection: Connection) -> Iterator[str | None]:
    """For each row of the ledger a sentence, or None where every value is what it should be."""
    for table in tables.metadata.sorted_tables:
        reads = _readers(connection, table)
        for row in all_rows(connection, table):
            yield _what_is_wrong(table, row, reads)


def broken_references(connection: Connection) -> Iterator[str | None]:
    """For each reference between tables its broken rows, a sentence each, or None."""
    for table in tables.metadata.sorted_tables:
        for key in sorted(table.foreign_key_constraints, key=lambda one: list(one.column_keys)):
            broken = False
            for row in _orphans(connection, table, key):
                broken = True
                target = key.referred_table.name
                yield f"The {name_of(table, row)} refers to a row of {target} that is not there."
            if not broken:
                yield None


def _readers(connection: Connection, table: Table) -> dict[str, Callable[[Any], object]]:
    reads = {}
    for column in table.c:
        kind = column.type.dialect_impl(connection.dialect)
        made = kind.result_processor(connection.dialect, None) or _as_it_is
        name = f"{table.name}.{column.name}"
        more = _READ.get(name)
        plain = {type(Integer): int, String: str, Text: str}.get(type(column.type))
        reads[column.name] = _reading(made, plain, _ALLOWED.get(name), more)
    return reads


def _reading(
    made: Callable[[Any], object],
    plain: type | None,
    allowed: set[object] | None,
    more: Callable[[str], object] | None,
) -> Callable[[Any], object]:
    def read(value: Any) -> object:
        found = made(value)
        if (plain is not None and not isinstance(found, plain)) or (
            allowed is not None and found not in allowed
        ):
            raise ValueError
        return more(value) if more is not None else found

    return read


def _as_it_is(value: object) -> object:
    return value


def _what_is_wrong(
    table: Table, row: AnyRow, reads: Mapping[str, Callable[[Any], object]]
) -> str | None:
    for column in table.c:
        value = getattr(row, column.name)
        if value is None and column.nullable:
            continue
        try:
            reads[column.name](value)
        except Exception:  # whatever its reader makes of damage, it is damage
            return (
                f"The {name_of(table, row)} cannot be read: {column.name} is not what it should be."
            )
    return None


def _orphans(connection: Connection, table: Table, key: ForeignKeyConstraint) -> Iterator[AnyRow]:
    target = key.referred_table.alias("referred")
    pairs = [(table.c[one.parent.name], target.c[one.column.name]) for one in key.elements]
    there = exists().where(and_(*(theirs == ours for ours, theirs in pairs)))
    columns = [type_coerce(column, NullType()).label(column.name) for column in table.primary_key]
    query = select(*columns).where(*(ours.is_not(None) for ours, _ in pairs), ~there)
    return iter(connection.execute(query, execution_options={"yield_per": AT_ONCE}))
