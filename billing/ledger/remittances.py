"""The remittances received: every payment once, with all the documents that state it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from billing.balance import Residual
from billing.claim_places import PaymentPlaces
from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.evidence import require_listed
from billing.ledger.words import (
    REMITTANCE,
    REMITTED_CLAIM,
    read,
    read_places,
    write,
    write_places,
)
from billing.model import Channel, Evidence, Posting, PostingKind, Remittance
from billing.received_payments import (
    REVERSAL,
    Received,
    Referred,
    Settlement,
    Statement,
    bare,
    bare_trace,
    claim_number,
    gather,
    is_rival,
    payment_key,
)
from billing.reconcile.order import Entry, Held
from billing.reconcile.settled import doubt, otherwise, settled_by

_CHUNK = 500
_AT_ONCE = 2_000


class Remittances(Database):
    """Receiving remittances, and reading what was received."""

    def receive(
        self,
        sha256: str,
        remittances: Sequence[Remittance],
        residuals: Sequence[Sequence[Residual]],
        *,
        channel: Channel,
        run: str,
        at: datetime,
    ) -> tuple[str, ...]:
        """Keep what the document ``sha256`` states, in one transaction; the keys of its payments.

        The document must be stored. Reading it again changes nothing, or, when it is read
        otherwise, replaces what was read before. ``payer`` of a remittance is the payer's id, or
        its name where no profile has it. A payment that is known under another name of the
        payer, by its trace number and a claim on it or its amount and date, keeps that name.
        ``residuals`` are those of each remittance.
        """
        with self._writing() as connection:
            require_listed(connection, {sha256})
            table = tables.remittances
            mine = table.c.sha256 == sha256
            there = connection.execute(select(table.c.run, table.c.received_at).where(mine)).first()
            run, at = (there.run, there.received_at) if there is not None else (run, at)
            claims = tables.remitted_claims
            connection.execute(claims.delete().where(claims.c.sha256 == sha256))
            connection.execute(table.delete().where(mine))
            keys = []
            for position, (one, open_ones) in enumerate(zip(remittances, residuals, strict=True)):
                known = _payer_in_books(connection, one)
                row = {
                    "sha256": sha256,
                    "position": position,
                    "payment": payment_key(replace(one, payer=known)),
                    "payer": known,
                    "trace": bare_trace(one.trace_number),
                    "payment_date": one.payment_date,
                    "amount": one.amount,
                    "channel": channel,
                    "run": run,
                    "received_at": at,
                    "unbalanced": _unbalanced(open_ones),
                }
                _insert(connection, row, one)
                keys.append(str(row["payment"]))
        return tuple(keys)

    def remittances(
        self,
        *,
        payer: str | None = None,
        trace_number: str | None = None,
        keys: Sequence[str] | None = None,
        documents: Sequence[str] | None = None,
    ) -> tuple[Received, ...]:
        """All payments received, oldest payment date first, each with its claims and statements.

        Only those of ``payer`` (as the books call it), under ``trace_number`` in any spelling, of
        these ``keys``, or that the ``documents`` of these hashes state, when named.
        """
        wanted: list[ColumnElement[bool]] = []
        if keys is not None:
            wanted.append(tables.remittances.c.payment.in_(keys))
        if documents is not None:
            stating = tables.remittances.c.sha256.in_(documents)
            within = select(tables.remittances.c.payment).where(stating)
            wanted.append(tables.remittances.c.payment.in_(within))
        if payer is not None:
            wanted.append(tables.remittances.c.payer == payer)
        if trace_number is not None:
            wanted.append(tables.remittances.c.trace == bare_trace(trace_number))
        with self._reading() as connection:
            return read_remittances(connection, *wanted)

    def referred_to(self, reference: str) -> tuple[Referred, ...]:
        """The remitted claims that a provider-level adjustment's reference may mean, oldest first.

        It is a payer's claim number, a patient control number, or both with a blank between.
        """
        words = {bare(reference), *map(bare, re.split(r"[\s:/,]+", reference))} - {""}
        table, claims = tables.remittances, tables.remitted_claims
        beside = and_(claims.c.sha256 == table.c.sha256, claims.c.position == table.c.position)
        query = (
            select(claims.c.claim, table.c.remittance)
            .join_from(claims, table, beside)
            .where(or_(claims.c.number.in_(words), claims.c.own.in_(words)))
            .order_by(table.c.payment_date, table.c.received_at, claims.c.nth)
        )
        with self._reading() as connection:
            found = {}
            for row in connection.execute(query):
                claim, head = read(REMITTED_CLAIM, row.claim), read(REMITTANCE, row.remittance)
                back = claim.status == REVERSAL
                one = Referred(claim.claim_id, head.trace_number, head.payment_date, back)
                found[bare_trace(head.trace_number), back] = one
            return tuple(found.values())


def read_remittances(connection: Connection, *wanted: ColumnElement[bool]) -> tuple[Received, ...]:
    """The payments received whose statements meet the conditions ``wanted``."""
    statements = _read_statements(connection, *wanted)
    others = _beside(connection, statements) if wanted else {}
    under: dict[tuple[str, str, bool], list[Statement]] = defaultdict(list)
    for some in (*statements.values(), *others.values()):
        said = some[0].remittance
        under[said.payer, bare_trace(said.trace_number), bool(said.amount)] += some
    settled = _settlements(connection)
    found = []
    for key, mine in statements.items():
        said = mine[0].remittance
        against = under.get((said.payer, bare_trace(said.trace_number), not said.amount), ())
        rivals = [one for one in against if any(is_rival(one, ours) for ours in mine)]
        found.append(gather(key, mine, rivals, settled.get(key)))
    return tuple(found)


def _read_statements(
    connection: Connection, *wanted: ColumnElement[bool]
) -> dict[str, list[Statement]]:
    """The statements that meet the conditions ``wanted``, by the payment they state."""
    table, claims = tables.remittances, tables.remitted_claims
    beside = and_(claims.c.sha256 == table.c.sha256, claims.c.position == table.c.position)
    query = select(claims).join_from(claims, table, beside).where(*wanted)
    held: dict[tuple[str, int], list[AnyRow]] = defaultdict(list)
    for row in connection.execute(query.order_by(claims.c.sha256, claims.c.position, claims.c.nth)):
        held[row.sha256, row.position].append(row)
    statements: dict[str, list[Statement]] = defaultdict(list)
    order = (table.c.payment_date, table.c.received_at, table.c.sha256, table.c.position)
    for row in connection.execute(select(table).where(*wanted).order_by(*order)):
        statements[row.payment].append(_statement(row, held[row.sha256, row.position]))
    return statements


def _beside(
    connection: Connection, statements: Mapping[str, Sequence[Statement]]
) -> dict[str, list[Statement]]:
    """The statements by which money moved where those of ``statements`` say that none did, or the
    other way round, under the same trace number of the same payer."""
    table = tables.remittances.c
    heads = [some[0].remittance for some in statements.values()]
    against = {(one.payer, bare_trace(one.trace_number), not one.amount) for one in heads}
    traces = sorted({trace for _, trace, _ in against})
    others: set[str] = set()
    for start in range(0, len(traces), _CHUNK):
        query = select(table.payment, table.payer, table.trace, table.amount)
        query = query.where(table.trace.in_(traces[start : start + _CHUNK]))
        others |= {
            row.payment
            for row in connection.execute(query)
            if (row.payer, row.trace, bool(row.amount)) in against
        }
    others -= statements.keys()
    found: dict[str, list[Statement]] = {}
    for start in range(0, len(keys := sorted(others)), _CHUNK):
        found |= _read_statements(connection, table.payment.in_(keys[start : start + _CHUNK]))
    return found


def _settlements(connection: Connection) -> dict[str, Settlement]:
    """What is settled, by the payment it is settled of."""
    table = tables.settlements
    found: dict[str, Settlement] = {}
    for row in connection.execute(select(table).order_by(table.c.settlement_id)):
        found.pop(row.payment, None)
        if row.sha256 is not None:
            clauses = tuple(row.differs.split("\n"))
            found[row.payment] = Settlement(
                row.sha256, row.position, clauses, row.reason, row.by, row.at
            )
    return found


def entries_in_books(
    connection: Connection, postings: Sequence[Posting]
) -> tuple[list[Entry], list[Held]]:
    """The postings of one claim, by what they post, under the payer's name in the books.

    Those of a payment that two documents state differently are held, unless a person has settled
    that what they post stands.
    """
    units: dict[str, list[Posting]] = defaultdict(list)
    for one in postings:
        units[one.unit].append(one)
    back = [unit for unit, some in units.items() if some[0].kind is PostingKind.REVERSAL]
    entries, held = [], []
    table, claims = tables.remittances, tables.remitted_claims
    beside = and_(claims.c.sha256 == table.c.sha256, claims.c.position == table.c.position)
    for unit, some in units.items():
        entry = Entry(tuple(some), () if unit in back else tuple(back))
        trace = table.c.trace == bare_trace(some[0].trace_number)
        query = select(table.c.payer, table.c.payment).join_from(claims, table, beside)
        query = query.where(trace, claims.c.number == entry.number).distinct()
        there = {row.payment: row.payer for row in connection.execute(query)}
        if there and entry.payment not in there:
            entry = entry.under(min(there.values()))
        received = _contested(connection, entry) if there else None
        why = doubt(received) or otherwise(received, entry) if received else ""
        if why:
            held.append(Held(entry, why, doubt=True))
        else:
            entries.append(entry.noted(settled_by(received)) if received else entry)
    return entries, held


def _contested(connection: Connection, entry: Entry) -> Received | None:
    """The payment of an entry, where another statement may say otherwise of it; else None.

    A payment of nothing can be contradicted by the one that moved money under its number.
    """
    table, first = tables.remittances.c, entry.postings[0]
    trace = bare_trace(first.trace_number)
    mine, moved = table.payment == entry.payment, f"{first.payer}|{trace}"
    of_nothing = entry.payment != moved
    near = or_(mine, table.payment == moved) if of_nothing else table.trace == trace
    if connection.execute(select(func.count()).where(near)).scalar_one() < 2:
        return None
    return next(iter(read_remittances(connection, mine)), None)


def _payer_in_books(connection: Connection, remittance: Remittance) -> str:
    """What the books call the payer of this payment, if it is in them."""
    payer = remittance.payer
    table, claims = tables.remittances, tables.remitted_claims
    same_trace = table.c.trace == bare_trace(remittance.trace_number)
    known = list(connection.execute(select(table.c.payer).where(same_trace).distinct()).scalars())
    if not known or payer in known:
        return payer
    if remittance.amount:
        same_money = and_(
            table.c.amount == remittance.amount, table.c.payment_date == remittance.payment_date
        )
        query = select(table.c.payer).where(same_trace, same_money)
        if found := connection.execute(query.order_by(table.c.received_at)).scalar():
            return str(found)
    beside = and_(claims.c.sha256 == table.c.sha256, claims.c.position == table.c.position)
    numbers = sorted({claim_number(one) for one in remittance.claims})
    for start in range(0, len(numbers), _CHUNK):
        shared = claims.c.number.in_(numbers[start : start + _CHUNK])
        query = select(table.c.payer).join_from(claims, table, beside).where(same_trace, shared)
        if found := connection.execute(query.order_by(table.c.received_at)).scalar():
            return str(found)
    return payer


def _insert(connection: Connection, row: dict[str, Any], remittance: Remittance) -> None:
    own, of_claims = _parted(remittance)
    head = replace(remittance, claims=(), places=own)
    connection.execute(tables.remittances.insert(), {**row, "remittance": write(REMITTANCE, head)})
    key = {"sha256": row["sha256"], "position": row["position"]}
    for start in range(0, len(remittance.claims), _AT_ONCE):
        rows = [
            {
                **key,
                "nth": nth,
                "number": claim_number(claim),
                "own": bare(claim.claim_id),
                "claim": write(REMITTED_CLAIM, claim),
                "places": write_places(of_claims[nth], row["sha256"], claim),
            }
            for nth, claim in enumerate(remittance.claims[start : start + _AT_ONCE], start)
        ]
        connection.execute(tables.remitted_claims.insert(), rows)


def _parted(
    remittance: Remittance,
) -> tuple[Mapping[str, Evidence], Sequence[Mapping[str, Evidence]]]:
    """Where the payment's own figures stand, and those of each of its claims by path from it."""
    places = remittance.places
    if isinstance(places, PaymentPlaces) and len(places.claims) == len(remittance.claims):
        return places.own, places.claims
    own: dict[str, Evidence] = {}
    of_claims: list[dict[str, Evidence]] = [{} for _ in remittance.claims]
    for path, place in places.items():
        if path.startswith("claims["):
            index, _, rest = path.removeprefix("claims[").partition("]")
            of_claims[int(index)][rest] = place
        else:
            own[path] = place
    return own, of_claims


def _statement(row: AnyRow, claims: Iterable[AnyRow]) -> Statement:
    head = read(REMITTANCE, row.remittance)
    held, placed = [], []
    for one in claims:
        claim = read(REMITTED_CLAIM, one.claim)
        held.append(claim)
        placed.append(read_places(one.places, row.sha256, claim))
    places = PaymentPlaces(head.places, placed)
    return Statement(
        remittance=replace(head, payer=row.payer, claims=tuple(held), places=places),
        sha256=row.sha256,
        position=row.position,
        channel=Channel(row.channel),
        run=row.run,
        received_at=row.received_at,
        unbalanced=row.unbalanced,
    )


def _unbalanced(residuals: Sequence[Residual]) -> str:
    if not residuals:
        return ""
    first = residuals[0]
    return f"{first.equation}, {first.where}, is off by {first.dollars}"
