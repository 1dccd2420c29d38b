"""Nights of people, claims and secrets that are marked: no mark is left where none may be."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from conftest import PROJECT
from marked_bytes import Marks, is_picture
from marked_watch import Watched, private_environment, watching
from marked_world import (
    PLAN,
    PROGRAM,
    WRONG_PASSWORD,
    MarkedPractice,
    marked_practice,
)
from sweeping import furnish

from bots.portal.browser import VARIABLE, Browser
from sandbox.medicaid_checkpoints import SECURITY_ANSWER

SECONDS = 900
NEW_PASSWORD = "Vyxenquart-herons-at-dawn-7"
LEDGER = re.compile(r"home/ledger\.sqlite(-wal|-shm|-journal)?\Z")
FOR_PEOPLE = "artifacts/"
GIVEN = (
    "settings.toml",
    "refused.toml",
    "exports/",
    "schedule.csv",
)  # the biller's own
pytestmark = pytest.mark.browser


@dataclass
class Night:
    """What was done, what was seen of it, and what the processes said, by what they were."""

    here: MarkedPractice
    seen: Watched
    said: dict[str, bytes] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    console: list[tuple[str, str]] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def console_said(self) -> tuple[Path, Path]:
        """What the console says, to be searched without the password that it tells once."""
        return self.seen.kept.parent / "console.out", self.seen.kept.parent / "console.err"

    def marks(self) -> Marks:
        """All that must stand nowhere."""
        return self.here.marks(self.console)

    def run(self, name: str, *arguments: str, settings: str = "settings.toml") -> None:
        """Run the command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "flows", *arguments],
            cwd=self.here.folder / "work",
            env=self.environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        self.said[name], self.codes[name] = done.stdout + done.stderr, done.returncode

    def environment(self, settings: str = "settings.toml") -> dict[str, str]:
        """Every place of its own, and the settings of a biller."""
        folder = self.here.folder
        browser = os.environ.get(VARIABLE)
        return private_environment(
            folder,
            {
                "PYTHONPATH": str(PROJECT),
                "CLAIMSWEEP_SETTINGS": str(folder / settings),
                "CLAIMSWEEP_ARTIFACTS": str(folder / "artifacts"),
                **({VARIABLE: browser} if browser else {}),
            },
        )


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, browser_executable: Browser) -> Iterator[Night]:
    root = tmp_path_factory.mktemp("marked")
    folder = root / "desk"
    with pytest.MonkeyPatch.context() as patch:
        if browser_executable.executable is not None:
            patch.setenv(VARIABLE, str(browser_executable.executable))
        with marked_practice(folder, claims=2) as here:
            furnish(folder / "home")
            (folder / "work").mkdir()
            _write(folder / "settings.toml", here.settings)
            _write(folder / "refused.toml", _with_faults(here))
            exports = [part for path in here.exports for part in ("--export", str(path))]
            with watching(folder, root / "kept") as seen:
                it = Night(here, seen)
                here.knobs[PROGRAM].document = "truncated"
                it.run("sweep", "sweep", *exports, "--json")
                it.run("refused", "sweep", *exports, "--all", settings="refused.toml")
                here.knobs[PROGRAM].drift = 3
                schedule = ["--schedule", str(here.schedule), "--payer", PROGRAM, "--limit", "1"]
                it.run("eligibility", "eligibility", *schedule, "--json")
                here.knobs[PROGRAM].drift = 0
                here.knobs[PROGRAM].step_up = here.knobs[PROGRAM].wrong_patient = True
                with _console(it) as console:
                    _visit(it, console)
                it.run("audit", "audit", "verify")
        yield it


def test_the_nights_did_what_they_should(night: Night) -> None:
    """And the marks are where they may be, so that they can be found."""
    assert night.codes == {"sweep": 0, "refused": 2, "eligibility": 2, "audit": 0}, night.said
    marks = night.marks()
    ledger = {name: path for name, path in night.seen.written() if LEDGER.match(name)}
    assert marks.found_in(ledger["home/ledger.sqlite"].read_bytes())
    for_people = [p for n, p in night.seen.written() if n.startswith(FOR_PEOPLE)]
    assert any(marks.found_in(path.read_bytes()) for path in for_people)
    assert {"queue", "check", "audit"} < night.pages.keys()
    assert night.here.codes
    assert len(night.seen.lines) > 20


def test_no_mark_is_in_anything_that_was_written(night: Night) -> None:
    marks = night.marks()
    found = {
        name: hits
        for name, path in night.seen.written()
        if not _is_excepted(name) and (hits := _found(marks, path.read_bytes()))
    }
    assert found == {}
    unnamed = {name: hits for name, d in night.seen.unlinked.items() if (hits := _found(marks, d))}
    assert unnamed == {}
    assert night.seen.elsewhere <= {str(path) for path in night.console_said}


def test_no_mark_is_in_anything_that_others_see(night: Night) -> None:
    marks = night.marks()
    said = {name: hits for name, text in night.said.items() if (hits := marks.found_in(text))}
    assert said == {}
    for what in (
        night.seen.lines,
        night.seen.variables,
        night.seen.names,
        night.here.asked,
    ):
        words = [one if isinstance(one, bytes) else one.encode() for one in what]
        assert marks.found_in(b"\n".join(words)) == set()


def test_nothing_listens_to_other_machines(night: Night) -> None:
    assert night.seen.listening, "the console and the orchestrator listen"
    assert night.seen.listening <= {"0100007F", "00000000000000000000000001000000"}


