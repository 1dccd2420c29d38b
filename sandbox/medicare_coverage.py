"""What the Medicare contractor's eligibility page says of one beneficiary on one day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.inquiry import benefits_for, on_day
from sandbox.medicare_pages import day_text
from sandbox.plans import SERVICE_TYPES
from sandbox.world import Benefit, Membership

MONTHS_BACK, MONTHS_AHEAD = 12, 4
INPATIENT, GENERAL = "48", "30"

Money = Callable[[Decimal | None], str]
Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cover:
    """The page's sections, each a heading with labels and texts, and the rows of its two tables."""

    active: bool
    sections: list[tuple[str, Facts]]
    others: list[Facts]
    services: list[Facts]


def oldest_day(today: date) -> date:
    """The first day that may be asked about."""
    return _month(today, -MONTHS_BACK)


def latest_day(today: date) -> date:
    """The last one."""
    return date.fromordinal(_month(today, MONTHS_AHEAD + 1).toordinal() - 1)


def coverage(held: Sequence[Membership], day: date, money: Money) -> Cover:
    """Part A and Part B, another plan, and the other payers; ``held`` is not empty."""
    one, active = on_day(held, day)
    p = one.person
    sections = [
        (
            "Beneficiary",
            [
                ("Medicare Number", p.member_id),
                ("Name on File", f"{p.last}, {p.first}{f' {p.middle}' if p.middle else ''}"),
                ("Date of Birth", day_text(p.birth)),
                ("Date of Service", day_text(day)),
            ],
        ),
        (
            "Coverage",
            [
                ("Coverage Status", "Active" if active else "Not active"),
                ("Plan", one.plan),
                ("Effective Date", day_text(one.begins)),
                ("Termination Date", day_text(one.ends) or "None"),
            ],
        ),
    ]
    if active:
        sections += _parts(one, money)
    others = [
        [
            ("Type", "Medicare Secondary Payer (MSP)" if other.primary else "Crossover"),
            ("Payer Name", other.name),
            ("Policy Number", other.member_id),
            ("Pays Before Medicare", _yes(other.primary)),
        ]
        for other in one.other_payers
    ]
    return Cover(active, sections, others, _services(one, money) if active else [])


def _parts(one: Membership, money: Money) -> list[tuple[str, Facts]]:
    if "advantage" in one.plan.casefold():
        return [("Medicare Advantage (Part C)", [("Plan Name", one.plan)])]
    parts = [("Part B", _deductibles(one, GENERAL, money))]
    if "Parts A and B" in one.plan:
        parts.insert(0, ("Part A", _deductibles(one, INPATIENT, money)))
    return parts


def _deductibles(one: Membership, service_type: str, money: Money) -> Facts:
    benefit, _ = benefits_for(one, service_type)
    if service_type == INPATIENT:
        return [("Inpatient Deductible", money(benefit.copay))]
    return [
        ("Deductible", money(benefit.deductible)),
        ("Deductible Remaining", money(benefit.deductible_remaining)),
    ]


def _services(one: Membership, money: Money) -> list[Facts]:
    """A row for each kind of service and of provider."""
    return [
        [
            ("Service Type", words),
            ("Provider", "Participating" if benefit.in_network else "Non-participating"),
            *_granted(benefit, money),
        ]
        for service_type, words in SERVICE_TYPES.items()
        for benefit in benefits_for(one, service_type)
    ]


def _granted(benefit: Benefit, money: Money) -> Facts:
    share = "" if benefit.coinsurance is None else f"{benefit.coinsurance}%"
    return [
        ("Covered", _yes(benefit.covered)),
        ("Copayment", money(benefit.copay)),
        ("Coinsurance", share),
        ("Deductible", money(benefit.deductible)),
        ("Deductible Remaining", money(benefit.deductible_remaining)),
        ("Out-of-Pocket Limit", money(benefit.out_of_pocket)),
        ("Out-of-Pocket Remaining", money(benefit.out_of_pocket_remaining)),
        ("Prior Authorization", _yes(benefit.authorization_required)),
        ("Referral", _yes(benefit.referral_required)),
    ]


def _yes(said: bool) -> str:
    return "Yes" if said else "No"


def _month(day: date, months: int) -> date:
    """The first of the month so many months from ``day``'s."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
