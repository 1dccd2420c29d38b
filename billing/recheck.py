"""When a payer is asked about a claim again: by how long its claims stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing.actions import NEAR_DAYS, PENDING_USUAL, filing_limit
from billing.model import Claim, Conclusion, Outcome, Stay
from billing.payer_rules import PayerRules
from billing.report import Earlier
from billing.steps import Cycle

LEAST = 20
"""So many claims must have been seen to change before a payer's cycle is believed."""

WAITS = ("pending-wait", "not-on-file-too-early")
"""Kinds of finding that nothing but the payer's own work changes."""

POSTED = "already-posted"

Stays = Mapping[str, Sequence[int]]
"""By state the days that claims of one payer were seen in it before they changed."""


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """The claim as it was when its payer answered last, and what came of that answer."""

    claim: Claim
    earlier: Earlier


def state_of(conclusion: Conclusion) -> str:
    """What a claim stays in until the payer says otherwise."""
    return " ".join(filter(None, (conclusion.outcome.value, conclusion.status_category)))


def with_history(conclusion: Conclusion, earlier: Earlier | None, today: date) -> Conclusion:
    """The conclusion with the day since when it is so, or with the state that it ended.

    A change was seen between two days: half way is counted, so that a payer that has become faster
    is noticed although it is asked more seldom.
    """
    if conclusion.outcome is Outcome.NO_ANSWER:
        return conclusion
    if earlier is None or earlier.business_date >= today:
        return replace(conclusion, since=today)
    first, last = earlier.conclusion.since or earlier.business_date, earlier.business_date
    before = state_of(earlier.conclusion)
    if before == state_of(conclusion):
        return replace(conclusion, since=first)
    days = ((last - first).days + (today - first).days) // 2
    return replace(conclusion, since=today, ended=Stay(before, days))


def cycle_of(conclusion: Conclusion, stays: Stays) -> Cycle | None:
    """How long claims stay in the state of ``conclusion``: nine of ten at least so many days."""
    if conclusion.since is None:
        return None
    seen = sorted(stays.get(state_of(conclusion), ()))
    days = seen[len(seen) // 10] if len(seen) >= LEAST else None
    return Cycle(conclusion.since, days, len(seen), LEAST)


def not_asked(claim: Claim, last: LastAnswer, rules: PayerRules, *, today: date) -> str | None:
    """Why asking again today can tell nothing new, in a sentence; None where it may.

    A claim that its export states otherwise than then, that has anything for a person to do, or
    whose filing limit is near, is asked about.
    """
    said, on = last.earlier.conclusion, last.earlier.business_date
    same = replace(claim, source=last.claim.source) == last.claim
    if not same or said.others or said.finding.needs_person or on >= today:
        return None
    limit = filing_limit(claim, rules)
    if said.finding.kind in WAITS:
        if limit is not None and 0 <= (limit - today).days <= NEAR_DAYS:
            return None
        due = said.finding.due
        what = "waits"
    elif said.finding.kind == POSTED:
        due = on + timedelta(days=(rules.recheck or PENDING_USUAL).days)
        what = "is paid and posted"
    else:
        return None
    if due is None or due <= today:
        return None
    return (
        f"Not asked: due on {due.isoformat()}; on {on.isoformat()} the payer said that it {what}."
    )
