"""A ledger is moved between SQLite and PostgreSQL whole, in one state, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filled_ledgers import LARGE, ROWS, fill
from ledger_samples import NOW, begin, claim
from postgres_server import PostgresServer
from sqlalchemy import inspect, select, update

from billing.errors import BadInput
from billing.ledger import Ledger, LedgerError, copy_ledger, copying, open_ledger, tables
from billing.ledger.copying import rows_by_table

PROJECT = Path(__file__).resolve().parent.parent
DEADLINE = 60


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "here")
    yield opened
    opened.close()


@pytest.fixture
def there(tmp_path: Path, postgres_url: str) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "there", postgres_url)
    yield opened
    opened.close()


def dump(ledger: Ledger) -> dict[str, list[str]]:
    """Every table's rows as text, by the order of their keys."""
    with ledger._reading() as connection:
        return {
            name: [
                str(tuple(row))
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for name, table in tables.metadata.tables.items()
        }


def test_every_table_goes_to_postgresql_and_back_as_it_is(
    tmp_path: Path, here: Ledger, there: Ledger
) -> None:
    fill(here)
    copied = copy_ledger(here, there)
    assert set(copied) == set(tables.metadata.tables) - {"schema_version", "alembic_version"}
    assert set(copied.values()) == {ROWS}
    assert dump(there) == dump(here), "in the same order too"
    assert there.problems() == []
    back = open_ledger(tmp_path / "back")
    assert copy_ledger(there, back) == copied
    assert dump(back) == dump(here)
    assert back.problems() == []


def test_numbers_go_on_from_where_they_were(here: Ledger, there: Ledger) -> None:
    fill(here)
    copy_ledger(here, there)
    for ledger in (here, there):
        begin(ledger, "one more night", claims=[claim(1)], days=3)
        with ledger._reading() as connection:
            ours = tables.items.c.sweep_id == "one more night"
            assert connection.execute(
                select(tables.items.c.item_id).where(ours)
            ).scalars().all() == [LARGE + ROWS]


def test_what_is_not_empty_is_refused_and_left_as_it_is(here: Ledger, there: Ledger) -> None:
    begin(here, claims=[claim(1)])
    there.note("one", "looked", "case 1", at=NOW)
    before = dump(there)
    with pytest.raises(BadInput, match="not empty: its table audit has 1 rows"):
        copy_ledger(here, there)
    assert dump(there) == before


def test_what_was_not_copied_as_it_is_is_not_kept(
    here: Ledger, there: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(here, claims=[claim(1), claim(2)])
    real = copying._count_on

    def spoil(connection: copying.Connection, table: copying.Table) -> None:
        real(connection, table)
        if table is tables.items:
            connection.execute(update(table).where(table.c.row == 2).values(claim_id="another"))

    monkeypatch.setattr(copying, "_count_on", spoil)
    with pytest.raises(LedgerError, match="items was not copied"):
        copy_ledger(here, there)
    assert set(rows_by_table(there).values()) == {0}


def test_what_is_written_meanwhile_is_not_in_the_copy(
    here: Ledger, there: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(here, claims=[claim(1)])
    before = dump(here)
    real = copying._copy

    def meanwhile(
        theirs: copying.Connection, ours: copying.Connection, table: copying.Table
    ) -> tuple[int, str]:
        if table is tables.sweeps:
            begin(here, "later", claims=[claim(2)], days=1)
        return real(theirs, ours, table)

    monkeypatch.setattr(copying, "_copy", meanwhile)
    copy_ledger(here, there)
    assert dump(there) == before
    assert here.latest_sweep() == "later"


KILLED = """
import sys
from pathlib import Path
from billing.ledger import copy_ledger, copying, open_ledger, tables
real = copying._copy
def tell(theirs, ours, table):
    done = real(theirs, ours, table)
    if table is tables.items:
        print("half", flush=True)
        sys.stdin.read()
    return done
copying._copy = tell
copy_ledger(open_ledger(Path(sys.argv[1])), open_ledger(Path(sys.argv[2]), sys.argv[3] or None))
"""


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_a_copy_that_is_killed_leaves_nothing_half_done(
    to: str, tmp_path: Path, here: Ledger, postgres: PostgresServer, postgres_url: str
) -> None:
    begin(here, claims=[claim(1), claim(2)])
    url = postgres_url if to == "postgresql" else ""
    command = [sys.executable, "-c", KILLED, str(here.home), str(tmp_path / "half"), url]
    with subprocess.Popen(
        command, cwd=PROJECT, env=dict(os.environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE)
    again = open_ledger(tmp_path / "half", url or None)
    assert set(rows_by_table(again).values()) == {0}
    assert copy_ledger(here, again)["items"] == 2
    with again._reading() as connection:
        assert set(inspect(connection).get_table_names()) >= set(tables.metadata.tables)
    assert dump(again) == dump(here)
