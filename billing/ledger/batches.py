"""Batches of postings: proposed, approved, exported or undone, and every entry in one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select, update

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.audit import enter
from billing.ledger.database import AnyRow
from billing.ledger.evidence import require_listed
from billing.ledger.posted_entries import read_standing
from billing.ledger.restore_marks import require_reviewed
from billing.ledger.settlements import Settlements
from billing.ledger.words import POSTING, read, write
from billing.model import Posting
from billing.reconcile.order import Decided, Entry, Held, beside, decide


class BatchState(StrEnum):
    """How far a batch has come; UNDONE is the end of any of the others."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EXPORTED = "exported"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something to a batch, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An entry that a run did not propose: its postings, and why in one sentence."""

    unit: str
    why: str
    already: bool
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Postings that are approved, exported and undone together.

    ``run`` is the sweep that proposed them, or the batch that they were proposed in; a sweep's is
    of the claims that it asked about, any other of whole remittances. ``acts`` are the states it
    has been in. ``files`` are the SHA-256 of what is exported, by name, once it is approved.
    """

    batch_id: str
    run: str
    of_sweep: bool
    state: BatchState
    acts: Mapping[BatchState, Act]
    postings: tuple[Posting, ...]
    held: tuple[HeldBack, ...]
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The hash of all its postings, in their order."""
        found = hashlib.sha256()
        for one in self.postings:
            found.update(write(POSTING, one).encode() + b"\n")
        return found.hexdigest()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What it posts of each remitted claim and provider-level adjustment, in their order."""
        units: dict[str, list[Posting]] = {}
        for one in self.postings:
            units.setdefault(one.unit, []).append(one)
        return tuple(Entry(tuple(some)) for some in units.values())


class Batches(Settlements):
    """Proposing batches and taking them through their states; each act is one transaction."""

    def propose_batch(
        self, entries: Sequence[Entry], held: Sequence[Held], *, by: str, on: date, at: datetime
    ) -> tuple[Batch | None, tuple[HeldBack, ...]]:
        """A batch of those of ``entries`` that may be posted, None if there are none; the rest.

        ``held`` are entries that the caller holds back already; they are kept with the batch.
        ``on`` is the business day, which names it.
        """
        with self._writing() as connection:
            batch_id = next_name(connection, f"P{on:%Y%m%d}-")
            standing = read_standing(connection, [*entries, *(one.entry for one in held)])
            there = {one.entry.unit: one for one in standing}
            known = [beside(one, there.get(one.entry.unit)) for one in held]
            decided = decide(entries, standing)
            every = (*known, *decided.held)
            if not decided.to_post:
                return None, tuple(_held_back(one) for one in every)
            open_batch(connection, batch_id, batch_id, by, at)
            add_entries(connection, batch_id, decided.to_post)
            _hold(connection, batch_id, every)
            enter(connection, by, "batch proposed", f"batch {batch_id}", at=at)
            return read_batch(connection, batch_id), tuple(_held_back(one) for one in every)

    def batches(self) -> tuple[Batch, ...]:
        """Every batch, oldest first."""
        table = tables.batches.c
        with self._reading() as connection:
            query = select(table.batch_id).order_by(table.proposed_at, table.batch_id)
            return tuple(read_batch(connection, one) for one in connection.execute(query).scalars())

    def batch(self, batch_id: str) -> Batch:
        """One batch. Raises BadInput when there is none of this name."""
        with self._reading() as connection:
            return read_batch(connection, batch_id)

    def approve_batch(
        self, batch_id: str, digest: str, files: Mapping[str, str], *, by: str, at: datetime
    ) -> Batch:
        """Freeze a proposed batch: these postings, and these stored files, by name.

        Raises BadInput when it is not proposed any more, or holds other postings than ``digest``
        says: what was looked at is what is approved.
        """
        with self._writing() as connection:
            require_reviewed(connection)
            batch = read_batch(connection, batch_id)
            require_seen(batch, digest)
            require_listed(connection, set(files.values()))
            rows = [{"batch_id": batch_id, "name": n, "sha256": s} for n, s in files.items()]
            connection.execute(tables.batch_files.insert(), rows)
            told = {"postings": digest, "files": dict(files)}
            _move(connection, batch_id, BatchState.APPROVED, by, at, told)
            return read_batch(connection, batch_id)

    def export_batch(self, batch_id: str, *, by: str, at: datetime) -> tuple[Batch, bool]:
        """Say that an approved batch goes out; whether it is out already and stays as it was.

        Raises BadInput when it is neither, or when what must be posted before it is not out.
        """
        with self._writing() as connection:
            batch = read_batch(connection, batch_id)
            if batch.state is BatchState.EXPORTED:
                return batch, True
            require_reviewed(connection)
            require_state(batch, BatchState.APPROVED)
            for other in bound(connection, batch_id, later=False):
                if read_batch(connection, other).state is not BatchState.EXPORTED:
                    raise BadInput(
                        f"Batch {batch_id} takes back or decides anew what batch {other} posts: "
                        f"export {other} first."
                    )
            _move(connection, batch_id, BatchState.EXPORTED, by, at)
            return read_batch(connection, batch_id), False

    def undo_batch(self, batch_id: str, *, by: str, at: datetime) -> Batch:
        """Let go of what a batch posts, so that it may be proposed anew; an undone one stays.

        Raises BadInput while another batch takes back or decides anew what it posts.
        """
        with self._writing() as connection:
            batch = read_batch(connection, batch_id)
            if batch.state is BatchState.UNDONE:
                return batch
            if later := bound(connection, batch_id, later=True):
                raise BadInput(
                    f"Batch {later[0]} takes back or decides anew what batch {batch_id} posts: "
                    f"undo {later[0]} first."
                )
            entries = tables.entries
            connection.execute(entries.delete().where(entries.c.batch_id == batch_id))
            _move(connection, batch_id, BatchState.UNDONE, by, at)
            return read_batch(connection, batch_id)


def post_of_sweep(
    connection: Connection,
    sweep_id: str,
    item_id: int,
    entries: Sequence[Entry],
    held: Sequence[Held],
    at: datetime,
    *,
    checked: bool = True,
) -> None:
    """Put what a settled item of a sweep posts into the sweep's open batch, and keep what it holds.

    What the sweep has posted already, when it settled the item before, is passed over. Entries
    that are not to be ``checked`` were proposed before there were checks.
    """
    standing = read_standing(connection, entries)
    table = tables.batches.c
    query = select(table.batch_id, table.state).where(table.run == sweep_id)
    query = query.order_by(table.batch_id)
    own = {row.batch_id: row.state for row in connection.execute(query)}
    unchecked = Decided(tuple((one, "") for one in entries), ())
    decided = decide(entries, standing) if checked else unchecked
    mine = {one.entry.unit for one in standing if one.batch in own}
    every = [one for one in (*held, *decided.held) if not (one.already and one.entry.unit in mine)]
    _hold(connection, sweep_id, every)
    if decided.to_post:
        still = [name for name, state in own.items() if state == BatchState.PROPOSED]
        batch_id = still[0] if still else None
        if batch_id is None:
            batch_id = f"{sweep_id}-{len(own) + 1}" if own else sweep_id
            open_batch(connection, batch_id, sweep_id, f"sweep {sweep_id}", at)
        add_entries(connection, batch_id, decided.to_post, item_id)


def next_name(connection: Connection, first: str) -> str:
    """The next name of those that begin with ``first`` and a number goes on."""
    names = tables.batches.c.batch_id.startswith(first, autoescape=True)
    count = connection.execute(select(func.count()).where(names)).scalar_one()
    return f"{first}{count + 1}"


def open_batch(connection: Connection, batch_id: str, run: str, by: str, at: datetime) -> None:
    """Begin a proposed batch, without postings yet."""
    row = {"batch_id": batch_id, "run": run, "state": BatchState.PROPOSED, "proposed_at": at}
    connection.execute(tables.batches.insert(), row)
    act = {"batch_id": batch_id, "state": BatchState.PROPOSED, "by": by, "at": at}
    connection.execute(tables.batch_acts.insert(), act)


def add_entries(
    connection: Connection,
    batch_id: str,
    to_post: Sequence[tuple[Entry, str]],
    item_id: int | None = None,
) -> None:
    """The entries at the end of a batch; one that stands anywhere is refused by its key."""
    last = select(func.max(tables.postings.c.position)).where(
        tables.postings.c.batch_id == batch_id
    )
    position = connection.execute(last).scalar() or 0
    lines, rows = [], []
    for entry, after in to_post:
        first = entry.postings[0]
        rows.append(
            {
                "unit": entry.unit,
                "batch_id": batch_id,
                "number": entry.number,
                "account": first.account,
                "after": after,
            }
        )
        for one in entry.postings:
            position += 1
            lines.append(
                {
                    "batch_id": batch_id,
                    "position": position,
                    "key": one.key,
                    "unit": entry.unit,
                    "item_id": item_id,
                    "posting": write(POSTING, one),
                }
            )
    connection.execute(tables.entries.insert(), rows)
    connection.execute(tables.postings.insert(), lines)


def _hold(connection: Connection, run: str, held: Sequence[Held]) -> None:
    rows = {
        one.entry.unit: {
            "run": run,
            "unit": one.entry.unit,
            "why": one.why,
            "already": one.already,
            "postings": "\n".join(write(POSTING, posting) for posting in one.entry.postings),
        }
        for one in held
    }
    table = tables.held
    for unit in rows:
        connection.execute(table.delete().where(table.c.run == run, table.c.unit == unit))
    if rows:
        connection.execute(table.insert(), list(rows.values()))


def _move(
    connection: Connection,
    batch_id: str,
    state: BatchState,
    by: str,
    at: datetime,
    told: Mapping[str, object] | None = None,
) -> None:
    mine = tables.batches.c.batch_id == batch_id
    connection.execute(update(tables.batches).where(mine).values(state=state))
    act = {"batch_id": batch_id, "state": state, "by": by, "at": at}
    connection.execute(tables.batch_acts.insert(), act)
    enter(connection, by, f"batch {state}", f"batch {batch_id}", at=at, detail=told)


def read_batch(connection: Connection, batch_id: str) -> Batch:
    """One batch, within a transaction. Raises BadInput when there is none of this name."""
    table = tables.batches
    row = connection.execute(select(table).where(table.c.batch_id == batch_id)).first()
    if row is None:
        raise BadInput(
            f"The ledger holds no batch {batch_id}: 'claimsweep postings list' shows those it has."
        )
    acts, files, lines = tables.batch_acts, tables.batch_files, tables.postings
    done = connection.execute(
        select(acts).where(acts.c.batch_id == batch_id).order_by(acts.c.at)
    ).all()
    kept = connection.execute(select(files).where(files.c.batch_id == batch_id)).all()
    texts = select(lines.c.posting).where(lines.c.batch_id == batch_id).order_by(lines.c.position)
    sweeps = select(tables.sweeps.c.sweep_id).where(tables.sweeps.c.sweep_id == row.run)
    return Batch(
        batch_id=batch_id,
        run=row.run,
        of_sweep=connection.execute(sweeps).first() is not None,
        state=BatchState(row.state),
        acts={BatchState(act.state): Act(act.by, act.at) for act in done},
        postings=tuple(read(POSTING, text) for text in connection.execute(texts).scalars()),
        held=read_held(connection, row.run),
        files={one.name: one.sha256 for one in kept},
    )


def read_held(connection: Connection, run: str) -> tuple[HeldBack, ...]:
    """What a run did not propose, in the order of what it is about."""
    table = tables.held
    query = select(table).where(table.c.run == run).order_by(table.c.unit)
    return tuple(_read_held(row) for row in connection.execute(query))


def _read_held(row: AnyRow) -> HeldBack:
    postings = tuple(read(POSTING, text) for text in row.postings.split("\n"))
    return HeldBack(row.unit, row.why, row.already, postings)


def _held_back(one: Held) -> HeldBack:
    return HeldBack(one.entry.unit, one.why, one.already, one.entry.postings)


def require_state(batch: Batch, wanted: BatchState) -> None:
    """Raise BadInput with who made it what it is, when the batch is not ``wanted``."""
    if batch.state is not wanted:
        act = batch.acts[batch.state]
        raise BadInput(
            f"Batch {batch.batch_id} was {batch.state} on {act.at:%Y-%m-%d} by {act.by}; only one "
            f"that is {wanted} can go on from here."
        )


def require_seen(batch: Batch, digest: str) -> None:
    """Raise BadInput when the batch is not proposed any more, or not as it was looked at."""
    require_state(batch, BatchState.PROPOSED)
    if batch.digest != digest:
        raise BadInput(
            f"Batch {batch.batch_id} has changed since it was looked at: look at it again, then go "
            "on."
        )


def bound(connection: Connection, batch_id: str, *, later: bool) -> list[str]:
    """The other batches that hold what must be posted before this one, or ``later`` than it."""
    first, second = tables.entries.alias(), tables.entries.alias()
    mine, other = (first, second) if later else (second, first)
    query = (
        select(other.c.batch_id)
        .join_from(first, second, second.c.after == first.c.unit)
        .where(mine.c.batch_id == batch_id, other.c.batch_id != batch_id)
        .distinct()
        .order_by(other.c.batch_id)
    )
    return list(connection.execute(query).scalars())
