"""One signed-in session of one payer account: in with care, out in ``finally``."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from playwright.async_api import BrowserContext, Error, Page, Playwright
from playwright.async_api import TimeoutError as PlaywrightTimeout

from billing.errors import (
    BrowserLost,
    LoginCutOff,
    LoginNotBefore,
    PortalError,
    SessionEnded,
    TryLater,
    UnknownPage,
)
from bots.portal.boxes import MessageBoxes
from bots.portal.browser import Browser, launch_options, start_playwright, stop_playwright
from bots.portal.capture import STEADY_AT_MOST, capture_page, capture_steady
from bots.portal.doorway import PAGES_TO_SIGN_IN, Attempt, Doorway, LoginBook
from bots.portal.guard import Guard, host_of
from bots.portal.memory import Kept, Memory
from bots.portal.second_factor import AskPerson, Codes, codes_of
from bots.portal.stores import empty_stores, put_back
from bots.portal.temporary import private_folder
from bots.portal.traffic import CHAIN_SECONDS, Traffic
from bots.portal.verbs import Hand
from bots.portal.weight import Weight
from bots.profile import Profile

CODES_TO_SIGN_IN = 2
OPEN_SECONDS, CLOSE_SECONDS = 120, 15  # a browser that dies then may never be told of
TABS_AT_MOST = 6
SIGN_OUT_WAITS = 3


@dataclass
class PortalSession:
    """An async context manager: signed in inside, signed out after.

    ``address`` is where the portal answers. ``secret`` gives a secret of this payer by name, and
    may take its time. ``ask_person`` gets a code from a person, where there may be one. With a
    keep in its ``memory`` a session that ends well is left open for the next run. ``left_open`` is
    when one could not be signed out of, by the monotonic clock.
    Raises TryLater, LoginCutOff, StopAccount, NeedsPerson or UnknownPage from entering.
    """

    profile: Profile
    address: str
    browser: Browser
    secret: Callable[[str], str]
    logins: LoginBook
    ask_person: AskPerson | None = None
    memory: Memory = field(default_factory=Memory)
    reused: bool = field(init=False, default=False)
    left_open: float | None = field(init=False, default=None)
    hand: Hand = field(init=False)
    guard: Guard = field(init=False)
    traffic: Traffic = field(init=False, default_factory=Traffic)
    boxes: MessageBoxes = field(init=False, default_factory=MessageBoxes)
    weight: Weight = field(init=False)
    _downloads: tempfile.TemporaryDirectory[str] = field(init=False)
    _closing: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _playwright: Playwright | None = field(init=False, default=None)
    _context: BrowserContext | None = field(init=False, default=None)
    _signed_in: bool = field(init=False, default=False)
    _attempt: Attempt = field(init=False)
    _doorway: Doorway = field(init=False)

    def __post_init__(self) -> None:
        self._attempt = Attempt(self.logins)

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is not None or not await self._kept():
                await self.sign_out()
        finally:
            await self._close()

    async def _open(self) -> None:
        rules = self.profile.file.session
        hosts = [host_of(self.address), *self.profile.file.portal.hosts]
        self.guard = Guard(frozenset(hosts), rules.may_post, rules.not_loaded)
        before = await self.memory.load(self._login_words)
        self._downloads = tempfile.TemporaryDirectory(
            dir=private_folder(), ignore_cleanup_errors=True
        )
        weight = self.weight = Weight(Path(self._downloads.name))
        self._playwright = await start_playwright()
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                options = launch_options(self.browser, hosts)
                options["args"].append(weight.mark)
                options["downloads_path"] = weight.downloads
                chromium = await self._playwright.chromium.launch(**options)
                self.weight.watch()
                self._context = await chromium.new_context(
                    service_workers="block",
                    locale="en-US",
                    viewport={"width": 1280, "height": 1400},
                    accept_downloads=True,
                    storage_state=before.state if before else None,
                )
                await self.guard.stand(self._context)
                self.traffic.background = rules.background
                self.traffic.watch(self._context)
                self.boxes.watch(self._context)
                page = self.guard.tab = await self._context.new_page()
                page.on("popup", self._popped_up)
                self.traffic.remember(page)
                wait, down = rules.answer_seconds * 1000, rules.down_when or ()
                self.hand = Hand(page, self.address, wait, down=down, traffic=self.traffic)
                await self.hand.mind(rules.interruptions)
            if before is None or not await self._resume(before):
                await self.sign_in()
        except BaseException as error:
            try:
                await self._leave_half_way()
            finally:
                await self._close()
            if isinstance(error, (Error, TimeoutError)):
                raise TryLater(f"{self.profile.id}: the browser did not start") from error
            raise

    @property
    def page(self) -> Page:
        """The page the bot works on."""
        return self.hand.page

    def lost(self) -> BrowserLost:
        """That the browser hangs or is gone, and why where that is known."""
        why = self.weight.too_heavy or "the browser or the connection was lost"
        return BrowserLost(f"{self.profile.id}: {why}")

    def _popped_up(self, tab: Page) -> None:
        """A tab is let be where a document may come in it; any other a page opened for itself."""
        tab.on("popup", self._popped_up)
        if not self.guard.expects_document or len(self.context.pages) > TABS_AT_MOST:
            closing = asyncio.create_task(_shut(tab))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    @property
    def context(self) -> BrowserContext:
        """The browser context, with the session's cookies."""
        if self._context is None:
            raise RuntimeError("the session is not open")
        return self._context

    async def sign_in(self) -> None:
        """Sign in once. The attempt is on record before anything is submitted, and not sooner.

        Raises LoginCutOff when the portal fails after that: it may count the attempt.
        """
        login = self.profile.file.login
        words = await self._login_words()
        self.memory.forget(words)
        self.guard.secret = words["secret.password"]
        codes = await self._build_doorway()
        if codes is not None:
            await codes.ready()
        submit = next((n for n, step in enumerate(login.steps) if step.click), 0)
        seconds = PAGES_TO_SIGN_IN * self.hand.answer_ms / 1000
        seconds += CODES_TO_SIGN_IN * codes.seconds if codes else 0
        failed: type[PortalError] = TryLater
        self.traffic.forget()
        try:
            async with asyncio.timeout(seconds):
                await self.hand.go(login.start)
                await self.hand.take(login.steps[:submit], words)
                self._doorway.used_until = self._attempt.begin()
                failed = LoginCutOff
                await self.hand.take(login.steps[submit:], words)
                await self._doorway.pass_through()
                self.memory.begun = datetime.now(UTC)
                await self._is_in()
        except TimeoutError as error:
            raise failed(f"{self.profile.id}: signing in took over {seconds:.0f} s") from error
        except TryLater as error:
            if isinstance(error, LoginNotBefore):
                raise
            raise (failed if self._attempt.waits else TryLater)(str(error)) from error
        except (UnknownPage, PlaywrightTimeout) as error:
            failure = self.traffic.failure()
            if failure is not None:
                raise failed(f"{self.profile.id}: {failure}") from error
            if isinstance(error, UnknownPage):
                raise
            raise UnknownPage(f"{self.profile.id}: the login form did not react") from error
        except Error as error:
            raise failed(f"{self.profile.id}: the browser stopped while signing in") from error
        await self._kept()  # for the next run, should this one be killed

    async def _build_doorway(self) -> Codes | None:
        """Make the doorway; where the codes come from, if the portal asks for any."""
        login, codes = self.profile.file.login, None
        if login.second_factor is not None:
            codes = await codes_of(
                self.profile.id,
                login.second_factor,
                self._told,
                self.ask_person,
                self.logins.now,
            )
        self._doorway = Doorway(
            self.profile.id, login, self.hand, self.traffic, self._attempt, codes
        )
        return codes

    async def _is_in(self) -> None:
        self._signed_in = True
        self.hand.ended = self.profile.file.ended_when
        factor = self.profile.file.login.second_factor
        self.hand.code_asked = (factor and factor.step_up_when) or ()
        await self._doorway.inside()

    async def _login_words(self) -> Mapping[str, str]:
        return {f"secret.{one}": await self._told(one) for one in ("username", "password")}

    async def _told(self, name: str) -> str:
        """A secret; the program that keeps it is not waited for on the event loop."""
        return await asyncio.to_thread(self.secret, name)

    async def confirm(self) -> None:
        """Give the code that the portal asks for in the middle of the session, once.

        Raises NeedsPerson when there is none, StopAccount when it is refused, LoginCutOff when
        the portal fails to judge it.
        """
        name, asked, self.hand.code_asked = self.profile.id, self.hand.code_asked, ()
        seconds = PAGES_TO_SIGN_IN * self.hand.answer_ms / 1000
        seconds += self._doorway.codes.seconds if self._doorway.codes else 0
        try:
            async with asyncio.timeout(seconds):
                await self._doorway.confirm()
        except (SessionEnded, TimeoutError, Error) as error:
            failed = LoginCutOff if self._attempt.waits else TryLater
            raise failed(f"{name} asked for another code and did not judge it") from error
        finally:
            self.hand.code_asked = asked

    async def sign_out(self) -> None:
        """Sign out as a person would; a portal that is gone already is left alone.

        From a page without the way out (an error page), through the page where work begins.
        """
        if not self._signed_in:
            return
        self._signed_in = False
        self.memory.drop()
        with suppress(UnknownPage, TryLater, SessionEnded, Error, TimeoutError):
            self.hand.code_asked = ()
            async with asyncio.timeout(SIGN_OUT_WAITS * self.hand.answer_ms / 1000):
                if self.hand.ended and await self.hand.shows(self.hand.ended):
                    return
                if not await self._shows_the_way_out():
                    await self.hand.go(self._where_work_begins())
                await self.hand.take(self.profile.file.session.logout, {})
                return
        self.left_open = monotonic()

    async def _resume(self, before: Kept) -> bool:
        """Go on in the session that the run before left; False when the portal has ended it.

        One that is no longer to be used is left properly first.
        """
        reuse, seen = self.profile.file.session.reuse, False
        with suppress(UnknownPage, TryLater, Error):
            if reuse is not None:
                await put_back(self.page, before.tab)
                await self.hand.go(reuse.start)
                inside = self.profile.file.login.signed_in_when
                await self.hand.seen((*inside, *self.profile.file.ended_when))
                seen = not await self.hand.shows(self.profile.file.ended_when)
        if seen:
            await self._build_doorway()
            await self._is_in()
            if reuse is not None and before.may_serve(reuse.minutes, datetime.now(UTC)):
                self.reused = True
                return True
            await self.sign_out()
        await self._forget_page()
        return False

    async def _kept(self) -> bool:
        """Keep the session for the next run, where that is wanted and it is still open."""
        if self.memory.keep is None or not self._signed_in:
            return False
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(self.hand.answer_ms / 1000):  # the page may hang
                if not await self.hand.shows(self.hand.ended):
                    return await self.memory.save(self.page)
        return False

    async def _leave_half_way(self) -> None:
        """A login that was stopped may be through already: the page's way out tells."""
        try:
            if self._attempt.waits:
                with suppress(Error, TimeoutError):
                    async with asyncio.timeout(self.hand.answer_ms / 1000):  # the page may hang
                        await self.page.wait_for_load_state("domcontentloaded", timeout=0)
                        if await self._shows_the_way_out():
                            self._signed_in = True
                            self._attempt.judged(accepted=True)
        finally:  # also where that cannot be written down
            await self.sign_out()

    async def _shows_the_way_out(self) -> bool:
        ways = [step.click for step in self.profile.file.session.logout if step.click]
        return bool(ways) and await self.hand.shows(ways[0])

    def _where_work_begins(self) -> str:
        search = self.profile.file.tasks.claim_status.search
        return next((step.go for step in search if step.go), self.profile.file.login.start)

    async def renew(self) -> None:
        """Sign in again after the portal ended the session by itself."""
        await self._forget_page()
        await self.sign_in()

    async def _forget_page(self) -> None:
        self._signed_in = self.reused = False
        self.hand.ended = self.hand.code_asked = ()
        try:
            await empty_stores(self.page, self.address, self.guard.hosts)
        except Error as error:
            raise TryLater(f"{self.profile.id}: the browser stopped") from error

    async def leave(self) -> None:
        """Give up a browser that hangs, signed out of from a page of its own where one opens."""
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(self.hand.answer_ms / 1000):
                self.hand.page = self.guard.tab = await self.context.new_page()
        try:
            await self.sign_out()
        finally:
            await self._close()

    async def replace(self) -> None:
        """Sign in again in another browser, after ``leave``.

        Raises LoginNotBefore, without trying, where the portal takes no login after a session that
        was not signed out of.
        """
        minutes = self.profile.file.login.busy_minutes
        if self.left_open is not None and minutes is not None:
            left = timedelta(minutes=minutes, seconds=self.left_open - monotonic())
            raise LoginNotBefore(self.profile.id, datetime.now(UTC) + left)
        drift = self.hand.drift
        await self._open()
        self.hand.drift |= drift

    async def at_rest(self, moment: float = CHAIN_SECONDS) -> None:
        """Wait until the page has what it asked for, an answer's time at most."""
        await self.traffic.at_rest(self.page, self.profile.file.session.answer_seconds, moment)

    async def rested(self, moment: float = CHAIN_SECONDS) -> bytes:
        """The page at rest, captured: as it was before, or as it is once it no longer changes."""
        before = b""
        with suppress(Error):  # it may be on its way to another page
            before = await capture_page(self.page)
        await self.at_rest(moment)
        return await capture_steady(self.page, STEADY_AT_MOST, before)

    async def _close(self) -> None:
        if self._playwright is None:
            return
        playwright, self._playwright = self._playwright, None
        with suppress(Error, TimeoutError):
            if self._context is not None and self._context.browser is not None:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._context.browser.close()
        self.weight.stop()
        await stop_playwright(playwright)
        self._downloads.cleanup()


async def _shut(tab: Page) -> None:
    with suppress(Error):
        await tab.close()
