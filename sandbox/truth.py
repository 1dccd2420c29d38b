"""The answer key: what a careful person would find out about each billed claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.drafts import Draft
from sandbox.mix import Kind
from sandbox.world import BilledClaim, Expected, World

# the portals' words as a reader of the 277 would file them
CATEGORIES: dict[str, str] = {
    "Paid": "F1",
    "Denied": "F2",
    "Processed": "F0",
    "Partially paid": "F1",
    "In process": "P1",
    "In Process": "P1",
    "Suspended": "P1",
    "In review": "P2",
    "Additional information requested": "P3",
    "Rejected - returned to submitter": "A3",
    "Returned to Provider": "A3",
    "Adjusted - paid": "F3",
    "Adjusted": "F3",
    "Pending": "P1",
    "Finalized - Paid": "F1",
    "Finalized - Denied": "F2",
    "Finalized": "F0",
    "Finalized - Paid in part": "F1",
    "Finalized - Adjusted payment": "F3",
    "Rejected by payer": "A3",
    "Pending - In adjudication": "P1",
    "Pending - Records requested": "P3",
    "Paid by payer": "F1",
    "Denied by payer": "F2",
    "Closed": "F0",
    "Part paid": "F1",
    "Adjusted by payer": "F3",
    "Returned unprocessed": "A3",
    "At payer": "P1",
    "Under review": "P2",
    "Information requested": "P3",
}
_OUTCOMES: dict[Kind, str] = {
    Kind.PAID_FULL: "paid",
    Kind.PAID_SHARE: "paid",
    Kind.PAID_DEDUCTIBLE: "paid",
    Kind.DENIED_SAID: "denied",
    Kind.DENIED_SILENT: "denied",
    Kind.PARTLY: "partly_paid",
    Kind.PENDING: "pending",
    Kind.REJECTED: "rejected",
    Kind.UNKNOWN: "not_found",
    Kind.UNKNOWN_OTHER_DATES: "not_found",
    Kind.UNKNOWN_OTHER_CHARGE: "not_found",
    Kind.SEVERAL: "several_matches",
    Kind.WRONG_PATIENT: "wrong_patient",
    Kind.CORRECTED: "paid",
    Kind.DOWN: "no_answer",
    Kind.DOWN_ONCE: "paid",
}
_NOTHING_ELSE = {"not_found", "several_matches", "wrong_patient", "no_answer"}


def expect(kind: Kind, drafts: list[Draft]) -> Expected:
    """The key's row for a claim of ``kind``, of which the payer holds ``drafts``, newest last."""
    outcome = _OUTCOMES[kind]
    if outcome in _NOTHING_ELSE:
        return Expected(outcome)
    draft = drafts[-1]
    decision = draft.decision
    return Expected(
        outcome,
        CATEGORIES[draft.status],
        draft.number,
        draft.bill.first_day,
        draft.bill.charge,
        decision.paid if decision else None,
        decision.patient_responsibility if decision else None,
        draft.payment_date,
        draft.trace_number,
        decision.reason_codes if decision else (),
    )


def truth_rows(world: World) -> Iterator[dict[str, Any]]:
    """The key as plain values: dollars as text with two decimals, dates as ISO text."""
    for payer in world.payers:
        for billed in payer.billed:
            yield _row(billed)


def truth_counts(world: World) -> str:
    """How many claims of each outcome each payer has, as a short table."""
    found = {
        payer.payer_id: Counter(billed.expected.outcome for billed in payer.billed)
        for payer in world.payers
    }
    return count_table(tuple(dict.fromkeys(_OUTCOMES.values())), found)


def count_table(outcomes: Sequence[str], found: Mapping[str, Counter[str]]) -> str:
    """A row for each outcome, a column for each payer, and what they come to."""
    lines = [f"{'outcome':<18}" + "".join(f"{payer_id:>20}" for payer_id in found)]
    lines += [
        f"{outcome:<18}" + "".join(f"{count[outcome]:>20}" for count in found.values())
        for outcome in outcomes
    ]
    totals = "".join(f"{sum(count.values()):>20}" for count in found.values())
    return "\n".join([*lines, f"{'all':<18}{totals}"])


def _row(billed: BilledClaim) -> dict[str, Any]:
    key = billed.expected
    return {
        "claim_id": billed.claim_id,
        "payer": billed.payer_id,
        "outcome": key.outcome,
        "status_category": key.status_category,
        "payer_claim_number": key.payer_claim_number,
        "service_from": key.service_from.isoformat() if key.service_from else None,
        "charge": _amount(key.charge),
        "paid": _amount(key.paid),
        "patient_responsibility": _amount(key.patient_responsibility),
        "payment_date": key.payment_date.isoformat() if key.payment_date else None,
        "trace_number": key.trace_number,
        "reason_codes": list(key.reason_codes),
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"
