"""What a portal's scripts and server keep in the browser: emptied, taken along, put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Error, Page, Route

PUT_BACK = "items => { for (const [name, value] of items) sessionStorage.setItem(name, value); }"


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


async def stored(page: Page) -> tuple[Any, dict[str, dict[str, str]]]:
    """The context's cookies, local storage and IndexedDB, and the session storage by origin.

    Raises Playwright's Error.
    """
    tab = {}
    for frame in page.frames:
        with suppress(Error):
            origin, items = await frame.evaluate("() => [origin, {...sessionStorage}]")
            if items:
                tab[str(origin)] = dict(items)
    return await page.context.storage_state(indexed_db=True), tab


async def put_back(page: Page, tab: Mapping[str, Mapping[str, str]]) -> None:
    """Give the page its session storage again, from an empty page of each origin that is no
    request to the portal. Raises Playwright's Error.
    """

    async def empty(route: Route) -> None:
        await route.fulfill(body="<!doctype html>", content_type="text/html")

    for origin, items in tab.items():
        await page.route(f"{origin}/", empty)
        try:
            await page.goto(f"{origin}/")
            await page.evaluate(PUT_BACK, list(items.items()))
        finally:
            await page.unroute(f"{origin}/", empty)
