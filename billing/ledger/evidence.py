"""Evidence: bytes that are named by their own hash, so that a changed one betrays itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from billing.errors import ClaimsweepError
from billing.ledger import tables
from billing.ledger.database import Database
from billing.ledger.shelves import Shelf

EVIDENCE_FOLDER = "evidence"
_HASH = re.compile(r"[0-9a-f]{64}\Z")


class EvidenceMissing(ClaimsweepError):
    """Something rests on bytes that the ledger does not hold."""


class EvidenceDamaged(ClaimsweepError):
    """Stored bytes no longer have the hash they are named by."""


class EvidenceShelf(Database):
    """The shelf of evidence and the table that lists it."""

    def __init__(self, home: Path, engine: Engine, shelf: Shelf) -> None:
        super().__init__(home, engine)
        self._shelf = shelf

    def store(self, data: bytes, media_type: str) -> str:
        """Keep bytes for good and return their SHA-256 in hex; storing them again is harmless.

        When it returns, the bytes are on the shelf whole and listed. A damaged copy is replaced.
        The media type that came first stays. Raises ShelfError.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        with self._reading() as connection:
            listed = not _unlisted(connection, {sha256})
        if listed and self._shelf.get(sha256) == data:
            return sha256
        self._shelf.put(sha256, data)
        if not listed:
            with self._writing() as connection:
                row = {"sha256": sha256, "media_type": media_type, "size": len(data)}
                self._insert_or_keep(connection, tables.evidence, [row])
        return sha256

    def fetch(self, sha256: str) -> bytes:
        """The stored bytes; their hash is checked on every reading.

        Raises EvidenceMissing, EvidenceDamaged or ShelfError.
        """
        data = self._shelf.get(_named(sha256))
        if data is None:
            raise EvidenceMissing(
                f"Evidence {sha256} cannot be read: restore the evidence from a backup."
            )
        if hashlib.sha256(data).hexdigest() != sha256:
            raise EvidenceDamaged(
                f"Evidence {sha256} was changed after it was stored: restore it from a backup."
            )
        return data

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


def _named(sha256: str) -> str:
    if not _HASH.match(sha256):
        raise EvidenceMissing("Evidence is named by 64 hexadecimal digits, and this is not.")
    return sha256
