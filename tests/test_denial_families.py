"""Rising denials are told as one family, with few numbers and busy weeks raising no alarm."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import DAY, NOW, begin, claim, paid

from billing.denial_families import (
    FLOOR,
    Decision,
    chance,
    denial_families,
    refused_procedures,
)
from billing.ledger import Ledger, open_ledger
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


def no_lines(_: Sequence[Decision]) -> dict[int, frozenset[tuple[str, str]]]:
    return {}


def rising(decisions: list[Decision]) -> tuple[DenialFamily, ...] | None:
    return denial_families(decisions, until=TODAY, refused_lines=no_lines)


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
    lines = lines_by(procedures)
    told = denial_families(
        history(claims=80, denied=3) + week(claims=12, denied=6),
        until=TODAY,
        refused_lines=lambda asked: {n: lines[n] for n in lines if n in {a.item_id for a in asked}},
    )
    assert {(f.procedure, len(f.claims)) for f in told or ()} == expected


def test_lines_are_read_only_where_a_family_may_rise() -> None:
    asked = []

    def lines(claims: Sequence[Decision]) -> dict[int, frozenset[tuple[str, str]]]:
        asked.extend(claims)
        return {}

    denial_families(
        history(claims=60, denied=20) + week(claims=12, denied=2),
        until=TODAY,
        refused_lines=lines,
    )
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
    one = replace(decided(1, "CO-197", ago=0), payer_claim_number="P1")
    assert refused_procedures(one, [seen]) == {("CO-197", "G0463")}


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
    told = ledger.decisions(since=DAY, until=DAY + timedelta(days=5))
    seen = {one.claim_id: ((one.seen - DAY).days, one.reasons) for one in told}
    assert seen == {
        "C00001": (0, ()),
        "C00002": (1, ("CO-197",)),
        "C00003": (0, ("CO-197",)),
    }
    assert len(told) == 3
    assert {one.dollars for one in told if one.reasons} == {Decimal("75.00")}
    assert {one.payer_claim_number for one in told if one.reasons} == {"PC00002", "PC00003"}


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
    documents = list(ledger.documented([3, 1]))
    assert [item for item, _ in documents] == [1, 3]
    mine = [(item, one) for item in (1, 3) for one in ledger.observations(item)]
    assert documents == [pair for pair in mine if pair[1].channel is not Channel.PORTAL]
