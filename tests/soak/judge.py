"""Holds a night's answers and the month's postings against the key."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sweeping import KEYED

from sandbox.world import World

UNANSWERED = {"no_answer", "wrong_patient", "several_matches"}
"""What a portal in trouble may leave of a claim: nothing that could be taken for its answer."""

OF_THE_PAYMENT = "Provider-level"


@dataclass(slots=True)
class Marks:
    """How many answers are as in the key, how many are none or lack a figure, and which state
    something else.

    ``kept`` were not asked again; of those ``stale`` have changed at the payer since.
    """

    right: int = 0
    unanswered: int = 0
    incomplete: int = 0
    kept: int = 0
    stale: int = 0
    wrong: list[str] = field(default_factory=list)


def mark(key: Iterable[Mapping[str, Any]], answers: Iterable[Mapping[str, Any]]) -> Marks:
    """Every claim of the key once, and nothing besides."""
    marks = Marks()
    answered = {(row["payer"], row["claim_id"]): row for row in answers}
    for truth in key:
        name = (truth["payer"], truth["claim_id"])
        row = answered.pop(name, None)
        if row is None:
            marks.wrong.append(f"{name}: missing")
            continue
        marks.kept += row["not_asked"] is not None
        other = [one for one in KEYED if row[one] != truth[one]]
        if not other:
            marks.right += 1
        elif row["not_asked"] is not None:
            marks.stale += 1
        elif row["outcome"] in UNANSWERED:
            marks.unanswered += 1
        elif all(row[name] in (None, []) for name in other):
            marks.incomplete += 1
        else:
            marks.wrong.append(f"{name}: {other} ({truth['outcome']}, {row['outcome']})")
    marks.wrong += [f"{name}: nobody asked" for name in answered]
    return marks


@dataclass(frozen=True, slots=True)
class Books:
    """What was handed out for import against what the payers paid."""

    posted: int
    missing: int
    wrong: tuple[str, ...]


def hold_books(world: World, files: Iterable[Path]) -> Books:
    """Each remitted claim posted once at most, with the dollars that were paid for it."""
    posted: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    lines: Counter[tuple[str, ...]] = Counter()
    for path in files:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                lines[row["Key"], row["Kind"], row["Line"], row["Code"]] += 1
                if row["Payer claim number"] and row["Kind"] != OF_THE_PAYMENT:
                    paid_part = Decimal(0) if row["Code"] else Decimal(row["Amount"])
                    posted[row["Trace number"], row["Payer claim number"]] += paid_part
    paid = {
        (payment.trace_number, claim.payer_claim_number): claim.paid or Decimal(0)
        for payer in world.payers
        for payment in payer.remittances.values()
        for claim in payment.claims
    }
    wrong = [f"{key} was posted {n} times" for key, n in lines.items() if n > 1]
    wrong += [
        f"{key}: {dollars} posted, {paid.get(key)} paid"
        for key, dollars in posted.items()
        if dollars != paid.get(key)
    ]
    return Books(len(posted), len(paid.keys() - posted.keys()), tuple(wrong))
