"""Machines that sweep together: processes with a host's name and process numbers of their own.

All that a machine says to portals, ledger and evidence goes over wires of its own, so that it can
lose its network; killed, it is gone with its flow and its browsers.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from bucket_server import BucketServer, Wire, free_port
from conftest import PROJECT
from sweeping import Desk

APART = ("unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
BEGIN = """
import asyncio, os, sys
from datetime import UTC, datetime
import flows.account_session
flows.account_session.LEASE_SECONDS = int(sys.argv.pop(1))
os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
import flows.run

def ask(settings, ledger, sweep_id, watch):
    flows.run.embed(settings.home)
    from flows.sweep import sweep
    asyncio.run(sweep.fn(sweep_id))
    ledger.finish_sweep(sweep_id, datetime.now(UTC))

flows.run.ask_by_flow = ask
from flows.command import main
main()
"""
"""The real command, with a lease that a test can wait for and without an orchestrator of its own,
which three times over would take longer to start than the claims to ask about."""


@dataclass
class Machine:
    """One machine of a name; ``command`` is what runs on it."""

    name: str
    desk: Desk
    folder: Path
    lease: int
    sessions: int = 1
    wires: list[Wire] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def said(self) -> Path:
        """Where its standard output goes; its standard error is beside it."""
        return self.folder / "said.json"

    def connect(self, ledger_url: str, bucket: BucketServer) -> None:
        """Lay the wires, and write the settings that lead over them."""
        self.folder.mkdir(mode=0o700)
        (self.folder / "home").mkdir(mode=0o700)
        text = self.desk.sandbox.settings.read_text(encoding="utf-8")
        text = re.sub(r"http://127\.0\.0\.1:(\d+)", lambda m: self._over(int(m[1])), text)
        url = urlsplit(ledger_url)
        over = urlsplit(self._over(int(url.port or 0)))
        there = ledger_url.replace(f":{url.port}/", f":{over.port}/")
        lines = f'ledger_url = "{there}"\n' + re.sub("^home = .*\n", "", text)
        lines += bucket.settings.replace(bucket.endpoint, self._over(bucket.wire.onto))
        lines += f"[unattended]\nsessions_at_once = {self.sessions}\n"
        self.settings.write_text(lines, encoding="utf-8")
        self.settings.chmod(0o600)

    @property
    def settings(self) -> Path:
        """Its settings file."""
        return self.folder / "settings.toml"

    def _over(self, port: int) -> str:
        wire = Wire(free_port(), port)
        wire.mend()
        self.wires.append(wire)
        return f"http://127.0.0.1:{wire.port}"

    def sweep(self, environment: dict[str, str]) -> None:
        """Begin the sweep of the desk's exports, or join it."""
        named = [part for export in self.desk.exports for part in ("--export", str(export))]
        command = [sys.executable, "-c", BEGIN, str(self.lease), "sweep", *named, "--json"]
        if can_be_apart():
            shell = f"hostname {self.name} && exec {sys.executable} "
            command = [*APART, "sh", "-c", shell + '"$@"', "sh", *command[1:]]
        with self.said.open("w") as out, (self.folder / "errors.txt").open("w") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env={
                    **os.environ,
                    **environment,
                    "CLAIMSWEEP_SETTINGS": str(self.settings),
                    "CLAIMSWEEP_HOME": str(self.folder / "home"),
                    "CLAIMSWEEP_ARTIFACTS": str(self.folder / "artifacts"),
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill -9 of everything on it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(60)
        self.lose_network()

    def lose_network(self) -> None:
        """Nothing it says arrives, and what it waits for never comes."""
        for wire in self.wires:
            wire.cut()

    def get_network_back(self) -> None:
        """All can be reached again."""
        for wire in self.wires:
            wire.mend()

    def errors(self) -> str:
        """What it said on standard error."""
        return (self.folder / "errors.txt").read_text(encoding="utf-8", errors="replace")


@cache
def can_be_apart() -> bool:
    """Whether this system lets a process have a host's name and process numbers of its own.

    Where not, machines share them, and one that was killed is known to be dead at once.
    """
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        [*APART, "hostname", "apart"], capture_output=True, timeout=60, check=False
    )
    return tried.returncode == 0
