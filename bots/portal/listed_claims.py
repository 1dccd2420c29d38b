"""Claims answered from the portal's list of many where it is whole, and asked alone otherwise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from billing.errors import BrowserLost, CodeAsked, SessionEnded, TryLater, UnknownPage
from billing.identity import Verdict, choose, could_be_same, judge
from billing.model import (
    CLAIM_LIST,
    Answer,
    Claim,
    ClaimStatus,
    Evidence,
    Found,
    NoAnswer,
    NotFound,
    Reason,
)
from billing.report import Drift
from bots.claim_task import ClaimList, ClaimStatusTask
from bots.portal.absence import typed_dates
from bots.portal.document import NoDocument, fetch_document
from bots.portal.driver import Asked, ClaimStatusDriver
from bots.portal.listing import Listing
from bots.portal.many import ListReader, Many, NotWhole, Row, Sought, around
from bots.portal.words import Words, claim_words

WORTH_A_LIST = 5  # claims that wait; fewer are asked about one by one, and others' rows not seen
KEPT_SECONDS = 600  # then a row may be old news
DISAGREES = "the list and the claim itself disagree"
LISTED_YET_NOT_FOUND = (
    "The portal's list has a claim like this one, and the search for it finds none."
)
OWN_LOADS = 3  # of a claim asked alone, at the least: the form, its results, the claim


def lacking(row: ClaimStatus, told: Collection[str]) -> set[str]:
    """Which of the words in ``told`` the row says nothing of."""
    return {word for word in told if getattr(row, word) in (None, (), "")}


@dataclass(slots=True)
class Shown:
    """The list that the browser shows: which, at what page, and whether a claim of it is open."""

    reader: ListReader
    listing: Listing
    page: int
    opened: bool = False


@dataclass(slots=True)
class ListedClaims:
    """Asks one session's portal about claims as its driver does, from lists where that is sound.

    ``waiting`` says how many claims of each first day of service are to be asked about. A list is
    read after a claim that it should hold was asked about alone, and believed if it says the same
    of that claim. It is remembered for ten minutes of one session; what is not certain in it is
    asked about alone.
    """

    driver: ClaimStatusDriver
    many: ClaimList
    waiting: Mapping[date, int]
    _left: Counter[date] = field(init=False)
    _lists: dict[Sought, Many] = field(init=False, default_factory=dict)
    _refused: set[Sought] = field(init=False, default_factory=set)
    _alone: dict[Sought, ClaimStatus] = field(init=False, default_factory=dict)
    _documents: dict[str, tuple[str, str | None]] = field(init=False, default_factory=dict)
    _shown: Shown | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._left = Counter(self.waiting)

    async def ask(self, claim: Claim) -> Asked:
        """The portal's answer about ``claim``. Raises as the driver's own does."""
        try:
            answered = await self._from_list(claim)
            if answered is None:
                self._shown = None
                answered = self._compare(claim, await self.driver.ask(claim))
            return answered
        except (SessionEnded, CodeAsked, BrowserLost):
            self._forget()
            raise
        finally:
            if claim.service_from is not None:
                self._left[claim.service_from] -= 1

    async def _from_list(self, claim: Claim) -> Asked | None:
        """None where the list does not tell for certain; what is odd about it is drift."""
        asked = self._about(claim)
        if asked is None:
            return None
        try:
            async with asyncio.timeout(self.driver.session.profile.file.session.claim_seconds):
                many = await self._read(asked)
                return await self._answer(claim, asked, many) if many else None
        except (SessionEnded, CodeAsked, BrowserLost):
            self._refused.add(asked)  # the list itself may have been too much
            raise
        except NotWhole:
            pass
        except UnknownPage as error:
            self._note(str(error))
        except (TryLater, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self._note("the list took too long")
        except Error as error:
            if self.driver.session.page.is_closed():
                self._refused.add(asked)
                raise self.driver.session.lost() from error
            if isinstance(error, PlaywrightTimeout):
                self._note("an element did not react in time")
        self.driver.session.hand.lost.clear()  # of the list, not of the page asked about next
        self._refuse(asked)
        return None

    def _compare(self, claim: Claim, alone: Asked) -> Asked:
        """Hold a claim that was asked about alone against its list, now or when that is read.

        What its own search does not find and the list shows is not known.
        """
        asked = self._about(claim)
        if asked is None:
            return alone
        many = self._lists.get(asked)
        match alone.observation.answer:
            case Found(ClaimStatus() as status) if asked.holds(status):
                if many is None:
                    self._alone[asked] = status
                elif not self._agrees(many, status):
                    self._note(DISAGREES)
                    self._refuse(asked)
            case NotFound() if many is not None and self._shows(many, claim):
                self._note(DISAGREES)
                self._refuse(asked)
                unsure = NoAnswer(Reason.NEEDS_PERSON, LISTED_YET_NOT_FOUND)
                return replace(alone, observation=replace(alone.observation, answer=unsure))
        return alone

    def _shows(self, many: Many, claim: Claim) -> bool:
        """Whether a row of the list, and not one that another has replaced, is the claim."""
        same, gone = self._task.same_claim_when, self._task.superseded
        rows = (row.status for row in many.rows if row.status.words not in gone)
        return any(judge(claim, row, same) is Verdict.SAME for row in rows)

    def _agrees(self, many: Many, alone: ClaimStatus) -> bool:
        """Whether the list has the claim, and each row of it that is called whole says the same."""
        number = alone.payer_claim_number
        ours = [row.status for row in many.rows if row.status.payer_claim_number == number]
        whole = [row for row in ours if row.words in self.many.whole]
        words = self._task.told
        same = all(getattr(row, word) == getattr(alone, word) for row in whole for word in words)
        return bool(ours) and same

    def _refuse(self, asked: Sought) -> None:
        self._refused.add(asked)
        self._lists.pop(asked, None)

    def _about(self, claim: Claim) -> Sought | None:
        """The list that would hold the claim; None where it would not hold it for certain."""
        if claim.service_from is None:
            return None
        first, last = around(claim.service_from, self.many.every)
        if claim.service_to is not None and not first <= claim.service_to <= last:
            return None
        words = claim_words(claim)
        whose = [(f"{kind}.{word}", words[f"{kind}.{word}"]) for kind, word in self.many.of_whom]
        if not all(number for _, number in whose):
            return None
        return Sought(first, last, tuple(sorted((word, str(number)) for word, number in whose)))

    async def _read(self, asked: Sought) -> Many | None:
        """The list, read now or lately; None where it was refused or is not worth while."""
        if asked in self._refused:
            return None
        young = {one: many for one, many in self._lists.items() if many.age < KEPT_SECONDS}
        self._lists = young
        if asked in young:
            return young[asked]
        waiting = sum(n for day, n in self._left.items() if asked.first <= day <= asked.last)
        if waiting < WORTH_A_LIST or asked not in self._alone:
            return None
        self._shown = None
        self.driver.begin()
        reader = ListReader(self.driver, self._of_list, self.many, asked)
        listing = await reader.search()
        many = await reader.read(listing)
        if not self._agrees(many, self._alone.pop(asked)):
            raise UnknownPage(DISAGREES)
        self._lists[asked] = many
        self._shown = Shown(reader, listing, len(many.pages))
        return many

    async def _answer(self, claim: Claim, asked: Sought, many: Many) -> Asked | None:
        self.driver.begin()
        rows = [row for row in many.rows if could_be_same(claim, row.status)]
        if not rows:
            return self._absent(claim, asked, many)
        task, statuses = self._task, list(dict.fromkeys(row.status for row in rows))
        answer = choose(claim, statuses, task.same_claim_when, task.superseded, member_asked=False)
        if not isinstance(answer, Found):
            return None
        ours = [row for row in rows if row.status == answer.value]
        if answer.value.words in self.many.opened and len(ours) == 1:
            return await self._opened(claim, asked, many, ours[0])
        may_lack = self.many.whole.get(answer.value.words)
        if may_lack is None or not lacking(answer.value, task.told) <= set(may_lack):
            return None
        return await self._whole(asked, many, ours)

    def _absent(self, claim: Claim, asked: Sought, many: Many) -> Asked | None:
        """Not on file, where one page is the whole list and holds all days that the claim's own
        search asks for: between two pages a row may have gone from one to the other."""
        days = typed_dates(self._task, claim_words(claim))
        if len(many.pages) > 1 or not all(asked.first <= day <= asked.last for day in days):
            return None
        self._capture(many, None)
        return self._said(NotFound(self._task.same_claim_when), many)

    async def _whole(self, asked: Sought, many: Many, ours: list[Row]) -> Asked | None:
        """What the row says, and its document."""
        row = ours[0]
        image, document = self._capture(many, row), None
        if self.many.document and "document" not in self.many.whole[row.status.words]:
            if len(ours) > 1:
                return None  # which of two would be clicked?
            found = await self._document(asked, row)
            if found is None:
                return None
            document, sent = found
            if sent is not None:
                self.driver.note_capture(sent)
            self.driver.refuse_writes()
        places = {name: replace(place, image=image) for name, place in row.places.items()}
        return self._said(Found(row.status), many, places, document)

    async def _document(self, asked: Sought, row: Row) -> tuple[str, str | None] | None:
        """The hashes of the row's document, and of what was sent if that is another. None where
        none came, or is offered, or the claim is better asked alone."""
        wanted = self.many.document
        payment = row.status.trace_number if wanted and wanted.one_for else None
        if payment is not None and payment in self._documents:
            return self._documents[payment]
        if wanted is None or not await self._show(asked, row):
            return None
        session, words = self.driver.session, self._row_words(asked, row)
        if not await session.hand.any_of(wanted.offered_when, words).count():
            return None
        await self.driver.pause()
        arrived = await fetch_document(session, wanted, words)
        if isinstance(arrived, NoDocument):
            return None
        sent = None
        if arrived.sent != arrived.document:
            sent = self.driver.keep(arrived.sent, "application/octet-stream")
        found = (self.driver.keep(arrived.document, arrived.kind), sent)
        if payment is not None:
            self._documents[payment] = found
        return found

    async def _opened(self, claim: Claim, asked: Sought, many: Many, row: Row) -> Asked | None:
        """What the claim's own page says, opened from the list."""
        self._capture(many, row)
        if not await self._show(asked, row) or self._shown is None:
            return None
        await self.driver.pause()
        seen = await self._shown.listing.open(row.status, asked.words)
        self._shown.opened = True
        opened = await self.driver.look(self._task, claim, row.status, seen)
        self.driver.refuse_writes()
        if opened.lost:
            return None
        same = judge(claim, opened.status, self._task.same_claim_when) is Verdict.SAME
        if not same or opened.contradiction or self.driver.session.boxes.shown:
            raise UnknownPage(DISAGREES)
        found = self.driver.asked(Found(opened.status), opened.places, opened.document)
        return self._in_list(found)

    async def _show(self, asked: Sought, row: Row) -> bool:
        """Have the list's page with ``row`` shown, unless that costs as much as the claim's own
        search. Raises NotWhole when the row is no longer there as it was."""
        shown, page = self._shown, row.page
        if shown is not None and (shown.reader.asked != asked or shown.page > page):
            shown = None
        if shown is not None and shown.opened and not self.many.back:
            shown = None
        loads = page - shown.page + shown.opened if shown else page + 1
        if loads >= OWN_LOADS:
            return False
        self._shown = None
        # a tab that was closed with its document in it is nothing that this claim waits for
        self.driver.session.traffic.forget_responses()
        if shown is None:
            reader = ListReader(self.driver, self._of_list, self.many, asked)
            shown = Shown(reader, await reader.search(), 1)
        elif shown.opened:
            await self.driver.session.hand.take(self.many.back, asked.words)
            await self.driver.session.hand.seen(self.many.outcomes.listed)
            shown.opened = False
        while shown.page < page:
            await shown.reader.require(shown.listing, None)
            await shown.listing.turn()
            shown.page += 1
        await shown.reader.require(shown.listing, row)
        self._shown = shown
        return True

    def _capture(self, many: Many, row: Row | None) -> str:
        """Make the row's page of the list evidence of the answer; the hash of its picture."""
        page = many.pages[row.page - 1 if row else 0]
        self.driver.note_capture(page.sha256)
        return self.driver.capture(page.showing(row), "image/png")

    def _said(
        self,
        answer: Answer[ClaimStatus],
        many: Many,
        places: Mapping[str, Evidence] | None = None,
        document: str | None = None,
    ) -> Asked:
        """The list's answer; it was so when the list was read."""
        asked = self._in_list(self.driver.asked(answer, places, document))
        return replace(asked, observation=replace(asked.observation, observed_at=many.read_at))

    def _in_list(self, asked: Asked) -> Asked:
        return replace(asked, observation=replace(asked.observation, search=CLAIM_LIST))

    def _row_words(self, asked: Sought, row: Row) -> Words:
        read = {f"row.{name}": getattr(row.status, name) for name in self.many.rows.fields}
        return {**asked.words, **read}

    def _note(self, why: str) -> None:
        """A page that lacks what the portal failed to send is no changed page."""
        session = self.driver.session
        if session.traffic.failure() is None:
            session.hand.drift.add(Drift(f"claim_list: {why}"))

    def _forget(self) -> None:
        self._lists.clear()
        self._documents.clear()
        self._shown = None

    @property
    def _task(self) -> ClaimStatusTask:
        return self.driver.session.profile.file.tasks.claim_status

    @property
    def _of_list(self) -> ClaimStatusTask:
        return self._task.by_list(self.many)
