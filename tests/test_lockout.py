"""Whoever is killed whenever, an account is never locked: the portal's own counter proves it.

The workers submit by a plain HTTP client through the very ledger functions that a session uses
(a browser takes seconds to a submit and there are hundreds); one case below drives Chromium.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from conftest import PROJECT
from exports_samples import kareo_csv, kareo_row
from lockout_workers import SignIn, sign_in, sign_in_carelessly, work
from portal_clients import SetClock, answering
from portal_faults import MEDICAID, WORLD, Sent, between, counted

from billing.ledger import open_ledger
from bots.portal.browser import Browser
from sandbox.sessions import SignIns, make_account, utc_now

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["lockout_workers"])
WORKERS = 4
DEADLINE = 300.0
JUDGING = 0.02
SPARED = 0.25


@dataclass
class Refusing:
    """A portal that refuses every password, and kills most of those who submit one.

    ``kills`` are still to come, each at a random moment from before the password is judged until
    after the worker has heard of it.
    """

    accounts: dict[str, SignIns]
    kills: int
    port: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)

    def arrives(self, pid: int) -> None:
        """A submit of worker ``pid`` is here."""
        with self.turn:
            if not self.kills or random.random() < SPARED:
                return
            self.kills -= 1
        timer = threading.Timer(random.uniform(0, 3 * JUDGING), kill, (pid,))
        timer.daemon = True
        timer.start()

    def judge(self, account: str) -> None:
        with self.turn:
            door = self.accounts[account]
            door.try_password(door.account.username, "out of date")


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def refusing(names: list[str], kills: int) -> Iterator[Refusing]:
    """The portal, answering on its port."""
    hour = timedelta(hours=1)
    doors = {one: SignIns(make_account(1, one), hour, utc_now) for one in names}
    portal = Refusing(doors, kills)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            portal.arrives(int(self.headers["Worker"]))
            time.sleep(random.uniform(0, JUDGING))
            portal.judge(self.path.strip("/"))
            time.sleep(random.uniform(0, JUDGING))
            with suppress(OSError):
                self.send_response(403)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    portal.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()


def run(home: Path, kills: int, way: SignIn = sign_in) -> list[SignIns]:
    """Four workers, ``kills`` of them killed around a submit and replaced; the doors after."""
    accounts = [f"acme-{n}" for n in range(kills + 10)]
    open_ledger(home).close()
    deadline = time.monotonic() + DEADLINE + 5 * kills
    with refusing(accounts, kills) as portal:

        def start() -> BaseProcess:
            arguments = (home, accounts, portal.port, way)
            process = PROCESSES.Process(target=work, args=arguments, daemon=True)
            process.start()
            return process

        workers = [start() for _ in range(WORKERS)]
        try:
            while any(worker.exitcode != 0 for worker in workers):
                assert time.monotonic() < deadline, "the workers did not end"
                wait([worker.sentinel for worker in workers if worker.exitcode is None], timeout=1)
                assert not any((worker.exitcode or 0) > 0 for worker in workers), "a worker failed"
                killed = [worker for worker in workers if worker.exitcode == -signal.SIGKILL]
                workers = [start() if one in killed else one for one in workers]
        finally:
            for worker in workers:
                worker.kill()
        assert portal.kills == 0
        return list(portal.accounts.values())


@pytest.mark.slow
def test_no_account_is_locked_by_workers_that_are_killed(tmp_path: Path, kills: int) -> None:
    doors = run(tmp_path, kills)
    refusals = [door.counters.refusals for door in doors]
    assert max(refusals) == 2, "each account is tried twice at most, and some are tried twice"
    assert sum(door.counters.locks for door in doors) == 0


def test_the_proof_sees_what_an_attempt_noted_too_late_does(tmp_path: Path) -> None:
    doors = run(tmp_path, 6, sign_in_carelessly)
    assert max(door.counters.refusals for door in doors) > 2


NEVER_ASKED = json.dumps(
    {
        "claim": {
            "claim_id": "1",
            "member_id": "0000012345",
            "patient_last": "Fernhollow",
            "patient_first": "Odalys",
            "date_of_birth": "1981-04-09",
            "service_from": "2026-06-01",
            "service_to": "2026-06-01",
            "billed": "10.00",
            "provider_npi": "1234567890",
            "provider_tin": "00-1234567",
        },
        "expect": {"payer_claim_number": "1", "category": "F1", "charge": "10.00", "paid": "9.00"},
    }
)
"""A canary that nobody gets to: the password before it is refused."""


@pytest.mark.browser
@pytest.mark.slow
def test_a_run_that_is_killed_at_the_submit_costs_one_attempt(
    browser_executable: Browser, tmp_path: Path
) -> None:
    export, settings = tmp_path / "aging.csv", tmp_path / "settings.toml"
    export.write_bytes(kareo_csv([kareo_row(1, Insurance="Franklin State Medicaid")]))
    command = [sys.executable, "-m", "flows", "check", "00000001", "--export", str(export)]
    submitted = threading.Event()

    def hold(sent: Sent) -> None:
        if sent.method == "POST" and sent.path == "/Login.aspx" and not submitted.is_set():
            sent.manner = "hang"  # the password is judged, and nobody hears of it
            submitted.set()

    with (
        answering(WORLD, SetClock(), delay=0) as portals,
        between(portals.addresses[MEDICAID]) as there,
    ):
        there.spoil = hold
        settings.write_text(
            f'home = "{tmp_path / "home"}"\n[portals]\n{MEDICAID} = "{there.address}"\n'
            f'[secrets]\n"{MEDICAID}/username" = "{portals.accounts[MEDICAID].username}"\n'
            f'"{MEDICAID}/password" = "out of date"\n'
            f'"{MEDICAID}/canary" = {json.dumps(NEVER_ASKED)}\n',
            encoding="utf-8",
        )
        settings.chmod(0o600)
        environment = os.environ | {"CLAIMSWEEP_SETTINGS": str(settings)}
        first = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert submitted.wait(120), "no password was submitted"
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait(20)
        for _ in range(2):
            again = subprocess.run(
                command, cwd=PROJECT, env=environment, capture_output=True, timeout=240, check=False
            )
            assert again.returncode == 2
        assert counted(portals, MEDICAID)["refusals"] == 2
        assert counted(portals, MEDICAID)["locks"] == 0
        assert open_ledger(tmp_path / "home").login_standing(MEDICAID).spent == 2
