"""The simulated portals in one process, on ports of 127.0.0.1 that are free."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import uvicorn
from starlette.applications import Starlette

from sandbox.canary import canary
from sandbox.documents import eob_pdf
from sandbox.imap import open_imap
from sandbox.knobs import Knobs
from sandbox.payers import COMMERCIAL, MEDICAID
from sandbox.portal_commercial import commercial_app
from sandbox.portal_exchange import exchange_app
from sandbox.portal_medicaid import medicaid_app
from sandbox.portal_medicare import medicare_app
from sandbox.portal_worklist import worklist_app
from sandbox.sessions import Account, Clock, make_account, utc_now
from sandbox.stopwatch import Stopwatch
from sandbox.world import Payer, World


class PortalApp(Protocol):
    """Makes the portal of one payer; ``document`` gives a payment's PDF by its trace number.

    A portal that mails its codes has the mailbox as ``state.mailbox``.
    """

    def __call__(
        self,
        payer: Payer,
        account: Account,
        *,
        document: Callable[[str], bytes],
        clock: Clock,
        delay: float,
        knobs: Knobs | None,
    ) -> Starlette: ...


@dataclass(frozen=True, slots=True)
class Portal:
    """One payer's portal, and which fields of its account a visitor must know."""

    app: PortalApp
    secrets: tuple[str, ...] = ("username", "password")


PORTALS = {
    COMMERCIAL: Portal(commercial_app, ("username", "password", "totp")),
    MEDICAID: Portal(
        partial(medicaid_app, encrypted=True), ("username", "password", "document_password")
    ),
    "tri-rivers": Portal(medicare_app),
    "copper-line": Portal(worklist_app),
    "blue-mesa": Portal(exchange_app, ("username", "password", "totp")),
}
HOST = "127.0.0.1"
PARENT_POLL_SECONDS = 1.0
STOP_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Portals:
    """Where the portals and the mailboxes for their codes answer, and who may sign in, by payer."""

    addresses: dict[str, str]
    accounts: dict[str, Account]
    mailboxes: dict[str, str] = field(default_factory=dict)
    canaries: dict[str, str] = field(default_factory=dict)

    def settings(self, home: Path) -> str:
        """The TOML settings that point a run at these portals, with a ledger of their own."""
        lines = [f"home = {json.dumps(str(home))}", "", "[portals]"]
        lines += [f'{payer_id} = "{address}"' for payer_id, address in self.addresses.items()]
        lines += ["", "[secrets]"]
        for payer_id, account in self.accounts.items():
            lines += [
                f'"{payer_id}/{name}" = "{getattr(account, name)}"'
                for name in PORTALS[payer_id].secrets
            ]
        lines += [
            f'"{payer_id}/mailbox" = "{address}"' for payer_id, address in self.mailboxes.items()
        ]
        for payer_id, known in self.canaries.items():
            lines.append(f'"{payer_id}/canary" = {json.dumps(known)}')
        return "\n".join(lines) + "\n"


@asynccontextmanager
async def open_portals(
    world: World,
    *,
    delay: float = 1.0,
    clock: Clock = utc_now,
    knobs: Mapping[str, Knobs] = MappingProxyType({}),
    answer_seconds: float = 0.0,
) -> AsyncIterator[Portals]:
    """A portal for each payer of ``world``, answering inside and stopped after.

    ``delay`` scales the searches' waits, ``knobs`` are the troubles by payer id; every answer takes
    ``answer_seconds`` besides. Raises KeyError for a payer that has no portal.
    """
    accounts = {payer.payer_id: make_account(world.seed, payer.payer_id) for payer in world.payers}
    apps = {
        payer.payer_id: PORTALS[payer.payer_id].app(
            payer,
            accounts[payer.payer_id],
            document=partial(eob_pdf, world, payer.payer_id),
            clock=clock,
            delay=delay,
            knobs=knobs.get(payer.payer_id),
        )
        for payer in world.payers
    }
    addresses: dict[str, str] = {}
    mailboxes: dict[str, str] = {}
    servers: list[_Server] = []
    running: list[asyncio.Task[None]] = []
    opened = AsyncExitStack()
    try:
        for payer_id, app in apps.items():
            listener = _listener()
            addresses[payer_id] = f"http://{HOST}:{listener.getsockname()[1]}"
            server = _Server(
                uvicorn.Config(
                    Stopwatch(app, answer_seconds),
                    lifespan="off",
                    log_level="warning",
                    access_log=False,
                    timeout_graceful_shutdown=STOP_SECONDS,
                )
            )
            servers.append(server)
            if mailbox := getattr(app.state, "mailbox", None):
                port = await opened.enter_async_context(open_imap(mailbox))
                mailboxes[payer_id] = mailbox.address(port)
            running.append(asyncio.create_task(server.serve(sockets=[listener])))
        await asyncio.gather(*(_answer(address) for address in addresses.values()))
        known = {one.payer_id: canary(one) for one in world.payers}
        canaries = {payer_id: text for payer_id, text in known.items() if text}
        yield Portals(addresses, accounts, mailboxes, canaries)
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running)
        await opened.aclose()


def serve(
    world: World,
    *,
    settings: Path,
    delay: float = 1.0,
    answer_seconds: float = 0.0,
    parent_pid: int | None = None,
) -> None:
    """Serve the portals until SIGTERM, ctrl-C, or the end of process ``parent_pid``.

    Once all answer, ``settings`` (mode 0600) names their addresses and accounts, and the line
    that puts it in force goes to standard output.
    """
    portals = open_portals(world, delay=delay, answer_seconds=answer_seconds)
    asyncio.run(_serve(portals, settings, parent_pid))


async def _serve(
    opening: AbstractAsyncContextManager[Portals], settings: Path, parent_pid: int | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with opening as portals:
        _write_private(settings, portals.settings(settings.resolve().parent / "home"))
        for payer_id, address in portals.addresses.items():
            sys.stderr.write(f"{payer_id} answers at {address}\n")
        sys.stdout.write(f"export CLAIMSWEEP_SETTINGS={settings.resolve()}\n")
        sys.stdout.flush()
        parent = asyncio.create_task(_until_gone(parent_pid, stop)) if parent_pid else None
        await stop.wait()
        if parent is not None:
            parent.cancel()


async def _until_gone(parent_pid: int, stop: asyncio.Event) -> None:
    ours = os.getppid() == parent_pid
    while _is_running(parent_pid) and (os.getppid() == parent_pid or not ours):
        await asyncio.sleep(PARENT_POLL_SECONDS)
    stop.set()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def _listener() -> socket.socket:
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is spelled out
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((HOST, 0))
    listener.listen(128)
    return listener


async def _answer(address: str) -> None:
    """Return when the server has answered one request."""
    port = int(address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"GET /sandbox/counters HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n")
    await writer.drain()
    await reader.read()
    writer.close()
    await writer.wait_closed()


class _Server(uvicorn.Server):
    """Leaves the process's signals to :func:`serve`, which stops all servers together."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
