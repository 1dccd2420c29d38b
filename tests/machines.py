"""Machines that sweep together: a host's name, process numbers and a network of their own each.

A machine reaches nothing but over its one cable: what is 127.0.0.1 to it is the test's machine,
where portals, database, bucket and Prefect's server are. Only root can make them, on Linux.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from bucket_server import free_port
from conftest import PROJECT
from sweeping import furnish

from flows.orchestrator import OwnServer

APART = ("unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
PROGRAMS = ("ip", "nsenter", "unshare", "sysctl", "hostname")
NETWORK = "198.18.0.0/16"  # set aside for tests of networks (RFC 2544)
START_SECONDS = 240
END_SECONDS = 60


@dataclass
class Machine:
    """The ``number``-th machine, whose home is in ``folder``; all on it has ``environment``."""

    number: int
    folder: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    _mark: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def name(self) -> str:
        """As it is called on itself, and so in the ledger."""
        return f"m{self.number}"

    @property
    def artifacts(self) -> Path:
        """Where its sweeps write."""
        return self.folder / "artifacts"

    @property
    def _space(self) -> str:
        return f"cs{self._mark}"

    @property
    def _plug(self) -> str:
        return f"cs{self._mark}-here"

    def build(self) -> None:
        """Lay its cable. Its loopback stays down: 127.0.0.1 leads over the cable to us."""
        (self.folder / "home").mkdir(mode=0o700, parents=True)
        far, net = f"cs{self._mark}-far", f"198.18.{int(self._mark[:2], 16)}"
        here, there = f"{net}.{4 * self.number + 1}", f"{net}.{4 * self.number + 2}"
        _run("ip", "netns", "add", self._space)
        _run("ip", "link", "add", self._plug, "type", "veth", "peer", "name", far)
        _run("ip", "link", "set", far, "netns", self._space)
        _run("ip", "address", "add", f"{here}/30", "dev", self._plug)
        _run("sysctl", "-qw", f"net.ipv4.conf.{self._plug}.route_localnet=1")
        self.get_network_back()
        inside = ("ip", "-n", self._space)
        _run(*inside, "address", "add", f"{there}/30", "dev", far)
        _run(*inside, "link", "set", far, "up")
        let_in = f"net.ipv4.conf.{far}.route_localnet=1"
        _run("nsenter", f"--net=/run/netns/{self._space}", "sysctl", "-qw", let_in)
        _run(*inside, "route", "add", "127.0.0.0/8", "via", here, "src", there)

    def start(self, *command: str) -> None:
        """Run the ``claimsweep`` command on it."""
        begin = ["sh", "-c", 'hostname "$1" && shift && exec "$@"', "sh", self.name]
        begin += [sys.executable, "-m", "flows", *command]
        with self._said.open("ab") as said:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self._space}", *APART, *begin],
                cwd=PROJECT,
                env={
                    **os.environ,
                    **self.environment,
                    "PREFECT_HOME": str(self.folder / "prefect"),
                    "CLAIMSWEEP_HOME": str(self.folder / "home"),
                    "CLAIMSWEEP_ARTIFACTS": str(self.artifacts),
                },
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill -9 of everything on it: its first process takes the others along."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(END_SECONDS)

    def lose_network(self) -> None:
        """Nothing it says arrives, and nobody tells it so."""
        _run("ip", "link", "set", self._plug, "down")

    def get_network_back(self) -> None:
        """All can be reached again."""
        _run("ip", "link", "set", self._plug, "up")

    def remove(self) -> None:
        """Kill it, and take its cable away."""
        self.kill()
        subprocess.run(["ip", "link", "delete", self._plug], check=False)
        subprocess.run(["ip", "netns", "delete", self._space], check=False)

    @property
    def _said(self) -> Path:
        return self.folder / "said.txt"

    def said(self) -> str:
        """What was said on it."""
        return self._said.read_text(encoding="utf-8", errors="replace")


@cache
def machines_can_be() -> bool:
    """Whether this system lets us make them."""
    if sys.platform != "linux" or os.getuid() or not all(map(shutil.which, PROGRAMS)):
        return False
    tried = subprocess.run(["unshare", "--net", *APART[1:], "true"], timeout=60, check=False)
    return tried.returncode == 0


@contextmanager
def prefect_server(folder: Path) -> Iterator[dict[str, str]]:
    """A Prefect server in ``folder``, and what its clients need in their environment."""
    furnish(folder)
    server = OwnServer(free_port(), f"claimsweep:{secrets.token_hex(12)}")
    environment = {
        **os.environ,
        **server.environment(),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_API_AUTH_STRING": server.auth,
        "PREFECT_SERVER_UI_ENABLED": "false",
    }
    command = [sys.executable, "-m", "flows.own_server", str(server.port)]
    with (folder / "server.txt").open("ab") as said:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stderr=said
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.healthy:
            assert process.poll() is None, (folder / "server.txt").read_text("utf-8")
            assert time.monotonic() < deadline, "the Prefect server did not start"
            time.sleep(0.2)
        yield dict(server.environment())
    finally:
        process.kill()
        process.wait()


def about_noon(now: datetime) -> str:
    """A time zone where it is about noon at ``now`` (UTC), so that no day ends during a test."""
    return f"Etc/GMT{now.hour - 12:+d}" if now.hour != 12 else "UTC"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60)
