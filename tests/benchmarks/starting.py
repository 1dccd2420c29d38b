"""How long the command takes to begin, beside commands that do as little as can be done.

Asking for help beside Prefect's; and from the command to the portal's first request, ``claimsweep
check`` beside a script that starts the same browser and opens the same page. By turns, in one run;
processor seconds too, because a busy machine stretches the clock's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from answer_key import portal_requests
from beside_script import PAYER, drawn, portal_address
from conftest import PROJECT, start_sandbox, stop_sandbox
from sweeping import Desk

from bots.portal.browser import find_browser

BARE = """
import json, sys
from playwright.sync_api import sync_playwright
order = json.load(sys.stdin)
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(**order["browser"])
    browser.new_page().goto(order["address"])
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of one command: seconds of the clock until it was there, and of the processor."""

    what: str
    seconds: float
    cpu: float


def helps(times: int) -> list[Start]:
    """``claimsweep --help`` and ``prefect --help`` by turns."""
    prefect = str(Path(sys.executable).with_name("prefect"))
    commands = {"claimsweep --help": [sys.executable, "-m", "flows"], "prefect --help": [prefect]}
    for command in commands.values():  # what is compiled once counts for neither
        _run([*command, "--help"])
    return [
        Start(what, *_run([*command, "--help"]))
        for _ in range(times)
        for what, command in commands.items()
    ]


def first_requests(times: int) -> list[Start]:
    """``claimsweep check`` and a bare launch by turns, until the portal is first asked."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        sandbox, process = start_sandbox(1, 10, PAYER, Path(folder), 0)
        try:
            desk = Desk(sandbox, Path(folder))
            claims, _ = drawn(desk, 1)
            named = [part for export in desk.exports for part in ("--export", str(export))]
            browser = find_browser().executable
            order = {
                "address": portal_address(sandbox),
                "browser": {
                    "executable_path": browser and str(browser),
                    "args": ["--no-sandbox"] if os.getuid() == 0 else [],
                },
            }
            commands = {
                "claimsweep check": desk.command("check", claims[0].claim_id, *named, "--json"),
                "bare launch": [sys.executable, "-c", BARE],
            }
            for _ in range(times):
                for what, command in commands.items():
                    portal_requests(sandbox)
                    began = time.monotonic()
                    _, cpu = _run(command, json.dumps(order), desk.environment())
                    first = min(float(note["began"]) for note in portal_requests(sandbox))
                    found.append(Start(what, first - began, cpu))
        finally:
            stop_sandbox(process)
    return found


def _run(
    command: Sequence[str], given: str = "", environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    with tempfile.TemporaryFile("w+") as asked:
        asked.write(given)
        asked.seek(0)
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdin=asked,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}")
    return time.monotonic() - began, used.ru_utime + used.ru_stime
