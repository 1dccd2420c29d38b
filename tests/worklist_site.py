"""The simulated clearinghouse over a payer of its own, served on a thread."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from urllib.request import urlopen

import uvicorn
from portal_clients import SetClock

from sandbox.books import make_world
from sandbox.canary import canary
from sandbox.documents import draw
from sandbox.knobs import Knobs
from sandbox.portal_worklist import worklist_app
from sandbox.serve import Portals
from sandbox.sessions import Account, make_account
from sandbox.world import Payer, World

AS_OF = date(2026, 11, 20)
PAYER_ID = "copper-line"
NAME = "Copper Line Mutual"
READY_SECONDS = 30


@cache
def worklist_world(seed: int = 5, claims: int = 120) -> World:
    """A world with the clearinghouse's one payer."""
    return make_world(seed, claims, AS_OF, (PAYER_ID,))


@dataclass(frozen=True, slots=True)
class Site:
    """Where the portal answers, who may sign in, its payer, its troubles and its clock."""

    address: str
    account: Account
    payer: Payer
    knobs: Knobs
    clock: SetClock

    def counters(self) -> dict[str, int]:
        """What was done to this portal since it started."""
        with urlopen(f"{self.address}/sandbox/counters", timeout=10) as answer:  # noqa: S310 - loopback
            counted: dict[str, int] = json.load(answer)
        return counted

    def settings(self, home: Path) -> str:
        """The settings that point a run at this portal, with a ledger in ``home``."""
        known = {PAYER_ID: canary(self.payer) or ""}
        portals = Portals({PAYER_ID: self.address}, {PAYER_ID: self.account}, canaries=known)
        return portals.settings(home)


@contextmanager
def worklist_site(world: World | None = None) -> Iterator[Site]:
    """The clearinghouse, answering inside and stopped after."""
    held = (world or worklist_world()).payer(PAYER_ID)
    account, knobs, clock = make_account(5, held.payer_id), Knobs(), SetClock()
    app = worklist_app(
        held,
        account,
        document=lambda trace: draw(held.payer_id, held.remittances[trace]),
        clock=clock,
        delay=0.05,
        knobs=knobs,
    )
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=3)
    )
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
    )
    listener.listen(64)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", account, held, knobs, clock)
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS)
