"""How many cases there are, and how many dollars: kept as cases change, not counted when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from billing.cases import View
from billing.ledger.people_tables import case_counts, cases
from billing.money import ZERO

Key: TypeAlias = tuple[str, str, str, str, str]
"""State, payer, kind, desk and assignee ("" for nobody's) of cases that are counted together."""

_NAMES = ("state", "payer", "kind", "desk", "assignee")
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(slots=True)
class Tally:
    """Cases by key, and their dollars; what is taken away counts below zero."""

    cases: Counter[Key]
    dollars: dict[Key, Decimal]

    @classmethod
    def empty(cls) -> Tally:
        """Nothing yet."""
        return cls(Counter(), {})

    def add(self, values: Mapping[str, Any], sign: int = 1) -> None:
        """Count one case by its columns; ``sign`` -1 takes it away."""
        state, payer, kind, desk = (str(values[name]) for name in _NAMES[:4])
        key = (state, payer, kind, desk, values.get("assignee") or "")
        self.add_many(key, sign, sign * values["dollars"])

    def add_many(self, key: Key, number: int, dollars: Decimal) -> None:
        """Count so many cases of one key."""
        self.cases[key] += number
        self.dollars[key] = self.dollars.get(key, ZERO) + dollars


@contextmanager
def counted(connection: Connection, case_ids: Sequence[int]) -> Iterator[None]:
    """What is done within to these cases, in the transaction under way, is counted."""
    tally = Tally.empty()
    _count(connection, case_ids, tally, -1)
    yield
    _count(connection, case_ids, tally, 1)
    keep(connection, tally)


def keep(connection: Connection, tally: Tally) -> None:
    """Add to what is counted, in the transaction that changes the cases."""
    rows = [
        dict(zip(_NAMES, key, strict=True)) | {"cases": n, "dollars": tally.dollars[key]}
        for key, n in sorted(tally.cases.items())
        if n or tally.dollars[key]
    ]
    if not rows:
        return
    insert = _INSERTS[connection.dialect.name](case_counts)
    both = {name: case_counts.c[name] + insert.excluded[name] for name in ("cases", "dollars")}
    connection.execute(insert.on_conflict_do_update(index_elements=_NAMES, set_=both), rows)
    gone = case_counts.delete().where(
        *(case_counts.c[name] == bindparam(f"its_{name}") for name in _NAMES),
        case_counts.c.cases == 0,
    )
    fewer = [{f"its_{name}": row[name] for name in _NAMES} for row in rows if row["cases"] < 0]
    if fewer:
        connection.execute(gone, fewer)


def count_all(connection: Connection) -> None:
    """Count every case anew, in place of what is kept."""
    connection.execute(case_counts.delete())
    connection.execute(
        case_counts.insert().from_select([*_NAMES, "cases", "dollars"], _grouped())
    )


def of_view(view: View) -> list[ColumnElement[bool]] | None:
    """Which counts make up a view; None where it asks what is not counted: dollars, age or due."""
    if (view.dollars_from, view.older_than, view.due_by) != (None, None, None):
        return None
    wanted = [case_counts.c.state == view.state]
    asked = (view.payer, view.kind, view.desk, view.assignee)
    wanted += [
        case_counts.c[name] == value
        for name, value in zip(_NAMES[1:], asked, strict=True)
        if value is not None
    ]
    return wanted


def _count(connection: Connection, case_ids: Sequence[int], tally: Tally, sign: int) -> None:
    for *key, number, dollars in connection.execute(
        _grouped().where(cases.c.case_id.in_(case_ids))
    ):
        tally.add_many((key[0], key[1], key[2], key[3], key[4]), sign * number, sign * dollars)


def _grouped() -> Select[Any]:
    own = [cases.c[name] for name in _NAMES]
    told = [*own[:-1], func.coalesce(cases.c.assignee, "").label("assignee")]
    return select(*told, func.count(), func.sum(cases.c.dollars)).group_by(*own)
