"""What is known beside the observations of a claim: from the payer's folder and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from billing.coverage import CoverageObservation
from billing.fee_schedule import FeeSchedule
from billing.model import Evidence, RemittedClaim
from billing.priority import Chance
from billing.recheck import Stays
from billing.report import Earlier


@dataclass(frozen=True, slots=True)
class PaidBefore:
    """A claim on any payment that was ever received, and where its paid amount stands."""

    trace: str
    payment_date: date
    claim: RemittedClaim
    place: Evidence | None


@dataclass(frozen=True, slots=True)
class Background:
    """The payer's contract prices, if its folder has any, and its own chances of success; what
    was answered about the claim before, and how long this payer's claims stay as they are;
    ``covers`` are the payer's eligibility answers about the patient, newest first, each with the
    day it was asked for; ``payments`` are those received that hold the payer's claim number."""

    fees: FeeSchedule | None = None
    chances: Mapping[str, Chance] = field(default_factory=dict)
    earlier: Earlier | None = None
    stays: Stays | None = None
    covers: tuple[tuple[CoverageObservation, date], ...] = ()
    payments: tuple[PaidBefore, ...] = ()
