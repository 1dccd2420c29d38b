"""A backup is whole or is not there, comes back as it was, and then posts nothing twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bucket_server import BucketServer, bucket_server
from conftest import PROJECT
from postgres_server import PostgresServer
from posting_desk import Desk, claim, payment
from typer.testing import CliRunner, Result

from billing.ledger import open_ledger
from flows.command import app

SECRET = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMSWEEP_SECRET_CLAIMSWEEP_EVIDENCE_KEY", SECRET)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def done(*arguments: str) -> dict[str, object]:
    found = run(*arguments, "--json")
    assert found.exit_code == 0, (found.stdout, found.exception)
    return dict(json.loads(found.stdout))


def refusal(*arguments: str) -> str:
    found = run(*arguments)
    assert found.exit_code == 1
    assert found.exception is not None
    said = str(found.exception)
    assert "\n" not in said
    return said


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A ledger with one exported batch."""
    desk = Desk(tmp_path)
    propose(desk, "T1", "20260105", "A1", "N1")
    return desk


def propose(desk: Desk, trace: str, day: str, own: str, number: str) -> str:
    one = claim(own, number, "100.00", "80.00")
    batch = desk("propose", desk.file(f"{trace}.835", payment(trace, day, "80.00", one)))["batch"]
    return str(batch["batch"])


def go_out(desk: Desk, batch: str) -> Path:
    desk("approve", batch, "--by", "ann")
    desk("export", batch, "--out", str(desk.folder / "out"))
    return desk.folder / "out" / f"postings-{batch}.csv"


