"""The queue: every exception once, whichever sweep spoke of it last, ordered by money and days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    type_coerce,
)

from billing.cases import Case, CaseState, Facets, NoSuchCase, Order, QueuePage, View
from billing.ledger import tables
from billing.ledger.case_counts import column_to_begin_with, of_view
from billing.ledger.database import Database
from billing.ledger.people_tables import Cents, case_acts, case_counts, cases
from billing.ledger.taking_up import current
from billing.ledger.words import CLAIM, CONCLUSION, read
from billing.money import ZERO
from billing.report import ClaimResult

_Keys = tuple[tuple[ColumnElement[Any], bool], ...]

_LAST: _Keys = ((cases.c.priority, True), (cases.c.case_id, False))
_ORDERS: Mapping[Order, _Keys] = {
    Order.PRIORITY: _LAST,
    Order.DOLLARS: ((cases.c.dollars, True), *_LAST),
    Order.DUE: ((case((cases.c.due.is_(None), 1), else_=0), False), (cases.c.due, False), *_LAST),
    Order.AGE: ((cases.c.service_from, False), *_LAST),
}
"""What each order sorts by, and whether it falls."""


class Cases(Database):
    """Reading the queue and its cases; nothing here writes."""

    def queue(
        self, view: View, today: date, *, start: int = 0, most: int = 50, after: int | None = None
    ) -> QueuePage:
        """A page of ``view``: ``most`` cases from the number ``start``, the first being 0.

        They are counted behind the case ``after``, where one is named: as it stands now, and
        whether or not it still belongs to the view. Raises NoSuchCase.
        """
        order = [key.desc() if falls else key for key, falls in _ORDERS[view.order]]
        with self._reading() as connection:
            whole = connection.execute(_whole(view, today)).one()
            wanted = _wanted(view, today, column_to_begin_with(connection, view, start + most))
            if after is not None:
                wanted.append(_behind(connection, view.order, after))
            chosen = select(cases.c.case_id).where(*wanted).order_by(*order)
            page = chosen.offset(start).limit(most if whole[0] else 0)
            ids = connection.execute(page).scalars().all()
            found = {one.case_id: one for one in _read(connection, cases.c.case_id.in_(ids))}
            as_of = connection.execute(select(func.max(case_acts.c.act_id))).scalar() or 0
        listed = tuple(found[one] for one in ids)
        return QueuePage(listed, int(whole[0] or 0), whole[1] or ZERO, as_of)

    def cases_of_view(self, view: View, today: date, *, most: int) -> tuple[int, ...]:
        """The ids of the first ``most`` cases of a view, in its order."""
        order = [key.desc() if falls else key for key, falls in _ORDERS[view.order]]
        with self._reading() as connection:
            wanted = _wanted(view, today, column_to_begin_with(connection, view, most))
            query = select(cases.c.case_id).where(*wanted).order_by(*order).limit(most)
            return tuple(connection.execute(query).scalars())

    def some_cases(self, case_ids: Sequence[int]) -> tuple[Case, ...]:
        """The cases of these ids that there are, by id."""
        with self._reading() as connection:
            found = _read(connection, cases.c.case_id.in_(case_ids))
            return tuple(sorted(found, key=lambda one: one.case_id))

    def cases_of_claim(self, claim_id: str) -> tuple[Case, ...]:
        """Every case of a claim number (patient control number), in whichever letters it is
        written; the newest first."""
        spelled = {claim_id.strip(), claim_id.strip().upper(), claim_id.strip().lower()}
        with self._reading() as connection:
            found = _read(connection, cases.c.claim_id.in_(spelled))
            return tuple(sorted(found, key=lambda one: one.case_id, reverse=True))

    def count_cases(self) -> Mapping[CaseState, int]:
        """How many cases are in each state."""
        kept = case_counts.c
        query = select(kept.state, func.sum(kept.cases).label("n")).group_by(kept.state)
        with self._reading() as connection:
            counted = {row.state: int(row.n) for row in connection.execute(query)}
        return {state: counted.get(state, 0) for state in CaseState}

    def neighbours(self, view: View, today: date, case_id: int) -> tuple[int | None, int | None]:
        """The case before this one in a view and the one behind it, whether or not this one still
        belongs to the view. Raises BadInput when there is no such case."""
        keys = _ORDERS[view.order]
        turned = tuple((key, not falls) for key, falls in keys)

        def first(connection: Connection, way: _Keys) -> int | None:
            wanted = _wanted(view, today, column_to_begin_with(connection, view, 1))
            order = [key.desc() if falls else key for key, falls in way]
            query = select(cases.c.case_id).where(*wanted, _beyond(connection, way, case_id))
            found: int | None = connection.execute(query.order_by(*order).limit(1)).scalar()
            return found

        with self._reading() as connection:
            return first(connection, turned), first(connection, keys)

    def facets(self, state: CaseState) -> Facets:
        """By what the cases of a state can be narrowed; the most frequent first."""
        kept = case_counts.c
        with self._reading() as connection:

            def counted(column: ColumnElement[Any]) -> dict[str, int]:
                number = func.sum(kept.cases)
                query = select(column, number.label("n")).where(kept.state == state)
                rows = connection.execute(query.group_by(column).order_by(number.desc(), column))
                return {row[0]: int(row.n) for row in rows}

            return Facets(
                payers=counted(kept.payer),
                kinds=counted(kept.kind),
                desks=counted(kept.desk),
                assignees=counted(kept.assignee),
            )

    def case(self, case_id: int) -> Case:
        """One case. Raises NoSuchCase when there is none of this number."""
        with self._reading() as connection:
            for found in _read(connection, cases.c.case_id == case_id):
                return found
        raise NoSuchCase(f"There is no case {case_id}; it may have been of another ledger")

    def case_of_item(self, item_id: int) -> int | None:
        """The case of the claim that an item of any sweep asks about; None when it has none."""
        items = tables.items
        query = select(items.c.payer, items.c.claim_id, items.c.claim).where(
            items.c.item_id == item_id
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            same = _same(row.payer, row.claim_id, read(CLAIM, row.claim).service_from)
            return connection.execute(select(cases.c.case_id).where(same)).scalar()

    def items_of_case(self, case_id: int) -> tuple[int, ...]:
        """The items of every sweep that asked about the case's claim, the oldest first."""
        items = tables.items
        query = (
            select(items.c.item_id, items.c.claim, cases.c.service_from)
            .join_from(
                cases,
                items,
                and_(
                    items.c.claim_id == cases.c.claim_id,
                    func.coalesce(items.c.payer, "") == cases.c.payer,
                ),
            )
            .where(cases.c.case_id == case_id)
            .order_by(items.c.item_id)
        )
        with self._reading() as connection:
            return tuple(
                row.item_id
                for row in connection.execute(query)
                if read(CLAIM, row.claim).service_from == row.service_from
            )


