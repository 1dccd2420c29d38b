"""A period's figures are what pandas and paper make of the same nights, and unknown is no zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas
import pytest
from console_samples import CASES, FOREIGN, NAMES, TODAY, WAITING, night
from period_samples import period, sweeps_of

from billing.disposition import UNHEARD
from billing.kpi import (
    BUCKETS,
    NOT_ASKED_AGAIN,
    NOT_TAKEN,
    REFUSED,
    AgedBy,
    Period,
    aging,
    denial_mix,
    figures,
    new_decisions,
    nights,
    skipped,
    standing,
)
from billing.kpi_definitions import DEFINITIONS
from billing.model import Outcome, Posting, PostingKind
from billing.report import ClaimResult, SweepReport
from console.words import OBSTACLES, UNASKED

FIRST = TODAY - timedelta(days=6)
NOT_HEARD = {"payer-unavailable", "login-refused", "no-profile"}
DECIDED = ["paid", "partly_paid", "denied"]


@pytest.fixture(scope="module")
def sweeps() -> list[SweepReport]:
    return list(sweeps_of(14))


@pytest.fixture(scope="module")
def week(sweeps: list[SweepReport]) -> Period:
    return period(sweeps, FIRST, TODAY)


def frame(told: Period) -> pandas.DataFrame:
    """Every check of the period as a table."""
    rows: list[dict[str, Any]] = []
    for sweep in told.sweeps:
        for r in sweep.results:
            said, finding = r.conclusion, r.conclusion.finding
            rows.append(
                {
                    "day": sweep.business_date,
                    "claim": (r.claim.payer or r.claim.payer_name, r.claim.claim_id),
                    "payer": NAMES.get(r.claim.payer or "", FOREIGN),
                    "served": r.claim.service_from,
                    "sent": r.claim.submitted,
                    "billed": float(r.claim.billed),
                    "balance": float(r.claim.balance),
                    "outcome": said.outcome.value,
                    "before": r.earlier.conclusion.outcome.value if r.earlier else None,
                    "known": r.earlier is not None,
                    "changed": r.changed,
                    "heard": finding.kind not in NOT_HEARD,
                    "person": finding.needs_person,
                    "work": finding.kind not in WAITING or finding.needs_person,
                    "kind": finding.kind,
                    "paid": float(said.paid or 0),
                    "paid_before": float(r.earlier.conclusion.paid or 0) if r.earlier else 0.0,
                }
            )
    table = pandas.DataFrame(rows)
    paid = table.outcome.isin(["paid", "partly_paid"]) & (table.paid > 0) & (table.balance > 0)
    table["found"] = paid & (table.kind != "corrected-claim")
    return table


def percent(part: float, whole: float) -> Decimal:
    return Decimal(str(round(100 * part / whole + 1e-9, 1)))


def test_shares_of_the_checks_are_as_pandas_counts_them(week: Period) -> None:
    told, table = figures(week), frame(week)
    heard = table[table.heard]
    due = len(table) + 7 * (1 + 3)  # a night: one refused row that is missed, three left out
    assert told["coverage"].value == percent(len(heard), due)
    assert told["coverage"].basis == f"{len(heard):,} of {due:,} checks due"
    assert told["touchless"].value == percent((~heard.person).sum(), len(heard))
    assert told["unchanged"].value == percent(heard.changed.eq(False).sum(), len(heard))
    news = heard[heard.changed.ne(False) & heard.work]
    assert told["yield"].value == percent(len(news), len(heard))
    assert 0 < len(news) < len(heard)


def test_money_is_counted_once_a_claim_as_it_stood_last(week: Period) -> None:
    told, table = figures(week), frame(week)
    last = table.groupby("claim").tail(1)
    found = last[last.found]
    assert told["money_found"].value == Decimal(f"{found.paid.sum():.2f}")
    assert told["money_found"].basis == f"{len(found)} claims"
    assert found.paid.sum() < table[table.found].paid.sum()


def test_denial_rates_are_of_decisions_first_seen_in_the_period(
    week: Period, sweeps: list[SweepReport]
) -> None:
    told, table = figures(week), frame(week)
    decided = table[table.outcome.isin(DECIDED) & ~table.before.isin(DECIDED)]
    known = set(
        frame(period(sweeps, TODAY - timedelta(days=13), FIRST - timedelta(days=1)))
        .query("outcome in @DECIDED")
        .claim
    )
    new = decided[~decided.claim.isin(known)].drop_duplicates("claim")
    denied = new[new.outcome == "denied"]
    assert 0 < len(denied) < len(new)
    assert told["denial_rate"].value == percent(len(denied), len(new))
    assert told["denial_dollars"].value == percent(denied.billed.sum(), new.billed.sum())
    mix = denial_mix(new_decisions(week))
    expected = denied.groupby("kind").billed.agg(["count", "sum"])
    outright = {kind: part for kind, part in mix.items() if kind != "partly-denied"}
    assert {kind: part.claims for kind, part in outright.items()} == expected["count"].to_dict()
    for kind, part in outright.items():
        assert float(part.dollars) == pytest.approx(expected["sum"][kind])


@pytest.mark.parametrize("by", list(AgedBy))
def test_aging_is_as_pandas_cuts_it(week: Period, by: AgedBy) -> None:
    table = frame(week)
    held = table[table.day == TODAY]
    held = held[held.balance > 0].copy()
    day = "served" if by is AgedBy.SERVICE else "sent"
    ages = held[day].map(lambda one: (TODAY - one).days)
    held["bucket"] = pandas.cut(ages, [-1, 30, 60, 90, 120, 10**6], labels=list(BUCKETS))
    sums = held.groupby(["payer", "bucket"], observed=False).balance.agg(["count", "sum"])
    told = aging(standing(week), payer_names=NAMES, as_of=TODAY, by=by)
    assert {row.payer for row in told} == set(held.payer)
    for row in told:
        for bucket, part in zip(BUCKETS, row.buckets, strict=True):
            assert part.claims == sums["count"][row.payer, bucket]
            assert float(part.dollars) == pytest.approx(sums["sum"][row.payer, bucket])
    assert [row.total.dollars for row in told] == sorted(
        (row.total.dollars for row in told), reverse=True
    )


def test_an_age_on_the_edge_belongs_to_the_younger_bucket() -> None:
    (one,) = night(1).results

    def bucket(days: int) -> str:
        served = replace(one.claim, service_from=TODAY - timedelta(days=days))
        (row,) = aging([replace(one, claim=served)], payer_names=NAMES, as_of=TODAY)
        return next(b for b, part in zip(BUCKETS, row.buckets, strict=True) if part.claims)

    edges = (-3, 0, 30, 31, 60, 61, 90, 91, 120, 121, 4000)
    assert [bucket(days) for days in edges] == [
        *["0-30"] * 3,
        *["31-60"] * 2,
        *["61-90"] * 2,
        *["91-120"] * 2,
        *["over 120"] * 2,
    ]


def test_a_claim_never_billed_has_no_age_by_billing_and_a_credit_none_at_all() -> None:
    (one,) = night(1).results
    claim = replace(one.claim, submitted=None, last_billed=None, balance=Decimal("40.00"))
    owed = replace(claim, claim_id="2", balance=Decimal("-15.00"))
    held = [replace(one, claim=claim), replace(one, claim=owed)]
    (row,) = aging(held, payer_names=NAMES, as_of=TODAY, by=AgedBy.LAST_BILLED)
    assert (row.undated.claims, row.undated.dollars) == (1, Decimal("40.00"))
    assert row.total.dollars == Decimal("40.00")


def test_receivables_by_hand() -> None:
    """Three claims on paper: 100 open for 10 days, 300 open for 100 days, 50 owed back."""
    (one,) = night(1).results

    def claim(number: str, days: int, billed: str, balance: str) -> ClaimResult:
        served = TODAY - timedelta(days=days)
        return replace(
            one,
            claim=replace(
                one.claim,
                claim_id=number,
                service_from=served,
                billed=Decimal(billed),
                balance=Decimal(balance),
            ),
        )

    results = (
        claim("1", 10, "180.00", "100.00"),
        claim("2", 100, "300.00", "300.00"),
        claim("3", 20, "90.00", "-50.00"),
    )
    told = figures(alone(results))
    assert told["open_age"].value == Decimal("77.5")  # (100 x 10 + 300 x 100) / 400
    assert told["over_90"].value == Decimal("75.0")
    assert told["days_in_ar"].value == Decimal("133.3")  # 400 / ((180 + 90) / 90 = 3 a day)
    assert told["days_in_ar"].basis == "$400.00 open, $3.00 charged a day"
    assert told["credit_balances"].value == Decimal("50.00")
    old = figures(alone((claim("2", 100, "300.00", "300.00"),)))
    assert old["days_in_ar"].value is None
    assert old["open_age"].value == Decimal("100.0")


def alone(results: tuple[ClaimResult, ...], **changes: Any) -> Period:
    """A period of one sweep of these results."""
    sweep = replace(night(0), results=results, refused_rows=(), **changes)
    return Period(FIRST, TODAY, (sweep,), {sweep.sweep_id: len(results)})


def test_money_at_risk_by_hand() -> None:
    """Only deadlines that cost money count, each claim once, from 0 to 14 days ahead."""
    (one,) = night(1).results

    def due(number: int, kind: str, days: int | None, dollars: int, *also: int) -> ClaimResult:
        day = None if days is None else TODAY + timedelta(days=days)
        finding = replace(one.conclusion.finding, kind=kind, due=day, dollars=Decimal(dollars))
        others = tuple(replace(finding, dollars=Decimal(more)) for more in also)
        said = replace(one.conclusion, finding=finding, others=others)
        return replace(one, claim=replace(one.claim, claim_id=str(number)), conclusion=said)

    results = (
        due(1, "rejected", 0, 1),
        due(2, "denied-bundled", 14, 2, 2, 1),
        due(3, "denied-bundled", 15, 4),
        due(4, "denied-bundled", -1, 8),
        due(5, "pending-wait", 3, 16),
        due(6, "paid-not-posted", 3, 32),
        due(7, "rejected", None, 64),
    )
    told = figures(alone(results))
    assert told["money_at_risk"].value == 1 + 2
    assert told["deadline_passed"].value == 8


def test_net_collection_by_hand() -> None:
    """Two claims of 100 and 200: 30 and 20 off by contract, 150 paid, of which 10 taken back."""
    first, second = (r for r in night(2).results)
    results = tuple(
        replace(
            r,
            conclusion=replace(r.conclusion, payer_claim_number=f"P{n}", charge=Decimal(charge)),
        )
        for n, (r, charge) in enumerate([(first, 100), (second, 200)])
    )

    def posting(n: int, kind: PostingKind, code: str, amount: int) -> Posting:
        payer = str(results[n].claim.payer)
        return Posting(payer, "T1", f"P{n}", 1, kind, code, Decimal(amount))

    pay, adjust, back = PostingKind.PAYMENT, PostingKind.ADJUSTMENT, PostingKind.REVERSAL
    posted = (
        posting(0, pay, "", 50),
        posting(0, adjust, "CO-45", 30),
        posting(0, adjust, "PR-1", 20),
        posting(1, pay, "", 100),
        posting(1, back, "", -10),
        posting(1, adjust, "CO-45", 20),
        posting(1, adjust, "CO-197", 80),
    )
    told = figures(alone(results, new_postings=posted))["net_collection"]
    assert told.value == Decimal("56.0")  # 140 / (300 - 50)
    assert told.basis == "$140.00 of $250.00 collectible, 2 claims"
    assert figures(alone(results, new_postings=()))["net_collection"].value is None


def test_what_nobody_knows_is_unknown_and_never_zero() -> None:
    for empty in (Period(FIRST, TODAY, (), {}), alone(())):
        told = figures(empty)
        assert set(told) == set(DEFINITIONS)
        assert {key for key, figure in told.items() if figure.value is not None} == set()
        assert all(figure.basis for figure in told.values())


def test_every_figure_has_its_definition_source_and_caveat(week: Period) -> None:
    assert set(figures(week)) == set(DEFINITIONS)
    for definition in DEFINITIONS.values():
        assert all((definition.title, definition.formula, definition.source, definition.caveat))
    assert "HFMA" in DEFINITIONS["days_in_ar"].source
    assert "gross" in DEFINITIONS["days_in_ar"].title


def test_a_claim_that_was_left_as_known_counts_as_due_and_not_as_checked(
    sweeps: list[SweepReport],
) -> None:
    before = period(sweeps[-1:], TODAY, TODAY)
    (sweep,) = before.sweeps
    at, heard = next(
        (at, r) for at, r in enumerate(sweep.results) if r.conclusion.finding.kind not in UNHEARD
    )
    left = replace(heard, conclusion=replace(heard.conclusion, not_asked="Not asked: not due."))
    results = (*sweep.results[:at], left, *sweep.results[at + 1 :])
    after = period([replace(sweep, results=results)], TODAY, TODAY)
    assert skipped(after) == skipped(before) | {NOT_ASKED_AGAIN: 1}
    assert sum(night.due for night in nights(after)) == sum(night.due for night in nights(before))
    assert nights(after)[0].checked == nights(before)[0].checked - 1


def test_what_was_due_is_checked_or_skipped_with_a_reason(week: Period) -> None:
    told, table = skipped(week), frame(week)
    expected = table[~table.heard].kind.value_counts().to_dict()
    assert told == expected | {NOT_TAKEN: 21, REFUSED: 7}
    days = nights(week)
    assert sum(day.due - day.checked for day in days) == sum(told.values())
    assert [day.day for day in days] == sorted(set(table.day))
    by_day = table[table.found & (table.paid_before == 0)].groupby("day").paid.sum()
    for day in days:
        assert float(day.found) == pytest.approx(by_day.get(day.day, 0.0))


def test_a_payer_stands_as_its_own_last_day_has_it() -> None:
    whole = night(12)
    acme, other = (
        tuple(r for r in whole.results if (r.claim.payer == "larkspur") is mine)
        for mine in (True, False)
    )
    monday = replace(whole, sweep_id="a", business_date=FIRST, results=whole.results)
    paid = tuple(replace(r, claim=replace(r.claim, balance=Decimal("1.00"))) for r in acme[1:])
    tuesday = replace(whole, sweep_id="b", business_date=FIRST + timedelta(days=1), results=paid)
    held = standing(Period(FIRST, TODAY, (monday, tuesday), {}))
    assert sorted(r.item_id for r in held) == sorted(r.item_id for r in (*other, *acme[1:]))
    assert {r.claim.balance for r in held if r.claim.payer == "larkspur"} == {Decimal("1.00")}


def test_the_unheard_are_the_obstacles_without_a_portal() -> None:
    assert set(UNHEARD) == {kind for kind, (family, _) in OBSTACLES.items() if family in UNASKED}
    assert {case.kind for case in CASES if case.outcome is Outcome.NO_ANSWER} >= NOT_HEARD - {
        "no-profile"
    }
