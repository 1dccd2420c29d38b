"""Which payments add up to one deposit: in no way, in one, or in several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

MOST_SUMS = 20_000
"""Different sums that are kept in mind at a time; beyond it the search is given up."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How often ``amounts`` add up to a deposit: 0, 1, or 2 for more than once.

    ``only`` are the positions of the one way, ``touched`` those that take part in any way. Where
    the search was given up, ``count`` is 2 and every position is touched.
    """

    count: int
    only: frozenset[int]
    touched: frozenset[int]
    given_up: bool = False


def ways_to_add_up(target: Decimal, amounts: Sequence[Decimal]) -> Ways:
    """Every way in which some of ``amounts`` (dollars above zero) add up to ``target``."""
    goal, parts = _cents(target), [_cents(one) for one in amounts]
    counts: list[dict[int, int]] = [{0: 1}]  # sums of the first n, and in how many ways (2: more)
    for part in parts:
        before = counts[-1]
        after = dict(before)
        for total, ways in before.items():
            if total + part <= goal:
                after[total + part] = min(2, after.get(total + part, 0) + ways)
        if len(after) > MOST_SUMS:
            return Ways(2, frozenset(), frozenset(range(len(parts))), given_up=True)
        counts.append(after)
    found = counts[-1].get(goal, 0) if goal > 0 else 0
    if not found:
        return Ways(0, frozenset(), frozenset())
    touched = _touched(goal, parts, counts)
    return Ways(found, touched if found == 1 else frozenset(), touched)


def _touched(goal: int, parts: Sequence[int], counts: Sequence[dict[int, int]]) -> frozenset[int]:
    """Go back from the goal through every sum that leads there; a part is touched where it does."""
    wanted, touched = {goal}, set()
    for at in range(len(parts) - 1, -1, -1):
        before = counts[at]
        with_it = {total - parts[at] for total in wanted if total - parts[at] in before}
        if with_it:
            touched.add(at)
        wanted = {total for total in wanted if total in before} | with_it
    return frozenset(touched)


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))
