"""A copy of the ledger's database as it is at one instant, while others write."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from billing.ledger.copying import copy_ledger
from billing.ledger.database import Database
from billing.ledger.engines import LEDGER_FILE
from billing.ledger.evidence import EvidenceShelf
from billing.ledger.opening import connect
from billing.ledger.patience import LedgerError
from billing.ledger.upgrade import bring_up


class BackedUp(EvidenceShelf):
    """Copying the database, and reading evidence as it lies on its shelf."""

    def copy_database(self, file: Path) -> None:
        """Write the database as it is at one moment to the new SQLite file ``file``.

        Writers go on meanwhile. Raises LedgerError.
        """
        if self._engine.dialect.name != "sqlite":
            self._copy_tables(file)
            return
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with (
                closing(sqlite3.connect(self.home / LEDGER_FILE, timeout=30)) as source,
                closing(sqlite3.connect(file)) as target,
            ):
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise LedgerError(
                f"{self.home}: the ledger cannot be copied ({error}): make room, then back up "
                "again."
            ) from None

    def _copy_tables(self, file: Path) -> None:
        with tempfile.TemporaryDirectory(dir=file.parent) as name:
            copy = Database(Path(name), connect(Path(name), None, bring_up))
            try:
                copy_ledger(self, copy)
            finally:
                copy.close()
            with closing(sqlite3.connect(Path(name) / LEDGER_FILE)) as whole:
                whole.execute("PRAGMA journal_mode = DELETE")
            (Path(name) / LEDGER_FILE).rename(file)

    def as_it_lies(self, sha256: str) -> bytes | None:
        """The bytes of this evidence as they lie, sealed or not; None when nothing does."""
        return self._shelf.get(sha256)


def listed_in(file: Path) -> Iterator[str]:
    """The hashes of all evidence that a copied database lists, in their order."""
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as copy:
        for (sha256,) in copy.execute("SELECT sha256 FROM evidence ORDER BY sha256"):
            yield str(sha256)
