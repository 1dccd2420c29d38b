"""A practice in containers: its home, settings, secrets and exports as volumes, and its portals."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import BOXED, CLOSED, TAG, Volume, ask_ledger, docker, state, try_docker
from sweeping import Desk

NAMED = "console.example"
GIVEN = "/run/secrets"
_SETTLED = "SELECT payer FROM items WHERE state NOT IN ('pending', 'leased')"


@dataclass
class Place:
    """``kept`` is the practice's home and what it writes, ``given`` what its operator gives."""

    desk: Desk
    kept: Volume
    given: Volume
    names: list[str] = field(default_factory=list)

    @property
    def volumes(self) -> list[str]:
        """Where they lie in a container, as Docker writes it."""
        return [f"{self.kept.name}:/var/lib/claimsweep", f"{self.given.name}:{GIVEN}:ro"]

    @property
    def options(self) -> list[str]:
        """What a container of this practice is given, as docs/service/README.md says."""
        mounts = [f"--volume={one}" for one in self.volumes]
        return [*CLOSED, *BOXED, *mounts, f"--env=CLAIMSWEEP_SETTINGS={GIVEN}/settings.toml"]

    def start(self, *words: str, options: tuple[str, ...] = ()) -> str:
        """Begin a container of it; its name."""
        name = f"{self.kept.name}-{len(self.names)}"
        self.names.append(name)
        docker("run", "--detach", "--name", name, *self.options, *options, TAG, *words)
        return name

    def run(self, *words: str, options: tuple[str, ...] = ()) -> str:
        """What a command says in a container of it, which must end well."""
        return docker("run", "--rm", *self.options, *options, TAG, *words)

    def settled(self, *payers: str) -> int:
        """How many claims, of these payers where some are named, have a result."""
        found = [str(payer) for (payer,) in ask_ledger(self.kept, _SETTLED)]
        return sum(not payers or payer in payers for payer in found)

    def answers(self, folder: Path) -> list[dict[str, Any]]:
        """What the sweeps wrote, all of them together."""
        found: list[dict[str, Any]] = []
        for one in sorted(self.kept.copy_to(folder).glob("artifacts/*/answers.json")):
            found += json.loads(one.read_text("utf-8"))
        return found


@contextmanager
def a_place(desk: Desk, settings: str) -> Iterator[Place]:
    """A practice whose secrets are files; the rest of its settings is ``settings``, in which
    $volumes stands for where its volumes lie."""
    mark = f"claimsweep-tried-{secrets.token_hex(4)}"
    place = Place(desk, Volume(f"{mark}-kept"), Volume(f"{mark}-given"))
    try:
        known = tomllib.loads(desk.sandbox.settings.read_text("utf-8"))
        portals = "".join(f'{name} = "{at}"\n' for name, at in known["portals"].items())
        files = {name.replace("/", "."): word.encode() for name, word in known["secrets"].items()}
        files["claimsweep.evidence-key"] = secrets.token_hex(32).encode()
        for export in desk.exports:
            files[f"exports/{export.stem}/{export.name}"] = export.read_bytes()
        place.given.put(files)
        # as Kubernetes lays a secret down for a pod's group: root's, for our group alone to read
        own = settings.replace("$volumes", json.dumps(place.volumes))
        text = f"{own}\n[portals]\n{portals}".encode()
        place.given.put({"settings.toml": text}, owner=0, mode=0o440)
        yield place
    finally:
        for name in place.names:
            try_docker("rm", "--force", "--volumes", name)
        for volume in (place.kept, place.given):
            try_docker("volume", "rm", "--force", volume.name)


def certificate(folder: Path) -> dict[str, bytes]:
    """A certificate for NAMED, and its key."""
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-subj", f"/CN={NAMED}", "-addext", f"subjectAltName=DNS:{NAMED}"]
    words += ["-keyout", str(folder / "console.key"), "-out", str(folder / "console.crt")]
    subprocess.run(words, check=True, timeout=60, capture_output=True)
    return {one: (folder / one).read_bytes() for one in ("console.crt", "console.key")}


def answered(port: int, trusted: Path) -> int:
    """The status of the console's sign-in page by TLS, under its name; 0 where none comes."""
    context = ssl.create_default_context(cafile=trusted)
    connection = http.client.HTTPConnection(NAMED, port)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            connection.sock = context.wrap_socket(plain, server_hostname=NAMED)
            connection.request("GET", "/sign-in")
            return connection.getresponse().status
    except OSError:
        return 0


def health(container: str) -> object:
    """What the engine's own check of the container came to."""
    found = state(container).get("Health")
    return found.get("Status") if isinstance(found, dict) else None


def memory(container: str) -> str:
    """What the container takes, as the engine counts it."""
    return docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container).strip()
