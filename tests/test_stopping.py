"""A run that is stopped, or whose orchestrator fails, loses nothing and leaves nothing open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, SandboxServer
from portal_clients import Medicaid
from sweeping import new_desk

import flows.embedded
import flows.run
from billing.errors import ClaimsweepError
from billing.ledger import open_ledger
from billing.model import Reason
from flows.context import open_context
from flows.settings import load_settings
from flows.stopping import run_until_stopped, stop_as_control_c_does
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.serve import Portals
from sandbox.sessions import Account

Serve = Callable[..., SandboxServer]
CHILD = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_waits_until_the_work_has_cleaned_up(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)}
    done = []

    async def work() -> None:
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.1)
            done.append("signed out")

    stop_as_control_c_does()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_until_stopped(work)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert done == ["signed out"]


def test_a_signal_that_the_caller_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop_as_control_c_does()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_work_that_fails_raises_what_failed_and_ctrl_c_is_not_for_its_processes() -> None:
    said = []

    async def work() -> None:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, stdout=asyncio.subprocess.PIPE
        )
        said.append((await child.communicate())[0].strip())
        raise ClaimsweepError("no more")

    with pytest.raises(ClaimsweepError, match="no more"):
        run_until_stopped(work)
    assert said == [b"True"]


@pytest.mark.usefixtures("browser_executable")
def test_ctrl_c_in_a_terminal_signs_out_and_says_one_sentence(
    sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(14, 30), tmp_path)
    process = subprocess.Popen(
        desk.sweep_command("--payer", "franklin-medicaid"),
        cwd=PROJECT,
        env=desk.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends ctrl-C to the whole group
    )
    counted = desk.counters
    deadline = time.monotonic() + 400
    while counted()["franklin-medicaid"]["searches"] < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    people = [line for line in said.splitlines() if not line.startswith("{")]
    assert people == ["Stopped; run the same command again to go on."]
    settings = tomllib.loads(desk.sandbox.settings.read_text("utf-8"))
    named = settings["secrets"]
    account = Account(
        named["franklin-medicaid/username"],
        named["franklin-medicaid/password"],
        totp="",
        document_password="",
    )
    portals = Portals(settings["portals"], {"franklin-medicaid": account})
    with Medicaid(portals) as person:
        person.enter()
    assert counted()["franklin-medicaid"]["logins"] == 2
    assert counted()["franklin-medicaid"]["concurrent_sessions"] == 0


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two exports on a desk of its own."""
    monkeypatch.setenv("CLAIMSWEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLAIMSWEEP_ARTIFACTS", str(tmp_path / "artifacts"))
    return list(write_exports(make_world(1, 10, AS_OF), tmp_path / "exports"))


def orchestrator(answers: bool) -> Callable[..., None]:
    """One that fails: when the claims have their results, or before."""

    def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        work().close()
        if answers:
            ledger = open_ledger(load_settings().home)
            context = open_context(str(ledger.latest_sweep()))
            for payer in ledger.pending_payers(context.sweep_id):
                context.leave_unasked(payer, Reason.UNREACHABLE, "It was down.")
        exec(compile("raise OSError", "client.py", "exec"), {"__name__": "httpx._client"})  # noqa: S102 - an error that arose there

    return run


def test_an_orchestrator_that_fails_after_the_work_costs_no_result(
    exports: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.run, "run_until_stopped", orchestrator(answers=True))
    swept = flows.run.run_sweep(
        load_settings(),
        exports,
        payer=None,
        limit=None,
        ask_all=False,
        out=None,
        watch=lambda _: None,
    )
    assert len(swept.report.results) == 20
    assert Path(swept.files["answers (JSON)"]).is_file()


def test_an_orchestrator_that_fails_before_says_how_many_claims_wait(
    exports: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.run, "run_until_stopped", orchestrator(answers=False))
    with pytest.raises(ClaimsweepError, match="20 claims wait"):
        flows.run.run_sweep(
            load_settings(),
            exports,
            payer=None,
            limit=None,
            ask_all=False,
            out=None,
            watch=lambda _: None,
        )


def test_a_session_that_ended_oddly_after_its_last_claim_is_no_news(exports: list[Path]) -> None:
    settings = load_settings()
    ledger = open_ledger(settings.home)
    intake = flows.run.take_in(ledger, exports, flows.run.load_profiles(settings.profiles))
    flows.run.begin(ledger, "night-1", intake, AS_OF)
    context = open_context("night-1")
    for payer in ledger.pending_payers("night-1"):
        context.leave_unasked(payer, Reason.UNREACHABLE, "It was down.")
        if payer is not None:
            context.end_session(payer, OSError("the orchestrator's server is gone"))
    assert ledger.report("night-1").payer_notes == ()


def test_a_session_that_the_orchestrator_never_began_is_held_without_it(
    exports: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings()
    flows.embedded.embed(settings.home)
    from flows import sweep

    class Down:
        """The same session, and an orchestrator that cannot be reached."""

        fn = staticmethod(sweep.payer_session.fn)

        async def __call__(self, *_: str) -> None:
            orchestrator(answers=False)(idle)

    monkeypatch.setattr(sweep, "payer_session", Down())
    ledger = open_ledger(settings.home)
    ours = [path for path in exports if path.stem == "juniper-ridge"]
    intake = flows.run.take_in(ledger, ours, flows.run.load_profiles(settings.profiles))
    flows.run.begin(ledger, "night-1", intake, AS_OF)
    assert asyncio.run(sweep._session("night-1", "juniper-ridge")) is None
    (told,) = ledger.report("night-1").payer_notes
    assert "No secret juniper-ridge/" in told.sentence, "it was tried, and says what it lacked"


async def idle() -> None:
    return
