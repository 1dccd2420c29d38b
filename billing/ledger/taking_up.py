"""What sweeps found becomes cases: made, changed, opened again or settled by the payer's answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select

from billing.cases import CaseAct, CaseState
from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import case_acts, cases, taken_up
from billing.ledger.words import CLAIM, CONCLUSION, read
from billing.model import Claim, Conclusion
from billing.money import ZERO
from billing.priority import chance_of, weight
from billing.report import ClaimResult
from billing.standing import is_exception

BY_SWEEP = "claimsweep"
"""Who did what no person did."""

_CHUNK = 1000


class TakingUp(Database):
    """Making cases of what sweeps found."""

    def take_up(self, today: date) -> int:
        """Make or change the cases of every finished sweep that was not taken up yet; how many
        results were looked at. Wakes what was snoozed until today, and weighs all as of today."""
        looked_at = 0
        for sweep_id, finished_at in self._waiting():
            after = 0
            while True:
                with self._writing() as connection:
                    rows = connection.execute(_results(sweep_id, after)).all()
                    _take(connection, rows, finished_at, today)
                    if not rows:
                        key = {"sweep_id": sweep_id, "finished_at": finished_at}
                        upsert = self._insert(taken_up).on_conflict_do_update(
                            index_elements=["sweep_id"], set_={"finished_at": finished_at}
                        )
                        connection.execute(upsert, key)
                        break
                after = rows[-1].item_id
                looked_at += len(rows)
        self._wake_and_weigh(today)
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

    def _wake_and_weigh(self, today: date) -> None:
        waiting = (CaseState.OPEN, CaseState.SNOOZED)
        stale = and_(cases.c.priority_on != today, cases.c.state.in_(waiting))
        with self._reading() as connection:
            if connection.execute(select(cases.c.case_id).where(stale).limit(1)).first() is None:
                return
        with self._writing() as connection:
            connection.execute(
                cases.update()
                .where(cases.c.state == CaseState.SNOOZED, cases.c.snoozed_until <= today)
                .values(state=CaseState.OPEN, snoozed_until=None)
            )
            weighed = [
                {"id": row.case_id, "weight": _weigh(dict(row._mapping), today)}
                for row in connection.execute(select(cases).where(stale))
            ]
            by_id = cases.c.case_id == bindparam("id")
            change = (
                cases.update().where(by_id).values(priority=bindparam("weight"), priority_on=today)
            )
            for start in range(0, len(weighed), _CHUNK):
                connection.execute(change, weighed[start : start + _CHUNK])


def current() -> ColumnElement[bool]:
    """The conclusion that is an item's now."""
    items, said = tables.items, tables.conclusions
    return and_(said.c.item_id == items.c.item_id, said.c.fence == items.c.fence)


def _results(sweep_id: str, after: int) -> Select[Any]:
    items, said = tables.items, tables.conclusions
    return (
        select(items.c.item_id, items.c.payer, items.c.claim_id, items.c.claim, said.c.conclusion)
        .join_from(items, said, current())
        .where(items.c.sweep_id == sweep_id, items.c.item_id > after)
        .order_by(items.c.item_id)
        .limit(_CHUNK)
    )


def _take(connection: Connection, rows: Sequence[AnyRow], at: datetime, today: date) -> None:
    """Make of each result a new case, or change the one there is; no older result changes one."""
    there = _there(connection, {row.claim_id for row in rows})
    new: list[dict[str, Any]] = []
    for row in rows:
        claim, said = read(CLAIM, row.claim), read(CONCLUSION, row.conclusion)
        open_ = is_exception(ClaimResult(row.item_id, claim, said, 0, None, None))
        key = (row.payer or "", row.claim_id, claim.service_from)
        case = there.get(key)
        if case is None:
            if open_:
                new.append(_made(row, key, claim, said, today))
                there[key] = new[-1]
            continue
        if row.item_id < case["item_id"]:
            continue
        values = _made(row, key, claim, said, today)
        changed = values["said"] != case["said"]
        state = _state(CaseState(case["state"]), open_=open_, changed=changed)
        again = state is CaseState.OPEN and case["state"] != CaseState.OPEN
        if not again:
            del values["opened_on"]
        values["state"] = state
        if state is not CaseState.SNOOZED:
            values["snoozed_until"] = None
        if "case_id" in case:
            by_id = cases.c.case_id == case["case_id"]
            connection.execute(cases.update().where(by_id).values(values))
            if changed or state != case["state"]:
                _tell(connection, case, values, at)
        case.update(values)  # a row inserted below, where the same claim stands twice in a chunk
    if new:
        connection.execute(cases.insert(), new)


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


def _made(
    row: AnyRow, key: tuple[str, str, date], claim: Claim, said: Conclusion, today: date
) -> dict[str, Any]:
    finding = said.finding
    payer, claim_id, service_from = key
    values = {
        "payer": payer,
        "claim_id": claim_id,
        "item_id": row.item_id,
        "state": CaseState.OPEN,
        "kind": finding.kind,
        "said": _digest(said),
        "desk": claim.owner or payer or claim.payer_name,
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


def _tell(
    connection: Connection, case: Mapping[str, Any], values: Mapping[str, Any], at: datetime
) -> None:
    told = ("state", "kind", "dollars", "due")
    connection.execute(
        case_acts.insert(),
        {
            "together": f"item-{values['item_id']}",
            "case_id": case["case_id"],
            "act": CaseAct.ANSWERED,
            "by": BY_SWEEP,
            "at": at,
            "before": _words(case, told),
            "after": _words(values, told),
            "note": "",
            "undoes": None,
        },
    )


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
