"""What is known beside the observations of a claim: from the payer's folder and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.fee_schedule import FeeSchedule
from billing.priority import Chance
from billing.recheck import Stays
from billing.report import Earlier


@dataclass(frozen=True, slots=True)
class Background:
    """The payer's contract prices, if its folder has any, and its own chances of success; what
    was answered about the claim before, and how long this payer's claims stay as they are."""

    fees: FeeSchedule | None = None
    chances: Mapping[str, Chance] = field(default_factory=dict)
    earlier: Earlier | None = None
    stays: Stays | None = None
