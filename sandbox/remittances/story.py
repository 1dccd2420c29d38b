"""What an issuer paid and did not pay: invented payments whose every amount balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.people import make_person
from sandbox.services import Service, make_services
from sandbox.world import Adjustment, Person, ProviderAdjustment, ServiceLine

ZERO = Decimal("0.00")
AS_OF = date(2026, 11, 20)
PAYEES = (
    ("Larkspur Family Medicine PLLC", "1999999984"),
    ("Tamarack Street Orthopedics", "1999999976"),
    ("Quillfeather Pediatrics Group", "1999999968"),
)
DENIALS = (
    (("CO", "50"), ("N115",)),
    (("CO", "96"), ("N130",)),
    (("CO", "97"), ("N390",)),
    (("CO", "97"), ("M15",)),
    (("CO", "16"), ("M51",)),
    (("CO", "197"), ()),
    (("PR", "204"), ("N130",)),
)
WHOLE_DENIALS = ((("CO", "29"), ()), (("CO", "18"), ("N522",)), (("CO", "16"), ("MA130",)))


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim in a payment; ``status`` is CLP02: 1 or 2 paid as such, 4 denied, 22 reversal."""

    claim_id: str
    payer_claim_number: str
    status: str
    patient: Person
    received: date
    lines: tuple[ServiceLine, ...]
    adjustments: tuple[Adjustment, ...] = ()
    bare_charge: Decimal = ZERO  # of a claim that is denied without lines

    @property
    def charge(self) -> Decimal:
        """Dollars billed."""
        return sum((line.charge for line in self.lines), ZERO) or self.bare_charge

    @property
    def every_adjustment(self) -> tuple[Adjustment, ...]:
        """The claim's own and its lines'."""
        return (*self.adjustments, *(one for line in self.lines for one in line.adjustments))

    @property
    def paid(self) -> Decimal:
        """Dollars paid."""
        own = sum((one.amount for one in self.adjustments), ZERO)
        if not self.lines:
            return self.bare_charge - own
        return sum((line.paid for line in self.lines), ZERO) - own

    @property
    def allowed(self) -> Decimal:
        """Dollars allowed."""
        return sum((line.allowed for line in self.lines), ZERO)

    @property
    def patient_responsibility(self) -> Decimal:
        """Dollars that the patient owes."""
        return sum((one.amount for one in self.every_adjustment if one.group == "PR"), ZERO)


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment; ``method`` is ACH, CHK or NON, provider adjustments reduce when positive."""

    trace_number: str
    method: str
    date: date
    payer: str
    payee: str
    npi: str
    claims: tuple[Claim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()

    @property
    def claims_paid(self) -> Decimal:
        """Dollars of all claims."""
        return sum((claim.paid for claim in self.claims), ZERO)

    @property
    def withheld(self) -> Decimal:
        """Dollars of all provider adjustments; negative when they add to the payment."""
        return sum((one.amount for one in self.provider_adjustments), ZERO)

    @property
    def amount(self) -> Decimal:
        """Dollars of the check or transfer."""
        return self.claims_paid - self.withheld


@dataclass(frozen=True, slots=True)
class Habits:
    """What an issuer's payments hold: counts, and chances between 0 and 1."""

    claims: tuple[int, int] = (1, 5)
    payments: tuple[int, int] = (1, 1)
    claim_number: str = "9#########"  # each # is a digit, each @ a capital
    member_id: str = "@##########"
    trace: str = "##########"
    denied_line: float = 0.15
    bare_denial: float = 0.08
    reversal: float = 0.12
    secondary: float = 0.0
    claim_adjustment: float = 0.1
    provider: float = 0.3
    zero_pay: float = 0.08
    sequestration: bool = False
    most_lines: int = 16
    cuts: tuple[tuple[str, str], ...] = (("CO", "45"),)  # codes of what is above the allowed amount
    patient_shares: bool = True
    same_patient: float = 0.0


def make_payments(random: Random, payer: str, habits: Habits) -> tuple[Payment, ...]:
    """The payments of one document."""
    count = random.randint(*habits.payments)
    return tuple(_payment(random, payer, habits) for _ in range(count))


def _payment(random: Random, payer: str, habits: Habits) -> Payment:
    claims: list[Claim] = []
    for _ in range(random.randint(*habits.claims)):
        claim = _claim(random, habits)
        if habits.same_patient and claims and random.random() < habits.same_patient:
            claim = replace(claim, patient=claims[-1].patient)
        claims.append(claim)
        if claim.lines and claim.paid and random.random() < habits.reversal:
            claims[-1:] = _corrected(random, claim, habits)
    payee, npi = random.choice(PAYEES)
    day = AS_OF - timedelta(days=random.randint(0, 40))
    number = fill(random, habits.trace)
    payment = Payment(number, "ACH", day, payer, payee, npi, tuple(claims))
    payment = replace(payment, provider_adjustments=_provider(random, payment, habits))
    method = random.choice(("ACH", "ACH", "CHK")) if payment.amount else "NON"
    return replace(payment, method=method)


def fill(random: Random, shape: str) -> str:
    """``shape`` with a digit for each # and a capital for each @."""
    letters = {"#": "0123456789", "@": "ABCDEFGHJKLMNPRTUVWXY"}
    return "".join(random.choice(letters[one]) if one in letters else one for one in shape)


