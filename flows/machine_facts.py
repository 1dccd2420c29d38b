"""The machine as alerts judge it: room, clock, the console's certificate, and the newest backup."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from billing.alerts import MachineFacts
from billing.errors import BadInput
from billing.ledger import Ledger
from flows.alert_settings import AlertSettings
from flows.clock import ahead_of_files, kept_set, nearest
from flows.settings import Settings


def machine_facts(
    settings: Settings, ledger: Ledger, wanted: AlertSettings, now: datetime
) -> MachineFacts:
    """What is so at ``now``. Raises BadInput for a certificate that cannot be read."""
    disk = shutil.disk_usage(nearest(settings.home))
    return MachineFacts(
        free=disk.free,
        size=disk.total,
        clock_off=_clock_off(settings, ledger, now),
        clock_kept=kept_set() is not False,
        certificate_expires=_expires(wanted.certificate) if wanted.certificate else None,
    )


def _clock_off(settings: Settings, ledger: Ledger, now: datetime) -> int | None:
    """Seconds that this clock is ahead of another one: the file server's, or the database's."""
    of_files = ahead_of_files(settings.home)
    of_database = (now - ledger.now()).total_seconds()
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
