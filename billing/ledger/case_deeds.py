"""What people decide about cases: kept with who and when, and taken back by another act."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, select

from billing.cases import QUEUE_ACTS, CaseAct, CaseChanged, CaseDeed, CaseState, NoSuchCase
from billing.errors import BadInput
from billing.ledger.audit import enter_all
from billing.ledger.case_counts import counted
from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import case_acts, cases, users

MOST_AT_ONCE = 2000
"""Cases that one act may name."""

_KEPT = ("state", "assignee", "snoozed_until")
"""The columns of a case that a person's act may change."""

_WAITING = (CaseState.OPEN, CaseState.SNOOZED)
_AWAY = (CaseState.SNOOZED, CaseState.RESOLVED, CaseState.SETTLED)


class CaseDeeds(Database):
    """Deciding about cases; every act and its audit entry commit together."""

    def assign_cases(
        self,
        case_ids: Sequence[int],
        to: str | None,
        *,
        by: str,
        at: datetime,
        as_of: int | None = None,
    ) -> str:
        """Give the cases to the user of this id, or to nobody. Returns what names the act.

        Like every act here: all of the cases or none; raises BadInput for a case or user that is
        not there, and CaseChanged where a case is in a state that the act is not for, or anybody
        did anything about one after the act numbered ``as_of`` (see QueuePage).
        """
        with self._writing() as connection:
            if to is not None:
                known = connection.execute(select(users.c.active).where(users.c.user_id == to))
                if not known.scalar():
                    raise BadInput("There is no active user of this id to give the cases to")
            rows = _rows(connection, case_ids, as_of=as_of)
            return _act(connection, rows, CaseAct.ASSIGN, {"assignee": to}, by, at, "")

    def snooze_cases(
        self,
        case_ids: Sequence[int],
        until: date | Mapping[int, date],
        *,
        by: str,
        at: datetime,
        today: date,
        as_of: int | None = None,
    ) -> str:
        """Take the cases off the queue until a later day, on which they come back: one for all,
        or for each its own."""
        days = until if isinstance(until, Mapping) else dict.fromkeys(case_ids, until)
        if any(day <= today for day in days.values()):
            raise BadInput("A case is snoozed until a later day than today")
        with self._writing() as connection:
            rows = _rows(connection, case_ids, _WAITING, as_of)
            changes = {
                one: {"state": CaseState.SNOOZED.value, "snoozed_until": days[one].isoformat()}
                for one in case_ids
            }
            return _act_each(connection, rows, CaseAct.SNOOZE, changes, by, at, "")

    def resolve_cases(
        self,
        case_ids: Sequence[int],
        reason: str,
        *,
        by: str,
        at: datetime,
        as_of: int | None = None,
    ) -> str:
        """End the cases for a reason in the person's words; a new answer opens them again."""
        return self._end(case_ids, CaseAct.RESOLVE, reason, by, at, as_of)

    def approve_cases(
        self,
        case_ids: Sequence[int],
        note: str,
        *,
        by: str,
        at: datetime,
        as_of: int | None = None,
    ) -> str:
        """End the cases because what was found and proposed is right."""
        return self._end(case_ids, CaseAct.APPROVE, note or "as found", by, at, as_of)

    def _end(
        self,
        case_ids: Sequence[int],
        act: CaseAct,
        note: str,
        by: str,
        at: datetime,
        as_of: int | None,
    ) -> str:
        if not note.strip():
            raise BadInput("Say why the case is resolved")
        change = {"state": CaseState.RESOLVED.value, "snoozed_until": None}
        with self._writing() as connection:
            rows = _rows(connection, case_ids, _WAITING, as_of)
            return _act(connection, rows, act, change, by, at, note.strip())

    def reopen_cases(
        self, case_ids: Sequence[int], *, by: str, at: datetime, as_of: int | None = None
    ) -> str:
        """Put resolved, settled or snoozed cases back on the queue."""
        change = {"state": CaseState.OPEN.value, "snoozed_until": None}
        with self._writing() as connection:
            rows = _rows(connection, case_ids, _AWAY, as_of)
            return _act(connection, rows, CaseAct.REOPEN, change, by, at, "")

    def correct_figure(
        self,
        case_id: int,
        figure: str,
        *,
        was: str | None,
        now: str,
        why: str,
        by: str,
        at: datetime,
    ) -> str:
        """Note that a figure is otherwise than what was read; what was read stays beside it."""
        if not why.strip():
            raise BadInput("Say where the right figure is seen")
        with self._writing() as connection:
            _rows(connection, [case_id])
            together = secrets.token_hex(8)
            _insert(
                connection,
                together,
                CaseAct.CORRECT,
                [(case_id, {figure: was}, {figure: now})],
                by=by,
                at=at,
                note=why.strip(),
            )
            return together

    def note_case(self, case_id: int, words: str, *, by: str, at: datetime) -> str:
        """Add a person's own words to a case; the audit trail tells that it was done, not what."""
        if not words.strip():
            raise BadInput("The note is empty")
        with self._writing() as connection:
            rows = _rows(connection, [case_id])
            return _act(connection, rows, CaseAct.NOTE, {}, by, at, words.strip())

    def undo(self, *, by: str, at: datetime, together: str | None = None) -> tuple[int, ...]:
        """Take back this person's newest act that stands, or the one named; the cases it was on.

        Raises BadInput when there is none, CaseChanged when anybody, or a sweep, has changed since
        what the act changed of a case; then nothing is taken back.
        """
        with self._writing() as connection:
            acts = _to_undo(connection, by, together)
            rows = {row.case_id: row for row in _rows(connection, [a.case_id for a in acts])}
            changed = _changed_since(connection, acts)
            changes: dict[int, dict[str, str | None]] = {}
            deeds = []
            for act in acts:
                before, after = json.loads(act.before), json.loads(act.after)
                row = rows[act.case_id]
                columns = {name: value for name, value in before.items() if name in _KEPT}
                if columns.keys() & changed[act.case_id] or any(
                    _word(getattr(row, name)) != after[name] for name in columns
                ):
                    raise CaseChanged(
                        f"Case {act.case_id} was changed since; look at it, then decide again"
                    )
                changes[act.case_id] = columns
                deeds.append((act.case_id, after, before))
            _change(connection, changes)
            _insert(
                connection,
                secrets.token_hex(8),
                CaseAct.UNDO,
                deeds,
                by=by,
                at=at,
                note="",
                undoes=acts[0].together,
            )
            return tuple(sorted(rows))

    def newest_stroke(self, by: str, since: datetime) -> str | None:
        """What names this person's newest act of the queue's that stands, of those since then."""
        query = _standing(by).where(case_acts.c.act.in_(QUEUE_ACTS), case_acts.c.at >= since)
        with self._reading() as connection:
            return connection.execute(query).scalar()

    def stroke(self, together: str) -> tuple[CaseDeed, ...]:
        """All that was done at one stroke, by case."""
        return self._deeds(case_acts.c.together == together, case_acts.c.case_id)

    def case_deeds(self, case_id: int) -> tuple[CaseDeed, ...]:
        """All that was ever done about a case, the oldest first."""
        return self._deeds(case_acts.c.case_id == case_id, case_acts.c.act_id)

    def _deeds(self, which: ColumnElement[bool], order: ColumnElement[Any]) -> tuple[CaseDeed, ...]:
        with self._reading() as connection:
            rows = connection.execute(select(case_acts).where(which).order_by(order)).all()
        return tuple(
            CaseDeed(
                act_id=row.act_id,
                together=row.together,
                case_id=row.case_id,
                act=CaseAct(row.act),
                by=row.by,
                at=row.at,
                before=json.loads(row.before),
                after=json.loads(row.after),
                note=row.note,
                undoes=row.undoes,
            )
            for row in rows
        )


