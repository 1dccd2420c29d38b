"""Visits: the rows of a schedule as items of work, and what payers said of them, now and before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from billing.coverage import (
    Coverage,
    CoverageObservation,
    EligibilityReport,
    Visit,
    VisitConclusion,
    VisitOutcome,
    VisitResult,
)
from billing.ledger import tables
from billing.ledger.database import AnyRow
from billing.ledger.evidence import require_listed
from billing.ledger.leases import Leases, close, close_unasked, give_back, settled_before, waiting
from billing.ledger.patience import repeatable
from billing.ledger.sweeps import (
    FINAL,
    Sweeps,
    SweepStart,
    SweptExport,
    count_progress,
    read_drift,
    read_notes,
    read_refused,
    require_settled,
    require_sweep,
)
from billing.ledger.words import COVERAGE_OBSERVATION, VISIT, VISIT_CONCLUSION, read, write
from billing.model import Found
from billing.report import RefusedRow

_CHUNK = 500
_STATES = {
    VisitOutcome.NOT_FOUND: tables.NOT_FOUND,
    VisitOutcome.NO_ANSWER: tables.NO_ANSWER,
    VisitOutcome.WRONG_PATIENT: tables.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class VisitItem:
    """A leased visit. ``fence`` is this lease's number; settling needs it. ``attempts`` counts
    this one."""

    item_id: int
    visit: Visit
    attempts: int
    fence: int


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a payer said to the same question before, and the day that it was asked for."""

    observation: CoverageObservation
    asked_for: date


@dataclass(frozen=True, slots=True)
class AskedVisit:
    """A visit that a portal was asked about, by the ledger's own number, and what was observed."""

    item_id: int
    visit: Visit
    observation: CoverageObservation


