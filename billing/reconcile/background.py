"""What is known beside the observations of a claim: from the payer's folder and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from billing.acknowledgement import Acceptance
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
    """What is known of one claim and its payer.

    ``fees`` are the payer's contract prices, ``chances`` its own chances of success by kind of
    finding; ``earlier`` is what was answered about the claim before, ``stays`` how long this
    payer's claims stay as they are; ``covers`` are its eligibility answers about the patient,
    newest first, each with the day it was asked for; ``payments`` are those received that hold the
    payer's claim number; ``accepted`` is the earliest report that took the claim on receipt, with
    the hash of its file.
    """

    fees: FeeSchedule | None = None
    chances: Mapping[str, Chance] = field(default_factory=dict)
    earlier: Earlier | None = None
    stays: Stays | None = None
    covers: tuple[tuple[CoverageObservation, date], ...] = ()
    payments: tuple[PaidBefore, ...] = ()
    accepted: tuple[Acceptance, str] | None = None
