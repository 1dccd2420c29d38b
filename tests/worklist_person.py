"""What a person does at the simulated clearinghouse, step by step."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from playwright.sync_api import Download, Page, expect
from worklist_site import NAME, Site

from sandbox.worklist import lacks_document
from sandbox.world import PayerClaim


def give_password(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.get_by_label("User ID", exact=True).fill(site.account.username)
    page.get_by_label("Password", exact=True).fill(site.account.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def pass_the_computer(page: Page) -> None:
    expect(page.get_by_role("button", name="Continue")).to_be_disabled()
    page.get_by_label("A shared computer - do not remember it", exact=True).check()
    page.get_by_role("button", name="Continue", exact=True).click()


def sign_in(page: Page, site: Site) -> None:
    give_password(page, site)
    pass_the_computer(page)
    expect(page.get_by_role("heading", name="Task Summary", exact=True)).to_be_visible()


def choose(page: Page, box: str, option: str) -> None:
    page.get_by_role("combobox", name=box, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def filter_for(page: Page, claim: PayerClaim, *, name: str = "All") -> None:
    page.get_by_role("link", name="Task Summary", exact=True).click()
    page.get_by_role("link", name=name, exact=True).click()
    choose(page, "Payer", NAME)
    day = claim.service_from.strftime("%m/%d/%Y")
    page.get_by_label("Service date from", exact=True).fill(day)
    page.get_by_label("Service date to", exact=True).fill(day)
    field = page.get_by_label("Patient last name begins with", exact=True)
    field.press_sequentially(claim.patient.last)
    expect(field).to_have_value(claim.patient.last)
    page.get_by_role("button", name="Apply filters", exact=True).click()


def open_row(page: Page, claim: PayerClaim) -> None:
    row = page.get_by_role("row").filter(has_text=claim.payer_claim_number)
    row.get_by_role("button", name="…", exact=True).click()
    page.get_by_role("menuitem", name="View claim", exact=True).click()
    expect(page.get_by_role("region", name="Claim", exact=True)).to_be_visible()


def paid(site: Site, *, document: bool = True, accent: bool = False) -> PayerClaim:
    down = site.payer.unavailable | site.payer.unavailable_once
    return next(
        one
        for one in site.payer.by_number.values()
        if (one.patient.member_id, one.service_from) not in down
        and not one.superseded_by
        and one.paid
        and one.paid % 1
        and lacks_document(one.payer_claim_number) is not document
        and one.patient.last.isascii() is not accent
    )


def pairs(page: Page) -> dict[str, str]:
    region = page.get_by_role("region", name="Claim", exact=True)
    keys = region.locator(".key").all_inner_texts()
    return dict(zip(keys, region.locator(".value").all_inner_texts(), strict=True))


def exported(page: Page, tmp_path: Path) -> list[dict[str, str]]:
    with page.expect_download() as coming:
        page.get_by_role("button", name="Export CSV", exact=True).click()
    return list(csv.DictReader(io.StringIO(saved(coming.value, tmp_path).decode("utf-8-sig"))))


def saved(download: Download, tmp_path: Path) -> bytes:
    place = tmp_path / "download"
    download.save_as(place)
    return place.read_bytes()
