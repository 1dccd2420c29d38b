"""A ledger opens private and whole, or is refused in one sentence."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from ledger_samples import (
    LAST_NAME,
    NOW,
    begin,
    claim,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from billing.errors import BadInput, ClaimsweepError
from billing.ledger import Ledger, LedgerError, open_ledger, tables


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home")
    yield opened
    opened.close()


def test_a_new_ledger_is_closed_to_other_users(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        ledger = open_ledger(tmp_path / "home")
        begin(ledger, claims=[claim(1)])
        ledger.store(b"page", "text/html")
    finally:
        os.umask(before)
    assert len(list(ledger.home.rglob("*"))) == 7, "database, WAL, index, three folders, one file"
    for path in [ledger.home, *ledger.home.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "theirs.txt").write_text("x")
    open_ledger(shared).close()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert stat.S_IMODE((shared / "ledger.sqlite").stat().st_mode) == 0o600


def test_what_is_kept_survives_reopening(tmp_path: Path) -> None:
    first = open_ledger(tmp_path)
    begin(first, claims=[claim(1)])
    first.close()
    assert open_ledger(tmp_path).latest_sweep() == "night-1"


def test_the_database_is_wal_full_with_foreign_keys(ledger: Ledger) -> None:
    with ledger._reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30000,
    }


def test_many_may_open_a_new_home_at_once(tmp_path: Path) -> None:
    for attempt in range(5):
        home, together = tmp_path / str(attempt), Barrier(8)

        def open_together(home: Path = home, together: Barrier = together) -> str | None:
            together.wait(timeout=20)
            return open_ledger(home).latest_sweep()

        with ThreadPoolExecutor(8) as pool:
            assert [f.result(30) for f in [pool.submit(open_together) for _ in range(8)]] == [
                None
            ] * 8


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"not a database, but long enough to be looked at" * 50, "not a database"), (None, "home")],
)
def test_a_home_that_is_no_ledger_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    home = tmp_path / "home"
    if content is None:
        home.write_text("a file")
    else:
        home.mkdir()
        (home / "ledger.sqlite").write_bytes(content)
    with pytest.raises(ClaimsweepError, match=said) as refusal:
        open_ledger(home)
    assert "\n" not in str(refusal.value)


def test_a_home_that_cannot_be_made_is_refused_in_a_sentence() -> None:
    with pytest.raises(ClaimsweepError, match="choose another home"):
        open_ledger(Path("/proc/nowhere"))


def test_a_damaged_ledger_is_refused_in_a_sentence(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    begin(ledger, claims=[claim(n) for n in range(1, 400)])
    ledger.close()
    path = tmp_path / "ledger.sqlite"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="damaged"):
        open_ledger(tmp_path).report("night-1")


def test_a_newer_ledger_and_another_programs_database_are_refused(tmp_path: Path) -> None:
    open_ledger(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer" / "ledger.sqlite") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(ClaimsweepError, match="has version 99"):
        open_ledger(tmp_path / "newer")
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / "ledger.sqlite") as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(ClaimsweepError, match="not a claimsweep ledger"):
        open_ledger(tmp_path / "other")


@pytest.mark.parametrize("url", ["nonsense", "oracle://x/y", "sqlite+nothing:///x"])
def test_a_database_url_that_cannot_be_used_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput, match="URL"):
        open_ledger(tmp_path, url)


def test_the_database_may_lie_elsewhere(tmp_path: Path) -> None:
    open_ledger(tmp_path / "home", f"sqlite:///{tmp_path}/elsewhere.sqlite").close()
    assert (tmp_path / "elsewhere.sqlite").exists()
    assert not (tmp_path / "home" / "ledger.sqlite").exists()


def test_postgresql_understands_the_tables() -> None:
    for table in tables.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=postgresql.dialect())).strip()


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    with ledger._reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(LedgerError, match="disk is full") as refusal:
        begin(ledger, "large", claims=[claim(n) for n in range(1, 500)])
    assert LAST_NAME not in str(refusal.value)
    assert refusal.value.__suppress_context__
    assert ledger.latest_sweep() == "night-1"
    assert ledger.progress("night-1").pending == 1
    assert ledger.problems() == []


def test_a_claim_kept_before_it_had_these_words_is_read_without_them(ledger: Ledger) -> None:
    begin(ledger, claims=[claim(1)])
    later = ("secondary_payer", "authorization_number", "insurance_paid", "owner", "contract")
    with ledger._writing() as connection:
        connection.exec_driver_sql(
            "UPDATE items SET claim = json_remove(claim, '$.secondary_payer', "
            "'$.authorization_number', '$.insurance_paid', '$.owner', '$.contract')"
        )
        ((kept,),) = connection.exec_driver_sql("SELECT claim FROM items").all()
    assert not [word for word in later if word in kept]
    item = ledger.lease_item("night-1", "acme", "one", seconds=60, now=NOW)
    assert item is not None
    assert item.claim == claim(1)
