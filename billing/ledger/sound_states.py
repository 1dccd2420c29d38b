"""Whether everything in the ledger is in a state that its history allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select

from billing.errors import ClaimsweepError
from billing.ledger import tables
from billing.ledger.batches import BatchState
from billing.ledger.database import AnyRow
from billing.ledger.items import closed_as
from billing.ledger.people_tables import runs
from billing.ledger.sound_rows import AT_ONCE
from billing.ledger.words import CONCLUSION, read

_CLOSED = (tables.ANSWERED, tables.NOT_FOUND, tables.NO_ANSWER)
_OPEN = (tables.PENDING, tables.LEASED)


def unlawful_states(connection: Connection) -> Iterator[str | None]:
    """For each rule its breaches, a sentence each, or None where nothing breaks it."""
    work = (
        (tables.items, tables.conclusions, tables.observations, "item"),
        (tables.visits, tables.visit_conclusions, tables.visit_observations, "visit"),
    )
    for of_work in work:
        yield from _of_work(connection, *of_work)
    yield from _concluded_otherwise(connection)
    yield from _of_sweeps(connection)
    yield from _of_accounts(connection)
    yield from _of_batches(connection)


def _of_work(
    connection: Connection, work: Table, conclusions: Table, observations: Table, name: str
) -> Iterator[str | None]:
    at_its_fence = exists().where(
        conclusions.c.item_id == work.c.item_id, conclusions.c.fence == work.c.fence
    )
    ahead = exists().where(
        conclusions.c.item_id == work.c.item_id, conclusions.c.fence > work.c.fence
    )
    held = and_(work.c.owner.is_not(None), work.c.leased_until.is_not(None))
    free = and_(work.c.owner.is_(None), work.c.leased_until.is_(None))
    leased = work.c.state == tables.LEASED
    rules: Sequence[tuple[ColumnElement[bool], str]] = (
        (or_(and_(leased, ~held), and_(~leased, ~free)), "is held by nobody, or by one too many"),
        (and_(work.c.state.in_(_CLOSED), ~at_its_fence), "is closed and has no conclusion"),
        (and_(work.c.state.in_(_OPEN), at_its_fence), "is open and has its conclusion"),
        (ahead, "has a conclusion from a later hand than it ever had"),
        (work.c.attempts > work.c.fence, "was asked more often than it changed hands"),
        (
            (work.c.state == tables.NO_ANSWER) != work.c.no_answer.is_not(None),
            "does not say why it has no answer, or says so of an answer",
        ),
    )
    for rule, what in rules:
        found = _some(connection, select(work.c.item_id).where(rule).order_by(work.c.item_id))
        yield from _told(f"The {name} {row.item_id} {what}." for row in found)
    alone = ~exists().where(
        conclusions.c.item_id == observations.c.item_id,
        conclusions.c.fence == observations.c.fence,
    )
    query = select(observations.c.item_id, observations.c.fence).where(alone).distinct()
    yield from _told(
        f"The {name} {row.item_id} was observed by hand {row.fence}, which concluded nothing."
        for row in _some(connection, query)
    )


def _concluded_otherwise(connection: Connection) -> Iterator[str | None]:
    items, conclusions = tables.items, tables.conclusions
    now = and_(conclusions.c.item_id == items.c.item_id, conclusions.c.fence == items.c.fence)
    query = select(
        items.c.item_id, items.c.state, items.c.no_answer, conclusions.c.conclusion
    ).join_from(items, conclusions, now)
    for row in _some(connection, query.where(items.c.state.in_(_CLOSED))):
        same = _says(row.conclusion) in (None, (row.state, row.no_answer))
        yield None if same else f"The item {row.item_id} is not closed as its conclusion says."


def _says(text: str) -> tuple[str | None, str | None] | None:
    """State and reason of an item with this conclusion; None for one that cannot be read, which
    is told of as a row."""
    try:
        said = closed_as(read(CONCLUSION, text))
    except ClaimsweepError:
        return None
    return said["state"], said["no_answer"]


def _of_sweeps(connection: Connection) -> Iterator[str | None]:
    for work in (tables.items, tables.visits):
        waiting = exists().where(
            work.c.sweep_id == tables.sweeps.c.sweep_id, work.c.state.in_(_OPEN)
        )
        done = tables.sweeps.c.finished_at.is_not(None)
        query = select(tables.sweeps.c.sweep_id).where(done, waiting)
        yield from _told(
            f"The sweep {row.sweep_id} is finished and {work.name} of it are open."
            for row in _some(connection, query)
        )


def _of_accounts(connection: Connection) -> Iterator[str | None]:
    account, login = tables.accounts.c, tables.logins.c
    query = select(account.account).where(account.owner.is_(None) != account.leased_until.is_(None))
    yield from _told(
        f"The account {row.account} is held by nobody, or by one too many."
        for row in _some(connection, query)
    )
    half = select(login.login_id).where(login.accepted.is_(None) != login.result_at.is_(None))
    yield from _told(
        f"The login {row.login_id} has half a result." for row in _some(connection, half)
    )
    over = select(runs.c.run_id).where(runs.c.ended.is_(None) != runs.c.ended_at.is_(None))
    yield from _told(f"The run {row.run_id} is half ended." for row in _some(connection, over))


def _of_batches(connection: Connection) -> Iterator[str | None]:
    batch, act, file = tables.batches.c, tables.batch_acts.c, tables.batch_files.c
    entry, posting = tables.entries.c, tables.postings.c

    def was(state: str) -> ColumnElement[bool]:
        return exists().where(act.batch_id == batch.batch_id, act.state == state)

    has_files = exists().where(file.batch_id == batch.batch_id)
    has_postings = exists().where(posting.batch_id == batch.batch_id)
    has_entries = exists().where(entry.batch_id == batch.batch_id)
    now = exists().where(act.batch_id == batch.batch_id, act.state == batch.state)
    exported, approved = BatchState.EXPORTED, BatchState.APPROVED
    undone = batch.state == BatchState.UNDONE
    rules: Sequence[tuple[ColumnElement[bool], str]] = (
        (~now, "is in a state that nobody put it in"),
        (~was(BatchState.PROPOSED), "was never proposed"),
        (and_(was(exported), ~was(approved)), "was exported and never approved"),
        (
            or_(
                and_(~undone, was(BatchState.UNDONE)),
                and_(batch.state == BatchState.PROPOSED, was(approved)),
                and_(batch.state == approved, was(exported)),
            ),
            "went back to an earlier state",
        ),
        (was(approved) != has_files, "is frozen without its files, or has files and is not"),
        (~has_postings, "posts nothing"),
        (undone == has_entries, "is undone and still posts, or stands and posts nothing"),
    )
    for rule, what in rules:
        found = _some(connection, select(batch.batch_id).where(rule).order_by(batch.batch_id))
        yield from _told(f"The batch {row.batch_id} {what}." for row in found)
    lines, states = tables.postings, tables.batches
    standing = (
        select(lines.c.unit)
        .join_from(lines, states, states.c.batch_id == lines.c.batch_id)
        .where(states.c.state != BatchState.UNDONE)
        .group_by(lines.c.unit)
        .having(func.count(lines.c.batch_id.distinct()) > 1)
    )
    yield from _told(
        f"{row.unit} is posted by several batches." for row in _some(connection, standing)
    )
    for here, there, what in (
        (tables.entries, lines, "stands in the batch {} that posts nothing of it"),
        (lines, tables.entries, "is posted by the batch {} and does not stand in it"),
    ):
        match = exists().where(there.c.unit == here.c.unit, there.c.batch_id == here.c.batch_id)
        alive = exists().where(
            states.c.batch_id == here.c.batch_id, states.c.state != BatchState.UNDONE
        )
        query = select(here.c.unit, here.c.batch_id).where(~match, alive).distinct()
        yield from _told(
            f"{row.unit} {what.format(row.batch_id)}." for row in _some(connection, query)
        )


def _some(connection: Connection, query: object) -> Iterator[AnyRow]:
    return iter(connection.execute(query, execution_options={"yield_per": AT_ONCE}))  # type: ignore[call-overload]


def _told(breaches: Iterator[str]) -> Iterator[str | None]:
    """The breaches of one rule, or one None."""
    first = next(breaches, None)
    yield first
    if first is not None:
        yield from breaches
