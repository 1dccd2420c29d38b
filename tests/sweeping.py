"""Runs the real command against simulated portals and holds its answers against the key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from conftest import PROJECT, SandboxServer

KEYED = (
    "outcome",
    "status_category",
    "payer_claim_number",
    "service_from",
    "charge",
    "paid",
    "patient_responsibility",
    "payment_date",
    "trace_number",
    "reason_codes",
)
ADDED = ("finding", "next_action", "due", "evidence")
SWEEP_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Desk:
    """One biller's desk: exports, ledger and output folder, with portals to sweep."""

    sandbox: SandboxServer
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def exports(self) -> list[Path]:
        return sorted((self.folder / "exports").glob("*.*"))

    def environment(self, **more: str) -> dict[str, str]:
        return os.environ | {
            "CLAIMSWEEP_SETTINGS": str(self.sandbox.settings),
            "CLAIMSWEEP_HOME": str(self.home),
            "CLAIMSWEEP_ARTIFACTS": str(self.folder / "artifacts"),
            **more,
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "flows", *arguments]

    def sweep_command(self, *arguments: str) -> list[str]:
        named = [part for export in self.exports for part in ("--export", str(export))]
        return self.command("sweep", *named, "--json", *arguments)

    def run(
        self, command: list[str], *, seconds: float = SWEEP_SECONDS, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def sweep(self, *arguments: str) -> dict[str, Any]:
        """The sweep's JSON; fails the test with what the command said otherwise."""
        done = self.run(self.sweep_command(*arguments))
        assert done.returncode in (0, 1), done.stderr[-3000:]
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def truth(self) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = json.loads(self.sandbox.run("truth", "--json"))
        return answers

    def counters(self) -> dict[str, dict[str, int]]:
        """What each simulated portal counted."""
        portals = tomllib.loads(self.sandbox.settings.read_text(encoding="utf-8"))["portals"]
        counted = {}
        for payer, address in portals.items():
            with urlopen(f"{address}/sandbox/counters", timeout=10) as answer:  # noqa: S310 - loopback
                counted[payer] = json.load(answer)
        return counted


def new_desk(sandbox: SandboxServer, folder: Path) -> Desk:
    """A desk with the sample exports of ``sandbox`` on it."""
    sandbox.run("export", str(folder / "exports"))
    desk = Desk(sandbox, folder)
    furnish(desk.home)
    return desk


def furnish(home: Path, folder: str = "prefect") -> None:
    """Give a new home the orchestrator's empty database, whose making takes ten seconds."""
    home.mkdir(mode=0o700)
    shutil.copytree(_prefect_home(), home / folder)


@cache
def _prefect_home() -> Path:
    """Prefect's home with an empty database of today's version, made once a test process."""
    home = Path(tempfile.mkdtemp(prefix="home-", dir=os.environ["PREFECT_HOME"]))
    make = "from prefect.server.database import provide_database_interface as database"
    make += "; import asyncio; asyncio.run(database().create_db())"
    environment = os.environ | {"PREFECT_HOME": str(home)}
    subprocess.run([sys.executable, "-c", make], env=environment, timeout=600, check=True)
    return home


def read_answers(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers that a sweep's JSON points at."""
    answers: list[dict[str, Any]] = json.loads(Path(document["answers"]).read_text("utf-8"))
    return answers


def differences(truth: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[str]:
    """Every claim and field that differs from the key: missing, doubled, or another figure."""
    keyed = {(row["payer"], row["claim_id"]): row for row in truth}
    answered: dict[tuple[str, str], dict[str, Any]] = {}
    found = []
    for row in answers:
        key = (row["payer"], row["claim_id"])
        if key in answered:
            found.append(f"{key}: answered twice")
        answered[key] = row
    found += [f"{key}: missing" for key in keyed.keys() - answered.keys()]
    found += [f"{key}: nobody asked" for key in answered.keys() - keyed.keys()]
    for key in sorted(keyed.keys() & answered.keys()):
        assert set(KEYED) <= keyed[key].keys(), "the key lost a field"
        assert {*KEYED, *ADDED} <= answered[key].keys(), "the answers lost a field"
        found += [
            f"{key} {field}: {keyed[key][field]!r} in the key, {answered[key][field]!r} answered"
            f" ({keyed[key]['outcome']}, {answered[key]['finding']})"
            for field in KEYED
            if keyed[key][field] != answered[key][field]
        ]
    return found
