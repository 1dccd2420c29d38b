"""What is older than a policy allows goes, a few rows at a time, unless something holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, not_, or_, select

from billing.ledger import people_tables as people
from billing.ledger import tables
from billing.ledger.audit import enter
from billing.ledger.batches import BatchState
from billing.ledger.case_counts import counted
from billing.ledger.database import Database
from billing.ledger.decisions import forget_decisions
from billing.ledger.forgetting import already_gone, mark
from billing.ledger.posted_entries import standing_on
from billing.retention import Expiring, Kind

CHUNK = 200
"""So many claims, visits or payments go in one transaction."""

OPEN_CASE = "an open case"
WORKED_ON = "a case that was worked on since"
WAITING_BATCH = "a batch that is not exported"
CONTESTED = "a payment whose documents differ"
LEGAL_HOLD = "a legal hold"
_BY_POLICY = "deleted by policy"
_WAITING = (BatchState.PROPOSED.value, BatchState.APPROVED.value)


class Expiry(Database):
    """Saying what a policy deletes, and deleting it."""

    def expiring(
        self, kind: Kind, before: datetime, held: frozenset[str], disputed: frozenset[str]
    ) -> Expiring:
        """What of this kind is older than ``before``, and what of that is held and why.

        ``held`` and ``disputed`` are claim numbers: under a legal hold, and of payments that
        documents differ on. OUTPUTS are no rows, and not for here.
        """
        with self._reading() as connection:
            if kind is Kind.SESSIONS:
                going = sum(_count(connection, t, old) for t, old in _sessions(before))
                return Expiring(kind, before, "sessions and sign-ins", going, {})
            if kind is Kind.DOCUMENTS:
                return _documents(connection, before, held | disputed)
            counts: dict[str, int] = {}
            old = _old_items(before)
            every = _count(connection, tables.items, old)
            free = _count(connection, tables.items, and_(old, *_free(before, held, disputed)))
            for why, holds in _holds(before, held, disputed).items():
                if found := _count(connection, tables.items, and_(old, holds)):
                    counts[why] = found
            visits = _count(connection, tables.visits, _old_visits(before))
            things = "claims and visits" if kind is Kind.ANSWERS else "claims' and visits' captures"
            if kind is Kind.CAPTURES:
                rests = _captures(before, held, disputed)
                free = (
                    connection.execute(select(func.count()).select_from(rests.subquery())).scalar()
                    or 0
                )
                return Expiring(kind, before, "captures", free, counts)
            return Expiring(kind, before, things, free + visits, counts if free < every else {})

    def expire_some(
        self,
        kind: Kind,
        before: datetime,
        held: frozenset[str],
        disputed: frozenset[str],
        *,
        by: str,
        at: datetime,
    ) -> int:
        """Delete a few of what :meth:`expiring` tells, in one transaction; how many, 0 at the end.

        What they rested on is marked, for :meth:`~billing.ledger.forgetting.Forgetting.forget_some`
        to look whether anything else needs it. The audit trail is told numbers and one hash.
        """
        with self._writing() as connection:
            if kind is Kind.SESSIONS:
                told = {
                    table.name: connection.execute(table.delete().where(old)).rowcount
                    for table, old in _sessions(before)
                }
                gone, hashes = sum(told.values()), set[str]()
            elif kind is Kind.ANSWERS:
                told, hashes = _drop_answers(connection, before, held, disputed)
                gone = sum(told.values())
            elif kind is Kind.CAPTURES:
                query = _captures(before, held, disputed).limit(CHUNK)
                hashes = set(connection.execute(query).scalars().all())
                gone, told = len(hashes), {"captures": len(hashes)}
            else:
                told, hashes = _drop_documents(connection, before, held | disputed)
                gone = sum(told.values())
            if gone:
                mark(connection, hashes, kind, at, self._insert_or_keep)
                detail: dict[str, object] = {name: n for name, n in told.items() if n}
                detail |= {"before": before.date().isoformat(), "evidence": digest(hashes)}
                enter(connection, by, _BY_POLICY, f"retention {kind}", at=at, detail=detail)
        return gone


def digest(hashes: Iterable[str]) -> str:
    """One hash over hashes, whatever their order."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def _old_items(before: datetime) -> ColumnElement[bool]:
    old = select(tables.sweeps.c.sweep_id).where(tables.sweeps.c.started_at < before)
    return tables.items.c.sweep_id.in_(old)


def _old_visits(before: datetime) -> ColumnElement[bool]:
    old = select(tables.sweeps.c.sweep_id).where(tables.sweeps.c.started_at < before)
    return tables.visits.c.sweep_id.in_(old)


