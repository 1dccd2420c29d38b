"""Evidence lies sealed, a key that is not there is asked for by name, and old clear pages stay."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bucket_server import KEY, KEY_ID, BucketServer, bucket_server
from conftest import PROJECT
from ledger_samples import begin

from billing.errors import BadInput, ClaimsweepError
from billing.ledger import (
    EvidenceDamaged,
    EvidenceLocked,
    EvidenceMissing,
    Ledger,
    LedgerError,
    open_ledger,
)
from billing.ledger.sealing import MAGIC, OVERHEAD, SecretWrapping, is_sealed, key_of
from billing.ledger.shelves import BucketShelf, FolderShelf, Shelf
from flows.evidence_keys import key_file, wrappings_of
from flows.settings import Settings, load_settings

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
PAGE = b"<td>Member MARKED-MEMBER-4711</td>" * 40
SECRET, OTHER = "5ea1" * 16, "0dd5" * 16


@pytest.fixture(scope="module")
def served() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        folder = FolderShelf(tmp_path / "shelf")
        folder.prepare()
        return folder
    server: BucketServer = request.getfixturevalue("served")
    name = server.another_bucket()
    return BucketShelf(name, server.endpoint, "us-east-1", None, KEY_ID, KEY)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a user without a key yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return load_settings(home=tmp_path / "home")


def with_secret(settings: Settings, **secrets: str) -> Settings:
    """The settings, with secrets of claimsweep's own."""
    named = {f"claimsweep/{name.replace('_', '-')}": text for name, text in secrets.items()}
    return replace(settings, file_secrets=named)


