"""Evidence: bytes that are named by their own hash, so that a changed one betrays itself."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, select

from billing.errors import ClaimsweepError
from billing.ledger import tables
from billing.ledger.database import Database
from billing.ledger.patience import LedgerError

EVIDENCE_FOLDER = "evidence"
_INCOMING = "incoming"
_STALE_SECONDS = 3600
_HASH = re.compile(r"[0-9a-f]{64}\Z")


class EvidenceMissing(ClaimsweepError):
    """Something rests on bytes that the ledger does not hold."""


class EvidenceDamaged(ClaimsweepError):
    """Stored bytes no longer have the hash they are named by."""


class EvidenceShelf(Database):
    """The evidence folder and the table that lists it."""

    def store(self, data: bytes, media_type: str) -> str:
        """Keep bytes for good and return their SHA-256 in hex; storing them again is harmless.

        When it returns, the bytes are on the disk whole and listed. A damaged copy is replaced.
        The media type that came first stays.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.evidence_path(sha256)
        try:
            if not path.exists() or path.read_bytes() != data:
                self._write(path, data)
        except OSError as error:
            raise LedgerError(
                f"{self.home / EVIDENCE_FOLDER}: evidence cannot be written ({error.strerror}): "
                "make room or check the permissions, then run again."
            ) from None
        with self._reading() as connection:
            if not _unlisted(connection, {sha256}):
                return sha256
        with self._writing() as connection:
            row = {"sha256": sha256, "media_type": media_type, "size": len(data)}
            self._insert_or_keep(connection, tables.evidence, [row])
        return sha256

    def fetch(self, sha256: str) -> bytes:
        """The stored bytes; their hash is checked on every reading.

        Raises EvidenceMissing or EvidenceDamaged.
        """
        path = self.evidence_path(sha256)
        try:
            data = path.read_bytes()
        except OSError:
            raise EvidenceMissing(
                f"Evidence {sha256} cannot be read: restore the evidence folder from a backup."
            ) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise EvidenceDamaged(
                f"Evidence {sha256} was changed after it was stored: restore it from a backup."
            )
        return data

    def evidence_path(self, sha256: str) -> Path:
        """Where the bytes of this hash lie, whether they are there or not."""
        if not _HASH.match(sha256):
            raise EvidenceMissing("Evidence is named by 64 hexadecimal digits, and this is not.")
        return self.home / EVIDENCE_FOLDER / sha256[:2] / sha256[2:]

    def media_type(self, sha256: str) -> str:
        """What kind of bytes these are, as whoever stored them said."""
        with self._reading() as connection:
            query = select(tables.evidence.c.media_type).where(tables.evidence.c.sha256 == sha256)
            found = connection.execute(query).scalar()
        if found is None:
            raise _not_listed({sha256})
        return str(found)

    def verify_evidence(self, hashes: Iterable[str]) -> list[str]:
        """What is wrong with the evidence of these hashes, a sentence each; empty when sound."""
        problems = []
        with self._reading() as connection:
            wanted = sorted(set(hashes))
            unlisted = _unlisted(connection, set(wanted))
        for sha256 in wanted:
            if sha256 in unlisted:
                problems.append(str(_not_listed({sha256})))
                continue
            try:
                self.fetch(sha256)
            except (EvidenceMissing, EvidenceDamaged) as error:
                problems.append(str(error))
        return problems

    def _write(self, path: Path, data: bytes) -> None:
        temporary = self.home / EVIDENCE_FOLDER / _INCOMING / secrets.token_hex(8)
        try:
            private = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(private, "wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(path.parent.parent)
            temporary.replace(path)
            _sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def prepare_folder(home: Path) -> None:
    """Make the evidence folder, and drop what a killed run left half-written an hour ago."""
    incoming = home / EVIDENCE_FOLDER / _INCOMING
    incoming.parent.mkdir(mode=0o700, exist_ok=True)
    incoming.mkdir(mode=0o700, exist_ok=True)
    for left in incoming.iterdir():
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < time.time() - _STALE_SECONDS:
                left.unlink()


def require_listed(connection: Connection, hashes: set[str]) -> None:
    """Raise EvidenceMissing unless every hash is in the ledger."""
    unlisted = _unlisted(connection, hashes)
    if unlisted:
        raise _not_listed(unlisted)


def _unlisted(connection: Connection, hashes: set[str]) -> set[str]:
    left = set(hashes)
    wanted = list(hashes)
    for start in range(0, len(wanted), 500):
        some = tables.evidence.c.sha256.in_(wanted[start : start + 500])
        left -= set(connection.execute(select(tables.evidence.c.sha256).where(some)).scalars())
    return left


def _not_listed(hashes: set[str]) -> EvidenceMissing:
    return EvidenceMissing(
        f"The ledger lists no evidence {', '.join(sorted(hashes))}: store the bytes first."
    )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
