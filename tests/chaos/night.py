"""One desk whose sweep is killed, starved and lied to, and begun again until all is answered."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from chaos_town import PAYERS, Town
from child import run_command
from machines import about_noon
from portal_clients import Commercial, Medicaid

from billing.ledger import open_ledger
from sandbox.sessions import CODE_SECONDS

PERSONS = {"franklin-medicaid": Medicaid, "juniper-ridge": Commercial}
DISK_BYTES = 96 * 1024**2
WORK_SECONDS = 240
MOST_RUNS = 12
LOOK_SECONDS = 0.1
ANSWERED = ("answered", "not_found")
QUARANTINED = ("several_matches", "wrong_patient")
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["chaos_preload"])


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """``folder`` on a disk of its own of some megabytes, where the machine lets us mount one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "chaos", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Night:
    """One desk: its folder, its chance, the process at work, and what is known of its faults."""

    town: Town
    folder: Path
    own_disk: bool
    chance: random.Random
    control: str = ""
    process: BaseProcess | None = None
    restarts: int = 0
    by_hand: int = 0
    hung: int = 0
    resumes: list[tuple[str, float]] = field(default_factory=list)
    cut_off: dict[str, int] = field(default_factory=dict)
    corrupted: dict[str, bytes | None] = field(default_factory=dict)
    _waiting: list[tuple[str, float, int]] = field(default_factory=list)
    _looked: float = 0.0

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def shelf(self) -> Path:
        """Where the evidence lies."""
        return self.home / "evidence"

    @property
    def said(self) -> Path:
        return self.folder / "said"

    def prepare(self) -> None:
        """Settings and a new home."""
        self.home.mkdir(mode=0o700)
        (self.folder / "work").mkdir()
        text = self.town.portals.settings(self.home)
        for payer, address in self.town.portals.addresses.items():
            text = text.replace(f'"{address}"', f'"{self.town.wires[payer].address}"')
        zone = about_noon(datetime.now(UTC))
        text = f'time_zone = "{zone}"\n{text}'
        settings = self.folder / "settings.toml"
        settings.write_text(text)
        settings.chmod(0o600)

    def command(self, *more: str) -> list[str]:
        named = [p for one in sorted(self.town.exports.iterdir()) for p in ("--export", str(one))]
        return ["sweep", *named, "--json", *more]

    def start(self) -> None:
        """Begin the sweep, or take it up."""
        environment = {
            "CLAIMSWEEP_SETTINGS": str(self.folder / "settings.toml"),
            "CLAIMSWEEP_HOME": str(self.home),
            "CLAIMSWEEP_ARTIFACTS": str(self.folder / "artifacts"),
            "PREFECT_API_URL": self.town.orchestrator,
        }
        self.said.unlink(missing_ok=True)
        self.said.with_suffix(".err").unlink(missing_ok=True)
        self.process = PROCESSES.Process(
            target=run_command,
            args=(self.command(), environment, self.said, self.clock, self.control),
        )
        self.process.start()
        self.restarts += 1

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.exitcode is None

    def settled(self) -> int:
        """How many claims have an answer in the ledger, asked without the program."""
        return sum(state in ANSWERED for _, _, state, _ in self._items())

    def unanswered(self) -> int | None:
        """How many claims have no answer that could have one; None before there are any."""
        items = self._items()
        return len([one for one in items if not self._at_its_end(*one)]) if items else None

    def _at_its_end(self, payer: str, claim_id: str, state: str, reason: str | None) -> bool:
        """A portal that is down for one claim alone, as the key says, has been asked too."""
        down = state == "no_answer" and (payer, claim_id) in self.town.never_answered
        return down or state in ANSWERED or reason in QUARANTINED

    def _items(self) -> list[Any]:
        path = self.home / "ledger.sqlite"
        query = "SELECT payer, claim_id, state, no_answer FROM items"
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as db:
                return db.execute(query).fetchall()
        except sqlite3.Error:
            return []

    def note_fault(self, kind: str) -> None:
        """A fault has just happened."""
        self._waiting.append((kind, time.monotonic(), self.settled()))

    def look(self) -> None:
        """Note the time from each fault to the first result that was settled since, whatever else
        has happened meanwhile."""
        if not self._waiting or time.monotonic() < self._looked + LOOK_SECONDS:
            return
        now, settled = time.monotonic(), self.settled()
        self._looked = now
        self.resumes += [(kind, now - at) for kind, at, was in self._waiting if settled > was]
        self._waiting = [one for one in self._waiting if settled <= one[2]]

    def wait_until_at_work(self, requests: int) -> bool:
        """Whether the browsers have sent so much more before the process ends."""
        wanted, deadline = self.town.asked() + requests, time.monotonic() + WORK_SECONDS
        while self.alive and self.town.asked() < wanted and time.monotonic() < deadline:
            self.look()
            time.sleep(0.02)
        return self.alive and self.town.asked() >= wanted

    def wait(self) -> int | None:
        """The process's exit code; None if it had to be ended because it did nothing any more."""
        assert self.process is not None
        asked, deadline = self.town.asked(), time.monotonic() + WORK_SECONDS
        while self.alive and time.monotonic() < deadline:
            self.look()
            if (now := self.town.asked()) != asked:
                asked, deadline = now, time.monotonic() + WORK_SECONDS
            self.process.join(0.1)
        self._looked = 0.0
        self.look()
        if self.alive:
            self.kill_all()
            return None
        return self.process.exitcode

    def family(self) -> list[int]:
        """The process and all that it has started, itself first."""
        assert self.process is not None
        found, parents = [int(self.process.pid or 0)], _parents()
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def kill(self) -> None:
        """Kill -9 of the process alone; its browsers find out by themselves."""
        assert self.process is not None
        self._note_cut_off()
        self.process.kill()
        self.process.join()

    def kill_all(self) -> None:
        """Kill -9 of the process and of all that it started."""
        assert self.process is not None
        self._note_cut_off()
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.join()

    def kill_browsers(self) -> int:
        """Kill -9 of every browser process of this desk; how many there were."""
        killed = 0
        for pid in self.family()[1:]:
            with suppress(OSError):
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                if name.startswith(("chrom", "headless")):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        if killed:
            self._note_cut_off()
        return killed

    def note_session_lost(self, payer: str | None = None) -> None:
        """A session was left open at its portal, by whatever we did."""
        for one in [payer] if payer else PAYERS:
            self.cut_off[one] = self.cut_off.get(one, 0) + 1

    def _note_cut_off(self) -> None:
        self.note_session_lost()

    def sign_in_by_hand(self) -> None:
        """A person signs in at every portal, which forgets what was refused, and clears it here.

        Their code is the next one: the last sweep may have typed this one.
        """
        self.by_hand += 1
        self.clock.write_text("0")
        time.sleep(CODE_SECONDS - time.time() % CODE_SECONDS)
        for payer, person in PERSONS.items():
            with person(self.town.portals) as one:
                if isinstance(one, Medicaid):
                    one.log_in()
                else:
                    one.sign_in()
            self.note_session_lost(payer)
            self.note_session_lost(payer)
        ledger = open_ledger(self.home)
        for payer in PAYERS:
            ledger.clear_account(payer, datetime.now(UTC))
        ledger.close()

    def finish(self) -> dict[str, Any] | None:
        """All troubles are over: begin again until every claim has an answer; the last words."""
        self.town.heal()
        self.clock.write_text("0")
        document: dict[str, Any] | None = None
        if self.alive:
            self.wait()
        for attempt in range(MOST_RUNS):
            self.start()
            code = self.wait()
            document = None
            if code in (0, 1):
                with suppress(ValueError):
                    document = json.loads(self.said.read_text())
            if document is not None and self.unanswered() == 0:
                return document
            if attempt:
                self.sign_in_by_hand()
        return document


def _parents() -> dict[int, int]:
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            found[int(process.name)] = int(
                (process / "stat").read_text().rpartition(")")[2].split()[1]
            )
    return found
