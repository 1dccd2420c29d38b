"""What a portal's scripts and server keep in the browser, emptied between two visits."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from playwright.async_api import Error, Page


async def empty_stores(page: Page, address: str, hosts: Iterable[str]) -> None:
    """Leave the page without cookies and stored data: a dead session there would hide the login.

    ``hosts`` are "host:port", reached as ``address`` is. Raises Playwright's Error.
    """
    for frame in page.frames:
        with suppress(Error):  # a frame without an origin has no store
            await frame.evaluate("() => { sessionStorage.clear(); localStorage.clear(); }")
    await page.goto("about:blank")  # what scripts hold in memory goes with the page
    await page.context.clear_cookies()
    devtools = await page.context.new_cdp_session(page)
    for host in hosts:
        origin = f"{urlsplit(address).scheme}://{host}"
        await devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    await devtools.detach()
