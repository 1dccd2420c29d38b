"""How each schedule stands: when it is due next, what came of it last, and who paused it."""

from __future__ import annotations

from datetime import datetime

from billing.ledger import Ledger, Run
from console.web.doors import ScheduleStanding
from flows.schedule_pauses import paused_by, standing_since
from flows.scheduled_run import WHAT
from flows.settings import Settings
from flows.unattended import unattended


def standings(settings: Settings, ledger: Ledger, now: datetime) -> tuple[ScheduleStanding, ...]:
    """Every schedule that is in force by the settings. Raises BadInput where they are wrong."""
    newest: dict[str, Run] = {}
    for about, run in ledger.newest_runs(WHAT).items():
        name = about.partition("/")[0]
        if name not in newest or newest[name].run_id < run.run_id:
            newest[name] = run
    return tuple(
        ScheduleStanding(
            name=entry.name,
            does=entry.row.does,
            when=f"{entry.cron}, {entry.zone.key}",
            next_due=entry.next_due(now),
            set_up=standing_since(ledger, entry.name) is not None,
            paused_by=paused_by(ledger, entry.name),
            last=newest.get(entry.name),
        )
        for entry in unattended(settings).entries
    )
