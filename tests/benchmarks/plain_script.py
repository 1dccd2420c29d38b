"""A plain Playwright script for the commercial portal, the shortest that asks what a sweep asks.

It signs in, asks about every claim of a list, reads the claim's page and saves its EOB: one
session, no evidence, no guard, no ledger. tests/benchmarks/speed.py runs it beside the product.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import Page, expect, sync_playwright

FACTS = """() => ({
  ...Object.fromEntries([...document.querySelectorAll("dl.facts div")].map(
    (fact) => [fact.children[0].innerText, fact.children[1].innerText])),
  codes: [...document.querySelectorAll("table.service-lines tbody tr td:nth-child(8), "
    + "table.claim-adjustments tbody tr td:first-child")].map((cell) => cell.innerText),
})"""


def ask(page: Page, claim: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    """What the portal shows of every claim that could be this one."""
    page.get_by_role("link", name="Claims").click()
    page.get_by_label("Member ID").fill(claim["member_id"])
    page.get_by_label("Service date from").fill(claim["service_from"])
    page.get_by_label("Service date to").fill(claim["service_to"])
    page.get_by_role("button", name="Search").click()
    page.locator("table.results, #results .message").first.wait_for()
    found = []
    while True:
        for row in page.locator("table.results tbody tr").all_inner_texts():
            number, _, day, billed, status = row.split("\t")
            if (day, billed) == (claim["service_from"], claim["billed"]) and status != "Reversed":
                found.append(look(page, number, folder))
        onward = page.get_by_role("button", name="Next page")
        if not onward.count() or onward.is_disabled():
            return found
        before = page.locator("#page-position").inner_text()
        onward.click()
        expect(page.locator("#page-position")).not_to_have_text(before)


def look(page: Page, number: str, folder: Path) -> dict[str, Any]:
    """What the portal shows of one claim; its EOB is saved."""
    page.get_by_role("link", name=number).click()
    page.locator("dl.facts").wait_for()
    shown: dict[str, Any] = page.evaluate(FACTS)
    eob = page.get_by_role("button", name="Download EOB")
    if eob.count():
        with page.expect_download() as download:
            eob.click()
        download.value.save_as(folder / f"{number}.pdf")
    page.get_by_role("button", name="Close").click()
    return shown


def main() -> None:
    """Ask about the claims of the order on standard input; the answers go to standard output."""
    order = json.load(sys.stdin)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**order["browser"])
        page = browser.new_page()
        page.goto(order["address"])
        page.get_by_label("User ID").fill(order["username"])
        page.get_by_label("Password").fill(order["password"])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Verification code").fill(pyotp.TOTP(order["totp"]).now())
        page.get_by_role("button", name="Verify").click()
        page.get_by_role("link", name="Sign out").wait_for()
        answers = [ask(page, claim, Path(order["folder"])) for claim in order["claims"]]
        page.get_by_role("link", name="Sign out").click()
        page.get_by_role("heading", name="You have signed out").wait_for()
        browser.close()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
