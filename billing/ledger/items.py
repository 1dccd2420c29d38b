"""Work items: leased to one worker at a time, settled once, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from billing.ledger import tables
from billing.ledger.batches import post_of_sweep
from billing.ledger.database import AnyRow
from billing.ledger.decisions import keep_decisions
from billing.ledger.evidence import require_listed
from billing.ledger.leases import (
    Leases,
    close,
    close_unasked,
    give_back,
    settled_before,
    waiting,
)
from billing.ledger.patience import repeatable
from billing.ledger.remittances import entries_in_books
from billing.ledger.words import CLAIM, CONCLUSION, OBSERVATION, read, write
from billing.model import (
    Claim,
    Conclusion,
    Evidence,
    Found,
    Observation,
    Outcome,
    Posting,
    Reason,
    Remittance,
)

_STATES = {
    Outcome.NOT_FOUND: tables.NOT_FOUND,
    Outcome.NO_ANSWER: tables.NO_ANSWER,
    Outcome.SEVERAL_MATCHES: tables.NO_ANSWER,
    Outcome.WRONG_PATIENT: tables.NO_ANSWER,
}
_REASONS = {
    Outcome.SEVERAL_MATCHES: Reason.SEVERAL_MATCHES,
    Outcome.WRONG_PATIENT: Reason.WRONG_PATIENT,
}
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A leased claim. ``fence`` is this lease's number; settling needs it. ``attempts`` counts
    this one."""

    item_id: int
    claim: Claim
    attempts: int
    fence: int


class Work(Leases):
    """Leasing and settling items."""

    def lease_item(
        self, sweep_id: str, payer: str, owner: str, *, seconds: int, now: datetime | None = None
    ) -> WorkItem | None:
        """Lease one claim of this payer for so many seconds; None when there is none to take.

        The claim asked least often comes first, then the oldest. A lease that has run out by the
        ledger's one clock (or at ``now``), or whose owner is a dead process of this host, is up
        for taking again.
        """
        return self._lease(tables.items, sweep_id, payer, owner, _leased, seconds=seconds, now=now)

    @repeatable
    def waiting_days(self, sweep_id: str, payer: str) -> Counter[date]:
        """How many claims of each first day of service have no result yet, whoever holds them."""
        table, days = tables.items, Counter[date]()
        mine = (table.c.sweep_id == sweep_id, table.c.payer == payer)
        unsettled = table.c.state.in_((tables.PENDING, tables.LEASED))
        with self._reading() as connection:
            for text in connection.execute(select(table.c.claim).where(*mine, unsettled)).scalars():
                day = read(CLAIM, text).service_from
                if day is not None:
                    days[day] += 1
        return days

    @repeatable
    def settle(
        self,
        item_id: int,
        fence: int,
        *,
        observations: Sequence[Observation],
        conclusion: Conclusion,
        postings: Sequence[Posting],
        seconds: Decimal,
        at: datetime,
    ) -> bool:
        """Commit a claim's observations, conclusion and proposed postings together.

        False, and nothing written, when the lease was lost: another worker has the item or has
        settled it. A posting that stands in any batch is not proposed again. Raises
        EvidenceMissing when something rests on bytes that are not stored. ``seconds`` is the
        time spent in the portal.
        """
        hashes = hashes_of(observations, conclusion, postings)
        with self._writing() as connection:
            sweep_id = close(connection, tables.items, item_id, fence, **closed_as(conclusion))
            if sweep_id is None:
                return settled_before(connection, tables.conclusions, item_id, fence)
            require_listed(connection, hashes)
            key = {"item_id": item_id, "fence": fence}
            _insert_observations(connection, key, observations)
            connection.execute(
                tables.conclusions.insert(),
                {
                    **key,
                    "conclusion": write(CONCLUSION, conclusion),
                    "seconds": seconds,
                    "concluded_at": at,
                },
            )
            if hashes:
                rows = [{**key, "sha256": sha256} for sha256 in sorted(hashes)]
                connection.execute(tables.rests_on.insert(), rows)
            keep_decisions(connection, {item_id: conclusion})
            entries, held = entries_in_books(connection, postings)
            post_of_sweep(connection, sweep_id, item_id, entries, held, at)
        return True

    @repeatable
    def give_back(self, item_id: int, fence: int) -> bool:
        """Return a leased item unasked or unanswered; False when the lease was lost already."""
        with self._writing() as connection:
            return give_back(connection, tables.items, item_id, fence)

    def conclude_unasked(
        self,
        sweep_id: str,
        payer: str | None,
        conclusion_for: Callable[[Claim], Conclusion],
        at: datetime,
        *,
        now: datetime | None = None,
    ) -> int:
        """Settle every waiting item of a payer that no bot may ask; returns how many.

        ``payer`` None means the claims that no profile knows a payer for. Items that a live
        worker holds (at ``now``, or by the ledger's one clock) are left to it. ``conclusion_for``
        must not use the ledger.
        """
        concluded = 0
        while some := self._conclude_some(sweep_id, payer, conclusion_for, at, now):
            concluded += some
        return concluded

    @repeatable
    def _conclude_some(
        self,
        sweep_id: str,
        payer: str | None,
        conclusion_for: Callable[[Claim], Conclusion],
        at: datetime,
        now: datetime | None,
    ) -> int:
        with self._writing() as connection:
            closing, concluded, resting = [], [], []
            said: dict[int, Conclusion] = {}
            hashes: set[str] = set()
            for row in waiting(connection, tables.items, sweep_id, payer, now, _CHUNK):
                conclusion = conclusion_for(read(CLAIM, row.claim))
                key = {"item_id": row.item_id, "fence": row.fence + 1}
                closing.append({"id": row.item_id, **closed_as(conclusion)})
                said[row.item_id], text = conclusion, write(CONCLUSION, conclusion)
                concluded.append({**key, "conclusion": text, "concluded_at": at})
                rests = hashes_of((), conclusion, ())
                resting += [{**key, "sha256": sha256} for sha256 in sorted(rests)]
                hashes |= rests
            require_listed(connection, hashes)
            if closing:
                close_unasked(connection, tables.items, closing)
                connection.execute(tables.conclusions.insert(), concluded)
                keep_decisions(connection, said)
            if resting:
                connection.execute(tables.rests_on.insert(), resting)
        return len(closing)


