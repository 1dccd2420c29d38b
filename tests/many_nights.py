"""A ledger filled with made-up nights: as the product does it, or by copying the first in SQL.

A night's claims are of every kind, and each night has the same with other numbers. The product
weighs every open case anew on every day; a copy does not, so a ledger is the same by both ways once
it is taken up (``tests/test_many_nights.py``). Copying knows SQLite's words only.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from console_samples import result
from sqlalchemy import Connection, text
from web_console import ZONE, swept

from billing.ledger import Ledger
from billing.report import ClaimResult

CHECKPOINT_NIGHTS = 10


def fill_by_sweeps(ledger: Ledger, claims: int, night: int, now: datetime) -> None:
    """So many claims, concluded and taken up, in nights of so many that end yesterday."""
    nights = -(-claims // night)
    for nth in range(nights):
        _sweep(ledger, nth, nights, night, now)


def fill_by_copies(ledger: Ledger, claims: int, night: int, now: datetime) -> None:
    """The same ledger; only its first night is swept."""
    nights = -(-claims // night)
    _sweep(ledger, 0, nights, night, now)
    for nth in range(1, nights):
        with ledger._writing() as connection:
            _copy(connection, nth, nights, night, now)
        if nth % CHECKPOINT_NIGHTS == 0:
            with ledger._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    with ledger._writing() as connection:
        more = "UPDATE case_counts SET cases = cases * :n, dollars = dollars * :n"
        connection.execute(text(more), {"n": nights})


def _sweep(ledger: Ledger, nth: int, nights: int, night: int, now: datetime) -> None:
    swept(ledger, _night(nth, night), sweep_id=_name(nth), at=_at(nth, nights, now))


def _night(nth: int, night: int) -> Sequence[ClaimResult]:
    dice = random.Random(night)
    return [_numbered(result(k, dice), nth * night + k, k + 1) for k in range(1, night + 1)]


def _numbered(one: ClaimResult, number: int, row: int) -> ClaimResult:
    said = one.conclusion
    if said.payer_claim_number is not None:
        said = replace(said, payer_claim_number=f"E{number:09}")
    source = replace(one.claim.source, row=row)
    return replace(
        one, claim=replace(one.claim, claim_id=f"{number:07}", source=source), conclusion=said
    )


def _name(nth: int) -> str:
    return f"night-{nth:04}"


def _at(nth: int, nights: int, now: datetime) -> datetime:
    return now - timedelta(days=nights - nth)


def _copy(connection: Connection, nth: int, nights: int, night: int, now: datetime) -> None:
    values = {
        "first": _name(0),
        "name": _name(nth),
        "more": nth * night,
        "cases": _cases_of_the_first(connection, night) * nth,
        "later": f"+{nth} days",
        "day": _at(nth, nights, now).astimezone(ZONE).date().isoformat(),
        "night": night,
    }
    for statement in _STATEMENTS:
        connection.execute(text(statement), values)


def _cases_of_the_first(connection: Connection, night: int) -> int:
    query = text("SELECT count(*) FROM cases WHERE item_id <= :night")
    return int(connection.execute(query, {"night": night}).scalar_one())


_CLAIM = "printf('%07d', claim_id + :more)"
_INSTANT = "strftime('%Y-%m-%d %H:%M:%S', {0}, :later) || substr({0}, 20)"
_STATEMENTS = (
    "INSERT INTO sweeps SELECT :name, :day, "
    f"{_INSTANT.format('started_at')}, {_INSTANT.format('finished_at')} "
    "FROM sweeps WHERE sweep_id = :first",
    "INSERT INTO exports SELECT :name, sha256, position, name, system, rows_in "
    "FROM exports WHERE sweep_id = :first",
    "INSERT INTO items SELECT item_id + :more, :name, export_sha256, sheet, row, "
    f'{_CLAIM}, payer, replace(claim, \'"claim_id":"\' || claim_id, \'"claim_id":"\' || {_CLAIM}'
    "), state, no_answer, attempts, fence, owner, leased_until FROM items WHERE item_id <= :night",
    "INSERT INTO conclusions SELECT item_id + :more, fence, replace(conclusion, "
    'printf(\'"payer_claim_number":"E%09d\', item_id), '
    'printf(\'"payer_claim_number":"E%09d\', item_id + :more)), seconds, '
    f"{_INSTANT.format('concluded_at')} FROM conclusions WHERE item_id <= :night",
    f"INSERT INTO decided SELECT item_id + :more, payer, {_CLAIM}, :day, before, dollars "
    "FROM decided WHERE item_id <= :night",
    "INSERT INTO refused SELECT item_id + :more, reason, procedure, :day "
    "FROM refused WHERE item_id <= :night",
    f"INSERT INTO cases SELECT case_id + :cases, payer, {_CLAIM}, item_id + :more, state, kind, "
    "said, desk, assignee, dollars, chance, needs_person, due, service_from, :day, snoozed_until, "
    "priority, priority_on FROM cases WHERE item_id <= :night",
    f"INSERT INTO taken_up SELECT :name, {_INSTANT.format('finished_at')} "
    "FROM taken_up WHERE sweep_id = :first",
)
