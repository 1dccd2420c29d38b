"""How a simulated payer prices and pays one claim's lines, to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from sandbox.payers import STYLES, Denial
from sandbox.services import Service
from sandbox.world import Adjustment, ServiceLine

_LINE_DENIALS = 6  # the first so many of a payer's reasons fit one line among paid ones
_PAID_REMARKS = ("N19", "M15", "N381", "N699")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the payer decided on one claim; all amounts in dollars."""

    lines: tuple[ServiceLine, ...]
    adjustments: tuple[Adjustment, ...]
    allowed: Decimal
    paid: Decimal
    patient_responsibility: Decimal

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """The distinct "GROUP-REASON" of adjustments that move money, sorted."""
        every = [*self.adjustments, *(a for line in self.lines for a in line.adjustments)]
        return tuple(sorted({f"{a.group}-{a.reason}" for a in every if a.amount}))


@cache
def dollars(cents: int) -> Decimal:
    """Cents as dollars with two decimals."""
    return Decimal(cents).scaleb(-2)


def undecided(services: tuple[Service, ...], first_day: date) -> tuple[ServiceLine, ...]:
    """The lines of a claim without a decision: nothing allowed, paid or adjusted."""
    return tuple(_line(service, first_day, 0, 0, (), ()) for service in services)


def pay(
    random: Random,
    payer_id: str,
    services: tuple[Service, ...],
    first_day: date,
    *,
    share: bool,
) -> Decision:
    """Every line paid as allowed, less the patient's share if there is one.

    A share is above zero and leaves something to pay.
    """
    rate = random.randint(*STYLES[payer_id].rates)
    allowed = [_allowed(random, service.charge, rate) for service in services]
    shares = _patient_shares(random, allowed) if share else [[] for _ in allowed]
    lines = [
        _paid_line(random, service, first_day, dollars_allowed, taken)
        for service, dollars_allowed, taken in zip(services, allowed, shares, strict=True)
    ]
    return _decide(lines, _sequestration(random, lines))


def apply_to_deductible(
    random: Random, payer_id: str, services: tuple[Service, ...], first_day: date
) -> Decision:
    """All that is allowed goes to the deductible: nothing is paid and nothing denied."""
    rate = random.randint(*STYLES[payer_id].rates)
    lines = []
    for service in services:
        allowed = _allowed(random, service.charge, rate)
        lines.append(_paid_line(random, service, first_day, allowed, [("1", allowed)]))
    return _decide(lines, ())


def deny(
    random: Random,
    payer_id: str,
    services: tuple[Service, ...],
    first_day: date,
    *,
    reason: Denial,
) -> Decision:
    """Every line denied; mostly all for one reason."""
    lines = []
    for place, service in enumerate(services):
        chosen = reason
        if place and random.random() < 0.15:
            chosen = random.choice(STYLES[payer_id].denials[:_LINE_DENIALS])
        lines.append(_denied_line(service, first_day, chosen))
    return _decide(lines, ())


