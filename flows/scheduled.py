"""The table of what runs by itself: each thing's name, when it is due, and what does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import cast

from flows.settings import Settings


class Missed(StrEnum):
    """What becomes of a run whose hour went by while no machine was up."""

    SAME_DAY = "done as soon as a machine is up, while it is still that day"
    UNTIL_NEXT = "done as soon as a machine is up, unless the next one is due already"


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that something is done: the instant it was due (aware), and of a sweep that several
    workers share, which ``hand`` this one is (from 1). ``run_id`` is its run in the ledger."""

    name: str
    due: datetime
    run_id: int
    hand: int = 1


Work = Callable[[Settings, Occasion], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One row of the table.

    ``work`` and ``idle`` name functions as ``module:function``. ``work`` is ``async def
    work(settings, occasion) -> str``: it does the thing and returns a sentence about it without
    names, claims or figures of a patient; it raises ClaimsweepError where it cannot. ``idle`` is
    ``def idle(settings) -> bool``: where it says that there is nothing to do, no run is begun or
    remembered. ``cron`` is the default time, in the time zone in force; ``needs`` the key of
    [unattended] without which the row is left out; ``shared`` that several workers do it together.
    """

    name: str
    does: str
    work: str
    cron: str
    missed: Missed = Missed.UNTIL_NEXT
    needs: str | None = None
    idle: str | None = None
    shared: bool = False

    def load_work(self) -> Work:
        """The function that does it."""
        return cast(Work, _named(self.work))

    def nothing_to_do(self, settings: Settings) -> bool:
        """Whether there is nothing to do now."""
        return self.idle is not None and bool(_named(self.idle)(settings))


TABLE = (
    Scheduled(
        name="sweep",
        does="Asks the portals about the claims of the newest exports in the folder.",
        work="flows.scheduled_sweep:sweep_folder",
        cron="0 1 * * mon-fri",
        missed=Missed.SAME_DAY,
        needs="exports",
        shared=True,
    ),
    Scheduled(
        name="eligibility",
        does="Checks the cover of the visits in the newest schedule of appointments.",
        work="flows.scheduled_sweep:check_appointments",
        cron="0 5 * * mon-fri",
        missed=Missed.SAME_DAY,
        needs="appointments",
    ),
    Scheduled(
        name="inbox",
        does="Reads remittances, EOBs and answers that came into the inbox, each file once.",
        work="flows.scheduled_inbox:read_folder",
        cron="*/15 * * * *",
        needs="inbox",
        idle="flows.scheduled_inbox:nothing_new",
    ),
    Scheduled(
        name="canaries",
        does="Asks every portal about its known claim.",
        work="flows.scheduled_reports:ask_canaries",
        cron="30 6 * * mon-fri",
        missed=Missed.SAME_DAY,
    ),
    Scheduled(
        name="morning",
        does="Writes the files of the latest sweep again, with what people decided since.",
        work="flows.scheduled_reports:morning",
        cron="0 7 * * mon-fri",
        missed=Missed.SAME_DAY,
    ),
    Scheduled(
        name="weekly-report",
        does="Writes the report of the last seven days.",
        work="flows.scheduled_reports:weekly",
        cron="30 7 * * mon",
    ),
    Scheduled(
        name="monthly-report",
        does="Writes the report of the last whole month.",
        work="flows.scheduled_reports:monthly",
        cron="45 7 1 * *",
    ),
    Scheduled(
        name="backup",
        does="Brings the backup of the ledger and its evidence up to now.",
        work="flows.scheduled_backup:back_up_home",
        cron="0 20 * * *",
        needs="backup",
    ),
    Scheduled(
        name="retention",
        does="Deletes what is older than the settings' [retention] allows.",
        work="flows.scheduled_retention:delete_by_policy",
        cron="0 21 * * sun",
        idle="flows.scheduled_retention:no_policy",
    ),
    Scheduled(
        name="alerts",
        does="Judges what needs an operator, and tells whom the settings name.",
        work="flows.alerts:watch_over",
        cron="*/10 * * * *",
        idle="flows.alerts:nothing_changed",
    ),
)
"""What runs by itself, one row each; beside it runs RESUME, which has no work of its own."""

RESUME = Scheduled(
    name="resume",
    does="Takes up what was cut off or missed, and asks portals that have opened since.",
    work="flows.scheduled_run:resume",
    cron="*/10 * * * *",
)


def _named(path: str) -> Callable[..., object]:
    module, _, function = path.partition(":")
    found: Callable[..., object] = getattr(import_module(module), function)
    return found
