"""Walks a profile's claim-status task for one claim, from empty form to captured answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from billing.errors import TryLater, UnknownPage
from billing.identity import Verdict, contradiction, could_be_same, judge
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
from bots.claim_task import ClaimStatusTask
from bots.page_language import PLACEHOLDER, Step
from bots.portal.absence import answers_our_search, echoes_our_member
from bots.portal.capture import (
    STEADY_AT_MOST,
    Keep,
    capture_image,
    capture_page,
    capture_steady,
    look,
)
from bots.portal.document import NoDocument, fetch_document
from bots.portal.listing import Listing
from bots.portal.opened import NOT_OFFERED, Sight, read_opened, states_document
from bots.portal.session import PortalSession
from bots.portal.words import Words, claim_words, fill_in

IN_PLACE_SECONDS = 1.0  # longer than a page waits for the next key before it asks


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the observation, and the stored hash of the EOB if one was offered.

    ``lost`` says in a sentence why an EOB that was offered did not arrive, ``for_good`` that it
    never will.
    """

    observation: Observation
    document: str | None
    lost: str | None = None
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """One opened candidate: what its page says, where, and its document.

    ``contradiction`` says in a sentence on what the list and the opened claim disagree.
    """

    status: ClaimStatus
    places: Mapping[str, Evidence]
    document: str | None
    lost: str | None = None
    for_good: bool = False
    contradiction: str | None = None


