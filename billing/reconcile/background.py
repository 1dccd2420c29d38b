"""What is known beside the observations of a claim: from the payer's folder and the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from billing.fee_schedule import FeeSchedule


@dataclass(frozen=True, slots=True)
class Background:
    """The payer's contract prices, if its folder has any."""

    fees: FeeSchedule | None = None
