"""An excerpt keeps one claim's story and its places, and nobody else's."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing.model import Evidence, Remittance, RemittedClaim
from billing.remittance import excerpt


def claim(claim_id: str, number: str, paid: str) -> RemittedClaim:
    return RemittedClaim(claim_id, number, "1", Decimal(paid), Decimal(paid), Decimal(0))


def test_an_excerpt_keeps_reversal_and_correction_with_their_own_places() -> None:
    claims = (
        claim("7", "A", "1.00"),
        claim("8", "B", "-2.00"),
        claim("9", "C", "3.00"),
        claim("8", "D", "4.00"),
    )
    places = {"amount": Evidence("s", "amount")}
    for n, one in enumerate(claims):
        places[f"claims[{n}].paid"] = Evidence("s", f"paid of {one.payer_claim_number}")
    whole = Remittance("T", "ACH", Decimal("6.00"), date(2026, 1, 2), "P", "Q", claims, (), places)
    part = excerpt(whole, claim_id="8", payer_claim_number="D")
    assert [c.payer_claim_number for c in part.claims] == ["B", "D"]
    assert {path: place.where for path, place in part.places.items()} == {
        "amount": "amount",
        "claims[0].paid": "paid of B",
        "claims[1].paid": "paid of D",
    }
