"""``claimsweep patient``: everything that is held of one person."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import BadInput
from flows.options import Home, settings_in_force

patient = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
ASKED = ("Member id or claim number", "Last name", "Date of birth (YYYY-MM-DD)")
MORE = "First name (only if asked for)"


@patient.callback()
def of_one() -> None:
    """One person's record. Who it is of is typed or piped in, never an argument."""


@patient.command()
def export(
    out: Annotated[Path, typer.Option(help="The zip to write; name it without the person.")],
    home: Home = None,
) -> None:
    """Write everything held of one person: a page to read, the same as JSON, and pictures.

    Asks for a member id or claim number, the last name and the date of birth; all three must
    agree. Without a terminal they are the first three lines of standard input, the first name the
    fourth where it is needed.

    Example: claimsweep patient export --out record.zip
    """
    from billing.ledger.patients import Sought
    from flows.patient_record import export_record

    settings = settings_in_force(home, None)
    number, last, born, first = _asked()
    try:
        birth = date.fromisoformat(born)
    except ValueError:
        raise BadInput("The date of birth is written YYYY-MM-DD") from None
    sought = Sought(number, last, birth, first or None)
    path, held = export_record(settings, sought, out, by=getpass.getuser(), at=datetime.now(UTC))
    sys.stdout.write(
        f"{path}: {len(held.claims)} claims, {len(held.visits)} visits, {len(held.payments)} "
        f"payments, {len(held.cases)} cases\n"
    )
    if held.others:
        sys.stdout.write(
            f"{held.others} rows of the same last name and date of birth under other numbers are "
            "left out: if they are the same person's, export those numbers too\n"
        )


def _asked() -> tuple[str, str, str, str]:
    if sys.stdin.isatty():
        said = [typer.prompt(one, hide_input=True) for one in ASKED]
        said.append(typer.prompt(MORE, default="", show_default=False, hide_input=True))
    else:
        said = [sys.stdin.readline().strip() for _ in range(4)]
    if not all(said[:3]):
        raise BadInput(f"Three lines are needed: {', '.join(ASKED)}")
    return said[0], said[1], said[2], said[3]
