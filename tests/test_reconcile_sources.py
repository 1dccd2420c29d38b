"""Portal and EOB agree, or a person looks: the laws of two sources."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from reconcile_samples import (
    CLAIM,
    NOTICE,
    NUMBER,
    PAID,
    PORTAL,
    STATUS,
    TRACE,
    adjust,
    agreeing,
    eob,
    kind,
    line,
    no_eob,
    portal,
    remittance,
    remitted,
    reversal,
    weigh,
)

from billing.balance import residuals
from billing.model import Found, Observation, Outcome, Reason, RemittedClaim
from billing.suspects import SURE
from bots.reading.eob import Reading
from flows.account import eob_observation


def test_without_an_eob_the_portals_figures_stand_and_the_document_is_missed() -> None:
    found = weigh(portal(agreeing(PAID)))
    assert kind(found) == (Outcome.PAID, "eob-missing")
    assert (found.paid, found.trace_number) == (Decimal("156.00"), TRACE)
    assert found.reason_codes == ("CO-45", "PR-2")
    assert found.finding.needs_person
    denied = weigh(portal(agreeing(remitted([line("200.00", "CO-29 200.00")]))))
    assert kind(denied) == (Outcome.DENIED, "denied-timely-filing")
    assert "No EOB document was read." in denied.finding.why


@pytest.mark.parametrize(
    ("changes", "outcome", "finding"),
    [
        ({"paid": None}, Outcome.NO_ANSWER, "adjudication-unclear"),
        ({"paid": Decimal(0)}, Outcome.NO_ANSWER, "adjudication-unclear"),
        (
            {"paid": Decimal(0), "patient_responsibility": Decimal(200)},
            Outcome.PAID,
            "eob-missing",
        ),
        (
            {"paid": Decimal(0), "patient_responsibility": Decimal(150)},
            Outcome.NO_ANSWER,
            "adjudication-unclear",
        ),
        ({"paid": Decimal(150)}, Outcome.NO_ANSWER, "adjudication-unclear"),
        ({"paid": Decimal(150), "category": "F1"}, Outcome.PAID, "eob-missing"),
        ({"paid": Decimal(0), "category": "F1"}, Outcome.NO_ANSWER, "adjudication-unclear"),
        ({"paid": Decimal(200)}, Outcome.PAID, "eob-missing"),
        ({"paid": None, "category": "F2"}, Outcome.DENIED, "denied-other"),
        ({"paid": Decimal(0), "category": "F2"}, Outcome.DENIED, "denied-other"),
        ({"paid": Decimal(1), "category": "F2"}, Outcome.NO_ANSWER, "status-contradicts-money"),
        (
            {"paid": Decimal(0), "reason_codes": ("CO-45",)},
            Outcome.NO_ANSWER,
            "adjudication-unclear",
        ),
        (
            {"paid": Decimal(9), "reason_codes": ("CO-45", "CO-9999")},
            Outcome.NO_ANSWER,
            "adjudication-unclear",
        ),
        (
            {"paid": Decimal(9), "reason_codes": ("CO-45", "CO-97")},
            Outcome.PARTLY_PAID,
            "partly-denied",
        ),
        (
            {"paid": Decimal(0), "reason_codes": ("CO-97", "PR-1")},
            Outcome.PARTLY_PAID,
            "partly-denied",
        ),
        ({"paid": Decimal(0), "reason_codes": ("CO-45", "PR-1")}, Outcome.PAID, "eob-missing"),
        ({"paid": Decimal(-1)}, Outcome.NO_ANSWER, None),
    ],
)
def test_the_portals_word_alone_is_never_stretched_to_a_guess(
    changes: dict[str, Any], outcome: Outcome, finding: str | None
) -> None:
    found = weigh(portal(replace(STATUS, **changes)))
    assert found.outcome is outcome
    assert finding is None or found.finding.kind == finding
    assert found.finding.needs_person


def test_an_eob_that_does_not_balance_proves_nothing_and_is_named() -> None:
    found = weigh(portal(agreeing(PAID)), no_eob("The EOB does not balance: line is off by 0.10."))
    assert kind(found) == (Outcome.PAID, "eob-unbalanced")
    assert (found.paid, found.places["paid"].sha256) == (Decimal("156.00"), PORTAL)
    assert "0.10" in found.finding.why


@pytest.mark.parametrize("sure", [40, 100])
def test_the_one_correction_that_closes_an_eob_is_asked_of_a_person_and_never_posted(
    sure: int,
) -> None:
    held = remittance(PAID)
    misread = replace(PAID.lines[0], adjustments=adjust("CO-45 70.00"))
    claim = replace(PAID, lines=(misread, PAID.lines[1]))
    held = replace(held, claims=(claim,))
    path = "claims[0].lines[0].adjustments[0].amount"
    reading = Reading("acme", (held,), (residuals(held),), ({path: sure},))
    observed = eob_observation(reading, "e" * 64, claim=CLAIM, payer_claim_number=NUMBER)
    found = weigh(portal(agreeing(PAID)), observed)
    assert kind(found) == (Outcome.PAID, "eob-unbalanced")
    assert found.finding.needs_person
    assert "does not balance" in found.finding.why
    asked = f"{path} on page 1 was read as 70.00 and would be 20.00"
    assert (asked in found.finding.why) is (sure < SURE)
    assert found.places["paid"].sha256 == PORTAL


@pytest.mark.parametrize(
    "changes",
    [
        {"paid": Decimal("156.01")},
        {"patient_responsibility": Decimal("14.01")},
        {"charge": Decimal("200.01")},
        {"lines": (line("120.00", "CO-45 20.01"), *PAID.lines[1:])},
        {"lines": PAID.lines[1:]},
    ],
)
def test_a_claim_that_does_not_close_is_refused_here_too(changes: dict[str, Any]) -> None:
    claim = replace(PAID, **changes)
    found = weigh(portal(agreeing(PAID)), eob(claim))
    assert found.finding.kind == "eob-unbalanced"
    assert "off by" in found.finding.why


def test_a_failed_reading_gives_way_to_a_later_one_of_the_same_bytes_only() -> None:
    status = portal(agreeing(PAID))
    mended = weigh(status, no_eob("Torn.", 1), eob(PAID, minutes=2))
    assert mended.finding.kind == "paid-not-posted"
    other_bytes = replace(no_eob("Torn.", 1), captures=("c" * 64,))
    assert weigh(status, other_bytes, eob(PAID)).finding.kind == "eob-unbalanced"
    spoiled = weigh(status, eob(PAID, minutes=1), no_eob("Torn.", 2))
    assert spoiled.finding.kind == "eob-unbalanced"


@pytest.mark.parametrize(
    "claims",
    [
        (replace(PAID, payer_claim_number="E9"),),
        (reversal(PAID, NUMBER),),
        (PAID, PAID),
    ],
)
def test_an_eob_without_exactly_one_decision_of_our_claim_proves_nothing(
    claims: tuple[RemittedClaim, ...],
) -> None:
    found = weigh(portal(agreeing(PAID)), eob(*claims))
    assert found.finding.kind == "eob-unbalanced"
    # the portal's word alone decides only where no EOB is about this claim
    another = all(one.payer_claim_number != NUMBER for one in claims)
    assert found.outcome is (Outcome.PAID if another else Outcome.NO_ANSWER)


def test_of_two_payments_the_portals_trace_number_says_which_counts() -> None:
    first = remitted([line("200.00")])
    observations = eob(first, trace="OLD"), eob(PAID)
    assert weigh(portal(agreeing(PAID)), *observations).paid == Decimal("156.00")
    silent = weigh(portal(agreeing(PAID, trace_number=None)), *observations)
    assert kind(silent) == (Outcome.NO_ANSWER, "eob-unbalanced")
    assert silent.paid is None


def paid_on(days: int, *claims: RemittedClaim, trace: str) -> Observation:
    """An EOB of a payment that many days after the notice, from a file of its own."""
    one = eob(*claims, trace=trace)
    assert isinstance(one.answer, Found)
    payment = replace(one.answer.value, payment_date=NOTICE + timedelta(days=days))
    return replace(one, answer=Found(payment), captures=("d" * 64,))


@pytest.mark.parametrize("days", [0, 7])
def test_what_a_later_payment_takes_back_is_not_paid(days: int) -> None:
    later = paid_on(days, reversal(PAID, NUMBER), trace="LATER")
    for order in ([eob(PAID), later], [later, eob(PAID)]):
        found = weigh(portal(agreeing(PAID)), *order)
        assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")
        assert "takes the decision back" in found.finding.why
        assert found.paid is None
    anew = remitted([line("200.00")])
    again = paid_on(-7, reversal(anew, NUMBER), trace="EARLIER")
    assert weigh(portal(agreeing(PAID)), again, eob(PAID)).outcome is Outcome.PAID


def test_a_decision_that_a_later_payment_makes_anew_does_not_stand() -> None:
    later = paid_on(7, remitted([line("200.00")]), trace="LATER")
    found = weigh(portal(agreeing(PAID)), eob(PAID), later)
    assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")


def test_two_documents_of_one_payment_that_differ_settle_nothing_in_either_order() -> None:
    other = paid_on(0, remitted([line("200.00")]), trace=TRACE)
    same = paid_on(0, PAID, trace=TRACE)
    for order in ([eob(PAID), other], [other, eob(PAID)]):
        found = weigh(portal(agreeing(PAID)), *order)
        assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")
    assert weigh(portal(agreeing(PAID)), eob(PAID), same).outcome is Outcome.PAID


@pytest.mark.parametrize("category", ["A1", "A3", "P1", "P3", "P4", "R4"])
def test_a_claim_that_an_eob_decides_is_not_waited_for(category: str) -> None:
    found = weigh(portal(agreeing(PAID, category=category)), eob(PAID))
    assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")
    earlier = eob(replace(PAID, payer_claim_number="E9"))
    assert weigh(portal(replace(STATUS, category="P1")), earlier).outcome is Outcome.PENDING


def test_a_reason_on_the_portal_that_the_eob_lacks_is_a_conflict() -> None:
    found = weigh(portal(agreeing(PAID, reason_codes=("CO-45", "CO-50"))), eob(PAID))
    assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")
    assert "the portal gives CO-50, which the EOB does not hold" in found.finding.why
    assert found.reason_codes == ()
    assert weigh(portal(agreeing(PAID, reason_codes=("CO-45",))), eob(PAID)).reason_codes == (
        "CO-45",
        "PR-2",
    )


CENT = Decimal("0.01")
CONFLICTS: dict[str, Any] = {
    "charge": Decimal("200.00") + CENT,
    "paid": Decimal("156.00") + CENT,
    "patient_responsibility": Decimal("14.00") - CENT,
    "payment_date": NOTICE + timedelta(days=1),
    "trace_number": "TRN78",
}


@pytest.mark.parametrize("figure", CONFLICTS)
def test_a_figure_that_differs_by_the_least_is_unknown_and_a_persons(figure: str) -> None:
    found = weigh(portal(agreeing(PAID, **{figure: CONFLICTS[figure]})), eob(PAID))
    assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")
    assert found.no_answer is Reason.NEEDS_PERSON
    assert found.finding.needs_person
    assert getattr(found, figure) is None
    for agreed in CONFLICTS.keys() - {figure}:
        assert getattr(found, agreed) is not None
    if isinstance(CONFLICTS[figure], Decimal):
        assert "0.01 apart" in found.finding.why


def test_the_allowed_amount_is_compared_where_every_line_states_one() -> None:
    lines = tuple(replace(each, allowed=Decimal("80.00")) for each in PAID.lines)
    claim = replace(PAID, lines=lines)
    same = weigh(portal(agreeing(PAID, allowed=Decimal("160.00"))), eob(claim))
    other = weigh(portal(agreeing(PAID, allowed=Decimal("160.01"))), eob(claim))
    partly = replace(PAID, lines=(lines[0], PAID.lines[1]))
    unknown = weigh(portal(agreeing(PAID, allowed=Decimal("160.01"))), eob(partly))
    assert same.outcome is unknown.outcome is Outcome.PAID
    assert other.finding.kind == "portal-eob-conflict"


@pytest.mark.parametrize("changes", [{"claim_id": "99"}, {"member_id": "ACM999"}])
def test_an_eob_for_somebody_else_gives_no_figures_and_names_nobody(
    changes: dict[str, Any],
) -> None:
    found = weigh(portal(agreeing(PAID)), eob(replace(PAID, **changes)))
    assert kind(found) == (Outcome.NO_ANSWER, "portal-eob-conflict")
    assert found.paid is found.trace_number is None
    assert CLAIM.member_id not in found.finding.why
    assert "ACM999" not in found.finding.why
