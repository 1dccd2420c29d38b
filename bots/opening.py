"""When a portal is open: spans of weekdays and hours in its own time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
A_DAY = 24 * 60
_SPAN = re.compile(
    r"(?P<days>[A-Za-z,\-]+) (?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d) (?P<zone>[A-Za-z0-9_+\-/]+)"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Open on these weekdays (Monday is 0) from one minute of the day until another."""

    days: frozenset[int]
    begins: int
    ends: int
    zone: ZoneInfo

    def on(self, day: date) -> tuple[datetime, datetime] | None:
        """The instants between which it is open on ``day`` of its own calendar."""
        if day.weekday() not in self.days:
            return None
        return _instant(day, self.begins, self.zone), _instant(day, self.ends, self.zone)


def spans(text: str) -> tuple[Span, ...]:
    """``Mon-Sat 05:00-23:00 America/Chicago``, several with ``;``. Raises ValueError."""
    return tuple(_span(" ".join(part.split())) for part in text.split(";"))


def opens(hours: Sequence[Span], now: datetime) -> datetime | None:
    """When it opens next; None while it is open."""
    first = now.astimezone(UTC).date() - timedelta(days=1)
    days = [first + timedelta(days=n) for n in range(10)]
    open_at = [times for span in hours for day in days if (times := span.on(day))]
    if any(begins <= now < ends for begins, ends in open_at):
        return None
    return min(begins for begins, _ in open_at if begins > now)


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r}: opening hours are like Mon-Sat 05:00-23:00 America/Chicago")
    begins, ends = _minute(match["from"]), _minute(match["to"])
    if begins >= ends:
        raise ValueError(
            f"{text!r}: it closes before it opens; write two spans for one that goes past midnight"
        )
    try:
        zone = ZoneInfo(match["zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{match['zone']!r} is not a time zone, such as America/Chicago") from None
    days = [day for part in match["days"].split(",") for day in _days(part)]
    return Span(frozenset(days), begins, ends, zone)


def _days(part: str) -> list[int]:
    first, _, last = part.partition("-")
    try:
        one, other = DAYS.index(first), DAYS.index(last or first)
    except ValueError:
        raise ValueError(f"{part!r}: weekdays are {', '.join(DAYS)}") from None
    return [(one + n) % len(DAYS) for n in range((other - one) % len(DAYS) + 1)]


def _minute(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    minute = 60 * hours + minutes
    if minute > A_DAY or minutes >= 60:
        raise ValueError(f"{text!r} is not a time of the day")
    return minute


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute == A_DAY:
        day, minute = day + timedelta(days=1), 0
    return datetime.combine(day, time(*divmod(minute, 60)), zone).astimezone(UTC)
