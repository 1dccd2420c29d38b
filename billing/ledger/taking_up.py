"""What sweeps found becomes cases: made, changed, opened again or settled by the payer's answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from billing.cases import CaseAct, CaseState
from billing.disposition import is_exception
from billing.ledger import tables
from billing.ledger.case_counts import Tally, counted, keep
from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import case_acts, cases, taken_up
from billing.ledger.words import CLAIM, CONCLUSION, read
from billing.model import Conclusion
from billing.money import ZERO
from billing.priority import chance_of, weight
from billing.report import ClaimResult

BY_SWEEP = "claimsweep"
"""Who did what no person did."""

_CHUNK = 1000


class TakingUp(Database):
    """Making cases of what sweeps found."""

    def untaken(self, today: date) -> int:
        """How much waits for :meth:`take_up`: sweeps with their results, and cases that are to be
        weighed as of today. Quick when it is 0."""
        sweeps = [sweep_id for sweep_id, _ in self._waiting()]
        items = tables.items
        results = select(func.count()).where(items.c.sweep_id.in_(sweeps))
        weighing = select(func.count()).where(_stale(today))
        with self._reading() as connection:
            waiting = connection.execute(results).scalar_one() + len(sweeps) if sweeps else 0
            return waiting + connection.execute(weighing).scalar_one()

    def take_up(self, today: date, done: Callable[[int], None] = lambda more: None) -> int:
        """Make or change the cases of every finished sweep that was not taken up yet; how many
        results were looked at. Wakes what was snoozed until today, and weighs all as of today.

        Works in short transactions, beside which others read and write; begun again after it was
        cut off, or beside another, it comes to the same cases. ``done`` hears of each step.
        """
        looked_at = 0
        for sweep_id, finished_at in self._waiting():
            after = 0
            while rows := self._results(sweep_id, after):
                read_rows = [_Result(row) for row in rows]
                with self._writing() as connection:
                    _take(connection, _unchanged(connection, read_rows), finished_at, today)
                after = rows[-1].item_id
                looked_at += len(rows)
                done(len(rows))
            key = {"sweep_id": sweep_id, "finished_at": finished_at}
            upsert = self._insert(taken_up).on_conflict_do_update(
                index_elements=["sweep_id"], set_={"finished_at": finished_at}
            )
            with self._writing() as connection:
                connection.execute(upsert, key)
            done(1)
        while self._wake(today):
            pass
        while weighed := self._weigh(today):
            done(weighed)
        return looked_at

    def _waiting(self) -> list[tuple[str, datetime]]:
        sweeps = tables.sweeps
        query = (
            select(sweeps.c.sweep_id, sweeps.c.finished_at)
            .outerjoin(taken_up, taken_up.c.sweep_id == sweeps.c.sweep_id)
            .where(
                sweeps.c.finished_at.is_not(None),
                or_(
                    taken_up.c.finished_at.is_(None),
                    taken_up.c.finished_at != sweeps.c.finished_at,
                ),
            )
            .order_by(sweeps.c.started_at, sweeps.c.sweep_id)
        )
        with self._reading() as connection:
            return [(row.sweep_id, row.finished_at) for row in connection.execute(query)]

    def _results(self, sweep_id: str, after: int) -> Sequence[AnyRow]:
        items, said = tables.items, tables.conclusions
        columns = (items.c.item_id, items.c.fence, items.c.payer, items.c.claim_id, items.c.claim)
        query = (
            select(*columns, said.c.conclusion)
            .join_from(items, said, current())
            .where(items.c.sweep_id == sweep_id, items.c.item_id > after)
            .order_by(items.c.item_id)
            .limit(_CHUNK)
        )
        with self._reading() as connection:
            return connection.execute(query).all()

    def _wake(self, today: date) -> int:
        due = and_(cases.c.state == CaseState.SNOOZED, cases.c.snoozed_until <= today)
        some = select(cases.c.case_id).where(due).limit(_CHUNK)
        with self._reading() as connection:
            if connection.execute(some.limit(1)).first() is None:
                return 0
        with self._writing() as connection:
            waking = connection.execute(some).scalars().all()
            with counted(connection, waking):
                awake = {"state": CaseState.OPEN, "snoozed_until": None}
                them = cases.c.case_id.in_(waking)
                connection.execute(cases.update().where(them).values(awake))
        return len(waking)

    def _weigh(self, today: date) -> int:
        some = select(cases).where(_stale(today)).limit(_CHUNK)
        with self._reading() as connection:
            if connection.execute(some.limit(1)).first() is None:
                return 0
        with self._writing() as connection:
            weighed = [
                {"id": row.case_id, "weight": _weigh(dict(row._mapping), today)}
                for row in connection.execute(some)
            ]
            by_id = cases.c.case_id == bindparam("id")
            change = (
                cases.update().where(by_id).values(priority=bindparam("weight"), priority_on=today)
            )
            if weighed:
                connection.execute(change, weighed)
        return len(weighed)


def current() -> ColumnElement[bool]:
    """The conclusion that is an item's now."""
    items, said = tables.items, tables.conclusions
    return and_(said.c.item_id == items.c.item_id, said.c.fence == items.c.fence)


