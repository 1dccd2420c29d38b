"""The bank's files received: kept, so that a deposit is looked for in all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from billing.ledger import tables
from billing.ledger.database import Database
from billing.ledger.words import OBSERVATION, read
from billing.model import Observation

_AT_ONCE = 1_000
_NEWEST = 5  # so many answers of a claim reach back to the last of each channel


class BankFiles(Database):
    """Keeping the bank's files, and what was last observed of a claim beside them."""

    def receive_bank_file(self, sha256: str, name: str, at: datetime) -> None:
        """Keep that the stored bytes are the bank's; once more is harmless."""
        with self._writing() as connection:
            row = {"sha256": sha256, "name": name, "received_at": at}
            self._insert_or_keep(connection, tables.bank_files, [row])

    def bank_files(self) -> tuple[tuple[str, str], ...]:
        """Hash and name of every bank file received, oldest first."""
        table = tables.bank_files.c
        with self._reading() as connection:
            query = select(table.sha256, table.name).order_by(table.received_at, table.sha256)
            return tuple((row.sha256, row.name) for row in connection.execute(query))

    def observed_claims(self, claim_ids: Collection[str]) -> frozenset[tuple[str, str | None]]:
        """Claim id and payer of every claim of these ids that any sweep had an answer to."""
        items, found, wanted = tables.items.c, set[tuple[str, str | None]](), sorted(set(claim_ids))
        with self._reading() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                query = select(items.claim_id, items.payer).where(
                    items.claim_id.in_(wanted[start : start + _AT_ONCE]),
                    items.state.in_((tables.ANSWERED, tables.NOT_FOUND)),
                )
                found |= {(row.claim_id, row.payer) for row in connection.execute(query)}
        return frozenset(found)

    def last_observations(self, claim_id: str, payer: str | None) -> Sequence[Observation]:
        """What the latest sweeps that had an answer observed of a claim, any channel."""
        items, sweeps, said = tables.items, tables.sweeps, tables.observations
        latest = (
            select(items.c.item_id)
            .join_from(items, sweeps, items.c.sweep_id == sweeps.c.sweep_id)
            .where(
                items.c.claim_id == claim_id,
                items.c.payer == payer,
                items.c.state.in_((tables.ANSWERED, tables.NOT_FOUND)),
            )
            .order_by(sweeps.c.started_at.desc(), items.c.item_id.desc())
            .limit(_NEWEST)
        )
        with self._reading() as connection:
            found = connection.execute(latest).scalars().all()
            query = select(said.c.observation).where(said.c.item_id.in_(found))
            ordered = query.order_by(said.c.item_id, said.c.fence, said.c.position)
            return tuple(read(OBSERVATION, text) for text in connection.execute(ordered).scalars())