def _rows(
    connection: Connection,
    case_ids: Sequence[int],
    states: Sequence[CaseState] = tuple(CaseState),
    as_of: int | None = None,
) -> Sequence[AnyRow]:
    wanted = sorted(set(case_ids))
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise BadInput(f"Choose from 1 to {MOST_AT_ONCE:,} cases")
    rows = connection.execute(
        select(cases).where(cases.c.case_id.in_(wanted)).order_by(cases.c.case_id)
    ).all()
    if len(rows) != len(wanted):
        raise NoSuchCase("One of these cases is not in the ledger; load the queue anew")
    for row in rows:
        if row.state not in states:
            raise CaseChanged(f"Case {row.case_id} is {row.state} now; nothing was done")
    if as_of is not None:
        query = select(case_acts.c.case_id, case_acts.c.by).where(case_acts.c.act_id > as_of)
        later = connection.execute(query.where(case_acts.c.case_id.in_(wanted)).limit(1)).first()
        if later is not None:
            raise CaseChanged(
                f"{later.by} changed case {later.case_id} since you looked; nothing was done"
            )
    return rows


def _act(
    connection: Connection,
    rows: Sequence[AnyRow],
    act: CaseAct,
    change: Mapping[str, str | None],
    by: str,
    at: datetime,
    note: str,
) -> str:
    changes = dict.fromkeys((row.case_id for row in rows), change)
    return _act_each(connection, rows, act, changes, by, at, note)


