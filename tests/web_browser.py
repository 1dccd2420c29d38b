"""A real Chromium at the console: signed in, and what axe says of a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright
from web_console import PASSWORD

from bots.portal.browser import Browser, launch_options

GRAVE = ("serious", "critical")


@contextmanager
def chromium(executable: Browser, *hosts: str) -> Iterator[Chromium]:
    """A browser that reaches this machine alone, also as ``hosts``."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(executable, ["127.0.0.1", *hosts]))
        yield browser
        browser.close()


@contextmanager
def at_console(
    browser: Chromium, address: str, name: str | None, *, dark: bool = False, width: int = 1280
) -> Iterator[Page]:
    """A page of the console, signed in as ``name``; fails on an error of its own scripts and on
    anything that its policy of content refused."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on(
        "console",
        lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None,
    )
    if name is not None:
        page.goto("/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/")
    yield page
    context.close()
    assert broken == []


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page, a line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['impact']}: {one['id']}: {node['target']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
