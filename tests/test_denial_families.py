"""Rising denials are told as one family, with few numbers and busy weeks raising no alarm."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import NOW

from billing.denial_families import (
    FLOOR,
    Counted,
    Family,
    Members,
    NineWeeks,
    chance,
    denial_families,
    refused_procedures,
)
from billing.model import (
    Adjustment,
    Channel,
    Found,
    Observation,
    Remittance,
    RemittedClaim,
    ServiceLine,
)
from billing.report import DenialFamily

TODAY = date(2026, 11, 24)


@given(
    marks=st.lists(st.booleans(), min_size=1, max_size=11),
    week=st.integers(min_value=0, max_value=11),
)
def test_the_chance_is_the_share_of_draws_that_are_as_extreme(marks: list[bool], week: int) -> None:
    week = min(week, len(marks))
    now = sum(marks[:week])
    draws = list(combinations(marks, week))
    as_extreme = sum(sum(draw) >= now for draw in draws)
    told = chance(now=now, of_now=week, before=sum(marks) - now, of_before=len(marks) - week)
    assert told == Fraction(as_extreme, len(draws))


@dataclass(frozen=True)
class Decision:
    """A payer's first known decision of a claim; ``reasons`` deny it, or a part of it."""

    item_id: int
    payer: str
    claim_id: str
    seen: date
    reasons: tuple[str, ...]
    dollars: Decimal


def decided(
    number: int, *reasons: str, ago: int, payer: str = "acme", dollars: str = "100.00"
) -> Decision:
    return Decision(
        item_id=number,
        payer=payer,
        claim_id=f"C{number:04}",
        seen=TODAY - timedelta(days=ago),
        reasons=reasons,
        dollars=Decimal(dollars),
    )


def history(
    *, claims: int, denied: int, reason: str = "CO-197", payer: str = "acme"
) -> list[Decision]:
    """Decisions of the eight weeks before this one, spread over them."""
    return [
        decided(n, *([reason] if n < denied else []), ago=7 + n % 56, payer=payer)
        for n in range(claims)
    ]


def week(
    *, claims: int, denied: int, reason: str = "CO-197", payer: str = "acme"
) -> list[Decision]:
    return [
        decided(5000 + n, *([reason] if n < denied else []), ago=n % 7, payer=payer)
        for n in range(claims)
    ]


def rising(
    decisions: list[Decision], lines: Mapping[int, frozenset[tuple[str, str]]] | None = None
) -> tuple[DenialFamily, ...] | None:
    """What rises of these decisions, counted one by one; ``lines`` are those that are refused."""
    decided, refused = counted_one_by_one(decisions, lines or {}, TODAY)
    return denial_families(
        {payer: counted(mine, TODAY) for payer, mine in decided.items()},
        {family: counted(mine, TODAY) for family, mine in refused.items()},
        lambda family: members(refused[family], TODAY),
    )


def counted_one_by_one(
    decisions: Iterable[Decision], lines: Mapping[int, frozenset[tuple[str, str]]], until: date
) -> tuple[dict[str, list[Decision]], dict[Family, list[Decision]]]:
    """The decisions of the nine weeks by payer, and by family."""
    days = NineWeeks.up_to(until)
    decided: dict[str, list[Decision]] = {}
    refused: dict[Family, list[Decision]] = {}
    for one in decisions:
        if not days.since <= one.seen <= days.until:
            continue
        decided.setdefault(one.payer, []).append(one)
        for reason in one.reasons:
            refused.setdefault(Family(one.payer, reason), []).append(one)
        for reason, procedure in lines.get(one.item_id, ()):
            if reason in one.reasons:
                refused.setdefault(Family(one.payer, reason, procedure), []).append(one)
    return decided, refused


def counted(mine: list[Decision], until: date) -> Counted:
    now = sum(one.seen >= NineWeeks.up_to(until).begins for one in mine)
    return Counted(now, len(mine) - now)


def members(mine: list[Decision], until: date) -> Members:
    week = [one for one in mine if one.seen >= NineWeeks.up_to(until).begins]
    return Members(
        claims=tuple(sorted(one.claim_id for one in week)),
        dollars=sum((one.dollars for one in week), Decimal(0)),
        since=min(one.seen for one in week),
        first_seen=min(one.seen for one in mine),
    )


def test_a_reason_that_jumps_is_one_family_with_its_claims_and_dollars() -> None:
    told = rising(history(claims=60, denied=3) + week(claims=12, denied=6))
    assert told == (
        DenialFamily(
            payer="acme",
            reason="CO-197",
            procedure=None,
            claims=tuple(f"C500{n}" for n in range(6)),
            dollars=Decimal("600.00"),
            since=TODAY - timedelta(days=5),
            first_seen=TODAY - timedelta(days=9),
            decided=12,
            before=3,
            decided_before=60,
        ),
    )


@pytest.mark.parametrize(
    ("before", "of_before", "now", "of_now"),
    [(0, 200, 2, 2), (0, 500, FLOOR - 1, 40), (10, 60, 2, 12), (30, 60, 8, 12), (6, 60, 5, 50)],
)
def test_few_claims_or_the_usual_share_are_no_family(
    before: int, of_before: int, now: int, of_now: int
) -> None:
    assert rising(history(claims=of_before, denied=before) + week(claims=of_now, denied=now)) == ()


