"""What the Medicare contractor's eligibility page says of one beneficiary on one day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.world import Benefit, Membership

MONTHS_BACK, MONTHS_AHEAD = 12, 4
INPATIENT, MEDICAL = ("48", "47"), ("98", "30")
ADVANTAGE = "advantage"


@dataclass(frozen=True, slots=True)
class Cover:
    """The page's sections, each a heading with labels and texts; none when nothing is known."""

    active: bool
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def oldest_day(today: date) -> date:
    """The first day that may be asked about."""
    return _months_on(today, -MONTHS_BACK)


def latest_day(today: date) -> date:
    """The last one."""
    return _months_on(today, MONTHS_AHEAD)


def coverage(
    memberships: Sequence[Membership], day: date, money: Callable[[Decimal | None], str]
) -> Cover:
    """Part A and Part B with their deductibles, another plan, and the other payers."""
    held = [one for one in memberships if one.begins <= day <= (one.ends or date.max)]
    if not held:
        return Cover(active=False, sections=())
    (one, *_) = held
    sections = [
        (f"Medicare {part}", _part(one, codes, money))
        for part, codes in (("Part A", INPATIENT), ("Part B", MEDICAL))
    ]
    if ADVANTAGE in one.plan.casefold():
        sections.append(("Medicare Advantage", (("Plan", one.plan), ("Effective", _days(one)))))
    for heading, primary in (("Medicare Secondary Payer (MSP)", True), ("Crossover", False)):
        others = [other for other in one.other_payers if other.primary is primary]
        sections += [
            (heading, (("Payer", other.name), ("Policy Number", other.member_id)))
            for other in others
        ]
    return Cover(active=True, sections=tuple(sections))


def _part(
    one: Membership, codes: Sequence[str], money: Callable[[Decimal | None], str]
) -> tuple[tuple[str, str], ...]:
    facts = [("Status", "Active"), ("Effective", _days(one))]
    benefit = _benefit(one, codes)
    if benefit is not None and benefit.covered:
        share = "" if benefit.coinsurance is None else f"{benefit.coinsurance}%"
        said = [
            ("Deductible", money(benefit.deductible)),
            ("Deductible Remaining", money(benefit.deductible_remaining)),
            ("Copayment", money(benefit.copay)),
            ("Coinsurance", share),
        ]
        facts += [(label, text) for label, text in said if text]
    return tuple(facts)


def _benefit(one: Membership, codes: Sequence[str]) -> Benefit | None:
    for code in codes:
        for benefit in one.benefits:
            if benefit.service_type == code and benefit.in_network:
                return benefit
    return None


def _days(one: Membership) -> str:
    ends = f"{one.ends:%m/%d/%Y}" if one.ends else "current"
    return f"{one.begins:%m/%d/%Y} - {ends}"


def _months_on(day: date, months: int) -> date:
    """The first of the month so many months on, or the last day of it when that is ahead."""
    first = day.year * 12 + day.month - 1 + months + (1 if months > 0 else 0)
    begins = date(first // 12, first % 12 + 1, 1)
    return date.fromordinal(begins.toordinal() - 1) if months > 0 else begins
