"""One signed-in session of one payer account: in with care, out in ``finally``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

import pyotp
from playwright.async_api import BrowserContext, Error, Page, Playwright, Response, async_playwright

from billing.errors import (
    NeedsPerson,
    SessionEnded,
    StopAccount,
    TryLater,
    UnknownPage,
)
from bots.page_language import Locators
from bots.portal.browser import Browser, launch_options
from bots.portal.guard import Guard, host_of
from bots.portal.verbs import Hand
from bots.profile import Profile

TOTP_SECONDS = 30
TOTP_MARGIN = 3  # a code is not typed in its last seconds: it would expire on the way
PAGES_TO_SIGN_IN = 8
ORDER = ("refused", "locked", "second", "interstitial", "signed")


class LoginBook(Protocol):
    """The ledger's side of a login: what was tried is remembered before it is tried."""

    def attempt(self) -> datetime | None:
        """Note an attempt, committed before the submit; the instant of the attempt before it.

        Raises StopAccount when the account's budget does not allow another one.
        """

    def result(self, *, accepted: bool) -> None:
        """Note how the attempt ended."""


@dataclass
class PortalSession:
    """An async context manager: signed in inside, signed out after.

    ``address`` is where the portal answers. ``secret`` gives a secret of this payer by name.
    Raises TryLater, StopAccount, NeedsPerson or UnknownPage from entering.
    """

    profile: Profile
    address: str
    browser: Browser
    secret: Callable[[str], str]
    logins: LoginBook
    hand: Hand = field(init=False)
    guard: Guard = field(init=False)
    _playwright: Playwright | None = field(init=False, default=None)
    _context: BrowserContext | None = field(init=False, default=None)
    _responses: dict[str, Response] = field(init=False, default_factory=dict)
    _signed_in: bool = field(init=False, default=False)

    async def __aenter__(self) -> Self:
        hosts = [host_of(self.address), *self.profile.file.portal.hosts]
        self.guard = Guard(frozenset(hosts), self.profile.file.session.may_post)
        self._playwright = await async_playwright().start()
        try:
            chromium = await self._playwright.chromium.launch(**launch_options(self.browser, hosts))
            self._context = await chromium.new_context(
                service_workers="block",
                locale="en-US",
                viewport={"width": 1280, "height": 1400},
                accept_downloads=True,
            )
            await self.guard.stand(self._context)
            page = await self._context.new_page()
            page.on("response", self._remember)
            answer_ms = self.profile.file.session.answer_seconds * 1000
            self.hand = Hand(page, self.address, answer_ms)
            await self.sign_in()
        except BaseException as error:
            await self._close()
            if isinstance(error, Error):
                raise TryLater(
                    f"The browser stopped while signing in to {self.profile.id}"
                ) from error
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.sign_out()
        finally:
            await self._close()

    @property
    def page(self) -> Page:
        """The page the bot works on."""
        return self.hand.page

    @property
    def context(self) -> BrowserContext:
        """The browser context, with the session's cookies."""
        if self._context is None:
            raise RuntimeError("the session is not open")
        return self._context

    async def sign_in(self) -> None:
        """Sign in once. The attempt is on record before anything is submitted."""
        login = self.profile.file.login
        name = self.profile.id
        words = {
            "secret.username": self.secret("username"),
            "secret.password": self.secret("password"),
        }
        await self.hand.go(login.start)
        before = self.logins.attempt()
        await self.hand.take(login.steps, words)
        signs: dict[str, Locators] = {
            "refused": login.refused_when,
            "signed in": login.signed_in_when,
        }
        if login.locked_when:
            signs["locked"] = login.locked_when
        if login.second_factor:
            signs["second factor"] = login.second_factor.asked_when
        for n, page in enumerate(login.interstitials):
            signs[f"interstitial {n}"] = page.when
        for _ in range(PAGES_TO_SIGN_IN):
            seen = await self.settle(signs)
            # a message over the menu is answered before the menu counts as reached
            first = min(seen, key=lambda sign: ORDER.index(sign.split()[0]))
            if first == "signed in":
                self.logins.result(accepted=True)
                self._signed_in = True
                self.hand.ended = self.profile.file.session.ended_when
                return
            if first in ("refused", "locked"):
                self.logins.result(accepted=False)
                said = "refused the login" if first == "refused" else "says the account is locked"
                raise StopAccount(
                    f"{name} {said}; a person should check the password before a bot signs in again"
                )
            del signs[first]
            if first == "second factor" and login.second_factor:
                await self.hand.take(
                    login.second_factor.steps, {"secret.code": await self._totp(before)}
                )
            else:
                await self.hand.take(login.interstitials[int(first.split()[1])].steps, {})
        raise NeedsPerson(
            f"{name} shows one page after another instead of signing in; a person should look"
        )

    async def _totp(self, last_login: datetime | None) -> str:
        """A code of a time step that no earlier login has used: portals accept each once."""
        totp = pyotp.TOTP(self.secret("totp"))
        used = int(last_login.timestamp()) // TOTP_SECONDS if last_login else 0
        while True:
            now = datetime.now(UTC).timestamp()
            step, into = int(now) // TOTP_SECONDS, now % TOTP_SECONDS
            if step > used and into < TOTP_SECONDS - TOTP_MARGIN:
                return totp.at(int(now))
            await asyncio.sleep(TOTP_SECONDS - into)

    async def settle(self, signs: Mapping[str, Locators]) -> set[str]:
        """Wait until any of ``signs`` is visible; the names of all that are.

        Raises UnknownPage when none is by the profile's deadline.
        """
        ways = [way for locators in signs.values() for way in locators]
        await self.hand.seen(ways)
        seen = {name for name, locators in signs.items() if await self.hand.shows(locators)}
        if not seen:
            raise UnknownPage(f"{self.profile.id}: the page changed while it was looked at")
        return seen

    async def sign_out(self) -> None:
        """Sign out as a person would; a portal that is gone already is left alone."""
        if not self._signed_in:
            return
        self._signed_in = False
        with suppress(UnknownPage, TryLater, SessionEnded, Error):
            if not await self.hand.shows(self.profile.file.session.ended_when):
                await self.hand.take(self.profile.file.session.logout, {})

    async def renew(self) -> None:
        """Sign in again after the portal ended the session by itself."""
        self._signed_in = False
        self.hand.ended = ()
        await self.context.clear_cookies()
        await self.sign_in()

    def forget_responses(self) -> None:
        """Only what loads from now on counts."""
        self._responses.clear()

    async def response_body(self, pattern: str) -> bytes:
        """The body of the newest JSON response whose path matches ``pattern``."""
        response = self._responses.get(pattern)
        if response is None:
            raise UnknownPage(f"{self.profile.id}: no response from {pattern} came with the page")
        return await response.body()

    def _remember(self, response: Response) -> None:
        pattern = self.profile.file.tasks.claim_status.rows.response
        if pattern and fnmatchcase(urlsplit(response.url).path, pattern) and response.ok:
            self._responses[pattern] = response

    async def _close(self) -> None:
        if self._playwright is None:
            return
        with suppress(Error):
            if self._context is not None and self._context.browser is not None:
                await self._context.browser.close()
        await self._playwright.stop()
        self._playwright = None
