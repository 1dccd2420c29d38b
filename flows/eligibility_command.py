"""``claimsweep eligibility``: a schedule in, what the front desk should know out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.options import (
    COULD_NOT,
    FINDINGS,
    AsJson,
    Home,
    Mappings,
    Profiles,
    print_json,
    settings_in_force,
)
from flows.progress import watching


def eligibility(
    schedule: Annotated[Path, typer.Option(help="Appointments, a row each: CSV or XLSX.")],
    payer: Annotated[str | None, typer.Option(help="Only this payer's visits.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many visits a payer.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the files go.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Check the cover of every visit of a schedule on its payer's portal.

    The same call again on the same day resumes where the last one stopped. What a payer has said
    within its profile's hours to the same question is not asked again. The files are a copy of
    the schedule with columns added, a workbook with the exceptions first, and the answers; the
    shape of the JSON is in docs/eligibility.md.

    Example: claimsweep eligibility --schedule monday.csv --out monday
    """
    from console.visit_summary import visit_summary
    from console.visits import answers, totals
    from flows.run import run_eligibility

    settings = settings_in_force(home, profiles, mappings)
    with watching(quiet=as_json, of="visits") as watch:
        checked = run_eligibility(
            settings, schedule, payer=payer, limit=limit, out=out, watch=watch
        )
    report = checked.report
    if as_json:
        print_json(
            {
                "sweep": report.sweep_id,
                "resumed": checked.resumed,
                **totals(report),
                "seconds": round(checked.seconds, 1),
                "files": checked.files,
                "answers": answers(report),
            }
        )
    else:
        sys.stdout.write(visit_summary(report, checked.files, color=sys.stdout.isatty()))
    if not checked.useful:
        raise typer.Exit(COULD_NOT)
    if report.payer_notes:
        raise typer.Exit(FINDINGS)
