"""Days on which banks move money: weekdays that are no holiday of the Federal Reserve."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache

_MONDAY, _THURSDAY = 0, 3
_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
_NTH = ((1, _MONDAY, 3), (2, _MONDAY, 3), (9, _MONDAY, 1), (10, _MONDAY, 2), (11, _THURSDAY, 4))


@cache
def holidays(year: int) -> frozenset[date]:
    """The Federal Reserve's holidays (FRB, holiday schedule): one on a Sunday is kept on Monday."""
    days = {date(year, month, day) for month, day in _FIXED}
    days |= {day + timedelta(1) for day in days if day.isoweekday() == 7}
    for month, weekday, nth in _NTH:
        first = date(year, month, 1)
        days.add(first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1)))
    last_of_may = date(year, 5, 31)
    return frozenset(days | {last_of_may - timedelta(last_of_may.weekday())})


def is_banking_day(day: date) -> bool:
    """Whether banks settle on this day."""
    return day.weekday() < 5 and day not in holidays(day.year)


@lru_cache(maxsize=16_384)
def banking_days_later(day: date, count: int) -> date:
    """The day ``count`` banking days after ``day``, before it where ``count`` is negative."""
    step = timedelta(1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= is_banking_day(day)
    return day
