"""A portal's list of many patients' claims, read from first page to last and proved whole."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic

from PIL import Image, ImageDraw

from billing.errors import TryLater, UnknownPage
from billing.model import ClaimStatus, Evidence
from bots.claim_task import ClaimList, ClaimStatusTask
from bots.portal.capture import capture_whole
from bots.portal.driver import ClaimStatusDriver
from bots.portal.listing import Listing
from bots.portal.words import Words
from bots.reading.listed import read_count

MONTHS = {"month": 1, "quarter": 3, "year": 12}
COVER = (128, 128, 128)


class NotWhole(Exception):
    """The portal has no whole list to give now, which is nothing new and no fault of a profile."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What a list is asked about: the first and last day of service, and by whom, in words."""

    first: date
    last: date
    whose: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> Words:
        """The words that the list's steps and signs may use."""
        return {"range.first": self.first, "range.last": self.last, **dict(self.whose)}

    def holds(self, status: ClaimStatus) -> bool:
        """Whether a claim's first day of service is known, and among these."""
        day = status.service_from
        return day is not None and self.first <= day <= self.last


def around(day: date, every: str) -> tuple[date, date]:
    """The first and the last day of the month, quarter or year that ``day`` lies in."""
    months = MONTHS[every]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    after = first.month - 1 + months
    following = first.replace(year=first.year + after // 12, month=after % 12 + 1)
    return first, following - timedelta(days=1)


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One row: what it says and where, and the page of the list that it stands on, from 1."""

    status: ClaimStatus
    places: Mapping[str, Evidence]
    page: int

    @property
    def band(self) -> tuple[int, int]:
        """The rows of pixels from its top to its bottom. Raises UnknownPage when it has none."""
        boxes = [place.box for place in self.places.values() if place.box is not None]
        if not boxes:
            raise UnknownPage("a row of the list stands nowhere on its page")
        return int(min(box[1] for box in boxes)), int(max(box[3] for box in boxes)) + 1


@dataclass(frozen=True, slots=True, repr=False)
class ListPage:
    """A page of the list as it was captured: the hash of its HTML, and its picture."""

    sha256: str
    picture: bytes
    rows: tuple[Row, ...]

    def showing(self, row: Row | None) -> bytes:
        """The picture with all but ``row`` covered, from the first row down: the evidence of one
        person's claim shows nobody else's. Raises NotWhole when it does not reach that far."""
        with Image.open(io.BytesIO(self.picture)) as whole:
            drawn = whole.convert("RGB")
        top, bottom = row.band if row else (drawn.height, drawn.height)
        if row and bottom > drawn.height:
            raise NotWhole
        pen, above = ImageDraw.Draw(drawn), min(one.band[0] for one in self.rows)
        for first, last in ((above, top - 1), (bottom + 1, drawn.height)):
            if first <= last:
                pen.rectangle((0, first, drawn.width, last), fill=COVER)
        out = io.BytesIO()
        drawn.save(out, "PNG")
        return out.getvalue()


@dataclass(frozen=True, slots=True, repr=False)
class Many:
    """A whole list: its pages, when they were read, and by what clock it grows old."""

    pages: tuple[ListPage, ...]
    read_at: datetime
    _read: float = field(default_factory=monotonic)

    @property
    def age(self) -> float:
        """Seconds since it was read, whatever was done to the clock."""
        return monotonic() - self._read

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of all pages, those that are listed twice too."""
        return tuple(row for page in self.pages for row in page.rows)


@dataclass(slots=True)
class ListReader:
    """Has one list shown and read in the driver's session."""

    driver: ClaimStatusDriver
    task: ClaimStatusTask
    many: ClaimList
    asked: Sought

    async def search(self) -> Listing:
        """Ask for the list; its first page is shown. Raises NotWhole when there is none."""
        outcome = await self.driver.search(self.task, self.asked.words)
        if outcome != "listed":
            raise NotWhole
        return Listing(self.driver.session, self.task, self.driver.capture)

    async def read(self, listing: Listing) -> Many:
        """The list from the page that is shown, its first, to its last.

        Raises NotWhole where the portal says that it left claims out, UnknownPage where anything
        about it is not as it must be, TryLater when the portal failed to send it.
        """
        began, pages, counts = datetime.now(UTC), list[ListPage](), set[int]()
        most = self.many.next_page.most if self.many.next_page else 1
        while True:
            page, count = await self._page(listing, len(pages) + 1)
            if any(_said(page) == _said(earlier) for earlier in pages):
                raise UnknownPage("the next page of the list says what an earlier one did")
            pages.append(page)
            counts.add(count)
            if not await listing.can_turn():
                break
            if len(pages) == most:
                raise NotWhole
            await listing.turn()
        many = Many(tuple(pages), began)
        if counts != {len(many.rows)}:
            raise UnknownPage("the list has another number of rows than it says")
        ways = {row.status for row in many.rows}
        if len({status.payer_claim_number for status in ways}) != len(ways):
            raise UnknownPage("the list says two things of one claim")
        return many

    async def require(self, listing: Listing, row: Row | None) -> None:
        """Raise NotWhole unless the list's page that is shown still holds ``row``, once; of other
        rows the portal may have learned more since. Raises UnknownPage as reading it did."""
        _, shown = await listing.placed()
        await self._require_ours()
        if row is not None:
            number = row.status.payer_claim_number
            if [one for one, _ in shown if one.payer_claim_number == number] != [row.status]:
                raise NotWhole

    async def _page(self, listing: Listing, number: int) -> tuple[ListPage, int]:
        session = self.driver.session
        html, placed = await listing.placed()
        await self._require_ours()
        if self.many.incomplete and await session.hand.shows(self.many.incomplete):
            raise NotWhole
        if not placed:
            raise UnknownPage("the portal shows a list, and there is no claim in it")
        picture, (right, down) = await capture_whole(session.page)
        if failure := session.traffic.failure():
            raise TryLater(failure)
        self.driver.refuse_writes()
        if session.boxes.shown:
            raise UnknownPage("the portal showed a message box, which nobody read")
        if not all(self.asked.holds(status) for status, _ in placed):
            raise UnknownPage("the list holds a claim of another time than was asked for")
        rows = tuple(
            Row(status, {n: _moved(p, right, down) for n, p in places.items()}, number)
            for status, places in placed
        )
        sha256 = self.driver.capture(html, "text/html")
        return ListPage(sha256, picture, rows), read_count(html, self.many.count)

    async def _require_ours(self) -> None:
        hand = self.driver.session.hand
        for ways in (self.many.for_us, self.many.for_range):
            if not await hand.any_of(ways, self.asked.words).count():
                raise UnknownPage(
                    f"the list does not show {ways[0]}, so whose or which days' it is is not known"
                )


def _said(page: ListPage) -> tuple[ClaimStatus, ...]:
    return tuple(row.status for row in page.rows)


def _moved(place: Evidence, right: int, down: int) -> Evidence:
    """Where it stands on the picture of the whole page."""
    if place.box is None:
        return place
    left, top, end, bottom = place.box
    return replace(place, box=(left + right, top + down, end + right, bottom + down))
