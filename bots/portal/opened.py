"""An opened claim as it is seen: its page once it is whole, and a picture of that page."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic

from playwright.async_api import Error

from billing.errors import UnknownPage
from billing.model import ClaimStatus, Evidence
from billing.report import Drift
from bots.claim_task import ClaimStatusTask, Read, ReadResponse
from bots.portal.capture import STEADY_AT_MOST, Keep, capture_image, capture_page, capture_steady
from bots.portal.session import PortalSession
from bots.portal.traffic import CHAIN_SECONDS
from bots.reading.page import read_claim, says_yes, shows_all, spelled, states

Sight = tuple[bytes, bytes]
"""A page's HTML and a picture of it."""

NOT_OFFERED = "The portal's data say that there is an EOB, and its page does not offer it."


async def see_opened(
    session: PortalSession, task: ClaimStatusTask, number: str, moment: float
) -> Sight:
    """The opened claim of that payer claim number, whole.

    A page whose data state all that is read of it is whole once it shows that; any other is given
    a ``moment`` in which it asks for nothing more.
    """
    if (sight := await _see_all_stated(session, task, number)) is not None:
        return sight
    return await _see_at_rest(session, moment)


async def read_opened(
    session: PortalSession, task: ClaimStatusTask, page: bytes, number: str | None, keep: Keep
) -> tuple[ClaimStatus, Mapping[str, Evidence]]:
    """What the opened claim's captured page states, and its data, which ``keep`` stores first.

    ``number`` is the payer claim number of the row that was opened, where there was a list.
    Raises UnknownPage as :func:`bots.reading.page.read_claim` does, and where no data came.
    """
    vocabulary, read = session.profile.file.vocabulary, task.read
    if read.response is None:
        return read_claim(page, read, vocabulary)
    if number is None:
        named, _ = read_claim(page, read.model_copy(update={"response": None}), vocabulary)
        number = named.payer_claim_number
    body = await _data_of(session, read.response, number)
    if body is None:
        raise UnknownPage(f"no response from {read.response.path} is about the opened claim")
    keep(body, "application/json")
    status, places = read_claim(page, read, vocabulary, body)
    _note_unshown(session, read, places, hashlib.sha256(page).hexdigest())
    return status, places


def _note_unshown(
    session: PortalSession, read: Read, places: Mapping[str, Evidence], page: str
) -> None:
    """A field that the profile sees on the page, and that only the data had, has drifted."""
    known = {one.wanted for one in session.hand.drift}
    for name, field in read.fields.items():
        wanted = f"{name}: {spelled(field)}"
        if name in places and places[name].sha256 != page and wanted not in known:
            session.hand.drift.add(Drift(wanted, evidence=page))


async def states_document(session: PortalSession, task: ClaimStatusTask, number: str) -> bool:
    """Whether the data of the claim of this number say that it has an EOB."""
    read = task.read.response
    if read is None or read.document is None:
        return False
    body = await _data_of(session, read, number)
    return body is not None and says_yes(body, read.document)


async def _data_of(session: PortalSession, read: ReadResponse, number: str) -> bytes | None:
    """The newest data that came about the claim of this number."""
    async for body in session.traffic.bodies(read.path):
        if states(body, read, number):
            return body
    return None


async def _see_all_stated(
    session: PortalSession, task: ClaimStatusTask, number: str
) -> Sight | None:
    """None where the data do not tell, or the page does not come to show them."""
    read = task.read.response
    if read is None or not task.read.stated_whole:
        return None
    deadline = monotonic() + STEADY_AT_MOST
    while monotonic() < deadline and not session.traffic.failed:
        body = await _data_of(session, read, number)
        if body is None:
            return None
        with suppress(Error):  # it may be on its way to another page
            page = await capture_page(session.page)
            picture = asyncio.create_task(capture_image(session.page))
            try:
                whole = shows_all(page, task.read, body, number) and not session.traffic.under_way
                offers = await _offers_as_stated(session, task, body)
            finally:
                image = await picture
            if whole and offers is None:
                return None
            if whole and offers and await capture_page(session.page) == page:
                return page, image
        await session.at_rest(CHAIN_SECONDS)
    return None


async def _offers_as_stated(
    session: PortalSession, task: ClaimStatusTask, body: bytes
) -> bool | None:
    """Whether the page offers the document that the data say there is, or neither has one; None
    where it offers none and the data do not tell."""
    if task.document is None or task.read.response is None:
        return True
    offered = await session.hand.shows(task.document.offered_when)
    path = task.read.response.document
    if path is None:
        return True if offered else None
    return says_yes(body, path) is offered


async def _see_at_rest(session: PortalSession, moment: float) -> Sight:
    """The picture is made while the page has its ``moment``; again, where it is another after."""
    page, before = session.page, b""

    async def picture() -> bytes:
        with suppress(Error):  # it may be on its way to another page
            return await capture_image(page)
        return b""

    with suppress(Error):
        before = await capture_page(page)
    image, _ = await asyncio.gather(picture(), session.at_rest(moment))
    now = await capture_steady(page, STEADY_AT_MOST, before)
    return now, image if image and now == before else await capture_image(page)
