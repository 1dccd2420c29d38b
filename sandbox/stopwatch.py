"""When a simulated portal was asked something, how long it lets wait, and when it has answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OURS = "/sandbox/"
SHOWN_AT = "/sandbox/requests"
STILL = "/static/"


@dataclass(slots=True)
class Stopwatch:
    """Notes every request to ``app`` but those to the sandbox itself, from its arrival to the last
    byte of its answer.

    Whatever is asked of it waits ``answer_seconds`` for its answer, files that never change aside.
    A GET of :data:`SHOWN_AT` gives the notes as JSON, and begins new ones. Seconds are those of one
    monotonic clock.
    """

    app: ASGIApp
    answer_seconds: float = 0.0
    _notes: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == SHOWN_AT:
            notes, self._notes = self._notes, []
            await JSONResponse(notes)(scope, receive, send)
        elif scope["path"].startswith(OURS):
            await self.app(scope, receive, send)
        else:
            await self._time(scope, receive, send)

    async def _time(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = ended = monotonic()

        async def pass_on(message: Message) -> None:
            nonlocal ended
            await send(message)
            ended = monotonic()

        try:
            if not scope["path"].startswith(STILL):
                await asyncio.sleep(self.answer_seconds)
            await self.app(scope, receive, pass_on)
        finally:
            note = {"method": scope["method"], "path": scope["path"], "began": began}
            self._notes.append(note | {"ended": max(ended, began)})
