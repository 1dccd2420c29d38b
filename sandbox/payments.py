"""Adjudicated claims become payments: single, several at once, with take-backs and interest."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from sandbox.claims import negative
from sandbox.world import PayerClaim, ProviderAdjustment, Remittance

ZERO = Decimal("0.00")
COMMERCIAL = "juniper-ridge"


@dataclass(frozen=True)
class Settled:
    by_number: dict[str, PayerClaim]
    remittances: dict[str, Remittance]


def pay_out(
    rng: random.Random,
    payer_id: str,
    payer: str,
    payee: str,
    npi: str,
    claims: list[PayerClaim],
    as_of: date,
) -> Settled:
    """Group the adjudicated claims into payments; each claim learns its trace number and date.

    A corrected claim's payment also carries the reversal of the original, which was paid earlier.
    """
    held = {claim.payer_claim_number: claim for claim in claims}
    original_of = {claim.superseded_by: claim for claim in claims if claim.superseded_by}
    adjudicated = sorted(
        (claim for claim in claims if claim.finalized),
        key=lambda c: (c.finalized, c.payer_claim_number),
    )
    remittances: dict[str, Remittance] = {}
    start = 0
    while start < len(adjudicated):
        if payer_id == COMMERCIAL:
            size = 1 if rng.random() < 0.75 else rng.randrange(2, 7)
        else:
            size = rng.randrange(3, 13)
        group = adjudicated[start : start + size]
        start += size
        day = max(c.finalized for c in group if c.finalized) + timedelta(days=rng.randrange(1, 3))
        trace = _trace(payer_id, len(remittances))
        paid = []
        for claim in group:
            settled = replace(claim, trace_number=trace, payment_date=min(day, as_of))
            held[claim.payer_claim_number] = settled
            original = original_of.get(claim.payer_claim_number)
            if original is not None:
                paid.append(_reversal(held[original.payer_claim_number]))
            paid.append(settled)
        total = sum((c.paid or ZERO for c in paid), ZERO)
        adjustments = _provider_level(rng, total, remittances, payer_id)
        amount = total - sum((a.amount for a in adjustments), ZERO)
        if amount < 0:  # what cannot be taken back now is carried to the next payment
            adjustments = (*adjustments, ProviderAdjustment("FB", trace, amount))
            amount = ZERO
        method = "NON" if amount == 0 else ("CHK" if rng.random() < 0.2 else "ACH")
        remittances[trace] = Remittance(
            trace, method, amount, min(day, as_of), payer, payee, npi, tuple(paid), adjustments
        )
    return Settled(held, remittances)


def _reversal(claim: PayerClaim) -> PayerClaim:
    return replace(
        claim,
        remit_status="22",
        charge=-claim.charge,
        allowed=-(claim.allowed or ZERO),
        paid=-(claim.paid or ZERO),
        patient_responsibility=-(claim.patient_responsibility or ZERO),
        lines=tuple(negative(line) for line in claim.lines),
        adjustments=tuple(replace(a, amount=-a.amount) for a in claim.adjustments),
    )


def _provider_level(
    rng: random.Random, total: Decimal, before: dict[str, Remittance], payer_id: str
) -> tuple[ProviderAdjustment, ...]:
    found = []
    chance = 0.08 if payer_id == COMMERCIAL else 0.35
    if total > 60 and before and rng.random() < chance:
        earlier = rng.choice(list(before.values())[-30:]).claims[0]
        part = (total * rng.randrange(5, 40) / 100).quantize(ZERO)
        found.append(ProviderAdjustment("WO", earlier.payer_claim_number, part))
    if total > 0 and rng.random() < chance / 2:
        found.append(ProviderAdjustment("L6", "INTEREST", -Decimal(rng.randrange(15, 900)) / 100))
    return tuple(found)


def _trace(payer_id: str, n: int) -> str:
    if payer_id == COMMERCIAL:
        return f"JR{880000000 + n * 37}"
    return f"{70010000 + n * 13:010d}"
