"""The machine as alerts judge it: room, clock, the console's certificate, and the newest backup."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from billing.alerts import MachineFacts
from billing.errors import BadInput
from billing.ledger import Ledger, RunState
from flows.alert_settings import AlertSettings
from flows.clock import ahead_of_files, kept_set, nearest
from flows.schedule_pauses import standing_since
from flows.scheduled_run import WHAT
from flows.settings import Settings
from flows.unattended import unattended

BACKUP = "backup"
LOOKED_BACK = timedelta(days=60)


def machine_facts(
    settings: Settings, ledger: Ledger, wanted: AlertSettings, now: datetime
) -> MachineFacts:
    """What is so at ``now``. Raises BadInput for a certificate that cannot be read."""
    disk = shutil.disk_usage(nearest(settings.home))
    return MachineFacts(
        free=disk.free,
        size=disk.total,
        clock_off=_clock_off(settings, ledger),
        clock_kept=kept_set() is not False,
        certificate_expires=_expires(wanted.certificate) if wanted.certificate else None,
        backed_up=_backed_up(settings, ledger),
        newest_backup=_newest_backup(ledger, now),
    )


def _backed_up(settings: Settings, ledger: Ledger) -> bool:
    """Whether the schedule makes backups."""
    return (
        unattended(settings).entry(BACKUP) is not None
        and standing_since(ledger, BACKUP) is not None
    )


def _newest_backup(ledger: Ledger, now: datetime) -> datetime | None:
    done = [
        run.ended_at
        for run in ledger.runs_since(WHAT, now - LOOKED_BACK)
        if run.about == BACKUP and run.state is RunState.DONE
    ]
    return max((at for at in done if at is not None), default=None)


def _clock_off(settings: Settings, ledger: Ledger) -> int | None:
    """Seconds that this clock is ahead of another one: the file server's, or the database's."""
    of_files = ahead_of_files(settings.home)
    of_database = (datetime.now(UTC) - ledger.now()).total_seconds()
    known = [int(one) for one in (of_files, of_database) if one is not None]
    return max(known, key=abs, default=None)


def _expires(path: Path) -> datetime:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise BadInput(
            f"Settings: [notify] certificate: {path} cannot be read as a certificate (PEM)"
        ) from None
    return found.not_valid_after_utc.astimezone(UTC)