def _leased(row: AnyRow) -> WorkItem:
    return WorkItem(row.item_id, read(CLAIM, row.claim), row.attempts + 1, row.fence + 1)


def closed_as(conclusion: Conclusion) -> dict[str, str | None]:
    """The state of an item with this conclusion, and why it has no answer."""
    return {
        "state": _STATES.get(conclusion.outcome, tables.ANSWERED),
        "no_answer": _REASONS.get(conclusion.outcome, conclusion.no_answer),
    }


def _insert_observations(
    connection: Connection, key: dict[str, int], observations: Sequence[Observation]
) -> None:
    if observations:
        connection.execute(
            tables.observations.insert(),
            [
                {
                    **key,
                    "position": position,
                    "observed_at": observation.observed_at,
                    "observation": write(OBSERVATION, observation),
                }
                for position, observation in enumerate(observations)
            ],
        )


def hashes_of(
    observations: Sequence[Observation], conclusion: Conclusion, postings: Sequence[Posting]
) -> set[str]:
    """Every stored byte string that a result rests on."""
    found = set(conclusion.evidence)
    places: list[Mapping[str, Evidence]] = [conclusion.places]
    for observation in observations:
        found.update(observation.captures)
        places.append(observation.places)
        match observation.answer:
            case Found(Remittance() as remittance):
                places.append(remittance.places)
    single = [p.evidence for p in postings if p.evidence is not None]
    for evidence in [*single, *(e for place in places for e in place.values())]:
        found.add(evidence.sha256)
        if evidence.image is not None:
            found.add(evidence.image)
    return found
