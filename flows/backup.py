"""A backup of the ledger and its evidence: made while a sweep runs, whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billing.errors import BadInput, ClaimsweepError
from flows.settings import Settings

if TYPE_CHECKING:
    from billing.ledger import Ledger
    from billing.ledger.sealing import KeyRing
    from billing.ledger.shelves import Shelf

MANIFEST = "manifest.json"
EVIDENCE = "evidence"
LIST = "evidence.list"
FORMAT = 1
PART_BYTES = 64 * 1024**2


class BackupDamaged(BadInput):
    """What lies in a backup is not what was written there."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds: files of evidence, how many of them were copied this time, bytes of the
    ledger. ``keeper`` names the key without which it cannot be restored; ``missing`` is evidence
    that the ledger lists and its shelf did not have."""

    made_at: str
    seal: str
    evidence: int
    copied: int
    ledger_bytes: int
    keeper: str
    missing: tuple[str, ...]


def back_up(settings: Settings, out: Path) -> BackedUp:
    """Bring the backup in ``out`` up to now, or make one there, and verify what was written.

    Evidence that is there already is not copied again. Until the last step the backup that was
    there before is the one in force. Raises ClaimsweepError, and leaves it so.
    """
    ledger = settings.open_ledger()
    ring, keeper, wrapped = _new_ring(settings)
    generation = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    place = out / generation
    with _room(out, place):
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700)
        from billing.ledger.backup import listed_in

        made_at = datetime.now(UTC)
        clear = place / "ledger"
        ledger.copy_database(clear)
        seal = _seal_of(clear)
        known = _known(out)
        copied, missing, count = 0, [], 0
        with _private(place / LIST) as listing:
            for sha256 in listed_in(clear):
                target = out / EVIDENCE / sha256[:2] / sha256[2:]
                data = ledger.as_it_lies(sha256)
                if data is None:
                    missing.append(sha256)
                    continue
                digest = hashlib.sha256(data).hexdigest()
                if known.get(sha256) != digest or not target.exists():
                    _write(target, data)
                    copied += 1
                listing.write(f"{sha256} {digest} {len(data)}\n".encode())
                count += 1
        parts = list(_seal_parts(clear, place, ring, generation))
        clear.unlink()
        words = {
            "format": FORMAT,
            "made_at": made_at.isoformat(),
            "generation": generation,
            "audit_seal": seal,
            "keeper": keeper,
            "key": {"id": ring.current, "wrapped": base64.b64encode(wrapped).decode()},
            "ledger": parts,
            "evidence": {"files": count, "list": _digest_of(place / LIST)},
            "missing": missing,
        }
        told = json.dumps(words, sort_keys=True).encode()
        sealed = ring.seal(hashlib.sha256(told).digest(), f"backup/{generation}/manifest")
        document = {**words, "seal": base64.b64encode(sealed).decode()}
        _sync(place)
        _read_parts(place, words, ring)
        _write(out / MANIFEST, json.dumps(document, indent=1, sort_keys=True).encode())
    for old in out.iterdir():
        if old.is_dir() and old.name not in (EVIDENCE, generation):
            shutil.rmtree(old, ignore_errors=True)
    size = sum(int(one["bytes"]) for one in parts)
    return BackedUp(made_at.isoformat(), seal, count, copied, size, keeper, tuple(missing))


def verify_backup(settings: Settings, folder: Path) -> BackedUp:
    """Read all of a backup. Raises BackupDamaged with one sentence, BadInput without the key."""
    words, ring = _opened(settings, folder)
    place = folder / str(words["generation"])
    _read_parts(place, words, ring)
    for sha256, digest, size in _evidence_of(folder, words):
        try:
            data = (folder / EVIDENCE / sha256[:2] / sha256[2:]).read_bytes()
        except OSError:
            raise BackupDamaged(f"{folder}: the evidence {sha256} is not in the backup.") from None
        if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
            raise BackupDamaged(f"{folder}: the evidence {sha256} is not as it was backed up.")
    return BackedUp(
        str(words["made_at"]),
        str(words["audit_seal"]),
        int(words["evidence"]["files"]),
        0,
        sum(int(one["bytes"]) for one in words["ledger"]),
        str(words["keeper"]),
        tuple(words["missing"]),
    )


def restore(settings: Settings, folder: Path, home: Path, *, by: str) -> BackedUp:
    """Put the backup in ``folder`` back as the new home ``home``, marked as restored.

    The ledger goes into the database that the settings name, which must be empty, or a file of
    the home, the evidence to the bucket that they name, where what is there already is left alone,
    or a folder of the home. All of it is verified first. Raises BadInput when the home is not empty
    or the backup is not whole, LedgerError when the bucket does not take it; there is no home then.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BadInput(f"{home} is not empty: name a new folder to restore to")
    found = verify_backup(settings, folder)
    words, ring = _opened(settings, folder)
    from billing.ledger import open_ledger
    from billing.ledger.engines import LEDGER_FILE
    from flows.evidence_settings import shelf_of

    shelf = shelf_of(settings)
    place = folder / str(words["generation"])
    making = home.parent / f".{home.name}.{secrets.token_hex(4)}"
    with _room(home, making):
        making.mkdir(mode=0o700, parents=True)
        with _private(making / LEDGER_FILE) as file:
            for data in _parts(place, words, ring):
                file.write(data)
        for sha256, _, _ in _evidence_of(folder, words):
            data = (folder / EVIDENCE / sha256[:2] / sha256[2:]).read_bytes()
            if shelf is None:
                _write(making / EVIDENCE / sha256[:2] / sha256[2:], data, sync=False)
            elif shelf.size(sha256) is None:  # what lies there may be sealed anew since
                shelf.put(sha256, data)
        ledger = open_ledger(making, shelf=shelf)
        now = datetime.now(UTC)
        ledger.mark_restored(found.made_at, found.seal, by=by, at=now)
        if settings.ledger_url is not None:
            _move_to(settings.ledger_url, ledger, making, shelf)
        ledger.close()
        if settings.ledger_url is not None:
            for left in making.glob(f"{LEDGER_FILE}*"):
                left.unlink()
        os.sync()
        if home.exists():
            home.rmdir()
        making.replace(home)
        _sync(home.parent)
    return found


