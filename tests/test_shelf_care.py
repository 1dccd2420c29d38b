"""Sealing anew may be killed anywhere, and what policy deleted is told of as deleted."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bucket_server import KEY, KEY_ID, BucketServer, bucket_server
from conftest import PROJECT, sealed_ledger
from typer.testing import CliRunner

from billing.ledger import EvidenceForgotten, Ledger, open_ledger
from billing.ledger.forgetting import mark
from billing.ledger.sealing import key_of
from billing.ledger.shelves import BucketShelf, FolderShelf, Shelf
from billing.retention import Kind
from flows.command import app
from flows.evidence_keys import wrappings_of
from flows.settings import load_settings

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
PAGES = [f"page {number} of MARKED".encode() * 50 for number in range(120)]


@pytest.fixture(scope="module")
def served() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A sealed ledger on either shelf."""
    home, shelf = tmp_path / "home", None
    if request.param == "bucket":
        server: BucketServer = request.getfixturevalue("served")
        name = server.another_bucket()
        shelf = BucketShelf(name, server.endpoint, "us-east-1", None, KEY_ID, KEY)
    opened = open_ledger(home, shelf=shelf, wrappings=wrappings_of(load_settings(home=home)))
    yield opened
    opened.close()


def shelf_of(ledger: Ledger) -> Shelf:
    return ledger._shelf


def names(ledger: Ledger) -> list[str]:
    return list(shelf_of(ledger).names())


def delete(ledger: Ledger, hashes: list[str]) -> None:
    """As retention does it, when the time of these captures is over."""
    with ledger._writing() as connection:
        mark(connection, hashes, Kind.CAPTURES, NOW, ledger._insert_or_keep)
    while ledger.forget_some():
        pass


def test_what_a_policy_deletes_while_it_is_stored_anew_is_kept(ledger: Ledger) -> None:
    gone, back = ledger.store(b"gone", "text/html"), ledger.store(b"back", "text/html")
    with ledger._writing() as connection:
        mark(connection, [gone, back], Kind.CAPTURES, NOW, ledger._insert_or_keep)
    ledger.store(b"back", "text/html")
    while ledger.forget_some():
        pass
    assert names(ledger) == [back]
    with pytest.raises(EvidenceForgotten):
        ledger.fetch(gone)
    assert ledger.store(b"gone", "text/html") == gone
    assert ledger.verify_evidence([gone, back]) == []
    assert [ledger.fetch(gone), ledger.fetch(back)] == [b"gone", b"back"]


def test_bytes_taken_between_their_putting_and_their_listing_are_put_again(
    tmp_path: Path,
) -> None:
    """The deletion of the same page falls into the middle of its storing."""

    class Late(FolderShelf):
        def put(self, name: str, data: bytes) -> None:
            super().put(name, data)
            if not fallen:
                fallen.append(name)
                delete(other, [name])

    fallen: list[str] = []
    home = tmp_path / "home"
    other = open_ledger(home)
    ledger = open_ledger(home, shelf=Late(home / "evidence"))
    sha256 = ledger.store(b"page", "text/html")
    assert fallen == [sha256]
    assert other.fetch(sha256) == b"page"


def test_sealing_anew_brings_nothing_back_that_was_deleted(ledger: Ledger) -> None:
    hashes = [ledger.store(page, "text/html") for page in PAGES[:10]]
    ledger.rotate_key(by="ann", at=NOW)
    resealed = ledger.reseal_evidence()
    next(resealed)
    delete(ledger, hashes)
    shelf_of(ledger).put(hashes[0], b"put by another that read it before")
    list(resealed)
    list(ledger.reseal_evidence())
    assert names(ledger) == []


def test_damage_is_left_as_it_is_and_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ledger = sealed_ledger(home)
    bad, good = ledger.store(PAGES[0], "text/html"), ledger.store(PAGES[1], "text/html")
    path = FolderShelf(home / "evidence").path(bad)
    path.write_bytes(path.read_bytes()[:-1])
    broken = path.read_bytes()
    done = CliRunner().invoke(app, ["keys", "rotate", "--json", "--home", str(home)])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["looked_at"], told["sealed_anew"], len(told["problems"])) == (2, 1, 1)
    assert bad in told["problems"][0]
    assert path.read_bytes() == broken
    assert ledger.fetch(good) == PAGES[1]
    shown = CliRunner().invoke(app, ["keys", "show", "--home", str(home)]).stdout
    assert told["key"] in shown
    assert len(shown.splitlines()) == 2


def test_a_rotation_killed_at_any_moment_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    """While another run goes on storing; each kill falls after so many pieces were looked at."""
    home = tmp_path / "home"
    clear = open_ledger(home)
    hashes = [clear.store(page, "text/html") for page in PAGES]
    ledger = sealed_ledger(home)
    ledger.store(b"a first sealed page", "text/html")
    rotate = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path;"
        "from flows.settings import load_settings;"
        "ledger = load_settings(home=Path(sys.argv[1])).open_ledger();"
        "ledger.rotate_key(by='ann', at=datetime.now(UTC));"
        "[print(one.anew, flush=True) for one in ledger.reseal_evidence()]"
    )
    chance = random.Random(7)
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", rotate, str(home)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 60)):
                process.stdout.readline()
                hashes.append(ledger.store(chance.randbytes(300), "text/html"))
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert ledger.verify_evidence(hashes) == []
    done = CliRunner().invoke(app, ["keys", "reseal", "--json", "--home", str(home)])
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["sealed_anew"] > 0
    shelf = FolderShelf(home / "evidence")
    current = ledger.held_keys()[-1]
    assert (len(ledger.held_keys()), current.retired_at) == (5, None)
    assert {key_of(shelf.get(name) or b"") for name in shelf.names()} == {current.key_id}
    assert sealed_ledger(home).verify_evidence(hashes) == []
    assert b"MARKED" not in b"".join(shelf.get(name) or b"" for name in shelf.names())
