"""The page language's verbs: a profile's steps become Playwright's actions, nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, cast

from playwright.async_api import Error, Page, expect
from playwright.async_api import Locator as PageLocator
from playwright.async_api import TimeoutError as PlaywrightTimeout

from billing.errors import SessionEnded, TryLater, UnknownPage
from billing.model import Claim
from bots.page_language import CLAIM_WORDS, PLACEHOLDER, Locator, Steps
from bots.portal.traffic import is_failure

Words = Mapping[str, object]


@dataclass(slots=True)
class Hand:
    """A page, its portal's address, how long to wait, and the drift seen on the way.

    Every wait also watches for the signs in ``ended``: SessionEnded is raised when one shows.
    """

    page: Page
    address: str
    answer_ms: float
    ended: Sequence[Locator] = ()
    drift: set[str] = field(default_factory=set)

    async def take(self, steps: Steps, words: Words) -> None:
        """Do ``steps`` in order; placeholders are filled from ``words``.

        Raises UnknownPage when an element is missing or stands there twice, TryLater when the
        portal cannot be reached.
        """
        for step in steps:
            if step.go is not None:
                await self.go(step.go)
            elif step.fill is not None:
                await (await self.one((step.fill,))).fill(
                    fill_in(step.fill.value, words), timeout=self.answer_ms
                )
            elif step.choose is not None:
                target = await self.one((step.choose,))
                await target.select_option(
                    label=fill_in(step.choose.value, words), timeout=self.answer_ms
                )
            elif step.click is not None:
                await self.click(step.click, words)
            elif step.expect is not None:
                await self.one(step.expect, words)

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
            await self.seen(ways, words=words)
            found = await self._there(ways, words)
        if found is None:
            raise UnknownPage(f"{ways[0]} is no longer on the page")
        return found

    async def _there(self, ways: Sequence[Locator], words: Words | None) -> PageLocator | None:
        for n, way in enumerate(ways):
            found = self.find(way, words).filter(visible=True)
            count = await found.count()
            if count > 1:
                raise UnknownPage(
                    f"{way} points at {count} elements; make the locator more precise"
                )
            if count:
                if n:
                    self.drift.add(str(way))
                return found
        return None

    async def seen(self, ways: Sequence[Locator], *, words: Words | None = None) -> None:
        """Wait until one of ``ways`` is visible."""
        wanted = self.any_of(ways, words)
        either = wanted.or_(self.any_of(self.ended)) if self.ended else wanted
        try:
            await either.first.wait_for(state="visible", timeout=self.answer_ms)
        except PlaywrightTimeout as error:
            raise UnknownPage(
                f"{ways[0]} is not on the page after {self.answer_ms / 1000:.0f} s; the portal may "
                "have changed, compare it with the profile"
            ) from error
        if self.ended and not await wanted.count() and await self.shows(self.ended):
            raise SessionEnded("the portal ended the session")

    def any_of(self, ways: Sequence[Locator], words: Words | None = None) -> PageLocator:
        """A locator for whichever of ``ways`` is visible."""
        either = self.find(ways[0], words).filter(visible=True)
        for way in ways[1:]:
            either = either.or_(self.find(way, words).filter(visible=True))
        return either

    async def shows(self, ways: Sequence[Locator]) -> bool:
        """Whether any of ``ways`` is visible right now."""
        return await self.any_of(ways).count() > 0

    async def changed(self, ways: Sequence[Locator], before: str) -> None:
        """Wait until the element's text is no longer ``before``."""
        try:
            await expect(self.any_of(ways).first).not_to_have_text(
                before, timeout=self.answer_ms, use_inner_text=True
            )
        except AssertionError as error:
            raise UnknownPage(f"{ways[0]} did not change after turning the page") from error

    def find(self, way: Locator, words: Words | None = None) -> PageLocator:
        """Playwright's locator for ``way``: lazy, so the element need not be there yet."""

        def filled(text: str) -> str:
            return fill_in(text, words) if words is not None else text

        root = self.page.frame_locator(way.frame) if way.frame else self.page
        if way.role is not None:
            role = cast("Literal['button']", way.role)
            if way.name is None:
                return root.get_by_role(role)
            return root.get_by_role(role, name=filled(way.name), exact=way.exact)
        if way.label is not None:
            return root.get_by_label(filled(way.label), exact=way.exact)
        if way.text is not None:
            return root.get_by_text(filled(way.text), exact=way.exact)
        if way.test_id is not None:
            return root.get_by_test_id(filled(way.test_id))
        return root.locator(filled(str(way.css)))


def claim_words(claim: Claim) -> dict[str, object]:
    """The words a profile may use of a claim, as ``claim.<word>``."""
    return {f"claim.{word}": getattr(claim, word) for word in CLAIM_WORDS}


def fill_in(text: str, words: Words) -> str:
    """``text`` with its placeholders replaced: ``{claim.service_from|%m/%d/%Y}``.

    A word the claim lacks becomes the empty text: an optional search field stays empty.
    """

    def value(kind: str, word: str, spelling: str | None) -> str:
        found = words.get(f"{kind}.{word}")
        if isinstance(found, date):
            return found.strftime(spelling or "%m/%d/%Y")
        return "" if found is None else str(found).strip()

    return PLACEHOLDER.sub(lambda m: value(m[1], m[2], m[3]), text)


def _net_error(error: Error) -> str:
    text = str(error)
    start = text.find("net::")
    return text[start:].split()[0] if start >= 0 else "the page went away"
