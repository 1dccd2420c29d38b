"""One database connection at a time, either reading a snapshot or alone in writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Table,
    create_engine,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.patience import PATIENCE_SECONDS, LedgerAway, LedgerError, Patience

LEDGER_FILE = "ledger.sqlite"
BUSY_SECONDS = 30
"""How long a writer waits for the other writers before it gives up."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Database:
    """A ledger's database and the folder it lives in."""

    def __init__(self, home: Path, engine: Engine) -> None:
        self.home = home
        self.patience = Patience()
        self._engine = engine
        self._insert = _INSERTS[engine.dialect.name]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger and writes nothing."""
        with _transaction(self.home, self._engine, self.patience, writes=False) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that is committed whole when the block ends, or not at all."""
        with _transaction(self.home, self._engine, self.patience, writes=True) as connection:
            yield connection

    def now(self) -> datetime:
        """The instant by the one clock of all who share this ledger."""
        if self._engine.dialect.name == "sqlite":
            return datetime.now(UTC)
        with self._reading() as connection:
            return instant(connection)

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
        try:
            path.touch(mode=0o600)
        except OSError as error:
            raise LedgerError(
                f"{path} cannot be written ({error.strerror}): choose another home."
            ) from None
        url = f"sqlite:///{path}"
    try:
        engine = create_engine(url, hide_parameters=True, **_options(url))
    except (ArgumentError, ImportError):
        raise BadInput(
            "The ledger's database URL cannot be used: check its spelling and its driver."
        ) from None
    if engine.dialect.name not in _INSERTS:
        raise BadInput("The ledger's database URL must begin with sqlite or postgresql.")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
    with _transaction(home, engine, Patience(), writes=True) as connection:
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


def instant(connection: Connection) -> datetime:
    """The instant by the one clock of all who share the ledger.

    That is PostgreSQL's own; a file is shared by processes of one machine, whose clock it is.
    """
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return told.astimezone(UTC)


def _options(url: str) -> dict[str, Any]:
    """A cut wire is noticed on both ends within seconds, and nobody keeps the others waiting."""
    if not url.startswith("postgresql"):
        return {}
    told = " ".join(f"-c {name}={value}" for name, value in _POSTGRESQL.items())
    return {"pool_pre_ping": True, "connect_args": {**_WIRE, "options": told}}


_WIRE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_POSTGRESQL = {
    "lock_timeout": f"{BUSY_SECONDS}s",
    # a worker that is cut off in the middle lets go of what it holds
    "idle_in_transaction_session_timeout": f"{BUSY_SECONDS}s",
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


@contextmanager
def _transaction(
    home: Path, engine: Engine, patience: Patience, *, writes: bool
) -> Iterator[Connection]:
    """A transaction; a database that is away when it should begin is waited for.

    Raises LedgerError with one sentence, LedgerAway when the database goes away after that.
    """
    while True:
        with ExitStack() as begun:
            try:
                connection = begun.enter_context(engine.connect())
                begun.enter_context(connection.execution_options(writes=writes).begin())
            except DBAPIError as error:
                if not _passes(error):
                    raise LedgerError(f"{home}: {_what_failed(error)}") from None
                away = error
            else:
                begun = begun.pop_all()
                break
        if not patience.another_try():
            raise LedgerError(f"{home}: {_what_is_away(away)}") from None
    try:
        with begun:
            yield connection
    except DBAPIError as error:
        if _passes(error):
            raise LedgerAway(f"{home}: {_what_is_away(error)}") from None
        raise LedgerError(f"{home}: {_what_failed(error)}") from None
    patience.answered()


def _passes(error: DBAPIError) -> bool:
    """Whether the database is only away, or kept by others, for what may be a moment."""
    said, state = str(error.orig), getattr(error.orig, "sqlstate", None)
    if isinstance(error.orig, sqlite3.Error):
        return "locked" in said.lower()
    if state is not None:
        return state.startswith("08") or state in _PASSING
    if "FATAL" in said:  # refused at the door, which a wrong password is too
        return any(words in said for words in _AT_THE_DOOR)
    return error.connection_invalidated or isinstance(error, OperationalError)


_PASSING = (
    "25P03",  # idle in transaction
    "40001",  # another was first
    "40P01",  # deadlock
    "53300",  # too many connections
    "55P03",  # lock not available
    "57P01",  # shut down by its operator
    "57P02",  # shut down by a crash of another session
    "57P03",  # starting up
)
_AT_THE_DOOR = ("starting up", "shutting down", "recovery", "too many", "remaining connection")


def _what_is_away(error: DBAPIError) -> str:
    if isinstance(error.orig, sqlite3.Error):
        return _SENTENCES["locked"]
    return (
        f"the ledger's database has not answered for {PATIENCE_SECONDS} seconds: see that it runs "
        "and can be reached, then run the same command again."
    )


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
    "locked": f"the ledger was busy for over {BUSY_SECONDS} s: end the other run, then try again.",
    "readonly": "the ledger's database cannot be written: check its owner and permissions.",
    "unable to open": "the ledger's database cannot be opened: check its owner and permissions.",
    "disk i/o error": "the disk failed under the ledger's database: check the disk.",
}
