"""One sweep with 1, 2, 4, 8 and 16 portal logins at once: claims a minute, and memory of each.

``bench.py --parts logins`` runs the command as it is. Each login is of a payer of its own, on a
simulated portal of its own that takes a second for every answer; a session's time is taken there,
from its first search to the request that signs out. Memory is what the command and all its
processes hold, each shared page counted once over those that share it (PSS), looked at every few
seconds; of that the most.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from answer_key import portal_requests
from beside_script import LEAVE, PAYER, SEARCH
from conftest import PROJECT, SandboxServer, start_sandbox, stop_sandbox
from sweeping import Desk, differences, furnish, read_answers

from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.truth import truth_rows

SIZES = (1, 2, 4, 8, 16)
LOOK_SECONDS = 3.0
AIM_MEGABYTES = 150


@dataclass(frozen=True, slots=True)
class Login:
    """One payer of the sweep: a copy of the profile under its own name, and its portal."""

    payer: str
    sandbox: SandboxServer
    key: list[dict[str, Any]]


@dataclass(slots=True)
class Run:
    """What was measured with so many logins at once."""

    logins: int
    claims: int
    each: list[float] = field(default_factory=list)
    """Seconds a claim, of each session."""
    together: float = 0.0
    """Seconds from the first session's first search until the last one signed out."""
    cpu: float = 0.0
    megabytes: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def a_minute(self) -> float:
        """Claims a minute of all sessions together."""
        return 60 * self.logins * self.claims / self.together


def measure(logins: int, claims: int, answer_ms: float) -> Run:
    """One sweep of so many logins, each with so many claims."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        some = [_login(stack, folder, n, claims, answer_ms) for n in range(1, logins + 1)]
        desk = Desk(replace(some[0].sandbox, settings=_settings(folder, some)), folder)
        furnish(desk.home)
        run, usage = Run(logins, claims), folder / "usage"
        for one in some:
            portal_requests(one.sandbox)
        command = desk.sweep_command()
        profiles = {"CLAIMSWEEP_PROFILES": str(folder / "profiles")}
        with usage.open("w+") as said, (folder / "log").open("w+") as log:
            process = subprocess.Popen(
                command, cwd=PROJECT, env=desk.environment(**profiles), stdout=said, stderr=log
            )
            over = threading.Event()
            weighing = threading.Thread(target=_weigh, args=(process.pid, over, run))
            weighing.start()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            over.set()
            weighing.join()
            log.seek(0)
            if process.returncode not in (0, 1):
                raise SystemExit(log.read()[-2000:])
            said.seek(0)
            answers = read_answers(json.load(said))
        run.cpu = used.ru_utime + used.ru_stime
        run.wrong = differences([row for one in some for row in one.key], answers)
        _take_times(run, some)
    return run


def _login(stack: ExitStack, folder: Path, number: int, claims: int, answer_ms: float) -> Login:
    """A portal of its own, the profile to it, and an export of claims that it has answers about."""
    there = folder / f"portal-{number}"
    there.mkdir()
    sandbox, process = start_sandbox(number, 2 * claims, PAYER, there, 0, answer_ms)
    stack.callback(stop_sandbox, process)
    payer, name = f"login-{number}", f"Ridge Plan {number}"
    source = PROJECT / "payer_profiles" / PAYER
    kept = shutil.copytree(source, folder / "profiles" / payer)
    profile = (kept / "profile.yaml").read_text(encoding="utf-8")
    profile = re.sub(r"(?m)^  id: .*$", f"  id: {payer}", profile, count=1)
    profile = re.sub(r"(?m)^  name: .*$", f"  name: {name}", profile, count=1)
    profile = re.sub(r"(?m)^  also_known_as: .*\n", "", profile, count=1)
    (kept / "profile.yaml").write_text(profile, encoding="utf-8")
    world = make_world(number, 2 * claims, AS_OF, (PAYER,))
    known = {row["claim_id"]: row for row in truth_rows(world) if row["outcome"] != "no_answer"}
    (whole,) = world.payers
    billed = tuple(one for one in whole.billed if one.claim_id in known)[:claims]
    (export,) = write_exports(replace(world, payers=(replace(whole, billed=billed),)), there)
    text = export.read_text(encoding="utf-8-sig").replace(billed[0].payer_name, name)
    exports = folder / "exports"
    exports.mkdir(exist_ok=True)
    (exports / f"{payer}.csv").write_text(text, encoding="utf-8")
    return Login(payer, sandbox, [known[one.claim_id] | {"payer": payer} for one in billed])


def _settings(folder: Path, some: Sequence[Login]) -> Path:
    portals, secrets = [], []
    for one in some:
        told = tomllib.loads(one.sandbox.settings.read_text(encoding="utf-8"))
        portals.append(f"{one.payer} = {json.dumps(told['portals'][PAYER])}")
        secrets += [
            f"{json.dumps(name.replace(PAYER, one.payer))} = {json.dumps(value)}"
            for name, value in told["secrets"].items()
        ]
    path = folder / "settings.toml"
    path.touch(0o600)
    path.write_text("\n".join(["[portals]", *portals, "[secrets]", *secrets, ""]), "utf-8")
    return path


def _take_times(run: Run, some: Sequence[Login]) -> None:
    spans = []
    for one in some:
        asked = sorted(portal_requests(one.sandbox), key=lambda note: float(note["began"]))
        began = [note["began"] for note in asked if note["path"] == SEARCH][1]  # after the canary
        left = next(note["began"] for note in reversed(asked) if note["path"] == LEAVE)
        spans.append((began, left))
    run.each = [round((left - began) / run.claims, 3) for began, left in spans]
    run.together = max(left for _, left in spans) - min(began for began, _ in spans)


def _weigh(pid: int, over: threading.Event, run: Run) -> None:
    while not over.wait(LOOK_SECONDS):
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(stat.parent.name))
        family, seen = [pid], 0
        while family:
            one = family.pop()
            family += children.get(one, [])
            seen += _pss(one)
        run.megabytes = max(run.megabytes, seen / 1024)


def _pss(pid: int) -> int:
    """Kilobytes of the process; 0 of one that ended."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"(?m)^Pss:\s+(\d+) kB", told)
    return int(found[1]) if found else 0


