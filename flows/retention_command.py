"""``claimsweep retention``: what the policy deletes, and deleting it."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.options import AsJson, Home, print_json, settings_in_force

retention = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@retention.callback()
def keeping() -> None:
    """How long what is kept of patients is kept: the settings' [retention]."""


@retention.command()
def show(as_json: AsJson = False, home: Home = None) -> None:
    """What the policy would delete now, and what is held back and why. Deletes nothing.

    Example: claimsweep retention show
    """
    _show(as_json, settings_home=home)


@retention.command()
def apply(
    dry_run: Annotated[bool, typer.Option(help="Only say what would go.")] = False,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Delete what the policy says; what is held stays. Killed, the same call goes on.

    Example: claimsweep retention apply --dry-run
    """
    from flows import retention as work

    if dry_run:
        _show(as_json, settings_home=home)
        return
    settings = settings_in_force(home, None)
    done = work.apply(settings, settings.open_ledger(), datetime.now(UTC), by=getpass.getuser())
    if as_json:
        print_json({"deleted": dict(done.things), "evidence": done.evidence})
    else:
        sys.stdout.write(f"{done.sentence}\n")


def _show(as_json: bool, settings_home: Home) -> None:
    from flows import retention as work

    settings = settings_in_force(settings_home, None)
    rows = work.expiring(settings, settings.open_ledger(), datetime.now(UTC))
    if as_json:
        document = [
            {
                "kind": one.kind,
                "before": one.before.isoformat(),
                "going": one.going,
                "things": one.things,
                "held": dict(one.held),
            }
            for one in rows
        ]
        print_json({"retention": document, "hold_all": work.policy_of(settings).hold_all})
        return
    if not rows:
        held = work.policy_of(settings).hold_all
        why = "a legal hold is on everything" if held else "the settings have no [retention]"
        sys.stdout.write(f"Nothing is deleted: {why}.\n")
    for one in rows:
        sys.stdout.write(
            f"{one.kind}: {one.going} {one.things} from before {one.before:%Y-%m-%d}\n"
        )
        for why, count in one.held.items():
            sys.stdout.write(f"  {count} held: {why}\n")
