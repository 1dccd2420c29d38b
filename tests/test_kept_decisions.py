"""What the ledger keeps of payers' decisions is what counting its answers anew tells."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_samples import DAY, NOW, begin, claim, paid
from sqlalchemy import and_, select
from test_denial_families import Decision, counted, counted_one_by_one

from billing.denial_families import (
    Counted,
    Family,
    NineWeeks,
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
from console.swept import rising_families


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


@settings(deadline=None, max_examples=15, database=None, suppress_health_check=list(HealthCheck))
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
