"""The table of rules: every rule can fire, none repeats another, and a finding says which did."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from reconcile_samples import (
    CLAIM,
    EOB,
    NOTICE,
    PAID,
    PORTAL,
    RULES,
    STATUS,
    TODAY,
    agreeing,
    eob,
    line,
    no_eob,
    portal,
    remitted,
    reversal,
    told,
    weigh,
)

from billing.acknowledgement import Acceptance
from billing.codes.reasons import Denial
from billing.coverage import Coverage, CoverageObservation
from billing.fee_schedule import ContractFee, FeeSchedule
from billing.findings import FINDINGS
from billing.ledger.words import CONCLUSION, read, write
from billing.model import (
    Channel,
    Conclusion,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Reason,
    RemittedClaim,
)
from billing.payer_rules import Rule
from billing.reconcile import Background, conclude
from billing.reconcile.facts import FACTS
from billing.reconcile.rules import NOT, further_rules, main_rule
from billing.reconcile.rules import RULES as TABLE

ABSENT = portal(NotFound(("member_id",)))
CODE_OF = {
    Denial.MISSING_INFO: "16",
    Denial.DUPLICATE: "18",
    Denial.TIMELY_FILING: "29",
    Denial.NO_AUTHORIZATION: "197",
    Denial.NOT_COVERED: "204",
    Denial.ELIGIBILITY: "27",
    Denial.OTHER_PAYER: "22",
    Denial.BUNDLED: "97",
    Denial.MEDICAL_NECESSITY: "50",
    Denial.OTHER: "B7",
}
MONEY = {"insurance_paid": Decimal("156.00"), "balance": Decimal("44.00")}


def status(category: str | None, **changes: Any) -> Conclusion:
    """The portal's word alone."""
    return weigh(portal(replace(STATUS, category=category)), **changes)


def both(claim: RemittedClaim, *, category: str = "F0", **changes: Any) -> Conclusion:
    """Portal and EOB say the same."""
    return weigh(portal(agreeing(claim, category=category)), eob(claim), **changes)


def denied(code: str, **changes: Any) -> Conclusion:
    return both(remitted([line("200.00", f"CO-{code} 200.00")]), **changes)


def partly(code: str, **changes: Any) -> Conclusion:
    claim = remitted([line("120.00", "CO-45 20.00"), line("80.00", f"CO-{code} 80.00")])
    return both(claim, **changes)


def late(days: int) -> Any:
    return replace(RULES, timely_filing=Rule(days, "manual", TODAY))


def contracted(*prices: str) -> Conclusion:
    claim = remitted([line("100.00", "CO-45 50.00")])
    begins = CLAIM.service_from
    fees = [
        ContractFee("G0463", None, None, begins, None, Decimal(price), row)
        for row, price in enumerate(prices, 2)
    ]
    beside = Background(fees=FeeSchedule("f" * 64, tuple(fees)))
    seen = portal(agreeing(claim)), eob(claim)
    return conclude(replace(CLAIM, billed=claim.charge), seen, RULES, today=TODAY, beside=beside)


def insured(seen: Sequence[Observation], *, active: bool) -> Conclusion:
    cover = Coverage("Active" if active else "Inactive", active)
    said = CoverageObservation(seen[0].observed_at, Found(cover), ("c" * 64,))
    beside = Background(covers=((said, CLAIM.service_from),))
    return conclude(CLAIM, seen, RULES, today=TODAY, beside=beside)


def uninsured(claim: RemittedClaim, *, active: bool) -> Conclusion:
    return insured([portal(agreeing(claim)), eob(claim)], active=active)


LAPSED = remitted([line("200.00", "CO-27 200.00")])
PART_LAPSED = remitted([line("120.00", "CO-45 20.00"), line("80.00", "CO-27 80.00")])
TAKEN_IN = Acceptance("277CA", "ACME", "payer", NOTICE, ("A2:20",), "segment 9", ())
SINCE = (TODAY - CLAIM.service_from).days
OWED = remitted([line("200.00", "CO-45 50.00", "PR-1 150.00")])
TAKEN = remitted([line("200.00", "CO-45 200.00")])
SPOILT = no_eob("Torn.")

