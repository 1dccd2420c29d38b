"""What either simulated payer answers to a claim inquiry, whatever its portal looks like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from sandbox.world import Payer


class Inquiry:
    """One payer's claims by member and date of service, and its outages.

    An outage of ``payer.unavailable_once`` is over after the first search that met it.
    """

    def __init__(self, payer: Payer) -> None:
        self._payer = payer
        self._down = _by_member(payer.unavailable)
        self._down_once = _by_member(payer.unavailable_once)

    def search(self, member_id: str, first: date, last: date) -> tuple[str, ...] | None:
        """Numbers of the claims with a first service date in the range, newest first.

        None when the payer's system is unavailable for this search.
        """
        once = {day for day in self._down_once.get(member_id, ()) if first <= day <= last}
        if once:
            self._down_once[member_id] -= once
        if once or any(first <= day <= last for day in self._down.get(member_id, ())):
            return None
        return tuple(
            number
            for number in self._payer.by_member.get(member_id, ())
            if first <= self._payer.by_number[number].service_from <= last
        )


def day_typed(text: str) -> date | None:
    """The date that was typed as MM/DD/YYYY; None for anything else."""
    try:
        return datetime.strptime(text.strip(), "%m/%d/%Y").date()  # noqa: DTZ007 - a calendar date
    except ValueError:
        return None


def _by_member(outages: Iterable[tuple[str, date]]) -> dict[str, set[date]]:
    days: dict[str, set[date]] = defaultdict(set)
    for member_id, day in outages:
        days[member_id].add(day)
    return days
