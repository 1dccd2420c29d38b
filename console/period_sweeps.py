"""Which of the ledger's sweeps a week or month tells of, and with which it is compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from billing.kpi import Period
from billing.ledger import Ledger
from billing.operations import Costs, Logins
from billing.report import ClaimResult, SweepReport
from console.period import Figures, Told, page
from console.period_data import document, figures_csv
from console.swept import rising_families

ONE_CLAIM = "check-"
"""What begins the name of a check of one claim, which is no sweep of an export."""


class Span(StrEnum):
    """How many days a report tells of."""

    WEEK = "Week"
    MONTH = "Month"


def tell_period(
    ledger: Ledger,
    span: Span,
    last: date,
    payer_names: Mapping[str, str],
    *,
    costs: Costs,
    zone: tzinfo,
) -> Told:
    """The period that ends with ``last``, beside the one before; it may hold no sweep."""
    first, last = days_of(span, last)
    now, unfinished = read_period(ledger, first, last, costs=costs, zone=zone)
    before, _ = read_period(ledger, *days_before(span, first, last), costs=costs, zone=zone)
    return Told(
        name=span.value,
        now=now,
        before=before if before.sweeps else None,
        families=rising_families(ledger, last),
        payer_names=payer_names,
        unfinished=unfinished,
    )


def files_of(worked: Figures) -> Mapping[str, tuple[str, bytes]]:
    """What each file of a period's report is → its name and bytes: a page, and its figures."""
    told = worked.told
    name = f"{told.name.lower()}-{told.now.last}"
    data = (json.dumps(document(worked), indent=1) + "\n").encode()
    return {
        "figures (CSV)": (f"{name}.csv", figures_csv(worked)),
        "figures (JSON)": (f"{name}.json", data),
        "report": (f"{name}.html", page(worked, files=[f"{name}.csv", f"{name}.json"]).encode()),
    }


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


def month_end(today: date) -> date:
    """The last day of the last whole month; today, where that is one."""
    tomorrow = today + timedelta(days=1)
    return today if tomorrow.day == 1 else today.replace(day=1) - timedelta(days=1)
