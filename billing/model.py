"""The words of the field as frozen values: claim, status, remittance, evidence, observation.

Money is ``Decimal`` dollars, dates are ``date``, instants are aware UTC ``datetime``.
Types that hold a patient show only their key in ``repr``, so that no log or exception text
can leak one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Content-addressed bytes and the place in them where a value stood.

    ``sha256`` names the stored bytes that were read. ``where`` says the place in words
    ("row 2, Paid", "definition Paid amount"). ``page`` and ``box`` (left, top, right, bottom:
    PDF points on that page, or CSS pixels on the screenshot ``image``) say it for the eye.
    """

    sha256: str
    where: str
    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """The export row a claim came from: hash of the export's bytes, sheet if any, 1-based row."""

    export_sha256: str
    row: int
    sheet: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """One row of the biller's work.

    ``claim_id`` is the patient control number exactly as the export spells it. ``payer`` is the
    profile's id, or None while no profile claims ``payer_name``. ``insurance_paid`` is what the
    billing system has posted of insurance payments (dollars, positive for money received),
    ``owner`` whose work the row is, ``contract`` the plan or contract its fee schedule goes by;
    what an export has no column or value for is None.
    """

    claim_id: str
    payer: str | None
    payer_name: str
    member_id: str
    patient_last: str
    patient_first: str
    date_of_birth: date | None
    service_from: date
    service_to: date
    billed: Decimal
    balance: Decimal
    source: SourceRow
    payer_claim_number: str | None = None
    provider_npi: str | None = None
    provider_tin: str | None = None
    submitted: date | None = None
    last_billed: date | None = None
    secondary_payer: str | None = None
    authorization_number: str | None = None
    insurance_paid: Decimal | None = None
    owner: str | None = None
    contract: str | None = None

    def __repr__(self) -> str:
        return f"Claim({self.claim_id!r})"


