"""What a check of the ledger found is remembered as an alert, until a check finds nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from billing.alerts import Signal
from billing.ledger import Ledger, LedgerError

UNSOUND = "unsound"


def remember_check(ledger: Ledger, what: Literal["ledger", "audit"], problems: int) -> None:
    """Remember how many problems a check of ``what`` found; a ledger that cannot take it, does
    not."""
    with suppress(LedgerError):
        if problems:
            said = f"A check of the {what} found {problems} problem{'s' * (problems > 1)}."
            ledger.signal(Signal(UNSOUND, what, said), datetime.now(UTC))
        else:
            ledger.unsignal(UNSOUND, what)
