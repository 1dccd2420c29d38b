"""What is proposed for posting adds up to the remittance, and is proposed of agreed money only."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reconcile_samples import (
    CLAIM,
    PAID,
    RULES,
    STATUS,
    TODAY,
    TRACE,
    agreeing,
    eob,
    line,
    no_eob,
    portal,
    remitted,
    reversal,
)

from billing.model import (
    NoAnswer,
    NotFound,
    Observation,
    Posting,
    PostingKind,
    Reason,
    RemittedClaim,
)
from billing.reconcile import conclude, propose_postings


def propose(*observations: Observation, **changes: Any) -> tuple[Posting, ...]:
    claim = replace(CLAIM, **changes)
    conclusion = conclude(claim, observations, RULES, today=TODAY)
    return propose_postings(claim, observations, conclusion)


def of(claim: RemittedClaim, *before: RemittedClaim, **changes: Any) -> tuple[Posting, ...]:
    return propose(portal(agreeing(claim, **changes)), eob(*before, claim))


def short(postings: tuple[Posting, ...]) -> list[tuple[int, str, str, str]]:
    return [(one.line, one.kind.value, one.code, str(one.amount)) for one in postings]


def test_every_line_proposes_its_payment_and_its_adjustments_as_remitted() -> None:
    postings = of(PAID)
    assert short(postings) == [
        (1, "payment", "", "100.00"),
        (1, "adjustment", "CO-45", "20.00"),
        (2, "payment", "", "56.00"),
        (2, "adjustment", "CO-45", "10.00"),
        (2, "adjustment", "PR-2", "14.00"),
    ]
    assert {(one.payer, one.trace_number) for one in postings} == {("acme", TRACE)}
    places = [one.evidence.where for one in postings if one.evidence is not None]
    assert places[0] == "claims[0].lines[0].paid"
    assert places[-1] == "claims[0].lines[1].adjustments[1].amount"


def test_a_claim_level_adjustment_is_line_zero_and_lowers_what_was_paid() -> None:
    postings = of(remitted([line("200.00", "CO-45 50.00")], "CO-253 3.00"))
    assert short(postings) == [
        (0, "payment", "", "-3.00"),
        (0, "adjustment", "CO-253", "3.00"),
        (1, "payment", "", "150.00"),
        (1, "adjustment", "CO-45", "50.00"),
    ]


def test_a_remittance_without_lines_proposes_the_claims_payment() -> None:
    claim = replace(remitted([line("200.00")], "CO-45 50.00"), lines=(), paid=Decimal("150.00"))
    assert short(of(claim)) == [(0, "payment", "", "150.00"), (0, "adjustment", "CO-45", "50.00")]


def test_a_reversal_is_proposed_under_the_number_it_takes_back() -> None:
    old = reversal(remitted([line("200.00", "CO-45 20.00")]), "E0")
    postings = of(PAID, old, category="F3")
    back = [one for one in postings if one.kind is PostingKind.REVERSAL]
    assert [(one.payer_claim_number, one.code, one.amount) for one in back] == [
        ("E0", "", Decimal("-180.00")),
        ("E0", "CO-45", Decimal("-20.00")),
    ]
    assert short(postings[2:]) == short(of(PAID))


def test_the_same_code_twice_on_a_line_is_one_posting() -> None:
    postings = of(remitted([line("200.00", "CO-45 5.00", "CO-45 5.00")]))
    assert (1, "adjustment", "CO-45", "10.00") in short(postings)


DOWN = NoAnswer(Reason.UNAVAILABLE, "Down.")


@pytest.mark.parametrize(
    "observations",
    [
        (),
        (portal(NotFound(("member_id",))), eob(PAID)),
        (portal(DOWN), eob(PAID)),
        (eob(PAID),),
        (portal(agreeing(PAID)),),
        (portal(agreeing(PAID)), no_eob("Torn.")),
        (portal(agreeing(PAID)), eob(PAID), no_eob("Torn.", 5)),
        (portal(agreeing(PAID, paid=Decimal("156.01"))), eob(PAID)),
        (portal(agreeing(PAID, category="P1")), eob(PAID)),
        (portal(agreeing(PAID, category="A3")), eob(PAID)),
        (portal(agreeing(PAID, category=None)), eob(PAID)),
        (portal(agreeing(PAID, category="F2")), eob(PAID)),
        (portal(agreeing(PAID)), eob(replace(PAID, paid=Decimal("1.00")))),
        (portal(STATUS), eob(replace(PAID, claim_id="99"))),
    ],
)
def test_nothing_is_proposed_unless_both_sources_agree_on_a_decision(
    observations: tuple[Observation, ...],
) -> None:
    assert propose(*observations) == ()


def test_a_conclusion_from_elsewhere_does_not_open_the_door() -> None:
    agreed = portal(agreeing(PAID)), eob(PAID)
    conclusion = conclude(CLAIM, agreed, RULES, today=TODAY)
    conflict = portal(agreeing(PAID, paid=Decimal("156.01"))), eob(PAID)
    assert propose_postings(CLAIM, agreed, conclusion)
    assert propose_postings(CLAIM, conflict, conclusion) == ()


@pytest.mark.parametrize("balance", ["0.00", "155.99"])
def test_nothing_is_proposed_where_somebody_has_posted_already(balance: str) -> None:
    assert propose(portal(agreeing(PAID)), eob(PAID), balance=Decimal(balance)) == ()


@pytest.mark.parametrize("category", ["F0", "F3"])
def test_a_decision_is_never_posted_onto_a_balance_that_does_not_hold_it(category: str) -> None:
    partly = remitted([line("120.00", "CO-45 20.00"), line("80.00", "CO-16 80.00")])
    denied = remitted([line("200.00", "CO-16 200.00")])
    agreed = [(portal(agreeing(one, category=category)), eob(one)) for one in (partly, denied)]
    for night, least in zip(agreed, ("100.00", "0.01"), strict=True):
        assert propose(*night, balance=Decimal(least))
        assert propose(*night, balance=Decimal(least) - Decimal("0.01")) == ()
    nothing_taken_back = eob(reversal(remitted([line("0.00")]), "E0"), partly)
    assert propose(agreed[0][0], nothing_taken_back, balance=Decimal("0.00")) == ()


cents = st.integers(1, 10_000).map(lambda n: f"{Decimal(n) / 100:.2f}")
code = st.sampled_from(["CO-45", "CO-253", "PR-1", "PR-2", "CO-97", "CO-16", "CO-9999"])
taken = st.builds(lambda name, amount: f"{name} {amount}", code, cents)
lines = st.lists(
    st.builds(lambda codes: line("500.00", *codes), st.lists(taken, max_size=4)),
    min_size=1,
    max_size=5,
)
claims = st.builds(lambda each, whole: remitted(each, *whole), lines, st.lists(taken, max_size=2))


@given(claim=claims, reversed_first=st.booleans())
def test_payments_add_up_to_paid_and_all_postings_to_the_charge(
    claim: RemittedClaim, reversed_first: bool
) -> None:
    before = [reversal(claim, "E0")] if reversed_first else []
    observations = portal(agreeing(claim)), eob(*before, claim)
    ours = replace(CLAIM, billed=claim.charge, balance=claim.charge)
    conclusion = conclude(ours, observations, RULES, today=TODAY)
    postings = propose_postings(ours, observations, conclusion)
    if not postings:
        assert conclusion.paid is not None
        assert conclusion.outcome == "no_answer"
        return
    assert len({one.key for one in postings}) == len(postings)
    assert all(one.amount for one in postings)
    current = [one for one in postings if one.kind is not PostingKind.REVERSAL]
    payments = [one.amount for one in current if one.kind is PostingKind.PAYMENT]
    assert sum(payments) == conclusion.paid
    assert sum(one.amount for one in current) == claim.charge
    if reversed_first:
        assert sum(one.amount for one in postings) == 0