def table(runs: Sequence[Run]) -> str:
    """A row for each number of logins."""
    heads = (
        "logins at once (simulated portals)",
        "claims a minute",
        "of each login, beside one alone",
        "seconds a claim",
        "processor seconds a claim",
        "megabytes",
        "megabytes for each more",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    before: Run | None = None
    for one in runs:
        share = (one.a_minute / one.logins) / (runs[0].a_minute / runs[0].logins)
        more = before and (one.megabytes - before.megabytes) / (one.logins - before.logins)
        lines.append(
            f"| {one.logins} | {one.a_minute:.1f} | {share:.0%} | {median(one.each):.2f} "
            f"| {one.cpu / one.logins / one.claims:.2f} | {one.megabytes:.0f} "
            f"| {f'{more:.0f}' if more is not None else ''} |"
        )
        before = one
    return "\n".join(lines)


def rows(runs: Sequence[Run]) -> list[list[str]]:
    """What the most logins came to: what was measured, the figure, and what it should be."""
    first, last = runs[0], runs[-1]
    share = (last.a_minute / last.logins) / (first.a_minute / first.logins)
    more = (last.megabytes - first.megabytes) / (last.logins - first.logins)
    at = f"{last.logins} logins at once"
    return [
        [f"{at}: claims a minute / of one login", f"{last.a_minute / first.a_minute:.1f}x", ""],
        [f"{at}: of each, beside one alone", f"{share:.0%}", ""],
        [f"{at}: megabytes for each more", f"{more:.0f}", f"<= {AIM_MEGABYTES}"],
    ]
