"""One database connection at a time, either reading a snapshot or alone in writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Row, Table, create_engine, event, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError

from billing.errors import BadInput, ClaimsweepError
from billing.ledger import tables

LEDGER_FILE = "ledger.sqlite"
BUSY_SECONDS = 30
"""How long a writer waits for the other writers before it gives up."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class LedgerError(ClaimsweepError):
    """The ledger's database cannot be opened, read or written."""


class Database:
    """A ledger's database and the folder it lives in."""

    def __init__(self, home: Path, engine: Engine) -> None:
        self.home = home
        self._engine = engine
        self._insert = _INSERTS[engine.dialect.name]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger and writes nothing."""
        with _one_sentence(self.home), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that is committed whole when the block ends, or not at all."""
        with (
            _one_sentence(self.home),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def _insert_or_keep(
        self, connection: Connection, table: Table, rows: list[dict[str, Any]]
    ) -> None:
        """Insert the rows whose key is new; leave those that are there as they are."""
        if rows:
            connection.execute(self._insert(table).on_conflict_do_nothing(), rows)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def problems(self) -> list[str]:
        """What the database says is wrong with itself, a sentence each; empty when it is sound."""
        if self._engine.dialect.name != "sqlite":
            return []
        with self._reading() as connection:
            pages = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        found = [f"{LEDGER_FILE}: {page}." for page in pages if page != "ok"]
        return found + [
            f"{LEDGER_FILE}: a row of {o[0]} refers to a missing {o[2]}." for o in orphans
        ]


def connect(home: Path, url: str | None, bring_up: Callable[[Connection], None]) -> Engine:
    """The engine of the ledger in ``home``, its tables made or its version checked.

    ``bring_up`` makes of an earlier version's tables those of this one.
    Raises LedgerError or BadInput with one sentence when that cannot be done.
    """
    if url is None:
        path = home / LEDGER_FILE
        with _one_sentence(home):
            try:
                path.touch(mode=0o600)
            except OSError as error:
                raise LedgerError(
                    f"{path} cannot be written ({error.strerror}): choose another home."
                ) from None
        url = f"sqlite:///{path}"
    try:
        engine = create_engine(url, hide_parameters=True)
    except (ArgumentError, ImportError):
        raise BadInput(
            "The ledger's database URL cannot be used: check its spelling and its driver."
        ) from None
    if engine.dialect.name not in _INSERTS:
        raise BadInput("The ledger's database URL must begin with sqlite or postgresql.")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
    with (
        _one_sentence(home),
        engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
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


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer takes its turn at once: one that reads first and writes later can be refused
    # without waiting when another has written in between.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _one_sentence(home: Path) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise LedgerError(f"{home}: {_what_failed(error)}") from None


def _what_failed(error: DBAPIError) -> str:
    said = str(error.orig).lower() if isinstance(error.orig, sqlite3.Error) else ""
    for words, sentence in _SENTENCES.items():
        if words in said:
            return sentence
    return f"the ledger's database refused ({type(error.orig).__name__}): run the doctor."


_SENTENCES = {
    "not a database": "the file ledger.sqlite is not a database: restore it from a backup.",
    "malformed": "the ledger's database is damaged: restore it from a backup.",
    "disk is full": "the disk is full: make room, then run again; nothing was half-written.",
    "locked": f"the ledger was busy for {BUSY_SECONDS} seconds: end the other run, then try again.",
    "readonly": "the ledger's database cannot be written: check its owner and permissions.",
    "unable to open": "the ledger's database cannot be opened: check its owner and permissions.",
    "disk i/o error": "the disk failed under the ledger's database: check the disk.",
}
