"""What one sweep found, as the frozen values that every output is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from billing.model import Claim, Conclusion, Outcome, Posting


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the sweep of an earlier ``business_date`` was the last to learn of a claim."""

    business_date: date
    conclusion: Conclusion


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """One claim of a sweep with its conclusion; ``seconds`` is the time spent in the portal.

    ``earlier`` is None for a claim that no sweep before this one had an answer to; ``first_asked``
    is the day of the first sweep that held it.
    """

    item_id: int
    claim: Claim
    conclusion: Conclusion
    attempts: int
    seconds: Decimal | None
    checked_at: datetime | None
    earlier: Earlier | None = None
    first_asked: date | None = None

    @property
    def changed(self) -> bool | None:
        """Whether the payer says otherwise than last time; None where one of both is unknown."""
        if self.earlier is None or self.conclusion.outcome is Outcome.NO_ANSWER:
            return None
        return _stated(self.conclusion) != _stated(self.earlier.conclusion)


def _stated(said: Conclusion) -> tuple[object, ...]:
    figures = said.paid, said.patient_responsibility, said.payment_date, said.reason_codes
    return said.outcome, said.status_words, said.payer_claim_number, said.trace_number, *figures


FURNITURE = {
    "blank row",
    "headings repeated",
    "subtotal row",
    "total row",
    "message row",
    "page footer row",
}
"""Why a row is refused that nobody meant as a claim or visit."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """An export row that is not a claim we can work on, and why, without patient data."""

    row: int
    why: str
    sheet: str | None = None

    @property
    def meant(self) -> bool:
        """Whether somebody may miss it."""
        return self.why not in FURNITURE


@dataclass(frozen=True, slots=True)
class PayerNote:
    """What happened to a payer's whole session: a system failure, never a finding."""

    payer: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """Where a portal no longer is as its profile says.

    ``wanted`` is the profile's first way to something, or a field. It was found by the ``nth``
    way, which is ``found_by``; nothing was found when that is None. ``evidence`` is the captured
    page that lacks it.
    """

    wanted: str
    found_by: str | None = None
    nth: int = 0
    evidence: str | None = None

    @property
    def points(self) -> int:
        """What it adds to the drift score: 1 while another way still leads there, 3 after that."""
        return 1 if self.found_by else 3


@dataclass(frozen=True, slots=True)
class DenialFamily:
    """Denials of one payer, reason and procedure that rise this week: one root cause.

    ``claims`` are this week's, of ``decided`` that the payer decided; ``before`` of
    ``decided_before`` were so denied in the weeks before. ``dollars`` is what is at stake on this
    week's; ``since`` is the first day of this week's rise, ``first_seen`` that of the family.
    ``procedure`` is None where no remittance names one. The rule: billing/denial_families.py.
    """

    payer: str
    reason: str
    procedure: str | None
    claims: tuple[str, ...]
    dollars: Decimal
    since: date
    first_seen: date
    decided: int
    before: int
    decided_before: int


@dataclass(frozen=True, slots=True)
class SweepReport:
    """Everything one sweep's outputs are made from. ``new_postings`` were first proposed by it;
    ``known_postings`` is how many of its proposals stand in other batches already;
    ``held_postings`` are not proposed: the first posting of each claim, and why in a sentence.
    ``families`` is None where there is no history to tell from."""

    sweep_id: str
    business_date: date
    started_at: datetime
    finished_at: datetime | None
    results: tuple[ClaimResult, ...]
    refused_rows: tuple[RefusedRow, ...]
    new_postings: tuple[Posting, ...]
    known_postings: int
    payer_notes: tuple[PayerNote, ...]
    drift: Mapping[str, tuple[Drift, ...]] = field(default_factory=dict)
    payer_names: Mapping[str, str] = field(default_factory=dict)
    families: tuple[DenialFamily, ...] | None = None
    held_postings: tuple[tuple[Posting, str], ...] = ()
