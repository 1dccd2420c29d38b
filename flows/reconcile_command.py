"""``claimsweep reconcile``: payments, deposits and claims held against one another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import BadInput
from flows.options import (
    FINDINGS,
    AsJson,
    Home,
    Mappings,
    OptionalExports,
    Profiles,
    print_json,
    settings_in_force,
)


def reconcile(
    remittance: Annotated[
        list[Path] | None, typer.Option(help="An 835 file or EOB document; repeat for more.")
    ] = None,
    deposits: Annotated[
        list[Path] | None, typer.Option(help="A bank's file, BAI2 or CSV; repeat for more.")
    ] = None,
    export: OptionalExports = None,
    out: Annotated[Path | None, typer.Option(help="Where the files go.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Match payments with the bank's lines, and claims with all that states what was paid.

    Remittances and bank files are kept: give each once, and all that came before count too. What
    portals and clearinghouses said of the claims is taken from the sweeps. Exit 1 when there is
    something to look at.

    Example: claimsweep reconcile --export aging.csv --remittance payments.835 --deposits bank.csv
    """
    from billing.agreement import Source, Verdict
    from console.reconciliation import reconciliation_json, reconciliation_summary
    from flows.collection import uncollected
    from flows.reconciling import reconcile as run

    if not (remittance or deposits):
        raise BadInput("Name remittances by --remittance or bank files by --deposits")
    with uncollected():
        found = run(
            settings_in_force(home, profiles, mappings),
            exports=export or (),
            remittances=remittance or (),
            deposits=deposits or (),
            out=out,
        )
    if as_json:
        rest = {"repeated_lines": found.repeats, "sentences": list(found.sentences)}
        result = reconciliation_json(
            found.deposits, found.claims, found.unpaid, found.findings, found.today
        )
        print_json({**result, **rest, "files": found.files})
    else:
        sys.stdout.write(
            reconciliation_summary(
                found.deposits,
                found.claims,
                found.unpaid,
                found.sentences,
                found.files,
                color=sys.stdout.isatty(),
            )
        )
    unsure = any(
        one.verdict is not Verdict.AGREED and one.missing != (Source.BANK,) for one in found.claims
    )
    if found.findings or unsure or found.sentences:
        raise typer.Exit(FINDINGS)
