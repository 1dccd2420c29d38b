"""Claims while their story is being made up, before numbers and payments are given out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sandbox.adjudication import Decision, dollars, undecided
from sandbox.services import Service
from sandbox.world import PayerClaim, Person


@dataclass(slots=True)
class Bill:
    """What the practice billed; ``exported`` when it is still open in the biller's books."""

    patient: Person
    first_day: date
    last_day: date
    services: tuple[Service, ...]
    submitted: date
    last_billed: date
    exported: bool
    claim_id: str = ""

    @property
    def charge(self) -> Decimal:
        return dollars(sum(service.charge for service in self.services))


@dataclass(slots=True)
class Draft:
    """What the payer makes of a bill; ``decision`` and ``finalized`` are None until it decides."""

    bill: Bill
    received: date
    status: str
    note: str = ""
    remit_status: str | None = None
    decision: Decision | None = None
    finalized: date | None = None
    listed_under: str = ""  # the member id that finds it, if it is not the patient's own
    corrects: Draft | None = None
    corrected_by: Draft | None = None
    number: str = ""
    trace_number: str | None = None
    payment_date: date | None = None
    frozen: PayerClaim | None = field(default=None, repr=False)

    @property
    def member_id(self) -> str:
        return self.listed_under or self.bill.patient.member_id

    def freeze(self) -> PayerClaim:
        """The claim as the payer holds it."""
        if self.frozen is None:
            self.frozen = self._as_claim(self.decision)
        return self.frozen

    def as_reversal(self, decision: Decision, trace_number: str, day: date) -> PayerClaim:
        """The claim as the payment of ``day`` takes it back, ``decision`` being all negative."""
        bill = self.bill
        return PayerClaim(
            self.number,
            bill.claim_id,
            bill.patient,
            bill.first_day,
            bill.last_day,
            self.received,
            -bill.charge,
            self.status,
            self.note,
            "22",
            day,
            decision.allowed,
            decision.paid,
            decision.patient_responsibility,
            trace_number,
            day,
            decision.lines,
            decision.adjustments,
            self.corrected_by.number if self.corrected_by else None,
        )

    def _as_claim(self, decision: Decision | None) -> PayerClaim:
        bill = self.bill
        lines = decision.lines if decision else undecided(bill.services, bill.first_day)
        return PayerClaim(
            self.number,
            bill.claim_id,
            bill.patient,
            bill.first_day,
            bill.last_day,
            self.received,
            bill.charge,
            self.status,
            self.note,
            self.remit_status,
            self.finalized,
            decision.allowed if decision else None,
            decision.paid if decision else None,
            decision.patient_responsibility if decision else None,
            self.trace_number,
            self.payment_date,
            lines,
            decision.adjustments if decision else (),
            self.corrected_by.number if self.corrected_by else None,
        )


def days_after(day: date, days: int) -> date:
    """``day`` and so many days."""
    return day + timedelta(days=days)
