"""Walks a profile's claim-status task for one claim, from empty form to captured answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from billing.errors import SessionEnded, TryLater, UnknownPage
from billing.identity import Verdict, choose, could_be_same, judge
from billing.model import (
    Answer,
    Channel,
    Claim,
    ClaimStatus,
    Evidence,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Reason,
)
from bots.page_language import PLACEHOLDER
from bots.portal.absence import answers_our_search, echoes_our_member, is_shown
from bots.portal.capture import Keep, capture_image, capture_page
from bots.portal.document import NoDocument, fetch_document
from bots.portal.session import PortalSession
from bots.portal.verbs import Words, claim_words
from bots.profile import ClaimStatusTask, NextPage
from bots.reading.page import read_claim, read_rows

MOST_PAGES = 40  # a search that lists more is not about one claim


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the observation, and the stored hash of the EOB if one was offered.

    ``lost`` says in a sentence why an EOB that was offered did not arrive.
    """

    observation: Observation
    document: str | None
    lost: str | None = None


@dataclass(slots=True)
class Opened:
    """One opened candidate: what its page says, where, and its document."""

    status: ClaimStatus
    places: Mapping[str, Evidence]
    document: str | None
    lost: str | None = None


@dataclass(slots=True)
class ClaimStatusDriver:
    """Asks one session's portal about claims, one after another. ``keep`` stores bytes."""

    session: PortalSession
    keep: Keep
    _searched_at: float = field(init=False, default=0.0)
    _captures: list[str] = field(init=False, default_factory=list)
    _listed: list[ClaimStatus] = field(init=False, default_factory=list)

    async def ask(self, claim: Claim) -> Asked:
        """The portal's answer about ``claim``, with the bytes it rests on.

        Raises SessionEnded when the portal ended the session, TryLater when nothing more can be
        asked in it. A page that nobody foresaw, or that the portal failed to send, is an answer of
        its own: NoAnswer with the capture that shows it.
        """
        self._captures, self._listed = [], []
        self.session.guard.refused.clear()  # what the page of an earlier claim tried
        settings = self.session.profile.file.session
        try:
            async with asyncio.timeout(settings.claim_seconds):
                return await self._ask(claim)
        except TimeoutError:
            late = f"The claim took over {settings.claim_seconds:.0f} s."
            return await self._unforeseen(late, Reason.UNREACHABLE)
        except TryLater as error:
            return await self._unforeseen(str(error), Reason.UNREACHABLE)
        except UnknownPage as error:
            return await self._unforeseen(str(error), Reason.UNKNOWN_PAGE)
        except PlaywrightTimeout:
            late = "an element did not react in time"
            return await self._unforeseen(late, Reason.UNKNOWN_PAGE)
        except Error as error:
            if self.session.page.is_closed():
                raise TryLater(f"{self.session.profile.id}: the browser was lost") from error
            return await self._unforeseen(
                "the page went away while it was looked at", Reason.UNREACHABLE
            )

    async def _ask(self, claim: Claim) -> Asked:
        task = self.session.profile.file.tasks.claim_status
        words = claim_words(claim)
        outcome = await self._search(task, words)
        if outcome == "unavailable":
            return await self._with_picture(
                NoAnswer(
                    Reason.UNAVAILABLE, "The portal says that its claim system is unavailable."
                )
            )
        if outcome == "none":
            if task.rows.response is not None and await self._rows(task):
                raise UnknownPage("the page says that nothing was found, and its data lists claims")
            return await self._absent(NotFound(_searched(task)), task, words)
        opened = [found async for found in self._candidates(task, claim, words)]
        answer = choose(claim, [o.status for o in opened], task.same_claim_when, task.superseded)
        self._refuse_writes()
        if isinstance(answer, Found):
            (chosen,) = (o for o in opened if o.status is answer.value)
            return replace(self._asked(answer, chosen.places, chosen.document), lost=chosen.lost)
        if isinstance(answer, NotFound):
            return await self._absent(answer, task, words)
        return self._asked(answer) if opened else await self._with_picture(answer)

    async def _absent(self, answer: NotFound, task: ClaimStatusTask, words: Words) -> Asked:
        """Not on file: only if the page answers our search, and lacks nothing it asked for."""
        self._refuse_writes()
        if not answers_our_search(self._listed, task, words):
            raise UnknownPage("the results list a claim outside the dates that were searched")
        if not await echoes_our_member(self.session.hand, task, words):
            raise UnknownPage("the page answers a search for another member")
        failure = self.session.traffic.failure()
        if failure is not None:
            return await self._with_picture(NoAnswer(Reason.UNREACHABLE, failure))
        return await self._with_picture(answer)

    async def _unforeseen(self, what: str, reason: Reason) -> Asked:
        """The page that stopped us is the evidence; the claim stays unknown.

        A page that lacks what the portal failed to send is no changed page.
        """
        failure = self.session.traffic.failure()
        if failure is not None and reason is Reason.UNKNOWN_PAGE:
            what, reason = failure, Reason.UNREACHABLE
        try:
            async with asyncio.timeout(self.session.profile.file.session.answer_seconds):
                if await self.session.hand.shows(self.session.hand.ended):
                    raise SessionEnded("the portal ended the session")
                await self._capture()
                await self._image()
        except (Error, TimeoutError) as error:
            raise TryLater(
                f"{self.session.profile.id}: the browser or the connection was lost"
            ) from error
        return self._asked(NoAnswer(reason, what))

    async def _search(self, task: ClaimStatusTask, words: Words) -> str:
        """Fill the form, submit it once, and name the one outcome that the page shows."""
        session, hand = self.session, self.session.hand
        pause = session.profile.file.session.min_seconds_between_searches
        await asyncio.sleep(max(0.0, self._searched_at + pause - monotonic()))
        await hand.take(task.search, words)
        signs = {
            "none": task.outcomes.none,
            "listed": task.outcomes.listed,
            "unavailable": task.outcomes.unavailable,
        }
        # an answer to the claim before must never pass for an answer to this one
        if await hand.shows([way for ways in signs.values() for way in ways]):
            raise UnknownPage("an outcome shows before the search was submitted")
        session.forget_responses()
        self._searched_at = monotonic()
        await hand.take((task.submit,), words)
        seen = await session.settle(signs)
        if seen == {"none"}:  # some pages say so until the answer has come
            await session.traffic.quiet(session.profile.file.session.answer_seconds)
            seen = await session.settle(signs)
        if len(seen) != 1:
            raise UnknownPage(f"the page shows {' and '.join(sorted(seen))} at once")
        return seen.pop()

    async def _candidates(
        self, task: ClaimStatusTask, claim: Claim, words: Words
    ) -> AsyncIterator[Opened]:
        """Open every listed row that could be this claim, on every page of the results."""
        for page in range(1, MOST_PAGES + 1):
            rows = await self._rows(task)
            if not rows:
                raise UnknownPage("the page shows results, and its data lists none")
            self._listed += rows
            more = await self._can_turn(task)
            candidates = [row for row in rows if could_be_same(claim, row)]
            for n, row in enumerate(candidates, 1):
                yield await self._open(task, claim, row, words)
                if more or n < len(candidates):
                    await self._return(task, words, page)
            if not more:
                return
            await self._turn(task.next_page)
        raise UnknownPage(f"a search listed more than {MOST_PAGES} pages")

    async def _rows(self, task: ClaimStatusTask) -> tuple[ClaimStatus, ...]:
        vocabulary = self.session.profile.file.vocabulary
        page = await self._capture()
        if task.rows.response is None:
            return read_rows(page, task.rows, vocabulary)
        body = await self.session.response_body(task.rows.response)
        self._captures.append(self.keep(body, "application/json"))
        rows = read_rows(body, task.rows, vocabulary)
        if not all(is_shown(row, page) for row in rows):
            raise UnknownPage("the page shows other claims than its data lists")
        return rows

    async def _open(
        self, task: ClaimStatusTask, claim: Claim, row: ClaimStatus, words: Words
    ) -> Opened:
        hand = self.session.hand
        if await hand.shows(task.opened_when):
            raise UnknownPage("a claim is still open before the next one is opened")
        await hand.take(
            task.open, dict(words) | {f"row.{w}": getattr(row, w) for w in task.rows.fields}
        )
        await hand.seen(task.opened_when)
        page = await self._capture()
        status, places = read_claim(page, task.read, self.session.profile.file.vocabulary)
        if status.payer_claim_number != row.payer_claim_number:
            raise UnknownPage("the opened claim is not the one that was clicked")
        if judge(claim, status, task.same_claim_when) is not Verdict.SAME:
            return Opened(status, places, None)  # another person's page: no picture, no document
        image = await self._image()
        places = {name: replace(place, image=image) for name, place in places.items()}
        wanted = task.document
        if wanted is None or status.words in task.superseded:
            return Opened(status, places, None)
        if not await hand.shows(wanted.offered_when):
            return Opened(status, places, None)
        data = await fetch_document(self.session, wanted)
        if isinstance(data, NoDocument):
            if data.sent:
                self._captures.append(self.keep(data.sent, "application/octet-stream"))
            return Opened(status, places, None, lost=data.why)
        return Opened(status, places, self.keep(data, "application/pdf"))

    async def _return(self, task: ClaimStatusTask, words: Words, page: int) -> None:
        """Back to results page ``page``: by the portal's own way if it has one, else anew."""
        if task.back:
            await self.session.hand.take(task.back, words)
            await self.session.hand.seen(task.outcomes.listed)
            return
        if await self._search(task, words) != "listed":
            raise UnknownPage("the same search gave another outcome")
        for _ in range(page - 1):
            await self._turn(task.next_page)

    async def _can_turn(self, task: ClaimStatusTask) -> bool:
        if task.next_page is None:
            return False
        button = self.session.hand.any_of(task.next_page.click)
        return await button.count() > 0 and await button.first.is_enabled()

    async def _turn(self, pager: NextPage | None) -> None:
        """To the next page of results; done when their text has changed."""
        if pager is None:
            raise UnknownPage("the results have more pages than before")
        hand = self.session.hand
        before = await hand.any_of(pager.changes).first.inner_text()
        await hand.click(pager.click)
        await hand.changed(pager.changes, before)

    async def _capture(self) -> bytes:
        page = await capture_page(self.session.page)
        self._captures.append(self.keep(page, "text/html"))
        return page

    async def _image(self) -> str:
        sha256 = self.keep(await capture_image(self.session.page), "image/png")
        self._captures.append(sha256)
        return sha256

    async def _with_picture(self, answer: Answer[ClaimStatus]) -> Asked:
        await self._capture()
        await self._image()
        return self._asked(answer)

    def _asked(
        self,
        answer: Answer[ClaimStatus],
        places: Mapping[str, Evidence] | None = None,
        document: str | None = None,
    ) -> Asked:
        captures = tuple(dict.fromkeys(self._captures))
        observation = Observation(Channel.PORTAL, datetime.now(UTC), answer, captures, places or {})
        return Asked(observation, document)

    def _refuse_writes(self) -> None:
        refused = self.session.guard.refused
        if refused:
            tried = ", ".join(dict.fromkeys(refused))
            refused.clear()
            raise UnknownPage(f"the page tried {tried}, which the profile does not allow")


def _searched(task: ClaimStatusTask) -> tuple[str, ...]:
    """The claim's words that the search was filled with."""
    filled = [step.fill or step.choose for step in task.search]
    found = [m[2] for target in filled if target for m in PLACEHOLDER.finditer(target.value)]
    return tuple(dict.fromkeys(found))
