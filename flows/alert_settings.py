"""The table ``[notify]`` of the settings file: who is told of alerts, how, and from when on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from billing.alerts import Severity
from billing.errors import BadInput
from flows.settings import Settings

_KEYS = {
    "to", "least", "again_hours", "quiet", "coverage_percent", "over_by", "late_minutes",
    "passwords", "certificate",
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SPAN = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How alerts are judged and told.

    ``to`` are destinations: for each the secret claimsweep/notify-<name> is an Apprise URL, and
    ``least`` is the severity from which on it is told. What holds is told again after ``again``.
    In the ``quiet`` hours (from, until; of the practice's day) only what is urgent is told.
    ``coverage_percent`` of a payer's questions are to be answered; a sweep is to be over by
    ``over_by``; what runs by itself is late after ``late``. ``passwords`` are the days on which
    portal accounts' passwords expire, by payer; ``certificate`` is the file of the console's.
    """

    to: tuple[str, ...] = ()
    least: Mapping[str, Severity] = field(default_factory=dict)
    again: timedelta = timedelta(hours=24)
    quiet: tuple[time, time] | None = None
    coverage_percent: int = 80
    over_by: time = time(7)
    late: timedelta = timedelta(minutes=30)
    passwords: Mapping[str, date] = field(default_factory=dict)
    certificate: Path | None = None

    def is_quiet(self, at: datetime) -> bool:
        """Whether ``at``, an instant in the practice's time zone, lies in the quiet hours."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        now = at.time()
        return begin <= now < end if begin <= end else now >= begin or now < end


def alert_settings(settings: Settings) -> AlertSettings:
    """What the settings say of alerts. Raises BadInput naming the setting that is misspelt."""
    table = settings.notify
    if unknown := sorted(set(table) - _KEYS):
        raise BadInput(f"Settings: [notify] has no {unknown[0]}; it has {', '.join(sorted(_KEYS))}")
    to = table.get("to", [])
    if not isinstance(to, list) or not all(
        isinstance(one, str) and _NAME.fullmatch(one) for one in to
    ):
        raise BadInput(
            'Settings: [notify] to is a list of names in small letters, as in ["office-mail"]; '
            "the address of each is the secret claimsweep/notify-office-mail"
        )
    return AlertSettings(
        to=tuple(to),
        least=_least(table, to),
        again=timedelta(hours=_number(table, "again_hours", 24, 1, 24 * 14)),
        quiet=_quiet(table.get("quiet")),
        coverage_percent=_number(table, "coverage_percent", 80, 1, 100),
        over_by=_clock(table.get("over_by", "07:00"), "over_by"),
        late=timedelta(minutes=_number(table, "late_minutes", 30, 5, 24 * 60)),
        passwords=_passwords(table.get("passwords", {})),
        certificate=_path(table.get("certificate")),
    )


def _least(table: Mapping[str, object], to: list[str]) -> Mapping[str, Severity]:
    given = table.get("least", {})
    if not isinstance(given, Mapping) or not set(given) <= set(to):
        raise BadInput("Settings: [notify.least] has a severity for names that [notify] to has")
    words = [one.value for one in Severity]
    if not all(word in words for word in given.values()):
        raise BadInput(f"Settings: [notify.least] says {', '.join(words)}")
    return {name: Severity(given.get(name, Severity.WARNING)) for name in to}


def _quiet(given: object) -> tuple[time, time] | None:
    if given is None:
        return None
    found = _SPAN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise BadInput('Settings: [notify] quiet is two times of day, as in "21:00-06:30"')
    return _clock(found.group(1), "quiet"), _clock(found.group(2), "quiet")


def _clock(given: object, key: str) -> time:
    wrong = BadInput(f'Settings: [notify] {key} is a time of day, as in "07:00"')
    if not isinstance(given, str):
        raise wrong
    try:
        return time.fromisoformat(given)
    except ValueError:
        raise wrong from None


def _number(table: Mapping[str, object], key: str, default: int, least: int, most: int) -> int:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput(f"Settings: [notify] {key} is a number from {least} to {most}")
    return value


def _passwords(given: object) -> Mapping[str, date]:
    if not isinstance(given, Mapping) or not all(type(day) is date for day in given.values()):
        raise BadInput(
            "Settings: [notify.passwords] says of payers on which day the account's password "
            "expires, as in acme = 2027-01-31"
        )
    return {str(payer): day for payer, day in given.items()}


def _path(given: object) -> Path | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise BadInput("Settings: [notify] certificate is the path of the console's certificate")
    return Path(given).expanduser()
