"""Looking at the whole ledger for damage: every row, every stored byte, every sum, every seal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import Connection, select

from billing.errors import ClaimsweepError
from billing.ledger import tables
from billing.ledger.audit import Audit
from billing.ledger.evidence import EvidenceShelf
from billing.ledger.forgetting import EvidenceForgotten
from billing.ledger.sound_books import batches_that_differ, unbalanced_remittances
from billing.ledger.sound_counts import counts_that_differ
from billing.ledger.sound_rows import AT_ONCE, broken_references, unreadable_rows
from billing.ledger.sound_states import unlawful_states

Look = Iterator[str | None]
"""For each thing that is looked at a sentence about what is wrong with it, or None."""


class Soundness(EvidenceShelf, Audit):
    """Looking at all that the ledger holds, a part at a time; nothing is changed."""

    def looks(self, kept: tuple[int, str] | None = None) -> Mapping[str, Callable[[], Look]]:
        """What there is to look at, by name; each is looked at when called, as a stream.

        ``kept`` is an earlier seal of the audit trail. A look raises LedgerError where the
        database itself cannot be read on.
        """
        return {
            "database": self._pages,
            "references": lambda: self._streamed(broken_references),
            "rows": lambda: self._streamed(unreadable_rows),
            "evidence": self._evidence,
            "balances": lambda: self._streamed(unbalanced_remittances),
            "batches": lambda: self._streamed(lambda one: batches_that_differ(one, self.fetch)),
            "states": lambda: self._streamed(unlawful_states),
            "counts": lambda: self._streamed(counts_that_differ),
            "audit trail": lambda: self._trail(kept),
        }

    def _streamed(self, look: Callable[[Connection], Look]) -> Look:
        with self._reading() as connection:
            yield from look(connection)

    def _pages(self) -> Look:
        if self._engine.dialect.name != "sqlite":
            return
        with self._reading() as connection:
            for said in connection.exec_driver_sql("PRAGMA integrity_check").scalars():
                yield None if said == "ok" else f"The database says of itself: {said}."

    def _evidence(self) -> Look:
        last = ""
        while rows := self._listed(last):
            last = rows[-1][0]
            for sha256, size in rows:
                try:
                    found = len(self.fetch(sha256))
                except EvidenceForgotten:
                    yield None
                    continue
                except ClaimsweepError as error:
                    yield str(error)
                    continue
                yield (
                    None
                    if found == size
                    else f"Evidence {sha256} has {found} bytes and is listed with {size}."
                )

    def _listed(self, after: str) -> list[tuple[str, int]]:
        table = tables.evidence.c
        query = select(table.sha256, table.size).where(table.sha256 > after)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(table.sha256).limit(AT_ONCE))
            return [(row.sha256, row.size) for row in rows]

    def _trail(self, kept: tuple[int, str] | None) -> Look:
        count, _ = self.audit_seal()
        problems = self.audit_problems(kept)
        yield from problems
        yield from (None for _ in range(count - len(problems)))
