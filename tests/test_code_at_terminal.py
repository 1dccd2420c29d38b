"""What only a person knows, typed at the run's own terminal, left untyped, or interrupted there."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import PROJECT, SandboxServer
from portal_clients import SetClock, answering
from portal_faults import MEDICAID, counted
from sweeping import KEYED, Desk, new_desk

from billing.ledger import open_ledger
from flows.codes import FOLDER
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.knobs import Knobs
from sandbox.medicaid_checkpoints import SECURITY_ANSWER
from sandbox.serve import Portals

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEED, CLAIMS = 21, 10
DEADLINE = 180.0
ASKS = f"{MEDICAID} asks for a one-time code. Type it here"
CTRL_C = b"\x03"


@dataclass
class Terminal:
    """A run that has a terminal of its own; ``said`` is what it has shown there."""

    process: subprocess.Popen[bytes]
    side: int
    answer: Path
    said: str = ""

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Read on until ``done``."""
        deadline = time.monotonic() + DEADLINE
        while not done():
            assert time.monotonic() < deadline, f"{what} did not come; it said {self.said}"
            if select.select([self.side], [], [], 0.2)[0]:
                with suppress(OSError):  # the other side is closed
                    self.said += os.read(self.side, 4096).decode(errors="replace")

    def shows(self, text: str) -> None:
        self.until(lambda: text in self.said, repr(text))

    def ends(self) -> int:
        """The exit code; everything it said is read by then."""
        self.until(lambda: self.process.poll() is not None, "the end")
        while select.select([self.side], [], [], 0.2)[0]:
            try:
                self.said += os.read(self.side, 4096).decode(errors="replace")
            except OSError:
                break
        return int(self.process.returncode)

    def type(self, text: bytes) -> None:
        os.write(self.side, text)


@contextmanager
def at_a_terminal(desk: Desk, command: list[str], **more: str) -> Iterator[Terminal]:
    side, theirs = pty.openpty()
    answer = desk.folder / "answer.json"
    with answer.open("wb") as said:
        process = subprocess.Popen(
            # the terminal becomes the run's own, so that its ctrl-C is the kernel's
            ["setsid", "--ctty", "--wait", *command],
            cwd=PROJECT,
            env=desk.environment(**more),
            stdin=theirs,
            stdout=said,
            stderr=theirs,
        )
    os.close(theirs)
    try:
        yield Terminal(process, side, answer)
    finally:
        if process.poll() is None:
            os.write(side, CTRL_C)
            process.wait(60)
        os.close(side)


@pytest.fixture
def portals() -> Iterator[Portals]:
    knobs = {MEDICAID: Knobs(step_up=True)}
    world = make_world(SEED, CLAIMS, AS_OF, (MEDICAID,))
    with answering(world, SetClock(), delay=0, knobs=knobs) as there:
        yield there


@pytest.fixture
def desk(portals: Portals, browser_executable: object, tmp_path: Path) -> Desk:
    settings = tmp_path / "settings.toml"
    settings.touch(mode=0o600)
    settings.write_text(portals.settings(tmp_path / "home"), encoding="utf-8")
    return new_desk(SandboxServer(SEED, CLAIMS, settings, os.getpid(), MEDICAID), tmp_path)


def check(desk: Desk) -> list[str]:
    paid = next(row["claim_id"] for row in desk.truth() if row["outcome"] == "paid")
    return desk.command("check", paid, "--export", str(desk.exports[0]), "--json")


def answered_as_keyed(desk: Desk, run: Terminal) -> None:
    (answer,) = json.loads(run.answer.read_text("utf-8"))["answers"]
    keyed = next(row for row in desk.truth() if row["claim_id"] == answer["claim_id"])
    assert {name: answer[name] for name in KEYED} == {name: keyed[name] for name in KEYED}


def left(desk: Desk, portals: Portals) -> tuple[int, int, int]:
    """Logins and refusals of the portal, and what the account's budget has spent."""
    counts = counted(portals, MEDICAID)
    assert counts["locks"] == counts["writes"] == 0
    assert list((desk.home / FOLDER).iterdir()) == [], "nothing waits for a code any more"
    return (
        counts["logins"],
        counts["refusals"],
        open_ledger(desk.home).login_standing(MEDICAID).spent,
    )


def test_what_is_typed_at_the_terminal_signs_in(desk: Desk, portals: Portals) -> None:
    with at_a_terminal(desk, check(desk)) as run:
        run.shows(ASKS)
        run.type(b"\n")
        run.shows("That is no one-time code; type it again")
        run.type(SECURITY_ANSWER.encode() + b"\n")
        assert run.ends() == 0, run.said
        answered_as_keyed(desk, run)
    assert left(desk, portals) == (1, 0, 0)


def test_an_answer_that_nobody_types_in_time_costs_no_more_than_the_password(
    desk: Desk, portals: Portals, tmp_path: Path
) -> None:
    folder = tmp_path / "profiles" / MEDICAID
    folder.mkdir(parents=True)
    for name in ("profile.yaml", "eob.yaml", "canary.yaml"):
        text = (PROJECT / "payer_profiles" / MEDICAID / name).read_text("utf-8")
        text, _ = re.subn(r"(?m)^    kind: person$", "    kind: person\n    wait_seconds: 3", text)
        (folder / name).write_text(text, encoding="utf-8")
    with at_a_terminal(desk, check(desk), CLAIMSWEEP_PROFILES=str(folder.parent)) as run:
        run.shows(ASKS)
        assert run.ends() == 2
    assert "Traceback" not in run.said
    assert left(desk, portals)[:2] == (0, 0)


def test_ctrl_c_at_the_question_leaves_no_login_half_open(desk: Desk, portals: Portals) -> None:
    with at_a_terminal(desk, check(desk)) as run:
        run.shows(ASKS)
        run.type(CTRL_C)
        assert run.ends() == 2
        assert run.said.rstrip().endswith("Stopped; run the same command again to go on.")
        assert "Traceback" not in run.said
    assert left(desk, portals)[:2] == (0, 0)
    with at_a_terminal(desk, check(desk)) as again:
        again.shows(ASKS)
        again.type(SECURITY_ANSWER.encode() + b"\n")
        assert again.ends() == 0, again.said
        answered_as_keyed(desk, again)
    assert left(desk, portals)[:2] == (1, 0)
