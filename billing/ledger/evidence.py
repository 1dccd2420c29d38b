"""Evidence: bytes that are named by their own hash, so that a changed one betrays itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from billing.errors import ClaimsweepError
from billing.ledger import tables
from billing.ledger.key_tables import forgotten
from billing.ledger.keys import Keys, Wrappings, current_key
from billing.ledger.patience import LedgerError, repeatable
from billing.ledger.sealing import KeyWanted, SealBroken, is_sealed, key_of
from billing.ledger.shelves import Shelf

EVIDENCE_FOLDER = "evidence"
_HASH = re.compile(r"[0-9a-f]{64}\Z")


class EvidenceMissing(ClaimsweepError):
    """Something rests on bytes that the ledger does not hold."""


class EvidenceDamaged(ClaimsweepError):
    """Stored bytes no longer have the hash they are named by."""


class EvidenceLocked(LedgerError):
    """Stored bytes are sealed with a key that is not at hand; nothing says that they are not
    whole."""


class EvidenceShelf(Keys):
    """The shelf of evidence, sealed where the ledger has keys, and the table that lists it."""

    def __init__(
        self, home: Path, engine: Engine, shelf: Shelf, wrappings: Wrappings | None
    ) -> None:
        super().__init__(home, engine, wrappings)
        self._shelf = shelf

    @repeatable
    def store(self, data: bytes, media_type: str) -> str:
        """Keep bytes for good and return their SHA-256 in hex; storing them again is harmless.

        When it returns, the bytes are on the shelf whole, sealed and listed. A damaged copy is
        replaced. The media type that came first stays. Raises ShelfError, or ClaimsweepError when
        the key is not at hand.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        row = {"sha256": sha256, "media_type": media_type, "size": len(data)}
        with self._reading() as connection:
            key_id = current_key(connection)
            listed = not _unlisted(connection, {sha256})
            going = _is_going(connection, sha256)
        if listed and not going and self._lies_whole(sha256, data):
            return sha256
        while True:
            ring = self.key_ring(key_id)
            sealed = data if ring is None else ring.seal(data, sealed_as(sha256))
            self._shelf.put(sha256, sealed)
            with self._writing() as connection:
                key_id = current_key(connection)
                if ring is not None and key_id != ring.current:
                    continue  # rotated meanwhile: nothing may be left under the key before
                if _is_going(connection, sha256):
                    # its deletion, which is alone in writing too, may have taken what was just put
                    self._shelf.put(sha256, sealed)
                    connection.execute(forgotten.delete().where(forgotten.c.sha256 == sha256))
                self._insert_or_keep(connection, tables.evidence, [row])
            return sha256

    def fetch(self, sha256: str) -> bytes:
        """The stored bytes in clear; their hash is checked on every reading.

        Raises EvidenceMissing or EvidenceDamaged; ShelfError when the shelf does not answer,
        EvidenceLocked or another ClaimsweepError when the key is not at hand.
        """
        data = self._shelf.get(_named(sha256))
        if data is None:
            raise EvidenceMissing(
                f"Evidence {sha256} cannot be read: restore the evidence from a backup."
            )
        return self._opened(sha256, data)

    def _opened(self, sha256: str, data: bytes) -> bytes:
        """The clear bytes of what lies on the shelf, which earlier ledgers left unsealed."""
        clear = data
        if is_sealed(data):
            try:
                clear = self._unsealed(sha256, data)
            except (SealBroken, EvidenceLocked) as error:
                # a page may begin as sealed bytes do, and then is named by all of itself
                whole = hashlib.sha256(data).hexdigest() == sha256
                if not whole and isinstance(error, EvidenceLocked):
                    raise
        if hashlib.sha256(clear).hexdigest() != sha256:
            raise EvidenceDamaged(
                f"Evidence {sha256} was changed after it was stored: restore it from a backup."
            )
        return clear

    def _unsealed(self, sha256: str, data: bytes) -> bytes:
        wanted, ring = key_of(data), self._ring
        if ring is None or wanted not in ring.keys:
            ring = self.key_ring()
        if ring is None:
            raise EvidenceLocked(
                f"Evidence {sha256} is sealed with key {wanted}, and this ledger was opened "
                "without keys."
            )
        try:
            return ring.open(data, sealed_as(sha256))
        except KeyWanted:
            raise EvidenceLocked(
                f"Evidence {sha256} is sealed with key {wanted}, which this ledger does not hold: "
                "restore the ledger's database from the backup that was made with the evidence."
            ) from None

    def _lies_whole(self, sha256: str, data: bytes) -> bool:
        try:
            return self.fetch(sha256) == data
        except (EvidenceMissing, EvidenceDamaged, EvidenceLocked):
            return False

    @repeatable
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
            try:
                self.fetch(sha256)
                if sha256 in unlisted:
                    raise _not_listed({sha256})
            except (EvidenceMissing, EvidenceDamaged, EvidenceLocked) as error:
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


def _is_going(connection: Connection, sha256: str) -> bool:
    """Whether a policy deletes these bytes, or has."""
    query = select(forgotten.c.sha256).where(forgotten.c.sha256 == sha256)
    return connection.execute(query).scalar() is not None


def _not_listed(hashes: set[str]) -> EvidenceMissing:
    return EvidenceMissing(
        f"The ledger lists no evidence {', '.join(sorted(hashes))}: store the bytes first."
    )


def sealed_as(sha256: str) -> str:
    """The name that evidence is sealed under, so that it passes for nothing else."""
    return f"evidence/{sha256}"


def _named(sha256: str) -> str:
    if not _HASH.match(sha256):
        raise EvidenceMissing("Evidence is named by 64 hexadecimal digits, and this is not.")
    return sha256
