"""Service lines and their adjudication: charges, allowed amounts, adjustments that add up."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sandbox.world import Adjustment, ServiceLine

# HCPCS Level II codes with typical charges; no CPT code and no descriptor
PROCEDURES = (
    ("G0463", "148.00"),
    ("G0438", "212.00"),
    ("G0439", "165.00"),
    ("G0101", "74.00"),
    ("G0008", "31.00"),
    ("G0009", "33.00"),
    ("G0402", "198.00"),
    ("G0444", "28.00"),
    ("G2211", "22.00"),
    ("G0180", "86.00"),
    ("Q0091", "58.00"),
    ("J1100", "18.00"),
    ("J3420", "24.00"),
    ("J1885", "36.00"),
    ("J0696", "52.00"),
    ("J7325", "985.00"),
    ("J0897", "2140.00"),
    ("J2505", "4300.00"),
    ("A4550", "41.00"),
    ("A6402", "19.00"),
    ("L3908", "96.00"),
    ("L1832", "640.00"),
    ("Q4101", "1260.00"),
    ("G0179", "77.00"),
)
MODIFIERS = ("25", "59", "GT", "LT", "RT", "KX", "76")
REMARKS = ("N130", "N290", "M20", "N519", "MA130")
DENIALS = (
    ("CO", "16", ("M51", "N382")),
    ("CO", "97", ("N19",)),
    ("CO", "50", ("N115",)),
    ("CO", "29", ()),
    ("CO", "197", ()),
    ("CO", "18", ()),
    ("PR", "204", ("N130",)),
    ("CO", "96", ("N30",)),
)
CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def bill(rng: random.Random, day: date) -> tuple[ServiceLine, ...]:
    """Billed lines, nothing adjudicated: most claims have one to four, a few over a dozen."""
    count = rng.choices((1, 2, 3, 4, 5, 6, 8, 13, 16), (30, 26, 16, 10, 6, 4, 4, 2, 2))[0]
    lines = []
    for _ in range(count):
        procedure, usual = rng.choice(PROCEDURES)
        units = rng.choice((1, 1, 1, 1, 2, 3, 4)) if procedure[0] in "JAQ" else 1
        charge = (Decimal(usual) * units * Decimal(rng.randrange(85, 131)) / 100).quantize(CENT)
        charge = min(max(charge, Decimal("18.00")), Decimal("4800.00"))
        modifiers = tuple(sorted(rng.sample(MODIFIERS, rng.choices((0, 1, 2), (70, 24, 6))[0])))
        lines.append(ServiceLine(procedure, modifiers, day, units, charge, ZERO, ZERO, (), ()))
    return tuple(lines)


def charge_of(lines: tuple[ServiceLine, ...]) -> Decimal:
    """What the lines bill together."""
    return sum((line.charge for line in lines), ZERO)


def pay(rng: random.Random, line: ServiceLine, share: str | None) -> ServiceLine:
    """The line adjudicated: CO-45 down to the allowed amount, then the patient's ``share``.

    ``share`` is None, "some" (PR-1, PR-2 or PR-3) or "all" (PR-1 takes the whole allowed amount).
    """
    allowed = (line.charge * rng.randrange(45, 96) / 100).quantize(CENT, ROUND_HALF_UP)
    if rng.random() < 0.12:
        allowed = line.charge
    adjustments = []
    if line.charge != allowed:
        adjustments.append(Adjustment("CO", "45", line.charge - allowed))
    if share == "all":
        adjustments.append(Adjustment("PR", "1", allowed))
    elif share == "some":
        reason = rng.choice(("1", "2", "3"))
        part = (allowed * rng.randrange(5, 45) / 100).quantize(CENT)
        adjustments.append(Adjustment("PR", reason, part))
        if rng.random() < 0.25 and reason != "3":
            adjustments.append(Adjustment("PR", "3", (allowed * 5 / 100).quantize(CENT)))
    paid = line.charge - sum((a.amount for a in adjustments), ZERO)
    remarks = (rng.choice(REMARKS),) if rng.random() < 0.2 else ()
    return replace(
        line, allowed=allowed, paid=paid, adjustments=tuple(adjustments), remarks=remarks
    )


def deny(rng: random.Random, line: ServiceLine) -> ServiceLine:
    """The line denied: one adjustment takes the whole charge."""
    group, reason, remarks = rng.choice(DENIALS)
    adjustment = Adjustment(group, reason, line.charge)
    return replace(line, adjustments=(adjustment,), remarks=remarks)


def negative(line: ServiceLine) -> ServiceLine:
    """The line taken back by a reversal."""
    return replace(
        line,
        charge=-line.charge,
        allowed=-line.allowed,
        paid=-line.paid,
        adjustments=tuple(replace(a, amount=-a.amount) for a in line.adjustments),
    )
