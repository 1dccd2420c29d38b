"""Sweeps over the interface: what ran, how far it is, and what was due, checked and skipped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from billing.kpi import Period, nights, skipped
from billing.ledger.sweep_pages import SweepLine
from billing.ledger.tokens import Scope, Token
from billing.report import ClaimResult, SweepReport
from console.web.access import desk_of
from console.web.interface_access import holder, told
from console.web.interface_problems import Refused, refused_as
from console.web.interface_values import Day, Instant, Name, Sha256, Words

router = APIRouter(tags=["Sweeps"])

Reader = Annotated[Token, Depends(holder(Scope.READ))]
SweepId = Annotated[
    str,
    Path(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", examples=["20261124-1f0c9a52"]),
]


class Progress(Words):
    """How many claims or visits are in each state."""

    pending: int
    leased: int
    answered: int
    not_found: int
    no_answer: int


class Sweep(Words):
    """A sweep, or a check, which is a sweep of one claim."""

    sweep_id: Name
    of: Literal["claims", "visits"]
    business_date: Day
    started_at: Instant
    finished_at: Instant | None
    progress: Progress


class SweepPage(Words):
    """A page of the sweeps, the newest first."""

    sweeps: list[Sweep]
    next: Name | None = Field(description="`after` of the next page; null on the last.")


class SweptFile(Words):
    """A file that a sweep was of."""

    sha256: Sha256
    system: str
    rows: int


class SessionNote(Words):
    """What happened to a payer's session, where it was not as it should be."""

    payer: str
    kind: str
    sentence: str


class SweepInFull(Words):
    """A sweep with its files and what happened at the payers."""

    sweep: Sweep
    files: list[SweptFile]
    notes: list[SessionNote]


class Skipped(Words):
    """Why checks that were due got no answer."""

    why: str = Field(description="A kind of finding, or why a row was not asked about.")
    checks: int


class PayerCoverage(Words):
    """What was due at one payer, and what its portal answered."""

    payer: str
    due: int
    checked: int
    skipped: list[Skipped]


class Coverage(Words):
    """What was due in a sweep, what a payer answered, and why the rest was skipped."""

    sweep_id: Name
    due: int
    checked: int
    skipped: list[Skipped]
    payers: list[PayerCoverage]


@router.get("/sweeps", **told(Scope.READ, 404))
def sweeps(
    request: Request,
    token: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[
        str | None,
        Query(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="`next` of a page."),
    ] = None,
) -> SweepPage:
    """The sweeps and checks there were, the newest first."""
    with refused_as(404):
        found = desk_of(request).ledger.sweep_page(after=after, most=limit + 1)
    lines = [_sweep(one) for one in found[:limit]]
    return SweepPage(sweeps=lines, next=lines[-1].sweep_id if len(found) > limit else None)


@router.get("/sweeps/{sweep_id}", **told(Scope.READ, 404))
def sweep(request: Request, token: Reader, sweep_id: SweepId) -> SweepInFull:
    """One sweep: how far it is, its files, and what happened at the payers."""
    ledger = desk_of(request).ledger
    with refused_as(404):
        line, notes = ledger.sweep_line(sweep_id), ledger.sweep_notes(sweep_id)
        files = ledger.sweep_exports(sweep_id)
    return SweepInFull(
        sweep=_sweep(line),
        files=[SweptFile(sha256=f.sha256, system=f.system, rows=f.rows_in) for f in files],
        notes=[SessionNote(payer=n.payer, kind=n.kind, sentence=n.sentence) for n in notes],
    )


@router.get("/sweeps/{sweep_id}/coverage", **told(Scope.READ, 404, 409))
def coverage(request: Request, token: Reader, sweep_id: SweepId) -> Coverage:
    """Of a sweep of claims that has a result for each: due, checked, and skipped by reason."""
    ledger = desk_of(request).ledger
    with refused_as(404):
        line = ledger.sweep_line(sweep_id)
    if line.of_visits:
        raise Refused(409, "Coverage is told of sweeps of claims, and this one is of visits")
    report = ledger.report(sweep_id)
    rows = sum(one.rows_in for one in ledger.sweep_exports(sweep_id))
    due, checked, why = _counted(report, rows)
    by_payer: defaultdict[str, list[ClaimResult]] = defaultdict(list)
    for one in report.results:
        by_payer[one.claim.payer or one.claim.payer_name].append(one)
    payers = []
    for payer, mine in sorted(by_payer.items()):
        part = replace(report, results=tuple(mine), refused_rows=())
        its_due, its_checked, its_why = _counted(part, len(mine))
        payers.append(PayerCoverage(payer=payer, due=its_due, checked=its_checked, skipped=its_why))
    return Coverage(sweep_id=sweep_id, due=due, checked=checked, skipped=why, payers=payers)


def _counted(report: SweepReport, rows: int) -> tuple[int, int, list[Skipped]]:
    """Checks due and answered, and the others by reason; the files have so many rows."""
    day = report.business_date
    period = Period(day, day, (report,), {report.sweep_id: rows})
    (night,) = nights(period)
    why = [Skipped(why=reason, checks=number) for reason, number in skipped(period).items()]
    return night.due, night.checked, why


def _sweep(line: SweepLine) -> Sweep:
    return Sweep(
        sweep_id=line.sweep_id,
        of="visits" if line.of_visits else "claims",
        business_date=line.business_date,
        started_at=line.started_at,
        finished_at=line.finished_at,
        progress=Progress(**asdict(line.progress)),
    )
