"""The one machine: an own Prefect server and a worker, watched over until it is told to stop."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from billing.errors import BadInput, ClaimsweepError
from flows.embedded import QUIET
from flows.orchestrator import OwnServer, own_home, own_server, remember
from flows.settings import Settings
from flows.unattended import QUEUE_OF_HANDS, Unattended

MARK = "CLAIMSWEEP_UNATTENDED"
"""The variable that all processes of one home's service have, so that those left are found."""

START_SECONDS = 180  # the first start makes Prefect's database, slow on a small machine
SIGN_OUT_SECONDS = 30  # for runs to sign out of portals when the service is stopped
END_SECONDS = 10
LOOK_SECONDS = 0.5
STEADY_SECONDS = 600  # what ran as long begins again at the shortest pause
LONGEST_PAUSE = 60


@dataclass(slots=True)
class Child:
    """One process of the service: how it is started, and when again after it has died."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    again_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Begin it, in a process group of its own: a terminal's ctrl-C is the service's."""
        self.process = subprocess.Popen(
            self.command,
            env=dict(self.environment),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        self.began = time.monotonic()

    def look(self) -> str | None:
        """Start it if it is due; a sentence when it was found dead."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return None
            self.deaths = 1 if now - self.began > STEADY_SECONDS else self.deaths + 1
            self.process = None
            pause = min(LONGEST_PAUSE, 2 ** (self.deaths - 1))
            self.again_at = now + pause
            return f"{self.name} ended with code {code}; it is started again in {pause} s"
        if now >= self.again_at:
            self.start()
        return None


def serve(
    settings: Settings,
    plan: Unattended,
    *,
    say: Callable[[str], None],
    prepare: Callable[[], None],
) -> None:
    """Run server and worker until KeyboardInterrupt; ``prepare`` is called once the server answers.

    What is left of an earlier life is ended first. Raises BadInput where another service has the
    home, or another program the port.
    """
    with _only_one(settings):
        if ended := _end_earlier(settings):
            say(f"{ended} processes of an earlier life were ended")
        server = _new_server(settings, plan)
        mark = f"service-{os.getpid()} {settings.home}"
        environment = {**_environment(settings, server), MARK: mark}
        children = [Child("the server", _server(server), environment)]
        children += _workers(plan, environment)
        try:
            children[0].start()
            _await_health(children[0], server)
            remember(settings, server)
            os.environ.update(environment)
            prepare()
            say(f"the server answers at {server.url}; the worker of pool {plan.pool} begins")
            _watch(children, say)
        finally:
            _stop(mark, children)


def work(settings: Settings, plan: Unattended, *, say: Callable[[str], None]) -> None:
    """Run one worker against the server of PREFECT_API_URL until KeyboardInterrupt."""
    mark = f"worker-{os.getpid()} {settings.home}"
    environment = {**os.environ, **QUIET, MARK: mark}
    children = _workers(plan, environment)
    try:
        say(f"the worker of pool {plan.pool} begins")
        _watch(children, say)
    finally:
        _stop(mark, children)


def _watch(children: Sequence[Child], say: Callable[[str], None]) -> None:
    while True:
        for child in children:
            if (said := child.look()) is not None:
                say(said)
        time.sleep(LOOK_SECONDS)


def _stop(mark: str, children: Sequence[Child]) -> None:
    """End all: runs may sign out, then worker and server, then what still lives is killed."""
    living = [one.process for one in children if one.process is not None]
    own = {one.pid for one in living}

    def runs() -> list[int]:
        return [pid for pid, theirs in _marked() if theirs == mark and pid not in own]

    _send(runs(), signal.SIGTERM)
    _await_none(runs, SIGN_OUT_SECONDS)
    _send(own, signal.SIGTERM)
    _await_none(lambda: [one for one in living if one.poll() is None], END_SECONDS)
    _send([*runs(), *(one.pid for one in living if one.poll() is None)], signal.SIGKILL)
    for process in living:
        process.wait()


def _end_earlier(settings: Settings) -> int:
    """Kill what an earlier service of this home has left, which is dead itself: we have its lock;
    how many processes."""
    left = [
        pid
        for pid, mark in _marked()
        if mark.startswith("service-") and mark.partition(" ")[2] == str(settings.home)
    ]
    _send(left, signal.SIGKILL)
    return len(left)


def _marked() -> list[tuple[int, str]]:
    """The processes that a service has started, and theirs, with their marks; found in /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            for pair in (process / "environ").read_bytes().split(b"\0"):
                name, _, value = pair.partition(b"=")
                if name == MARK.encode() and int(process.name) != os.getpid():
                    found.append((int(process.name), os.fsdecode(value)))
    return found


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _await_none(living: Callable[[], Sequence[object]], seconds: int) -> None:
    deadline = time.monotonic() + seconds
    while living() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    home = own_home(settings)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadInput(
                f"{settings.home}: claimsweep unattended runs there already; stop that one first"
            ) from None
        yield


def _new_server(settings: Settings, plan: Unattended) -> OwnServer:
    """Its address: the port of the settings, else that of its last life, else a free one."""
    earlier = own_server(settings)
    auth = earlier.auth if earlier else f"claimsweep:{secrets.token_urlsafe(24)}"
    if plan.port is not None:
        if _bound(plan.port) is None:
            raise BadInput(
                f"Another program listens on port {plan.port} of this machine; name another by "
                "[unattended] port"
            )
        return OwnServer(plan.port, auth)
    port = (_bound(earlier.port) if earlier else None) or _bound(0)
    if port is None:
        raise ClaimsweepError("This machine has no free port on 127.0.0.1")
    return OwnServer(port, auth)


def _bound(port: int) -> int | None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(listener.getsockname()[1])


def _environment(settings: Settings, server: OwnServer) -> dict[str, str]:
    return {
        **os.environ,
        **QUIET,
        **server.environment(),
        "PREFECT_HOME": str(own_home(settings)),
        "PREFECT_SERVER_API_AUTH_STRING": server.auth,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_UI_ENABLED": "false",
    }


def _server(server: OwnServer) -> list[str]:
    return [sys.executable, "-m", "flows.own_server", str(server.port)]


def _workers(plan: Unattended, environment: Mapping[str, str]) -> list[Child]:
    """A worker of each queue in use; of the hands of a sweep it takes one, and leaves the others
    to the workers of other machines."""
    command = [sys.executable, "-m", "prefect", "worker", "start"]
    command += ["--pool", plan.pool, "--type", plan.pool_type]
    command += ["--install-policy", "never", "--no-create-pool-if-not-found"]
    workers = []
    for queue in plan.queues:
        limit = ["--limit", "1"] if queue == QUEUE_OF_HANDS else []
        name = f"the worker of {queue}" if len(plan.queues) > 1 else "the worker"
        workers.append(Child(name, [*command, "--work-queue", queue, *limit], environment))
    return workers


def _await_health(child: Child, server: OwnServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.healthy:
        if child.process is None or child.process.poll() is not None:
            raise ClaimsweepError("The Prefect server ended while it was starting; see above why")
        if time.monotonic() > deadline:
            raise ClaimsweepError(f"The Prefect server did not answer in {START_SECONDS} s")
        time.sleep(LOOK_SECONDS)
