"""One database connection at a time, either reading a snapshot or alone in writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Row, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from billing.ledger.database_checks import problems_of
from billing.ledger.engines import READING, WRITING
from billing.ledger.failures import BUSY, passes, what_failed, what_is_away
from billing.ledger.patience import LedgerAway, LedgerError, Patience, repeatable

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
        with transaction(self.home, self._engine, self.patience, writes=False) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that is committed whole when the block ends, or not at all."""
        with transaction(self.home, self._engine, self.patience, writes=True) as connection:
            yield connection

    @repeatable
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
        with self._reading() as connection:
            return problems_of(connection)


def instant(connection: Connection) -> datetime:
    """The instant by the one clock of all who share the ledger.

    That is PostgreSQL's own; a file is shared by processes of one machine, whose clock it is.
    """
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return told.astimezone(UTC)


@contextmanager
def transaction(
    home: Path, engine: Engine, patience: Patience, *, writes: bool
) -> Iterator[Connection]:
    """A transaction; a database that is away when it should begin is waited for.

    Raises LedgerError with one sentence, LedgerAway when the database goes away after that.
    """
    options = WRITING if writes else READING[engine.dialect.name]
    while True:
        with ExitStack() as begun:
            try:
                connection = begun.enter_context(engine.connect())
                begun.enter_context(connection.execution_options(**options).begin())
            except DBAPIError as error:
                if not passes(error):
                    raise LedgerError(f"{home}: {what_failed(error)}") from None
                away = what_is_away(error)
            except PoolTimeoutError:
                away = BUSY
            else:
                begun = begun.pop_all()
                break
        if not patience.another_try():
            raise LedgerError(f"{home}: {away}") from None
    try:
        with begun:
            yield connection
    except DBAPIError as error:
        if passes(error):
            raise LedgerAway(f"{home}: {what_is_away(error)}") from None
        raise LedgerError(f"{home}: {what_failed(error)}") from None
    patience.answered()
