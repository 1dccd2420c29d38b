"""The commands about entering a portal: its permission, its account, its one-time code."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import BadInput
from flows.options import AsJson, Exports, Home, Mappings, Profiles, print_json, settings_in_force

policy = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def code(payer: str, home: Home = None) -> None:
    """Give the one-time code that a running sweep or check waits for.

    It is typed unseen, or read from standard input, and reaches the run sealed for it alone.

    Example: claimsweep code acme
    """
    from flows.codes import give_code, require_waiting

    ledger_home = settings_in_force(home, None).home
    require_waiting(ledger_home, payer)
    at_terminal = sys.stdin.isatty()
    given = typer.prompt("One-time code", hide_input=True) if at_terminal else sys.stdin.readline()
    give_code(ledger_home, payer, given.strip())
    sys.stdout.write(f"{payer}: given to the run that waits.\n")


@policy.command("show")
def policy_show(as_json: AsJson = False, home: Home = None, profiles: Profiles = None) -> None:
    """Which portals a bot may enter today, and why not.

    Example: claimsweep policy show
    """
    from flows.profiles import passport

    rows = passport(settings_in_force(home, profiles))
    if as_json:
        print_json({"policies": rows})
        return
    for row in rows:
        standing = row["refusal"] or row["stopped"] or f"a bot may enter until {row['expires']}"
        sys.stdout.write(f"{row['payer']}: {standing}\n  profile {row['profile_sha256']}\n")
        if row["session_kept_until"]:
            sys.stdout.write(f"  its session is kept until {row['session_kept_until']}\n")
        if row["expires_soon"]:
            sys.stdout.write(f"  its approval expires on {row['expires']}: have it renewed\n")


@policy.command("clear")
def policy_clear(payer: str, home: Home = None, profiles: Profiles = None) -> None:
    """Let bots sign in again after a person has mended a refused login; drop a kept session.

    Example: claimsweep policy clear acme
    """
    from flows.profiles import clear_account

    clear_account(settings_in_force(home, profiles), payer)
    sys.stdout.write(f"{payer}: cleared; the next sweep may sign in again.\n")


@policy.command("worklist")
def policy_worklist(
    export: Exports,
    out: Annotated[Path | None, typer.Option(help="An .xlsx or .csv; default artifacts/.")] = None,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Write what a person needs to look up the claims that no bot may ask about.

    One row a claim, its search values trimmed and spelled as the portal takes them.

    Example: claimsweep policy worklist --export aging.csv --out by-hand.xlsx
    """
    from flows.worklist import write_worklist

    path, claims = write_worklist(settings_in_force(home, profiles, mappings), export, out)
    sys.stdout.write(f"{claims} claims to look up by hand: {path}\n")


@policy.command("registration")
def policy_registration(payer: str, profiles: Profiles = None) -> None:
    """Print the sheet that a payer asks for where a bot must be registered (Markdown).

    Example: claimsweep policy registration acme > registration.md
    """
    from bots.profile import load_profiles
    from console.registration import registration_sheet

    settings = settings_in_force(None, profiles)
    known = load_profiles(settings.profiles)
    if payer not in known:
        raise BadInput(f"No payer profile {payer!r}; there are: {', '.join(sorted(known))}")
    today = datetime.now(UTC).astimezone(settings.time_zone).date()
    sys.stdout.write(registration_sheet(known[payer], version("claimsweep"), today))
