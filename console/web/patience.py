"""How long the console waits for a request, and for how many at once: then it hangs up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15
"""From the first byte of a request, or a connection's beginning, to the end of its headers."""
BODY_SECONDS = 30
"""From one part of a body to the next."""
AT_ONCE = 300
STREAMS_AT_ONCE = 8
"""Of one person: as many windows as anybody watches."""


class Impatient(H11Protocol):
    """HTTP as uvicorn speaks it, but a request whose headers do not come is not waited for."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """The first request is waited for."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Something came: a whole head, or a part of one, which gains no time."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        elif self._late is not None:
            self._late.cancel()
            self._late = None

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        self._late = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


SERVER: dict[str, Any] = {
    "http": Impatient,
    "server_header": False,
    "limit_concurrency": AT_ONCE,
    "h11_max_incomplete_event_size": 65_536,
    "timeout_keep_alive": 10,
}
"""What uvicorn is told."""


class Streams:
    """Who watches how many runs at this moment."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def full(self, name: str) -> bool:
        """Whether this person watches as many as anybody may."""
        return self._open[name] >= STREAMS_AT_ONCE

    @contextmanager
    def one_more(self, name: str) -> Iterator[None]:
        """One more is watched inside."""
        self._open[name] += 1
        try:
            yield
        finally:
            self._open[name] -= 1
