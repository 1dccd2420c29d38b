"""A simulated mailbox that answers on a thread of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.imap import open_imap
from sandbox.mailbox import Mailbox

READY_SECONDS = 30


@contextmanager
def imap_of(mailbox: Mailbox, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of an IMAP server over ``mailbox``, by ``tls`` if given."""
    loop = asyncio.new_event_loop()
    stop, ready = asyncio.Event(), threading.Event()
    ports: list[int] = []

    async def run() -> None:
        async with open_imap(mailbox, tls) as port:
            ports.append(port)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        assert ready.wait(READY_SECONDS), "the mailbox did not open"
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(READY_SECONDS)
        loop.close()
