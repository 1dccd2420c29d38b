"""``claimsweep ledger``: what the ledger holds, and moving it to another database."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.options import AsJson, Home, Profiles, print_json, settings_in_force

ledger = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@ledger.callback()
def of_the_ledger() -> None:
    """The ledger's database: what it holds, and moving it to another."""


@ledger.command()
def show(as_json: AsJson = False, home: Home = None, profiles: Profiles = None) -> None:
    """Show how many rows each table of the ledger holds.

    Example: claimsweep ledger show
    """
    from billing.ledger.copying import rows_by_table

    settings = settings_in_force(home, profiles)
    rows = rows_by_table(settings.open_ledger())
    where = "the database of ledger_url" if settings.ledger_url else str(settings.home)
    if as_json:
        print_json({"where": where, "rows": dict(rows)})
        return
    sys.stdout.write(f"The ledger lies in {where}.\n")
    for table, count in rows.items():
        sys.stdout.write(f"{count:>12,}  {table}\n")


@ledger.command()
def copy(
    to: Annotated[str, typer.Option(envvar="CLAIMSWEEP_COPY_TO", help="The new database's URL.")],
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Copy the ledger, as it is at this moment, into a new database; the evidence stays.

    End every run first: what is written meanwhile is not in the copy. Afterwards name the new
    database as ledger_url in the settings.

    Example: claimsweep ledger copy --to postgresql://claimsweep@db.example/claimsweep
    """
    from billing.ledger import copy_ledger, open_ledger

    settings = settings_in_force(home, profiles)
    copied = copy_ledger(settings.open_ledger(), open_ledger(settings.home, to))
    if as_json:
        print_json({"rows": dict(copied)})
        return
    total = sum(copied.values())
    sys.stdout.write(f"{total:,} rows of {len(copied)} tables were copied and compared.\n")
