"""The page language's verbs: a profile's steps become Playwright's actions, nothing more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import Literal, cast

from playwright.async_api import Error, FrameLocator, Page, expect
from playwright.async_api import Locator as PageLocator
from playwright.async_api import TimeoutError as PlaywrightTimeout

from billing.errors import CodeAsked, SessionEnded, TryLater, UnknownPage
from billing.report import Drift
from bots.page_language import (
    Choose,
    Fill,
    Interruption,
    Locator,
    Steps,
)
from bots.portal.capture import ONE_LOOK_SECONDS
from bots.portal.traffic import Traffic, is_failure
from bots.portal.words import Words, fill_in, same_typed

ABOUT_ROWS = re.compile(r"\{row\.")
ABOUT_OURS = re.compile(r"\{(claim|visit|range)\.")
INTERRUPTIONS_AT_MOST = 5
FOLDS_AT_MOST = 100
SOONEST_LOOK, LATEST_LOOK = 0.01, 0.2  # seconds between looks: each twice the one before
LAST_LOOK_SECONDS = 2  # this machine's own time, however little of the answer's is left
KIND_OF_LIST = """e => e instanceof HTMLSelectElement ? "select"
    : e instanceof HTMLInputElement && !e.readOnly ? "typed" : "opened"
"""
VALUES = "found => found.map(e => typeof e.value === 'string' ? e.value : null)"
REFUSED_TEXT = re.compile("Malformed value|Cannot type text into|not an <input>")


@dataclass(slots=True)
class Hand:
    """A page, its portal's address, how long to wait, and the drift seen on the way.

    Every wait also watches for the signs in ``ended`` and ``code_asked``: SessionEnded or CodeAsked
    is raised when one shows. Where a wait ends and a sign in ``down`` shows instead, TryLater is
    raised. What shows of ``interruptions`` meanwhile is passed as the profile
    says. As many as ``alike`` elements may answer to a locator that names a row's word: the first
    of them is meant. What was ``lost`` is drift too, unless the portal had failed. ``traffic``
    tells when the portal has answered.
    """

    page: Page
    address: str
    answer_ms: float
    ended: Sequence[Locator] = ()
    down: Sequence[Locator] = ()
    code_asked: Sequence[Locator] = ()
    interruptions: Sequence[Interruption] = ()
    alike: int = 1
    drift: set[Drift] = field(default_factory=set)
    lost: set[Drift] = field(default_factory=set)
    passing: Interruption | None = None
    traffic: Traffic = field(default_factory=Traffic)

    async def take(self, steps: Steps, words: Words) -> None:
        """Do ``steps`` in order; placeholders are filled from ``words``.

        Raises UnknownPage when an element is missing, stands there twice or does not take what is
        typed, TryLater when the portal cannot be reached.
        """
        typed: list[asyncio.Task[None]] = []
        for step in steps:
            if step.fill is None and step.type is None:
                await _done(typed)
            if step.go is not None:
                await self.go(step.go)
            elif step.click is not None:
                await self.click(step.click, words)
            elif step.expect is not None:
                await self.one(step.expect, words)
            elif step.gone is not None:
                await self.gone(step.gone, words)
            elif step.hover is not None:
                await (await self.one(step.hover, words)).hover(timeout=self.answer_ms)
            elif step.unfold is not None:
                await self._unfold(step.unfold, words)
            elif step.check is not None:
                await (await self.one(step.check, words)).check(timeout=self.answer_ms)
            elif step.press is not None:
                target = await self.one((step.press,), words)
                await target.press(step.press.key, timeout=self.answer_ms)
            elif step.choose is not None:
                await self._choose(step.choose, words)
            elif (blank := step.fill or step.type) is not None:
                typed.append(await self._write(blank, words, by_key=step.type is not None))
        await _done(typed)

    async def _write(self, blank: Fill, words: Words, *, by_key: bool) -> asyncio.Task[None]:
        """Fill a field, or empty it and strike key by key; a task that sees it hold the text."""
        field, text = await self.one((blank,), words), fill_in(blank.value, words)
        if by_key:
            await field.click(timeout=self.answer_ms)
            await field.press("Control+a", timeout=self.answer_ms)
            await field.press("Delete", timeout=self.answer_ms)
            await field.press_sequentially(text, timeout=self.answer_ms)
        else:
            await self._fill(blank, field, text)
        held = asyncio.create_task(_require_held(blank, field, text))
        held.add_done_callback(lambda task: task.cancelled() or task.exception())  # it may be moot
        return held

    async def _fill(self, blank: Fill, field: PageLocator, text: str) -> None:
        try:
            await field.fill(text, timeout=self.answer_ms)
        except PlaywrightTimeout:
            raise
        except Error as error:
            if REFUSED_TEXT.search(str(error)):
                raise UnknownPage(
                    f"{blank} does not take a text spelled like that; a date field wants "
                    "|%Y-%m-%d, a number field |digits"
                ) from error
            raise

    async def _choose(self, listed: Choose, words: Words) -> None:
        """Choose by the text a person sees: in a <select>, or among the options a click opens."""
        target, text = await self.one((listed,), words), fill_in(listed.value, words)
        kind = str(await target.evaluate(KIND_OF_LIST))
        if kind == "select":
            await target.select_option(label=text, timeout=self.answer_ms)
            return
        await target.click(timeout=self.answer_ms)
        if kind == "typed":
            await target.press("Control+a", timeout=self.answer_ms)
            await target.press_sequentially(text, timeout=self.answer_ms)
        offered = listed.option or Locator(role="option", name=text, frame=listed.frame)
        await (await self.one((offered,), words)).click(timeout=self.answer_ms)

    async def _unfold(self, ways: Sequence[Locator], words: Words) -> None:
        """Click each of ``ways`` that is there, until none is left; often there is none."""
        for _ in range(FOLDS_AT_MOST):
            folded = self.any_of(ways, words)
            if not await folded.count():
                return
            await folded.first.click(timeout=self.answer_ms)
        raise UnknownPage(f"{ways[0]} is still there after {FOLDS_AT_MOST} clicks")

    async def go(self, path: str) -> None:
        """Load ``path`` of the portal. Raises TryLater when it cannot be reached or is down."""
        try:
            response = await self.page.goto(
                self.address + path, timeout=self.answer_ms, wait_until="domcontentloaded"
            )
        except PlaywrightTimeout as error:
            raise TryLater(
                f"{self.address} did not answer in {self.answer_ms / 1000:.0f} s"
            ) from error
        except Error as error:
            raise TryLater(f"{self.address} cannot be reached ({_net_error(error)})") from error
        if response is not None and is_failure(response.status):
            raise TryLater(f"{self.address} answers HTTP {response.status} instead of its page")

    async def click(self, ways: Sequence[Locator], words: Words | None = None) -> None:
        """Click the one element that ``ways`` point at."""
        await (await self.one(ways, words)).click(timeout=self.answer_ms)

    async def one(self, ways: Sequence[Locator], words: Words | None = None) -> PageLocator:
        """The one visible element that ``ways`` point at; a way that is not the first is drift."""
        found = await self._there(ways, words)
        if found is None:
            try:
                await self.seen(ways, words=words)
            except UnknownPage:
                self.lost.add(Drift(str(ways[0])))
                raise
            found = await self._there(ways, words)
        if found is None:
            raise UnknownPage(f"{ways[0]} is no longer on the page")
        return found

    async def _there(self, ways: Sequence[Locator], words: Words | None) -> PageLocator | None:
        for n, way in enumerate(ways):
            found = self.find(way, words).filter(visible=True)
            count = await found.count()
            alike = self.alike if ABOUT_ROWS.search(str(way)) else 1
            if count > alike:
                raise UnknownPage(
                    f"{way} points at {count} elements; make the locator more precise"
                )
            if count:
                if n:
                    self.drift.add(Drift(str(ways[0]), str(way), n + 1))
                return found.first if count > 1 else found
        return None

    async def seen(self, ways: Sequence[Locator], *, words: Words | None = None) -> None:
        """Wait until one of ``ways`` is visible, and pass what stands in the way meanwhile."""
        wanted = self.any_of(ways, words)
        either = wanted
        for over in filter(None, (self.ended, self.code_asked)):
            either = either.or_(self.any_of(over))
        for interruption in self.interruptions:
            either = either.or_(self.any_of(interruption.when))
        for _ in range(INTERRUPTIONS_AT_MOST + 1):
            if not await self._comes_true(lambda: either.count()):
                if any([await self.shows((way,)) for way in self.down]):  # in whichever frame
                    raise TryLater(f"{self.address} says that it is closed for now")
                raise UnknownPage(
                    f"{ways[0]} is not on the page after {self.answer_ms / 1000:.0f} s; the portal "
                    "may have changed, compare it with the profile"
                )
            there, interrupted = await asyncio.gather(wanted.count(), self._interrupted())
            if not there:
                await self.require_inside()
            if not interrupted:
                return
        raise UnknownPage("the portal shows one message after another instead of its page")

    async def _comes_true(self, look: Callable[[], Awaitable[object]]) -> bool:
        """Whether ``look`` sees it in time.

        It looks when the portal has answered; Playwright's waiting looks twice a second.
        """
        deadline, pause = monotonic() + self.answer_ms / 1000, SOONEST_LOOK
        while True:
            self.traffic.heard.clear()
            left = deadline - monotonic()
            with suppress(TimeoutError):  # one that begins while the page goes away may never end
                async with asyncio.timeout(min(max(left, LAST_LOOK_SECONDS), ONE_LOOK_SECONDS)):
                    if await look():
                        return True
            if left <= 0:
                return False
            wait = LATEST_LOOK if self.traffic.under_way else pause
            heard = await self.traffic.news(min(wait, left))
            pause = SOONEST_LOOK if heard else min(2 * pause, LATEST_LOOK)

    async def require_inside(self) -> None:
        """Raise SessionEnded or CodeAsked where the page shows that."""
        if self.ended and await self.shows(self.ended):
            raise SessionEnded("the portal ended the session")
        if self.code_asked and await self.shows(self.code_asked):
            raise CodeAsked("the portal asks for another code in the middle of the session")

    async def which(self, signs: Mapping[str, Sequence[Locator]]) -> set[str]:
        """Wait until any of ``signs`` is visible, and the page is there to its end; the names of
        all that are. Raises UnknownPage when none is by the profile's deadline."""
        await self.seen([way for locators in signs.values() for way in locators])
        await self._whole()
        if seen := await self.shown(signs):
            return seen
        raise UnknownPage("the page changed while it was looked at")

    async def mind(self, interruptions: Sequence[Interruption]) -> None:
        """Pass ``interruptions`` from now on, also where one covers what is to be clicked."""
        self.interruptions = interruptions
        for interruption in interruptions:
            await self.page.add_locator_handler(
                self.any_of(interruption.when).first,
                partial(self._covered, interruption),
                no_wait_after=True,
            )

    async def _interrupted(self) -> bool:
        """Whether something stood in the way; it has been passed."""
        for interruption in self.interruptions:
            if await self.shows(interruption.when):
                # waiting runs the page's own handler; a click here as well would find it gone
                await self.gone(interruption.when)
                return True
        return False

    async def _covered(self, interruption: Interruption, _: object = None) -> None:
        """Called when one covers what is to be clicked, its own button while it is passed too."""
        if interruption is not self.passing:
            await self._pass(interruption)

    async def _pass(self, interruption: Interruption) -> None:
        before, self.passing = self.passing, interruption
        hand = replace(self, interruptions=())
        try:
            await hand.take(interruption.steps, {})
            await hand.gone(interruption.when)
        finally:
            self.passing = before

    async def gone(self, ways: Sequence[Locator], words: Words | None = None) -> None:
        """Wait until none of ``ways`` is visible."""
        try:
            await expect(self.any_of(ways, words)).to_have_count(0, timeout=self.answer_ms)
        except AssertionError as error:
            raise UnknownPage(
                f"{ways[0]} is still on the page after {self.answer_ms / 1000:.0f} s; the portal "
                "may have changed, compare it with the profile"
            ) from error

    def any_of(self, ways: Sequence[Locator], words: Words | None = None) -> PageLocator:
        """A locator for whichever of ``ways`` is visible."""
        either = self.find(ways[0], words).filter(visible=True)
        for way in ways[1:]:
            either = either.or_(self.find(way, words).filter(visible=True))
        return either

    async def shows(self, ways: Sequence[Locator]) -> bool:
        """Whether any of ``ways`` is visible right now."""
        return await self.any_of(ways).count() > 0

    async def shown(self, signs: Mapping[str, Sequence[Locator]]) -> set[str]:
        """The names of all ``signs`` that are visible right now."""
        found = await asyncio.gather(*map(self.shows, signs.values()))
        return {name for name, there in zip(signs, found, strict=True) if there}

    async def changed(self, ways: Sequence[Locator], before: str) -> None:
        """Wait until the element's text is no longer ``before``."""
        element = self.any_of(ways)

        async def is_another() -> bool:
            try:
                texts = await element.all_inner_texts()
            except Error:
                if self.page.is_closed():
                    raise
                return False  # it is on its way to the next page
            return bool(texts) and texts[0].split() != before.split()

        if not await self._comes_true(is_another):
            raise UnknownPage(f"{ways[0]} did not change after turning the page")
        await self._whole()

    async def _whole(self) -> None:
        """Wait for what the portal owes: a sign may show before the end of its page has come."""
        await self.traffic.quiet(self.answer_ms / 1000, 0)

    def find(self, way: Locator, words: Words | None = None) -> PageLocator:
        """Playwright's locator for ``way``: lazy, so the element need not be there yet."""

        def filled(text: str) -> str:
            return fill_in(text, words) if words is not None else text

        root: Page | FrameLocator = self.page
        for frame in way.frame:
            root = root.frame_locator(frame)
        if way.inside is None:
            return self._way(root, way, filled)
        return self._way(self._way(root, way.inside, filled).filter(visible=True), way, filled)

    def _way(
        self, root: Page | FrameLocator | PageLocator, way: Locator, filled: Callable[[str], str]
    ) -> PageLocator:
        if way.role is not None:
            role = cast("Literal['button']", way.role)
            name = filled(way.name) if way.name is not None else None
            found = root.get_by_role(role, name=name, exact=way.exact)
        elif way.label is not None:
            found = root.get_by_label(filled(way.label), exact=way.exact)
        elif way.text is not None:
            found = root.get_by_text(filled(way.text), exact=way.exact)
        elif way.placeholder is not None:
            found = root.get_by_placeholder(filled(way.placeholder), exact=way.exact)
        elif way.title is not None:
            found = root.get_by_title(filled(way.title), exact=way.exact)
        elif way.test_id is not None:
            found = root.get_by_test_id(filled(way.test_id))
        else:
            found = root.locator(filled(str(way.css)))
        return found if way.containing is None else found.filter(has_text=filled(way.containing))


async def _done(tasks: list[asyncio.Task[None]]) -> None:
    waiting = tasks.copy()
    tasks.clear()
    await asyncio.gather(*waiting)


async def _require_held(blank: Fill, field: PageLocator, text: str) -> None:
    if ABOUT_OURS.search(blank.value) and not same_typed(text, await _value(field)):
        raise UnknownPage(
            f"{blank} did not take what was typed there; the portal may have changed, compare "
            "it with the profile"
        )


async def _value(field: PageLocator) -> str | None:
    (held,) = await field.evaluate_all(VALUES) or (None,)
    return None if held is None else str(held)


def _net_error(error: Error) -> str:
    text = str(error)
    start = text.find("net::")
    return text[start:].split()[0] if start >= 0 else "the page went away"
