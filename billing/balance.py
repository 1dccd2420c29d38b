"""The 835 equations: what does not close in a remittance, where, and by how many dollars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.model import Adjustment, ProviderAdjustment, Remittance, RemittedClaim
from billing.money import ZERO


@dataclass(frozen=True, slots=True)
class Residual:
    """One equation that does not close.

    ``equation`` names it, ``where`` is the path from the remittance ("claims[0].lines[1]",
    "payment"), ``dollars`` is its left side minus its right side, never zero.
    """

    equation: str
    where: str
    dollars: Decimal


LINE = "line: charge - adjustments = paid"
CLAIM = "claim: charge - all adjustments = paid"
CLAIM_CHARGE = "claim: sum of line charges = charge"
PATIENT = "claim: sum of PR adjustments = patient responsibility"
PAYMENT = "payment: sum of claims paid - provider adjustments = amount"


def residuals(remittance: Remittance) -> tuple[Residual, ...]:
    """Every equation of ``remittance`` that does not close to the cent; empty when it balances.

    The line, claim and payment equations are the 835's (TR3 005010X221, 1.10.2.1); the sum of
    line charges holds because an 835 claim carries all its lines; allowed amounts are
    informational and take no part.
    """
    return tuple(_equations(remittance))


def claim_residuals(claim: RemittedClaim, path: str) -> tuple[Residual, ...]:
    """Every equation of one claim that does not close; ``path`` is the claim's."""
    found: list[Residual] = []
    adjusted, patients = _totals(claim.adjustments)
    charges = ZERO
    for number, line in enumerate(claim.lines):
        of_line, of_patient = _totals(line.adjustments)
        adjusted, patients = adjusted + of_line, patients + of_patient
        charges += line.charge
        if dollars := line.charge - of_line - line.paid:
            found.append(Residual(LINE, f"{path}.lines[{number}]", dollars))
    if dollars := claim.charge - adjusted - claim.paid:
        found.append(Residual(CLAIM, path, dollars))
    if claim.lines and (dollars := charges - claim.charge):
        found.append(Residual(CLAIM_CHARGE, path, dollars))
    if dollars := patients - claim.patient_responsibility:
        found.append(Residual(PATIENT, path, dollars))
    return tuple(found)


def payment_residuals(
    amount: Decimal, claims_paid: Decimal, withheld: Iterable[ProviderAdjustment]
) -> tuple[Residual, ...]:
    """The payment's equation, from the sum of its claims, if it does not close."""
    total = sum((entry.amount for entry in withheld), ZERO)
    found = Residual(PAYMENT, "payment", claims_paid - total - amount)
    return (found,) if found.dollars else ()


def document_totals(remittance: Remittance) -> Mapping[str, Decimal]:
    """What a document may print once for the whole payment, by its name: dollars, but a count of
    claims."""
    claims = remittance.claims
    return {
        "claim_count": Decimal(len(claims)),
        "charge": sum((claim.charge for claim in claims), ZERO),
        "allowed": sum((line.allowed or ZERO for one in claims for line in one.lines), ZERO),
        "adjustments": sum((_total(claim.all_adjustments) for claim in claims), ZERO),
        "patient_responsibility": sum((claim.patient_responsibility for claim in claims), ZERO),
        "paid": sum((claim.paid for claim in claims), ZERO),
        "provider_adjustments": sum((e.amount for e in remittance.provider_adjustments), ZERO),
        "amount": remittance.amount,
    }


def _equations(remittance: Remittance) -> Iterator[Residual]:
    """All equations that do not close."""
    for number, claim in enumerate(remittance.claims):
        yield from claim_residuals(claim, f"claims[{number}]")
    claims_paid = sum((claim.paid for claim in remittance.claims), ZERO)
    withheld = remittance.provider_adjustments
    yield from payment_residuals(remittance.amount, claims_paid, withheld)


def _totals(adjustments: Iterable[Adjustment]) -> tuple[Decimal, Decimal]:
    """Dollars of all adjustments, and of those that the patient owes."""
    total = patients = ZERO
    for entry in adjustments:
        total += entry.amount
        if entry.group == "PR":
            patients += entry.amount
    return total, patients


def _total(adjustments: Iterable[Adjustment]) -> Decimal:
    return sum((entry.amount for entry in adjustments), ZERO)