def everything_in(folder: Path) -> bytes:
    """Every byte of every file, but those of the ledger's database."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files if "ledger.sqlite" not in path.name)


def lies(settings: Settings, sha256: str) -> Path:
    return FolderShelf(settings.home / "evidence").path(sha256)


def test_no_byte_of_a_page_lies_in_clear(settings: Settings, tmp_path: Path) -> None:
    clear = open_ledger(tmp_path / "clear")
    clear.store(PAGE, "text/html")
    assert everything_in(tmp_path / "clear").count(b"MARKED-MEMBER") == 40, "it would be found"
    sealed = settings.open_ledger()
    sha256 = sealed.store(PAGE, "text/html")
    assert b"MARKED-MEMBER" not in everything_in(settings.home)
    assert sealed.fetch(sha256) == PAGE
    assert settings.open_ledger().fetch(sha256) == PAGE
    assert sealed.verify_evidence([sha256]) == []


def test_on_any_shelf_it_lies_sealed_and_comes_back(
    shelf: Shelf, settings: Settings, tmp_path: Path
) -> None:
    ledger = open_ledger(tmp_path / "home", shelf=shelf, wrappings=wrappings_of(settings))
    pages = [PAGE, b"", MAGIC, MAGIC + b"x" * OVERHEAD]
    hashes = [ledger.store(page, "text/html") for page in pages]
    assert [ledger.fetch(one) for one in hashes] == pages
    for name in shelf.names():
        lying = shelf.get(name)
        assert lying is not None
        assert is_sealed(lying)
        assert b"MARKED" not in lying
        assert shelf.get(name, most=16) == lying[:16]


def test_what_lay_in_clear_stays_readable_and_is_sealed_by_a_rotation(
    shelf: Shelf, settings: Settings, tmp_path: Path
) -> None:
    before = open_ledger(tmp_path / "home", shelf=shelf)
    # a page may begin as sealed bytes do: it is known by its hash all the same
    pages = [PAGE, b"", b"other", MAGIC + b"y" * OVERHEAD]
    hashes = [before.store(page, "text/html") for page in pages]
    ledger = open_ledger(tmp_path / "home", shelf=shelf, wrappings=wrappings_of(settings))
    assert [ledger.fetch(one) for one in hashes] == pages
    assert ledger.store(PAGE, "text/html") == hashes[0]
    key_id = ledger.rotate_key(by="ann", at=NOW)
    done = list(ledger.reseal_evidence())
    assert [one.problem for one in done] == [None] * 4
    assert sum(one.anew for one in done) == 4
    assert {key_of(shelf.get(name) or b"") for name in shelf.names()} == {key_id}
    assert [ledger.fetch(one) for one in hashes] == pages
    assert not any(one.anew for one in ledger.reseal_evidence()), "twice changes nothing"
    with pytest.raises(EvidenceLocked, match=f"key {key_id}, and this ledger was opened without"):
        before.fetch(hashes[0])


@pytest.mark.parametrize("at", [0, 7, 16, 20, 27, 28, 600, -17, -16, -1])
def test_a_changed_byte_is_damage(settings: Settings, at: int) -> None:
    ledger = settings.open_ledger()
    sha256 = ledger.store(PAGE, "text/html")
    path = lies(settings, sha256)
    sealed = bytearray(path.read_bytes())
    sealed[at] ^= 1
    path.write_bytes(sealed)
    with pytest.raises(EvidenceDamaged, match=sha256):
        ledger.fetch(sha256)
    assert len(ledger.verify_evidence([sha256])) == 1
    ledger.store(PAGE, "text/html")
    assert ledger.fetch(sha256) == PAGE


@pytest.mark.parametrize("kept", [0, 8, 15, 16, 27, 43, 44, 200])
def test_a_truncated_page_is_damage(settings: Settings, kept: int) -> None:
    ledger = settings.open_ledger()
    sha256 = ledger.store(PAGE, "text/html")
    path = lies(settings, sha256)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(EvidenceDamaged):
        ledger.fetch(sha256)
    assert ledger.verify_evidence([sha256]) != []


def test_one_page_does_not_pass_for_another(settings: Settings) -> None:
    ledger = settings.open_ledger()
    one, other = ledger.store(PAGE, "text/html"), ledger.store(b"other", "text/html")
    mine, theirs = lies(settings, one), lies(settings, other)
    first = mine.read_bytes()
    mine.write_bytes(theirs.read_bytes())
    theirs.write_bytes(first)
    for sha256 in (one, other):
        with pytest.raises(EvidenceDamaged):
            ledger.fetch(sha256)


def test_a_changed_key_id_names_the_key_that_is_wanted(settings: Settings) -> None:
    ledger = settings.open_ledger()
    sha256 = ledger.store(PAGE, "text/html")
    path = lies(settings, sha256)
    sealed = bytearray(path.read_bytes())
    sealed[8] ^= 1
    path.write_bytes(sealed)
    with pytest.raises(EvidenceLocked, match=f"key {sealed[8:16].hex()}, which this ledger"):
        ledger.fetch(sha256)


@pytest.mark.parametrize("there", ["another", "none"])
def test_without_its_key_nothing_is_read_or_stored_or_called_damaged(
    settings: Settings, tmp_path: Path, there: str
) -> None:
    kept = with_secret(settings, evidence_key=SECRET)
    sha256 = kept.open_ledger().store(PAGE, "text/html")
    wanted = SecretWrapping(SECRET).name
    wrong = with_secret(settings, evidence_key=OTHER) if there == "another" else settings
    ledger = wrong.open_ledger()
    for verb in (
        lambda: ledger.fetch(sha256),
        lambda: ledger.store(b"new", "text/html"),
        lambda: ledger.rotate_key(by="ann", at=NOW),
        lambda: list(ledger.reseal_evidence()),
    ):
        with pytest.raises(ClaimsweepError, match=f"key {wanted} is wanted") as refused:
            verb()
        assert not isinstance(refused.value, EvidenceDamaged | EvidenceMissing)
        assert SECRET not in str(refused.value)
        assert OTHER not in str(refused.value)
    assert not key_file().exists(), "no new key is made in place of one that is lost"
    assert list(FolderShelf(settings.home / "evidence").names()) == [sha256]
    assert kept.open_ledger().fetch(sha256) == PAGE


def test_the_keeper_changes_and_no_page_is_touched(settings: Settings) -> None:
    first = with_secret(settings, evidence_key=SECRET)
    sha256 = first.open_ledger().store(PAGE, "text/html")
    lay = lies(settings, sha256).read_bytes()
    both = with_secret(settings, evidence_key=OTHER, evidence_key_before=SECRET)
    assert both.open_ledger().fetch(sha256) == PAGE
    assert both.open_ledger().rewrap_keys(by="ann", at=NOW) == 1
    assert both.open_ledger().rewrap_keys(by="ann", at=NOW) == 0
    second = with_secret(settings, evidence_key=OTHER)
    assert second.open_ledger().fetch(sha256) == PAGE
    assert lies(settings, sha256).read_bytes() == lay
    with pytest.raises(BadInput, match=SecretWrapping(OTHER).name):
        first.open_ledger().fetch(sha256)


def test_a_program_keeps_the_keys_as_a_vault_does(settings: Settings, tmp_path: Path) -> None:
    """A real program that turns bytes round, and counts how often it is asked."""
    program = tmp_path / "vault.py"
    asked = tmp_path / "asked"
    program.write_text(
        "import base64, os, sys\n"
        f"open({str(asked)!r}, 'a').write(os.environ['CLAIMSWEEP_KEY_ID'] + '\\n')\n"
        "print(base64.b64encode(base64.b64decode(sys.stdin.readline())[::-1]).decode())\n",
        encoding="utf-8",
    )
    command = [sys.executable, str(program)]
    vault = replace(settings, evidence={"wrap": command, "unwrap": command})
    sha256 = vault.open_ledger().store(PAGE, "text/html")
    ledger = vault.open_ledger()
    assert [ledger.fetch(sha256) for _ in range(3)] == [PAGE] * 3
    (held,) = ledger.held_keys()
    assert held.wrapped_by == "program"
    assert asked.read_text("utf-8").split() == [held.key_id] * 3, "wrapped once, unwrapped twice"
    for broken in (["false"], ["true"], ["no-such-program"], ["echo", "no base64!"]):
        gone = replace(settings, evidence={"wrap": command, "unwrap": broken})
        with pytest.raises(BadInput, match=f"^{broken[0]} .*about key {held.key_id}"):
            gone.open_ledger().fetch(sha256)


def test_the_key_file_is_made_once_by_many_and_is_yours_alone(settings: Settings) -> None:
    make = (
        "from flows.settings import load_settings; import sys; from pathlib import Path;"
        "ledger = load_settings(home=Path(sys.argv[1])).open_ledger();"
        "print(ledger.store(sys.argv[2].encode(), 'text/html'))"
    )
    command = [sys.executable, "-c", make, str(settings.home)]
    settings.open_ledger().close()

    def run(number: int) -> str:
        return subprocess.run(
            [*command, f"page {number}"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.strip()

    with ThreadPoolExecutor(4) as at_once:
        hashes = list(at_once.map(run, range(4)))
    ledger = settings.open_ledger()
    assert [ledger.fetch(one) for one in hashes] == [f"page {n}".encode() for n in range(4)]
    assert len(ledger.held_keys()) == 1
    file = key_file()
    assert not file.is_relative_to(settings.home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    text = file.read_text("utf-8").strip()
    assert text.encode() not in everything_in(settings.home)
    for path, mode in ((file, 0o640), (file.parent, 0o755)):
        before = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode)
        with pytest.raises(BadInput, match="others can read"):
            settings.open_ledger().fetch(hashes[0])
        path.chmod(before)
    assert with_secret(settings, evidence_key=text).open_ledger().fetch(hashes[0])


def test_a_key_that_could_be_guessed_is_no_key(settings: Settings) -> None:
    with pytest.raises(BadInput, match="4 characters instead of 32") as refused:
        with_secret(settings, evidence_key="hush").open_ledger().store(PAGE, "text/html")
    assert "hush" not in str(refused.value)


def test_a_vault_that_does_not_tell_is_not_a_key_that_was_never_made(settings: Settings) -> None:
    silent = replace(settings, secret_commands={"claimsweep/evidence-key": ["false"]})
    with pytest.raises(BadInput, match="false ended with code 1"):
        silent.open_ledger().store(PAGE, "text/html")
    assert not key_file().exists()


def test_an_old_key_is_dropped_when_nothing_can_be_under_it(settings: Settings) -> None:
    ledger = settings.open_ledger()
    sha256 = ledger.store(PAGE, "text/html")
    now = datetime.now(UTC)
    first = ledger.held_keys()[0].key_id
    second = ledger.rotate_key(by="ann", at=now)
    with pytest.raises(LedgerError, match="The old key stays for now"):
        ledger.drop_retired_keys(by="ann", at=now, looked_since=now)
    assert {one.key_id for one in ledger.held_keys()} == {first, second}
    assert all(one.problem is None for one in ledger.reseal_evidence())
    later = now + timedelta(minutes=10)
    assert ledger.drop_retired_keys(by="ann", at=later, looked_since=later) == 1
    assert [one.key_id for one in ledger.held_keys()] == [second]
    assert settings.open_ledger().fetch(sha256) == PAGE
    acts = [(one.who, one.act, one.subject) for one in ledger.audit_trail()]
    assert acts[:2] == [
        ("ann", "sealing key dropped", f"key {first}"),
        ("ann", "sealing key made", f"key {second}"),
    ]
    assert ledger.audit_problems() == []


def test_a_run_that_began_before_a_rotation_leaves_nothing_under_the_old_key(
    settings: Settings,
) -> None:
    """The rotation falls between the sealing of a page and its listing."""

    class Slow(FolderShelf):
        def put(self, name: str, data: bytes) -> None:
            super().put(name, data)
            if not rotated:
                rotated.append(settings.open_ledger().rotate_key(by="ann", at=NOW))

    rotated: list[str] = []
    home = settings.home
    settings.open_ledger().store(b"first", "text/html")
    ledger = open_ledger(home, shelf=Slow(home / "evidence"), wrappings=wrappings_of(settings))
    sha256 = ledger.store(PAGE, "text/html")
    assert [key_of(lies(settings, sha256).read_bytes())] == rotated
    assert ledger.fetch(sha256) == PAGE


def test_a_ledger_of_many_threads_has_one_ring(settings: Settings) -> None:
    ledger: Ledger = settings.open_ledger()
    begin(ledger)
    pages = [os.urandom(200) for _ in range(40)]
    with ThreadPoolExecutor(8) as at_once:
        hashes = list(at_once.map(lambda page: ledger.store(page, "text/html"), pages))
    assert hashes == [hashlib.sha256(page).hexdigest() for page in pages]
    assert len(ledger.held_keys()) == 1
    assert [settings.open_ledger().fetch(one) for one in hashes[:5]] == pages[:5]
