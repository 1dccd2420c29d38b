"""Runs begun at the console: which process does what, who began it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, func, select, update

from billing.errors import BadInput
from billing.ledger.audit import enter
from billing.ledger.database import AnyRow, Database
from billing.ledger.owners import owner_is_dead
from billing.ledger.people_tables import runs


class RunState(StrEnum):
    """QUEUED until its process has begun to work; STOPPED when a person asked for it,
    INTERRUPTED when its process is gone without a word."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


ALIVE = (RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: ``what`` it does and ``about`` what (an item, a sweep, a payer). ``said`` is what
    it left: a sentence when it failed, else what the kind of run says."""

    run_id: int
    what: str
    about: str
    sweep_id: str | None
    by: str
    begun_at: datetime
    owner: str
    stop_asked_at: datetime | None
    ended_at: datetime | None
    state: RunState
    said: str

    @property
    def alive(self) -> bool:
        """Whether its process is there, or about to be."""
        return self.state in ALIVE


class Runs(Database):
    """Beginning, ending and reading runs."""

    def begin_run(
        self, what: str, about: str, *, sweep_id: str | None, by: str, owner: str, at: datetime
    ) -> int:
        """Enter a run that ``owner`` is about to start, and who began it; its number.

        Raises BadInput while another is alive that does the same.
        """
        with self._writing() as connection:
            alive = _newest(connection, runs.c.what == what, runs.c.about == about)
            if alive is not None and alive.alive:
                raise BadInput(
                    f"This is being done already, since {alive.begun_at:%H:%M} UTC by {alive.by}"
                )
            values = {"what": what, "about": about, "sweep_id": sweep_id, "by": by}
            run_id = connection.execute(
                runs.insert().returning(runs.c.run_id),
                {**values, "begun_at": at, "owner": owner, "said": ""},
            ).scalar_one()
            enter(connection, by, f"{what} begun", sweep_id or f"{what} {about}", at=at)
            return int(run_id)

    def end_cut_off(self, what: str, about: str, at: datetime) -> int:
        """End the runs that do this and said nothing more; how many. For who holds its lease."""
        mine = (runs.c.what == what, runs.c.about == about, runs.c.ended_at.is_(None))
        ended = {"ended_at": at, "ended": RunState.INTERRUPTED}
        with self._writing() as connection:
            return connection.execute(update(runs).where(*mine).values(**ended)).rowcount

    def name_sweep_of(self, run_id: int, sweep_id: str) -> None:
        """The run turned out to be of this sweep."""
        self._set(run_id, sweep_id=sweep_id)

    def give_run(self, run_id: int, owner: str) -> None:
        """The process that does the run is ``owner``."""
        self._set(run_id, owner=owner)

    def take_run(self, run_id: int, at: datetime) -> Run:
        """The run, which begins to work now. Raises BadInput when it has begun, or is over."""
        with self._writing() as connection:
            mine = runs.c.run_id == run_id
            taken = connection.execute(
                update(runs)
                .where(mine, runs.c.taken_at.is_(None), runs.c.ended_at.is_(None))
                .values(taken_at=at)
            ).rowcount
            found = _newest(connection, mine)
        if not taken or found is None:
            raise BadInput(f"There is no run {run_id} to do")
        return found

    def ask_to_stop(self, run_id: int, *, by: str, at: datetime) -> None:
        """Note who asked the run to stop."""
        with self._writing() as connection:
            mine = runs.c.run_id == run_id
            row = connection.execute(select(runs).where(mine)).one()
            connection.execute(update(runs).where(mine).values(stop_asked_at=at))
            subject = row.sweep_id or f"{row.what} {row.about}"
            enter(connection, by, f"{row.what} stopped", subject, at=at)

    def end_run(self, run_id: int, state: RunState, said: str, *, at: datetime) -> None:
        """Note how the run ended; what was noted first stays."""
        with self._writing() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id, runs.c.ended_at.is_(None))
                .values(ended_at=at, ended=state, said=said)
            )

    def run_of_sweep(self, sweep_id: str) -> Run | None:
        """The newest run of a sweep or check; None when the console began none."""
        with self._reading() as connection:
            return _newest(connection, runs.c.sweep_id == sweep_id)

    def newest_run(self, what: str, about: str) -> Run | None:
        """The newest run that does ``what`` about this; None when there was none."""
        with self._reading() as connection:
            return _newest(connection, runs.c.what == what, runs.c.about == about)

    def runs_done(self, what: str) -> tuple[Run, ...]:
        """The finished runs of a kind, the newest of each subject."""
        query = select(runs).where(runs.c.what == what, runs.c.ended == RunState.DONE)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(runs.c.run_id))
            return tuple({row.about: _run(row) for row in rows}.values())

    def runs_since(self, what: str, since: datetime) -> tuple[Run, ...]:
        """Every run of a kind that was begun at ``since`` or later, the oldest first."""
        query = select(runs).where(runs.c.what == what, runs.c.begun_at >= since)
        with self._reading() as connection:
            return tuple(map(_run, connection.execute(query.order_by(runs.c.run_id))))

    def newest_runs(self, what: str) -> dict[str, Run]:
        """The newest run of a kind of each subject."""
        newest = select(func.max(runs.c.run_id)).where(runs.c.what == what).group_by(runs.c.about)
        query = select(runs).where(runs.c.run_id.in_(newest))
        with self._reading() as connection:
            return {row.about: _run(row) for row in connection.execute(query)}

    def _set(self, run_id: int, **values: object) -> None:
        with self._writing() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))


def _newest(connection: Connection, *which: ColumnElement[bool]) -> Run | None:
    query = select(runs).where(*which).order_by(runs.c.run_id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _run(row)


def _run(row: AnyRow) -> Run:
    if row.ended_at is not None:
        state = RunState(row.ended)
    elif owner_is_dead(row.owner):
        state = RunState.INTERRUPTED
    else:
        state = RunState.QUEUED if row.taken_at is None else RunState.RUNNING
    return Run(
        run_id=row.run_id,
        what=row.what,
        about=row.about,
        sweep_id=row.sweep_id,
        by=row.by,
        begun_at=row.begun_at,
        owner=row.owner,
        stop_asked_at=row.stop_asked_at,
        ended_at=row.ended_at,
        state=state,
        said=row.said,
    )
