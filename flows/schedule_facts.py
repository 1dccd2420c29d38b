"""What runs by itself as alerts judge it: when it was due, whether it began, how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billing.alerts import DueFacts
from billing.ledger import Ledger, RunState
from flows.schedule_pauses import paused_by, standing_since
from flows.scheduled_run import runs_of
from flows.settings import Settings
from flows.unattended import unattended

OF_ITSELF = ("alerts", "resume")
"""Entries that are not judged: the one that judges, and the one that mends."""


def schedule_facts(settings: Settings, ledger: Ledger, now: datetime) -> Iterator[DueFacts]:
    """Every entry that is set up and not paused, as it stands at ``now`` (aware).

    An entry that watches a folder begins no run where nothing came: it is never late.
    """
    for entry in unattended(settings).entries:
        since = standing_since(ledger, entry.name)
        if entry.name in OF_ITSELF or since is None or paused_by(ledger, entry.name):
            continue
        last = entry.last_due(now)
        runs = runs_of(ledger, entry, last)
        watches = entry.row.idle is not None or since > last
        yield DueFacts(
            name=entry.name,
            due=None if watches else last,
            begun=bool(runs),
            failed=bool(runs) and runs[-1].state is RunState.FAILED,
        )
