"""Denial families: one payer's reason, and procedure where known, that rises above its history.

The rule. A family is a payer, a denying reason code and the procedure of the refused line; where
only the portal speaks there is no procedure, and the family is payer and reason. The week is the
seven days up to the sweep, the history the eight weeks before it, both by the day on which a
sweep first saw the payer's decision. A family rises when

1. at least FLOOR claims of this week are in it (three are no accident of one claim's lines),
2. its share of the payer's decisions is at least RISE times what it was, and
3. Fisher's exact test, one-sided, on this week against the history and this family against the
   payer's other decisions, gives a chance that stays within MOST_CHANCE after it is multiplied by
   the number of families looked at (Bonferroni): those with FLOOR claims or more in week and
   history together.

Shares of decisions are compared, not counts a day, so that a week in which a payer decided more,
or the first sweep of an old export, raises nothing by itself. All is integer arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import comb

from billing.codes.reasons import Effect, effect
from billing.model import Found, Observation, Remittance
from billing.money import ZERO
from billing.report import DenialFamily

FLOOR = 3
RISE = 2
MOST_CHANCE = Fraction(5, 100)
WEEK_DAYS = 7
HISTORY_DAYS = 56


@dataclass(frozen=True, slots=True)
class Decision:
    """A payer's first known decision of a claim; ``reasons`` deny it, or a part of it."""

    item_id: int
    payer: str
    claim_id: str
    seen: date
    payer_claim_number: str | None = None
    reasons: tuple[str, ...] = ()
    dollars: Decimal = ZERO


RefusedLines = Callable[[Sequence[Decision]], Mapping[int, frozenset[tuple[str, str]]]]
"""The reason and procedure of every refused line of claims, by item; without what is unknown."""


@dataclass(frozen=True, slots=True)
class _Family:
    payer: str
    reason: str
    procedure: str | None


def denial_families(
    decisions: Sequence[Decision],
    *,
    until: date,
    refused_lines: RefusedLines,
) -> tuple[DenialFamily, ...] | None:
    """The families that rise in the week that ends with ``until``, most dollars first.

    None when no payer has a history to compare with. ``refused_lines`` is asked once, for the
    claims of every family that may rise, and not at all where none may. Of a family and the same
    with a procedure, the narrower is told where it holds most of this week's claims, else the
    wider.
    """
    begins = until - timedelta(days=WEEK_DAYS - 1)
    kept = [one for one in decisions if begins - timedelta(days=HISTORY_DAYS) <= one.seen <= until]
    if not any(one.seen < begins for one in kept):
        return None
    members = _members(kept, begins, refused_lines)
    asked = sum(len(mine) >= FLOOR for mine in members.values())
    theirs: defaultdict[str, list[Decision]] = defaultdict(list)
    for one in kept:
        theirs[one.payer].append(one)
    rising = []
    for family, mine in members.items():
        told = _weigh(family, mine, theirs[family.payer], begins, max(asked, 1))
        if told is not None:
            rising.append(told)
    return tuple(sorted(_narrowest(rising), key=_order))


def refused_procedures(
    decision: Decision, observations: Iterable[Observation]
) -> frozenset[tuple[str, str]]:
    """Reason and procedure of the lines that remittances of the claim refuse."""
    return frozenset(
        (entry.code, line.procedure)
        for one in observations
        if isinstance(one.answer, Found) and isinstance(one.answer.value, Remittance)
        for claim in one.answer.value.claims
        if claim.payer_claim_number == decision.payer_claim_number
        for line in claim.lines
        for entry in line.adjustments
        if entry.amount > 0 and denies(entry.code)
    )


def denies(code: str) -> bool:
    """Whether an adjustment of this code (``CO-16``) refuses what it takes."""
    return "-" in code and effect(*code.split("-", 1)) is Effect.DENIAL


def chance(*, now: int, of_now: int, before: int, of_before: int) -> Fraction:
    """How likely ``now`` or more of ``of_now`` would be, were they drawn without regard to time.

    Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution with
    ``now + before`` marked among ``of_now + of_before``.
    """
    marked, whole = now + before, of_now + of_before
    most = min(marked, of_now)
    ways = sum(comb(marked, n) * comb(whole - marked, of_now - n) for n in range(now, most + 1))
    return Fraction(ways, comb(whole, of_now))


def _members(
    decisions: Iterable[Decision],
    begins: date,
    refused_lines: RefusedLines,
) -> Mapping[_Family, list[Decision]]:
    """Every family's decisions; with procedures where the wider family has enough this week."""
    wide: defaultdict[_Family, list[Decision]] = defaultdict(list)
    for one in decisions:
        for reason in set(one.reasons):
            wide[_Family(one.payer, reason, None)].append(one)
    rises = {
        family: mine
        for family, mine in wide.items()
        if sum(one.seen >= begins for one in mine) >= FLOOR
    }
    asked = {one.item_id: one for mine in rises.values() for one in mine}
    refused = refused_lines(tuple(asked.values())) if asked else {}
    narrow: defaultdict[_Family, list[Decision]] = defaultdict(list)
    for family, mine in rises.items():
        for one in mine:
            for reason, procedure in refused.get(one.item_id, ()):
                if reason == family.reason:
                    narrow[replace(family, procedure=procedure)].append(one)
    return wide | narrow


def _weigh(
    family: _Family,
    mine: Sequence[Decision],
    theirs: Sequence[Decision],
    begins: date,
    asked: int,
) -> DenialFamily | None:
    now = [one for one in mine if one.seen >= begins]
    before, of_now = len(mine) - len(now), sum(one.seen >= begins for one in theirs)
    of_before = len(theirs) - of_now
    if len(now) < FLOOR or of_before == 0:
        return None
    if len(now) * of_before < RISE * before * of_now:
        return None
    p = chance(now=len(now), of_now=of_now, before=before, of_before=of_before)
    if p * asked > MOST_CHANCE:
        return None
    return DenialFamily(
        payer=family.payer,
        reason=family.reason,
        procedure=family.procedure,
        claims=tuple(sorted(one.claim_id for one in now)),
        dollars=sum((one.dollars for one in now), ZERO),
        since=min(one.seen for one in now),
        first_seen=min(one.seen for one in mine),
        decided=of_now,
        before=before,
        decided_before=of_before,
    )


def _narrowest(rising: Sequence[DenialFamily]) -> Iterable[DenialFamily]:
    for family in rising:
        same = [f for f in rising if (f.payer, f.reason) == (family.payer, family.reason)]
        wide = next((f for f in same if f.procedure is None), None)
        inside = {claim for f in same if f.procedure is not None for claim in f.claims}
        covered = wide is None or 2 * len(inside) > len(wide.claims)
        if covered == (family.procedure is not None):
            yield family


def _order(family: DenialFamily) -> tuple[Decimal, str, str, str]:
    return -family.dollars, family.payer, family.reason, family.procedure or ""
