"""Weekly and monthly reports of the ledger's sweeps: of which, and compared with which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Any

from billing.errors import BadInput
from billing.kpi import Period
from billing.ledger import Ledger, open_ledger
from billing.operations import Costs, Logins
from billing.report import ClaimResult, SweepReport
from bots.profile import load_profiles
from console.period import Told, page, work_out
from console.period_data import document, figures_csv
from console.words import counted
from flows.outputs import rising_families, write_whole
from flows.settings import Settings

ONE_CLAIM = "check-"
"""What begins the name of a check of one claim, which is no sweep of an export."""


class Span(StrEnum):
    """How many days a report tells of."""

    WEEK = "Week"
    MONTH = "Month"


@dataclass(frozen=True, slots=True)
class Reported:
    """A period's report: what it says for programs, its files, and a sentence."""

    document: dict[str, Any]
    files: dict[str, str]
    sentence: str


def run_period(settings: Settings, span: Span, *, until: date | None, out: Path | None) -> Reported:
    """Write the report of the week or month that ends with ``until``.

    By default the last seven days, or the last whole month. Raises BadInput when the ledger holds
    no finished sweep of the period, naming the last one there is, and when it cannot be written.
    """
    today = datetime.now(UTC).astimezone(settings.time_zone).date()
    first, last = days_of(span, until or (today if span is Span.WEEK else _month_end(today)))
    before_first, before_last = days_before(span, first, last)
    profiles = load_profiles(settings.profiles)
    ledger = open_ledger(settings.home)
    costs, zone = Costs(**settings.costs), settings.time_zone
    now, unfinished = read_period(ledger, first, last, costs=costs, zone=zone)
    before, _ = read_period(ledger, before_first, before_last, costs=costs, zone=zone)
    if not now.sweeps:
        raise BadInput(_nothing(ledger, settings.home, first, last, unfinished))
    told = Told(
        name=span.value,
        now=now,
        before=before if before.sweeps else None,
        families=rising_families(ledger, last),
        payer_names={one.id: one.file.payer.name for one in profiles.values()},
        unfinished=unfinished,
    )
    folder = out or settings.artifacts / f"{span.value.lower()}-{last}"
    return _write(told, folder)


def days_of(span: Span, last: date) -> tuple[date, date]:
    """The first and last day of the period: seven days, or the month so far."""
    first = last.replace(day=1) if span is Span.MONTH else last - timedelta(days=6)
    return first, last


def days_before(span: Span, first: date, last: date) -> tuple[date, date]:
    """The period to compare with: the seven days before, or as much of the month before.

    A whole month is compared with a whole month, a part of one with the same days.
    """
    end = first - timedelta(days=1)
    if span is Span.WEEK:
        return first - timedelta(days=7), end
    begin = end.replace(day=1)
    whole = (last + timedelta(days=1)).day == 1
    return begin, end if whole else min(end, begin + (last - first))


def read_period(
    ledger: Ledger, first: date, last: date, *, costs: Costs, zone: tzinfo
) -> tuple[Period, int]:
    """The finished sweeps of these days, and how many unfinished ones were left out.

    The days of logins are those of ``zone``.
    """
    sweeps: list[SweepReport] = []
    rows_in: dict[str, int] = {}
    unfinished = 0
    for sweep_id in ledger.sweeps_since(first):
        if sweep_id.startswith(ONE_CLAIM) or ledger.holds_visits(sweep_id):
            continue
        if ledger.business_date(sweep_id) > last:
            continue
        if ledger.progress(sweep_id).unsettled:
            unfinished += 1
            continue
        report = ledger.report(sweep_id)
        sweeps.append(replace(report, results=tuple(map(_slim, report.results)), drift={}))
        rows_in[sweep_id] = sum(export.rows_in for export in ledger.sweep_exports(sweep_id))
    begins, ends = (
        datetime.combine(day, time.min, zone) for day in (first, last + timedelta(days=1))
    )
    counts = ledger.logins_between(begins.astimezone(UTC), ends.astimezone(UTC))
    logins = {account: Logins(*each) for account, each in counts.items()}
    return Period(first, last, tuple(sweeps), rows_in, logins, costs), unfinished


def _slim(result: ClaimResult) -> ClaimResult:
    """The result without its evidence, which a month of sweeps would fill the memory with."""
    earlier = result.earlier
    if earlier is not None:
        said = replace(earlier.conclusion, evidence=(), places={})
        earlier = replace(earlier, conclusion=said)
    said = replace(result.conclusion, evidence=(), places={})
    return replace(result, conclusion=said, earlier=earlier)


def _month_end(today: date) -> date:
    """The last day of the last whole month; today, where that is one."""
    tomorrow = today + timedelta(days=1)
    return today if tomorrow.day == 1 else today.replace(day=1) - timedelta(days=1)


def _nothing(ledger: Ledger, home: Path, first: date, last: date, unfinished: int) -> str:
    none = f"The ledger in {home} holds no finished sweep from {first} to {last}"
    latest = ledger.latest_sweep()
    if latest is None:
        return f"{none}, nor any other: run claimsweep sweep first"
    if unfinished:
        return f"{none}, and {counted(unfinished, 'sweep')} begun: run the same sweep again"
    return f"{none}; the last one is of {ledger.business_date(latest)}: name its days with --until"


def _write(told: Told, folder: Path) -> Reported:
    worked = work_out(told)
    name = f"{told.name.lower()}-{told.now.last}"
    told_to_programs = document(worked)
    made: Mapping[str, tuple[str, bytes]] = {
        "figures (CSV)": (f"{name}.csv", figures_csv(worked)),
        "figures (JSON)": (
            f"{name}.json",
            (json.dumps(told_to_programs, indent=1) + "\n").encode(),
        ),
        "report": (f"{name}.html", page(worked, files=[f"{name}.csv", f"{name}.json"]).encode()),
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, data in made.values():
            write_whole(folder / file, data)
    except OSError as error:
        raise BadInput(
            f"{folder}: the report cannot be written ({error.strerror}); name another folder "
            "with --out"
        ) from error
    files = {what: str(folder / file) for what, (file, _) in made.items()}
    sentence = f"{told.title()}: {counted(len(told.now.sweeps), 'sweep')}, in {files['report']}"
    return Reported(told_to_programs, files, sentence)