def test_a_week_that_decides_ten_times_as_much_raises_nothing() -> None:
    assert rising(history(claims=56, denied=7) + week(claims=560, denied=70)) == ()


def test_without_a_history_nothing_is_known() -> None:
    assert rising([]) is None
    assert rising(week(claims=30, denied=20)) is None
    other = history(claims=60, denied=0, payer="zenith")
    assert rising(other + week(claims=30, denied=20)) == ()


def test_what_is_older_than_the_history_is_left_out() -> None:
    old = [replace(one, seen=TODAY - timedelta(days=63)) for one in history(claims=60, denied=0)]
    assert rising(old + week(claims=30, denied=20)) is None
    late = [replace(one, seen=TODAY + timedelta(days=1)) for one in week(claims=30, denied=20)]
    assert rising(history(claims=60, denied=0) + late) == ()


def test_one_payers_rise_is_not_anothers() -> None:
    acme = history(claims=60, denied=3) + week(claims=12, denied=6)
    zenith = history(claims=60, denied=30, payer="zenith") + week(
        claims=12, denied=6, payer="zenith"
    )
    assert [family.payer for family in rising(acme + zenith) or ()] == ["acme"]


def lines_by(procedures: list[str]) -> dict[int, frozenset[tuple[str, str]]]:
    return {5000 + n: frozenset({("CO-197", code)}) for n, code in enumerate(procedures)}


@pytest.mark.parametrize(
    ("procedures", "expected"),
    [
        (["G0463"] * 6, {("G0463", 6)}),
        (["G0463"] * 5 + ["J1885"], {("G0463", 5)}),
        (["G0463", "J1885", "A4550", "Q3014", "G0008", "J3420"], {(None, 6)}),
        ([], {(None, 6)}),
    ],
)
def test_the_procedure_is_named_where_most_of_the_claims_share_it(
    procedures: list[str], expected: set[tuple[str | None, int]]
) -> None:
    told = rising(history(claims=80, denied=3) + week(claims=12, denied=6), lines_by(procedures))
    assert {(f.procedure, len(f.claims)) for f in told or ()} == expected


def test_a_family_is_looked_into_only_where_it_rises() -> None:
    refused = {Family("acme", "CO-197"): Counted(2, 20), Family("acme", "CO-16"): Counted(4, 40)}
    asked: list[Family] = []

    def look(family: Family) -> Members:
        asked.append(family)
        return Members((), Decimal(0), TODAY, TODAY)

    assert denial_families({"acme": Counted(12, 60)}, refused, look) == ()
    assert not asked


def test_chance_alone_seldom_raises_an_alarm() -> None:
    """Four payers, five reasons with rates of their own that do not change: 400 quiet weeks."""
    dice = random.Random(20261124)
    rates = {
        (payer, reason): dice.choice((0.01, 0.03, 0.08, 0.2))
        for payer in ("acme", "zenith", "larkspur", "tidewater")
        for reason in ("CO-16", "CO-18", "CO-29", "CO-50", "CO-197")
    }
    alarms = 0
    for _ in range(400):
        quiet = [
            decided(
                n,
                *(
                    reason
                    for (p, reason), rate in rates.items()
                    if p == payer and dice.random() < rate
                ),
                ago=dice.randrange(63),
                payer=payer,
            )
            for n in range(220)
            for payer in [("acme", "zenith", "larkspur", "tidewater")[n % 4]]
        ]
        alarms += bool(rising(quiet))
    assert alarms <= 20  # 5 % of 400; the test's exactness makes it far fewer


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=10**6))
def test_an_outbreak_is_found_whatever_else_the_payers_decide(seed: int) -> None:
    dice = random.Random(seed)
    noise = [
        decided(
            n,
            *(reason for reason in ("CO-16", "CO-18") if dice.random() < 0.05),
            ago=dice.randrange(63),
            payer=dice.choice(("acme", "zenith")),
        )
        for n in range(150)
    ]
    outbreak = [decided(7000 + n, "PI-204", ago=n % 7) for n in range(9)]
    told = {(f.payer, f.reason): f for f in rising(noise + outbreak) or ()}
    assert told["acme", "PI-204"].claims == tuple(one.claim_id for one in outbreak)


def test_the_refused_line_names_the_procedure() -> None:
    def line(code: str, *adjustments: Adjustment) -> ServiceLine:
        return ServiceLine(code, None, Decimal(100), Decimal(0), adjustments=adjustments)

    refused = Adjustment("CO", "197", Decimal(100))
    contract = Adjustment("CO", "45", Decimal(20))
    lines = line("G0463", refused), line("J1885", contract)
    ours = RemittedClaim("C1", "P1", "4", Decimal(200), Decimal(0), Decimal(0), lines=lines)
    theirs = replace(ours, payer_claim_number="P2", lines=(line("A4550", refused),))
    document = Remittance("T1", "ACH", Decimal(0), TODAY, "Acme", "Us", (ours, theirs))
    seen = Observation(Channel.EOB, NOW, Found(document), ("e" * 64,))
    assert refused_procedures("P1", [seen]) == {("CO-197", "G0463")}