def _holds(
    before: datetime, held: frozenset[str], disputed: frozenset[str]
) -> Mapping[str, ColumnElement[bool]]:
    """By reason which items stay though they are old."""
    items, cases, acts = tables.items.c, people.cases, people.case_acts
    of_case = and_(cases.c.claim_id == items.claim_id, cases.c.payer == items.payer)
    waits = cases.c.state.in_(("open", "snoozed"))
    touched = select(acts.c.act_id).where(acts.c.case_id == cases.c.case_id, acts.c.at >= before)
    posted, batches = tables.postings, tables.batches
    waiting = (
        select(posted.c.position)
        .join_from(posted, batches, posted.c.batch_id == batches.c.batch_id)
        .where(posted.c.item_id == items.item_id, batches.c.state.in_(_WAITING))
    )
    case = select(cases.c.case_id)
    return {
        OPEN_CASE: case.where(of_case, waits).correlate(tables.items).exists(),
        WORKED_ON: case.where(of_case, not_(waits), touched.correlate(cases).exists())
        .correlate(tables.items)
        .exists(),
        WAITING_BATCH: waiting.correlate(tables.items).exists(),
        CONTESTED: items.claim_id.in_(sorted(disputed)),
        LEGAL_HOLD: items.claim_id.in_(sorted(held)),
    }


def _free(
    before: datetime, held: frozenset[str], disputed: frozenset[str]
) -> tuple[ColumnElement[bool], ...]:
    """What an item must be to go: held by nothing, and not the one that a younger case is about."""
    return tuple(not_(one) for one in _holds(before, held, disputed).values())


def _count(connection: Connection, table: Table, where: ColumnElement[bool]) -> int:
    return int(
        connection.execute(select(func.count()).select_from(table).where(where)).scalar() or 0
    )


def _sessions(before: datetime) -> Sequence[tuple[Table, ColumnElement[bool]]]:
    return (
        (people.web_sessions, people.web_sessions.c.begun_at < before),
        (people.sign_ins, people.sign_ins.c.at < before),
        (people.kept_answers, people.kept_answers.c.at < before),
    )


def _captures(before: datetime, held: frozenset[str], disputed: frozenset[str]) -> Select[str]:
    """The hashes that only old answers rest on, whose bytes are still there."""
    items, visits = tables.items, tables.visits
    young = or_(not_(_old_items(before)), *_holds(before, held, disputed).values())
    needed = [
        select(tables.rests_on.c.sha256)
        .join_from(tables.rests_on, items, tables.rests_on.c.item_id == items.c.item_id)
        .where(young),
        select(tables.visit_rests_on.c.sha256)
        .join_from(
            tables.visit_rests_on, visits, tables.visit_rests_on.c.item_id == visits.c.item_id
        )
        .where(not_(_old_visits(before))),
        select(items.c.export_sha256).where(young),
        select(visits.c.export_sha256).where(not_(_old_visits(before))),
        *_received(),
    ]
    old = [
        select(tables.rests_on.c.sha256),
        select(tables.visit_rests_on.c.sha256),
        select(tables.exports.c.sha256),
    ]
    listed = tables.evidence.c.sha256
    return (
        select(listed)
        .where(
            or_(*(listed.in_(one) for one in old)),
            *(listed.not_in(one) for one in needed),
            listed.not_in(already_gone()),
        )
        .order_by(listed)
    )


def _received() -> tuple[Select[Any], ...]:
    """The hashes that payments, batches and the bank's files rest on."""
    return (
        select(tables.batch_files.c.sha256),
        select(tables.remittances.c.sha256),
        select(tables.settlements.c.sha256).where(tables.settlements.c.sha256.is_not(None)),
        select(tables.bank_files.c.sha256),
    )


