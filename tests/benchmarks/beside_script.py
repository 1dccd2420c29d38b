"""The real command and a plain Playwright script at one portal, claim for claim, in one run.

Time is taken at the portal (sandbox/stopwatch.py): from the first search to the request that signs
out, so that starting and signing in count for neither. Both sides' answers are held against the
key. Processor seconds are those of the whole command, its browser included.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sweeping
from answer_key import portal_requests, waits
from conftest import PROJECT, SandboxServer, start_sandbox, stop_sandbox
from sweeping import Desk, furnish

from bots.portal.browser import find_browser
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.sessions import make_account
from sandbox.world import BilledClaim

PAYER = "juniper-ridge"
SCRIPT = Path(__file__).with_name("plain_script.py")
SEARCH, LEAVE = "/api/claim-searches", "/api/logout"
CODE_SECONDS = 30
PLAIN, OURS, DIRECT = "script", "claimsweep", "claimsweep without Prefect"
SHOWN = {
    "charge": "Billed amount",
    "paid": "Paid amount",
    "patient_responsibility": "Patient responsibility",
    "trace_number": "Check/EFT number",
}
WITHOUT_PREFECT = """
import flows.run
flows.run.ask_by_flow = lambda settings, ledger, sweep, watch: flows.run.ask_directly(
    ledger, sweep, watch)
from flows.command import main
main()
"""


@dataclass(slots=True)
class Round:
    """One side's way through the claims; seconds, ``cpu`` of all its processes."""

    side: str
    answer_ms: float
    claims: int
    session: float = 0.0
    waited: float = 0.0
    cpu: float = 0.0
    command: float = 0.0
    wrong: list[str] = field(default_factory=list)
    failed: str = ""  # the command's last words, where it did not get to its answers

    @property
    def each(self) -> float:
        """Seconds a claim."""
        return self.session / self.claims

    @property
    def share(self) -> float:
        """The part of the session in which the portal was waited for."""
        return self.waited / self.session if self.session else 0.0


