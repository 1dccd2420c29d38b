"""A ledger of any earlier form is brought up whole or left as it was, on either database."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from ledger_samples import NOW, begin, claim
from sqlalchemy import Connection, text

from billing.ledger import Ledger, LedgerError, migrations, open_ledger, tables
from billing.ledger.engines import make_engine
from billing.model import Outcome

PROJECT = Path(__file__).resolve().parent.parent
LEDGERS = PROJECT / "tests" / "ledgers"
DEADLINE = 60

each_database = pytest.mark.parametrize("database", ["sqlite", "postgresql"])

# What a later program might do: a table that others refer to is made anew with one column more.
NEXT = '''"""A column more."""

import sys

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade():
    with op.batch_alter_table("sweeps", recreate="auto") as batch:
        batch.add_column(sa.Column("told", sa.String, nullable=False, server_default="no"))
        batch.alter_column("sweep_id", existing_type=sa.String(), type_=sa.Text())
    if "--half" in sys.argv:
        print("half", flush=True)
        sys.stdin.read()
'''

OPENS = """
import sys
from pathlib import Path
from billing.ledger import migrations, open_ledger
if sys.argv[3]:
    migrations.FOLDER = Path(sys.argv[3])
    migrations.HEAD = "next"
    from billing.ledger import opening
    opening.HEAD = "next"
ledger = open_ledger(Path(sys.argv[1]), sys.argv[2] or None)
print("alembic" in sys.modules, ledger.latest_sweep(), flush=True)
"""


@pytest.fixture
def url(request: pytest.FixtureRequest, database: str) -> str | None:
    """The address of an empty database; None for a file in the ledger's home."""
    if database == "sqlite":
        return None
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The revisions of a program to come, which has one more."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "next.py").write_text(NEXT.format(head=migrations.HEAD))
    return folder


def differences(connection: Connection) -> Sequence[Any]:
    """What Alembic would change to make the database as the tables say."""
    return compare_metadata(MigrationContext.configure(connection), tables.metadata)


def shape(connection: Connection) -> Sequence[Any]:
    """All that a database says of its tables, with what Alembic does not compare."""
    if connection.dialect.name == "sqlite":
        query = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
        found = connection.execute(text(query)).all()
        return [
            (kind, name, " ".join((sql or "").replace("IF NOT EXISTS ", "").split()))
            for kind, name, sql in found
        ]
    return [
        connection.execute(text(query)).all()
        for query in (
            "SELECT table_name, ordinal_position, column_name, data_type, collation_name, "
            "is_nullable, column_default, character_maximum_length FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY 1, 2",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2, 3",
        )
    ]


def opened(home: Path, url: str | None, folder: Path | str = "", *more: str) -> list[str]:
    """The command that opens a ledger in a process of its own."""
    return [sys.executable, "-c", OPENS, str(home), url or "", str(folder), *more]


def run(command: list[str]) -> str:
    """What it says, or the last line of what it failed with."""
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


@each_database
def test_a_new_ledger_is_what_the_revisions_make(tmp_path: Path, url: str | None) -> None:
    """To mend: see the words that :mod:`billing.ledger.migrations` opens with."""
    migrated = make_engine(tmp_path, url)
    with migrated.begin() as connection:
        migrations.migrate(connection)
        assert differences(connection) == []
        from_revisions = shape(connection)
        assert migrations.revision_of(connection) == migrations.HEAD
        tables.metadata.drop_all(connection)
    migrated.dispose()
    new = open_ledger(tmp_path, url)
    with new._reading() as connection:
        assert shape(connection) == from_revisions
        assert migrations.revision_of(connection) == migrations.HEAD


def test_the_comparison_sees_a_column_an_index_and_an_order_that_differ(
    tmp_path: Path, postgres_url: str
) -> None:
    ledger = open_ledger(tmp_path, postgres_url)
    with ledger._writing() as connection:
        before = shape(connection)
        connection.execute(text("ALTER TABLE runs ADD COLUMN more text"))
        connection.execute(text("DROP INDEX runs_by_sweep"))
        assert len(differences(connection)) == 2
        ordered = 'ALTER TABLE accounts ALTER owner TYPE varchar COLLATE "en-x-icu"'
        columns = shape(connection)[0]
        connection.execute(text(ordered))
        assert shape(connection)[0] != columns
        assert columns != before[0]