def contents(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the audit trail, in an order of its own."""
    with sqlite3.connect(home / "ledger.sqlite") as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608
            for name in names
            if name != "audit" and not name.startswith("sqlite_")
        }


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_what_is_restored_is_what_was_backed_up(desk: Desk, tmp_path: Path) -> None:
    go_out(desk, "P" + propose(desk, "T2", "20260106", "A2", "N2")[1:])
    out, new = str(tmp_path / "backup"), tmp_path / "new"
    made = done("backup", out, "--home", str(desk.home))
    assert made["copied"] == made["evidence"] > 0
    again = done("restore", out, "--home", str(new))
    assert again["problems"] == []
    assert contents(new) == contents(desk.home)
    assert files(new / "evidence") == files(desk.home / "evidence")
    assert new.stat().st_mode & 0o077 == 0
    assert done("doctor", "--deep", "--home", str(new))["problems"] == 0
    verified = json.loads(
        run("audit", "verify", "--json", "--seal", str(made["seal"]), "--home", str(new)).stdout
    )
    assert verified["problems"] == []


def test_the_key_is_not_in_it_and_nothing_is_in_clear(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "backup"
    told = run("backup", str(out), "--home", str(desk.home))
    assert "A restore needs the key" in told.stdout
    bytes_of_all = b"".join(files(out).values())
    for word in (SECRET.encode(), b"SQLite format 3", b"CREATE TABLE", b"ACME HEALTH"):
        assert word not in bytes_of_all
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.rglob("*"))


def test_only_what_is_new_is_copied(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "backup"
    first = done("backup", str(out), "--home", str(desk.home))
    before = {path: path.stat().st_ino for path in (out / "evidence").rglob("*") if path.is_file()}
    propose(desk, "T3", "20260107", "A3", "N3")
    second = done("backup", str(out), "--home", str(desk.home))
    assert second["evidence"] == int(str(first["evidence"])) + 1
    assert second["copied"] == 1
    assert all(path.stat().st_ino == inode for path, inode in before.items())
    assert len([one for one in out.iterdir() if one.is_dir()]) == 2


def test_a_backup_made_while_the_ledger_is_written_is_of_one_instant(
    desk: Desk, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        ledger, n = open_ledger(desk.home), 0
        while not stop.is_set():
            n += 1
            ledger.note("ann", "case viewed", f"case {n}", at=datetime.now(UTC))
        ledger.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            made = done("backup", str(tmp_path / "backup"), "--home", str(desk.home))
    finally:
        stop.set()
        writer.join()
    again = done("restore", str(tmp_path / "backup"), "--home", str(tmp_path / "new"))
    assert again["problems"] == []
    assert again["seal"] == made["seal"] != "0:" + "0" * 64


def damage(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(out: Path) -> None:
        path = min(one for one in out.rglob(name) if one.is_file())
        path.write_bytes(change(path.read_bytes()))

    return spoil


def lose(name: str) -> Callable[[Path], None]:
    return lambda out: min(one for one in out.rglob(name) if one.is_file()).unlink()


HEX = "[0-9a-f]" * 62


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (damage("manifest.json", lambda data: data[:-40]), "manifest.json"),
        (
            damage("manifest.json", lambda d: d.replace(b'"missing": []', b'"missing": ["x"]')),
            "not as it was written",
        ),
        (damage("ledger.1", lambda data: data[:-1]), "part 1"),
        (damage("ledger.1", lambda d: d[:99] + bytes([d[99] ^ 1]) + d[100:]), "part 1"),
        (lose("ledger.1"), "part 1"),
        (damage("evidence.list", lambda data: data[1:]), "list of evidence"),
        (lose("evidence.list"), "list of evidence"),
        (damage(HEX, lambda data: data[:-1]), "not as it was backed up"),
        (lose(HEX), "not in the backup"),
    ],
)
def test_a_backup_that_was_changed_is_refused_in_one_sentence(
    desk: Desk, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    out = tmp_path / "backup"
    done("backup", str(out), "--home", str(desk.home))
    assert run("backup", str(out), "--verify", "--home", str(desk.home)).exit_code == 0
    spoil(out)
    assert told in refusal("backup", str(out), "--verify", "--home", str(desk.home))
    assert told in refusal("restore", str(out), "--home", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_without_its_key_it_is_refused(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = done("backup", str(tmp_path / "backup"), "--home", str(desk.home))
    monkeypatch.setenv("CLAIMSWEEP_SECRET_CLAIMSWEEP_EVIDENCE_KEY", SECRET[::-1])
    said = refusal("restore", str(tmp_path / "backup"), "--home", str(tmp_path / "new"))
    assert str(made["keeper"]) in said
    assert not (tmp_path / "new").exists()


def test_a_home_that_is_not_empty_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    done("backup", str(tmp_path / "backup"), "--home", str(desk.home))
    before = files(desk.home)
    assert "is not empty" in refusal("restore", str(tmp_path / "backup"), "--home", str(desk.home))
    assert files(desk.home) == before


def test_a_full_disk_leaves_the_old_backup(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "backup"
    done("backup", str(out), "--home", str(desk.home))
    before = files(out)
    propose(desk, "T4", "20260108", "A4", "N4")
    limited = (
        "import resource, sys; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "
        "from flows.command import main; "
        "sys.argv[0] = 'claimsweep'; main()"
    )
    command = [sys.executable, "-c", limited, "backup", str(out), "--home", str(desk.home)]
    full = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False
    )
    assert full.returncode == 2, full.stderr
    assert len(full.stderr.splitlines()) == 1
    kept = files(out)
    assert before.items() <= kept.items()
    assert run("backup", str(out), "--verify", "--home", str(desk.home)).exit_code == 0


def test_what_went_out_after_the_backup_is_not_proposed_again(desk: Desk, tmp_path: Path) -> None:
    """The control: until it is taken in, the restored ledger would propose it as new."""
    waiting = propose(desk, "T5", "20260109", "A5", "N5")
    done("backup", str(tmp_path / "backup"), "--home", str(desk.home))
    moved_on = go_out(desk, waiting)
    unknown = go_out(desk, propose(desk, "T6", "20260110", "A6", "N6"))
    new = Desk(tmp_path / "behind")
    new.folder.mkdir()
    done("restore", str(tmp_path / "backup"), "--home", str(new.home))
    assert "restored from a backup" in new.refused("approve", waiting, "--by", "ann")

    control = Desk(tmp_path / "control")
    shutil.copytree(new.home, control.home)
    run("restored", "--confirm", "--home", str(control.home))
    shutil.copy(desk.folder / "T6.835", control.folder / "T6.835")
    assert control("propose", str(control.folder / "T6.835"))["batch"] is not None

    taken = run(
        "restored",
        "--exported",
        str(moved_on),
        "--exported",
        str(unknown),
        "--confirm",
        "--by",
        "ann",
        "--home",
        str(new.home),
    )
    assert taken.exit_code == 0, taken.exception
    again = new("propose", str(desk.folder / "T6.835"))
    assert again["batch"] is None
    assert {one["state"] for one in new("list")["batches"]} == {"proposed", "exported"}
    ledger = open_ledger(new.home)
    assert ledger.batch(waiting).state == "exported"
    assert ledger.awaits_review() is None
    ledger.close()
    assert done("doctor", "--deep", "--home", str(new.home))["problems"] == 0
    assert "was not restored" in refusal("restored", "--confirm", "--home", str(new.home))


@pytest.mark.slow
def test_a_ledger_on_postgresql_and_a_bucket_is_backed_up_and_restored_to_others(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bucket_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        use_new_places(postgres, server, tmp_path, monkeypatch)
        desk = Desk(tmp_path)
        out = tmp_path / "backup"
        went = go_out(desk, propose(desk, "T7", "20260111", "A7", "N7"))
        made = done("backup", str(out), "--home", str(desk.home))
        assert made["evidence"]
        assert not (desk.home / "ledger.sqlite").exists()
        assert not (desk.home / "evidence").exists()
        refused = refusal("restore", str(out), "--home", str(tmp_path / "new"))
        assert "not empty" in refused
        assert not (tmp_path / "new").exists()
        use_new_places(postgres, server, tmp_path, monkeypatch)
        assert server.objects() == {}
        again = done("restore", str(out), "--home", str(tmp_path / "new"))
        assert (again["problems"], again["seal"]) == ([], made["seal"])
        assert not (tmp_path / "new" / "ledger.sqlite").exists()
        assert not (tmp_path / "new" / "evidence").exists()
        back = Desk(tmp_path / "back")
        back.home = tmp_path / "new"
        (batch,) = back("list")["batches"]
        assert (batch["batch"], batch["state"]) == (went.stem.removeprefix("postings-"), "exported")


def use_new_places(
    postgres: PostgresServer, server: BucketServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From now on the ledger lies in an empty database, and its evidence in an empty bucket."""
    server.bucket = server.another_bucket()
    settings = folder / "settings.toml"
    settings.touch(0o600)
    settings.write_text(
        f'ledger_url = "{postgres.url_of(postgres.new_database())}"\n{server.settings}', "utf-8"
    )
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(settings))
