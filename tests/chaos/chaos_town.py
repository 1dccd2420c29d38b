"""What nights of faults share: simulated payers, the wires to them, an orchestrator, the key."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from portal_clients import SetClock, answering
from wires import Wire, wires

import sandbox.serve
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.knobs import Knobs
from sandbox.serve import Portals
from sandbox.truth import truth_rows

PAYERS = ("franklin-medicaid", "juniper-ridge")
ORCHESTRATOR_SECONDS = 600


@dataclass
class Town:
    """The simulated payers, the wires to them and the orchestrator, kept for many nights."""

    portals: Portals
    knobs: Mapping[str, Knobs]
    wires: Mapping[str, Wire]
    exports: Path
    truth: list[dict[str, Any]]
    orchestrator: str
    swaps_documents: list[bool]

    @cached_property
    def never_answered(self) -> set[tuple[str, str]]:
        """The claims of which the key says that the portal never answers."""
        outcomes = {(one["payer"], one["claim_id"]): one["outcome"] for one in self.truth}
        return {claim for claim, outcome in outcomes.items() if outcome == "no_answer"}

    def counters(self) -> dict[str, dict[str, int]]:
        """What each portal has counted so far."""
        found = {}
        for payer, address in self.portals.addresses.items():
            with urlopen(f"{address}/sandbox/counters", timeout=30) as answer:  # noqa: S310 - loopback
                found[payer] = json.load(answer)
        return found

    def asked(self) -> int:
        """How often the browsers have sent something."""
        return sum(wire.asked for wire in self.wires.values())

    def heal(self) -> None:
        """No portal and no wire has a trouble any more."""
        self.swaps_documents[0] = False
        for knobs in self.knobs.values():
            for name in Knobs.__slots__:  # type: ignore[attr-defined]
                setattr(knobs, name, getattr(Knobs(), name))
        for wire in self.wires.values():
            wire.mend()


@contextmanager
def town(folder: Path, *, seed: int, claims: int) -> Iterator[Town]:
    """All that nights share, in ``folder``."""
    world = make_world(seed, claims, AS_OF, PAYERS)
    swaps, before = [False], list[str]()
    real = sandbox.serve.eob_pdf

    def document(of: Any, payer: str, trace: str) -> bytes:
        """The payment's document, or while the portal lies the one that was sent before."""
        known = [one for one in before if one.startswith(f"{payer}/") and one != f"{payer}/{trace}"]
        before.append(f"{payer}/{trace}")
        wanted = known[-1].partition("/")[2] if swaps[0] and known else trace
        return real(of, payer, wanted)

    with ExitStack() as opened:
        opened.callback(os.umask, os.umask(0o077))
        sandbox.serve.eob_pdf = document  # type: ignore[assignment]
        opened.callback(setattr, sandbox.serve, "eob_pdf", real)
        knobs = {payer: Knobs() for payer in PAYERS}
        portals = opened.enter_context(answering(world, SetClock(), delay=0, knobs=knobs))
        there = opened.enter_context(wires(portals.addresses))
        url = opened.enter_context(_orchestrator(folder))
        exports = folder / "exports"
        write_exports(world, exports)
        truth = json.loads(json.dumps(list(truth_rows(world))))
        yield Town(portals, knobs, there, exports, truth, url, swaps)


@contextmanager
def _orchestrator(folder: Path) -> Iterator[str]:
    """A Prefect server of its own; its address."""
    home = folder / "prefect"
    home.mkdir(mode=0o700)
    port = sandbox.serve._listener().getsockname()[1]
    environment = os.environ | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    with (folder / "prefect.log").open("ab") as log:
        server = subprocess.Popen(
            [*command, "--port", str(port), "--no-services"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        url, deadline = f"http://127.0.0.1:{port}/api", time.monotonic() + ORCHESTRATOR_SECONDS
        while True:
            with suppress(OSError), urlopen(f"{url}/health", timeout=5):  # noqa: S310 - loopback
                break
            assert time.monotonic() < deadline, (folder / "prefect.log").read_text()[-2000:]
            time.sleep(0.2)
        yield url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