@dataclass(slots=True)
class ClaimStatusDriver:
    """Asks one session's portal about claims, one after another. ``keep`` stores bytes."""

    session: PortalSession
    keep: Keep
    _searched_at: float = field(init=False, default=0.0)
    _captures: list[str] = field(init=False, default_factory=list)
    _listed: list[ClaimStatus] = field(init=False, default_factory=list)
    _outcome: str | None = field(init=False, default=None)
    _came_whole: bool = field(init=False, default=False)
    _untold: dict[tuple[ClaimStatus, ...], tuple[str, ...]] = field(
        init=False, default_factory=dict
    )

    async def ask(self, claim: Claim) -> Asked:
        """The portal's answer about ``claim``, with the bytes it rests on.

        Raises SessionEnded when the portal ended the session, CodeAsked when it wants another code
        first, TryLater when nothing more can be asked in it. A page that nobody foresaw, or that
        the portal failed to send, is an answer of its own: NoAnswer with the capture that shows it.
        """
        self.begin()
        settings = self.session.profile.file.session
        try:
            async with asyncio.timeout(settings.claim_seconds):
                return await self._ask(claim)
        except TimeoutError:
            late = f"The claim took over {settings.claim_seconds:.0f} s."
            return await self._unforeseen(late)
        except TryLater as error:
            return await self._unforeseen(str(error))
        except UnknownPage as error:
            return await self._unforeseen(str(error), Reason.UNKNOWN_PAGE)
        except PlaywrightTimeout:
            return await self._unforeseen("an element did not react in time", Reason.UNKNOWN_PAGE)
        except Error as error:
            if self.session.page.is_closed():
                raise self.session.lost() from error
            return await self._unforeseen("the page went away while it was looked at")

    def begin(self) -> None:
        """Another answer is sought: what was seen on the way to an earlier one is no part of it."""
        self._captures, self._listed, self._outcome = [], [], None
        self.session.boxes.shown.clear()
        self.session.guard.refused.clear()  # what the page of an earlier claim tried

    async def _ask(self, claim: Claim) -> Asked:
        task = self.session.profile.file.tasks.claim_status
        words = claim_words(claim)
        self._outcome = outcome = await self.search(task, words)
        if outcome == "unavailable":
            said = "The portal says that its claim system is unavailable."
            return await self._with_picture(NoAnswer(Reason.UNAVAILABLE, said))
        listing = Listing(self.session, task, self.capture)
        if outcome == "none":
            if task.rows.response is not None and await listing.rows():
                raise UnknownPage("the page says that nothing was found, and its data lists claims")
            return await self._absent(NotFound(_searched(task)), task, words)
        if outcome == "one":
            page = await capture_steady(self.session.page, STEADY_AT_MOST)
            seen = page, await capture_image(self.session.page)
            opened = [await self.look(task, claim, None, seen)]
            self._listed.append(opened[0].status)
        else:
            opened = [found async for found in self._candidates(listing, claim, words)]
        answer = task.choose(claim, [o.status for o in opened])
        self.refuse_writes()
        if isinstance(answer, Found):
            (chosen,) = (o for o in opened if o.status is answer.value)
            if chosen.contradiction:
                return self.asked(NoAnswer(Reason.NEEDS_PERSON, chosen.contradiction))
            asked = self.asked(answer, chosen.places, chosen.document)
            return replace(asked, lost=chosen.lost, for_good=chosen.for_good)
        if isinstance(answer, NotFound):
            return await self._absent(answer, task, words)
        return self.asked(answer) if opened else await self._with_picture(answer)

    async def _absent(self, answer: NotFound, task: ClaimStatusTask, words: Words) -> Asked:
        """Not on file: only if the page answers our search, and lacks nothing it asked for."""
        self.refuse_writes()
        if self.session.boxes.shown:
            raise UnknownPage("the portal showed a message box, which nobody read")
        page = await capture_page(self.session.page)
        answers = answers_our_search(self._listed, task, words, page)
        if answers is False:
            raise UnknownPage("the results list a claim that was not searched for")
        if answers is None and not self._is_new(_typed(task, words)):
            raise UnknownPage(
                "nothing in the results tells whether they answer this search; let the profile "
                "read member_id in the rows, or search by a first and a last service date"
            )
        if not await echoes_our_member(self.session.hand, task, words):
            raise UnknownPage("the page answers a search for another member")
        failure = self.session.traffic.failure()
        if failure is not None:
            return await self._with_picture(NoAnswer(Reason.UNREACHABLE, failure))
        return await self._with_picture(answer)

    def _is_new(self, typed: tuple[str, ...]) -> bool:
        """Whether a list that does not tell what it answers came on a page of its own.

        And no other question got the same list, as from a portal that heeds none.
        """
        return self._came_whole and self._untold.setdefault(tuple(self._listed), typed) == typed

    async def _unforeseen(self, what: str, reason: Reason = Reason.UNREACHABLE) -> Asked:
        """The page that stopped us is the evidence; the claim stays unknown.

        A page that lacks what the portal failed to send is no changed page.
        """
        failure = self.session.traffic.failure()
        if failure is not None and reason is Reason.UNKNOWN_PAGE:
            what, reason = failure, Reason.UNREACHABLE
        try:
            return await look(self.session.page, partial(self._still_in, NoAnswer(reason, what)))
        except (Error, TimeoutError) as error:
            raise self.session.lost() from error

    async def _still_in(self, answer: Answer[ClaimStatus]) -> Asked:
        await self.session.hand.require_inside()
        return await self._with_picture(answer)

    async def search(self, task: ClaimStatusTask, words: Words) -> str:
        """Fill the form, submit it once, and name the one outcome that the page shows."""
        session, hand = self.session, self.session.hand
        settings = session.profile.file.session
        await self.pause()
        signs = task.outcomes.signs
        asking, sending = task.search, tuple(filter(None, (task.submit,)))
        if not sending:  # the results filter themselves from the first word that is typed
            first = next((n for n, s in enumerate(task.search) if _tells(s)), 0)
            asking, sending = task.search[:first], task.search[first:]
        await self._close(task, words)
        await hand.take(asking, words)
        # an answer to the claim before must never pass for an answer to this one
        any_sign = [way for ways in signs.values() for way in ways]
        before = await hand.shown(signs) if await hand.shows(any_sign) else set()
        session.traffic.forget_responses()
        self._searched_at = monotonic()
        await hand.take(sending, words)
        if before or task.submit is None:
            session.traffic.stirred()
            await session.at_rest(IN_PLACE_SECONDS)
            await capture_steady(session.page, settings.answer_seconds)
        seen = await hand.which(signs)
        listing = Listing(session, task, self.keep)
        if len(seen) > 1 or (seen == {"none"} and await listing.stated_total() != 0):
            await session.at_rest()  # some pages say so until the answer has come
            seen = await hand.which(signs)
        unasked = task.submit is not None and not session.traffic.asked
        if before and (unasked or seen == before == {"none"}):
            raise UnknownPage(
                "an outcome showed before the search was submitted, and nothing tells it from the "
                "answer; let the search begin with a step that clears it"
            )
        self._came_whole = session.traffic.pages > 0
        if len(seen) != 1:
            raise UnknownPage(f"the page shows {' and '.join(sorted(seen))} at once")
        return seen.pop()

    async def pause(self) -> None:
        """Wait until the portal may be asked again, by the pace that the profile permits."""
        pause = self.session.profile.file.session.pause()
        await asyncio.sleep(max(0.0, self._searched_at + pause - monotonic()))
        self._searched_at = monotonic()

    async def _close(self, task: ClaimStatusTask, words: Words) -> None:
        """Leave the claim before, where it is still open and the profile says how."""
        way = task.back[0].click if task.back else None
        if way and await self.session.hand.shows(way):
            await self.session.hand.take(task.back, words)

    async def _candidates(
        self, listing: Listing, claim: Claim, words: Words
    ) -> AsyncIterator[Opened]:
        """Open every listed row that could be this claim, on every page of the results."""
        pager = listing.task.next_page
        most = pager.most if pager else 1
        opened: set[ClaimStatus] = set()
        before: tuple[ClaimStatus, ...] = ()
        for page in range(1, most + 1):
            rows = await listing.rows()
            if not rows:
                raise UnknownPage("the page shows results, and its data lists none")
            if page > 1 and rows == before:
                raise UnknownPage("the next page of results lists what the one before it did")
            before = rows
            self._listed += rows
            more = await listing.can_turn()
            # a row that the portal lists twice is one claim
            candidates = [
                row
                for row in dict.fromkeys(rows)
                if could_be_same(claim, row) and row not in opened
            ]
            opened |= set(candidates)
            for n, row in enumerate(candidates, 1):
                yield await self.look(listing.task, claim, row, await listing.open(row, words))
                if more or n < len(candidates):
                    await self._return(listing, words, page)
            if not more:
                return
            await listing.turn()
        raise UnknownPage(f"a search listed more than {most} pages")

    async def look(
        self, task: ClaimStatusTask, claim: Claim, row: ClaimStatus | None, seen: Sight
    ) -> Opened:
        """Read the opened claim from ``seen``, and fetch its document if it is ours."""
        hand, (page, picture) = self.session.hand, seen
        if failure := self.session.traffic.failure():
            raise TryLater(failure)  # what stands on the page may be what stood there before
        self.capture(page, "text/html")
        number = row.payer_claim_number if row else None
        status, places = await read_opened(self.session, task, page, number, self.capture)
        if row is not None and status.payer_claim_number != row.payer_claim_number:
            raise UnknownPage("the opened claim is not the one that was clicked")
        if judge(claim, status, task.same_claim_when) is not Verdict.SAME:
            return Opened(status, places, None)  # another person's page: no picture, no document
        image = self.capture(picture, "image/png")
        places = {
            name: replace(place, image=image) if place.box else place
            for name, place in places.items()
        }
        opened = Opened(status, places, None, contradiction=contradiction(row, status))
        wanted = task.document
        if wanted is None or status.words in task.superseded or opened.contradiction:
            return opened
        if not await hand.shows(wanted.offered_when):
            stated = await states_document(self.session, task, status.payer_claim_number)
            return replace(opened, lost=NOT_OFFERED) if stated else opened
        arrived = await fetch_document(self.session, wanted)
        if isinstance(arrived, NoDocument):
            if arrived.sent:
                self.capture(arrived.sent, "application/octet-stream")
            return replace(opened, lost=arrived.why, for_good=arrived.for_good)
        if arrived.sent != arrived.document:
            self.capture(arrived.sent, "application/octet-stream")
        return replace(opened, document=self.keep(arrived.document, arrived.kind))

    async def _return(self, listing: Listing, words: Words, page: int) -> None:
        """Back to results page ``page``: by the portal's own way if it has one, else anew."""
        task = listing.task
        if task.back:
            await self.session.hand.take(task.back, words)
            await self.session.hand.seen(task.outcomes.listed)
            await listing.expand()
            return
        if await self.search(task, words) != "listed":
            raise UnknownPage("the same search gave another outcome")
        for _ in range(page - 1):
            await listing.turn()
        await listing.expand()

    async def _capture(self) -> None:
        self.capture(await capture_page(self.session.page), "text/html")

    def capture(self, data: bytes, media_type: str) -> str:
        """Store bytes that the answer in hand rests on; their hash."""
        return self.note_capture(self.keep(data, media_type))

    def note_capture(self, sha256: str) -> str:
        """The answer in hand rests on these stored bytes too."""
        self._captures.append(sha256)
        return sha256

    async def _with_picture(self, answer: Answer[ClaimStatus]) -> Asked:
        await self._capture()
        self.capture(await capture_image(self.session.page), "image/png")
        return self.asked(answer)

    def asked(
        self,
        answer: Answer[ClaimStatus],
        places: Mapping[str, Evidence] | None = None,
        document: str | None = None,
    ) -> Asked:
        """An answer with the bytes it rests on, those that were captured since it was sought."""
        captures = tuple(dict.fromkeys(self._captures))
        observation = Observation(
            Channel.PORTAL, datetime.now(UTC), answer, captures, places or {}, self._outcome
        )
        return Asked(observation, document)

    def refuse_writes(self) -> None:
        """Raise UnknownPage when the page tried what the profile does not allow."""
        refused = self.session.guard.refused
        if refused:
            tried = ", ".join(dict.fromkeys(refused))
            refused.clear()
            raise UnknownPage(f"the page tried {tried}, which the profile does not allow")


def _searched(task: ClaimStatusTask) -> tuple[str, ...]:
    """The claim's words that the search was filled with."""
    filled = [step.typed for step in task.search]
    found = [m[2] for target in filled if target for m in PLACEHOLDER.finditer(target.value)]
    return tuple(dict.fromkeys(found))


def _typed(task: ClaimStatusTask, words: Words) -> tuple[str, ...]:
    """What was asked about; who of the practice asks makes it no other question."""
    asked = [step.typed.value for step in task.search if step.typed]
    return tuple(fill_in(value, words) for value in asked if "{claim.provider_" not in value)


def _tells(step: Step) -> bool:
    """Whether a step types something of the claim."""
    return step.typed is not None and "{claim." in step.typed.value
