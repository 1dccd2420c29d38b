"""Outcome, figures and finding of one claim: the laws of reconciliation, a case for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from reconcile_samples import (
    CLAIM,
    EOB,
    NOTICE,
    NUMBER,
    PAID,
    PORTAL,
    RULES,
    STATUS,
    TODAY,
    TRACE,
    agreeing,
    eob,
    kind,
    line,
    portal,
    remitted,
    reversal,
    weigh,
)

from billing.model import Conclusion, NoAnswer, NotFound, Outcome, Reason, RemittedClaim
from billing.payer_rules import PayerRules, Rule

# written out here, so that no mistake in the code can be its own answer key
UNANSWERED = {
    Reason.SEVERAL_MATCHES: (Outcome.SEVERAL_MATCHES, "several-matches"),
    Reason.WRONG_PATIENT: (Outcome.WRONG_PATIENT, "wrong-patient"),
    Reason.UNAVAILABLE: (Outcome.NO_ANSWER, "payer-unavailable"),
    Reason.UNREACHABLE: (Outcome.NO_ANSWER, "unreachable"),
    Reason.LOGIN_REFUSED: (Outcome.NO_ANSWER, "login-refused"),
    Reason.UNKNOWN_PAGE: (Outcome.NO_ANSWER, "unknown-page"),
    Reason.CANARY_FAILED: (Outcome.NO_ANSWER, "canary-failed"),
    Reason.NEEDS_PERSON: (Outcome.NO_ANSWER, "needs-person"),
    Reason.POLICY: (Outcome.NO_ANSWER, "policy"),
    Reason.NO_PROFILE: (Outcome.NO_ANSWER, "no-profile"),
}
SEARCHED = NotFound(("member_id", "service_from"))


def both(claim: RemittedClaim, **changes: Any) -> Conclusion:
    """Portal and EOB say the same."""
    return weigh(portal(agreeing(claim, **changes)), eob(claim))


# No answer, in all its kinds, and not found are never merged.


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_for_no_answer_keeps_its_own_outcome_and_finding(reason: Reason) -> None:
    found = weigh(portal(NoAnswer(reason, "It was so.")))
    outcome, finding = UNANSWERED[reason]
    assert kind(found) == (outcome, finding)
    assert (found.detail, found.finding.why) == ("It was so.", "It was so.")
    assert found.no_answer is (reason if outcome is Outcome.NO_ANSWER else None)
    assert found.evidence == (PORTAL,)
    assert found.paid is found.charge is found.payer_claim_number is None


def test_no_two_kinds_of_not_knowing_are_merged() -> None:
    found = [weigh(portal(NoAnswer(reason, "It was so."))) for reason in Reason]
    found.append(weigh(portal(SEARCHED)))
    assert len({one.finding.kind for one in found}) == len(Reason) + 1
    assert [one.outcome for one in found].count(Outcome.NOT_FOUND) == 1
    assert [one.outcome for one in found].count(Outcome.SEVERAL_MATCHES) == 1
    assert [one.outcome for one in found].count(Outcome.WRONG_PATIENT) == 1


def test_a_claim_nobody_asked_about_is_unknown() -> None:
    assert kind(weigh()) == (Outcome.NO_ANSWER, "needs-person")
    assert kind(weigh(eob(remitted([line("200.00")])))) == (Outcome.NO_ANSWER, "needs-person")


def test_the_newest_thing_the_portal_said_counts() -> None:
    down = NoAnswer(Reason.UNAVAILABLE, "Down.")
    assert weigh(portal(SEARCHED, 5), portal(down, 1)).outcome is Outcome.NOT_FOUND
    assert weigh(portal(SEARCHED, 1), portal(down, 5)).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    ("sent", "limit", "finding", "needs_person"),
    [
        (date(2026, 11, 14), 180, "not-on-file-too-early", False),
        (date(2026, 11, 13), 180, "not-on-file", True),
        (date(2026, 10, 1), 82, "not-on-file-filing-limit-near", True),
        (date(2026, 10, 1), 83, "not-on-file", True),
        (date(2026, 11, 19), 67, "not-on-file-filing-limit-near", True),
        (date(2026, 10, 1), 66, "not-on-file-filing-limit-passed", True),
        (date(2026, 10, 1), None, "not-on-file", True),
    ],
)
def test_not_on_file_depends_on_age_and_filing_limit(
    sent: date, limit: int | None, finding: str, *, needs_person: bool
) -> None:
    rule = Rule(limit, "manual", TODAY) if limit is not None else None
    found = weigh(
        portal(SEARCHED), rules=replace(RULES, timely_filing=rule), submitted=sent, last_billed=None
    )
    assert kind(found) == (Outcome.NOT_FOUND, finding)
    assert found.finding.needs_person is needs_person


def test_not_on_file_with_an_eob_in_hand_is_a_conflict_and_no_resubmission() -> None:
    found = weigh(portal(SEARCHED), eob(remitted([line("200.00")])))
    assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")


# Before adjudication.


@pytest.mark.parametrize(
    ("category", "outcome", "finding"),
    [
        ("A0", Outcome.PENDING, "pending-wait"),
        ("A1", Outcome.PENDING, "pending-wait"),
        ("A2", Outcome.PENDING, "pending-wait"),
        ("A3", Outcome.REJECTED, "rejected"),
        ("A4", Outcome.REJECTED, "rejected"),
        ("A5", Outcome.NO_ANSWER, "needs-person"),
        ("A6", Outcome.REJECTED, "rejected"),
        ("A7", Outcome.REJECTED, "rejected"),
        ("A8", Outcome.REJECTED, "rejected"),
        ("P1", Outcome.PENDING, "pending-wait"),
        ("P3", Outcome.PENDING, "info-requested"),
        ("P4", Outcome.PENDING, "patient-info-requested"),
        ("R4", Outcome.PENDING, "info-requested"),
        ("E1", Outcome.NO_ANSWER, "payer-unavailable"),
        ("D0", Outcome.NO_ANSWER, "needs-person"),
        ("Z9", Outcome.NO_ANSWER, "unknown-status-phrase"),
        (None, Outcome.NO_ANSWER, "unknown-status-phrase"),
    ],
)
def test_the_category_says_how_far_the_claim_has_come(
    category: str | None, outcome: Outcome, finding: str
) -> None:
    found = weigh(portal(replace(STATUS, words="Whatever", category=category)))
    assert kind(found) == (outcome, finding)
    assert (found.payer_claim_number, found.charge) == (NUMBER, CLAIM.billed)
    assert found.paid is found.payment_date is found.trace_number is None
    assert '"Whatever"' in found.finding.why
    assert (found.no_answer is None) == (outcome is not Outcome.NO_ANSWER)


@pytest.mark.parametrize(
    ("rules", "sent", "finding"),
    [
        (RULES, TODAY - timedelta(days=45), "pending-wait"),
        (RULES, TODAY - timedelta(days=46), "pending-overdue"),
        (PayerRules(), TODAY - timedelta(days=30), "pending-wait"),
        (PayerRules(), TODAY - timedelta(days=31), "pending-overdue"),
    ],
)
def test_a_pending_claim_is_overdue_by_the_payers_rule_or_by_common_practice(
    rules: PayerRules, sent: date, finding: str
) -> None:
    status = portal(replace(STATUS, category="P1"))
    assert weigh(status, rules=rules, submitted=sent, last_billed=None).finding.kind == finding


# Decided, with an EOB that agrees.


def test_a_paid_claim_carries_the_eobs_figures_and_their_evidence() -> None:
    found = both(PAID)
    assert kind(found) == (Outcome.PAID, "paid-not-posted")
    assert (found.charge, found.paid) == (Decimal("200.00"), Decimal("156.00"))
    assert (found.patient_responsibility, found.payment_date) == (Decimal("14.00"), NOTICE)
    assert (found.trace_number, found.reason_codes) == (TRACE, ("CO-45", "PR-2"))
    assert found.finding.dollars == Decimal("156.00")
    assert not found.finding.needs_person
    assert found.evidence == (PORTAL, EOB)
    hashes = {name: place.sha256 for name, place in found.places.items()}
    assert hashes["paid"] == hashes["charge"] == hashes["patient_responsibility"] == EOB
    assert hashes["status_words"] == hashes["status_category"] == hashes["trace_number"] == PORTAL
    assert found.places["paid"].where == "claims[0].paid"
    assert found.places["reason_codes.PR-2"].where == "claims[0].lines[1].adjustments[1].amount"


def test_every_figure_has_a_place() -> None:
    found = both(PAID)
    named = ["status_category", "status_words", "payer_claim_number", "service_from", "charge"]
    named += ["paid", "patient_responsibility", "payment_date", "trace_number", "reason_codes"]
    assert set(named) <= set(found.places)


def test_what_the_portal_does_not_state_comes_from_the_eob() -> None:
    found = weigh(portal(STATUS), eob(PAID))
    assert kind(found) == (Outcome.PAID, "paid-not-posted")
    assert (found.paid, found.trace_number) == (Decimal("156.00"), TRACE)


@pytest.mark.parametrize(
    ("claim", "outcome", "finding", "dollars"),
    [
        (remitted([line("200.00", "PR-1 200.00")]), Outcome.PAID, "patient-responsibility", "200"),
        (
            remitted([line("200.00", "CO-45 50.00", "PR-1 150.00")]),
            Outcome.PAID,
            "patient-responsibility",
            "150",
        ),
        (remitted([line("200.00", "CO-45 200.00")]), Outcome.PAID, "contractual-only", "200"),
        (remitted([line("200.00")], "CO-253 4.00"), Outcome.PAID, "paid-not-posted", "196"),
        (
            remitted([line("200.00", "CO-16 200.00")]),
            Outcome.DENIED,
            "denied-missing-info",
            "200",
        ),
        (remitted([line("200.00", "PR-204 200.00")]), Outcome.DENIED, "denied-not-covered", "200"),
        (
            remitted([line("150.00", "CO-50 150.00"), line("50.00", "CO-97 50.00")]),
            Outcome.DENIED,
            "denied-medical-necessity",
            "200",
        ),
        (
            remitted([line("150.00", "CO-45 30.00"), line("50.00", "CO-97 50.00")]),
            Outcome.PARTLY_PAID,
            "partly-denied",
            "50",
        ),
        (
            remitted([line("150.00", "PR-1 150.00"), line("50.00", "CO-29 50.00")]),
            Outcome.PARTLY_PAID,
            "partly-denied",
            "50",
        ),
        (
            remitted([line("200.00", "CO-119 60.00", "CO-45 40.00")]),
            Outcome.PARTLY_PAID,
            "partly-denied",
            "60",
        ),
        (
            remitted([line("150.00", "CO-45 30.00", "CO-50 120.00"), line("50.00", "CO-18 50.00")]),
            Outcome.DENIED,
            "denied-medical-necessity",
            "170",
        ),
        (
            remitted([line("200.00")], "CO-197 200.00"),
            Outcome.DENIED,
            "denied-no-authorization",
            200,
        ),
    ],
)
def test_money_and_codes_give_the_outcome(
    claim: RemittedClaim, outcome: Outcome, finding: str, dollars: str
) -> None:
    found = both(claim)
    assert kind(found) == (outcome, finding)
    assert found.finding.dollars == Decimal(dollars)


def test_processed_with_nothing_paid_is_a_denial_when_the_eob_says_why() -> None:
    found = both(remitted([line("200.00", "CO-29 200.00")]), words="Processed", category="F0")
    assert kind(found) == (Outcome.DENIED, "denied-timely-filing")
    assert "CO-29" in found.finding.why


def test_an_unknown_code_denies_only_where_it_takes_a_whole_line_and_is_named() -> None:
    whole = both(remitted([line("200.00", "CO-9999 200.00")]))
    part = both(remitted([line("200.00", "CO-9999 20.00")]))
    assert kind(whole) == (Outcome.DENIED, "denied-other")
    assert kind(part) == (Outcome.PAID, "paid-not-posted")
    for found in (whole, part):
        assert "Not in our list of codes: CO-9999." in found.finding.why
        assert found.finding.needs_person


@pytest.mark.parametrize(
    ("category", "codes", "status"),
    [
        ("F2", ["CO-45 20.00"], "1"),
        ("F2", ["PR-1 200.00"], "1"),
        ("F1", ["CO-16 200.00"], "1"),
        ("F4", ["CO-45 20.00"], "1"),
        ("F0", ["CO-45 20.00"], "4"),
    ],
)
def test_a_status_that_cannot_be_true_of_the_money_is_a_persons(
    category: str, codes: list[str], status: str
) -> None:
    found = both(remitted([line("200.00", *codes)], status=status), category=category)
    assert kind(found) == (Outcome.NO_ANSWER, "status-contradicts-money")
    assert found.finding.needs_person
    assert found.no_answer is Reason.NEEDS_PERSON


def test_an_estimate_is_no_decision() -> None:
    found = both(replace(PAID, status="25"))
    assert kind(found) == (Outcome.NO_ANSWER, "adjudication-unclear")


def test_a_negative_payment_that_is_no_reversal_is_a_persons() -> None:
    found = both(remitted([line("200.00", "CO-45 210.00")]))
    assert kind(found) == (Outcome.NO_ANSWER, "status-contradicts-money")


def test_the_payers_word_denied_counts_where_the_codes_are_silent() -> None:
    claim = remitted([line("200.00", "CO-45 200.00")])
    assert kind(both(claim, category="F2")) == (Outcome.DENIED, "denied-other")
    assert kind(both(replace(claim, status="4"))) == (Outcome.DENIED, "denied-other")


@pytest.mark.parametrize(
    ("balance", "finding", "dollars"),
    [
        ("200.00", "paid-not-posted", "156.00"),
        ("156.00", "paid-not-posted", "156.00"),
        ("155.99", "overpaid", "0.01"),
        ("0.00", "already-posted", "0.00"),
        ("-3.00", "credit-balance", "3.00"),
    ],
)
def test_what_a_payment_means_depends_on_what_is_still_open(
    balance: str, finding: str, dollars: str
) -> None:
    found = weigh(portal(agreeing(PAID)), eob(PAID), balance=Decimal(balance))
    assert kind(found) == (Outcome.PAID, finding)
    assert found.finding.dollars == Decimal(dollars)


def test_a_reversed_and_corrected_claim_has_the_corrections_figures() -> None:
    claims = reversal(remitted([line("200.00")]), "E0"), PAID
    status = agreeing(PAID, words="Adjusted", category="F3")
    found = weigh(portal(status), eob(*claims))
    assert kind(found) == (Outcome.PAID, "corrected-claim")
    assert (found.paid, found.reason_codes) == (Decimal("156.00"), ("CO-45", "PR-2"))
    assert found.finding.needs_person
    assert found.places["paid"].where == "claims[1].paid"


def test_our_claim_is_found_among_many_of_one_payment() -> None:
    other = remitted([line("9.00")], claim_id="77", payer_claim_number="E9", member_id="X")
    found = weigh(portal(agreeing(PAID)), eob(other, PAID, other))
    assert (found.paid, found.places["paid"].where) == (Decimal("156.00"), "claims[1].paid")