def rounds(answer_ms: float, claims: int, times: int, sides: Sequence[str]) -> list[Round]:
    """Each side ``times`` times at a portal that takes ``answer_ms`` for each answer, by turns."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        sandbox, process = start_sandbox(1, 2 * claims, PAYER, Path(folder), 0, answer_ms)
        try:
            desk = Desk(sandbox, Path(folder))
            some, key = drawn(desk, claims)
            for _ in range(times):
                for side in sides:
                    one = Round(side, answer_ms, len(some))
                    try:
                        _measure(desk, one, some, key)
                    except ChildProcessError as error:
                        one.failed = str(error)
                    sys.stderr.write(f"{one}\n")
                    found.append(one)
        finally:
            stop_sandbox(process)
    return found


def drawn(desk: Desk, claims: int) -> tuple[list[BilledClaim], dict[str, dict[str, Any]]]:
    """The first claims that the portal answers when it is first asked, exported, and their key."""
    world = make_world(desk.sandbox.seed, desk.sandbox.claims, AS_OF, (PAYER,))
    (payer,) = world.payers
    key = {row["claim_id"]: row for row in desk.truth() if row["outcome"] != "no_answer"}
    later = {member for member, _ in payer.unavailable_once}  # a sweep asks again, the script not
    known = [billed for billed in payer.billed if billed.claim_id in key]
    some = [billed for billed in known if billed.patient.member_id not in later][:claims]
    write_exports(
        replace(world, payers=(replace(payer, billed=tuple(some)),)), desk.folder / "exports"
    )
    return some, {billed.claim_id: key[billed.claim_id] for billed in some}


def _measure(
    desk: Desk, one: Round, claims: Sequence[BilledClaim], key: Mapping[str, dict[str, Any]]
) -> None:
    time.sleep(CODE_SECONDS - time.time() % CODE_SECONDS)  # a code opens the portal once
    portal_requests(desk.sandbox)
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        if one.side == PLAIN:
            answers = json.loads(_timed(one, [sys.executable, str(SCRIPT)], _order(desk, claims)))
            one.wrong = _plain_differences(claims, key, answers)
        else:
            fresh = Desk(desk.sandbox, there)
            if one.side == OURS:
                furnish(fresh.home)  # a first sweep makes the orchestrator's database, once
            named = [part for export in desk.exports for part in ("--export", str(export))]
            begin = ("-m", "flows") if one.side == OURS else ("-c", WITHOUT_PREFECT)
            command = [sys.executable, *begin, "sweep", *named, "--json"]
            said = json.loads(_timed(one, command, "", fresh.environment()))
            one.wrong = sweeping.differences(list(key.values()), sweeping.read_answers(said))
    asked = sorted(portal_requests(desk.sandbox), key=lambda note: float(note["began"]))
    searched = [note["began"] for note in asked if note["path"] == SEARCH]
    began = searched[0 if one.side == PLAIN else 1]  # a sweep first asks about its canary
    left = next(note["began"] for note in reversed(asked) if note["path"] == LEAVE)
    within = [note for note in asked if began <= note["began"] < left]
    # the last moment, in which nothing was asked any more, is the session's too
    one.waited = waits(within)[1]
    one.session = left - began


def _timed(
    one: Round, command: Sequence[str], given: str, environment: Mapping[str, str] | None = None
) -> str:
    """What the command said; its time and its processes' are noted.

    Raises ChildProcessError with its last words.
    """
    with tempfile.TemporaryFile("w+") as asked, tempfile.TemporaryFile("w+") as said:
        asked.write(given)
        asked.seek(0)
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=asked, stdout=said, stderr=subprocess.PIPE
        )
        with process:
            assert process.stderr is not None
            told = process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        one.command, one.cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
        if process.returncode not in (0, 1):
            raise ChildProcessError(told[-300:].decode(errors="replace").strip())
        said.seek(0)
        return said.read()


def _order(desk: Desk, claims: Sequence[BilledClaim]) -> str:
    """What the script is told: where, who, and about which claims."""
    account = make_account(desk.sandbox.seed, PAYER)
    browser = find_browser().executable
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    return json.dumps(
        {
            "address": portal_address(desk.sandbox),
            "username": account.username,
            "password": account.password,
            "totp": account.totp,
            "folder": str(desk.folder),
            "browser": {"executable_path": browser and str(browser), "args": arguments},
            "claims": [
                {
                    "member_id": claim.patient.member_id,
                    "service_from": f"{claim.service_from:%m/%d/%Y}",
                    "service_to": f"{claim.service_to:%m/%d/%Y}",
                    "billed": f"${claim.charge:,.2f}",
                }
                for claim in claims
            ],
        }
    )


def _plain_differences(
    claims: Sequence[BilledClaim],
    key: Mapping[str, dict[str, Any]],
    answers: Sequence[Sequence[Mapping[str, Any]]],
) -> list[str]:
    """What the script saw otherwise than the key says, of the fields that the page shows."""
    wrong = []
    for claim, found in zip(claims, answers, strict=True):
        row = key[claim.claim_id]
        number = row["payer_claim_number"]
        shown = next((one for one in found if one["Claim number"] == number), None)
        if shown is None:
            wrong += [f"{claim.claim_id}: not found"] if number else []
            continue
        said = {name: _bare(shown.get(label, "")) for name, label in SHOWN.items()}
        said["payment_date"] = _day(shown.get("Payment date", ""))
        said["reason_codes"] = sorted(set(re.findall(r"\b[A-Z]{2}-\w+", " ".join(shown["codes"]))))
        wrong += [
            f"{claim.claim_id} {name}: {row[name]!r} in the key, {value!r} seen"
            for name, value in said.items()
            if (sorted(row[name]) if isinstance(row[name], list) else row[name] or "") != value
        ]
    return wrong


def _bare(text: str) -> str:
    return re.sub(r"[$,]", "", text)


def _day(text: str) -> str:
    return datetime.strptime(text, "%m/%d/%Y").date().isoformat() if text else ""  # noqa: DTZ007


def portal_address(sandbox: SandboxServer) -> str:
    """Where the portal answers."""
    portals = tomllib.loads(sandbox.settings.read_text(encoding="utf-8"))["portals"]
    return str(portals[PAYER])
