"""Evidence is sealed anew with the current key, whatever runs beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select

from billing.ledger.evidence import (
    EvidenceDamaged,
    EvidenceLocked,
    EvidenceShelf,
    sealed_as,
)
from billing.ledger.key_tables import forgotten
from billing.ledger.patience import LedgerError
from billing.ledger.sealing import HEAD_BYTES, is_sealed, key_of

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Resealed:
    """What became of one piece of evidence: sealed anew, sealed so already, or a sentence why it
    could not be."""

    anew: bool
    problem: str | None = None


class ShelfCare(EvidenceShelf):
    """What is done to the whole shelf, a few pieces at a time, beside runs that store and read."""

    def reseal_evidence(self) -> Iterator[Resealed]:
        """Seal everything on the shelf with the current key, also what was left in clear.

        Each piece is replaced whole, so that it may be stopped or killed anywhere and done again;
        what is sealed with the current key already is not read. Raises ShelfError, or
        ClaimsweepError when the keys are not at hand.
        """
        ring = self.key_ring()
        if ring is None:
            raise LedgerError("This ledger was opened without keys, so nothing can be sealed.")
        for names in _batches(self._shelf.names()):
            for name in names:
                head = self._shelf.get(name, most=HEAD_BYTES)
                if head is None or (is_sealed(head) and key_of(head) == ring.current):
                    yield Resealed(anew=False)
                    continue
                data = self._shelf.get(name)
                if data is None:
                    continue
                try:
                    clear = self._opened(name, data)
                except (EvidenceDamaged, EvidenceLocked) as error:
                    yield Resealed(anew=False, problem=str(error))
                    continue
                self._shelf.put(name, ring.seal(clear, sealed_as(name)))
                yield Resealed(anew=True)
            # what a policy deleted between being read and being put lies there again
            with self._writing() as connection:
                gone = select(forgotten.c.sha256).where(
                    forgotten.c.gone, forgotten.c.sha256.in_(names)
                )
                self._shelf.remove(connection.execute(gone).scalars().all())


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    left = iter(names)
    while some := list(islice(left, AT_ONCE)):
        yield some