FIRES: dict[str, Conclusion] = {
    "answer.not-asked": weigh(),
    **{
        f"answer.{finding}": weigh(portal(NoAnswer(reason, "It was so.")))
        for reason, finding in [
            (Reason.SEVERAL_MATCHES, "several-matches"),
            (Reason.WRONG_PATIENT, "wrong-patient"),
            (Reason.UNAVAILABLE, "payer-unavailable"),
            (Reason.UNREACHABLE, "unreachable"),
            (Reason.LOGIN_REFUSED, "login-refused"),
            (Reason.UNKNOWN_PAGE, "unknown-page"),
            (Reason.CANARY_FAILED, "canary-failed"),
            (Reason.NEEDS_PERSON, "needs-person"),
            (Reason.POLICY, "policy"),
            (Reason.NO_PROFILE, "no-profile"),
        ]
    },
    "answer.no-status": weigh(told(Found("?"), channel=Channel.PORTAL)),  # type: ignore[arg-type]
    "sources.eob-against-portal": weigh(ABSENT, eob(PAID)),
    "books.credit-undecided": status("P1", balance=Decimal(-5)),
    "books.insurance-posted": status("P1", insurance_paid=Decimal(80)),
    "books.nothing-open": weigh(ABSENT, balance=Decimal("0.00")),
    "missing.accepted": conclude(
        CLAIM,
        [ABSENT],
        RULES,
        today=TODAY,
        beside=Background(accepted=(TAKEN_IN, "f" * 64)),
    ),
    "missing.limit-passed": weigh(ABSENT, rules=late(SINCE - 1)),
    "missing.limit-near": weigh(ABSENT, rules=late(SINCE)),
    "missing.too-early": weigh(ABSENT, submitted=TODAY, last_billed=None),
    "missing": weigh(ABSENT),
    "pending.too-long": status("P1", submitted=TODAY - timedelta(days=46), last_billed=None),
    "pending": status("P1"),
    "pending.documents": status("P3"),
    "pending.patient": status("P4"),
    "rejected": status("A3"),
    "status.unavailable": status("E1"),
    "status.undecided": status("D0"),
    "status.unknown": status(None),
    "eob.open": weigh(portal(agreeing(PAID)), eob(reversal(PAID, PAID.payer_claim_number))),
    "sources.differ": weigh(portal(agreeing(PAID, paid=Decimal(1))), eob(PAID)),
    "decision.contradiction": both(PAID, category="F2"),
    "decision.unclear": weigh(portal(STATUS)),
    "eob.unusable": weigh(portal(agreeing(PAID)), SPOILT),
    **{f"denied.{denial}": denied(code) for denial, code in CODE_OF.items()},
    "denied.authorization-held": denied("197", authorization_number="A1"),
    "denied.unexplained": both(TAKEN, category="F2"),
    "denied.eligibility-disputed": uninsured(LAPSED, active=True),
    "denied.coverage-ended": uninsured(LAPSED, active=False),
    "partly-denied": partly("97"),
    "refused.eligibility-disputed": uninsured(PART_LAPSED, active=True),
    "refused.coverage-ended": uninsured(PART_LAPSED, active=False),
    "books.paid-twice": weigh(
        portal(agreeing(PAID)),
        eob(PAID),
        replace(eob(PAID, trace="TRN78"), captures=("d" * 64,)),
    ),
    "coverage.ended": insured([ABSENT], active=False),
    **{f"refused.{denial}": partly(code) for denial, code in CODE_OF.items()},
    "refused.authorization-held": partly("197", authorization_number="A1"),
    "corrected": weigh(
        portal(agreeing(PAID, category="F3")), eob(reversal(remitted([line("200.00")]), "E0"), PAID)
    ),
    "eob.missing": weigh(portal(agreeing(PAID, reason_codes=("CO-45",)))),
    "books.credit": both(PAID, balance=Decimal(-3)),
    "books.denied-nothing-open": denied("97", balance=Decimal("0.00")),
    "books.would-leave-credit": both(PAID, balance=Decimal("155.99")),
    "books.not-posted": both(PAID),
    "contract.below": contracted("60.00"),
    "contract.above": contracted("40.00"),
    "contract.unclear": contracted("60.00", "59.00"),
    "patient.secondary": both(OWED, secondary_payer="Corvid Health"),
    "patient.owes": both(PAID, **MONEY),
    "patient.nothing-paid": both(OWED, balance=Decimal("0.00")),
    "contractual": both(TAKEN),
    "contractual.open": both(remitted([line("200.00", "CO-45 44.00")]), **MONEY),
    "books.posted": both(PAID, balance=Decimal("0.00")),
    "deadline.appeal": denied(
        "97", rules=replace(RULES, appeal=Rule((TODAY - NOTICE).days + 15, "manual", TODAY))
    ),
    "deadline.filing": weigh(portal(NoAnswer(Reason.UNREACHABLE, "Down.")), rules=late(SINCE + 15)),
}