def _stale(today: date) -> ColumnElement[bool]:
    waiting = cases.c.state.in_((CaseState.OPEN, CaseState.SNOOZED))
    on = cases.c.priority_on
    return or_(and_(waiting, on < today), and_(waiting, on > today))  # two ends of one index


class _Result:
    """A row of an item and its conclusion, read before anybody has to wait for it."""

    def __init__(self, row: AnyRow) -> None:
        self.item_id: int = row.item_id
        self.fence: int = row.fence
        self.claim = read(CLAIM, row.claim)
        self.said = read(CONCLUSION, row.conclusion)
        self.key = (row.payer or "", row.claim_id, self.claim.service_from)
        self.open = is_exception(ClaimResult(row.item_id, self.claim, self.said, 0, None, None))


def _unchanged(connection: Connection, results: Sequence[_Result]) -> list[_Result]:
    """Without those that were concluded anew since; their sweep is taken up again."""
    items = tables.items
    ids = [one.item_id for one in results]
    query = select(items.c.item_id, items.c.fence).where(items.c.item_id.in_(ids))
    now = {row.item_id: row.fence for row in connection.execute(query)}
    return [one for one in results if now.get(one.item_id) == one.fence]


def _take(connection: Connection, results: Sequence[_Result], at: datetime, today: date) -> None:
    """Make of each result a new case, or change the one there is; no older result changes one."""
    there = _there(connection, {one.key[1] for one in results})
    new: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    acts: list[dict[str, Any]] = []
    tally = Tally.empty()
    for one in results:
        case = there.get(one.key)
        if case is None:
            if one.open:
                new.append(_made(one, today))
                there[one.key] = new[-1]
                tally.add(new[-1])
            continue
        if one.item_id < case["item_id"]:
            continue
        values = _made(one, today)
        changed = values["said"] != case["said"]
        was = CaseState(case["state"])
        if changed or one.item_id != case["item_id"]:
            values["state"] = _state(was, open_=one.open, changed=changed)
        else:  # the same answer once more: what a person decided about it stands
            values["state"] = was
        if values["state"] is not CaseState.OPEN or was is CaseState.OPEN:
            values["opened_on"] = case["opened_on"]
        if values["state"] is CaseState.SNOOZED:
            values["snoozed_until"] = case["snoozed_until"]
        if "case_id" in case:
            changes.append(values | {"id": case["case_id"]})
            if changed or values["state"] is not was:
                acts.append(_answered(case, values, at))
        tally.add(case, -1)
        case.update(values)  # a row inserted below, where the same claim stands twice in a chunk
        tally.add(case)
    if new:
        connection.execute(cases.insert(), new)
    if changes:
        by_id = cases.c.case_id == bindparam("id")
        connection.execute(cases.update().where(by_id), changes)
    if acts:
        connection.execute(case_acts.insert(), acts)
    keep(connection, tally)


def _there(connection: Connection, claims: set[str]) -> dict[tuple[str, str, date], dict[str, Any]]:
    query = select(cases).where(cases.c.claim_id.in_(claims))
    return {
        (row.payer, row.claim_id, row.service_from): dict(row._mapping)
        for row in connection.execute(query)
    }


def _state(now: CaseState, *, open_: bool, changed: bool) -> CaseState:
    if not open_:
        return now if now is CaseState.RESOLVED else CaseState.SETTLED
    return CaseState.OPEN if changed or now is CaseState.SETTLED else now


def _made(one: _Result, today: date) -> dict[str, Any]:
    finding = one.said.finding
    payer, claim_id, service_from = one.key
    values = {
        "payer": payer,
        "claim_id": claim_id,
        "item_id": one.item_id,
        "state": CaseState.OPEN,
        "kind": finding.kind,
        "said": _digest(one.said),
        "desk": one.claim.owner or payer or one.claim.payer_name,
        "dollars": max(finding.dollars, ZERO),
        "chance": chance_of(finding).share,
        "needs_person": finding.needs_person,
        "due": finding.due,
        "service_from": service_from,
        "opened_on": today,
        "snoozed_until": None,
        "priority_on": today,
    }
    return values | {"priority": _weigh(values, today)}


def _digest(said: Conclusion) -> str:
    stated = (
        said.finding.kind,
        said.finding.dollars,
        said.outcome,
        said.status_words,
        said.paid,
        said.patient_responsibility,
        sorted(said.reason_codes),
    )
    return hashlib.sha256(repr(stated).encode()).hexdigest()


def _answered(case: Mapping[str, Any], values: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = ("state", "kind", "dollars", "due")
    return {
        "together": f"item-{values['item_id']}",
        "case_id": case["case_id"],
        "act": CaseAct.ANSWERED,
        "by": BY_SWEEP,
        "at": at,
        "before": _words(case, told),
        "after": _words(values, told),
        "note": "",
        "undoes": None,
    }


def _words(values: Mapping[str, Any], names: Iterable[str]) -> str:
    return json.dumps({n: None if values.get(n) is None else str(values[n]) for n in names})


def _weigh(values: Mapping[str, Any], today: date) -> Decimal:
    return weight(
        values["dollars"],
        values["chance"],
        values["due"],
        needs_person=values["needs_person"],
        service_from=values["service_from"],
        today=today,
    )