def stored(version: int, home: Path) -> sqlite3.Connection:
    """A small ledger that a claimsweep of that version wrote."""
    home.mkdir()
    connection = sqlite3.connect(home / "ledger.sqlite")
    connection.executescript((LEDGERS / f"version-{version}.sql").read_text("utf-8"))
    return connection


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6])
def test_a_ledger_that_an_earlier_program_wrote_is_brought_up(tmp_path: Path, version: int) -> None:
    with closing(stored(version, tmp_path / "home")) as old:
        (kept,) = old.execute("SELECT conclusion FROM conclusions WHERE item_id = 1").fetchone()
    ledger = open_ledger(tmp_path / "home")
    with ledger._reading() as connection:
        assert differences(connection) == []
        assert migrations.revision_of(connection) == migrations.HEAD
    assert ledger.problems() == []
    results = ledger.claim_results("C00001")
    assert [one.conclusion.outcome for one in results] == [Outcome.PAID]
    with closing(sqlite3.connect(ledger.home / "ledger.sqlite")) as new:
        assert new.execute("SELECT conclusion FROM conclusions WHERE item_id = 1").fetchone() == (
            kept,
        )
        assert new.execute("SELECT count(*) FROM postings").fetchone() == (2,)
        assert new.execute("SELECT version FROM schema_version").fetchall() == [(7,)]
    ledger.close()
    assert run(opened(ledger.home, None)) == "False night", (
        "and the next time there is nothing to do"
    )


@each_database
def test_alembic_is_imported_only_to_change_tables(
    tmp_path: Path, url: str | None, later: Path
) -> None:
    home = tmp_path / "home"
    ledger = open_ledger(home, url)
    begin(ledger, claims=[claim(1)])
    ledger.close()
    assert run(opened(home, url)) == "False night-1"
    assert run(opened(home, url, later)) == "True night-1"
    assert run(opened(home, url, later)) == "False night-1"
    said = run(opened(home, url))
    assert "changed by a newer claimsweep" in said, "the program that has one revision less"
    assert said.startswith("billing.ledger.patience.LedgerError")


@each_database
def test_a_change_of_tables_keeps_every_row_and_what_refers_to_it(
    tmp_path: Path, url: str | None, later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    ledger = open_ledger(home, url)
    begin(ledger, claims=[claim(1), claim(2)])
    ledger.close()
    assert run(opened(home, url, later)) == "True night-1"
    engine = make_engine(home, url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT sweep_id, told FROM sweeps")).all() == [
            ("night-1", "no")
        ]
        assert connection.execute(text("SELECT count(*) FROM items")).scalar_one() == 2
    with pytest.raises(Exception, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.execute(text("DELETE FROM sweeps"))
    engine.dispose()


@each_database
def test_a_process_killed_in_the_middle_of_a_change_leaves_the_ledger_as_it_was(
    tmp_path: Path, url: str | None, later: Path
) -> None:
    home = tmp_path / "home"
    ledger = open_ledger(home, url)
    begin(ledger, claims=[claim(1)])
    with ledger._reading() as connection:
        before = shape(connection)
    ledger.close()
    with subprocess.Popen(
        opened(home, url, later, "--half"),
        cwd=PROJECT,
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE)
    again = open_ledger(home, url)
    with again._reading() as connection:
        assert shape(connection) == before
    assert again.problems() == []
    assert again.lease_item("night-1", "acme", "one", seconds=60, now=NOW) is not None
    again.close()
    assert run(opened(home, url, later)) == "True night-1", "and the change is made the next time"


@each_database
def test_several_may_bring_up_one_ledger_at_once(
    tmp_path: Path, url: str | None, later: Path
) -> None:
    home, together = tmp_path / "home", Barrier(3)
    open_ledger(home, url).close()

    def bring_up() -> str:
        together.wait(DEADLINE)
        return run(opened(home, url, later))

    with ThreadPoolExecutor(3) as pool:
        said = [done.result(DEADLINE) for done in [pool.submit(bring_up) for _ in range(3)]]
    assert {one.split()[1] for one in said} == {"None"}


def test_what_an_older_ledger_has_torn_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    with closing(stored(5, tmp_path / "home")) as old, old:
        old.execute("DELETE FROM sweeps")
    with pytest.raises(LedgerError, match="refers to a missing sweeps"):
        open_ledger(tmp_path / "home")
    with closing(sqlite3.connect(tmp_path / "home" / "ledger.sqlite")) as left:
        assert left.execute("SELECT version FROM schema_version").fetchall() == [(5,)]


def test_references_are_heeded_again_after_a_change(tmp_path: Path) -> None:
    stored(6, tmp_path / "home").close()
    ledger: Ledger = open_ledger(tmp_path / "home")
    with ledger._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