def fired(conclusion: Conclusion) -> dict[str, str]:
    """Every finding of a conclusion by the rule that gave it."""
    return {one.rule: one.kind for one in (conclusion.finding, *conclusion.others)}


@pytest.mark.parametrize("rule", [one for one in TABLE if one.when], ids=lambda one: one.id)
def test_every_rule_can_fire(rule: Any) -> None:
    assert fired(FIRES[rule.id]).get(rule.id) == rule.finding


def test_what_nobody_foresaw_is_a_persons() -> None:
    assert main_rule(()) is TABLE[-1]
    assert (TABLE[-1].finding, TABLE[-1].when) == ("needs-person", ())
    assert [one.id for one in TABLE if not one.when] == ["unforeseen"]


def test_no_two_rules_have_one_condition_or_one_name() -> None:
    assert len({frozenset(one.when) for one in TABLE}) == len(TABLE)
    assert len({one.id for one in TABLE}) == len(TABLE)


def test_no_rule_stands_behind_one_that_asks_for_less() -> None:
    """Of one concern, a rule whose conditions all stand in a later one leaves that no turn."""
    for n, first in enumerate(TABLE):
        for later in TABLE[n + 1 :]:
            if first.about == later.about:
                assert not set(first.when) < set(later.when), (first.id, later.id)


def test_rules_are_written_in_named_facts_and_end_in_known_findings() -> None:
    named = {one.removeprefix(NOT) for rule in TABLE for one in rule.when}
    assert set(FACTS) - named == {"stage: adjudicated"}
    assert named <= set(FACTS)
    assert not [one for one in FACTS if one.startswith(NOT)]
    assert {rule.finding for rule in TABLE} == set(FINDINGS)
    assert all(rule.source and rule.about for rule in TABLE)


@pytest.mark.parametrize("rule", sorted(FIRES))
def test_a_finding_rests_on_bytes_of_its_conclusion(rule: str) -> None:
    conclusion = FIRES[rule]
    for finding in (conclusion.finding, *conclusion.others):
        assert set(finding.observed) <= set(conclusion.evidence)
        assert set(finding.figures) <= set(conclusion.places)
        assert finding.observed or not conclusion.evidence
        assert len(finding.why) > 3


def test_a_finding_names_the_observations_that_its_rule_read() -> None:
    found = both(PAID, secondary_payer="Corvid Health")
    assert (found.finding.kind, found.finding.rule) == ("paid-not-posted", "books.not-posted")
    assert found.finding.figures == ("paid", "patient_responsibility")
    assert found.finding.observed == (EOB,)
    assert FIRES["pending"].finding.observed == (PORTAL,)
    (other,) = found.others
    assert (other.kind, other.dollars) == ("secondary-to-file", Decimal("14.00"))


