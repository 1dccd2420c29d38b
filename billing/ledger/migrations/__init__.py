"""The ledger's revisions: how its tables came to be what they are, applied where one is missing.

To change a table: change it in the ledger's tables, add ``versions/rNNNN_what.py`` (``revision``,
``down_revision`` and ``upgrade``, which tells both databases by ``op.batch_alter_table``), and name
it in HEAD. There is no way down but a backup. Alembic is imported only where there is work to do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select

from billing.ledger import tables
from billing.ledger.patience import LedgerError

HEAD = "0002"
FOLDER = Path(__file__).parent
VERSIONS = "versions"


def revision_of(connection: Connection) -> str | None:
    """The revision that the tables have; None before there were any."""
    return connection.execute(select(tables.revisions.c.version_num)).scalar()


def stamp(connection: Connection) -> None:
    """Say that the tables are those of this program."""
    connection.execute(tables.revisions.insert(), {"version_num": HEAD})


def migrate(connection: Connection) -> None:
    """Make the tables those of this program, in the transaction under way.

    Raises LedgerError where a newer program has changed them.
    """
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    tables.revisions.create(connection, checkfirst=True)
    scripts = ScriptDirectory(str(FOLDER))

    def upgrade(revision: object, _context: object) -> object:
        return scripts._upgrade_revs(HEAD, revision)  # type: ignore[arg-type]

    context = MigrationContext.configure(connection, opts={"fn": upgrade, "script": scripts})
    context.impl.transactional_ddl = True  # a transaction begins where we say, also on SQLite
    try:
        with Operations.context(context):
            context.run_migrations()
    except CommandError:
        raise LedgerError(
            "The ledger was changed by a newer claimsweep: use that one, or a newer one."
        ) from None


def make_first_tables(connection: Connection) -> None:
    """Make what is missing of the tables that revisions began with."""
    script = (FOLDER / f"first_tables.{connection.dialect.name}.sql").read_text("utf-8")
    for statement in script.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
