"""What people decide about cases: kept with who and when, and taken back by another act."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, select

from billing.cases import CaseAct, CaseChanged, CaseDeed, CaseState
from billing.errors import BadInput
from billing.ledger.audit import enter
from billing.ledger.database import AnyRow, Database
from billing.ledger.people_tables import case_acts, cases, users

MOST_AT_ONCE = 500
"""Cases that one act may name."""

_KEPT = ("state", "assignee", "snoozed_until")
"""The columns of a case that a person's act may change."""


class CaseDeeds(Database):
    """Deciding about cases; every act and its audit entry commit together."""

    def assign_cases(
        self, case_ids: Sequence[int], to: str | None, *, by: str, at: datetime
    ) -> str:
        """Give the cases to the user of this id, or to nobody. Returns what names the act.

        Like every act here: all of the cases or none; raises BadInput for a case or user that is
        not there.
        """
        with self._writing() as connection:
            if to is not None:
                known = connection.execute(select(users.c.active).where(users.c.user_id == to))
                if not known.scalar():
                    raise BadInput("There is no active user of this id to give the cases to")
            return _act(connection, case_ids, CaseAct.ASSIGN, {"assignee": to}, by, at, "")

    def snooze_cases(
        self, case_ids: Sequence[int], until: date, *, by: str, at: datetime, today: date
    ) -> str:
        """Take the cases off the queue until a later day, on which they come back."""
        if until <= today:
            raise BadInput("A case is snoozed until a later day than today")
        change = {"state": CaseState.SNOOZED.value, "snoozed_until": until.isoformat()}
        with self._writing() as connection:
            return _act(connection, case_ids, CaseAct.SNOOZE, change, by, at, "")

    def resolve_cases(self, case_ids: Sequence[int], reason: str, *, by: str, at: datetime) -> str:
        """End the cases for a reason in the person's words; a new answer opens them again."""
        return self._end(case_ids, CaseAct.RESOLVE, reason, by, at)

    def approve_cases(self, case_ids: Sequence[int], note: str, *, by: str, at: datetime) -> str:
        """End the cases because what was found and proposed is right."""
        return self._end(case_ids, CaseAct.APPROVE, note or "as found", by, at)

    def _end(self, case_ids: Sequence[int], act: CaseAct, note: str, by: str, at: datetime) -> str:
        if not note.strip():
            raise BadInput("Say why the case is resolved")
        change = {"state": CaseState.RESOLVED.value, "snoozed_until": None}
        with self._writing() as connection:
            return _act(connection, case_ids, act, change, by, at, note.strip())

    def reopen_cases(self, case_ids: Sequence[int], *, by: str, at: datetime) -> str:
        """Put resolved, settled or snoozed cases back on the queue."""
        change = {"state": CaseState.OPEN.value, "snoozed_until": None}
        with self._writing() as connection:
            return _act(connection, case_ids, CaseAct.REOPEN, change, by, at, "")

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
            rows = _rows(connection, [case_id])
            together = secrets.token_hex(8)
            _insert(
                connection,
                together,
                CaseAct.CORRECT,
                [(rows[0], {figure: was}, {figure: now})],
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
            return _act(connection, [case_id], CaseAct.NOTE, {}, by, at, words.strip())

    def undo(self, *, by: str, at: datetime, together: str | None = None) -> tuple[int, ...]:
        """Take back this person's newest act that stands, or the one named; the cases it was on.

        Raises BadInput when there is none, CaseChanged when a case is no longer as the act left
        it; then nothing is taken back.
        """
        with self._writing() as connection:
            acts = _to_undo(connection, by, together)
            rows = {row.case_id: row for row in _rows(connection, [a.case_id for a in acts])}
            deeds = []
            for act in acts:
                before, after = json.loads(act.before), json.loads(act.after)
                row = rows[act.case_id]
                columns = {name: value for name, value in before.items() if name in _KEPT}
                if any(_word(getattr(row, name)) != after[name] for name in columns):
                    raise CaseChanged(
                        f"Case {act.case_id} was changed since; look at it, then decide again"
                    )
                _change(connection, row, columns)
                deeds.append((row, after, before))
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

    def case_deeds(self, case_id: int) -> tuple[CaseDeed, ...]:
        """All that was ever done about a case, the oldest first."""
        query = select(case_acts).where(case_acts.c.case_id == case_id)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(case_acts.c.act_id)).all()
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


def _act(
    connection: Connection,
    case_ids: Sequence[int],
    act: CaseAct,
    change: Mapping[str, str | None],
    by: str,
    at: datetime,
    note: str,
) -> str:
    deeds = []
    for row in _rows(connection, case_ids):
        before = {name: _word(getattr(row, name)) for name in change}
        _change(connection, row, change)
        deeds.append((row, before, dict(change)))
    together = secrets.token_hex(8)
    _insert(connection, together, act, deeds, by=by, at=at, note=note)
    return together


def _rows(connection: Connection, case_ids: Sequence[int]) -> Sequence[AnyRow]:
    wanted = sorted(set(case_ids))
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise BadInput(f"Choose from 1 to {MOST_AT_ONCE} cases")
    rows = connection.execute(select(cases).where(cases.c.case_id.in_(wanted))).all()
    if len(rows) != len(wanted):
        raise BadInput("One of these cases is not in the ledger; load the queue anew")
    return rows


def _change(connection: Connection, row: AnyRow, change: Mapping[str, str | None]) -> None:
    values: dict[str, object] = dict(change)
    day = change.get("snoozed_until")
    if day is not None:
        values["snoozed_until"] = date.fromisoformat(day)
    if values:
        by_id = cases.c.case_id == row.case_id
        connection.execute(cases.update().where(by_id).values(values))


def _insert(
    connection: Connection,
    together: str,
    act: CaseAct,
    deeds: Iterable[tuple[AnyRow, Mapping[str, str | None], Mapping[str, str | None]]],
    *,
    by: str,
    at: datetime,
    note: str,
    undoes: str | None = None,
) -> None:
    for row, before, after in deeds:
        connection.execute(
            case_acts.insert(),
            {
                "together": together,
                "case_id": row.case_id,
                "act": act,
                "by": by,
                "at": at,
                "before": json.dumps(before),
                "after": json.dumps(after),
                "note": note,
                "undoes": undoes,
            },
        )
        told = {"together": together, "changed": sorted(after)}
        enter(connection, by, f"case {act}", f"case {row.case_id}", at=at, detail=told)


def _to_undo(connection: Connection, by: str, together: str | None) -> Sequence[AnyRow]:
    undone = select(case_acts.c.undoes).where(case_acts.c.undoes.is_not(None))
    mine = (
        case_acts.c.by == by,
        case_acts.c.act != CaseAct.UNDO,
        case_acts.c.together.not_in(undone),
    )
    newest = select(case_acts.c.together).where(*mine).order_by(case_acts.c.act_id.desc()).limit(1)
    if together is not None:
        newest = newest.where(case_acts.c.together == together)
    found = connection.execute(newest).scalar()
    if found is None:
        raise BadInput("There is nothing of yours to undo")
    query = select(case_acts).where(case_acts.c.together == found)
    return connection.execute(query.order_by(case_acts.c.act_id)).all()


def _word(value: object) -> str | None:
    return None if value is None else str(value)
