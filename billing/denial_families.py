"""Denial families: one payer's reason, and procedure where known, that rises above its history.

The rule. A family is a payer, a denying reason code and the procedure of the refused line; where
only the portal speaks there is no procedure, and the family is payer and reason. The week is the
seven days up to the sweep, the history the eight weeks before it, both by the day on which a
sweep of these nine weeks first saw the payer's decision. A family rises when

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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import comb

from billing.codes.reasons import Effect, effect
from billing.model import Found, Observation, Remittance
from billing.report import DenialFamily

FLOOR = 3
RISE = 2
MOST_CHANCE = Fraction(5, 100)
WEEK_DAYS = 7
HISTORY_DAYS = 56


@dataclass(frozen=True, slots=True)
class NineWeeks:
    """The days that are compared: the history ``since`` a day, the week that ``begins``, and
    ``until``, which belongs to it."""

    since: date
    begins: date
    until: date

    @classmethod
    def up_to(cls, until: date) -> NineWeeks:
        """Those that end with this day."""
        begins = until - timedelta(days=WEEK_DAYS - 1)
        return cls(begins - timedelta(days=HISTORY_DAYS), begins, until)


@dataclass(frozen=True, slots=True)
class Family:
    """What a payer refuses claims by; ``procedure`` None is any, also an unknown one."""

    payer: str
    reason: str
    procedure: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """So many claims of the week, and of the history ``before`` it."""

    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Members:
    """The claims of a family: this week's, with their dollars and the first day of them, and the
    first day of all."""

    claims: tuple[str, ...]
    dollars: Decimal
    since: date
    first_seen: date


def denial_families(
    decided: Mapping[str, Counted],
    refused: Mapping[Family, Counted],
    members: Callable[[Family], Members],
) -> tuple[DenialFamily, ...] | None:
    """The families that rise, most dollars first; None when no payer has a history.

    ``decided`` are each payer's decisions, ``refused`` those of every family, with and without
    procedure. ``members`` is asked for each family that rises. Of a family and the same with a
    procedure, the narrower is told where it holds most of this week's claims, else the wider.
    """
    if not any(one.before for one in decided.values()):
        return None
    looked_at = {
        family: counted
        for family, counted in refused.items()
        if family.procedure is None or refused[replace(family, procedure=None)].now >= FLOOR
    }
    asked = sum(one.now + one.before >= FLOOR for one in looked_at.values())
    rising = []
    for family, counted in looked_at.items():
        theirs = decided[family.payer]
        if not _rises(counted, theirs, max(asked, 1)):
            continue
        mine = members(family)
        rising.append(
            DenialFamily(
                payer=family.payer,
                reason=family.reason,
                procedure=family.procedure,
                claims=mine.claims,
                dollars=mine.dollars,
                since=mine.since,
                first_seen=mine.first_seen,
                decided=theirs.now,
                before=counted.before,
                decided_before=theirs.before,
            )
        )
    return tuple(sorted(_narrowest(rising), key=_order))


def refused_procedures(
    payer_claim_number: str | None, observations: Iterable[Observation]
) -> frozenset[tuple[str, str]]:
    """Reason and procedure of the lines that remittances of the payer's claim refuse."""
    return frozenset(
        (entry.code, line.procedure)
        for one in observations
        if isinstance(one.answer, Found) and isinstance(one.answer.value, Remittance)
        for claim in one.answer.value.claims
        if claim.payer_claim_number == payer_claim_number
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
    least, most = max(now, of_now - (whole - marked)), min(marked, of_now)
    ways = term = comb(marked, least) * comb(whole - marked, of_now - least)
    for n in range(least, most):  # each from the one before, as they have many digits
        more = (marked - n) * (of_now - n)
        term = term * more // ((n + 1) * (whole - marked - of_now + n + 1))
        ways += term
    return Fraction(ways, comb(whole, of_now))


def _rises(mine: Counted, theirs: Counted, asked: int) -> bool:
    if mine.now < FLOOR or theirs.before == 0:
        return False
    if mine.now * theirs.before < RISE * mine.before * theirs.now:
        return False
    p = chance(now=mine.now, of_now=theirs.now, before=mine.before, of_before=theirs.before)
    return p * asked <= MOST_CHANCE


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
