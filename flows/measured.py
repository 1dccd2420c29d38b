"""What sweeps, sessions and questions cost and came to, told to the journal as they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from billing.ledger import Ledger, Progress
from billing.model import Reason
from bots.portal.capture import Keep
from bots.portal.session import PortalSession
from flows.journal import log, sentence_of, type_of

Of = Literal["claim", "visit"]


@dataclass(slots=True)
class Question:
    """One item's question in the making: when it began, and what it has cost so far.

    ``session`` is the portal session that is asked; None where the item is closed without one.
    """

    sweep_id: str
    payer: str
    of: Of
    store: Keep
    session: PortalSession | None = None
    _began: float = 0.0
    _waited: float = 0.0
    _bytes: int = 0

    def begin(self) -> None:
        """The next item is asked about from now on."""
        self._began, self._bytes = monotonic(), 0
        self._waited = self._waited_so_far()

    def keep(self, data: bytes, media_type: str) -> str:
        """Store a capture, counted."""
        self._bytes += len(data)
        return self.store(data, media_type)

    def settled(self, item: int, tries: int, outcome: str, seconds: float, ledger: float) -> None:
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
            portal_seconds=max(0.0, self._waited_so_far() - self._waited),
            ledger_seconds=ledger,
            evidence_bytes=self._bytes,
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
