"""Whatever is observed, a claim is concluded, and never on a guess: laws over all combinations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reconcile_samples import (
    CLAIM,
    NOTICE,
    NUMBER,
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
    told,
)

from billing.codes.categories import CATEGORIES
from billing.findings import FINDINGS
from billing.model import (
    Channel,
    ClaimStatus,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Outcome,
    Reason,
    RemittedClaim,
)
from billing.money import ZERO
from billing.payer_rules import PayerRules
from billing.reconcile import conclude, propose_postings

DECIDED = {Outcome.PAID, Outcome.PARTLY_PAID, Outcome.DENIED}
CODES = ["CO-45", "CO-16", "PR-1", "PR-204", "CO-9999", "ZZ-1", "OA-23", "nonsense"]

amounts = st.decimals(-10, 300, places=2)
statuses = st.builds(
    replace,
    st.just(STATUS),
    words=st.sampled_from(["Processed", "Paid", "Odd words"]),
    category=st.none() | st.sampled_from([*CATEGORIES, "Z9"]),
    payer_claim_number=st.sampled_from([NUMBER, "E9"]),
    charge=st.none() | amounts,
    allowed=st.none() | amounts,
    paid=st.none() | amounts,
    patient_responsibility=st.none() | amounts,
    payment_date=st.none() | st.just(NOTICE) | st.dates(),
    trace_number=st.sampled_from([None, TRACE, "OTHER"]),
    reason_codes=st.lists(st.sampled_from(CODES), max_size=3).map(tuple),
)
no_answers = st.builds(NoAnswer, st.sampled_from(list(Reason)), st.just("It was so."))
not_found = st.just(NotFound(("member_id",)))
entries = st.builds(lambda code, amount: f"{code} {amount}", st.sampled_from(CODES[:-1]), amounts)
whole_line = st.sampled_from(CODES[:-1]).map(lambda code: [f"{code} 150.00"])
balanced = st.builds(
    lambda first, second, whole: remitted([line("150.00", *first), line("50.00", *second)], *whole),
    st.one_of(whole_line, st.lists(entries, max_size=3)),
    st.sampled_from([[], ["CO-16 50.00"], ["PR-1 50.00"], ["CO-45 20.00"]]),
    st.lists(entries, max_size=1),
)
claims = st.one_of(
    balanced,
    st.builds(
        lambda claim, changes: replace(claim, **changes),
        balanced,
        st.fixed_dictionaries(
            {},
            optional={
                "payer_claim_number": st.just("E9"),
                "claim_id": st.just("99"),
                "member_id": st.sampled_from([CLAIM.member_id, "ACM999"]),
                "status": st.sampled_from(["1", "4", "22"]),
                "paid": amounts,
            },
        ),
    ),
    balanced.map(lambda claim: reversal(claim, "E0")),
)
minutes = st.integers(0, 20)
answers = st.one_of(statuses.map(Found), not_found, no_answers)
portals = st.builds(portal, answers, minutes)
documents = st.one_of(
    st.builds(
        lambda some, at, trace: eob(*some, minutes=at, trace=trace),
        st.lists(claims, max_size=3),
        minutes,
        st.sampled_from([TRACE, "OTHER"]),
    ),
    st.builds(
        lambda answer, at: told(answer, channel=Channel.EOB, minutes=at),
        st.one_of(no_answers, not_found),
        minutes,
    ),
)
changes = st.fixed_dictionaries(
    {"category": st.sampled_from(["F0", "F0", "F1", "F2", "F3"])},
    optional={"paid": st.none() | amounts, "trace_number": st.sampled_from([None, "OTHER"])},
)
agreements = st.builds(
    lambda claim, changed: [portal(agreeing(claim, **changed)), eob(claim)], balanced, changes
)
nights = st.one_of(
    st.builds(
        lambda asked, read: [*asked, *read],
        st.lists(portals, max_size=2),
        st.lists(documents, max_size=3),
    ),
    agreements,
    st.builds(lambda night, one: [*night, one], agreements, documents),
)
rules = st.sampled_from([RULES, PayerRules(), replace(RULES, appeal=None)])


@given(nights, rules, st.sampled_from(["200.00", "0.00", "-5.00", "20.00"]), st.dates())
def test_whatever_is_observed_there_is_one_conclusion_and_nothing_is_guessed(
    night: list[Observation], known: PayerRules, balance: str, submitted: Any
) -> None:
    claim = replace(CLAIM, balance=Decimal(balance), submitted=submitted)
    found = conclude(claim, night, known, today=TODAY)
    postings = propose_postings(claim, night, found)

    assert found.finding.kind in FINDINGS
    assert found.finding.why.endswith(".")
    assert found.finding.next_action
    assert found.finding.due_basis
    assert set(found.evidence) >= {place.sha256 for place in found.places.values()}
    assert (found.no_answer is not None) == (found.outcome is Outcome.NO_ANSWER)

    asked = [one for one in night if one.channel is Channel.PORTAL]
    newest = max(asked, key=lambda one: one.observed_at, default=None)
    said = newest.answer if newest is not None else None
    value = said.value if isinstance(said, Found) else None
    status = value if isinstance(value, ClaimStatus) else None
    if status is None:
        # nothing but a found claim has figures
        assert found.outcome not in DECIDED | {Outcome.PENDING, Outcome.REJECTED}
        assert found.paid is found.charge is found.patient_responsibility is None
        assert found.payment_date is found.trace_number is found.payer_claim_number is None
        assert found.reason_codes == postings == ()
    else:
        assert found.outcome in DECIDED | {Outcome.PENDING, Outcome.REJECTED, Outcome.NO_ANSWER}
    if found.outcome in DECIDED:
        assert status is not None
        assert status.category is not None
        assert status.category.startswith("F")
    if found.outcome in {Outcome.DENIED, Outcome.PARTLY_PAID}:
        assert found.finding.needs_person
    if postings:
        assert found.outcome in DECIDED
        assert status is not None
        assert status.paid in (None, found.paid)
    if not isinstance(said, NotFound):
        assert found.outcome is not Outcome.NOT_FOUND


@given(
    st.sampled_from(["charge", "paid", "patient_responsibility", "allowed"]),
    st.integers(-99_999, 99_999).filter(bool),
    balanced,
    st.sampled_from(["F0", "F1", "F2", "F3", "F4"]),
)
def test_a_conflicting_cent_always_needs_a_person(
    figure: str, cents: int, claim: RemittedClaim, category: str
) -> None:
    claim = replace(
        claim, lines=tuple(replace(one, allowed=Decimal("90.00")) for one in claim.lines)
    )
    status = agreeing(claim, category=category, allowed=Decimal("180.00"))
    stated = getattr(status, figure)
    status = replace(status, **{figure: stated + Decimal(cents) / 100})
    observations = portal(status), eob(claim)
    found = conclude(CLAIM, observations, RULES, today=TODAY)
    assert found.outcome is Outcome.NO_ANSWER
    assert found.finding.kind == "portal-eob-conflict"
    assert found.finding.needs_person
    assert f"{abs(Decimal(cents)) / 100:.2f} apart" in found.finding.why
    assert getattr(found, figure, None) is None
    assert propose_postings(CLAIM, observations, found) == ()


@given(balanced)
def test_agreement_gives_exactly_the_eobs_figures(claim: RemittedClaim) -> None:
    found = conclude(CLAIM, (portal(agreeing(claim)), eob(claim)), RULES, today=TODAY)
    assert (found.charge, found.paid) == (claim.charge, claim.paid)
    assert found.patient_responsibility == claim.patient_responsibility
    codes = {one.code for one in claim.all_adjustments if one.amount != ZERO}
    assert found.reason_codes == tuple(sorted(codes))


# Every answer of the portal against every kind of document: what may come of it.
PORTALS: dict[str, Any] = {
    "found": Found(agreeing(PAID)),
    "not found": NotFound(("member_id",)),
} | {reason.value: NoAnswer(reason, "It was so.") for reason in Reason}
DOCUMENTS: dict[str, list[Observation]] = {
    "none": [],
    "agrees": [eob(PAID)],
    "differs": [eob(remitted([line("200.00", "CO-16 200.00")]))],
    "torn": [no_eob("Torn.")],
    "of another claim": [eob(replace(PAID, payer_claim_number="E9", claim_id="99"))],
}
MAY_BE = {
    "found": {"paid", "no_answer"},
    "not found": {"not_found", "no_answer"},
    "several_matches": {"several_matches"},
    "wrong_patient": {"wrong_patient"},
}


@pytest.mark.parametrize(("said", "read"), list(product(PORTALS, DOCUMENTS)))
def test_answers_are_never_merged_whatever_documents_there_are(said: str, read: str) -> None:
    found = conclude(CLAIM, [portal(PORTALS[said]), *DOCUMENTS[read]], RULES, today=TODAY)
    assert found.outcome.value in MAY_BE.get(said, {"no_answer"})
    if said not in MAY_BE:
        assert found.no_answer is Reason(said)
    if said == "not found" and read in ("none", "torn", "of another claim"):
        assert found.outcome is Outcome.NOT_FOUND


def test_yesterdays_portal_answer_never_outlives_todays() -> None:
    early, late = portal(PORTALS["found"], 0), portal(PORTALS["unavailable"], 1)
    for order in ([early, late], [late, early]):
        found = conclude(CLAIM, order, RULES, today=TODAY + timedelta(days=1))
        assert (found.outcome, found.paid) == (Outcome.NO_ANSWER, None)
