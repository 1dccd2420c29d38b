"""Everything the ledger knows of one case's claim, over all sweeps, payments and batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from billing.ledger import tables
from billing.ledger.batches import Batches, BatchState, HeldBack
from billing.ledger.cases import Cases
from billing.ledger.remittances import read_remittances
from billing.ledger.sweeps import read_drift
from billing.ledger.taking_up import current
from billing.ledger.words import CONCLUSION, OBSERVATION, POSTING, read
from billing.model import Claim, Conclusion, Observation, Posting
from billing.received_payments import Received, bare
from billing.report import Drift


@dataclass(frozen=True, slots=True)
class Asked:
    """What one sweep did about the claim: its observations, the oldest first, and what was then
    concluded; ``drift`` is where the payer's portal was not as its profile says that night.
    ``conclusion`` is None while the sweep has not come to the claim."""

    item_id: int
    sweep_id: str
    business_date: date
    concluded_at: datetime | None
    conclusion: Conclusion | None
    observations: tuple[Observation, ...]
    drift: tuple[Drift, ...]


@dataclass(frozen=True, slots=True)
class InBatch:
    """What a batch posts of the claim; ``at`` is when it came into its state, ``by`` whose act."""

    batch_id: str
    state: BatchState
    by: str
    at: datetime
    postings: tuple[Posting, ...]


class CaseHistory(Batches, Cases):
    """Reading a case's past; nothing here writes."""

    def asked(self, case_id: int) -> tuple[Asked, ...]:
        """What every sweep that held the claim did about it, the oldest first."""
        items, sweeps, said = tables.items, tables.sweeps, tables.conclusions
        seen = tables.observations
        ids = self.items_of_case(case_id)
        query = (
            select(
                items.c.item_id,
                items.c.payer,
                items.c.sweep_id,
                sweeps.c.business_date,
                said.c.concluded_at,
                said.c.conclusion,
            )
            .join_from(items, sweeps, sweeps.c.sweep_id == items.c.sweep_id)
            .outerjoin(said, current())
            .where(items.c.item_id.in_(ids))
            .order_by(sweeps.c.started_at, items.c.item_id)
        )
        order = (seen.c.item_id, seen.c.fence, seen.c.position)
        told = select(seen.c.item_id, seen.c.observation).where(seen.c.item_id.in_(ids))
        with self._reading() as connection:
            rows = connection.execute(query).all()
            observed: dict[int, list[Observation]] = {}
            for row in connection.execute(told.order_by(*order)):
                observed.setdefault(row.item_id, []).append(read(OBSERVATION, row.observation))
            drift: dict[str, Mapping[str, tuple[Drift, ...]]] = {
                row.sweep_id: read_drift(connection, row.sweep_id) for row in rows
            }
        return tuple(
            Asked(
                item_id=row.item_id,
                sweep_id=row.sweep_id,
                business_date=row.business_date,
                concluded_at=row.concluded_at,
                conclusion=None if row.conclusion is None else read(CONCLUSION, row.conclusion),
                observations=tuple(observed.get(row.item_id, ())),
                drift=drift[row.sweep_id].get(row.payer or "", ()),
            )
            for row in rows
        )

    def payments_of_claim(self, claim: Claim, numbers: Sequence[str]) -> tuple[Received, ...]:
        """Every payment received that holds the claim: by one of the payer's ``numbers`` of it, or
        by the biller's number on a payment of the claim's own payer. The oldest first."""
        table, claims = tables.remittances, tables.remitted_claims
        known = {bare(one) for one in numbers} - {""}
        own = and_(claims.c.own == bare(claim.claim_id), table.c.payer == (claim.payer or ""))
        same = or_(own, claims.c.number.in_(known))
        beside = and_(claims.c.sha256 == table.c.sha256, claims.c.position == table.c.position)
        query = select(table.c.payment).join_from(claims, table, beside).where(same)
        with self._reading() as connection:
            keys = set(connection.execute(query).scalars())
            return read_remittances(connection, table.c.payment.in_(keys)) if keys else ()

    def payments_known(self) -> tuple[int, datetime | None]:
        """How many statements of payments were received, and when the last one was."""
        table = tables.remittances.c
        with self._reading() as connection:
            row = connection.execute(select(func.count(), func.max(table.received_at))).one()
        return row[0], row[1]

    def postings_of_case(self, case_id: int) -> tuple[InBatch, ...]:
        """What any batch posts of the claim, undone ones too, the oldest batch first."""
        lines, entries, batches = tables.postings, tables.entries, tables.batches
        account = _account(self.case(case_id).result.claim)
        items = self.items_of_case(case_id)
        sweeps = select(tables.items.c.sweep_id).where(tables.items.c.item_id.in_(items))
        asked = select(batches.c.batch_id).where(batches.c.run.in_(sweeps))
        own = entries.c.account.startswith(account, autoescape=True)
        ways = (
            and_(lines.c.batch_id.in_(asked), lines.c.item_id.in_(items)),
            lines.c.unit.in_(select(entries.c.unit).where(own)),
        )
        with self._reading() as connection:
            return _in_batches(connection, ways)

    def held_of_case(self, case_id: int, numbers: Sequence[str]) -> tuple[HeldBack, ...]:
        """What the sweeps of the case, and the batches that post of it, did not propose of the
        claim with one of these ``numbers`` of the payer's."""
        claim = self.case(case_id).result.claim
        runs = {one.batch_id for one in self.postings_of_case(case_id)}
        items, table = tables.items, tables.held
        sweeps = select(items.c.sweep_id).where(items.c.item_id.in_(self.items_of_case(case_id)))
        found: dict[str, HeldBack] = {}
        with self._reading() as connection:
            runs |= set(connection.execute(sweeps).scalars())
            for number in dict.fromkeys(filter(None, map(bare, numbers))):
                of_it = table.c.unit.contains(f"|{number}|", autoescape=True)
                query = select(table).where(table.c.run.in_(runs), of_it).order_by(table.c.unit)
                for row in connection.execute(query):
                    postings = tuple(read(POSTING, text) for text in row.postings.split("\n"))
                    if postings[0].claim_id == claim.claim_id:
                        found[row.unit] = HeldBack(row.unit, row.why, row.already, postings)
        return tuple(found.values())


def _account(claim: Claim) -> str:
    """How the accounts of this claim's postings begin: its number and first day of service."""
    return f"{bare(claim.claim_id)}|{claim.service_from}|"


def _in_batches(connection: Connection, ways: Iterable[ColumnElement[bool]]) -> tuple[InBatch, ...]:
    lines, batches, acts = tables.postings, tables.batches, tables.batch_acts
    now = and_(acts.c.batch_id == batches.c.batch_id, acts.c.state == batches.c.state)
    query = (
        select(lines, batches.c.state, batches.c.proposed_at, acts.c.by, acts.c.at)
        .join_from(lines, batches, batches.c.batch_id == lines.c.batch_id)
        .join(acts, now)
    )
    rows = {
        (row.proposed_at, row.batch_id, row.position): row
        for way in ways
        for row in connection.execute(query.where(way))
    }
    found: dict[str, InBatch] = {}
    for _, row in sorted(rows.items()):
        before = found.get(row.batch_id)
        held = (*(before.postings if before else ()), read(POSTING, row.posting))
        found[row.batch_id] = InBatch(row.batch_id, BatchState(row.state), row.by, row.at, held)
    return tuple(found.values())
