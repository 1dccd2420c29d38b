"""``claimsweep profile``: the verbs on payer profiles."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import BadInput
from flows.options import FINDINGS, AsJson, Home, Profiles, print_json, settings_in_force

if TYPE_CHECKING:
    from flows.settings import Settings

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
def profile_test(
    payer: Annotated[
        str | None, typer.Argument(help="Read this payer's archived captures again instead.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only sweeps of that day and later."),
    ] = None,
    sweep: Annotated[str | None, typer.Option(help="Only this sweep.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Replay every recorded case of every profile offline, field by field.

    With a payer: read every page and document that sweeps captured of it again with today's
    profile, and compare with what was read that night. No portal is asked; exit 1 when anything
    differs.

    Example: claimsweep profile test acme --since 2026-11-01
    """
    settings = settings_in_force(home, profiles)
    if payer is not None:
        if since and sweep:
            raise BadInput("Name --since or --sweep, not both")
        _test_payer(settings, payer, since.date() if since else None, sweep, as_json=as_json)
        return
    if since or sweep:
        raise BadInput("--since and --sweep need the payer whose captures are to be read again")
    from flows.profiles import replay

    results = replay(settings.profiles)
    wrong = [r for r in results if r["problem"]]
    if as_json:
        print_json({"cases": results})
    else:
        sys.stdout.write("".join(f"{r['case']} {r['field']}: {r['problem']}\n" for r in wrong))
        sys.stdout.write(f"{len(results)} fields of recorded cases replayed, {len(wrong)} wrong.\n")
    if wrong:
        raise typer.Exit(FINDINGS)


def _test_payer(
    settings: Settings, payer: str, since: date | None, sweep_id: str | None, *, as_json: bool
) -> None:
    from flows.replay import replay_sweeps

    replayed = replay_sweeps(settings, payer, since=since, sweep_id=sweep_id)
    if as_json:
        print_json(replayed.document())
    else:
        sys.stdout.write("".join(f"{line}\n" for line in replayed.sentences()))
    if replayed.differs:
        raise typer.Exit(FINDINGS)


@profile.command("record")
def profile_record(
    payer: str, claim_id: str, case: str, home: Home = None, profiles: Profiles = None
) -> None:
    """Record what the latest sweep captured for a claim as a case of its profile.

    For a case eligibility-WHAT give the row of the schedule checked last instead. The expectation
    still has to be reviewed by a person: fill in reviewed_by in case.yaml.

    Example: claimsweep profile record acme 00012345 claim_status-paid
    """
    from flows.profiles import record

    sys.stdout.write(f"{record(settings_in_force(home, profiles), payer, claim_id, case)}\n")


@profile.command("new")
def profile_new(
    payer: Annotated[str, typer.Argument(help="The payer's id, which names its folder.")],
    name: Annotated[str, typer.Option(prompt="The payer's name")],
    address: Annotated[str, typer.Option(prompt="The portal's address (https://…)")],
    terms_url: Annotated[
        str, typer.Option(prompt="Where the portal's terms stand, if you know", help="Their URL.")
    ] = "",
    start: Annotated[str, typer.Option(help="The login page, if the address has none.")] = "",
    profiles: Profiles = None,
) -> None:
    """Write a new payer's profile to fill in; no bot enters before its policy is permitted.

    Example: claimsweep profile new acme --name "Acme Health" --address https://portal.acme.example
    """
    from flows.new_profile import new_profile

    folder = settings_in_force(None, profiles).profiles
    path = new_profile(folder, payer, name=name, address=address, terms_url=terms_url, start=start)
    sys.stdout.write(f"{path}\nFill in what is marked FILL IN, then: claimsweep profile lint\n")


@profile.command("walk")
def profile_walk(
    where: Annotated[str, typer.Argument(help="A payer's id, or an address.")],
    claim: Annotated[
        Path | None, typer.Option(help="A sample claim's words as a JSON file; else it asks.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file of the steps.")] = None,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Walk through a portal in a browser you see; the walk becomes steps for a profile.

    Where you type a word of the sample claim, its placeholder is written; nothing else you type
    is kept. Close the browser to end.

    Example: claimsweep profile walk acme --out steps.yaml
    """
    from flows.walk import walk

    settings = settings_in_force(home, profiles)
    steps = walk(settings, where, _sample(claim))
    if out is None:
        sys.stdout.write(steps)
    else:
        out.write_text(steps, encoding="utf-8")
        sys.stdout.write(f"{out}\n")


def _sample(path: Path | None) -> dict[str, str]:
    """The sample claim's words, from a file or from the person; dates as 2026-03-31."""
    from bots.page_language import CLAIM_WORDS

    if path is None:
        return {
            word: typer.prompt(f"The sample claim's {word.replace('_', ' ')}", "", hide_input=True)
            for word in CLAIM_WORDS
        }
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return {word: str(said[word]) for word in CLAIM_WORDS if word in said}
    except (OSError, ValueError, TypeError):
        raise BadInput(f"{path}: is no JSON object of the sample claim's words") from None
