"""Rising denials are told as one family, with few numbers and busy weeks raising no alarm."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import DAY, NOW, begin, claim, paid
from sqlalchemy import and_, select

from billing.denial_families import (
    FLOOR,
    Counted,
    Family,
    Members,
    NineWeeks,
    chance,
    denial_families,
    denies,
    refused_procedures,
)
from billing.ledger import Ledger, open_ledger, tables
from billing.ledger.decisions import documented, forget_decisions, keep_all_decisions
from billing.ledger.words import CONCLUSION, read
from billing.model import (
    Adjustment,
    Channel,
    Conclusion,
    Finding,
    Found,
    Observation,
    Outcome,
    Remittance,
    RemittedClaim,
    ServiceLine,
)
from billing.report import DenialFamily
from console.swept import rising_families

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


def explained(ledger: Ledger, said: Conclusion, procedure: str | None) -> list[Observation]:
    if procedure is None:
        return []
    refused = Adjustment("CO", "197", Decimal("75.00"))
    line = ServiceLine(procedure, None, Decimal(75), Decimal(0), adjustments=(refused,))
    number = said.payer_claim_number
    one = RemittedClaim("C", number, "4", Decimal(75), Decimal(0), Decimal(0), lines=(line,))
    document = Remittance("T1", "ACH", Decimal(0), DAY, "Acme", "Us", (one,))
    seen = ledger.store(f"EOB of {number}".encode(), "application/pdf")
    return [Observation(Channel.EOB, NOW, Found(document), (seen,))]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home")
    yield opened
    opened.close()


def night(
    ledger: Ledger, day: int, outcomes: dict[int, Outcome], procedure: str | None = None
) -> None:
    """A sweep on ``day`` after the first in which every claim has its outcome; denied is CO-197,
    and where ``procedure`` is named an EOB says so of a line of it."""
    page = ledger.store(b"page", "text/html")
    name = f"night-{day}"
    begin(ledger, name, [claim(number) for number in outcomes], days=day)
    for outcome in outcomes.values():
        item = ledger.lease_item(name, "acme", "one", seconds=60, now=NOW)
        assert item is not None
        refused = outcome in (Outcome.DENIED, Outcome.PARTLY_PAID)
        said = Conclusion(
            outcome=outcome,
            finding=Finding("denied-other", "Why.", Decimal("75.00"), "Do.", DAY, "a rule", True),
            payer_claim_number=f"P{item.claim.claim_id}",
            reason_codes=("CO-197", "CO-45") if refused else ("CO-45",),
        )
        assert ledger.settle(
            item.item_id,
            item.fence,
            observations=[paid(page), *explained(ledger, said, procedure)],
            conclusion=said,
            postings=[],
            seconds=Decimal("1.0"),
            at=NOW,
        )


def test_the_ledger_knows_each_decision_once_as_it_was_first_seen(ledger: Ledger) -> None:
    night(ledger, 0, {1: Outcome.PAID, 2: Outcome.PENDING, 3: Outcome.DENIED})
    night(ledger, 1, {1: Outcome.DENIED, 2: Outcome.PARTLY_PAID, 3: Outcome.DENIED})
    night(ledger, 9, {4: Outcome.DENIED})
    days = NineWeeks(DAY, DAY + timedelta(days=1), DAY + timedelta(days=5))
    told = ledger.denials(days)
    assert told.decided == {"acme": Counted(1, 2)}
    assert told.refused == {Family("acme", "CO-197"): Counted(1, 1)}
    seen = ledger.family_members(Family("acme", "CO-197"), days)
    assert (seen.claims, seen.dollars) == (("C00002",), Decimal("75.00"))
    assert (seen.since - DAY, seen.first_seen - DAY) == (timedelta(days=1), timedelta())


def test_a_rise_in_the_ledger_is_told_on_the_day_it_is_seen(ledger: Ledger) -> None:
    night(ledger, 0, dict.fromkeys(range(1, 41), Outcome.PAID))
    night(ledger, 10, dict.fromkeys(range(41, 46), Outcome.DENIED))
    assert rising_families(ledger, DAY) is None
    (family,) = rising_families(ledger, DAY + timedelta(days=10)) or ()
    assert family.claims == tuple(f"C000{n}" for n in range(41, 46))
    assert (family.payer, family.reason, family.procedure) == ("acme", "CO-197", None)
    assert family.since == family.first_seen == DAY + timedelta(days=10)
    assert family.dollars == Decimal("375.00")
    assert (family.decided, family.before, family.decided_before) == (5, 0, 40)


def test_the_procedure_is_read_from_the_documents_of_every_claim_of_the_family(
    ledger: Ledger,
) -> None:
    night(ledger, 0, dict.fromkeys(range(1, 41), Outcome.PAID))
    night(ledger, 9, dict.fromkeys(range(41, 45), Outcome.DENIED), procedure="G0463")
    night(ledger, 10, {45: Outcome.DENIED})
    told = rising_families(ledger, DAY + timedelta(days=10)) or ()
    assert [(one.procedure, len(one.claims)) for one in told] == [("G0463", 4)]


def test_what_portals_said_is_not_read_for_lines(ledger: Ledger) -> None:
    night(ledger, 0, {1: Outcome.PAID, 2: Outcome.DENIED, 3: Outcome.DENIED}, procedure="G0463")
    with ledger._reading() as connection:
        documents = list(documented(connection, [3, 1]))
    assert [item for item, _ in documents] == [1, 3]
    mine = [(item, one) for item in (1, 3) for one in ledger.observations(item)]
    assert documents == [pair for pair in mine if pair[1].channel is not Channel.PORTAL]


def counted_in_the_ledger(
    ledger: Ledger, days: NineWeeks
) -> tuple[dict[str, Counted], dict[Family, Counted]]:
    """What was decided and refused, read answer by answer: nothing that is kept beside them."""
    items, said, sweeps = tables.items, tables.conclusions, tables.sweeps
    now = and_(said.c.item_id == items.c.item_id, said.c.fence == items.c.fence)
    query = (
        select(items.c.item_id, items.c.payer, items.c.claim_id, sweeps, said.c.conclusion)
        .join_from(items, said, now)
        .join(sweeps, sweeps.c.sweep_id == items.c.sweep_id)
        .where(sweeps.c.business_date.between(days.since, days.until), items.c.payer.is_not(None))
        .order_by(sweeps.c.business_date, items.c.item_id)
    )
    first: dict[tuple[str, str], Decision] = {}
    lines: dict[int, frozenset[tuple[str, str]]] = {}
    with ledger._reading() as connection:
        for row in connection.execute(query):
            told = read(CONCLUSION, row.conclusion)
            refused = told.outcome in (Outcome.DENIED, Outcome.PARTLY_PAID)
            key = (row.payer, row.claim_id)
            if not (refused or told.outcome is Outcome.PAID) or key in first:
                continue
            reasons = tuple(filter(denies, told.reason_codes)) if refused else ()
            first[key] = Decision(
                row.item_id, *key, row.business_date, reasons, told.finding.dollars
            )
            seen = [one for _, one in documented(connection, [row.item_id])]
            lines[row.item_id] = refused_procedures(told.payer_claim_number, seen)
    decided, refused_by = counted_one_by_one(first.values(), lines, days.until)
    return (
        {payer: counted(mine, days.until) for payer, mine in decided.items()},
        {family: counted(mine, days.until) for family, mine in refused_by.items()},
    )


OUTCOMES = st.dictionaries(
    st.integers(1, 5),
    st.sampled_from([Outcome.PAID, Outcome.DENIED, Outcome.PARTLY_PAID, Outcome.PENDING]),
    min_size=1,
)
NIGHTS = st.lists(
    st.tuples(st.integers(0, 140), OUTCOMES, st.sampled_from([None, "G0463", "J1885"])),
    min_size=1,
    max_size=7,
    unique_by=lambda one: one[0],
)


@settings(deadline=None, max_examples=15, database=None)
@given(nights=NIGHTS, forgotten=st.sets(st.integers(1, 12), max_size=4))
def test_what_is_kept_of_decisions_is_what_counting_anew_tells(
    nights: list[tuple[int, dict[int, Outcome], str | None]], forgotten: set[int]
) -> None:
    """Nights in any order of their days, some of their answers deleted in the end."""
    with tempfile.TemporaryDirectory() as home:
        ledger = open_ledger(Path(home))
        for day, outcomes, procedure in nights:
            night(ledger, day, outcomes, procedure)
        looks = [NineWeeks.up_to(DAY + timedelta(days=day + 3)) for day, *_ in nights]

        def both(days: NineWeeks) -> None:
            told = ledger.denials(days)
            assert (told.decided, told.refused) == counted_in_the_ledger(ledger, days)

        for days in looks:
            both(days)
        with ledger._writing() as connection:
            forget_decisions(connection, sorted(forgotten))
            for table in (tables.rests_on, tables.conclusions, tables.observations, tables.items):
                connection.execute(table.delete().where(table.c.item_id.in_(forgotten)))
        for days in looks:
            both(days)
        with ledger._reading() as connection:
            kept = [connection.execute(one.select()).all() for one in KEPT]
        with ledger._writing() as connection:
            keep_all_decisions(connection)
            assert [sorted(connection.execute(one.select()).all()) for one in KEPT] == [
                sorted(rows) for rows in kept
            ]
        ledger.close()


KEPT = (tables.decided, tables.refused)


def test_a_decision_that_is_kept_wrongly_is_told_from_counting_anew(ledger: Ledger) -> None:
    night(ledger, 0, {1: Outcome.PAID, 2: Outcome.DENIED})
    night(ledger, 3, {2: Outcome.DENIED})
    days = NineWeeks.up_to(DAY + timedelta(days=3))
    assert ledger.denials(days).decided == counted_in_the_ledger(ledger, days)[0]
    with ledger._writing() as connection:
        connection.execute(tables.decided.update().values(before=None))
    assert ledger.denials(days).decided != counted_in_the_ledger(ledger, days)[0]
