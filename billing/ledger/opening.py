"""A ledger's database is opened: made where there is none, brought up where it is older."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, event, inspect, select

from billing.ledger import tables
from billing.ledger.database import transaction
from billing.ledger.engines import make_engine
from billing.ledger.migrations import HEAD, migrate, revision_of, stamp
from billing.ledger.patience import LedgerError, Patience


def connect(home: Path, url: str | None, bring_up: Callable[[Connection], None]) -> Engine:
    """The engine of the ledger in ``home``, its tables made or brought up to this program's.

    ``bring_up`` makes of the tables of a ledger without a revision those of this program.
    Raises LedgerError or BadInput with one sentence when that cannot be done.
    """
    engine = make_engine(home, url)
    with transaction(home, engine, Patience(), writes=False) as connection:
        current = _is_current(home, connection)
    if not current:
        _make_current(home, url, bring_up)
    return engine


def _is_current(home: Path, connection: Connection) -> bool:
    there = set(inspect(connection).get_table_names())
    if not there:
        return False
    if tables.schema_version.name not in there:
        raise LedgerError(
            f"{home}: the database there is not a claimsweep ledger: choose another home."
        )
    version = connection.execute(select(tables.schema_version.c.version)).scalar_one()
    if version > tables.LEDGER_VERSION:
        raise LedgerError(
            f"{home}: the ledger has version {version} and this claimsweep works with version "
            f"{tables.LEDGER_VERSION}: use the claimsweep that wrote it, or a newer one."
        )
    return bool(version == tables.LEDGER_VERSION and revision_of(connection) == HEAD)


def _make_current(home: Path, url: str | None, bring_up: Callable[[Connection], None]) -> None:
    """Alone in writing and in one transaction, as another process may be about the same."""
    engine = make_engine(home, url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _lay_references_aside)
    try:
        with transaction(home, engine, Patience(), writes=True) as connection:
            there = set(inspect(connection).get_table_names())
            if not there:
                tables.metadata.create_all(connection)
                connection.execute(
                    tables.schema_version.insert(), {"version": tables.LEDGER_VERSION}
                )
                stamp(connection)
            elif not _is_current(home, connection):
                stored = connection.execute(select(tables.schema_version.c.version)).scalar_one()
                if stored == tables.LEDGER_VERSION:
                    migrate(connection)
                else:
                    tables.revisions.drop(connection, checkfirst=True)
                    bring_up(connection)
                    connection.execute(
                        tables.schema_version.update(), {"version": tables.LEDGER_VERSION}
                    )
                _look_at_references(home, connection)
    finally:
        engine.dispose()


def _lay_references_aside(connection: sqlite3.Connection, _record: object) -> None:
    # SQLite changes a table by making it anew, which for a moment leaves those that refer to it
    # without; only outside a transaction can that be allowed.
    connection.execute("PRAGMA foreign_keys = OFF")


def _look_at_references(home: Path, connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if torn := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise LedgerError(
            f"{home}: a row of {torn[0][0]} refers to a missing {torn[0][2]}, so that the ledger "
            "was left as it was: run the doctor with the claimsweep that wrote it."
        )