def _same(payer: str | None, claim_id: str, service_from: date) -> ColumnElement[bool]:
    return and_(
        cases.c.payer == (payer or ""),
        cases.c.claim_id == claim_id,
        cases.c.service_from == service_from,
    )


def _wanted(view: View, today: date, bare: str | None = None) -> list[ColumnElement[bool]]:
    # No column bare but the one: by an index of its own, the database would fetch every row behind
    # it, where cases_by_priority holds all that is asked.
    wanted = [cases.c.state == view.state]
    for column, value in (
        (cases.c.payer, view.payer),
        (cases.c.kind, view.kind),
        (cases.c.desk, view.desk),
    ):
        if value is not None:
            wanted.append((column if column.name == bare else column.concat("")) == value)
    if bare == cases.c.assignee.name:
        wanted.append(cases.c.assignee == (view.assignee or None))
    elif view.assignee is not None:
        wanted.append(func.coalesce(cases.c.assignee, "") == view.assignee)
    if view.dollars_from is not None:
        wanted.append(type_coerce(cases.c.dollars + ZERO, Cents()) >= view.dollars_from)
    if view.older_than is not None:
        wanted.append(cases.c.service_from < today - timedelta(days=view.older_than))
    if view.due_by is not None:
        wanted.append(cases.c.due <= view.due_by)
    return wanted


def _whole(view: View, today: date) -> Select[int, Any]:
    """How many cases a view holds, and dollars: kept, or counted where it asks what is not kept."""
    kept = of_view(view)
    if kept is None:
        return select(func.count(), func.sum(cases.c.dollars)).where(*_wanted(view, today))
    return select(func.sum(case_counts.c.cases), func.sum(case_counts.c.dollars)).where(*kept)


def _behind(connection: Connection, order: Order, case_id: int) -> ColumnElement[bool]:
    """That a case comes later in an order than one that is there."""
    return _beyond(connection, _ORDERS[order], case_id)


def _beyond(connection: Connection, keys: _Keys, case_id: int) -> ColumnElement[bool]:
    query = select(*(key for key, _ in keys)).where(cases.c.case_id == case_id)
    row = connection.execute(query).first()
    if row is None:
        raise NoSuchCase(f"There is no case {case_id}; it may have been of another ledger")
    later: list[ColumnElement[bool]] = []
    alike: list[ColumnElement[bool]] = []
    for (key, falls), value in zip(keys, row, strict=True):
        if value is None:
            alike.append(key.is_(None))
            continue
        later.append(and_(*alike, key < value if falls else key > value))
        alike.append(key == value)
    return or_(*later)


def _read(connection: Connection, which: ColumnElement[bool]) -> Iterable[Case]:
    items, said = tables.items, tables.conclusions
    query = (
        select(cases, items.c.claim, items.c.attempts, said)
        .join_from(cases, items, items.c.item_id == cases.c.item_id)
        .join(said, current())
        .where(which)
    )
    for row in connection.execute(query):
        yield Case(
            case_id=row.case_id,
            item_id=row.item_id,
            payer=row.payer,
            state=CaseState(row.state),
            kind=row.kind,
            desk=row.desk,
            assignee=row.assignee,
            dollars=row.dollars,
            due=row.due,
            service_from=row.service_from,
            opened_on=row.opened_on,
            snoozed_until=row.snoozed_until,
            priority=row.priority,
            result=ClaimResult(
                item_id=row.item_id,
                claim=read(CLAIM, row.claim),
                conclusion=read(CONCLUSION, row.conclusion),
                attempts=row.attempts,
                seconds=row.seconds,
                checked_at=row.concluded_at,
            ),
        )
