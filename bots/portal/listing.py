"""What a search lists: its rows on every page, however they come into view, and one row opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from billing.errors import UnknownPage
from billing.model import ClaimStatus
from bots.claim_task import ClaimStatusTask, ListedFile, NextPage
from bots.page_language import Locators
from bots.portal.absence import is_shown
from bots.portal.capture import STEADY_AT_MOST, capture_page, capture_steady
from bots.portal.document import fetch_list
from bots.portal.opened import Sight, see_opened
from bots.portal.session import PortalSession
from bots.portal.traffic import CHAIN_SECONDS, QUIET_SECONDS
from bots.portal.words import Words
from bots.reading.listed import (
    Placed,
    lists_claims,
    numbers_shown,
    read_placed_rows,
    read_rows,
)
from bots.reading.page import counted

MOST_SCROLLS = 2000
END_SECONDS = 1.0  # longer than a list waits at its end before it asks for more
TO_TOP = "e => { (e === document.documentElement ? document.scrollingElement : e).scrollTop = 0 }"
ONWARD = """e => {
  const box = e === document.documentElement ? document.scrollingElement : e;
  const before = box.scrollTop;
  box.scrollTop += Math.max(40, box.clientHeight * 0.8);
  return box.scrollTop !== before;
}"""


@dataclass(slots=True)
class Listing:
    """The results of one search in a session; ``keep`` stores a capture and returns its hash."""

    session: PortalSession
    task: ClaimStatusTask
    keep: Callable[[bytes, str], str]
    _filed: list[ClaimStatus] | None = None
    _unshown: set[ClaimStatus] = field(default_factory=set)
    _turned: bool = False
    _passed: int = 0  # rows of the pages that were read
    _total: int | None = None  # of all pages, where the data says so
    _times: Counter[ClaimStatus] = field(default_factory=Counter)  # on the page, at one time

    async def rows(self) -> tuple[ClaimStatus, ...]:
        """The rows of the page of results that is shown, all of them.

        Raises UnknownPage when they cannot be read, or are not those that the page shows.
        """
        if self.task.rows.response is not None:
            return self._counted(await self._stated_rows())
        await self._ready()
        if self.task.rows.scroll is not None:
            return await self._scrolled_rows(self.task.rows.scroll)
        if self.task.rows.file is not None:
            return await self._filed_rows(self.task.rows.file)
        page = await capture_page(self.session.page)
        self.keep(page, "text/html")
        return self._counted(self._read(page))

    async def placed(self) -> tuple[bytes, tuple[Placed, ...]]:
        """The captured page of results that is shown, a table or an element for each row, and its
        rows with the place of each value. Raises UnknownPage when they cannot be read."""
        await self._ready()
        page = await capture_page(self.session.page)
        placed = read_placed_rows(page, self.task.rows, self._vocabulary)
        self._counted(tuple(status for status, _ in placed))
        return page, placed

    async def _ready(self) -> None:
        if self.session.traffic.by_scripts:  # a page that came whole is at rest
            await self.session.at_rest()
        await self.expand()
        self._times = Counter()

    async def expand(self) -> None:
        """Have the portal add rows until it offers no more."""
        more = self.task.more
        if more is None:
            return
        for clicks in range(MOST_SCROLLS):
            if not await self._offers(more.click, again=clicks > 0):
                return
            before = await capture_page(self.session.page)
            self.session.traffic.stirred()
            await self.session.hand.click(more.click)
            if await self.session.rested(QUIET_SECONDS) == before:
                raise UnknownPage(f"{more.click[0]} adds no rows")
        raise UnknownPage("the results go on without an end")

    async def can_turn(self) -> bool:
        """Whether there is another page of results."""
        pager = self.task.next_page
        if self._total == self._passed:
            return False
        return pager is not None and await self._offers(pager.click, again=self._turned)

    async def turn(self) -> None:
        """To the next page of results; done when their text has changed."""
        pager: NextPage | None = self.task.next_page
        if pager is None:
            raise UnknownPage("the results have more pages than before")
        hand = self.session.hand
        before = await hand.any_of(pager.changes).first.inner_text()
        self.session.traffic.stirred()
        self._turned = True
        await hand.click(pager.click)
        await hand.changed(pager.changes, before)

    async def open(self, row: ClaimStatus, words: Words) -> Sight:
        """Open the claim of ``row``; what it shows, at rest, once it shows an opened claim.

        Of rows that are listed twice, alike in all that is read, the first one is opened.
        """
        hand, task = self.session.hand, self.task
        if await hand.shows(task.opened_when):
            raise UnknownPage("a claim is still open before the next one is opened")
        words = dict(words) | {f"row.{w}": getattr(row, w) for w in task.rows.fields}
        if task.rows.scroll is not None:
            await self._into_view(task.rows.scroll, words)
        traffic = self.session.traffic
        traffic.stirred()
        pages = traffic.pages
        await replace(hand, alike=self._alike(row)).take(task.open, words)
        await hand.seen(task.opened_when)
        # what opens in place may show the claim before for a moment
        moment = QUIET_SECONDS if traffic.pages == pages else CHAIN_SECONDS
        return await see_opened(self.session, task, row.payer_claim_number, moment)

    def _alike(self, row: ClaimStatus) -> int:
        """How often the page lists ``row``; once, if it lists its claim in another way as well."""
        number = row.payer_claim_number
        ways = [listed for listed in self._times if listed.payer_claim_number == number]
        return self._times[row] if len(ways) == 1 else 1

    def _counted(self, rows: tuple[ClaimStatus, ...]) -> tuple[ClaimStatus, ...]:
        self._times |= Counter(rows)  # the most that were there at one time
        return rows

    async def stated_total(self) -> int | None:
        """How many claims the search found, where the data came with all of them: no page can
        bring more. None while that is not known."""
        return self._whole(*await self._listed())

    def _whole(self, bodies: Sequence[bytes], stated: Sequence[ClaimStatus]) -> int | None:
        at, traffic = self.task.rows.total, self.session.traffic
        if at is None or not bodies or traffic.under_way or traffic.failed:
            return None
        total = counted(bodies[0], at)
        return total if total == self._passed + len(stated) else None

    async def _stated_rows(self) -> tuple[ClaimStatus, ...]:
        self._times = Counter()
        page = await capture_page(self.session.page)
        bodies, stated = await self._listed()
        if self._whole(bodies, stated) is None or not _are_shown(stated, page):
            await self._ready()
            page = await capture_page(self.session.page)
            bodies, stated = await self._listed()
        self.keep(page, "text/html")
        for body in bodies:
            self.keep(body, "application/json")
        if not bodies:
            raise UnknownPage(f"no response from {self.task.rows.response} came with the page")
        if not _are_shown(stated, page):
            raise UnknownPage("the page shows other claims than its data lists")
        self._passed += len(stated)
        if self.task.rows.total is not None:
            self._total = counted(bodies[0], self.task.rows.total)
            await self._require_all(self._total)
        return stated

    async def _listed(self) -> tuple[list[bytes], tuple[ClaimStatus, ...]]:
        """The data that list the claims of the page, newest first, and these claims."""
        rows, bodies = self.task.rows, list[bytes]()
        async for body in self.session.traffic.bodies(str(rows.response)):
            if lists_claims(body, rows):
                bodies.append(body)
                if self.task.more is None:
                    break
        return bodies, tuple(row for body in reversed(bodies) for row in self._read(body))

    async def _require_all(self, total: int) -> None:
        """Raise UnknownPage where more than ``total`` were listed, or fewer and no page follows."""
        if self._passed > total or (self._passed < total and not await self.can_turn()):
            raise UnknownPage(f"the search found {total} claims and lists {self._passed}")

    async def _filed_rows(self, wanted: ListedFile) -> tuple[ClaimStatus, ...]:
        """What the file says of the claims on the page that is shown; the file has all pages'."""
        page = await capture_page(self.session.page)
        self.keep(page, "text/html")
        if self._filed is None:
            data = await fetch_list(self.session, wanted.click)
            self.keep(data, "text/csv")
            self._filed = list(self._read(data))
            self._unshown = set(self._filed)
        numbers = Counter(map(_bare, numbers_shown(page, wanted.numbers)))
        shown = tuple(row for row in self._filed if _bare(row.payer_claim_number) in numbers)
        if numbers.keys() - {_bare(row.payer_claim_number) for row in shown}:
            raise UnknownPage(
                "the results show claims that the file lacks; it may have been cut off"
            )
        self._times = Counter({row: numbers[_bare(row.payer_claim_number)] for row in shown})
        self._unshown -= set(shown)
        if self._unshown and not await self.can_turn():
            raise UnknownPage("the file lists claims that the results do not show")
        return shown

    async def _scrolled_rows(self, box: Locators) -> tuple[ClaimStatus, ...]:
        """Every row that comes into view between the top and the end of ``box``."""
        await (await self.session.hand.one(box)).evaluate(TO_TOP)
        found: dict[ClaimStatus, None] = {}
        last: tuple[ClaimStatus, ...] = ()
        for _ in range(MOST_SCROLLS):
            last = self._counted(await self._in_view(last))
            found |= dict.fromkeys(last)
            if not await self._scroll_on(box):
                return tuple(found | dict.fromkeys(self._counted(await self._in_view(last))))
        raise UnknownPage("the results go on without an end")

    async def _in_view(self, last: tuple[ClaimStatus, ...]) -> tuple[ClaimStatus, ...]:
        """The rows in view once they are there, some of ``last`` among them: none was passed."""
        deadline = monotonic() + self._seconds
        while True:
            page = await self.session.rested()
            late = monotonic() > deadline
            try:
                rows = self._read(page)
            except UnknownPage:  # the rows' places are there before their words
                if late:
                    self.keep(page, "text/html")
                    raise
                continue
            if not last or set(rows) & set(last):
                self.keep(page, "text/html")
                return rows
            if late:
                raise UnknownPage("the results went by without being read while they were scrolled")

    async def _into_view(self, box: Locators, words: Words) -> None:
        """Scroll until what opens the row is there."""
        hand = self.session.hand
        way = next((step.click for step in self.task.open if step.click), None)
        if way is None:
            return
        await (await hand.one(box)).evaluate(TO_TOP)
        for _ in range(MOST_SCROLLS):
            await capture_steady(self.session.page, STEADY_AT_MOST)
            if await hand.any_of(way, words).count() or not await self._scroll_on(box):
                return

    async def _scroll_on(self, box: Locators) -> bool:
        """Whether there was more to scroll to; an endless list loads it when its end is reached."""
        element = await self.session.hand.one(box)
        if await element.evaluate(ONWARD):
            return True
        self.session.traffic.stirred()
        await self.session.at_rest(END_SECONDS)
        return bool(await element.evaluate(ONWARD))

    @property
    def _seconds(self) -> float:
        return self.session.profile.file.session.answer_seconds

    async def _offers(self, ways: Locators, *, again: bool) -> bool:
        """Whether there is a button that may be clicked; one that was may be out for a moment."""
        button = self.session.hand.any_of(ways)
        there = await button.count() > 0
        enabled = there and await button.first.is_enabled()
        if again and there and not enabled:
            self.session.traffic.stirred()
            await self.session.at_rest(END_SECONDS)
            return await button.count() > 0 and await button.first.is_enabled()
        return enabled

    def _read(self, source: bytes) -> tuple[ClaimStatus, ...]:
        return read_rows(source, self.task.rows, self._vocabulary)

    @property
    def _vocabulary(self) -> dict[str, str]:
        return dict(self.session.profile.file.vocabulary)


def _are_shown(stated: Sequence[ClaimStatus], page: bytes) -> bool:
    return all(is_shown(row, page) for row in stated)


def _bare(number: str) -> str:
    return "".join(c for c in number if c.isalnum())