class Visits(Leases, Sweeps):
    """Beginning a schedule's sweep, leasing and settling its visits, and reading them back."""

    def begin_visits(
        self,
        sweep_id: str,
        *,
        business_date: date,
        schedule: SweptExport,
        visits: Sequence[Visit],
        refused: Sequence[RefusedRow],
        at: datetime,
    ) -> SweepStart:
        """As :meth:`begin_sweep`, of the rows of a schedule."""
        rows = [_item(sweep_id, visit) for visit in visits]
        anew = ("date", "question", "person", "payer", "visit")
        with self._writing() as connection:
            resumed = self._open_sweep(connection, sweep_id, business_date, [schedule], refused, at)
            self._join(connection, tables.visits, rows, anew)
            return SweepStart(sweep_id, resumed, count_progress(connection, sweep_id))

    def holds_visits(self, sweep_id: str) -> bool:
        """Whether the sweep is of a schedule's visits."""
        items = tables.visits.c
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            query = select(items.item_id).where(items.sweep_id == sweep_id).limit(1)
            return connection.execute(query).first() is not None

    def latest_schedule(self) -> str | None:
        """The id of the sweep of visits that was begun last, or None."""
        sweeps, items = tables.sweeps.c, tables.visits.c
        mine = select(items.item_id).where(items.sweep_id == sweeps.sweep_id)
        query = select(sweeps.sweep_id).where(mine.exists())
        with self._reading() as connection:
            newest = query.order_by(sweeps.started_at.desc(), sweeps.sweep_id)
            return connection.execute(newest.limit(1)).scalar()

    def asked_visits(
        self, sweep_id: str, payer: str, row: int | None = None
    ) -> tuple[AskedVisit, ...]:
        """The visits that the payer's portal was asked about, or that of one row, each with what
        was last observed of it; a visit that a kept answer served was not asked about."""
        items, said = tables.visits.c, tables.visit_observations.c
        query = (
            select(items.item_id, items.visit, said.observation)
            .join_from(tables.visits, tables.visit_observations, said.item_id == items.item_id)
            .where(items.sweep_id == sweep_id, items.payer == payer)
            .order_by(items.item_id, said.fence)
        )
        if row is not None:
            query = query.where(items.row == row)
        with self._reading() as connection:
            newest = {one.item_id: one for one in connection.execute(query)}
        return tuple(
            AskedVisit(
                one.item_id, read(VISIT, one.visit), read(COVERAGE_OBSERVATION, one.observation)
            )
            for one in newest.values()
        )

    def visit_results(self, sweep_id: str, row: int) -> tuple[VisitResult, ...]:
        """The results there are for a row of the schedule: one, or one of each sheet."""
        with self._reading() as connection:
            require_sweep(connection, sweep_id)
            return _results(connection, sweep_id, row)

    def lease_visit(
        self, sweep_id: str, payer: str, owner: str, *, seconds: int, now: datetime | None = None
    ) -> VisitItem | None:
        """Lease one visit of this payer, as :meth:`lease_item` does; None when there is none."""
        return self._lease(tables.visits, sweep_id, payer, owner, _leased, seconds=seconds, now=now)

    @repeatable
    def give_back_visit(self, item_id: int, fence: int) -> bool:
        """Return a leased visit unasked or unanswered; False when the lease was lost already."""
        with self._writing() as connection:
            return give_back(connection, tables.visits, item_id, fence)

    @repeatable
    def settle_visit(
        self,
        item_id: int,
        fence: int,
        *,
        observation: CoverageObservation | None,
        conclusion: VisitConclusion,
        seconds: Decimal,
        at: datetime,
    ) -> bool:
        """Commit what was observed (None for a kept answer) and concluded of a visit together.

        False, and nothing written, when the lease was lost. Raises EvidenceMissing when something
        rests on bytes that are not stored.
        """
        with self._writing() as connection:
            if close(connection, tables.visits, item_id, fence, **_closed(conclusion)) is None:
                return settled_before(connection, tables.visit_conclusions, item_id, fence)
            key = {"item_id": item_id, "fence": fence}
            if observation is not None:
                kept = {
                    "observed_at": observation.observed_at,
                    "observation": write(COVERAGE_OBSERVATION, observation),
                }
                connection.execute(tables.visit_observations.insert(), {**key, **kept})
            said = {"conclusion": write(VISIT_CONCLUSION, conclusion), "concluded_at": at}
            connection.execute(
                tables.visit_conclusions.insert(), {**key, **said, "seconds": seconds}
            )
            _rest_on(connection, [(key, _hashes(conclusion, observation))])
        return True

    def conclude_visits(
        self,
        sweep_id: str,
        payer: str | None,
        conclusion_for: Callable[[Visit], VisitConclusion | None],
        at: datetime,
    ) -> int:
        """Settle waiting visits of a payer without asking; returns how many.

        ``conclusion_for`` may leave one waiting by None. Visits that a live worker holds are left
        to it.
        """
        with self._writing() as connection:
            rows = waiting(connection, tables.visits, sweep_id, payer, None, 1_000_000)
        made = [(row, conclusion_for(read(VISIT, row.visit))) for row in rows]
        ready = [(row, conclusion) for row, conclusion in made if conclusion is not None]
        settled = 0
        for start in range(0, len(ready), _CHUNK):
            settled += self._conclude_visits(sweep_id, payer, ready[start : start + _CHUNK], at)
        return settled

    @repeatable
    def _conclude_visits(
        self,
        sweep_id: str,
        payer: str | None,
        ready: Sequence[tuple[AnyRow, VisitConclusion]],
        at: datetime,
    ) -> int:
        with self._writing() as connection:
            free = {
                (row.item_id, row.fence)
                for row in waiting(connection, tables.visits, sweep_id, payer, None, 1_000_000)
            }
            mine = [(row, said) for row, said in ready if (row.item_id, row.fence) in free]
            if not mine:
                return 0
            closing = [{"id": row.item_id, **_closed(said)} for row, said in mine]
            close_unasked(connection, tables.visits, closing)
            keys = [{"item_id": row.item_id, "fence": row.fence + 1} for row, _ in mine]
            connection.execute(
                tables.visit_conclusions.insert(),
                [
                    {**key, "conclusion": write(VISIT_CONCLUSION, said), "concluded_at": at}
                    for key, (_, said) in zip(keys, mine, strict=True)
                ],
            )
            _rest_on(
                connection,
                [(key, _hashes(said, None)) for key, (_, said) in zip(keys, mine, strict=True)],
            )
        return len(mine)

    def kept_answers(self, visit: Visit, since: datetime) -> tuple[KeptAnswer, ...]:
        """What the payer has said since to the same question, for whatever day, newest first.

        Only what asking again would not change: found, not found, or another person.
        """
        return self._said(tables.visits.c.question == _question(visit), since=since)

    def last_coverage(self, visit: Visit, before: datetime) -> Coverage | None:
        """The newest cover that the payer stated of this person before that instant."""
        mine = tables.visits.c.person == _person(visit)
        for kept in self._said(mine, before=before):
            if isinstance(kept.observation.answer, Found):
                return kept.observation.answer.value
        return None

    def _said(
        self, which: Any, *, since: datetime | None = None, before: datetime | None = None
    ) -> tuple[KeptAnswer, ...]:
        items, said = tables.visits.c, tables.visit_observations.c
        query = (
            select(items.date, said.observation)
            .join_from(
                tables.visits,
                tables.visit_observations,
                and_(said.item_id == items.item_id, said.fence == items.fence),
            )
            .where(
                which,
                or_(
                    items.state.in_((tables.ANSWERED, tables.NOT_FOUND)),
                    items.no_answer.in_(FINAL),
                ),
            )
            .order_by(said.observed_at.desc(), items.item_id.desc())
            .limit(20)
        )
        if since is not None:
            query = query.where(said.observed_at >= since)
        if before is not None:
            query = query.where(said.observed_at < before)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            KeptAnswer(read(COVERAGE_OBSERVATION, row.observation), row.date) for row in rows
        )

    def eligibility_report(self, sweep_id: str) -> EligibilityReport:
        """Everything the outputs of a schedule are made from; refused while a visit has no result.

        ``payer_names`` stays empty: profiles know the payers' names.
        """
        with self._reading() as connection:
            sweep = require_sweep(connection, sweep_id)
            require_settled(connection, sweep_id)
            return EligibilityReport(
                sweep_id=sweep_id,
                business_date=sweep.business_date,
                started_at=sweep.started_at,
                finished_at=sweep.finished_at,
                results=_results(connection, sweep_id),
                refused_rows=read_refused(connection, sweep_id),
                payer_notes=read_notes(connection, sweep_id),
                drift=read_drift(connection, sweep_id),
            )


