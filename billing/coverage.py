"""Eligibility in the field's words: a visit, what the payer grants for it, and what came of asking.

Money is ``Decimal`` dollars, a coinsurance is a ``Decimal`` fraction from 0 to 1 (271 EB08: 0.2 is
20 per cent), dates are ``date``, instants aware UTC ``datetime``. Types that hold a patient show
only their key in ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from billing.model import Answer, Evidence, Reason, SourceRow
from billing.report import Drift, PayerNote, RefusedRow

GENERAL = "30"
"""The 271 service type (EB03) of the plan as a whole; what is asked when a visit names none."""


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """One row of a schedule: who comes when, and under which cover.

    ``payer`` is the profile's id, or None while no profile claims ``payer_name``.
    ``service_type`` is a 271 EB03 code; ``at`` is the practice's own time of day.
    """

    day: date
    payer: str | None
    payer_name: str
    member_id: str
    patient_last: str
    patient_first: str
    date_of_birth: date
    source: SourceRow
    service_type: str = GENERAL
    at: time | None = None
    provider_npi: str | None = None

    def __repr__(self) -> str:
        return f"Visit(row {self.source.row})"


class Network(StrEnum):
    """Whose price a benefit is: of the payer's own providers, or of others."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Benefit:
    """What a plan grants for one service type, in or out of the network; unstated is None.

    ``service_type`` is the 271 EB03 code that the profile gives the payer's own ``words``; None
    when the profile does not know them.
    """

    words: str
    service_type: str | None
    network: Network
    covered: bool | None = None
    copay: Decimal | None = None
    coinsurance: Decimal | None = None
    deductible: Decimal | None = None
    deductible_remaining: Decimal | None = None
    out_of_pocket: Decimal | None = None
    out_of_pocket_remaining: Decimal | None = None
    authorization_required: bool | None = None
    referral_required: bool | None = None


@dataclass(frozen=True, slots=True, repr=False)
class OtherPayer:
    """Another insurer that the payer knows of; ``primary`` is None while its turn is not said."""

    name: str
    member_id: str | None = None
    primary: bool | None = None

    def __repr__(self) -> str:
        return f"OtherPayer({self.name!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Coverage:
    """What a payer says of one member on one day (the content of a 271).

    ``active`` is what the profile makes of the payer's own ``words``, None when it does not know
    them. ``unknown_words`` are the payer's other words that the profile does not translate.
    """

    words: str
    active: bool | None
    member_id: str | None = None
    date_of_birth: date | None = None
    patient_last: str | None = None
    patient_first: str | None = None
    plan: str | None = None
    begins: date | None = None
    ends: date | None = None
    benefits: tuple[Benefit, ...] = ()
    other_payers: tuple[OtherPayer, ...] = ()
    note: str | None = None
    unknown_words: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Coverage({self.words!r}, {self.plan!r})"

    def benefit(self, service_type: str, network: Network) -> Benefit | None:
        """The benefit of that service type and network, if the payer states one."""
        same = (b for b in self.benefits if b.service_type == service_type)
        return next((b for b in same if b.network is network), None)


@dataclass(frozen=True, slots=True)
class CoverageObservation:
    """What a portal said of one visit's cover at one instant. Immutable.

    ``captures`` are the hashes of all bytes it rests on, in the order they were taken; ``places``
    gives each figure's evidence by its path: ``plan``, ``benefits[2].copay``. ``search`` is what
    the search came to, in the profile's word for it; None where it came to nothing known.
    """

    observed_at: datetime
    answer: Answer[Coverage]
    captures: tuple[str, ...]
    places: Mapping[str, Evidence] = field(default_factory=dict)
    search: str | None = None


class VisitOutcome(StrEnum):
    """What was learned of a visit's cover, in the words of the report."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNCLEAR = "unclear"
    NOT_FOUND = "not_found"
    WRONG_PATIENT = "wrong_patient"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class VisitFinding:
    """Something that the front desk should know or do before the visit.

    ``kind`` is a key of :data:`billing.visit_steps.STEPS`; ``why`` is one sentence without patient
    data; ``due`` is the day by which ``next_action`` serves the visit.
    """

    kind: str
    why: str
    next_action: str
    due: date
    needs_person: bool


@dataclass(frozen=True, slots=True, repr=False)
class VisitConclusion:
    """One visit's result: the most pressing finding first, and the cover it rests on.

    ``coverage`` is None unless the payer answered about this very person. ``as_of`` is when the
    payer said so, which is earlier than the check where a kept answer served.
    """

    outcome: VisitOutcome
    findings: tuple[VisitFinding, ...]
    as_of: datetime | None
    coverage: Coverage | None = None
    kept: bool = False
    evidence: tuple[str, ...] = ()
    places: Mapping[str, Evidence] = field(default_factory=dict)
    no_answer: Reason | None = None
    detail: str | None = None

    def __repr__(self) -> str:
        return f"VisitConclusion({self.outcome.value})"


@dataclass(frozen=True, slots=True)
class VisitResult:
    """One visit of a schedule with its conclusion; ``seconds`` is the time spent in the portal."""

    item_id: int
    visit: Visit
    conclusion: VisitConclusion
    attempts: int
    seconds: Decimal | None
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class EligibilityReport:
    """Everything that one schedule's outputs are made from; ``drift`` is by payer."""

    sweep_id: str
    business_date: date
    started_at: datetime
    finished_at: datetime | None
    results: tuple[VisitResult, ...]
    refused_rows: tuple[RefusedRow, ...]
    payer_notes: tuple[PayerNote, ...]
    drift: Mapping[str, tuple[Drift, ...]] = field(default_factory=dict)
    payer_names: Mapping[str, str] = field(default_factory=dict)
