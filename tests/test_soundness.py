"""Damage of every kind, planted in a real ledger, is found by ``doctor --deep``, and no other."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import sealed_ledger
from ledger_samples import EXPORT, NOW, begin, conclusion, paid, unknown
from ledger_samples import claim as row
from posting_desk import Desk, claim, payment
from typer.testing import CliRunner

from billing.ledger import open_ledger
from billing.ledger.decisions import keep_all_decisions
from billing.model import Outcome, Reason
from flows.command import app
from flows.deep_check import Looked, look_deep


def settle(home: Path, items: int) -> None:
    """A finished sweep: the first claim has no answer, the others are paid."""
    ledger = open_ledger(home)  # unsealed, so that a test finds its page
    export = ledger.store(b"the export", "text/csv")
    begin(ledger, claims=[row(number) for number in range(1, items + 1)])
    with sqlite3.connect(home / "ledger.sqlite") as db:  # the export that was really stored
        db.execute("UPDATE exports SET sha256 = ? WHERE sha256 = ?", (export, EXPORT.sha256))
    sha256 = ledger.store(b"a captured page", "text/html")
    for number in range(1, items + 1):
        item = ledger.lease_item("night-1", "acme", "me", seconds=60, now=NOW)
        assert item is not None
        answered = number > 1
        ledger.settle(
            item.item_id,
            item.fence,
            observations=[paid(sha256) if answered else unknown(Reason.UNAVAILABLE)],
            conclusion=conclusion(Outcome.PAID, None, sha256)
            if answered
            else conclusion(Outcome.NO_ANSWER, Reason.UNAVAILABLE),
            postings=[],
            seconds=Decimal(1),
            at=NOW,
        )
    ledger.finish_sweep("night-1", NOW + timedelta(hours=1))
    ledger.lease_account("acme", "me", seconds=60, now=NOW)
    ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sweep, payments, an exported, an undone and a proposed batch, and a trail."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    first = claim("A1", "N1", "100.00", "80.00"), claim("A2", "N2", "50.00", "50.00", reason="PR*2")
    proposed = desk("propose", desk.file("1.835", payment("T1", "20260105", "130.00", *first)))
    name = proposed["batch"]["batch"]
    desk("approve", name, "--by", "ann")
    desk("export", name, "--out", str(desk.folder / "out"))
    other = claim("B1", "N3", "30.00", "10.00")
    path = desk.file("2.835", payment("T2", "20260106", "7.00", other, plb="WO:N3*3"))
    again = desk("propose", path)
    desk("undo", again["batch"]["batch"])
    desk("propose", path)
    settle(desk.home, 4)
    return desk.home


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "home")
    return tmp_path / "home"


def look(home: Path) -> tuple[Looked, ...]:
    ledger = sealed_ledger(home)
    try:
        return look_deep(ledger, home)
    finally:
        ledger.close()


def found(home: Path) -> dict[str, list[str]]:
    return {one.part: list(one.told) for one in look(home) if one.problems}


def test_a_whole_ledger_has_no_problem_and_all_of_it_is_looked_at(home: Path) -> None:
    looked = {one.part: one for one in look(home)}
    assert [one for one in looked.values() if one.problems] == []
    with sqlite3.connect(home / "ledger.sqlite") as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names = [name for name in names if not name.startswith("sqlite_")]
        rows = sum(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names)  # noqa: S608
        evidence = db.execute("SELECT count(*) FROM evidence").fetchone()[0]
        entries = db.execute("SELECT count(*) FROM audit").fetchone()[0]
    assert looked["rows"].looked_at == rows
    assert looked["evidence"].looked_at == evidence
    assert looked["audit trail"].looked_at == entries > 3
    assert looked["balances"].looked_at == 2
    assert looked["batches"].looked_at == 3
    assert looked["permissions"].looked_at == sum(1 for _ in home.rglob("*")) + 1


def planted(sql: str) -> Callable[[Path], None]:
    def plant(home: Path) -> None:
        with sqlite3.connect(home / "ledger.sqlite") as db:
            assert db.execute(sql).rowcount == 1, "the damage was not planted"

    plant.__name__ = sql
    return plant


def shelf(home: Path) -> Iterator[Path]:
    return (path for path in (home / "evidence").rglob("*") if path.is_file())


def page(home: Path) -> Path:
    (path,) = [one for one in shelf(home) if one.read_bytes() == b"a captured page"]
    return path


def flip(home: Path) -> None:
    page(home).write_bytes(b"a captured pagf")


def cut(home: Path) -> None:
    page(home).write_bytes(b"a captu")


def lose(home: Path) -> None:
    page(home).unlink()


def open_up(home: Path) -> None:
    page(home).chmod(0o644)


def break_a_page(home: Path) -> None:
    """Spoil one index of the database by hand, so that it no longer lists a row."""
    with sqlite3.connect(home / "ledger.sqlite") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(run)', '(state)') "
            "WHERE name = 'batches_by_run'"
        )


NEVER = "(SELECT min(batch_id) FROM batches WHERE state = 'exported')"
OPEN = "(SELECT min(batch_id) FROM batches WHERE state = 'proposed')"

DAMAGE: tuple[tuple[Callable[[Path], None], dict[str, str]], ...] = (
    (break_a_page, {"database": "row 1 missing|row 2 missing|row 3 missing"}),
    (planted("UPDATE rests_on SET sha256 = 'x' WHERE item_id = 2"), {"references": "evidence"}),
    (planted("UPDATE items SET claim = '{}' WHERE item_id = 3"), {"rows": "row 3 of items"}),
    (
        planted("UPDATE items SET state = 'answred' WHERE item_id = 3"),
        {"rows": "row 3 of items cannot be read: state"},
    ),
    (
        planted("UPDATE conclusions SET concluded_at = 'noon' WHERE item_id = 2"),
        {"rows": "concluded_at"},
    ),
    (planted("UPDATE sweeps SET business_date = 'Friday'"), {"rows": "business_date"}),
    (
        planted("UPDATE audit SET detail = '{' WHERE seq = 1"),
        {"rows": "detail", "audit": "entry 1"},
    ),
    (planted("UPDATE evidence SET size = 3 WHERE size = 15"), {"evidence": "listed with 3"}),
    (flip, {"evidence": "changed after"}),
    (cut, {"evidence": "changed after"}),
    (lose, {"evidence": "cannot be read"}),
    (open_up, {"permissions": "mode 644"}),
    (
        planted(
            "UPDATE remitted_claims SET claim = replace(claim, '80.00', '81.00') "
            "WHERE number = 'n1'"
        ),
        {"balances": "has a claim that does not balance"},
    ),
    (
        planted(
            "UPDATE remittances SET remittance = replace(remittance, '130.00', '131.00'), "
            "amount = '131.00' WHERE trace = 't1'"
        ),
        {"balances": "pays 131.00 and its parts come to 130.00"},
    ),
    (
        planted("UPDATE remittances SET amount = '8.00' WHERE trace = 't2'"),
        {"balances": "another amount"},
    ),
    (planted("DELETE FROM remitted_claims WHERE number = 'n2'"), {"balances": "parts come to"}),
    (planted("DELETE FROM remitted_claims WHERE number = 'n1'"), {"balances": "lacks its claim 0"}),
    (
        planted(
            f"UPDATE postings SET posting = replace(posting, '80.00', '90.00') "  # noqa: S608
            f"WHERE batch_id = {NEVER} AND posting LIKE '%\"80.00\"%'"
        ),
        {"batches": "other postings than were approved"},
    ),
    (
        planted(
            f"UPDATE postings SET key = key || 'x' WHERE batch_id = {OPEN} "  # noqa: S608
            "AND position = 1"
        ),
        {"batches": "under another key"},
    ),
    (
        planted("UPDATE batches SET state = 'approved' WHERE state = 'exported'"),
        {"states": "went back"},
    ),
    (
        planted("DELETE FROM batch_acts WHERE state = 'approved'"),
        {"states": "exported and never approved|files and is not"},
    ),
    (
        planted(
            "INSERT INTO batch_acts SELECT batch_id, 'undone', 'x', at FROM batch_acts "
            "WHERE state = 'exported'"
        ),
        {"states": "went back"},
    ),
    (
        planted(
            "INSERT INTO postings SELECT 'P20990101-1', 1, key, unit, item_id, posting FROM "  # noqa: S608
            f"postings WHERE batch_id = {NEVER} AND position = 1"
        ),
        {"references": "batches"},
    ),
    (planted("UPDATE items SET owner = 'me' WHERE item_id = 2"), {"states": "one too many"}),
    (planted("UPDATE accounts SET leased_until = NULL"), {"states": "account acme"}),
    (
        planted("UPDATE decided SET before = '2026-01-01' WHERE item_id = 2"),
        {"counts": "item 2 is not kept"},
    ),
    (planted("DELETE FROM decided WHERE item_id = 3"), {"counts": "item 3 is not kept"}),
    (
        planted("INSERT INTO decided VALUES (1, 'acme', 'C00001', '2026-11-24', NULL, '0')"),
        {"counts": "item 1 is kept as a decision, and is none"},
    ),
    (
        planted("INSERT INTO case_counts VALUES ('open', 'acme', 'rejected', 'acme', '', 1, 100)"),
        {"counts": "open, acme, rejected, acme are counted wrongly"},
    ),
    (planted("UPDATE items SET attempts = 9 WHERE item_id = 2"), {"states": "asked more often"}),
    (
        planted("UPDATE items SET state = 'pending' WHERE item_id = 4"),
        {"states": "is open and has its conclusion|finished and items"},
    ),
    (
        planted("UPDATE items SET state = 'not_found' WHERE item_id = 4"),
        {"states": "not closed as"},
    ),
    (
        planted("UPDATE items SET no_answer = NULL WHERE item_id = 1"),
        {"states": "does not say why|not closed as"},
    ),
    (
        planted(
            "INSERT INTO conclusions SELECT item_id, 7, conclusion, seconds, concluded_at FROM "
            "conclusions WHERE item_id = 2"
        ),
        {"states": "later hand"},
    ),
    (planted("DELETE FROM audit WHERE seq = 2"), {"audit": "2 to 2 are missing"}),
    (planted("UPDATE audit SET who = 'eve' WHERE seq = 3"), {"audit": "entry 3 "}),
)


@pytest.mark.parametrize(
    ("plant", "expected"), DAMAGE, ids=lambda one: getattr(one, "__name__", "")
)
def test_damage_is_found_where_it_was_planted(
    home: Path, plant: Callable[[Path], None], expected: dict[str, str]
) -> None:
    plant(home)
    told = found(home)
    assert {part.partition(" ")[0] for part in told} == set(expected)
    for part, sentences in told.items():
        wanted = expected[part.partition(" ")[0]].split("|")
        assert len(sentences) == len(wanted), sentences
        for one in wanted:
            assert any(one in sentence for sentence in sentences), (one, sentences)


def doctor(home: Path, *more: str, code: int) -> str:
    done = CliRunner().invoke(app, ["doctor", "--deep", "--home", str(home), *more])
    assert done.exit_code == code, (done.stdout, done.exception)
    return done.stdout


def files(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_the_command_tells_and_changes_nothing(home: Path) -> None:
    assert json.loads(doctor(home, "--json", code=0))["problems"] == 0
    before = files(home)
    assert "ok   evidence: " in doctor(home, code=0)
    assert files(home) == before
    seal = CliRunner().invoke(app, ["audit", "verify", "--json", "--home", str(home)]).stdout
    planted("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")(home)
    assert json.loads(doctor(home, "--json", code=0))["problems"] == 0
    told = json.loads(doctor(home, "--json", "--seal", json.loads(seal)["seal"], code=1))
    (part,) = [one for one in told["parts"] if one["problems"]]
    assert (part["part"], part["problems"]) == ("audit trail", 1)
    flip(home)
    assert "FAIL Evidence " in doctor(home, code=1)


def test_no_ledger_is_no_problem_and_none_is_made(tmp_path: Path) -> None:
    assert "no ledger yet" in doctor(tmp_path / "none", code=0)
    assert not (tmp_path / "none").exists()


def most_memory(home: Path) -> int:
    ledger = sealed_ledger(home)
    look_deep(ledger, home)  # what is made once, such as compiled statements, is made
    tracemalloc.start()
    try:
        assert not any(one.problems for one in look_deep(ledger, home))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        ledger.close()


def multiply(home: Path, times: int) -> None:
    """The second claim and all that belongs to it, so many times."""
    numbers = "WITH RECURSIVE n(k) AS (SELECT 100 UNION ALL SELECT k + 1 FROM n WHERE k < ?) "
    with sqlite3.connect(home / "ledger.sqlite") as db:
        for table in ("items", "observations", "conclusions", "rests_on"):
            columns = [str(one[1]) for one in db.execute(f"PRAGMA table_info({table})")]
            values = ["k" if one in ("item_id", "row") else f'"{one}"' for one in columns]
            query = f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table}, n "  # noqa: S608
            db.execute(numbers + query + "WHERE item_id = 2", (99 + times,))
    ledger = open_ledger(home)
    with ledger._writing() as connection:
        keep_all_decisions(connection)
    ledger.close()


def test_memory_does_not_grow_with_the_ledger(tmp_path: Path) -> None:
    for name, times in (("small", 1000), ("large", 4000)):
        settle(tmp_path / name, 3)
        multiply(tmp_path / name, times)
    assert most_memory(tmp_path / "large") < 1.3 * most_memory(tmp_path / "small")
