"""How many cases there are, and how many dollars: kept as cases change, not counted when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, select, true
from sqlalchemy.dialects import postgresql, sqlite

from billing.cases import Order, View
from billing.ledger.people_tables import case_counts, cases
from billing.money import ZERO

Key: TypeAlias = tuple[str, str, str, str, str]
"""State, payer, kind, desk and assignee ("" for nobody's) of cases that are counted together."""

_NAMES = ("state", "payer", "kind", "desk", "assignee")
_OF_A_ROW = 10
"""Entries of an index that are passed over in the time that one row is fetched."""
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
    changed = sorted(key for key, n in tally.cases.items() if n or tally.dollars[key])
    if not changed:
        return
    rows = [
        dict(zip(_NAMES, key, strict=True))
        | {"cases": tally.cases[key], "dollars": tally.dollars[key]}
        for key in changed
    ]
    insert = _INSERTS[connection.dialect.name](case_counts)
    both = {name: case_counts.c[name] + insert.excluded[name] for name in ("cases", "dollars")}
    connection.execute(insert.on_conflict_do_update(index_elements=_NAMES, set_=both), rows)
    gone = case_counts.delete().where(
        *(case_counts.c[name] == bindparam(f"its_{name}") for name in _NAMES),
        case_counts.c.cases == 0,
    )
    fewer = [
        {f"its_{name}": value for name, value in zip(_NAMES, key, strict=True)}
        for key in changed
        if tally.cases[key] < 0
    ]
    if fewer:
        connection.execute(gone, fewer)


def count_all(connection: Connection) -> None:
    """Count every case anew, in place of what is kept."""
    connection.execute(case_counts.delete())
    connection.execute(
        case_counts.insert().from_select([*_NAMES, "cases", "dollars"], count_query())
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


def column_to_begin_with(connection: Connection, view: View, listed: int) -> str | None:
    """The column whose own index finds the first ``listed`` cases of a view sooner than going
    through the whole queue in its order does; None where there is none."""
    asked = {name: getattr(view, name) for name in _NAMES[1:]}
    asked = {name: value for name, value in asked.items() if value is not None}
    if not asked:
        return None
    kept = case_counts.c

    def number(*alike: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((and_(true(), *alike), kept.cases), else_=0)), 0)

    columns = [number(kept[name] == value).label(name) for name, value in asked.items()]
    mine = of_view(view)
    held = [number()] if mine is None else [number(), number(*mine)]
    row = connection.execute(select(*columns, *held).where(kept.state == view.state)).one()
    fewest = min(range(len(asked)), key=lambda at: row[at])
    walked = whole = int(row[len(asked)])
    if mine is not None and view.order in (Order.PRIORITY, Order.DOLLARS) and row[-1]:
        walked = min(whole, whole * listed // int(row[-1]))
    return list(asked)[fewest] if int(row[fewest]) * _OF_A_ROW < walked else None


def _count(connection: Connection, case_ids: Sequence[int], tally: Tally, sign: int) -> None:
    for *key, number, dollars in connection.execute(
        count_query().where(cases.c.case_id.in_(case_ids))
    ):
        tally.add_many((key[0], key[1], key[2], key[3], key[4]), sign * number, sign * dollars)


def count_query() -> Select[Any]:
    """Cases and dollars by key, counted one by one."""
    own = [cases.c[name] for name in _NAMES]
    told = [*own[:-1], func.coalesce(cases.c.assignee, "").label("assignee")]
    return select(*told, func.count(), func.sum(cases.c.dollars)).group_by(*own)