def test_what_is_true_besides_is_kept_with_its_own_dollars_and_date() -> None:
    claim = remitted(
        [
            line("100.00", "CO-45 20.00", "PR-2 10.00"),
            line("60.00", "CO-97 60.00"),
            line("40.00", "CO-197 40.00"),
        ]
    )
    found = both(claim, authorization_number="A1", secondary_payer="Corvid Health")
    assert (found.finding.kind, found.finding.dollars) == ("partly-denied", Decimal("100.00"))
    assert [(one.kind, one.dollars) for one in found.others] == [
        ("denied-authorization-held", Decimal("40.00")),
        ("denied-bundled", Decimal("60.00")),
        ("paid-not-posted", Decimal("70.00")),
        ("secondary-to-file", Decimal("10.00")),
    ]
    assert all(one.due_basis and one.next_action for one in found.others)


def test_authorization_on_the_claim_is_another_action_than_none() -> None:
    without, held = FIRES["denied.no-authorization"], FIRES["denied.authorization-held"]
    assert without.finding.next_action != held.finding.next_action
    assert "has an authorization number" in held.finding.why
    assert held.finding.dollars == without.finding.dollars == Decimal("200.00")


@pytest.mark.parametrize("category", ["P1", "P3", "A3"])
def test_money_in_the_books_that_the_payer_denies_is_told(category: str) -> None:
    found = status(category, insurance_paid=Decimal("80.00"))
    assert (found.finding.kind, found.finding.dollars) == ("posted-not-paid", Decimal("80.00"))
    assert "$80.00" in found.finding.why
    assert fired(status(category)).keys().isdisjoint({"books.insurance-posted"})


def test_a_payment_that_is_posted_is_not_asked_to_be_posted() -> None:
    found = both(PAID, **MONEY)
    assert "paid-not-posted" not in fired(found).values()
    assert found.finding.dollars == Decimal("14.00")
    less = both(PAID, insurance_paid=Decimal("155.99"))
    assert less.finding.kind == "paid-not-posted"


facts = st.sets(st.sampled_from(sorted(FACTS)))


@given(facts)
def test_of_any_facts_one_rule_is_first_and_every_other_concern_has_at_most_one(
    true: set[str],
) -> None:
    """Held against a reading of the table that knows nothing of how it is evaluated."""
    holding = [
        rule
        for rule in TABLE
        if all((one in true) if one in FACTS else (one[4:] not in true) for one in rule.when)
    ]
    assert main_rule(true) == holding[0]
    wanted, told, kinds = [], {holding[0].about}, {holding[0].finding}
    for rule in holding[1:]:
        if rule.when and rule.about not in told:
            told.add(rule.about)
            if rule.finding not in kinds:
                wanted.append(rule)
                kinds.add(rule.finding)
    assert list(further_rules(true, holding[0])) == wanted


def test_a_ledger_of_before_there_were_rules_is_read() -> None:
    found = both(PAID, secondary_payer="Corvid Health")
    assert read(CONCLUSION, write(CONCLUSION, found)) == found
    old = json.loads(write(CONCLUSION, found))
    del old["others"], old["finding"]["rule"], old["finding"]["observed"], old["finding"]["figures"]
    then = read(CONCLUSION, json.dumps(old))
    assert (then.others, then.finding.rule, then.finding.observed) == ((), "", ())
    assert then.finding.kind == found.finding.kind


def test_the_command_prints_the_table() -> None:
    command = [sys.executable, "-m", "flows", "rules"]
    run = {"cwd": PROJECT, "capture_output": True, "text": True, "check": True, "timeout": 60}
    rows = json.loads(subprocess.run([*command, "--json"], **run).stdout)["rules"]  # type: ignore[call-overload]
    assert [row["id"] for row in rows] == [rule.id for rule in TABLE]
    assert {row["since"] for row in rows} == {rule.since.isoformat() for rule in TABLE}
    shown = subprocess.run(command, **run).stdout  # type: ignore[call-overload]
    assert all(rule.id in shown for rule in TABLE)
    assert "the export names a secondary payer" in shown
