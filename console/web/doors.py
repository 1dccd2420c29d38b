"""What the console asks of whoever runs bots; it opens no portal itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from billing.ledger import Run
from billing.model import Claim


@dataclass(frozen=True, slots=True, repr=False)
class MemberAsked:
    """Whose cover is asked for: the payer's profile id, the member, and the day of the service.

    ``service_type`` is a 271 EB03 code.
    """

    payer: str
    member_id: str
    last: str
    first: str
    born: date
    day: date
    service_type: str


@dataclass(frozen=True, slots=True)
class ScheduleStanding:
    """One schedule: what it ``does``, ``when`` (cron and time zone), when it is due next, whether
    it was ever ``set_up``, who paused it if it rests, and its last run."""

    name: str
    does: str
    when: str
    next_due: datetime
    set_up: bool
    paused_by: str | None
    last: Run | None


class Tell(Protocol):
    """Takes an event of the console for the log."""

    def __call__(self, event: str, **fields: object) -> None:
        """Tell of ``event``; the fields hold nothing of patients and nothing that was typed."""


def say_nothing(event: str, **fields: object) -> None:
    """The telling of a console that nobody keeps a log of."""


class Bots(Protocol):
    """Runs that ask portals, each a process of its own; their results are the ledger's.

    Each raises BadInput, in a sentence for the person, where it cannot be done.
    """

    def check(self, item_id: int, *, by: str) -> str:
        """Begin asking about the claim of an item now; the id of the sweep that will hold the
        answer. Raises BadInput where policy forbids it or the payer has no profile."""

    def check_member(self, asked: MemberAsked, *, by: str) -> str:
        """As :meth:`check`, of a member's cover."""

    def sweep(self, files: Sequence[tuple[str, bytes]], *, ask_all: bool, by: str) -> str:
        """Begin a sweep of uploaded exports (name, bytes); its id. ``ask_all`` asks also about
        what cannot have changed."""

    def sweep_again(self, sweep_id: str, *, ask_all: bool, by: str) -> str:
        """Begin today's sweep of the files of an earlier one; its id."""

    def resume(self, sweep_id: str, *, by: str) -> None:
        """Go on with a sweep where it was."""

    def stop(self, sweep_id: str, *, by: str) -> None:
        """Have the run of a sweep or check stop; it signs out and keeps what it has."""

    def obstacle(self, payer: str | None) -> str | None:
        """Why the payer's portal may not be asked now, in a sentence; None where it may."""

    def waits_for_code(self, payer: str) -> datetime | None:
        """Until when a run waits for a one-time code of the payer; None when none does."""

    def schedules(self) -> Sequence[ScheduleStanding]:
        """What runs by itself, and when next. Raises BadInput where the settings are wrong."""

    def pause_schedule(self, name: str, *, by: str) -> None:
        """Let a schedule rest from now on; what runs goes on."""

    def resume_schedule(self, name: str, *, by: str) -> None:
        """Let a schedule be due again, from its next time on."""

    def lint(self) -> Sequence[str]:
        """Every problem of every profile: file, line, key and fact."""

    def canary(self, payer: str, *, by: str) -> None:
        """Begin asking a portal about its known claim alone."""

    def replay(self, payer: str, *, by: str) -> None:
        """Begin reading a payer's captures again, offline, with its profile of today."""

    def drift_patch(self, payer: str, sweep_id: str) -> str:
        """What a portal's drift in a sweep asks of its profile: remarks, then a unified diff."""

    def apply_drift(self, payer: str, sweep_id: str, *, reviewed: str, by: str) -> None:
        """Write that change into the profile whose hash was ``reviewed``, if all its recorded
        cases still read as expected."""

    def give_code(self, payer: str, code: str, *, by: str) -> None:
        """Hand a one-time code to the run that waits for it; it is written down nowhere."""

    def appeal(self, claim: Claim, path: Path, *, today: date) -> tuple[str, ...]:
        """Write the appeal packet of a denied claim, and its letter as text beside it; what a
        person fills in or looks at before sending it, a sentence each. Raises BadInput where there
        is nothing to appeal."""
