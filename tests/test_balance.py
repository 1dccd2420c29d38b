"""The 835 equations close for every remittance that adds up, and name what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing import balance
from billing.balance import Residual, residuals
from billing.model import (
    Adjustment,
    ProviderAdjustment,
    Remittance,
    RemittedClaim,
    ServiceLine,
)

CENT = Decimal("0.01")
cents = st.integers(-500_000, 500_000).map(lambda n: n * CENT)
errors = cents.filter(bool)
groups = st.sampled_from(["CO", "PR", "OA", "PI"])
reasons = st.sampled_from(["1", "2", "3", "45", "97", "253"])
adjustments = st.lists(st.builds(Adjustment, groups, reasons, cents), max_size=3).map(tuple)


@st.composite
def lines(draw: st.DrawFn) -> ServiceLine:
    made, paid = draw(adjustments), draw(cents)
    charge = paid + sum(one.amount for one in made)
    return ServiceLine("G0463", date(2026, 1, 2), charge, paid, adjustments=made)


@st.composite
def claims(draw: st.DrawFn) -> RemittedClaim:
    """A claim that adds up, built from its payments upward."""
    held = tuple(draw(st.lists(lines(), min_size=1, max_size=4)))
    own = draw(adjustments)
    every = [*own, *(one for line in held for one in line.adjustments)]
    charge = sum(line.charge for line in held)
    return RemittedClaim(
        claim_id="00012345",
        payer_claim_number="E1",
        status="1",
        charge=charge,
        paid=charge - sum(one.amount for one in every),
        patient_responsibility=sum((a.amount for a in every if a.group == "PR"), Decimal(0)),
        adjustments=own,
        lines=held,
    )


@st.composite
def remittances(draw: st.DrawFn, least: int = 0) -> Remittance:
    held = tuple(draw(st.lists(claims(), min_size=least, max_size=4)))
    entries = draw(st.lists(st.builds(ProviderAdjustment, reasons, reasons, cents), max_size=2))
    return Remittance(
        trace_number="T1",
        method="ACH",
        amount=sum((one.paid for one in held), Decimal(0)) - sum(one.amount for one in entries),
        payment_date=date(2026, 2, 3),
        payer="payer",
        payee="payee",
        claims=held,
        provider_adjustments=tuple(entries),
    )


def with_claim(remittance: Remittance, number: int, claim: RemittedClaim) -> Remittance:
    held = list(remittance.claims)
    held[number] = claim
    return replace(remittance, claims=tuple(held))


@given(remittances())
def test_what_adds_up_has_no_residual(remittance: Remittance) -> None:
    assert residuals(remittance) == ()


@given(remittances(), errors)
def test_a_wrong_amount_is_named(remittance: Remittance, error: Decimal) -> None:
    wrong = replace(remittance, amount=remittance.amount + error)
    assert residuals(wrong) == (Residual(balance.PAYMENT, "payment", -error),)


@given(remittances(least=1), errors, st.data())
def test_a_wrong_claim_payment_is_named_twice(
    remittance: Remittance, error: Decimal, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(remittance.claims) - 1))
    claim = remittance.claims[number]
    wrong = with_claim(remittance, number, replace(claim, paid=claim.paid + error))
    assert residuals(wrong) == (
        Residual(balance.CLAIM, f"claims[{number}]", -error),
        Residual(balance.PAYMENT, "payment", error),
    )


@given(remittances(least=1), errors, st.data())
def test_a_wrong_line_is_named(remittance: Remittance, error: Decimal, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(remittance.claims) - 1))
    claim = remittance.claims[number]
    at = data.draw(st.integers(0, len(claim.lines) - 1))
    line = claim.lines[at]
    field = data.draw(st.sampled_from(["charge", "paid"]))
    held = list(claim.lines)
    held[at] = replace(line, **{field: getattr(line, field) + error})
    found = residuals(with_claim(remittance, number, replace(claim, lines=tuple(held))))
    path = f"claims[{number}].lines[{at}]"
    named = [Residual(balance.LINE, path, error if field == "charge" else -error)]
    if field == "charge":
        named.append(Residual(balance.CLAIM_CHARGE, f"claims[{number}]", error))
    assert found == tuple(named)


@given(remittances(least=1), errors, groups, reasons)
def test_a_stray_claim_adjustment_is_named(
    remittance: Remittance, error: Decimal, group: str, reason: str
) -> None:
    claim = remittance.claims[0]
    stray = (*claim.adjustments, Adjustment(group, reason, error))
    found = residuals(with_claim(remittance, 0, replace(claim, adjustments=stray)))
    named = [Residual(balance.CLAIM, "claims[0]", -error)]
    if group == "PR":
        named.append(Residual(balance.PATIENT, "claims[0]", error))
    assert found == tuple(named)


@given(remittances(least=1), st.data())
def test_a_missing_claim_never_goes_unseen(remittance: Remittance, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(remittance.claims) - 1))
    missing = remittance.claims[number]
    rest = tuple(one for at, one in enumerate(remittance.claims) if at != number)
    found = residuals(replace(remittance, claims=rest))
    assert found == ((Residual(balance.PAYMENT, "payment", -missing.paid),) if missing.paid else ())


def test_a_claim_without_lines_rests_on_its_own_adjustments() -> None:
    claim = RemittedClaim(
        claim_id="1",
        payer_claim_number="2",
        status="4",
        charge=Decimal("80.00"),
        paid=Decimal("0.00"),
        patient_responsibility=Decimal("0.00"),
        adjustments=(Adjustment("CO", "29", Decimal("80.00")),),
    )
    denied = Remittance("T", "NON", Decimal("0.00"), date(2026, 1, 2), "p", "q", (claim,))
    assert residuals(denied) == ()