def _leased(row: AnyRow) -> VisitItem:
    return VisitItem(row.item_id, read(VISIT, row.visit), row.attempts + 1, row.fence + 1)


def _results(
    connection: Connection, sweep_id: str, row: int | None = None
) -> tuple[VisitResult, ...]:
    items, said = tables.visits, tables.visit_conclusions
    current = and_(said.c.item_id == items.c.item_id, said.c.fence == items.c.fence)
    query = (
        select(
            items.c.item_id,
            items.c.visit,
            items.c.attempts,
            said.c.conclusion,
            said.c.seconds,
            said.c.concluded_at,
        )
        .join_from(items, said, current)
        .where(items.c.sweep_id == sweep_id)
        .order_by(items.c.row, items.c.item_id)
    )
    if row is not None:
        query = query.where(items.c.row == row)
    return tuple(_result(one) for one in connection.execute(query))


def _result(row: AnyRow) -> VisitResult:
    return VisitResult(
        item_id=row.item_id,
        visit=read(VISIT, row.visit),
        conclusion=read(VISIT_CONCLUSION, row.conclusion),
        attempts=row.attempts,
        seconds=row.seconds,
        checked_at=row.concluded_at,
    )


def _item(sweep_id: str, visit: Visit) -> dict[str, Any]:
    return {
        "sweep_id": sweep_id,
        "export_sha256": visit.source.export_sha256,
        "sheet": visit.source.sheet or "",
        "row": visit.source.row,
        "date": visit.day,
        "question": _question(visit),
        "person": _person(visit),
        "payer": visit.payer,
        "visit": write(VISIT, visit),
    }


def _person(visit: Visit) -> str:
    names = (
        " ".join(name.split()).casefold() for name in (visit.patient_last, visit.patient_first)
    )
    member = "".join(visit.member_id.split()).casefold()
    return _hash(visit.payer or "", member, visit.date_of_birth.isoformat(), *names)


def _question(visit: Visit) -> str:
    return _hash(_person(visit), visit.service_type)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _closed(conclusion: VisitConclusion) -> dict[str, str | None]:
    return {
        "state": _STATES.get(conclusion.outcome, tables.ANSWERED),
        "no_answer": conclusion.no_answer,
    }


def _hashes(conclusion: VisitConclusion, observation: CoverageObservation | None) -> set[str]:
    found = {*conclusion.evidence, *(observation.captures if observation else ())}
    places = [*conclusion.places.values(), *(observation.places.values() if observation else ())]
    for place in places:
        found.add(place.sha256)
        if place.image is not None:
            found.add(place.image)
    return found


def _rest_on(connection: Connection, resting: Sequence[tuple[dict[str, Any], set[str]]]) -> None:
    require_listed(connection, {sha256 for _, hashes in resting for sha256 in hashes})
    rows = [{**key, "sha256": sha256} for key, hashes in resting for sha256 in sorted(hashes)]
    if rows:
        connection.execute(tables.visit_rests_on.insert(), rows)
