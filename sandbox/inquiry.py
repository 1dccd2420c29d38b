"""What a simulated payer answers to an inquiry, whatever its portal looks like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sandbox.world import Benefit, Membership, Payer


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

    def is_down(self, member_id: str, day: date) -> bool:
        """Whether the payer's system is unavailable for a member's claims of this day."""
        return day in self._down.get(member_id, ()) or day in self._down_once.get(member_id, ())


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


class Eligibility:
    """One payer's members, and the member ids it cannot answer for.

    What ``payer.members_unavailable_once`` holds is answered from the second search on.
    """

    def __init__(self, payer: Payer) -> None:
        self._members = payer.members
        self._down = payer.members_unavailable
        self._down_once = set(payer.members_unavailable_once)

    def search(self, member_id: str, birth: date) -> tuple[Membership, ...] | None:
        """The person's memberships, oldest first; empty when the payer knows no such person.

        None when the payer's system is unavailable for this search.
        """
        if member_id in self._down_once:
            self._down_once.remove(member_id)
            return None
        if member_id in self._down:
            return None
        held = [m for m in self._members.get(member_id, ()) if m.person.birth == birth]
        return tuple(sorted(held, key=lambda membership: membership.begins))


def on_day(held: Sequence[Membership], day: date) -> tuple[Membership, bool]:
    """The membership to show for a date of service, and whether it is in force on that day.

    None in force: the last that ended before, or else the first that begins after. ``held`` is one
    person's, oldest first, and not empty.
    """
    for membership in held:
        if membership.begins <= day and (membership.ends is None or day <= membership.ends):
            return membership, True
    before = [membership for membership in held if membership.begins < day]
    return (before[-1] if before else held[0]), False


def benefits_for(membership: Membership, service_type: str) -> tuple[Benefit, Benefit]:
    """The benefits of one service type (271 EB03), in the network and outside of it.

    Raises KeyError when the plan names no such service type.
    """
    found = {b.in_network: b for b in membership.benefits if b.service_type == service_type}
    return found[True], found[False]
