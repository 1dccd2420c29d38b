"""The remittances received: every payment once, with all the documents that state it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from billing.balance import Residual
from billing.books import Received, Statement, bare_trace, claim_number, gather, payment_key
from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.evidence import require_listed
from billing.ledger.words import PLACES, REMITTANCE, REMITTED_CLAIM, read, write
from billing.model import Channel, Evidence, Remittance

_CHUNK = 500


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
                    "payment": payment_key(known, one.trace_number, one.payment_date, one.amount),
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
        self, *, payer: str | None = None, trace_number: str | None = None
    ) -> tuple[Received, ...]:
        """All payments received, oldest payment date first, each with its claims and statements.

        Only those of ``payer`` (as the books call it) or under ``trace_number``, in any spelling,
        when named.
        """
        wanted: list[ColumnElement[bool]] = []
        if payer is not None:
            wanted.append(tables.remittances.c.payer == payer)
        if trace_number is not None:
            wanted.append(tables.remittances.c.trace == bare_trace(trace_number))
        with self._reading() as connection:
            return read_remittances(connection, *wanted)


def read_remittances(connection: Connection, *wanted: ColumnElement[bool]) -> tuple[Received, ...]:
    """The payments received whose statements meet the conditions ``wanted``."""
    table, claims = tables.remittances, tables.remitted_claims
    beside = and_(claims.c.sha256 == table.c.sha256, claims.c.position == table.c.position)
    query = select(claims).join_from(claims, table, beside).where(*wanted)
    held: dict[tuple[str, int], list[AnyRow]] = defaultdict(list)
    for row in connection.execute(query.order_by(claims.c.nth)):
        held[row.sha256, row.position].append(row)
    statements: dict[str, list[Statement]] = defaultdict(list)
    order = (table.c.payment_date, table.c.received_at, table.c.sha256, table.c.position)
    for row in connection.execute(select(table).where(*wanted).order_by(*order)):
        statements[row.payment].append(_statement(row, held[row.sha256, row.position]))
    return tuple(gather(key, found) for key, found in statements.items())


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
    own: dict[str, Evidence] = {}
    of_claims: dict[int, dict[str, Evidence]] = defaultdict(dict)
    for path, place in remittance.places.items():
        if path.startswith("claims["):
            index, _, rest = path.removeprefix("claims[").partition("]")
            of_claims[int(index)][rest] = place
        else:
            own[path] = place
    head = replace(remittance, claims=(), places=own)
    connection.execute(tables.remittances.insert(), {**row, "remittance": write(REMITTANCE, head)})
    key = {"sha256": row["sha256"], "position": row["position"]}
    rows = [
        {
            **key,
            "nth": nth,
            "number": claim_number(claim),
            "claim": write(REMITTED_CLAIM, claim),
            "places": write(PLACES, of_claims[nth]),
        }
        for nth, claim in enumerate(remittance.claims)
    ]
    if rows:
        connection.execute(tables.remitted_claims.insert(), rows)


def _statement(row: AnyRow, claims: Iterable[AnyRow]) -> Statement:
    head = read(REMITTANCE, row.remittance)
    places, held = dict(head.places), []
    for one in claims:
        held.append(read(REMITTED_CLAIM, one.claim))
        found = read(PLACES, one.places)
        places |= {f"claims[{one.nth}]{path}": place for path, place in found.items()}
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