def pay_partly(
    random: Random, payer_id: str, services: tuple[Service, ...], first_day: date
) -> Decision:
    """Some lines paid and at least one denied; needs two lines."""
    count = len(services)
    denied = set(random.sample(range(count), random.randint(1, max(1, count // 2))))
    kept = tuple(service for place, service in enumerate(services) if place not in denied)
    paid = iter(pay(random, payer_id, kept, first_day, share=random.random() < 0.4).lines)
    reasons = STYLES[payer_id].denials[:_LINE_DENIALS]
    lines = [
        _denied_line(service, first_day, random.choice(reasons)) if place in denied else next(paid)
        for place, service in enumerate(services)
    ]
    return _decide(lines, _sequestration(random, lines))


def decide_wrongly(
    random: Random, decision: Decision, services: tuple[Service, ...], first_day: date
) -> Decision:
    """An earlier decision on the same lines, which ``decision`` corrected: less was allowed.

    One time in five it was the other way round and more was allowed.
    """
    room = sum(service.charge for service in services) > _cents(decision.allowed)
    dearer = room and random.random() < 0.2
    lines = []
    for service, line in zip(services, decision.lines, strict=True):
        full = _cents(line.allowed)
        factor = random.randint(40, 80)
        allowed = full + (service.charge - full) * factor // 100 if dearer else full * factor // 100
        lines.append(_paid_line(random, service, first_day, allowed, []))
    return _decide(lines, ())


def reverse(decision: Decision) -> Decision:
    """The same decision taken back: every amount with the other sign."""
    lines = tuple(
        ServiceLine(
            line.procedure,
            line.modifiers,
            line.service_date,
            line.units,
            -line.charge,
            _negative(line.allowed),
            _negative(line.paid),
            tuple(Adjustment(a.group, a.reason, _negative(a.amount)) for a in line.adjustments),
            line.remarks,
        )
        for line in decision.lines
    )
    return Decision(
        lines,
        tuple(Adjustment(a.group, a.reason, _negative(a.amount)) for a in decision.adjustments),
        _negative(decision.allowed),
        _negative(decision.paid),
        _negative(decision.patient_responsibility),
    )


def denial_reason(random: Random, payer_id: str) -> Denial:
    """Why a whole claim is denied: group, CARC, remark codes."""
    return random.choice(STYLES[payer_id].denials)


def _allowed(random: Random, charge: int, rate: int) -> int:
    """The contract's price of a line; now and then the whole charge."""
    return charge if random.random() < 0.08 else max(1, charge * rate // 100)


def _patient_shares(random: Random, allowed: list[int]) -> list[list[tuple[str, int]]]:
    """Reason and cents of what the patient owes of each line; something in all, not everything."""
    shares: list[list[tuple[str, int]]] = [[] for _ in allowed]
    total = sum(allowed)
    kind = random.random()
    if kind < 0.35:  # a copay, of the dearest line
        place = allowed.index(max(allowed))
        fitting = [c for c in (1_000, 1_500, 2_000, 2_500, 3_000, 4_000) if c < allowed[place]]
        shares[place].append(("3", random.choice(fitting) if fitting else allowed[place] // 2))
        return shares
    left = random.randint(total // 10, total // 2) if kind < 0.75 else 0  # deductible not yet met
    rate = random.choice((0, 10, 20, 20, 30)) if left else random.choice((10, 20, 20, 30))
    for place, dollars_allowed in enumerate(allowed):
        deductible = min(left, dollars_allowed)
        left -= deductible
        if deductible:
            shares[place].append(("1", deductible))
        coinsurance = (dollars_allowed - deductible) * rate // 100
        if coinsurance:
            shares[place].append(("2", coinsurance))
    return shares


def _paid_line(
    random: Random,
    service: Service,
    first_day: date,
    allowed: int,
    shares: list[tuple[str, int]],
) -> ServiceLine:
    adjustments = []
    if allowed < service.charge:
        adjustments.append(Adjustment("CO", "45", dollars(service.charge - allowed)))
    adjustments += [Adjustment("PR", reason, dollars(cents)) for reason, cents in shares]
    paid = allowed - sum(cents for _, cents in shares)
    remarks = (random.choice(_PAID_REMARKS),) if random.random() < 0.12 else ()
    return _line(service, first_day, allowed, paid, tuple(adjustments), remarks)


def _denied_line(service: Service, first_day: date, reason: Denial) -> ServiceLine:
    group, code, remarks = reason
    taken = (Adjustment(group, code, dollars(service.charge)),)
    return _line(service, first_day, 0, 0, taken, remarks)


def _line(
    service: Service,
    first_day: date,
    allowed: int,
    paid: int,
    adjustments: tuple[Adjustment, ...],
    remarks: tuple[str, ...],
) -> ServiceLine:
    return ServiceLine(
        service.procedure,
        service.modifiers,
        first_day + timedelta(days=service.day) if service.day else first_day,
        service.units,
        dollars(service.charge),
        dollars(allowed),
        dollars(paid),
        adjustments,
        remarks,
    )


def _sequestration(random: Random, lines: list[ServiceLine]) -> tuple[Adjustment, ...]:
    """On some claims, two per cent of what the lines pay, taken off the claim as a whole."""
    cents = sum(_cents(line.paid) for line in lines) * 2 // 100
    if not cents or random.random() >= 0.12:
        return ()
    return (Adjustment("CO", "253", dollars(cents)),)


def _decide(lines: list[ServiceLine], adjustments: tuple[Adjustment, ...]) -> Decision:
    every = [*adjustments, *(a for line in lines for a in line.adjustments)]
    taken = sum(_cents(a.amount) for a in adjustments)
    return Decision(
        tuple(lines),
        adjustments,
        dollars(sum(_cents(line.allowed) for line in lines)),
        dollars(sum(_cents(line.paid) for line in lines) - taken),
        dollars(sum(_cents(a.amount) for a in every if a.group == "PR")),
    )


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _negative(amount: Decimal) -> Decimal:
    return dollars(-_cents(amount))
