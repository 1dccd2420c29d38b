"""``claimsweep backup``, ``restore`` and ``restored``: a copy of the ledger, and the way back."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import BadInput
from flows.options import FINDINGS, AsJson, Home, Profiles, print_json, settings_in_force

if TYPE_CHECKING:
    from flows.backup import BackedUp

By = Annotated[str | None, typer.Option("--by", help="Who does it; default the system's user.")]


def backup(
    folder: Annotated[Path, typer.Argument(help="The backup's folder, new or of earlier.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Only read all of the backup that is there.")
    ] = False,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Back up the ledger and its evidence, while sweeps run; again, only what is new is copied.

    Until the last step the earlier backup is the one in force. The key that a restore needs is
    never in it, and is named at the end. Exit 1 when evidence was missing.

    Example: claimsweep backup /mnt/backup/claimsweep
    """
    from flows.backup import back_up, verify_backup

    settings = settings_in_force(home, profiles)
    done = verify_backup(settings, folder) if verify else back_up(settings, folder)
    _tell(done, "whole" if verify else "backed up", as_json)
    if done.missing:
        raise typer.Exit(FINDINGS)


def restore(
    folder: Annotated[Path, typer.Argument(help="The backup's folder.")],
    home: Annotated[
        Path, typer.Option("--home", help="The new home; it must not exist, or be empty.")
    ],
    by: By = None,
    as_json: AsJson = False,
    profiles: Profiles = None,
) -> None:
    """Put a backup back as a new home, and look at all of it as doctor --deep does.

    The restored ledger is behind: nothing is approved or exported from it until what went out
    after the backup is taken in (claimsweep restored).

    Example: claimsweep restore /mnt/backup/claimsweep --home /srv/claimsweep-new
    """
    from flows import backup as backups
    from flows.deep_check import look_deep

    settings = settings_in_force(None, profiles)
    home = home.expanduser().resolve()
    done = backups.restore(settings, folder, home, by=by or getpass.getuser())
    ledger = replace(settings, home=home).open_ledger()
    looked = look_deep(ledger, home)
    waiting = ledger.awaits_review()
    problems = [sentence for one in looked for sentence in one.told]
    if as_json:
        print_json({**asdict(done), "home": str(home), "problems": problems})
    else:
        _tell(done, f"restored to {home}", as_json=False)
        sys.stdout.write("".join(f"FAIL {one}\n" for one in problems))
        if waiting is not None:
            sys.stdout.write(f"{waiting.sentence}\n")
    if problems:
        raise typer.Exit(FINDINGS)


def restored(
    exported: Annotated[
        list[Path] | None,
        typer.Option("--exported", help="A postings-….csv that went out after the backup."),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="All that went out since is taken in.")
    ] = False,
    by: By = None,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Take in what went out after the backup that this ledger was restored from; then confirm.

    Example: claimsweep restored --exported to-import/postings-P20261126-1.csv --confirm
    """
    from datetime import UTC, datetime

    from flows.restoring import take_in

    ledger = settings_in_force(home, profiles).open_ledger()
    who = by or getpass.getuser()
    if ledger.awaits_review() is None:
        raise BadInput("This ledger was not restored, or was reviewed since.")
    for path in exported or ():
        name, new = take_in(ledger, path, by=who)
        sys.stdout.write(f"{name}: {'taken in as exported' if new else 'known as exported'}\n")
    if confirm:
        ledger.confirm_restored(by=who, at=datetime.now(UTC))
        sys.stdout.write("Confirmed: batches may be approved and exported again.\n")
    else:
        waiting = ledger.awaits_review()
        sys.stdout.write(f"{waiting.sentence}\n" if waiting else "")


def _tell(done: BackedUp, what: str, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
        return
    sys.stdout.write(
        f"{what}: the ledger of {done.made_at[:19]} UTC ({done.ledger_bytes / 1024**2:.1f} MiB), "
        f"{done.evidence:,} files of evidence ({done.copied:,} copied)\n"
        f"seal {done.seal}\n"
        f"A restore needs the key {done.keeper}, which is not in the backup: keep it elsewhere.\n"
    )
    for sha256 in done.missing:
        sys.stdout.write(f"FAIL evidence {sha256} is listed and was not there to copy\n")
