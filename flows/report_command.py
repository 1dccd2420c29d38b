"""The ``claimsweep report`` command: a sweep's files again, or the report of a week or month."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import BadInput
from flows.options import AsJson, Home, Mappings, Profiles, print_json, settings_in_force


def report(
    sweep_id: Annotated[str | None, typer.Argument(help="Default: the latest sweep.")] = None,
    weekly: Annotated[bool, typer.Option("--weekly", help="Seven days, for leadership.")] = False,
    monthly: Annotated[bool, typer.Option("--monthly", help="A month, for leadership.")] = False,
    until: Annotated[str | None, typer.Option(help="The period's last day, 2026-11-24.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the files go.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Write a finished sweep's files again from the ledger, or the report of a week or month.

    A week is the seven days up to --until (default: today), a month the one that --until lies in,
    so far (default: the last whole one). Both are compared with the period before.

    Example: claimsweep report --weekly --until 2026-11-24
    """
    settings = settings_in_force(home, profiles, mappings)
    if not (weekly or monthly):
        if until is not None:
            raise BadInput("--until is the last day of a --weekly or --monthly report; name which")
        from console.summary import summary, totals
        from flows.run import run_report

        swept = run_report(settings, sweep_id, out=out)
        again = {"sweep": swept.report.sweep_id, **totals(swept.report), "files": swept.files}
        if as_json:
            print_json(again)
        else:
            sys.stdout.write(summary(swept.report, swept.files, color=sys.stdout.isatty()))
        return
    if weekly and monthly:
        raise BadInput("a report is --weekly or --monthly; ask for one at a time")
    if sweep_id is not None:
        raise BadInput("a --weekly or --monthly report is of all sweeps of its days; name no sweep")
    from console.period_sweeps import Span
    from flows.period import run_period

    told = run_period(settings, Span.WEEK if weekly else Span.MONTH, until=_day(until), out=out)
    if as_json:
        print_json({**told.document, "files": told.files})
    else:
        sys.stdout.write(f"{told.sentence}\n")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--until {text!r} is no date; write it as 2026-11-24") from None
