"""``claimsweep console``: the review console on this machine."""

from __future__ import annotations

import getpass
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import BadInput
from billing.ledger import Ledger, open_ledger
from billing.operations import Costs
from billing.people import Role
from flows.options import Home, Profiles, settings_in_force
from flows.settings import Settings

if TYPE_CHECKING:
    from console.web.desk import Desk

KEY_FILE = "console.key"
KEY_BYTES = 32
FIRST = "admin"


def console(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens.")] = 8400,
    host: Annotated[str, typer.Option(help="Other addresses only behind TLS.")] = "127.0.0.1",
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Serve the review console: exceptions, evidence, decisions, write-back.

    The first run makes the user admin and prints a password for it, once. Stop it by Ctrl-C.

    Example: claimsweep console --port 8400
    """
    import uvicorn

    from console.web.app import make_app

    settings = settings_in_force(home, profiles)
    ledger = open_ledger(settings.home)
    first = first_administrator(ledger)
    if first:
        sys.stdout.write(f"First run: sign in as {FIRST} with the password {first}\n")
    sys.stdout.write(f"The console is at http://{host}:{port}\n")
    sys.stdout.flush()
    uvicorn.run(
        make_app(desk_of(settings, ledger)),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
    )


def desk_of(settings: Settings, ledger: Ledger) -> Desk:
    """The desk of a console with these settings."""
    from console.web.desk import Desk
    from console.web.kept_profiles import KeptProfiles
    from flows.console_bots import ConsoleBots

    return Desk(
        ledger=ledger,
        profiles=KeptProfiles(settings.profiles),
        bots=ConsoleBots(settings, ledger),
        key=console_key(settings.home),
        time_zone=settings.time_zone,
        files=settings.artifacts,
        costs=Costs(**settings.costs),
    )


def first_administrator(ledger: Ledger) -> str | None:
    """Make the first user where there is none; the password they sign in with, told only now."""
    from console.web.signing_in import hashed_password

    if ledger.has_people():
        return None
    password = secrets.token_urlsafe(12)
    ledger.add_person(
        FIRST,
        Role.ADMINISTRATOR,
        password=hashed_password(password),
        by=getpass.getuser(),
        at=datetime.now(UTC),
    )
    return password


def console_key(home: Path) -> bytes:
    """The key of this home's console, made the first time; closed to other users."""
    path = home / KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise BadInput(f"{path}: not a console's key; restore it from a backup") from None
        return key
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(KEY_BYTES)
        file.write(key)
    return key
