"""Reports: the figures of a week or month, and each sweep's morning sheet and exceptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from billing.errors import BadInput
from billing.ledger import Ledger
from billing.people import Role
from billing.report import SweepReport
from console.morning import morning_body, morning_sheet
from console.period import Told, body, work_out
from console.period_sweeps import ONE_CLAIM, Span, days_of, files_of, tell_period
from console.swept import sweep_report
from console.web.access import Caller, allowed, desk_of
from console.web.desk import Desk
from console.web.downloads import attachment
from console.web.rendering import page
from console.workbook import exceptions_csv, exceptions_xlsx

router = APIRouter()

Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]
Biller = Annotated[Caller, Depends(allowed(Role.BILLER))]

SWEEPS = 30
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILES: Mapping[str, str] = {
    "exceptions (workbook)": "exceptions.xlsx",
    "exceptions (CSV)": "exceptions.csv",
}
"""What a sweep's morning sheet names, and where it is from the sheet's own address."""

MADE: Mapping[str, Callable[[SweepReport], bytes]] = {
    "exceptions.xlsx": lambda report: exceptions_xlsx(report, report.business_date),
    "exceptions.csv": lambda report: exceptions_csv(report, report.business_date),
    "morning.html": lambda report: morning_sheet(
        report, files={}, today=report.business_date
    ).encode(),
}
"""What can be downloaded of a sweep, made when it is asked for."""


@dataclass(frozen=True, slots=True)
class SweepRow:
    """A sweep of claims, as the list of reports has it."""

    sweep_id: str
    day: date
    claims: int
    unsettled: int


@router.get("/reports")
def reports(
    request: Request, caller: Viewer, span: Span = Span.WEEK, until: date | None = None
) -> Response:
    """The figures of the week or month up to a day, by default the last one that was swept."""
    desk = desk_of(request)
    newest = _newest(desk.ledger)
    if newest is None:
        return page(request, "reports", told=None, span=span, last=until, newest=None)
    last = until or newest
    told = _tell(desk, span, last)
    first, _ = days_of(span, last)
    return page(
        request,
        "reports",
        told=told,
        body=body(work_out(told)) if told.now.sweeps else "",
        span=span,
        first=first,
        last=last,
        newest=newest,
    )


@router.get("/reports/figures.{ending}")
def figures(request: Request, caller: Viewer, ending: str, span: Span, until: date) -> Response:
    """The same figures to keep: csv, json, or the page by itself as html."""
    desk = desk_of(request)
    told = _tell(desk, span, until)
    if not told.now.sweeps:
        raise BadInput(f"There is no finished sweep from {told.now.first} to {told.now.last}")
    for name, data in files_of(work_out(told)).values():
        if name.endswith(f".{ending}"):
            return attachment(data, name, MEDIA[ending])
    raise BadInput("Figures are given out as csv, json or html")


@router.get("/reports/sweeps")
def sweeps(request: Request, caller: Viewer, start: Annotated[int, Query(ge=0)] = 0) -> Response:
    """Every sweep of claims with its morning sheet and its exceptions, the newest first."""
    ledger = desk_of(request).ledger
    ids = _of_claims(ledger)
    rows = []
    for sweep_id in ids[start : start + SWEEPS]:
        progress = ledger.progress(sweep_id)
        claims, unsettled = progress.unsettled + progress.settled, progress.unsettled
        rows.append(SweepRow(sweep_id, ledger.business_date(sweep_id), claims, unsettled))
    return page(request, "report_sweeps", rows=rows, count=len(ids), start=start, most=SWEEPS)


@router.get("/reports/sweeps/{sweep_id}/morning")
def morning(request: Request, caller: Viewer, sweep_id: str) -> Response:
    """A sweep's morning sheet: patients by their initials."""
    desk = desk_of(request)
    report = _report(desk, sweep_id)
    subject = f"sweep {sweep_id}"
    desk.ledger.note(caller.name, "morning sheet viewed", subject, at=desk.now())
    files = FILES if caller.person.role >= Role.BILLER else {}
    sheet = morning_body(report, files=files, today=report.business_date)
    return page(request, "morning", sweep_id=sweep_id, body=sheet)


@router.get("/reports/sweeps/{sweep_id}/{name}")
def sweep_file(request: Request, caller: Biller, sweep_id: str, name: str) -> Response:
    """A file of a sweep, made now: the exceptions, or the morning sheet by itself."""
    if name not in MADE:
        raise BadInput(f"A sweep's files are {', '.join(MADE)}")
    desk = desk_of(request)
    data = MADE[name](_report(desk, sweep_id))
    told = {"file": name}
    desk.ledger.note(
        caller.name, "report downloaded", f"sweep {sweep_id}", at=desk.now(), detail=told
    )
    stem, ending = name.split(".")
    return attachment(data, f"{stem}-{sweep_id}.{ending}", MEDIA[ending])


def _tell(desk: Desk, span: Span, last: date) -> Told:
    names = desk.payer_names()
    return tell_period(desk.ledger, span, last, names, costs=desk.costs, zone=desk.time_zone)


def _report(desk: Desk, sweep_id: str) -> SweepReport:
    """The sweep's results. Raises BadInput when there is no such sweep of claims."""
    if sweep_id not in _of_claims(desk.ledger):
        raise BadInput(f"There is no sweep {sweep_id} of claims in the ledger")
    return sweep_report(desk.ledger, sweep_id, desk.profiles())


def _of_claims(ledger: Ledger) -> list[str]:
    """The sweeps that asked about the claims of an export, the newest first."""
    found = [
        one
        for one in ledger.sweeps_since(None)
        if not one.startswith(ONE_CLAIM) and not ledger.holds_visits(one)
    ]
    return sorted(found, key=lambda one: (ledger.business_date(one), one), reverse=True)


def _newest(ledger: Ledger) -> date | None:
    """The day of the newest sweep of claims that is finished; None when there is none."""
    for sweep_id in _of_claims(ledger):
        if not ledger.progress(sweep_id).unsettled:
            return ledger.business_date(sweep_id)
    return None
