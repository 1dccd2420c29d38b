"""Finished sweeps are taken up beside the pages, so that none of them waits for a large one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date

from billing.errors import ClaimsweepError
from billing.ledger import Ledger

AT_ONCE = 150
"""So many results are taken up while a page waits: a check that somebody just made."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far taking up has come: ``done`` of ``whole``; ``wrong`` says why it ended early."""

    done: int
    whole: int
    wrong: str | None = None


class CatchingUp:
    """Takes up what sweeps left in one ledger; one thread at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._done = self._whole = 0
        self._wrong: str | None = None

    def look(self, today: date) -> Progress | None:
        """Take up what waits, at once where it is little; None when nothing waits any more.

        After a failure the sentence is told once, and then it is tried again.
        """
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return Progress(self._done, self._whole)
            if self._wrong is not None:
                told, self._wrong = Progress(self._done, self._whole, self._wrong), None
                return told
            waiting = self._ledger.untaken(today)
            if not waiting:
                return None
            self._done, self._whole = 0, waiting
            if waiting <= AT_ONCE:
                self._take_up(today)
                return None
            self._thread = threading.Thread(
                target=self._take_up, args=(today,), name="taking up", daemon=True
            )
            self._thread.start()
            return Progress(0, waiting)

    def _take_up(self, today: date) -> None:
        try:
            self._ledger.take_up(today, self._count)
        except ClaimsweepError as error:
            self._wrong = str(error)

    def _count(self, more: int) -> None:
        self._done += more
