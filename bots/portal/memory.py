"""What was kept of an account's last session, for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from playwright.async_api import Page

from bots.portal.stores import stored

LONGEST = timedelta(hours=8)  # then a session is begun anew, however busy it was


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """A signed-in session as the browser holds it, which opens the account: it is never shown.

    ``state`` is Playwright's own (cookies, local storage, IndexedDB), ``tab`` the session storage
    by origin.
    """

    state: Any
    tab: Mapping[str, Mapping[str, str]]
    signed_in_at: datetime
    used_at: datetime

    def may_serve(self, minutes: int, now: datetime) -> bool:
        """Whether it was used within ``minutes`` and begun within a working day."""
        fresh = self.used_at <= now < self.used_at + timedelta(minutes=minutes)
        return fresh and now < self.signed_in_at + LONGEST


class SessionKeep(Protocol):
    """Where one account's session lies between two runs; ``login`` is what it was opened with."""

    def load(self, login: Mapping[str, str]) -> Kept | None:
        """What was kept for this very login; what is not for it, or damaged, is dropped."""

    def save(self, kept: Kept, login: Mapping[str, str]) -> None:
        """Keep a session instead of the one before. Raises OSError when there is no room."""

    def drop(self) -> None:
        """Keep nothing."""


@dataclass(slots=True, repr=False)
class Memory:
    """One session's place in the ``keep``, if there is one, and since when it has been open."""

    keep: SessionKeep | None = None
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    _login: Mapping[str, str] = field(default_factory=dict)

    async def load(self, login: Callable[[], Awaitable[Mapping[str, str]]]) -> Kept | None:
        """What the run before left open for this very ``login``."""
        if self.keep is None:
            return None
        self._login = await login()
        kept = await asyncio.to_thread(self.keep.load, self._login)
        if kept is not None:
            self.begun = kept.signed_in_at
        return kept

    async def save(self, page: Page) -> bool:
        """Keep the session of ``page``; False without place or room. Raises Playwright's Error."""
        if self.keep is None:
            return False
        kept = Kept(*await stored(page), self.begun, datetime.now(UTC))
        with suppress(OSError):
            await asyncio.to_thread(self.keep.save, kept, self._login)
            return True
        return False

    def drop(self) -> None:
        """Keep nothing."""
        if self.keep is not None:
            self.keep.drop()

    def forget(self, login: Mapping[str, str]) -> None:
        """Keep nothing of what was; what is kept next belongs to ``login``."""
        self.drop()
        self._login = login