def _drop_answers(
    connection: Connection, before: datetime, held: frozenset[str], disputed: frozenset[str]
) -> tuple[dict[str, int], set[str]]:
    items, visits = tables.items, tables.visits
    free = select(items.c.item_id).where(_old_items(before), *_free(before, held, disputed))
    going = connection.execute(free.order_by(items.c.item_id).limit(CHUNK)).scalars().all()
    hashes = _hashes(connection, tables.rests_on, going)
    case_ids = (
        connection.execute(select(people.cases.c.case_id).where(people.cases.c.item_id.in_(going)))
        .scalars()
        .all()
    )
    _delete(connection, people.case_acts, people.case_acts.c.case_id.in_(case_ids))
    with counted(connection, case_ids):
        _delete(connection, people.cases, people.cases.c.case_id.in_(case_ids))
    loose = tables.postings.update().where(tables.postings.c.item_id.in_(going))
    connection.execute(loose.values(item_id=None))
    forget_decisions(connection, going)
    for table in (tables.rests_on, tables.conclusions, tables.observations, items):
        _delete(connection, table, table.c.item_id.in_(going))
    old = select(visits.c.item_id).where(_old_visits(before)).order_by(visits.c.item_id)
    seen = connection.execute(old.limit(CHUNK)).scalars().all() if not going else []
    hashes |= _hashes(connection, tables.visit_rests_on, seen)
    for table in (
        tables.visit_rests_on,
        tables.visit_conclusions,
        tables.visit_observations,
        visits,
    ):
        _delete(connection, table, table.c.item_id.in_(seen))
    told = {"claims": len(going), "visits": len(seen), "cases": len(case_ids)}
    if not going and not seen:
        told["sweeps"], more = _drop_empty_sweeps(connection, before)
        hashes |= more
    return told, hashes


def _drop_empty_sweeps(connection: Connection, before: datetime) -> tuple[int, set[str]]:
    sweep = tables.sweeps.c
    empty = select(sweep.sweep_id).where(
        sweep.started_at < before,
        sweep.sweep_id.not_in(select(tables.items.c.sweep_id)),
        sweep.sweep_id.not_in(select(tables.visits.c.sweep_id)),
    )
    going = connection.execute(empty.limit(CHUNK)).scalars().all()
    hashes: set[str] = set()
    for table, column in ((tables.exports, "sha256"), (tables.drift, "evidence")):
        found = select(table.c[column]).where(table.c.sweep_id.in_(going))
        hashes |= {one for one in connection.execute(found).scalars() if one}
    for table in (
        tables.exports,
        tables.refused_rows,
        tables.payer_notes,
        tables.drift,
        people.taken_up,
        people.runs,
        tables.sweeps,
    ):
        _delete(connection, table, table.c.sweep_id.in_(going))
    return len(going), hashes


def _documents(connection: Connection, before: datetime, held: frozenset[str]) -> Expiring:
    going, waiting = _old_documents(connection, before, held)
    files = _count(connection, tables.bank_files, tables.bank_files.c.received_at < before)
    things = "remittances and bank files"
    return Expiring(Kind.DOCUMENTS, before, things, len(going) + files, waiting)


def _old_documents(
    connection: Connection, before: datetime, held: frozenset[str]
) -> tuple[list[str], dict[str, int]]:
    """The documents all of whose payments may go, and how many are held, by reason."""
    table, claims = tables.remittances.c, tables.remitted_claims.c
    query = select(table.sha256, table.payment, table.received_at).order_by(table.sha256)
    of_document: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        of_document.setdefault(row.sha256, []).append(row)
    own = select(claims.sha256).where(claims.own.in_(sorted(held)))
    kept = set(connection.execute(own).scalars()) if held else set[str]()
    going: list[str] = []
    why: dict[str, int] = {}
    for sha256, rows in of_document.items():
        if any(row.received_at >= before for row in rows):
            continue
        reason = LEGAL_HOLD if sha256 in kept else _why_waiting(connection, rows)
        if reason is None:
            going.append(sha256)
        else:
            why[reason] = why.get(reason, 0) + 1
    return going, why


def _why_waiting(connection: Connection, rows: Sequence[Any]) -> str | None:
    named = {one.batch for row in rows for one in standing_on(connection, row.payment)}
    states = select(tables.batches.c.state).where(tables.batches.c.batch_id.in_(named))
    if set(connection.execute(states).scalars()) & set(_WAITING):
        return WAITING_BATCH
    return None


def _drop_documents(
    connection: Connection, before: datetime, held: frozenset[str]
) -> tuple[dict[str, int], set[str]]:
    going = _old_documents(connection, before, held)[0][:CHUNK]
    for table in (tables.settlements, tables.remitted_claims, tables.remittances):
        _delete(connection, table, table.c.sha256.in_(going))
    old = tables.bank_files.c.received_at < before
    files = list(connection.execute(select(tables.bank_files.c.sha256).where(old)).scalars())
    _delete(connection, tables.bank_files, old)
    return {"remittances": len(going), "bank_files": len(files)}, {*going, *files}


def _hashes(connection: Connection, table: Table, going: Sequence[int]) -> set[str]:
    query = select(table.c.sha256).where(table.c.item_id.in_(going)).distinct()
    return set(connection.execute(query).scalars())


def _delete(connection: Connection, table: Table, where: ColumnElement[bool]) -> None:
    connection.execute(table.delete().where(where))