@dataclass(frozen=True, slots=True, repr=False)
class ClaimStatus:
    """What a portal said of one claim.

    ``category`` is the 277 claim status category (ECL 507) that the profile's vocabulary gives
    the payer's own ``words``; None when the phrase is not in the vocabulary. ``reason_codes``
    are "GROUP-CARC" ("CO-45"). Money the payer has not stated is None.
    """

    words: str
    category: str | None
    payer_claim_number: str
    member_id: str | None
    date_of_birth: date | None
    service_from: date | None
    service_to: date | None
    charge: Decimal | None
    allowed: Decimal | None = None
    paid: Decimal | None = None
    patient_responsibility: Decimal | None = None
    payment_date: date | None = None
    trace_number: str | None = None
    reason_codes: tuple[str, ...] = ()
    note: str | None = None

    def __repr__(self) -> str:
        return f"ClaimStatus({self.payer_claim_number!r}, {self.words!r})"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One CAS triple: group code, claim adjustment reason code, dollars.

    A positive amount reduces the payment (835 TR3, CAS segment).
    """

    group: str
    reason: str
    amount: Decimal

    @property
    def code(self) -> str:
        """Group and reason as billers write them: ``CO-45``."""
        return f"{self.group}-{self.reason}"


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One adjudicated service line (835 loop 2110). ``allowed`` is informational."""

    procedure: str
    service_date: date | None
    charge: Decimal
    paid: Decimal
    modifiers: tuple[str, ...] = ()
    units: Decimal | None = None
    allowed: Decimal | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class RemittedClaim:
    """One claim on a remittance (835 loop 2100).

    ``status`` is CLP02: "1" processed as primary, "4" denied, "22" reversal (amounts negative).
    ``adjustments`` and ``remarks`` (835 MIA and MOA) are the claim-level ones; the lines hold their
    own.
    """

    claim_id: str
    payer_claim_number: str
    status: str
    charge: Decimal
    paid: Decimal
    patient_responsibility: Decimal
    member_id: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    lines: tuple[ServiceLine, ...] = ()
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"RemittedClaim({self.claim_id!r}, {self.payer_claim_number!r})"

    @property
    def all_adjustments(self) -> tuple[Adjustment, ...]:
        """Claim-level adjustments, then every line's."""
        return self.adjustments + tuple(a for line in self.lines for a in line.adjustments)


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """One PLB entry: reason code, what it refers to, dollars (positive reduces the payment)."""

    reason: str
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Remittance:
    """One payment in the 835's shape, whatever it was read from.

    ``method`` is BPR04: ACH, CHK or NON; it and ``payee`` are empty where nothing says them.
    ``places`` gives every figure's evidence by its path from here: ``amount``,
    ``claims[0].paid``, ``claims[0].lines[2].adjustments[0].amount``.
    """

    trace_number: str
    method: str
    amount: Decimal
    payment_date: date
    payer: str
    payee: str
    claims: tuple[RemittedClaim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    places: Mapping[str, Evidence] = field(default_factory=dict)


class Reason(StrEnum):
    """Why a question about a claim has no answer; each needs another hand."""

    SEVERAL_MATCHES = "several_matches"
    WRONG_PATIENT = "wrong_patient"
    UNAVAILABLE = "unavailable"
    UNREACHABLE = "unreachable"
    LOGIN_REFUSED = "login_refused"
    UNKNOWN_PAGE = "unknown_page"
    CANARY_FAILED = "canary_failed"
    NEEDS_PERSON = "needs_person"
    POLICY = "policy"
    NO_PROFILE = "no_profile"


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The payer answered, and at least three identifiers say it is about this claim."""

    value: T


@dataclass(frozen=True, slots=True)
class NotFound:
    """The payer's system worked and says it holds no such claim. ``searched`` names the fields."""

    searched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody knows yet. ``detail`` is one sentence without patient data."""

    reason: Reason
    detail: str


Answer = Found[T] | NotFound | NoAnswer


class Channel(StrEnum):
    """Where an observation came from."""

    PORTAL = "portal"
    CLEARINGHOUSE = "clearinghouse"
    EOB = "eob"


CLAIM_LIST = "claim_list"
"""Of an observation: the claim was not searched for, a list of many patients' claims had it."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one channel said of one claim at one instant. Immutable.

    ``captures`` are the hashes of all bytes the answer rests on, in the order they were taken;
    ``places`` gives each read field's evidence by its name. ``search`` is what a portal's search
    came to, in the profile's word for it (none, listed), or CLAIM_LIST; None where it came to
    nothing known.
    """

    channel: Channel
    observed_at: datetime
    answer: Answer[ClaimStatus] | Answer[Remittance]
    captures: tuple[str, ...]
    places: Mapping[str, Evidence] = field(default_factory=dict)
    search: str | None = None


class Outcome(StrEnum):
    """What the sweep learned of a claim, in the words of the report."""

    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    DENIED = "denied"
    PENDING = "pending"
    REJECTED = "rejected"
    NOT_FOUND = "not_found"
    SEVERAL_MATCHES = "several_matches"
    WRONG_PATIENT = "wrong_patient"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class Finding:
    """What reconciliation concluded of one claim.

    ``kind`` is a key of :data:`billing.findings.FINDINGS`; ``why`` is one sentence without
    patient data; ``dollars`` is what is at stake; ``next_action`` is an imperative sentence;
    ``due_basis`` says what ``due`` was counted from and by which rule. ``rule`` is the id of the
    rule that fired (:data:`billing.reconcile.rules.RULES`), ``observed`` the hashes of the bytes it
    fired on, ``figures`` the names of the figures it used, as the conclusion's places have them;
    empty in ledgers of before there were rules. ``chance`` is the share of the dollars, from 0 to
    1, that acting may bring, and ``chance_source`` says who states it.
    """

    kind: str
    why: str
    dollars: Decimal
    next_action: str
    due: date | None
    due_basis: str
    needs_person: bool
    rule: str = ""
    observed: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    chance: Decimal | None = None
    chance_source: str = ""


@dataclass(frozen=True, slots=True)
class Stay:
    """How many days a claim was seen in one state before its payer said otherwise."""

    state: str
    days: int


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One claim's reconciled result: agreed figures (unknown is None), finding, and what they
    rest on: hashes in ``evidence``, each figure's by name in ``places``. ``others`` is what is true
    of the claim besides, first things first; its dollars may be part of the finding's. ``since``
    is the first day on which the payer was seen to say so, ``ended`` what it said until then.
    ``not_asked`` is why a sweep left the claim as it was known, in a sentence."""

    outcome: Outcome
    finding: Finding
    status_category: str | None = None
    status_words: str | None = None
    payer_claim_number: str | None = None
    service_from: date | None = None
    charge: Decimal | None = None
    paid: Decimal | None = None
    patient_responsibility: Decimal | None = None
    payment_date: date | None = None
    trace_number: str | None = None
    reason_codes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    places: Mapping[str, Evidence] = field(default_factory=dict)
    no_answer: Reason | None = None
    detail: str | None = None
    others: tuple[Finding, ...] = ()
    since: date | None = None
    ended: Stay | None = None
    not_asked: str | None = None


class PostingKind(StrEnum):
    """What a proposed posting does: to a claim's account, or PROVIDER to the payment as a whole."""

    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"
    PROVIDER = "provider_adjustment"


@dataclass(frozen=True, slots=True)
class Posting:
    """A proposed posting: never an act. ``line`` is 1-based, 0 for the claim itself; ``code`` is
    "GROUP-CARC" for an adjustment, the PLB's reason code for a provider-level one, empty for a
    payment. ``claim_id`` is the biller's own, for people to post by.

    ``unit`` names the remitted claim, or the provider-level adjustment, that it is a part of, and
    ``account`` the claim at the biller's: its control number, first service date and charge, which
    are ``charge`` dollars. ``note`` is a sentence about it.
    """

    payer: str
    trace_number: str
    payer_claim_number: str
    line: int
    kind: PostingKind
    code: str
    amount: Decimal
    evidence: Evidence | None = None
    claim_id: str = ""
    unit: str = ""
    account: str = ""
    charge: Decimal | None = None
    payment_date: date | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """What makes it the same posting whichever run or file proposes it.

        The amount is compared and no part of it: another amount is a contradiction, not another
        posting.
        """
        return f"{self.unit}|{self.line}|{self.code}"
