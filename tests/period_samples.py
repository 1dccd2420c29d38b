"""Weeks of made-up nights of the same claims, which payers decide one after another."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from console_samples import CASES, NAMES, STARTED, TODAY, night

from billing.kpi import Period
from billing.model import Outcome
from billing.report import Earlier, RefusedRow, SweepReport

PENDING = next(n for n, case in enumerate(CASES) if case.kind == "pending-wait")
DOWN = next(n for n, case in enumerate(CASES) if case.kind == "payer-unavailable")


def sweeps_of(days: int, claims: int = 120, seed: int = 3) -> Iterator[SweepReport]:
    """A sweep every night of ``days``, the last on TODAY, oldest first.

    A claim is pending until its payer decides it, and is answered as :func:`night` has it from then
    on; one payer's portal is down every fifth night. A tenth of the claims is not in the export
    yet on the first half of the nights, and every third owes nothing from its decision on.
    """
    dice = random.Random(seed)
    whole = night(claims)
    waiting, down = (whole.results[n].conclusion for n in (PENDING, DOWN))
    decided_on = {r.item_id: dice.randrange(-days, days) for r in whole.results}
    known: dict[int, Earlier] = {}
    for nth in range(days):
        day = TODAY - timedelta(days=days - 1 - nth)
        results = []
        for result in whole.results:
            if result.item_id % 10 == 0 and nth < days // 2:
                continue
            said = result.conclusion if decided_on[result.item_id] <= nth else waiting
            claim = result.claim
            if nth % 5 == 4 and claim.payer == "tidewater":
                said = down
            elif decided_on[result.item_id] < nth and result.item_id % 3 == 0:
                claim = replace(claim, balance=Decimal("0.00"))
            told = replace(result, claim=claim, conclusion=said, earlier=known.get(result.item_id))
            results.append(told)
        for told in results:
            if told.conclusion.outcome is not Outcome.NO_ANSWER:
                known[told.item_id] = Earlier(day, told.conclusion)
        yield replace(
            whole,
            sweep_id=f"{day:%Y%m%d}-00000000",
            business_date=day,
            started_at=STARTED - timedelta(days=days - 1 - nth),
            results=tuple(results),
            refused_rows=(RefusedRow(4, "the billed amount is empty"), RefusedRow(9, "blank row")),
            new_postings=whole.new_postings if nth == 0 else (),
            payer_names=NAMES,
        )


def period(sweeps: list[SweepReport], first: date, last: date, left_out: int = 3) -> Period:
    """The sweeps of these days; each export had ``left_out`` rows that its sweep did not take."""
    kept = tuple(s for s in sweeps if first <= s.business_date <= last)
    rows = {s.sweep_id: len(s.results) + len(s.refused_rows) + left_out for s in kept}
    return Period(first, last, kept, rows)
