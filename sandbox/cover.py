"""Whom each simulated payer insures, from when to when, and under which plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from sandbox.payers import STYLES
from sandbox.people import MemberIds, make_family, make_person
from sandbox.plans import PLANS, Plan, grant
from sandbox.world import Membership, OtherPayer, Person

_OTHERS = (
    ("Meridian Employee Benefit Trust", "MEB"),
    ("Harrowgate Mutual Life", "HGM"),
    ("Cedar Fork Health Cooperative", "CFC"),
)


class _Cover(StrEnum):
    """What became of a household's cover."""

    STANDS = "stands"
    SECOND = "second"  # stands, and another insurer pays first
    CHANGED = "changed"  # from one plan to another, some time ago or soon
    ENDED = "ended"
    BROKEN = "broken"  # ended, and begins anew soon
    BEGINS = "begins"  # soon


_SHARES = {
    _Cover.STANDS: 56,
    _Cover.SECOND: 9,
    _Cover.CHANGED: 14,
    _Cover.ENDED: 10,
    _Cover.BROKEN: 4,
    _Cover.BEGINS: 7,
}

Span = tuple[date, date | None]


def make_members(
    random: Random,
    payer_id: str,
    served: Iterable[tuple[Person, date]],
    least: int,
    as_of: date,
) -> dict[str, tuple[Membership, ...]]:
    """Everyone ``served``, on those days at least, and others, so that there are ``least``.

    By member id; nobody shares both member id and date of birth with another.
    """
    people: dict[tuple[str, date], Person] = {}
    days: dict[str, list[date]] = {}
    for person, day in served:
        people.setdefault((person.member_id, person.birth), person)
        days.setdefault(person.member_id, []).append(day)
    households: dict[str, list[Person]] = {member_id: [] for member_id in days}
    for person in people.values():
        households[person.member_id].append(person)
    missing = least - len(people)
    style = STYLES[payer_id]
    ids = MemberIds(random, payer_id, taken=households)
    due = list(_SHARES)  # each at least once, if there are so many others
    covers: dict[str, _Cover] = {}
    while missing > 0:
        member_id = ids.next()
        if style.public:
            family = [make_person(random, member_id, as_of, style.youngest)]
        else:
            family = make_family(
                random, member_id, min(random.choice((1, 1, 2, 3)), missing), as_of
            )
        households[member_id] = list({person.birth: person for person in family}.values())
        missing -= len(households[member_id])
        covers[member_id] = due.pop() if due else _pick(random)
    return {
        member_id: _insure(
            random,
            payer_id,
            household,
            _spans(random, covers.get(member_id) or _pick(random), days.get(member_id, []), as_of),
        )
        for member_id, household in households.items()
    }


def _pick(random: Random) -> _Cover:
    return random.choices(list(_SHARES), list(_SHARES.values()))[0]


def _spans(
    random: Random, cover: _Cover, days: list[date], as_of: date
) -> tuple[list[Span], _Cover]:
    """From when to when a household is insured; on all ``days`` in any case."""
    first = min(days, default=as_of - timedelta(days=random.randint(200, 2_000)))
    begins = _month(first, -random.randint(0, 30))
    if random.random() < 0.4:
        begins = begins.replace(month=1)
    ends = _month(as_of, -random.randint(0, 7)) - timedelta(days=1)
    soon = _month(as_of, random.choice((1, 1, 2)))
    if cover is _Cover.BEGINS and not days:
        return [(soon, None)], cover
    if cover in (_Cover.ENDED, _Cover.BROKEN) and begins < ends and max(days, default=ends) <= ends:
        return [(begins, ends), *([(soon, None)] if cover is _Cover.BROKEN else [])], cover
    change = _month(as_of, random.choice((-8, -5, -3, -2, -1, 0, 1, 1)))
    if cover is _Cover.CHANGED and begins < change:
        return [(begins, change - timedelta(days=1)), (change, None)], cover
    return [(begins, None)], cover if cover is _Cover.SECOND else _Cover.STANDS


def _month(day: date, months: int) -> date:
    """The first of the month so many months from ``day``'s."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _insure(
    random: Random,
    payer_id: str,
    household: list[Person],
    insured: tuple[list[Span], _Cover],
) -> tuple[Membership, ...]:
    spans, cover = insured
    plans = random.sample(PLANS[payer_id], len(spans))
    others = _others(random, first=cover is _Cover.SECOND)
    return tuple(
        _membership(random, person, plan, span, others)
        for person in household
        for plan, span in zip(plans, spans, strict=True)
    )


def _membership(
    random: Random, person: Person, plan: Plan, span: Span, others: tuple[OtherPayer, ...]
) -> Membership:
    return Membership(person, plan.name, *span, grant(random, plan), others)


def _others(random: Random, *, first: bool) -> tuple[OtherPayer, ...]:
    """The other insurers of a household: one that pays ``first``, or now and then one after."""
    if not first and random.random() >= 0.08:
        return ()
    name, letters = random.choice(_OTHERS)
    number = f"{letters}{random.randint(100_000, 9_999_999):07d}"
    return (OtherPayer(name, number, primary=first),)