def test_everything_written_is_its_owners_alone(night: Night) -> None:
    folder = night.here.folder
    others = 0o077
    open_ones = [
        str(path.relative_to(folder))
        for place in ("home", "artifacts", "config", "work", "tmp", "cache", "data")
        for path in (folder / place, *(folder / place).rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & others
    ]
    assert open_ones == []


@pytest.mark.parametrize("where", ["log", "parameter", "temporary file", "evidence", "picture"])
def test_a_mark_that_is_planted_is_found(where: str, night: Night, tmp_path: Path) -> None:
    person = night.here.world.payer(PLAN).billed[0].patient
    if where == "log":
        data = f"searching for {person.first.upper()} born {person.birth:%m/%d/%Y}".encode()
    elif where == "parameter":
        database = tmp_path / "prefect.db"
        shutil.copy(next((night.here.folder / "home/prefect").glob("*.db")), database)
        with sqlite3.connect(database) as connection:
            told = json.dumps({"member": person.member_id})
            connection.execute("UPDATE flow_run SET parameters = ?", (told,))
            assert connection.total_changes
        connection.close()
        data = database.read_bytes()
    elif where == "temporary file":
        data = gzip.compress(base64.b64encode(f"-{person.last}".encode()))
    elif where == "evidence":
        data = f"<td>{person.birth:%m/%d/%Y}</td>".encode()
    else:
        data = b"\x89PNG\r\n\x1a\n" + bytes(50)
    assert _found(night.marks(), data)
    assert not _found(night.marks(), b"nothing of anybody 2026-11-24 00000000")


def _with_faults(here: MarkedPractice) -> str:
    """The settings with a password that is refused, and a portal that is down."""
    password = dict(here.secrets)[f"password of {PLAN}"]
    settings = here.settings.replace(password, WRONG_PASSWORD)
    return re.sub(rf'^{PROGRAM} = ".*"', f'{PROGRAM} = "http://127.0.0.1:9"', settings, flags=re.M)


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


@contextmanager
def _console(night: Night) -> Iterator[httpx.Client]:
    """A console that answers, and somebody who signed in to it for the first time."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    out, err = night.console_said
    with out.open("wb") as said, err.open("wb") as complained:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", "console", "--port", str(port)],
            cwd=night.here.folder / "work",
            env=night.environment(),
            stdout=said,
            stderr=complained,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS) as client:
            _until(lambda: _answers(client))
            first = re.search(r"with the password (\S+)", out.read_text())
            assert first is not None
            night.console += [("first password", first[1]), ("password", NEW_PASSWORD)]
            client.post(
                "/sign-in",
                data={"name": "admin", "password": "Zyqwrong-" + NEW_PASSWORD},
            )
            client.post("/sign-in", data={"name": "admin", "password": first[1]})
            changed = {"old": first[1], "new": NEW_PASSWORD, "again": NEW_PASSWORD}
            assert _act(client, "/me/password", "/me/password", **changed).status_code < 400
            night.console.append(("console session", client.cookies["claimsweep"]))
            yield client
            night.console.append(("console session", client.cookies["claimsweep"]))
            _act(client, "/me", "/sign-out")
    finally:
        process.terminate()
        process.wait(SECONDS)
        told = out.read_bytes().replace(first[1].encode(), b"")  # told once, on purpose
        night.said["console"] = told + err.read_bytes()


def _act(client: httpx.Client, page: str, path: str, **fields: str) -> httpx.Response:
    """Send a form of ``page`` with its mark."""
    mark = re.search(r'name="csrf" value="(\w+)"', client.get(page).text)
    return client.post(path, data={"csrf": mark[1] if mark else "", **fields})


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/sign-in").status_code == 200
    except httpx.TransportError:
        return False


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _visit(night: Night, console: httpx.Client) -> None:
    """Look for a claim, at cases with their evidence, and check a claim with a code."""
    claims = [one.claim_id for one in night.here.world.payer(PROGRAM).billed]
    pages = {"queue": console.get("/").text}
    pages["found"] = _act(console, "/", "/queue/find", text=claims[0]).text
    for case in sorted(set(re.findall(r"/cases/(\d+)", pages["queue"])))[:3]:
        pages[f"case {case}"] = console.get(f"/cases/{case}").text
        evidence = console.get(f"/cases/{case}/evidence").text
        for picture in re.findall(rf"/cases/{case}/evidence/[0-9a-f]{{64}}[/0-9]*", evidence)[:2]:
            console.get(picture)
        _act(
            console,
            f"/cases/{case}",
            f"/cases/{case}/note",
            note="called",
            words="called",
        )
    begun = _act(console, "/check", "/check/claim", claim_id=claims[0])
    assert begun.status_code == 303, begun.text[-800:]
    check = begun.headers["location"]
    _until(lambda: 'name="code"' in console.get(check).text)
    given = _act(console, check, f"{check}/code", code=SECURITY_ANSWER)
    assert given.status_code < 400, given.text[-500:]
    _until(lambda: "Cancel" not in console.get(check).text)
    pages["check"] = console.get(check).text
    pages["audit"] = console.get("/audit").text
    night.pages |= pages


def _is_excepted(name: str) -> bool:
    return bool(LEDGER.match(name)) or name.startswith((FOR_PEOPLE, *GIVEN))


def _found(marks: Marks, data: bytes) -> set[str]:
    """The marks in these bytes; what no search can read is one too."""
    return marks.found_in(data) | ({"a picture or document"} if is_picture(data) else set())
