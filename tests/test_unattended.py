"""One machine by itself: a missed night is caught up, killed at once, taken up and finished."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, TWO_PAYERS, SandboxServer, start_sandbox, stop_sandbox
from sweeping import differences, furnish
from x12_samples import REMITTANCE, delimited, interchange

from billing.ledger import Ledger, RunState, open_ledger
from bots.portal.browser import Browser
from flows.schedule_pauses import SET_UP
from flows.scheduled import TABLE
from flows.scheduled_run import BY, WHAT
from flows.service import MARK

SECONDS = 600
STOP_SECONDS = 90
LONG_AGO = 1_700_000_000
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Machine:
    """A home with exports and an inbox, and the service that is started there."""

    folder: Path
    sandbox: SandboxServer
    ledger: Ledger
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {"CLAIMSWEEP_SETTINGS": str(self.folder / "settings.toml")}
        for name in [one for one in environment if one.startswith("PREFECT_")]:
            del environment[name]
        with (self.folder / "service.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flows", "unattended"],
                cwd=PROJECT,
                env=environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        return self.process

    def marked(self) -> list[int]:
        """Every process that the service has started, however deep."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(
                one.startswith(f"{MARK}=".encode()) and one.endswith(str(self.home).encode())
                for one in environment
            ):
                found.append(int(process.name))
        return found

    def kill(self) -> None:
        """End all of it at once, as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for pid in self.marked():
            os.kill(pid, signal.SIGKILL)

    def ask_prefect(self, query: str) -> list[tuple[Any, ...]]:
        database = self.home / "prefect" / "unattended" / "prefect.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def said(self) -> str:
        return (self.folder / "service.txt").read_text("utf-8")[-4000:]

    def until(self, done: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + SECONDS
        while not (found := done()):
            assert time.monotonic() < deadline, self.said()
            assert self.process is None or self.process.poll() is None, self.said()
            time.sleep(0.1)
        return found


@pytest.fixture
def machine(tmp_path: Path, browser_executable: Browser) -> Iterator[Machine]:
    """A machine whose schedules were set up two days ago, and which was off since."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "portals").mkdir()
    sandbox, portals = start_sandbox(1, 5, TWO_PAYERS, tmp_path / "portals", delay=1)
    sandbox.run("export", str(tmp_path / "exports"))
    hour = datetime.now(UTC).hour
    zone = f"Etc/GMT{hour - 12:+d}" if hour != 12 else "UTC"  # where it is about noon
    off = "".join(f'{row.name} = "off"\n' for row in TABLE if row.name not in ("sweep", "inbox"))
    settings = tmp_path / "settings.toml"
    settings.touch(0o600)
    settings.write_text(
        f'time_zone = "{zone}"\nartifacts = "{tmp_path / "artifacts"}"\n'
        f'home = "{tmp_path / "home"}"\n'
        + sandbox.settings.read_text("utf-8").partition("\n")[2]
        + f'\n[unattended]\nexports = "{tmp_path / "exports"}"\ninbox = "{tmp_path / "inbox"}"\n'
        f'[unattended.at]\nsweep = "0 1 * * *"\ninbox = "* * * * *"\n{off}',
        "utf-8",
    )
    furnish(tmp_path / "home", "prefect/unattended")
    ledger = open_ledger(tmp_path / "home")
    then = {"when": f"0 1 * * *, {zone}"}
    ago = datetime.now(UTC) - timedelta(days=2)
    ledger.note(BY, SET_UP, "schedule sweep", at=ago, detail=then)
    found = Machine(tmp_path, sandbox, ledger)
    try:
        yield found
    finally:
        found.kill()
        ledger.close()
        stop_sandbox(portals)


def test_it_comes_back_from_anything_and_tells_prefect_of_no_patient(machine: Machine) -> None:
    ledger, sweep = machine.ledger, lambda: machine.ledger.latest_sweep()
    truth = json.loads(machine.sandbox.run("truth", "--json"))
    machine.start()
    sweep_id = machine.until(sweep)
    machine.until(lambda: ledger.progress(sweep_id).settled >= 2)
    machine.kill()
    before = ledger.progress(sweep_id).settled
    assert before < len(truth), "it was killed too late to prove anything"

    arrived = machine.folder / "inbox" / "monday.835"
    arrived.write_bytes(delimited(interchange([REMITTANCE])))
    os.utime(arrived, (LONG_AGO, LONG_AGO))
    service = machine.start()
    machine.until(lambda: runs(machine, "sweep")[-1:] == [RunState.DONE])
    assert runs(machine, "sweep") == [RunState.INTERRUPTED, RunState.DONE]
    answers = machine.folder / "artifacts" / sweep_id / "answers.json"
    assert differences(truth, json.loads(answers.read_text("utf-8"))) == []
    assert ledger.latest_sweep() == sweep_id

    # and what comes due by the clock is done by the worker
    machine.until(lambda: runs(machine, "inbox")[-1:] == [RunState.DONE])
    assert [one.name[13:] for one in (arrived.parent / "read").iterdir()] == ["monday.835"]
    scheduled = "SELECT 1 FROM flow_run WHERE auto_scheduled AND state_type = 'COMPLETED'"
    machine.until(lambda: machine.ask_prefect(scheduled))
    cut_off = "SELECT 1 FROM flow_run_state WHERE type = 'CRASHED' AND message LIKE '%gone%'"
    assert machine.ask_prefect(cut_off)

    service.terminate()
    assert service.wait(STOP_SECONDS) == 0, machine.said()
    assert machine.marked() == []
    require_no_patients(machine, sweep_id)


def require_no_patients(machine: Machine, sweep_id: str) -> None:
    """Nothing that Prefect keeps, and nothing that the service said, tells of a patient."""
    kept = b"".join(p.read_bytes() for p in (machine.home / "prefect").rglob("*") if p.is_file())
    kept += (machine.folder / "service.txt").read_bytes()
    assert sweep_id.encode() in kept, "the search finds what is there"
    exported = b"".join(p.read_bytes() for p in (machine.folder / "exports").glob("*.csv"))
    words = identities(machine.ledger, sweep_id)
    assert len(words) > 20
    assert any(word.encode() in exported for word in words)
    assert [word for word in words if word.encode() in kept] == []


def identities(ledger: Ledger, sweep_id: str) -> set[str]:
    """Names, member ids, claim ids and dates of birth of everybody in the sweep."""
    found = set()
    for result in ledger.results(sweep_id):
        claim = result.claim
        found |= {claim.patient_last, claim.member_id, claim.claim_id}
        found |= {f"{claim.date_of_birth}", f"{claim.patient_first} {claim.patient_last}"}
    return {one for one in found if len(one) > 5 and one != "None"}


def runs(machine: Machine, name: str) -> list[RunState]:
    since = datetime.now(UTC) - timedelta(hours=6)
    return [one.state for one in machine.ledger.runs_since(WHAT, since) if one.about == name]
