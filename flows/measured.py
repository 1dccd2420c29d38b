"""What sweeps, sessions and questions cost and came to, told to the journal as they end."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

from billing.ledger import Ledger, Progress
from billing.model import Reason
from bots.portal.capture import Keep
from bots.portal.session import PortalSession
from flows.journal import log, sentence_of, type_of

Of = Literal["claim", "visit"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question cost: seconds that the portal was waited for, bytes of evidence."""

    portal_seconds: float
    evidence_bytes: int


@dataclass(slots=True)
class Question:
    """One item's question in the making: its captures, and what it has cost so far.

    What is kept is stored by a thread of its own while the portal is waited for. ``session`` is
    the portal session that is asked; None where the item is closed without one.
    """

    sweep_id: str
    payer: str
    of: Of
    store: Keep
    session: PortalSession | None = None
    _storing: list[Future[str]] = field(init=False, default_factory=list)
    _storer: ThreadPoolExecutor = field(
        init=False, default_factory=lambda: ThreadPoolExecutor(1, "evidence")
    )
    _waited: float = 0.0
    _bytes: int = 0

    def begin(self) -> None:
        """The next item is asked about from now on."""
        self._bytes, self._waited = 0, self._waited_so_far()

    def keep(self, data: bytes, media_type: str) -> str:
        """Have a capture stored, counted; its hash. It is stored once :meth:`stored` is over."""
        self._bytes += len(data)
        self._storing.append(self._storer.submit(self.store, data, media_type))
        return hashlib.sha256(data).hexdigest()

    async def stored(self) -> None:
        """Wait until all that was kept is stored. Raises what storing raised."""
        storing, self._storing = self._storing, []
        for one in storing:
            await asyncio.wrap_future(one)

    def cost(self) -> Cost:
        """What the question has cost since it began."""
        return Cost(max(0.0, self._waited_so_far() - self._waited), self._bytes)

    def settled(
        self, item: int, tries: int, outcome: str, seconds: float, ledger: float, cost: Cost
    ) -> None:
        """The item has its result, after so many seconds, the last ones the ledger's."""
        log(
            "item_settled",
            sweep=self.sweep_id,
            payer=self.payer,
            of=self.of,
            item=item,
            tries=tries,
            outcome=outcome,
            seconds=seconds,
            portal_seconds=cost.portal_seconds,
            ledger_seconds=ledger,
            evidence_bytes=cost.evidence_bytes,
        )

    def postponed(
        self, item: int, tries: int, reason: Reason | None, error: Exception | None = None
    ) -> None:
        """The item is to be asked about again."""
        log(
            "item_postponed",
            sweep=self.sweep_id,
            payer=self.payer,
            of=self.of,
            item=item,
            tries=tries,
            reason=reason,
            type=type_of(error),
        )

    def _waited_so_far(self) -> float:
        return 0.0 if self.session is None else self.session.traffic.owed_seconds


@contextmanager
def sweep_told(ledger: Ledger, sweep_id: str) -> Iterator[None]:
    """Tell that the sweep began or goes on, and how it ended."""
    began, before = monotonic(), ledger.progress(sweep_id)
    of = "visits" if ledger.holds_visits(sweep_id) else "claims"
    log("sweep_begun", sweep=sweep_id, of=of, resumed=before.settled > 0, items=before.unsettled)
    try:
        yield
    except BaseException as error:
        spent = monotonic() - began
        log("sweep_failed", sweep=sweep_id, of=of, seconds=spent, type=type_of(error))
        raise
    after = ledger.progress(sweep_id)
    log(
        "sweep_ended",
        sweep=sweep_id,
        of=of,
        seconds=monotonic() - began,
        answered=after.answered,
        not_found=after.not_found,
        no_answer=after.no_answer,
        waiting=after.unsettled,
    )


def progress_told(ledger: Ledger, sweep_id: str, now: Progress) -> None:
    """Tell how far the sweep is."""
    log(
        "sweep_progress",
        sweep=sweep_id,
        of="visits" if ledger.holds_visits(sweep_id) else "claims",
        answered=now.answered,
        not_found=now.not_found,
        no_answer=now.no_answer,
        waiting=now.unsettled,
    )


@contextmanager
def session_told(sweep_id: str, payer: str, owner: str) -> Iterator[None]:
    """Tell that a payer's session is tried, and why it ended where it did not go to its end."""
    began, end = monotonic(), None
    log("session_begun", sweep=sweep_id or None, payer=payer, owner=owner)
    try:
        yield
    except BaseException as error:
        end = error
        raise
    finally:
        log(
            "session_ended",
            sweep=sweep_id or None,
            payer=payer,
            owner=owner,
            seconds=monotonic() - began,
            type=type_of(end),
            sentence=sentence_of(end),
        )
