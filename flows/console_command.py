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
from flows.journal import log
from flows.options import Home, Profiles, settings_in_force

if TYPE_CHECKING:
    from billing.ledger import Ledger
    from console.web.desk import Desk
    from console.web.entrance import Entrance
    from flows.settings import Settings

KEY_FILE = "console.key"
KEY_BYTES = 32
FIRST = "admin"


def console(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens.")] = 8400,
    host: Annotated[
        str, typer.Option(help="Other addresses only with TLS, here or at a proxy.")
    ] = "127.0.0.1",
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Certificate chain (PEM) to serve TLS with.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's key (PEM).")] = None,
    behind_proxy: Annotated[
        str | None,
        typer.Option(help="Address of the proxy that serves TLS and tells who asks."),
    ] = None,
    recover: Annotated[
        str | None,
        typer.Option(help="Let this user in again: unlock, print a new first password, and end."),
    ] = None,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Serve the review console: exceptions, evidence, decisions, write-back.

    The first run makes the user admin and prints a password for it, once. Stop it by Ctrl-C.

    Example: claimsweep console --port 8400
    """
    import uvicorn

    from console.web.app import make_app
    from console.web.patience import SERVER
    from flows.console_settings import entrance_of

    settings = settings_in_force(home, profiles)
    if recover is not None:
        password = recovered(settings.open_ledger(), recover)
        sys.stdout.write(f"Sign in as {recover} with the password {password}\n")
        return
    secure = _served_by_tls(host, tls_certificate, tls_key, behind_proxy)
    entrance = entrance_of(settings, host=host, secure=secure)
    ledger = settings.open_ledger()
    first = first_administrator(ledger)
    if first:
        sys.stdout.write(f"First run: sign in as {FIRST} with the password {first}\n")
    scheme = "https" if tls_certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"The console is at {scheme}://{shown}:{port}\n")
    sys.stdout.flush()
    uvicorn.run(
        make_app(desk_of(settings, ledger, entrance)),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        **SERVER,
        proxy_headers=behind_proxy is not None,
        forwarded_allow_ips=behind_proxy,
        ssl_certfile=tls_certificate,
        ssl_keyfile=tls_key,
    )


def _served_by_tls(
    host: str, certificate: Path | None, key: Path | None, proxy: str | None
) -> bool:
    """Whether browsers reach the console by TLS alone. Raises BadInput where they should."""
    if (certificate is None) != (key is None):
        raise BadInput("TLS takes both --tls-certificate and --tls-key")
    if certificate is not None and proxy is not None:
        raise BadInput("Either the console serves TLS or the proxy does: give one of the two")
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise BadInput(f"{path}: there is no such file")
    secure = certificate is not None or proxy is not None
    if not secure and host not in ("127.0.0.1", "::1", "localhost"):
        raise BadInput(
            f"At {host} others could read along: give --tls-certificate and --tls-key, or "
            "--behind-proxy with the address of the proxy that serves TLS"
        )
    return secure


def desk_of(settings: Settings, ledger: Ledger, entrance: Entrance) -> Desk:
    """The desk of a console with these settings."""
    from billing.operations import Costs
    from console.web.desk import Desk
    from console.web.kept_profiles import KeptProfiles
    from flows.console_bots import ConsoleBots

    profiles = KeptProfiles(settings.profiles)
    return Desk(
        ledger=ledger,
        profiles=profiles,
        bots=ConsoleBots(settings, ledger, profiles),
        key=console_key(settings.home),
        time_zone=settings.time_zone,
        files=settings.artifacts,
        costs=Costs(**settings.costs),
        entrance=entrance,
        tell=log,
    )


def first_administrator(ledger: Ledger) -> str | None:
    """Make the first user where there is none; the password they sign in with, told only now, is
    theirs to change at once."""
    from billing.people import Role
    from console.web.passwords import first_password, hashed_password

    if ledger.has_people():
        return None
    password = first_password()
    ledger.add_person(
        FIRST,
        Role.ADMINISTRATOR,
        password=hashed_password(password),
        by=getpass.getuser(),
        at=datetime.now(UTC),
        given=True,
    )
    return password


def recovered(ledger: Ledger, name: str) -> str:
    """Unlock a user, forget their second factor, and give them a first password, which is told
    only now. Raises BadInput where there is none of this name, or they sign in elsewhere."""
    from console.web.passwords import first_password, hashed_password

    found = ledger.person_named(name)
    if found is None:
        raise BadInput(f"There is no user named {name}")
    person, by, at = found[0], getpass.getuser(), datetime.now(UTC)
    password = first_password()
    kept = hashed_password(password)
    ledger.set_password(person.user_id, kept, by=by, at=at, given=True)
    if person.second_factor:
        ledger.reset_second_factor(person.user_id, by=by, at=at)
    if not person.active:
        ledger.change_person(person.user_id, by=by, at=at, active=True)
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
