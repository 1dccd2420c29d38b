"""``make soak``: a simulated month of nights on a fast clock, held against the answer key.

Each night the portals stand as of that day, in trouble on some; the command is run as it is, in
processes whose clock is the night's; some nights it is killed. Prints a line a night and writes
everything to JSON. Ends with code 1 on any wrong answer, lockout or posting.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from conftest import PROJECT
from portal_clients import SetClock, answering
from portal_faults import counted
from soak.judge import Marks, hold_books, mark
from soak.plan import Night, make_month

from sandbox.bank_files import bank_csv
from sandbox.books import make_world
from sandbox.canary import canary
from sandbox.exports import write_exports
from sandbox.knobs import Knobs
from sandbox.nights import as_it_stood
from sandbox.payers import STYLES
from sandbox.remittance_835 import remittances_835
from sandbox.serve import PORTALS
from sandbox.truth import truth_rows
from sandbox.world import World

CLOCK = Path(__file__).resolve().parent / "clock"
FIRST = date(2026, 12, 1)
AHEAD = timedelta(days=95)  # the world's own day: by then most of the month's claims are decided
HOUR = 8  # UTC: the small hours at the practice
NIGHT_SECONDS = 4 * 3600
STEP_SECONDS = 1800
FOUND_AFTER = timedelta(minutes=20)  # whoever finds the night killed begins it again
KEYS = {
    f"CLAIMSWEEP_SECRET_CLAIMSWEEP_{name}": "50a4" * 16 for name in ("SESSION_KEY", "EVIDENCE_KEY")
}


@dataclass(slots=True)
class Told:
    """What is known of one night; bytes on the disk, peak kilobytes of the sweep's process."""

    night: int
    claims: int
    asked: int
    seconds: float
    marks: Marks
    counters: dict[str, dict[str, int]]
    troubles: dict[str, dict[str, object]]
    kills: int = 0
    peak_kilobytes: int = 0
    ledger_bytes: int = 0
    evidence_bytes: int = 0
    files_received: int = 0
    problems: list[str] = field(default_factory=list)


