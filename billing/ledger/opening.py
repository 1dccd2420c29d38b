"""A ledger's database is opened: made where there is none, brought up where it is older."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select

from billing.ledger import tables
from billing.ledger.database import transaction
from billing.ledger.engines import make_engine
from billing.ledger.patience import LedgerError, Patience


def connect(home: Path, url: str | None, bring_up: Callable[[Connection], None]) -> Engine:
    """The engine of the ledger in ``home``, its tables made or its version checked.

    ``bring_up`` makes of an earlier version's tables those of this one.
    Raises LedgerError or BadInput with one sentence when that cannot be done.
    """
    engine = make_engine(home, url)
    with transaction(home, engine, Patience(), writes=True) as connection:
        _agree_on_version(home, connection, bring_up)
    return engine


def _agree_on_version(
    home: Path, connection: Connection, bring_up: Callable[[Connection], None]
) -> None:
    there = set(inspect(connection).get_table_names())
    if not there:
        tables.metadata.create_all(connection)
        connection.execute(tables.schema_version.insert(), {"version": tables.LEDGER_VERSION})
        return
    if tables.schema_version.name not in there:
        raise LedgerError(
            f"{home}: the database there is not a claimsweep ledger: choose another home."
        )
    version = connection.execute(select(tables.schema_version.c.version)).scalar()
    if version is not None and version < tables.LEDGER_VERSION:
        bring_up(connection)
        connection.execute(tables.schema_version.update(), {"version": tables.LEDGER_VERSION})
    elif version != tables.LEDGER_VERSION:
        raise LedgerError(
            f"{home}: the ledger has version {version} and this claimsweep works with version "
            f"{tables.LEDGER_VERSION}: use the claimsweep that wrote it, or a newer one."
        )
    elif not there.issuperset(tables.metadata.tables):
        tables.metadata.create_all(connection)
