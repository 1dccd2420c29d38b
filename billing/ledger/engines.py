"""How each database is opened, and how a transaction begins that reads or is alone in writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from billing.errors import BadInput
from billing.ledger.failures import BUSY_SECONDS
from billing.ledger.patience import LedgerError

LEDGER_FILE = "ledger.sqlite"
IDLE_WRITER_SECONDS = 60
"""A writer that says nothing for so long has lost its turn: its process hangs, or is cut off."""
STATEMENT_SECONDS = 600
CONNECT_SECONDS = 10

_WRITERS = 0x636C61696D  # "claim": which of a database's advisory locks the writers take turns at

READING: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
"""By database, the options of a connection whose transactions see one state and write nothing."""

WRITING: Mapping[str, Any] = {"writes": True}
"""The options of a connection whose transactions are alone in writing."""

# A peer that is cut off is told from one that is slow by both sides, within half a minute.
_LIBPQ = {
    "application_name": "claimsweep",
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
_SESSION = {
    "lock_timeout": f"{BUSY_SECONDS}s",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
}


def make_engine(home: Path, url: str | None) -> Engine:
    """The engine of the database at ``url``, or of the file in ``home``; nothing is opened yet.

    Raises LedgerError or BadInput, without the address, when there can be none.
    """
    where = _address(home, url)
    try:
        if where.get_backend_name() == "postgresql":
            theirs = {k: v for k, v in _LIBPQ.items() if k not in where.query}
            engine = create_engine(
                where, hide_parameters=True, pool_pre_ping=True, connect_args=theirs
            )
            event.listen(engine, "connect", _set_up_postgresql)
            event.listen(engine, "begin", _begin_postgresql)
            return engine
        engine = create_engine(where, hide_parameters=True)
    except (ArgumentError, ImportError):
        raise BadInput(
            "The ledger's database URL cannot be used: check its spelling and its driver."
        ) from None
    if engine.dialect.name != "sqlite":
        raise BadInput("The ledger's database URL must begin with sqlite or postgresql.")
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _address(home: Path, url: str | None) -> URL:
    if url is not None:
        try:
            where = make_url(url)
        except ArgumentError:
            raise BadInput(
                "The ledger's database URL cannot be used: check its spelling and its driver."
            ) from None
        if where.drivername in ("postgresql", "postgres"):
            where = where.set(drivername="postgresql+psycopg")
        return where
    path = home / LEDGER_FILE
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise LedgerError(
            f"{path} cannot be written ({error.strerror}): choose another home."
        ) from None
    return URL.create("sqlite", database=str(path))


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA case_sensitive_like = ON")  # as it is on PostgreSQL
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its turn at once: one that reads first and writes later can be refused
    # without waiting when another has written in between.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise LedgerError(
            f"The ledger's database keeps text as {encoding}: create it anew with ENCODING 'UTF8'."
        )
    connection.autocommit = True
    values = ", ".join(f"set_config('{k}', '{v}', false)" for k, v in _SESSION.items())
    connection.execute(f"SELECT {values}")
    connection.autocommit = False


def _begin_postgresql(connection: Connection) -> None:
    # The lock is had before the first statement looks at anything, and goes with the transaction.
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(
            "SELECT set_config('idle_in_transaction_session_timeout', "
            f"'{IDLE_WRITER_SECONDS}s', true), pg_advisory_xact_lock({_WRITERS})"
        )
