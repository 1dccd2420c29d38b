"""Work items: leased to one worker at a time, settled once, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, bindparam, select, update

from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.evidence import require_listed
from billing.ledger.owners import owner_is_dead
from billing.ledger.words import CLAIM, CONCLUSION, OBSERVATION, POSTING, read, write
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


class Work(Database):
    """Leasing and settling items."""

    def lease_item(
        self, sweep_id: str, payer: str, owner: str, *, seconds: int, now: datetime
    ) -> WorkItem | None:
        """Lease one claim of this payer for so many seconds; None when there is none to take.

        The claim asked least often comes first, then the oldest. A lease that has run out, or
        whose owner is a dead process of this host, is up for taking again.
        """
        items = tables.items.c
        with self._writing() as connection:
            while row := _next(connection, sweep_id, payer, now):
                taken = connection.execute(
                    update(tables.items)
                    .where(
                        items.item_id == row.item_id,
                        items.fence == row.fence,
                        items.state == row.state,
                    )
                    .values(
                        state=tables.LEASED,
                        attempts=items.attempts + 1,
                        fence=items.fence + 1,
                        owner=owner,
                        leased_until=now + timedelta(seconds=seconds),
                    )
                ).rowcount
                if taken:
                    claim = read(CLAIM, row.claim)
                    return WorkItem(row.item_id, claim, row.attempts + 1, row.fence + 1)
        return None

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
        settled it. A posting that any sweep proposed before is kept as it was. Raises
        EvidenceMissing when something rests on bytes that are not stored. ``seconds`` is the
        time spent in the portal.
        """
        hashes = _hashes(observations, conclusion, postings)
        with self._writing() as connection:
            sweep_id = self._close_item(connection, item_id, fence, conclusion)
            if sweep_id is None:
                return False
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
            mine = {"sweep_id": sweep_id, "item_id": item_id}
            self._insert_or_keep(
                connection,
                tables.postings,
                [{**mine, "key": p.key, "posting": write(POSTING, p)} for p in postings],
            )
            self._insert_or_keep(
                connection, tables.proposals, [{**mine, "key": p.key} for p in postings]
            )
        return True

    def give_back(self, item_id: int, fence: int) -> bool:
        """Return a leased item unasked or unanswered; False when the lease was lost already."""
        items = tables.items.c
        with self._writing() as connection:
            given = connection.execute(
                update(tables.items)
                .where(
                    items.item_id == item_id,
                    items.fence == fence,
                    items.state == tables.LEASED,
                )
                .values(state=tables.PENDING, owner=None, leased_until=None)
            ).rowcount
        return bool(given)

    def conclude_unasked(
        self,
        sweep_id: str,
        payer: str | None,
        conclusion_for: Callable[[Claim], Conclusion],
        at: datetime,
    ) -> int:
        """Settle every waiting item of a payer that no bot may ask; returns how many.

        ``payer`` None means the claims that no profile knows a payer for. Items that a live
        worker holds are left to it. ``conclusion_for`` must not use the ledger.
        """
        concluded = 0
        while some := self._conclude_some(sweep_id, payer, conclusion_for, at):
            concluded += some
        return concluded

    def _conclude_some(
        self,
        sweep_id: str,
        payer: str | None,
        conclusion_for: Callable[[Claim], Conclusion],
        at: datetime,
    ) -> int:
        items = tables.items.c
        with self._writing() as connection:
            closing, concluded, resting = [], [], []
            hashes: set[str] = set()
            for row in _waiting(connection, sweep_id, payer, at, _CHUNK):
                conclusion = conclusion_for(read(CLAIM, row.claim))
                key = {"item_id": row.item_id, "fence": row.fence + 1}
                closing.append({"id": row.item_id, **_closed(conclusion)})
                text = write(CONCLUSION, conclusion)
                concluded.append({**key, "conclusion": text, "concluded_at": at})
                rests = _hashes((), conclusion, ())
                resting += [{**key, "sha256": sha256} for sha256 in sorted(rests)]
                hashes |= rests
            require_listed(connection, hashes)
            if closing:
                connection.execute(
                    update(tables.items)
                    .where(items.item_id == bindparam("id"))
                    .values(
                        fence=items.fence + 1,
                        state=bindparam("state"),
                        no_answer=bindparam("no_answer"),
                        owner=None,
                        leased_until=None,
                    ),
                    closing,
                )
                connection.execute(tables.conclusions.insert(), concluded)
            if resting:
                connection.execute(tables.rests_on.insert(), resting)
        return len(closing)

    def _close_item(
        self, connection: Connection, item_id: int, fence: int, conclusion: Conclusion
    ) -> str | None:
        """Close the item if this fence still holds it; its sweep's id, or None."""
        items = tables.items.c
        return connection.execute(
            update(tables.items)
            .where(items.item_id == item_id, items.fence == fence, items.state == tables.LEASED)
            .values(owner=None, leased_until=None, **_closed(conclusion))
            .returning(items.sweep_id)
        ).scalar()


def _closed(conclusion: Conclusion) -> dict[str, str | None]:
    return {
        "state": _STATES.get(conclusion.outcome, tables.ANSWERED),
        "no_answer": _REASONS.get(conclusion.outcome, conclusion.no_answer),
    }


def _next(connection: Connection, sweep_id: str, payer: str, now: datetime) -> AnyRow | None:
    waiting = _waiting(connection, sweep_id, payer, now, 1)
    return min(waiting, key=lambda row: (row.attempts, row.item_id), default=None)


def _waiting(
    connection: Connection, sweep_id: str, payer: str | None, now: datetime, limit: int
) -> list[AnyRow]:
    """Pending items, at most ``limit``, and every item whose lease nobody living holds."""
    items = tables.items.c
    mine = select(tables.items).where(
        items.sweep_id == sweep_id, items.payer.is_not_distinct_from(payer)
    )
    pending = (
        mine.where(items.state == tables.PENDING)
        .order_by(items.attempts, items.item_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leased = mine.where(items.state == tables.LEASED).with_for_update(skip_locked=True)
    lost = [
        row
        for row in connection.execute(leased)
        if row.leased_until <= now or owner_is_dead(row.owner)
    ]
    return [*connection.execute(pending), *lost]


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


def _hashes(
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
