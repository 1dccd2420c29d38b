"""A ledger on PostgreSQL is alone in writing, orders as SQLite does, and fails in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from ledger_samples import NOW, begin, claim
from postgres_server import PostgresServer
from sqlalchemy import inspect, select, text

from billing.errors import BadInput
from billing.ledger import Ledger, LedgerAway, LedgerError, audit, open_ledger, patience, tables
from billing.ledger import engines as engines_module
from billing.ledger.audit import enter

DEADLINE = 60


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away is told at once."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0)


@pytest.fixture
def ledger(tmp_path: Path, postgres_url: str) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home", postgres_url)
    yield opened
    opened.close()


def test_a_writer_is_alone_and_sees_what_the_one_before_it_wrote(ledger: Ledger) -> None:
    """Eight at once add to a chain in which each entry needs the one before it."""
    together = Barrier(8)

    def add(who: int) -> None:
        together.wait(DEADLINE)
        for number in range(5):
            ledger.note(f"user {who}", "looked", f"case {number}", at=NOW)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(add, who) for who in range(8)]:
            done.result(DEADLINE)
    assert ledger.audit_problems() == []
    assert ledger.audit_seal()[0] == 40


def test_without_its_turn_a_writer_sees_an_end_of_the_chain_that_is_none(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the second writer looks while the first is still at work."""
    monkeypatch.setattr("billing.ledger.database.WRITING", {})
    with ledger._writing() as first, ledger._writing() as second:
        enter(first, "one", "looked", "case 1", at=NOW)
        assert audit._newest(first)[0] == 1
        assert audit._newest(second)[0] == 0


