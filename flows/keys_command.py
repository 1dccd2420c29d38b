"""``claimsweep keys``: what seals the evidence, and how that is changed."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.options import FINDINGS, AsJson, Home, print_json, settings_in_force

if TYPE_CHECKING:
    from billing.ledger import Ledger

keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
DropOld = Annotated[
    bool, typer.Option("--drop-old", help="Then drop the keys before: nothing is under them.")
]
TOLD_EVERY = 1000


@keys.callback()
def _keys() -> None:
    """The keys that seal the evidence: what they are called, and how they are changed."""


@keys.command()
def show(as_json: AsJson = False, home: Home = None) -> None:
    """Show each key's id, its age and who keeps it; a key itself is never shown.

    Example: claimsweep keys show
    """
    settings = settings_in_force(home, None)
    held = settings.open_ledger().held_keys()
    if as_json:
        rows = [
            {
                "key": one.key_id,
                "current": one.retired_at is None,
                "made_at": one.made_at.isoformat(),
                "kept_by": one.wrapped_by,
            }
            for one in held
        ]
        print_json({"keys": rows})
        return
    if not held:
        sys.stdout.write("no key yet: the first piece of evidence makes one\n")
    for one in held:
        made = one.made_at.astimezone(settings.time_zone)
        what = "seals and opens" if one.retired_at is None else "opens what is older"
        sys.stdout.write(
            f"{one.key_id}  made {made:%Y-%m-%d %H:%M}, kept by {one.wrapped_by}: {what}\n"
        )


@keys.command()
def rotate(
    new_only: Annotated[
        bool, typer.Option("--new-only", help="Leave what is stored under the key it has.")
    ] = False,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Make a new key, which seals from now on, and seal all stored evidence with it.

    May be run while sweeps do, and stopped or killed anywhere: claimsweep keys reseal goes on.
    What an earlier version left in clear is sealed as well. The key before stays until claimsweep
    keys reseal --drop-old. Exit 1 when something could not be sealed anew.

    Example: claimsweep keys rotate
    """
    ledger = settings_in_force(home, None).open_ledger()
    key_id = ledger.rotate_key(by=getpass.getuser(), at=ledger.now())
    told: dict[str, object] = {"key": key_id}
    problems: list[str] = []
    if not new_only:
        done, problems = _resealed(ledger, drop_old=False, quiet=as_json)
        told |= done
    _end(told, problems, as_json=as_json)


@keys.command()
def reseal(drop_old: DropOld = False, as_json: AsJson = False, home: Home = None) -> None:
    """Seal all stored evidence with the current key; what is so already is left.

    Example: claimsweep keys reseal --drop-old
    """
    ledger = settings_in_force(home, None).open_ledger()
    told, problems = _resealed(ledger, drop_old=drop_old, quiet=as_json)
    _end(told, problems, as_json=as_json)


@keys.command()
def rewrap(as_json: AsJson = False, home: Home = None) -> None:
    """Have the keys kept by the secret, key file or program in force; no evidence is touched.

    The one before must still be at hand: as the secret claimsweep/evidence-key-before, or as the
    key file.

    Example: claimsweep keys rewrap
    """
    ledger = settings_in_force(home, None).open_ledger()
    changed = ledger.rewrap_keys(by=getpass.getuser(), at=ledger.now())
    _end({"wrapped anew": changed}, [], as_json=as_json)


def _resealed(
    ledger: Ledger, *, drop_old: bool, quiet: bool
) -> tuple[dict[str, object], list[str]]:
    began, looked_at, anew = ledger.now(), 0, 0
    problems = []
    for one in ledger.reseal_evidence():
        looked_at += 1
        anew += one.anew
        if one.problem is not None:
            problems.append(one.problem)
        if looked_at % TOLD_EVERY == 0 and not quiet:
            sys.stderr.write(f"{looked_at} looked at, {anew} sealed anew\n")
    told: dict[str, object] = {"looked at": looked_at, "sealed anew": anew}
    if drop_old and not problems:
        told["dropped keys"] = ledger.drop_retired_keys(
            by=getpass.getuser(), at=ledger.now(), looked_since=began
        )
    return told, problems


def _end(told: dict[str, object], problems: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {what.replace(" ", "_"): count for what, count in told.items()} | {"problems": problems}
        )
    else:
        sys.stdout.write("".join(f"{what}: {count}\n" for what, count in told.items()))
        sys.stdout.write("".join(f"{one}\n" for one in problems))
    if problems:
        raise typer.Exit(FINDINGS)
