"""How long what is kept of patients is kept: days by kind, and what is held back from deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a policy can delete.

    ANSWERS are sweeps with their claims, visits and all that was observed and concluded; CAPTURES
    the pages and exports that answers rest on, while the answers stay; DOCUMENTS the remittances
    and bank files received; OUTPUTS the folders of files that sweeps left; SESSIONS the console's
    sessions, sign-ins and the answers kept for other systems.
    """

    ANSWERS = "answers"
    CAPTURES = "captures"
    DOCUMENTS = "documents"
    OUTPUTS = "outputs"
    SESSIONS = "sessions"


LEAST_DAYS: Mapping[Kind, int] = {
    Kind.ANSWERS: 90,
    Kind.CAPTURES: 30,
    Kind.DOCUMENTS: 90,
    Kind.OUTPUTS: 1,
    Kind.SESSIONS: 1,
}
"""No policy deletes sooner: sweeps and reconciliation still work with what is younger."""


@dataclass(frozen=True, slots=True)
class Policy:
    """After how many days each kind goes; a kind that is not in ``days`` stays for good.

    ``held`` are the claim numbers under a legal hold; ``hold_all`` holds everything.
    """

    days: Mapping[Kind, int] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    hold_all: bool = False

    def before(self, kind: Kind, now: datetime) -> datetime | None:
        """What is older than this instant goes; None where nothing of the kind does."""
        if self.hold_all or kind not in self.days:
            return None
        return now - timedelta(days=self.days[kind])


@dataclass(frozen=True, slots=True)
class Expiring:
    """So many ``things`` of a kind that are old enough: ``going`` of them go, the others are held,
    for these reasons in words."""

    kind: Kind
    before: datetime
    things: str
    going: int
    held: Mapping[str, int]
