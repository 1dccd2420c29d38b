"""``claimsweep audit``: who did or saw what, and whether the trail is still what was written."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.options import FINDINGS, AsJson, Home, Profiles, print_json, settings_in_force

audit = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@audit.callback()
def trail() -> None:
    """The audit trail: who did or saw what, and whether it is still what was written."""


@audit.command()
def show(
    subject: Annotated[
        str | None, typer.Option(help='Of one thing only: "case 12", "user ann".')
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="So many entries, the newest first.")] = 50,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Show the newest entries.

    Example: claimsweep audit show --subject "case 12"
    """
    settings = settings_in_force(home, profiles)
    entries = settings.open_ledger().audit_trail(subject=subject, most=most)
    if as_json:
        rows = [
            {
                "seq": one.seq,
                "at": one.at.isoformat(),
                "who": one.who,
                "act": one.act,
                "subject": one.subject,
                "detail": one.detail,
            }
            for one in entries
        ]
        print_json({"entries": rows})
        return
    for one in entries:
        at = one.at.astimezone(settings.time_zone)
        sys.stdout.write(
            f"{one.seq:>7}  {at:%Y-%m-%d %H:%M:%S}  {one.who}: {one.act}, {one.subject}\n"
        )


@audit.command()
def verify(
    kept: Annotated[
        str | None, typer.Option("--seal", help="An earlier seal, NUMBER:HASH, kept elsewhere.")
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Check that no entry was changed, removed or moved. Exit 1 when one was.

    Prints the newest seal. Keep it outside this machine: entries cut off the end, or a whole trail
    written anew, are found only with --seal.

    Example: claimsweep audit verify --seal 1204:9f2c…
    """
    from flows.deep_check import read_seal
    from flows.soundness_signal import remember_check

    settings = settings_in_force(home, profiles)
    ledger = settings.open_ledger()
    problems = ledger.audit_problems(read_seal(kept) if kept else None)
    remember_check(ledger, "audit", len(problems))
    seq, sealed = ledger.audit_seal()
    if as_json:
        print_json({"entries": seq, "seal": f"{seq}:{sealed}", "problems": problems})
    else:
        for problem in problems:
            sys.stdout.write(f"FAIL {problem}\n")
        if not problems:
            sys.stdout.write(f"ok   {seq} entries, each as it was written\n")
        sys.stdout.write(f"seal {seq}:{sealed}\n")
    if problems:
        raise typer.Exit(FINDINGS)
