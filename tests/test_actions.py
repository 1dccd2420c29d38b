"""Every finding has a next step, and a deadline is counted or a person's: the laws of actions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reconcile_samples import CLAIM, NOTICE, RULES, STATUS, TODAY, portal, weigh

from billing.actions import (
    TOO_LATE,
    escalates_on,
    filing_limit,
    next_step,
    sent_on,
)
from billing.codes.reasons import Denial
from billing.findings import FINDINGS
from billing.payer_rules import PayerRules, Rule
from billing.priority import CHANCES, chance_of, expected, explain_priority, priority
from billing.report import ClaimResult
from billing.steps import STEPS, Clock

NOTHING_KNOWN = PayerRules()


def test_every_finding_has_one_step_and_every_step_a_finding() -> None:
    assert set(STEPS) == set(FINDINGS)
    assert {f"denied-{denial}" for denial in Denial} <= set(FINDINGS)


def test_every_step_is_an_order_with_a_source_and_every_meaning_a_sentence() -> None:
    for kind, step in STEPS.items():
        assert step.action.endswith("."), kind
        assert step.source, kind
        assert FINDINGS[kind].meaning.endswith("."), kind
        assert len(FINDINGS[kind].title) < 35, kind


@pytest.mark.parametrize("kind", sorted(FINDINGS))
def test_a_deadline_without_a_rule_is_no_date_and_a_persons(kind: str) -> None:
    step = next_step(kind, CLAIM, NOTHING_KNOWN, today=TODAY, notice=NOTICE)
    assert step.due_basis
    if STEPS[kind].clock in (Clock.FILING, Clock.APPEAL, Clock.FILING_OR_APPEAL):
        assert step.due is None
        assert step.needs_person
        assert "not known" in step.due_basis


@pytest.mark.parametrize("kind", sorted(FINDINGS))
def test_a_date_says_what_it_was_counted_from_and_by_which_rule(kind: str) -> None:
    step = next_step(kind, CLAIM, RULES, today=TODAY, notice=NOTICE)
    if step.due is not None and STEPS[kind].clock is not Clock.NEXT_SWEEP:
        assert "days, " in step.due_basis
        assert "2026-" in step.due_basis or "after this sweep" in step.due_basis
    assert step.needs_person or not FINDINGS[kind].needs_person


def test_an_appeal_is_counted_from_the_notice() -> None:
    step = next_step("denied-medical-necessity", CLAIM, RULES, today=TODAY, notice=NOTICE)
    assert step.due == date(2027, 1, 31)
    assert step.due_basis == (
        "appeal limit from the notice of 2026-11-02: 90 days, provider manual 7.2, read 2026-10-01"
    )


def test_without_a_notice_there_is_no_appeal_date() -> None:
    step = next_step("denied-other", CLAIM, RULES, today=TODAY)
    assert (step.due, step.needs_person) == (None, True)
    assert "notice is not known" in step.due_basis


def test_filing_is_counted_from_the_first_day_of_service() -> None:
    step = next_step("rejected", CLAIM, RULES, today=TODAY)
    assert step.due == date(2027, 3, 13)
    assert filing_limit(CLAIM, NOTHING_KNOWN) is None


def test_a_passed_limit_is_called_passed() -> None:
    rules = PayerRules(timely_filing=Rule(30, "manual", TODAY), appeal=Rule(10, "manual", TODAY))
    assert "passed" in next_step("rejected", CLAIM, rules, today=TODAY).due_basis
    assert "passed" in next_step("denied-other", CLAIM, rules, today=TODAY, notice=NOTICE).due_basis


def test_once_the_appeal_limit_has_passed_a_late_appeal_is_asked_for_first() -> None:
    in_time = next_step("denied-other", CLAIM, RULES, today=TODAY, notice=NOTICE)
    late = next_step("denied-other", CLAIM, RULES, today=date(2027, 2, 1), notice=NOTICE)
    assert late.due is not None
    assert late.due < date(2027, 2, 1)
    assert late.next_action == f"{TOO_LATE} If it is: {in_time.next_action}"
    conflict = next_step("portal-eob-conflict", CLAIM, RULES, today=date(2027, 2, 1), notice=NOTICE)
    assert TOO_LATE not in conflict.next_action


def test_a_corrected_claim_is_due_by_the_earlier_limit_that_is_still_to_come() -> None:
    kind = "denied-missing-info"
    both = next_step(kind, CLAIM, RULES, today=TODAY, notice=NOTICE)
    assert both.due == date(2027, 1, 31)  # the appeal limit, before the filing limit
    late = next_step(kind, CLAIM, RULES, today=date(2027, 2, 10), notice=NOTICE)
    assert late.due == date(2027, 3, 13)  # the appeal limit is over, the filing limit is not
    one = next_step(kind, CLAIM, replace(RULES, appeal=None), today=TODAY, notice=NOTICE)
    assert (one.due, one.needs_person) == (date(2027, 3, 13), True)
    assert "appeal limit is not known" in one.due_basis


def test_money_is_expected_fifteen_days_after_the_payment_date() -> None:
    step = next_step("paid-not-posted", CLAIM, RULES, today=TODAY, notice=NOTICE)
    assert (step.due, step.needs_person) == (date(2026, 11, 17), False)
    assert next_step("paid-not-posted", CLAIM, RULES, today=TODAY).needs_person


def test_waiting_is_counted_from_the_last_time_the_claim_was_sent() -> None:
    assert sent_on(CLAIM) == (date(2026, 10, 20), "submission")
    again = replace(CLAIM, last_billed=date(2026, 11, 1))
    assert sent_on(again) == (date(2026, 11, 1), "last billing")
    never = replace(CLAIM, submitted=None, last_billed=None)
    assert sent_on(never)[0] == CLAIM.service_to
    assert "no submission date" in sent_on(never)[1]
    assert escalates_on(CLAIM, RULES) == date(2026, 12, 4)
    assert escalates_on(CLAIM, NOTHING_KNOWN) == date(2026, 11, 19)


def test_a_recheck_is_never_later_than_the_day_on_which_waiting_ends() -> None:
    assert next_step("pending-wait", CLAIM, RULES, today=TODAY).due == date(2026, 12, 4)
    slow = replace(RULES, recheck=Rule(60, "manual", TODAY))
    assert next_step("pending-wait", CLAIM, slow, today=TODAY).due == date(2026, 12, 4)
    quick = replace(RULES, recheck=Rule(3, "manual", TODAY))
    assert next_step("pending-wait", CLAIM, quick, today=TODAY).due == date(2026, 11, 23)
    last_day = date(2026, 12, 4)
    assert next_step("pending-wait", CLAIM, RULES, today=last_day).due == last_day


def result(dollars: str, due: date | None, *, needs_person: bool, age: int) -> ClaimResult:
    conclusion = weigh(portal(replace(STATUS, category="P1")))
    finding = replace(
        conclusion.finding, dollars=Decimal(dollars), due=due, needs_person=needs_person
    )
    claim = replace(CLAIM, service_from=TODAY - timedelta(days=age))
    return ClaimResult(1, claim, replace(conclusion, finding=finding), 1, None, None)


def test_the_formula_of_priority() -> None:
    def rank(dollars: str, due: date | None, *, needs_person: bool, age: int) -> Decimal:
        return priority(result(dollars, due, needs_person=needs_person, age=age), TODAY)

    assert rank("100.00", TODAY, needs_person=False, age=0) == Decimal("3100.00")
    assert rank("100.00", TODAY + timedelta(days=29), needs_person=True, age=90) == Decimal(400)
    assert rank("100.00", None, needs_person=False, age=0) == Decimal("100.00")
    assert rank("31.00", None, needs_person=True, age=0) == Decimal("61.00")
    assert rank("-5.00", TODAY, needs_person=True, age=10) == Decimal("0.00")


def test_a_priority_is_explained_in_a_sentence() -> None:
    found = result("1240.00", TODAY + timedelta(days=12), needs_person=True, age=40)
    assert explain_priority(found, TODAY) == (
        "$1,240.00 at stake, 12 days left, 40 days since service."
    )
    finding = replace(found.conclusion.finding, chance=Decimal("0.54"), chance_source="a survey")
    denied = replace(found, conclusion=replace(found.conclusion, finding=finding))
    assert explain_priority(denied, TODAY) == (
        "$1,240.00 at stake x 54 % (a survey) = $669.60 expected, 12 days left, "
        "40 days since service."
    )
    late = explain_priority(denied, TODAY + timedelta(days=15))
    assert "overdue since 3 days" in late
    dateless = result("5.00", None, needs_person=True, age=0)
    assert "counted as 30 days left" in explain_priority(dateless, TODAY)


def test_every_finding_has_a_chance_that_says_who_states_it() -> None:
    assert set(CHANCES) == set(FINDINGS)
    for kind, chance in CHANCES.items():
        assert 0 < chance.share <= 1, kind
        assert chance.source, kind
        published = " 20" in chance.source  # such a one names its year
        assert published or chance.share == 1 or chance.source == "our assumption", kind


def test_a_finding_of_an_old_ledger_has_the_chance_of_its_kind() -> None:
    found = weigh(portal(replace(STATUS, category="A3"))).finding
    assert found.chance == CHANCES["rejected"].share
    old = replace(found, chance=None, chance_source="")
    assert chance_of(old) == CHANCES["rejected"]
    assert expected(old) == expected(found) == Decimal("160.00")


days = st.integers(0, 2000)
shares = st.decimals(0, 1, places=2)


@given(st.integers(1, 10**7), days, days, days, days, shares, shares)
def test_more_dollars_likelier_nearer_and_older_is_never_later(
    cents: int, left: int, nearer: int, age: int, older: int, chance: Decimal, other: Decimal
) -> None:
    likely = min(chance, other)

    def rank(cents: int, left: int, age: int, share: Decimal = likely) -> Decimal:
        due = TODAY + timedelta(days=left)
        dollars = str(Decimal(cents) / 100)
        found = result(dollars, due, needs_person=False, age=age)
        finding = replace(found.conclusion.finding, chance=share)
        return priority(
            replace(found, conclusion=replace(found.conclusion, finding=finding)), TODAY
        )

    least = rank(cents, left, age)
    assert rank(cents, left, age, max(chance, other)) >= least
    assert rank(cents + 1, left, age) >= least
    assert rank(cents, min(left, nearer), age) >= least
    assert rank(cents, left, age + older) >= least


every_date = st.dates()
every_rule = st.none() | st.builds(Rule, st.integers(0, 10**7), st.just("manual"), every_date)


@given(
    st.sampled_from(sorted(FINDINGS)),
    every_date,
    st.none() | every_date,
    st.none() | every_date,
    st.builds(PayerRules, every_rule, every_rule, every_rule, every_rule),
    every_date,
)
def test_no_date_or_rule_makes_a_step_fail(
    kind: str,
    service: date,
    submitted: date | None,
    notice: date | None,
    rules: PayerRules,
    today: date,
) -> None:
    claim = replace(CLAIM, service_from=service, service_to=service, submitted=submitted)
    step = next_step(kind, claim, rules, today=today, notice=notice)
    assert step.next_action
    assert step.due_basis
