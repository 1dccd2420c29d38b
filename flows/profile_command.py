"""``claimsweep profile``: the verbs on payer profiles."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import typer

from flows.options import FINDINGS, AsJson, Home, Profiles, print_json, settings_in_force

profile = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@profile.command("lint")
def profile_lint(as_json: AsJson = False, profiles: Profiles = None) -> None:
    """Check every payer profile: file, line, and what is allowed.

    Example: claimsweep profile lint --profiles payer_profiles
    """
    from flows.profiles import lint

    settings = settings_in_force(None, profiles)
    problems = lint(settings.profiles, datetime.now(UTC).astimezone(settings.time_zone).date())
    if as_json:
        print_json({"problems": problems})
    else:
        sys.stdout.write(
            "".join(f"{p}\n" for p in problems) or "All payer profiles are well formed.\n"
        )
    if problems:
        raise typer.Exit(FINDINGS)


@profile.command("test")
def profile_test(as_json: AsJson = False, profiles: Profiles = None) -> None:
    """Replay every recorded case of every profile offline, field by field.

    Example: claimsweep profile test
    """
    from flows.profiles import replay

    results = replay(settings_in_force(None, profiles).profiles)
    wrong = [r for r in results if r["problem"]]
    if as_json:
        print_json({"cases": results})
    else:
        sys.stdout.write("".join(f"{r['case']} {r['field']}: {r['problem']}\n" for r in wrong))
        sys.stdout.write(f"{len(results)} fields of recorded cases replayed, {len(wrong)} wrong.\n")
    if wrong:
        raise typer.Exit(FINDINGS)


@profile.command("record")
def profile_record(
    payer: str, claim_id: str, case: str, home: Home = None, profiles: Profiles = None
) -> None:
    """Record what the latest sweep captured for a claim as a case of its profile.

    The expectation still has to be reviewed by a person: fill in reviewed_by in case.yaml.

    Example: claimsweep profile record acme 00012345 claim_status-paid
    """
    from flows.profiles import record

    sys.stdout.write(f"{record(settings_in_force(home, profiles), payer, claim_id, case)}\n")
