"""What a remittance allowed against the contract, as facts with their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from billing.fee_schedule import FeeSchedule, LinePrice, price_lines
from billing.model import Evidence
from billing.money import ZERO, usd
from billing.reconcile.sources import Document
from billing.reconcile.weighing import Weighed


def weigh_contract(weighed: Weighed, fees: FeeSchedule) -> None:
    """Note where the EOB's allowed amounts are not the contract's, and tell it line by line."""
    document = weighed.document
    if document is None:
        return
    priced = price_lines(weighed.claim, document.claim, fees)
    below = [one for one in priced if one.gap > 0]
    above = [one for one in priced if one.gap < 0]
    unclear = [one for one in priced if one.expected is None]
    _note(weighed, "allowed below contract", below, document, fees)
    _note(weighed, "allowed above contract", above, document, fees)
    _note(weighed, "contract unclear", unclear, document, fees)
    if below:
        less = _sum(below)
        weighed.tell("underpaid", f"{usd(less)} less than the contract: {_clauses(below)}.", less)
    if above:
        more = -_sum(above)
        told = f"{usd(more)} more than the contract: {_clauses(above)}."
        weighed.tell("paid-above-contract", told, more)
    weighed.tell(
        "contract-unclear",
        f"What the contract allows is not certain: {_clauses(unclear)}.",
        sum((one.allowed for one in unclear), ZERO),
    )


def _note(
    weighed: Weighed, fact: str, lines: Sequence[LinePrice], document: Document, fees: FeeSchedule
) -> None:
    """The fact, and the places that it was read from: the lines, the rows of the schedule."""
    places: dict[str, Evidence] = {}
    for one in lines:
        for name in ("allowed", "charge", "paid"):
            place = document.place(f"lines[{one.line}].{name}")
            if place is not None:
                places[f"lines[{one.line}].{name}"] = place
        for row in one.rows:
            places[f"fee_schedule.row {row}"] = Evidence(fees.sha256, f"row {row}")
    if lines:
        stated = weighed.stated
        weighed.stated = replace(
            stated,
            places={**stated.places, **places},
            evidence=tuple(dict.fromkeys((*stated.evidence, fees.sha256))),
        )
        weighed.note(fact, figures=tuple(places))


def _clauses(lines: Sequence[LinePrice]) -> str:
    return "; ".join(one.clause for one in lines)


def _sum(lines: Sequence[LinePrice]) -> Decimal:
    return sum((one.gap for one in lines), ZERO)
