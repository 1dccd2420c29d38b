"""Walks a profile's eligibility task for one visit, from empty form to captured answer."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from billing.coverage import Coverage, CoverageObservation, Visit
from billing.eligibility import same_person
from billing.errors import TryLater, UnknownPage
from billing.identity import same_id
from billing.model import Answer, Evidence, Found, NoAnswer, NotFound, Reason
from bots.eligibility_task import EligibilityTask
from bots.page_language import PLACEHOLDER
from bots.portal.capture import Keep, capture_image, capture_page, capture_whole, look
from bots.portal.session import PortalSession
from bots.portal.words import Words, fill_in
from bots.reading.coverage import read_coverage, read_member


@dataclass(slots=True)
class EligibilityDriver:
    """Asks one session's portal about visits, one after another. ``keep`` stores bytes."""

    session: PortalSession
    task: EligibilityTask
    keep: Keep
    _searched_at: float = field(init=False, default=0.0)
    _captures: list[str] = field(init=False, default_factory=list)
    _outcome: str | None = field(init=False, default=None)

    async def ask(self, visit: Visit) -> CoverageObservation:
        """The portal's answer about the cover of ``visit``, with the bytes it rests on.

        Raises SessionEnded when the portal ended the session, CodeAsked when it wants another code
        first, TryLater when nothing more can be asked in it. A page that nobody foresaw, or that
        the portal failed to send, is an answer of its own: NoAnswer with the capture that shows it.
        """
        self._captures, self._outcome = [], None
        self.session.boxes.shown.clear()
        self.session.guard.refused.clear()  # what the page of an earlier visit tried
        seconds = self.session.profile.file.session.claim_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(visit)
        except TimeoutError:
            return await self._unforeseen(f"The visit took over {seconds:.0f} s.")
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

    async def _ask(self, visit: Visit) -> CoverageObservation:
        words = visit_words(visit, self.task)
        self._outcome = outcome = await self._search(words)
        if outcome == "unavailable":
            said = "The portal says that its eligibility system is unavailable."
            return await self._with_picture(NoAnswer(Reason.UNAVAILABLE, said))
        if outcome == "none":
            return await self._absent(words)
        await self.session.hand.take(self.task.opened, words)
        return await self._look(visit, words)

    async def _search(self, words: Words) -> str:
        """Fill the form, submit it once, and name the one outcome that the page shows."""
        session, hand, signs = self.session, self.session.hand, self.task.outcomes.signs
        settings = session.profile.file.session
        due = self._searched_at + settings.min_seconds_between_searches
        await asyncio.sleep(max(0.0, due - monotonic()))
        await hand.take(self.task.search, words)
        # an answer to the visit before must never pass for an answer to this one
        if await hand.shows([way for ways in signs.values() for way in ways]):
            raise UnknownPage("an outcome shows before the search was submitted")
        session.traffic.forget_responses()
        self._searched_at = monotonic()
        await hand.take((self.task.submit,), words)
        seen = await hand.which(signs)
        if seen == {"none"}:  # some pages say so until the answer has come
            await session.traffic.quiet(settings.answer_seconds)
            seen = await hand.which(signs)
        if len(seen) != 1:
            raise UnknownPage(f"the page shows {' and '.join(sorted(seen))} at once")
        return seen.pop()

    async def _look(self, visit: Visit, words: Words) -> CoverageObservation:
        """Read the shown cover; its figures are taken only if it is the visit's patient's."""
        page = await self._capture()
        member = read_member(page, self.task)
        self._refuse_writes()
        if member.date_of_service not in (None, visit.day):
            raise UnknownPage("the page answers for another date of service")
        answer = same_person(visit, member.coverage, self.task.same_person_when)
        if not isinstance(answer, Found):
            return self._observed(answer)  # another person's page: no picture, no figures
        bodies = await self._bodies()
        pictures = {hashlib.sha256(page).hexdigest(): await self._whole()}
        later = []
        for source in self.task.sources:
            if source.after:
                await self.session.hand.take(source.after, words)
                later.append(await self._capture())
                pictures[hashlib.sha256(later[-1]).hexdigest()] = await self._whole()
        reading = read_coverage(page, self.task, bodies, later)
        self._refuse_writes()
        places = {path: _on_picture(place, pictures) for path, place in reading.places.items()}
        return self._observed(Found(reading.coverage), places)

    async def _bodies(self) -> dict[str, bytes]:
        """The newest JSON of each path that the task reads."""
        found: dict[str, bytes] = {}
        for path in self.task.responses:
            async for body in self.session.traffic.bodies(path):
                self._keep(body, "application/json")
                found[path] = body
                break
        return found

    async def _absent(self, words: Words) -> CoverageObservation:
        """Not found: only if the page answers our search, and lacks nothing it asked for."""
        self._refuse_writes()
        if self.session.boxes.shown:
            raise UnknownPage("the portal showed a message box, which nobody read")
        if not await self._echoes_our_member(words):
            raise UnknownPage("the page answers a search for another member")
        failure = self.session.traffic.failure()
        if failure is not None:
            return await self._with_picture(NoAnswer(Reason.UNREACHABLE, failure))
        return await self._with_picture(NotFound(searched(self.task)))

    async def _echoes_our_member(self, words: Words) -> bool:
        """False when the search form is still on the page and names another member than ours."""
        for step in self.task.search:
            target = step.fill or step.type
            if target is None or "{visit.member_id" not in target.value:
                continue
            typed = self.session.hand.find(target).filter(visible=True)
            if await typed.count() == 1:
                shown = await typed.input_value(timeout=self.session.hand.answer_ms)
                if same_id(fill_in(target.value, words), shown) is False:
                    return False
        return True

    async def _unforeseen(
        self, what: str, reason: Reason = Reason.UNREACHABLE
    ) -> CoverageObservation:
        """The page that stopped us is the evidence; the cover stays unknown.

        A page that lacks what the portal failed to send is no changed page.
        """
        session = self.session
        failure = session.traffic.failure()
        if failure is not None and reason is Reason.UNKNOWN_PAGE:
            what, reason = failure, Reason.UNREACHABLE
        try:
            return await look(session.page, partial(self._still_in, NoAnswer(reason, what)))
        except (Error, TimeoutError) as error:
            raise session.lost() from error

    async def _still_in(self, answer: Answer[Coverage]) -> CoverageObservation:
        await self.session.hand.require_inside()
        return await self._with_picture(answer)

    async def _with_picture(self, answer: Answer[Coverage]) -> CoverageObservation:
        await self._capture()
        await self._image()
        return self._observed(answer)

    async def _capture(self) -> bytes:
        page = await capture_page(self.session.page)
        self._keep(page, "text/html")
        return page

    async def _image(self) -> str:
        return self._keep(await capture_image(self.session.page), "image/png")

    async def _whole(self) -> tuple[str, tuple[int, int]]:
        """The picture of a long page from top to end, and where the window is in it."""
        image, scrolled = await capture_whole(self.session.page)
        return self._keep(image, "image/png"), scrolled

    def _keep(self, data: bytes, media_type: str) -> str:
        sha256 = self.keep(data, media_type)
        self._captures.append(sha256)
        return sha256

    def _observed(
        self, answer: Answer[Coverage], places: Mapping[str, Evidence] | None = None
    ) -> CoverageObservation:
        captures = tuple(dict.fromkeys(self._captures))
        return CoverageObservation(datetime.now(UTC), answer, captures, places or {}, self._outcome)

    def _refuse_writes(self) -> None:
        refused = self.session.guard.refused
        if refused:
            tried = ", ".join(dict.fromkeys(refused))
            refused.clear()
            raise UnknownPage(f"the page tried {tried}, which the profile does not allow")


def _on_picture(place: Evidence, pictures: Mapping[str, tuple[str, tuple[int, int]]]) -> Evidence:
    if place.box is None:
        return place
    image, (x, y) = pictures[place.sha256]
    left, top, right, bottom = place.box
    return replace(place, image=image, box=(left + x, top + y, right + x, bottom + y))


def visit_words(visit: Visit, task: EligibilityTask) -> dict[str, object]:
    """The words a profile may use of a visit, as ``visit.<word>``."""
    return {
        "visit.member_id": visit.member_id,
        "visit.patient_last": visit.patient_last,
        "visit.patient_first": visit.patient_first,
        "visit.date_of_birth": visit.date_of_birth,
        "visit.date": visit.day,
        "visit.service_type": visit.service_type,
        "visit.service": task.service_words(visit.service_type),
        "visit.provider_npi": visit.provider_npi,
    }


def searched(task: EligibilityTask) -> tuple[str, ...]:
    """The visit's words that the search was filled with."""
    filled = [step.typed for step in task.search]
    found = [m[2] for target in filled if target for m in PLACEHOLDER.finditer(target.value)]
    return tuple(dict.fromkeys(found))