class Month:
    """One biller's home over a month, and what was handed out for import."""

    def __init__(self, folder: Path, world: World, seed: int) -> None:
        self.folder, self.world, self.random = folder, world, Random(f"{seed}/kills")
        self.home, self.out = folder / "home", folder / "to-import"
        self._clock = SetClock()
        self._settings = folder / "settings.toml"
        self._since = 0

    def night(self, night: Night) -> Told:
        """Everything of one night, in its order."""
        books = as_it_stood(self.world, night.day)
        place = self.folder / f"night-{night.number:02}"
        exports = [part for path in write_exports(books, place) for part in ("--export", str(path))]
        wake = datetime(night.day.year, night.day.month, night.day.day, HOUR, tzinfo=UTC)
        self._clock.ahead = wake + timedelta(days=1) - datetime.now(UTC)
        knobs = {payer: _turned(values) for payer, values in night.knobs.items()}
        begun = time.monotonic()
        with answering(books, self._clock, delay=0, knobs=knobs) as portals:
            self._settings.touch(mode=0o600)
            self._settings.write_text(portals.settings(self.home), encoding="utf-8")
            kills = self._kill(["sweep", "--json", *exports]) if night.killed else 0
            if kills:
                self._clock.ahead += FOUND_AFTER
            ask_all = ["--all"] if night.last else []
            swept, peak = self._measured(["sweep", "--json", *ask_all, *exports])
            seconds = time.monotonic() - begun
            counters = {payer: counted(portals, payer) for payer in portals.addresses}
        answers = json.loads(Path(swept["answers"]).read_text(encoding="utf-8"))
        marks = mark(truth_rows(books), answers)
        told = Told(
            night.number,
            len(answers),
            len(answers) - marks.kept,
            round(seconds, 1),
            marks,
            counters,
            night.knobs,
            kills,
            peak,
        )
        self._receive(night, place, exports, told)
        self._post(told)
        if night.backed_up:
            self._run(["backup", str(self.folder / "backup")])
            self._since = night.number
        if night.restored:
            self._restore(night, exports)
        told.ledger_bytes = _bytes(self.home, "ledger.sqlite*")
        told.evidence_bytes = _bytes(self.home / "evidence", "*")
        told.problems += [
            f"{payer}: {name} {count[name]}"
            for payer, count in counters.items()
            for name in ("locks", "writes", "refusals")
            if count[name]
        ]
        shutil.rmtree(place)
        return told

    def _receive(self, night: Night, place: Path, exports: Sequence[str], told: Told) -> None:
        """The 835s of the night, a file for each three payments, and the bank's bookings."""
        inbox = self.folder / "inbox" / f"{night.number:02}"
        inbox.mkdir(parents=True)
        for start in range(0, len(night.payments), 3):
            path = inbox / f"payments-{start:04}.835"
            path.write_bytes(remittances_835(night.payments[start : start + 3], night.day))
        if night.bookings:
            first = min(one.day for one in night.bookings)
            (inbox / "bank.csv").write_bytes(bank_csv(night.bookings, first, night.day))
        told.files_received = self._give(inbox, exports)

    def _give(self, inbox: Path, exports: Sequence[str]) -> int:
        files = sorted(inbox.iterdir())
        given = [
            part
            for path in files
            for part in ("--deposits" if path.suffix == ".csv" else "--remittance", str(path))
        ]
        if not files:
            return 0
        out = str(self.folder / "reconciled")
        self._run(["reconcile", "--json", *given, *exports, "--out", out])
        return len(files)

    def _restore(self, night: Night, exports: Sequence[str]) -> None:
        """Lose the home, restore the backup, take in what went out since, give again what came."""
        shutil.rmtree(self.home)
        self._run(["restore", str(self.folder / "backup"), "--home", str(self.home)])
        since = range(self._since + 1, night.number + 1)
        for number in since:
            for path in sorted((self.out / f"{number:02}").glob("postings-*.csv")):
                self._run(["restored", "--exported", str(path), "--by", "lead"])
        self._run(["restored", "--confirm", "--by", "lead"])
        for number in since:
            self._give(self.folder / "inbox" / f"{number:02}", exports)

    def _post(self, told: Told) -> None:
        """Propose what is new, approve every batch, hand each out once."""
        self._run(["postings", "propose", "--json", "--by", "night"])
        listed = json.loads(self._run(["postings", "list", "--json"]))
        for batch in listed["batches"]:
            if batch["state"] != "proposed" or not batch["postings"]:
                continue
            name = batch["batch"]
            self._run(["postings", "approve", name, "--by", "lead", "--json"])
            out = self.out / f"{told.night:02}"
            self._run(["postings", "export", name, "--out", str(out), "--by", "lead", "--json"])

    def _run(self, arguments: Sequence[str]) -> str:
        """What the command prints at the night's time. Raises RuntimeError when it could not."""
        done = subprocess.run(
            [sys.executable, "-m", "flows", *arguments],
            cwd=PROJECT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(
                f"{arguments[:2]} ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        return done.stdout

    def _measured(self, arguments: Sequence[str]) -> tuple[dict[str, Any], int]:
        """The command's JSON, and the most kilobytes that its own process held."""
        peak, deadline = 0, time.monotonic() + NIGHT_SECONDS
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = self._start(arguments, output.fileno(), errors.fileno())
            while process.poll() is None:
                if time.monotonic() > deadline:
                    _end(process)
                peak = max(peak, _peak(process.pid))
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
            output.seek(0)
            errors.seek(0)
            if process.returncode not in (0, 1):
                said = errors.read().decode()[-2000:]
                raise RuntimeError(f"the sweep ended with {process.returncode}: {said}")
            document: dict[str, Any] = json.load(output)
        return document, peak

    def _kill(self, arguments: Sequence[str]) -> int:
        """End the command and all that it started with signal 9, twice, at moments of its work."""
        killed = 0
        for _ in range(2):
            process = self._start(arguments, subprocess.DEVNULL, subprocess.DEVNULL)
            try:
                process.wait(self.random.uniform(8, 45))
            except subprocess.TimeoutExpired:
                _end(process)
                killed += 1
        return killed

    def _start(self, arguments: Sequence[str], output: int, errors: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "flows", *arguments],
            cwd=PROJECT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        return (
            os.environ
            | KEYS
            | {
                "CLAIMSWEEP_SETTINGS": str(self._settings),
                "CLAIMSWEEP_ARTIFACTS": str(self.folder / "artifacts"),
                "CLAIMSWEEP_PROFILES": str(PROJECT / "payer_profiles"),
                "SOAK_SECONDS_AHEAD": str(self._clock.ahead.total_seconds()),
                "PYTHONPATH": f"{CLOCK}{os.pathsep}{PROJECT}",
            }
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _peak(pid: int) -> int:
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) if found else 0
    return 0


def _turned(values: dict[str, object]) -> Knobs:
    knobs = Knobs()
    for name, value in values.items():
        setattr(knobs, name, value)
    return knobs


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


def line(told: Told) -> str:
    """One night as one line."""
    marks = told.marks
    return (
        f"night {told.night:>2}  {told.claims:>5} claims, {told.asked:>5} asked, "
        f"{marks.right:>5} right, {marks.unanswered:>4} unanswered, "
        f"{marks.incomplete:>3} incomplete, {marks.stale:>3} outdated, "
        f"{len(marks.wrong)} WRONG  {told.seconds:>6.0f} s, {told.kills} kills, "
        f"{told.peak_kilobytes / 1024:>4.0f} MB, ledger {told.ledger_bytes / 1e6:.1f} MB, "
        f"evidence {told.evidence_bytes / 1e6:.1f} MB  {' '.join(told.troubles)}\n"
    )


def _without_canary(world: World, nights: Sequence[Night]) -> str:
    """The payers that no bot would ask, for on some night nothing can be asked about first."""
    books = [as_it_stood(world, night.day) for night in nights]
    return ", ".join(
        sorted({payer.payer_id for one in books for payer in one.payers if not canary(payer)})
    )


def main() -> int:
    """Run the month; 0 when every claim, login and posting is as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make soak")
    parser.add_argument("--claims", type=int, default=1500, help="of each payer in all (1500)")
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where home and outputs go; must not exist")
    parser.add_argument("--json", type=Path, help="write every night there")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=options.folder is None)
    payers = tuple(one for one in STYLES if one in PORTALS)
    world = make_world(
        options.seed, options.claims, FIRST + timedelta(days=options.nights) + AHEAD, payers
    )
    nights = make_month(world, FIRST, options.nights, options.seed)
    if without := _without_canary(world, nights):
        parser.error(f"nothing is known of {without} before a sweep: more --claims, another --seed")
    month, told = Month(folder, world, options.seed), []
    for night in nights:
        told.append(month.night(night))
        sys.stdout.write(line(told[-1]))
        sys.stdout.flush()
        if options.json:
            options.json.write_text(json.dumps([asdict(one) for one in told], indent=1))
    books = hold_books(as_it_stood(world, nights[-1].day), month.out.rglob("postings-*.csv"))
    sys.stdout.write(
        f"{books.posted} remitted claims posted, {books.missing} not (not yet received, or held "
        f"back), {len(books.wrong)} WRONG\n"
    )
    wrong = [why for one in told for why in (*one.marks.wrong, *one.problems)] + [*books.wrong]
    last = told[-1].marks
    if last.right < told[-1].claims:
        wrong.append(f"the last night has {told[-1].claims - last.right} claims unlike the key")
    sys.stdout.write("".join(f"{why}\n" for why in wrong[:50]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
