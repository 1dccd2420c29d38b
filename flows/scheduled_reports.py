"""What is told by itself: the canaries' colours, the morning's files, a period's report."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta

from console.period_sweeps import Span, month_end
from flows.canaries import canaries
from flows.period import run_period
from flows.run import run_report
from flows.scheduled import Occasion
from flows.settings import Settings


async def ask_canaries(settings: Settings, occasion: Occasion) -> str:
    """Ask each portal about its known claim, one after the other."""
    colours = Counter(one.colour for one in await canaries(settings, None))
    return ", ".join(f"{colours[colour]} {colour}" for colour in ("green", "red", "grey")) + "."


async def morning(settings: Settings, occasion: Occasion) -> str:
    """Write the latest sweep's files again."""
    swept = await asyncio.to_thread(run_report, settings, None, out=None)
    return f"The files of sweep {swept.report.sweep_id} are written."


async def weekly(settings: Settings, occasion: Occasion) -> str:
    """Write the report of the seven days before the one that it was due on."""
    day = occasion.due.astimezone(settings.time_zone).date() - timedelta(days=1)
    return await _period(settings, Span.WEEK, day)


async def monthly(settings: Settings, occasion: Occasion) -> str:
    """Write the report of the last whole month before the day that it was due on."""
    day = month_end(occasion.due.astimezone(settings.time_zone).date())
    return await _period(settings, Span.MONTH, day)


async def _period(settings: Settings, span: Span, until: date) -> str:
    told = await asyncio.to_thread(run_period, settings, span, until=until, out=None)
    return told.sentence
