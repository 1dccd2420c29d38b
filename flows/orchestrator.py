"""Which Prefect server is in force: the one that is named, or this machine's own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from flows.embedded import embed
from flows.outputs import write_whole
from flows.settings import Settings

LOOK_SECONDS = 10


@dataclass(frozen=True, slots=True, repr=False)
class OwnServer:
    """This machine's own server: its port on 127.0.0.1, and the name and word that it asks for."""

    port: int
    auth: str

    @property
    def url(self) -> str:
        """Where its interface is."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            with urlopen(f"{self.url}/health", timeout=LOOK_SECONDS) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (URLError, OSError, ValueError):
            return False

    def environment(self) -> Mapping[str, str]:
        """What its clients need to know."""
        return {"PREFECT_API_URL": self.url, "PREFECT_API_AUTH_STRING": self.auth}


def own_home(settings: Settings) -> Path:
    """Where this machine's own server keeps its database."""
    return settings.home / "prefect" / "unattended"


def remember(settings: Settings, server: OwnServer) -> None:
    """Write down how the own server is reached, for its owner alone."""
    words = json.dumps({"port": server.port, "auth": server.auth}).encode()
    write_whole(_address(settings), words)


def own_server(settings: Settings) -> OwnServer | None:
    """The own server as it was started last; None where it never was."""
    try:
        found = json.loads(_address(settings).read_text("utf-8"))
        return OwnServer(int(found["port"]), str(found["auth"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def reach(settings: Settings) -> None:
    """Put into the environment, before Prefect is imported, how the server in force is reached.

    Where none is named and the own one does not run, its database is used without it.
    """
    embed(settings.home)
    if os.environ.get("PREFECT_API_URL"):
        return
    home = own_home(settings)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["PREFECT_HOME"] = str(home)
    server = own_server(settings)
    if server is not None and server.healthy:
        os.environ.update(server.environment())


def _address(settings: Settings) -> Path:
    return own_home(settings) / "server.json"