def _act_each(
    connection: Connection,
    rows: Sequence[AnyRow],
    act: CaseAct,
    changes: Mapping[int, Mapping[str, str | None]],
    by: str,
    at: datetime,
    note: str,
) -> str:
    deeds = [
        (row.case_id, {name: _word(getattr(row, name)) for name in change}, change)
        for row in rows
        for change in [changes[row.case_id]]
    ]
    together = secrets.token_hex(8)
    _change(connection, changes)
    _insert(connection, together, act, deeds, by=by, at=at, note=note)
    return together


def _change(connection: Connection, changes: Mapping[int, Mapping[str, str | None]]) -> None:
    """Change each case; those that change alike at one statement."""
    alike: dict[tuple[tuple[str, str | None], ...], list[int]] = defaultdict(list)
    for case_id, change in changes.items():
        alike[tuple(sorted(change.items()))].append(case_id)
    with counted(connection, list(changes)):
        for pairs, case_ids in alike.items():
            values: dict[str, object] = dict(pairs)
            day = values.get("snoozed_until")
            if isinstance(day, str):
                values["snoozed_until"] = date.fromisoformat(day)
            if values:
                them = cases.c.case_id.in_(case_ids)
                connection.execute(cases.update().where(them).values(values))


def _insert(
    connection: Connection,
    together: str,
    act: CaseAct,
    deeds: Sequence[tuple[int, Mapping[str, str | None], Mapping[str, str | None]]],
    *,
    by: str,
    at: datetime,
    note: str,
    undoes: str | None = None,
) -> None:
    rows = [
        {
            "together": together,
            "case_id": case_id,
            "act": act,
            "by": by,
            "at": at,
            "before": json.dumps(before),
            "after": json.dumps(after),
            "note": note,
            "undoes": undoes,
        }
        for case_id, before, after in deeds
    ]
    connection.execute(case_acts.insert(), rows)
    told = [
        (f"case {case_id}", {"together": together, "changed": sorted(after)})
        for case_id, _, after in deeds
    ]
    enter_all(connection, by, f"case {act}", told, at=at)


def _standing(by: str) -> Select[Any]:
    """The person's acts that were not taken back, the newest first: what names each."""
    later = case_acts.alias()
    return (
        select(case_acts.c.together)
        .where(
            case_acts.c.by == by,
            case_acts.c.act != CaseAct.UNDO,
            ~exists().where(later.c.undoes == case_acts.c.together),
        )
        .order_by(case_acts.c.act_id.desc())
        .limit(1)
    )


def _to_undo(connection: Connection, by: str, together: str | None) -> Sequence[AnyRow]:
    newest = _standing(by)
    if together is not None:
        newest = newest.where(case_acts.c.together == together)
    found = connection.execute(newest).scalar()
    if found is None:
        raise BadInput("There is nothing of yours to undo")
    query = select(case_acts).where(case_acts.c.together == found)
    return connection.execute(query.order_by(case_acts.c.act_id)).all()


def _changed_since(connection: Connection, acts: Sequence[AnyRow]) -> dict[int, set[str]]:
    """What later acts that stand have said of each case."""
    query = select(case_acts).where(
        case_acts.c.case_id.in_([act.case_id for act in acts]),
        case_acts.c.act_id > acts[-1].act_id,
    )
    later = connection.execute(query).all()
    undone = {act.undoes for act in later}
    changed: dict[int, set[str]] = defaultdict(set)
    for act in later:
        if act.act != CaseAct.UNDO and act.together not in undone:
            changed[act.case_id] |= json.loads(act.after).keys()
    return changed


def _word(value: object) -> str | None:
    return None if value is None else str(value)