def test_a_reader_sees_one_state_and_writes_nothing(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    with ledger._reading() as connection:
        query = select(tables.sweeps.c.sweep_id)
        assert connection.execute(query).scalars().all() == ["night-1"]
        begin(ledger, "later", claims=[claim(2)], days=1)
        assert connection.execute(query).scalars().all() == ["night-1"]
    assert ledger.latest_sweep() == "later"
    with pytest.raises(LedgerError, match="only be read"), ledger._reading() as connection:
        connection.execute(tables.sweeps.delete())


def test_text_is_in_the_order_of_its_bytes_and_numbers_have_eight(ledger: Ledger) -> None:
    with ledger._reading() as connection:
        own = connection.execute(text("SELECT 'a' < 'B' COLLATE \"default\"")).scalar()
        columns = connection.execute(
            text(
                "SELECT data_type, collation_name, count(*) FROM information_schema.columns "
                "WHERE table_schema = 'public' GROUP BY 1, 2"
            )
        ).all()
    assert own, "this server's own order is a language's, so that the test can fail"
    kinds = {(kind, order) for kind, order, _ in columns if kind in ("text", "character varying")}
    assert kinds == {("text", "C"), ("character varying", "C")}, "see column_types"
    assert "integer" not in {kind for kind, _, _ in columns}, "see column_types"


def test_many_may_open_an_empty_database_at_once(tmp_path: Path, postgres_url: str) -> None:
    together = Barrier(4)

    def open_together() -> list[str]:
        together.wait(DEADLINE)
        ledger = open_ledger(tmp_path / "home", postgres_url)
        with ledger._reading() as connection:
            found = inspect(connection).get_table_names()
        ledger.close()
        return sorted(found)

    with ThreadPoolExecutor(4) as pool:
        found = [done.result(DEADLINE) for done in [pool.submit(open_together) for _ in range(4)]]
    assert all(one == sorted(tables.metadata.tables) for one in found)


def test_a_ledger_whose_server_restarts_or_is_killed_goes_on(
    ledger: Ledger, postgres: PostgresServer
) -> None:
    begin(ledger, claims=[claim(1)])
    postgres.restart()
    item = ledger.lease_item("night-1", "acme", "one", seconds=60, now=NOW)
    assert item is not None
    postgres.kill()
    try:
        with pytest.raises(LedgerError, match="has not answered") as away:
            ledger.latest_sweep()
        assert postgres.password not in str(away.value)
        assert str(postgres.port) not in str(away.value)
    finally:
        postgres.start()
    assert ledger.lease_item("night-1", "acme", "two", seconds=60, now=NOW) is None
    later = NOW + timedelta(seconds=61)
    assert ledger.lease_item("night-1", "acme", "two", seconds=60, now=later) is not None


def test_a_writer_that_is_cut_off_in_the_middle_wrote_nothing(
    ledger: Ledger, postgres: PostgresServer
) -> None:
    def cut_off_after_one() -> None:
        row = {"account": "acme", "attempted_at": NOW}
        with ledger._writing() as connection:
            connection.execute(tables.logins.insert(), row)
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            postgres.execute(f"SELECT pg_terminate_backend({pid}, {DEADLINE * 1000})")
            connection.execute(tables.logins.insert(), row)

    with pytest.raises(LedgerAway, match="has not answered"):
        cut_off_after_one()
    assert ledger.login_standing("acme").unfinished_attempts == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{word}@", "wrong@"), "refused its user or password"),
        (("/{name}", "/nowhere"), "is not there"),
        ((":{port}/", ":1/"), "has not answered"),
        (("/{name}", "/{name}?sslmode=require"), "TLS"),
        (("/{name}", "/{name}?options=-cdefault_transaction_read_only%3Don"), "only be read"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence_without_the_address(
    tmp_path: Path,
    postgres: PostgresServer,
    postgres_url: str,
    change: tuple[str, str],
    said: str,
) -> None:
    name = postgres_url.rpartition("/")[2]
    old, new = (
        part.format(word=postgres.password, name=name, port=postgres.port) for part in change
    )
    assert old in postgres_url
    with pytest.raises(LedgerError, match=said) as refusal:
        open_ledger(tmp_path, postgres_url.replace(old, new))
    told = str(refusal.value)
    assert not any(one in told for one in (postgres.password, "127.0.0.1", name, "\n", "Error"))
    assert refusal.value.__suppress_context__


def test_a_writer_waits_only_so_long(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines_module._SESSION, "lock_timeout", "200ms")
    ledger.close()
    with ledger._writing(), pytest.raises(LedgerError, match="busy"):
        ledger.note("one", "looked", "case 1", at=NOW)


def test_text_with_a_nul_is_refused_in_a_sentence(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="NUL"):
        ledger.note("one", "looked", "case\0", at=NOW)


def test_a_database_of_another_encoding_is_refused(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    postgres.execute(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    with pytest.raises(LedgerError, match="UTF8"):
        open_ledger(tmp_path, postgres.url_of("latin"))


def test_what_is_wrong_in_the_database_is_found(ledger: Ledger, postgres: PostgresServer) -> None:
    begin(ledger, claims=[claim(1), claim(2)])
    assert ledger.problems() == []
    name = ledger._engine.url.database
    assert name is not None
    for statement in (
        "ALTER TABLE items DISABLE TRIGGER ALL",
        "ALTER TABLE sweeps DISABLE TRIGGER ALL",
        "DELETE FROM sweeps",
        "SELECT setval('items_item_id_seq', 1, true)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_by_claim'::regclass",
    ):
        postgres.execute(statement, name)
    found = ledger.problems()
    assert len(found) == 4, "the items and the exports lost their sweep"
    for words in ("items_by_claim", "2 rows of items", "1 rows of exports", "numbers of items"):
        assert words in " ".join(found)


def test_a_url_without_a_driver_is_of_the_driver_that_is_here(
    tmp_path: Path, postgres_url: str
) -> None:
    for spelled in ("postgresql", "postgres"):
        open_ledger(tmp_path, postgres_url.replace("postgresql+psycopg", spelled)).close()
    with pytest.raises(BadInput, match="URL"):
        open_ledger(tmp_path, postgres_url.replace("+psycopg", "+nothing"))
