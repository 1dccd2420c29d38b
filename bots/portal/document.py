"""The EOB that a claim's page offers: fetched byte for byte, or the sentence why it is not here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from playwright.async_api import Error, Page

from billing.errors import TryLater
from bots.portal.session import PortalSession
from bots.profile import Document

ABSENT = "The EOB that the portal offers did not arrive."
HEADER = b"%PDF-"
HEADER_WITHIN = 1024  # readers find it there, whatever a server put before it


@dataclass(frozen=True, slots=True)
class NoDocument:
    """An EOB was offered, and what came is none; ``why`` is one sentence, ``sent`` what came."""

    why: str
    sent: bytes = b""


async def fetch_document(session: PortalSession, wanted: Document) -> bytes | NoDocument:
    """The offered EOB as the portal sent it.

    Raises Playwright's Error when the browser is gone.
    """
    fetch = _download if wanted.arrives == "download" else _from_tab
    try:
        data = await fetch(session, wanted)
    except TryLater as error:
        return NoDocument(f"{ABSENT} {error}")
    except (Error, TimeoutError):  # Playwright's own timeout is an Error
        if session.page.is_closed():
            raise
        failure = session.traffic.failure() or "The portal did not send it in time."
        return NoDocument(f"{ABSENT} {failure}")
    if HEADER not in data[:HEADER_WITHIN]:
        return NoDocument("What the portal sent as the EOB is not a PDF.", data)
    return data


async def _download(session: PortalSession, wanted: Document) -> bytes:
    seconds = session.profile.file.session.answer_seconds
    async with session.page.expect_download(timeout=seconds * 1000) as arriving:
        await session.hand.click(wanted.click)
    download = await arriving.value
    try:
        async with asyncio.timeout(seconds):
            return (await download.path()).read_bytes()
    finally:
        with suppress(Error):
            await download.delete()


async def _from_tab(session: PortalSession, wanted: Document) -> bytes:
    seconds = session.profile.file.session.answer_seconds
    arrived = session.guard.expect_tab_document()
    tab: Page | None = None
    try:
        async with session.context.expect_page(timeout=seconds * 1000) as opening:
            await session.hand.click(wanted.click)
        tab = await opening.value
        async with asyncio.timeout(seconds):
            return await arrived
    finally:
        session.guard.forget_tab_document(arrived)
        if tab is not None:
            with suppress(Error):
                await tab.close()
