"""``claimsweep postings``: remittances into batches, approved, exported once and undone."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.journal import log
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

postings = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

By = Annotated[
    str | None, typer.Option("--by", help="Who does it; default: who is signed in here.")
]


@postings.callback()
def books() -> None:
    """Postings: proposed from remittances, settled, approved, exported once and again, undone."""


@postings.command()
def propose(
    files: Annotated[
        list[Path] | None, typer.Argument(help="835s and EOB PDFs; default: all received so far.")
    ] = None,
    export: OptionalExports = None,
    by: By = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Put what the payments post, and no batch posts yet, into a new batch.

    Only what balances is proposed, once, a payment before its reversal; with --export only claims
    that are a row of it by three identifiers. All else is listed with its reason. Exit 1 when
    something other than what is posted already was held back or could not be read.

    Example: claimsweep postings propose payments.835 remittance.pdf --export aging.csv
    """
    from console.batches import batch_json, batch_text, held_json, held_text
    from flows import posting

    settings = settings_in_force(home, profiles, mappings)
    done = posting.propose(settings, files or [], export or [], by=by or getpass.getuser())
    if as_json:
        batch = batch_json(done.batch, whole=True) if done.batch else None
        print_json({"batch": batch, "held_back": held_json(done.held), "unread": list(done.unread)})
    else:
        sys.stdout.write("".join(f"{sentence}\n" for sentence in done.unread))
        if done.batch is None:
            sys.stdout.write(f"Nothing new to post.\n{held_text(done.held)}")
        else:
            sys.stdout.write(batch_text(done.batch, whole=False))
            sys.stdout.write(f"Look at it: claimsweep postings show {done.batch.batch_id}\n")
    if done.unread or not all(one.already for one in done.held):
        raise typer.Exit(FINDINGS)


@postings.command("list")
def list_batches(as_json: AsJson = False, home: Home = None, profiles: Profiles = None) -> None:
    """Show every batch: its state, its totals, and who did what to it when.

    Below them are the payments whose documents differ, with the command that settles each.

    Example: claimsweep postings list
    """
    from console.batches import batch_json, batch_text
    from console.contested import contested_json, contested_text

    ledger = settings_in_force(home, profiles).open_ledger()
    batches, contested = ledger.batches(), ledger.contested()
    if as_json:
        listed = [batch_json(one, whole=False) for one in batches]
        print_json({"batches": listed, "contested": contested_json(contested)})
    else:
        said = "".join(batch_text(one, whole=False) for one in batches)
        sys.stdout.write(said or "There is no batch yet.\n")
        sys.stdout.write(contested_text(contested))


Payment = Annotated[
    str, typer.Argument(help="Its trace number, or its key where several share one.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words; it is kept.")]
OfPayer = Annotated[str | None, typer.Option("--payer", help="The payer that made it.")]


@postings.command()
def settle(
    payment: Payment,
    stands: Annotated[
        str, typer.Option("--stands", help="The document: the head of its hash, or 835 or EOB.")
    ],
    reason: Reason,
    payer: OfPayer = None,
    by: By = None,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Say which document stands, where two differ on a payment; propose then posts what it says.

    It is kept with who, when and why, and the other document stays listed.

    Example: claimsweep postings settle 0012345 --stands 1a2b3c4d --reason "the payer confirmed it"
    """
    from flows.settling import settle as settle_payment

    ledger = settings_in_force(home, profiles).open_ledger()
    settle_payment(ledger, payment, stands, payer=payer, reason=reason, by=by or getpass.getuser())
    sys.stdout.write("Settled. Post it: claimsweep postings propose\n")


@postings.command()
def unsettle(
    payment: Payment,
    reason: Reason,
    payer: OfPayer = None,
    by: By = None,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Take back what was settled of a payment, while no batch posts it.

    Example: claimsweep postings unsettle 0012345 --reason "the payer sent a third statement"
    """
    from flows.settling import unsettle as unsettle_payment

    ledger = settings_in_force(home, profiles).open_ledger()
    unsettle_payment(ledger, payment, payer=payer, reason=reason, by=by or getpass.getuser())
    sys.stdout.write("Taken back: the payment is held again.\n")


@postings.command()
def show(batch: str, as_json: AsJson = False, home: Home = None, profiles: Profiles = None) -> None:
    """Show a batch line by line, and what was held back with the reason.

    Example: claimsweep postings show P20261126-1
    """
    from console.batches import batch_json, batch_text

    one = settings_in_force(home, profiles).open_ledger().batch(batch)
    if as_json:
        print_json(batch_json(one, whole=True))
    else:
        sys.stdout.write(batch_text(one, whole=True))


@postings.command()
def approve(
    batch: str,
    by: Annotated[str, typer.Option("--by", help="Who approves it.")],
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Freeze a proposed batch: from now on it is exported as these very bytes, or undone.

    Example: claimsweep postings approve P20261126-1 --by maria
    """
    from console import batches

    ledger = settings_in_force(home, profiles).open_ledger()
    one = batches.approve(ledger, batch, by=by, at=datetime.now(UTC))
    log("batch_approved", batch=batch, postings=len(one.postings))
    if as_json:
        print_json(batches.batch_json(one, whole=False))
    else:
        sys.stdout.write(batches.batch_text(one, whole=False))


@postings.command()
def export(
    batch: str,
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    by: By = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Write an approved batch's postings and control totals; again, the very same bytes.

    Exit 1 when it was exported before: import it once.

    Example: claimsweep postings export P20261126-1 --out to-import
    """
    from billing.ledger import BatchState
    from console.batches import batch_json
    from flows import posting

    who = by or getpass.getuser()
    settings = settings_in_force(home, profiles)
    one, written, before = posting.export(settings, batch, out, by=who)
    if as_json:
        files = [str(path) for path in written]
        print_json({**batch_json(one, whole=False), "written": files, "again": before})
    else:
        sys.stdout.write("".join(f"{path}\n" for path in written))
        if before:
            act = one.acts[BatchState.EXPORTED]
            sys.stdout.write(
                f"Exported before, on {act.at:%Y-%m-%d} by {act.by}; these are the very same "
                "bytes: import them once.\n"
            )
    if before:
        raise typer.Exit(FINDINGS)


@postings.command()
def undo(
    batch: str,
    out: Annotated[
        Path | None, typer.Option(help="Where the file goes that posts the opposite.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Take a batch back, so that its postings may be proposed anew.

    Of one that was exported a file is written that posts the exact opposite.

    Example: claimsweep postings undo P20261126-1 --out to-import
    """
    from console.batches import batch_json, batch_text
    from flows import posting

    settings = settings_in_force(home, profiles)
    one, written = posting.undo(settings, batch, out, by=by or getpass.getuser())
    if as_json:
        files = [str(path) for path in written]
        print_json({**batch_json(one, whole=False), "written": files})
    else:
        sys.stdout.write(batch_text(one, whole=False))
        sys.stdout.write("".join(f"{path}\n" for path in written))
