"""What earlier sweeps knew of a claim, and how long a payer's claims stay as they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.decisions import keep_decisions
from billing.ledger.evidence import require_listed
from billing.ledger.items import closed_as, hashes_of
from billing.ledger.leases import close_unasked
from billing.ledger.sweeps import FINAL
from billing.ledger.words import (
    CLAIM,
    CONCLUSION,
    REMITTANCE,
    REMITTED_CLAIM,
    read,
    read_places,
    write,
)
from billing.model import Claim, Conclusion
from billing.received_payments import bare
from billing.recheck import LastAnswer
from billing.reconcile.background import PaidBefore
from billing.report import Earlier

MOST_STAYS = 1000
"""The newest changes of a payer's claims that its cycle is learned from."""


class History(Database):
    """Reading what is known from before; and leaving a claim as it is known."""

    def stays(self, payer: str) -> dict[str, tuple[int, ...]]:
        """By state the days that this payer's claims were seen in it before they changed."""
        items, said = tables.items, tables.conclusions
        query = (
            select(said.c.conclusion)
            .join_from(items, said, said.c.item_id == items.c.item_id)
            .where(items.c.payer == payer, said.c.conclusion.like('%"ended":{"state":%'))
            .order_by(said.c.concluded_at.desc(), said.c.item_id)
            .limit(MOST_STAYS)
        )
        found: defaultdict[str, list[int]] = defaultdict(list)
        with self._reading() as connection:
            for text in connection.execute(query).scalars():
                ended = json.loads(text)["ended"]
                found[ended["state"]].append(ended["days"])
        return {state: tuple(days) for state, days in found.items()}

    def earlier_answer(self, item_id: int) -> Earlier | None:
        """The last answer that a sweep begun before this item's got for the same claim."""
        with self._reading() as connection:
            row = next(last_answers(connection, tables.items.c.item_id == item_id), None)
        return None if row is None else earlier_of(row)

    def paid_before(self, payer: str, payer_claim_number: str) -> tuple[PaidBefore, ...]:
        """What every payment received from this payer says of the claim with its number."""
        table, claims = tables.remittances, tables.remitted_claims
        beside = and_(claims.c.sha256 == table.c.sha256, claims.c.position == table.c.position)
        query = (
            select(table.c.remittance, table.c.payment_date, claims)
            .join_from(claims, table, beside)
            .where(
                claims.c.number == bare(payer_claim_number),
                table.c.payer == payer,
                table.c.unbalanced == "",
            )
            .order_by(table.c.received_at, table.c.sha256, table.c.position, claims.c.nth)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        found = []
        for row in rows:
            claim = read(REMITTED_CLAIM, row.claim)
            place = read_places(row.places, row.sha256, claim).get(".paid")
            trace = read(REMITTANCE, row.remittance).trace_number
            found.append(PaidBefore(trace, row.payment_date, claim, place))
        return tuple(found)

    def leave_as_known(
        self,
        sweep_id: str,
        payer: str,
        conclusion_for: Callable[[Claim, LastAnswer], Conclusion | None],
    ) -> int:
        """Settle the payer's pending items that ``conclusion_for`` gives a conclusion from before.

        The others stay pending. The instant of the check stays the earlier one's. Returns how many
        were settled. ``conclusion_for`` must not use the ledger.
        """
        items = tables.items.c
        mine = and_(items.sweep_id == sweep_id, items.payer == payer, items.state == tables.PENDING)
        with self._writing() as connection:
            kept: list[tuple[AnyRow, Conclusion]] = []
            for row in list(last_answers(connection, mine)):
                last = LastAnswer(read(CLAIM, row.claim_then), earlier_of(row))
                conclusion = conclusion_for(read(CLAIM, row.claim), last)
                if conclusion is not None:
                    kept.append((row, conclusion))
            _settle(connection, kept)
        return len(kept)


def _settle(connection: Connection, kept: Sequence[tuple[AnyRow, Conclusion]]) -> None:
    if not kept:
        return
    closing, concluded, resting = [], [], []
    for row, conclusion in kept:
        key = {"item_id": row.item_id, "fence": row.fence_now + 1}
        closing.append({"id": row.item_id, **closed_as(conclusion)})
        concluded.append(
            {
                **key,
                "conclusion": write(CONCLUSION, conclusion),
                "concluded_at": row.concluded_at,
            }
        )
        resting += [{**key, "sha256": one} for one in sorted(hashes_of((), conclusion, ()))]
    require_listed(connection, {one["sha256"] for one in resting})
    close_unasked(connection, tables.items, closing)
    connection.execute(tables.conclusions.insert(), concluded)
    keep_decisions(connection, {row.item_id: conclusion for row, conclusion in kept})
    if resting:
        connection.execute(tables.rests_on.insert(), resting)


def earlier_of(row: AnyRow) -> Earlier:
    return Earlier(row.business_date, read(CONCLUSION, row.conclusion))


def last_answers(connection: Connection, which: ColumnElement[bool]) -> Iterator[AnyRow]:
    """Of each of ``which`` items the newest answer that was asked for before its sweep."""
    items, before = tables.items, tables.items.alias("before")
    this, sweeps, said = tables.sweeps.alias("this"), tables.sweeps, tables.conclusions
    newest_first = (sweeps.c.started_at.desc(), before.c.item_id.desc())
    ranked = (
        select(
            items.c.item_id,
            items.c.claim,
            items.c.fence.label("fence_now"),
            before.c.item_id.label("before_id"),
            before.c.fence,
            before.c.claim.label("claim_then"),
            sweeps.c.business_date,
            func.row_number()
            .over(partition_by=items.c.item_id, order_by=newest_first)
            .label("place"),
        )
        .join_from(items, this, items.c.sweep_id == this.c.sweep_id)
        .join(before, and_(before.c.claim_id == items.c.claim_id, before.c.payer == items.c.payer))
        .join(sweeps, sweeps.c.sweep_id == before.c.sweep_id)
        .where(
            which,
            before.c.attempts > 0,  # else it was left as it was known, unasked
            sweeps.c.started_at < this.c.started_at,
            or_(
                before.c.state.in_((tables.ANSWERED, tables.NOT_FOUND)),
                before.c.no_answer.in_(FINAL),
            ),
        )
        .subquery()
    )
    query = select(
        ranked.c.item_id,
        ranked.c.claim,
        ranked.c.fence_now,
        ranked.c.claim_then,
        ranked.c.business_date,
        said.c.conclusion,
        said.c.concluded_at,
    ).join_from(
        ranked,
        said,
        and_(said.c.item_id == ranked.c.before_id, said.c.fence == ranked.c.fence),
    )
    yield from connection.execute(query.where(ranked.c.place == 1))
