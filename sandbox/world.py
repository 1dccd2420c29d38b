"""The simulated payers' books and the biller's books, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Person:
    """A synthetic patient."""

    first: str
    last: str
    middle: str
    birth: date
    member_id: str


@dataclass(frozen=True)
class Adjustment:
    """One CAS triple: group code (CO, PR, OA, PI), CARC, dollars (positive reduces the payment)."""

    group: str
    reason: str
    amount: Decimal


@dataclass(frozen=True)
class ServiceLine:
    """One service line; ``charge - sum(adjustments) == paid``."""

    procedure: str
    modifiers: tuple[str, ...]
    service_date: date
    units: int
    charge: Decimal
    allowed: Decimal
    paid: Decimal
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class PayerClaim:
    """One claim as the payer holds it.

    ``status`` is the portal's own word for it. Money fields are None until adjudicated.
    ``charge - all adjustments == paid`` holds for every adjudicated claim, reversals
    (``remit_status`` "22") being negative throughout.
    """

    payer_claim_number: str
    claim_id: str
    patient: Person
    service_from: date
    service_to: date
    received: date
    charge: Decimal
    status: str
    status_note: str
    remit_status: str | None  # CLP02: "1" processed primary, "4" denied, "22" reversal
    finalized: date | None
    allowed: Decimal | None
    paid: Decimal | None
    patient_responsibility: Decimal | None
    trace_number: str | None
    payment_date: date | None
    lines: tuple[ServiceLine, ...]
    adjustments: tuple[Adjustment, ...]  # claim level
    superseded_by: str | None = None


@dataclass(frozen=True)
class ProviderAdjustment:
    """One PLB entry; positive reduces the payment. ``reference`` names what it is about."""

    reason: str
    reference: str
    amount: Decimal


@dataclass(frozen=True)
class Remittance:
    """One payment with its claims: ``sum(claim.paid) - sum(provider_adjustments) == amount``."""

    trace_number: str
    method: str  # ACH, CHK or NON (no payment)
    amount: Decimal
    date: date
    payer_name: str
    payee_name: str
    payee_npi: str
    claims: tuple[PayerClaim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...]


@dataclass(frozen=True)
class Expected:
    """The answer key's row; dollars with two decimals, unknown as None."""

    outcome: str
    status_category: str | None = None
    payer_claim_number: str | None = None
    service_from: date | None = None
    charge: Decimal | None = None
    paid: Decimal | None = None
    patient_responsibility: Decimal | None = None
    payment_date: date | None = None
    trace_number: str | None = None
    reason_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BilledClaim:
    """One row of the biller's export, with what a careful person would find out about it."""

    claim_id: str
    payer_id: str
    payer_name: str
    patient: Person
    service_from: date
    service_to: date
    charge: Decimal
    balance: Decimal
    provider_name: str
    provider_npi: str
    provider_tin: str
    submitted: date
    last_billed: date
    expected: Expected


@dataclass(frozen=True)
class Benefit:
    """What a plan grants for one service type (271 EB03), in or out of the network.

    Percentages are whole numbers (20 is a coinsurance of 20 %), dollars have two decimals, and
    what the plan does not state is None.
    """

    service_type: str
    in_network: bool
    covered: bool = True
    copay: Decimal | None = None
    coinsurance: int | None = None
    deductible: Decimal | None = None
    deductible_remaining: Decimal | None = None
    out_of_pocket: Decimal | None = None
    out_of_pocket_remaining: Decimal | None = None
    authorization_required: bool = False
    referral_required: bool = False


@dataclass(frozen=True)
class OtherPayer:
    """Another insurer that the payer knows of, and whose turn is first."""

    name: str
    member_id: str
    primary: bool


@dataclass(frozen=True)
class Membership:
    """One person's cover under one plan, both days included; ``ends`` None while it goes on."""

    person: Person
    plan: str
    begins: date
    ends: date | None
    benefits: tuple[Benefit, ...]
    other_payers: tuple[OtherPayer, ...] = ()


@dataclass(frozen=True)
class Payer:
    """One simulated payer: its claims, its payments, and the searches it cannot answer."""

    payer_id: str
    name: str
    billed: tuple[BilledClaim, ...]
    by_number: dict[str, PayerClaim]
    by_member: dict[str, tuple[str, ...]]  # member id -> payer claim numbers, newest service first
    remittances: dict[str, Remittance]  # by trace number
    # (member id, service_from): every search that covers it answers "system unavailable" ...
    unavailable: frozenset[tuple[str, date]] = field(default_factory=frozenset)
    # ... or does so the first time only, and answers normally from the second search on
    unavailable_once: frozenset[tuple[str, date]] = field(default_factory=frozenset)
    members: dict[str, tuple[Membership, ...]] = field(default_factory=dict)  # by member id
    # member ids: an eligibility search for one is never answered, or not the first time
    members_unavailable: frozenset[str] = field(default_factory=frozenset)
    members_unavailable_once: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class World:
    """The books of some simulated payers, as they stand on one day."""

    seed: int
    claims_per_payer: int
    as_of: date
    payers: tuple[Payer, ...]

    def payer(self, payer_id: str) -> Payer:
        """The payer of this id; KeyError when the world was made without it."""
        for payer in self.payers:
            if payer.payer_id == payer_id:
                return payer
        raise KeyError(f"no {payer_id} in a world of {[one.payer_id for one in self.payers]}")

    @property
    def commercial(self) -> Payer:
        """Juniper Ridge Health Plan."""
        return self.payer("juniper-ridge")

    @property
    def medicaid(self) -> Payer:
        """Franklin State Medicaid Program."""
        return self.payer("franklin-medicaid")