def _claim(random: Random, habits: Habits) -> Claim:
    received = AS_OF - timedelta(days=random.randint(45, 90))
    patient = make_person(random, fill(random, habits.member_id), AS_OF, 1)
    claim = Claim(
        claim_id=fill(random, random.choice(("####-##", "@######", "########"))),
        payer_claim_number=fill(random, habits.claim_number),
        status="1",
        patient=patient,
        received=received,
        lines=(),
    )
    if random.random() < habits.bare_denial:
        (group, reason), _ = random.choice(WHOLE_DENIALS)
        charge = Decimal(random.randint(2_000, 90_000)) / 100
        return replace(
            claim,
            status="4",
            bare_charge=charge,
            adjustments=(Adjustment(group, reason, charge),),
        )
    days = random.choice((1, 1, 1, 3))
    services = make_services(random, days=days, few=habits.most_lines < 3)
    first = received - timedelta(days=random.randint(5, 30))
    secondary = random.random() < habits.secondary
    lines = tuple(
        _line(random, one, first, habits, secondary=secondary)
        for one in services[: habits.most_lines]
    )
    denied = all(line.allowed == 0 for line in lines)
    status = "4" if denied else ("2" if secondary else "1")
    claim = replace(claim, lines=lines, status=status)
    if claim.paid > 5 and random.random() < habits.claim_adjustment:
        cut = (claim.paid * Decimal("0.02")).quantize(Decimal("0.01"))
        claim = replace(claim, adjustments=(Adjustment("CO", "104", cut),))
    return claim


def _line(
    random: Random, service: Service, first: date, habits: Habits, *, secondary: bool
) -> ServiceLine:
    charge = service.charge
    taken: list[tuple[str, str, int]] = []
    remarks: tuple[str, ...] = ()
    if random.random() < habits.denied_line:
        denials = [one for one in DENIALS if habits.patient_shares or one[0][0] != "PR"]
        (group, reason), remarks = random.choice(denials)
        allowed, taken = 0, [(group, reason, charge)]
    else:
        allowed = charge * random.randint(45, 96) // 100
        taken = _cuts(random, charge - allowed, habits.cuts)
        if habits.patient_shares:
            taken += _shares(random, allowed, secondary=secondary)
        if random.random() < 0.12:
            remarks = (random.choice(("N381", "N699", "N19")),)
    left = charge - sum(cents for _, _, cents in taken)
    if habits.sequestration and left > 100:
        taken.append(("CO", "253", left * 2 // 100))
    paid = charge - sum(cents for _, _, cents in taken)
    return ServiceLine(
        procedure=service.procedure,
        modifiers=service.modifiers,
        service_date=first + timedelta(days=service.day),
        units=service.units,
        charge=_dollars(charge),
        allowed=_dollars(allowed),
        paid=_dollars(paid),
        adjustments=tuple(Adjustment(g, r, _dollars(cents)) for g, r, cents in taken if cents),
        remarks=remarks,
    )


def _cuts(
    random: Random, cents: int, codes: Sequence[tuple[str, str]]
) -> list[tuple[str, str, int]]:
    """What is above the allowed amount, parted among ``codes``."""
    *first, last = codes
    parted = []
    for code in first:
        part = cents * random.choice((0, 55, 75, 100)) // 100
        parted.append((*code, part))
        cents -= part
    return [*parted, (*last, cents)]


def _shares(random: Random, allowed: int, *, secondary: bool) -> list[tuple[str, str, int]]:
    """What of the allowed amount others owe: the primary payer, or the patient."""
    if secondary:
        before = allowed * random.randint(60, 90) // 100
        return [("OA", "23", before), *([] if random.random() < 0.7 else [("PR", "2", 100)])]
    kind = random.random()
    if kind < 0.3:
        return []
    if kind < 0.5:
        return [("PR", "3", min(allowed, random.choice((1000, 1500, 2500, 4000))))]
    deductible = allowed * random.choice((0, 0, 30, 100)) // 100
    return [("PR", "1", deductible), ("PR", "2", (allowed - deductible) // 5)]


def _corrected(random: Random, claim: Claim, habits: Habits) -> list[Claim]:
    """The reversal of an earlier decision on the claim, then the claim as it is decided now."""
    earlier = tuple(_negative(line) for line in claim.lines)
    own = tuple(replace(one, amount=-one.amount) for one in claim.adjustments)
    reversal = replace(
        claim,
        payer_claim_number=fill(random, habits.claim_number),
        status="22",
        lines=earlier,
        adjustments=own,
    )
    line = claim.lines[0]
    more = min(line.paid, Decimal("5.00"))
    changed = replace(
        line, paid=line.paid - more, adjustments=(*line.adjustments, Adjustment("CO", "96", more))
    )
    return [reversal, replace(claim, lines=(changed, *claim.lines[1:])) if more else claim]


def _negative(line: ServiceLine) -> ServiceLine:
    return replace(
        line,
        charge=-line.charge,
        allowed=-line.allowed,
        paid=-line.paid,
        adjustments=tuple(replace(one, amount=-one.amount) for one in line.adjustments),
    )


def _provider(random: Random, payment: Payment, habits: Habits) -> tuple[ProviderAdjustment, ...]:
    """Recoupments, interest and carried balances, after which no payment is below zero."""
    total = payment.claims_paid
    entries = []
    if total > 0 and random.random() < habits.zero_pay:
        entries.append(ProviderAdjustment("WO", fill(random, "@#######"), total))
    elif random.random() < habits.provider:
        if total > 20:
            share = (total * random.randint(5, 60) / 100).quantize(Decimal("0.01"))
            reason = random.choice(("WO", "WO", "FB"))
            entries.append(ProviderAdjustment(reason, fill(random, "@#######"), share))
        if random.random() < 0.5:
            cents = Decimal(random.randint(15, 2_500)) / 100
            entries.append(ProviderAdjustment("L6", fill(random, "@#######"), -cents))
    left = total - sum((one.amount for one in entries), ZERO)
    if left < 0:
        entries.append(ProviderAdjustment("FB", fill(random, "@#######"), left))
    return tuple(entries)


def _dollars(cents: int) -> Decimal:
    return Decimal(cents) / 100