def _move_to(url: str, ledger: Ledger, making: Path, shelf: Shelf | None) -> None:
    """Copy the restored ledger into the empty database at ``url``."""
    from billing.ledger import open_ledger
    from billing.ledger.copying import copy_ledger

    target = open_ledger(making, url, shelf=shelf)
    try:
        copy_ledger(ledger, target)
    finally:
        target.close()


def _new_ring(settings: Settings) -> tuple[KeyRing, str, bytes]:
    """A fresh key that seals this backup, who keeps it, and the key as it may lie in the backup."""
    from billing.ledger.sealing import KeyRing, new_key
    from flows.evidence_keys import wrappings_of

    keeper = wrappings_of(settings)(None)
    key_id, key = new_key()
    return KeyRing({key_id: key}, key_id), keeper.name, keeper.wrap(key, key_id)


def _opened(settings: Settings, folder: Path) -> tuple[Mapping[str, Any], KeyRing]:
    """The manifest, believed, and the ring that opens what it names."""
    from billing.ledger.sealing import KeyRing
    from flows.evidence_keys import wrappings_of

    try:
        words = dict(json.loads((folder / MANIFEST).read_bytes()))
    except OSError:
        raise BadInput(
            f"{folder} holds no backup: name the folder of 'claimsweep backup'"
        ) from None
    except ValueError:
        raise BackupDamaged(f"{folder}: {MANIFEST} is damaged; use another backup.") from None
    try:
        sealed = base64.b64decode(words.pop("seal"))
        key_id, wrapped = words["key"]["id"], base64.b64decode(words["key"]["wrapped"])
        keeper = wrappings_of(settings)(str(words["keeper"]))
        ring = KeyRing({key_id: keeper.unwrap(wrapped, key_id)}, key_id)
        name = f"backup/{words['generation']}/manifest"
        told = json.dumps(words, sort_keys=True).encode()
        same = ring.open(sealed, name) == hashlib.sha256(told).digest()
    except BadInput:
        raise
    except (ClaimsweepError, KeyError, ValueError, TypeError):
        same = False
    if not same:
        raise BackupDamaged(f"{folder}: {MANIFEST} is not as it was written; use another backup.")
    if words["format"] != FORMAT:
        raise BadInput(f"{folder}: this backup is of a newer claimsweep; restore it with that one")
    return words, ring


def _seal_parts(
    clear: Path, place: Path, ring: KeyRing, generation: str
) -> Iterator[dict[str, Any]]:
    with clear.open("rb") as file:
        number = 0
        while data := file.read(PART_BYTES):
            number += 1
            sealed = ring.seal(data, f"backup/{generation}/{number}")
            _write(place / f"ledger.{number}", sealed)
            yield {"name": f"ledger.{number}", "bytes": len(data)}


def _parts(place: Path, words: Mapping[str, Any], ring: KeyRing) -> Iterator[bytes]:
    """The ledger's file, a part at a time. Raises BackupDamaged."""
    for number, one in enumerate(words["ledger"], start=1):
        try:
            sealed = (place / f"ledger.{number}").read_bytes()
            data = ring.open(sealed, f"backup/{words['generation']}/{number}")
        except (OSError, ClaimsweepError):
            raise BackupDamaged(
                f"{place}: part {number} of the ledger is damaged; use another backup."
            ) from None
        if len(data) != one["bytes"]:
            raise BackupDamaged(f"{place}: part {number} of the ledger is not the one written.")
        yield data


def _read_parts(place: Path, words: Mapping[str, Any], ring: KeyRing) -> None:
    for _ in _parts(place, words, ring):
        pass


def _evidence_of(folder: Path, words: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    listing = folder / str(words["generation"]) / LIST
    if not listing.exists() or _digest_of(listing) != words["evidence"]["list"]:
        raise BackupDamaged(f"{folder}: its list of evidence is damaged; use another backup.")
    with listing.open(encoding="ascii") as lines:
        for line in lines:
            sha256, digest, size = line.split()
            yield sha256, digest, int(size)


def _known(out: Path) -> dict[str, str]:
    """What the backup in force says of the evidence that lies there: hash of its bytes by name."""
    try:
        words = json.loads((out / MANIFEST).read_bytes())
        with (out / str(words["generation"]) / LIST).open(encoding="ascii") as lines:
            return {one[0]: one[1] for one in map(str.split, lines)}
    except (OSError, ValueError, KeyError, IndexError):
        return {}


def _seal_of(clear: Path) -> str:
    """The audit trail's newest seal in a copied database: NUMBER:HASH."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"{clear.resolve().as_uri()}?mode=ro", uri=True)) as copy:
        row = copy.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return f"{row[0]}:{row[1]}" if row else f"0:{'0' * 64}"


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _room(where: Path, unfinished: Path) -> Iterator[None]:
    """Nothing unfinished stays; a full disk is one sentence."""
    try:
        yield
    except BaseException as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if isinstance(error, OSError):
            raise BadInput(
                f"{where}: cannot be written ({error.strerror}); what was there before stays: make "
                "room, then run again"
            ) from None
        raise


@contextmanager
def _private(path: Path) -> Iterator[Any]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, data: bytes, *, sync: bool = True) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    if sync:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
