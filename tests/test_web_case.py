"""A case's page over real evidence: every figure leads to the pixels that it was read from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pdfplumber
import pytest
from case_samples import OFF, Cases, cases
from PIL import Image
from web_browser import at_console, chromium, violations
from web_console import PROJECT, Visitor, serving, visitor

from billing.cases import View
from billing.ledger.shelves import FolderShelf
from billing.model import Channel, Found, Remittance
from bots.portal.browser import Browser
from console.appeal_sheet import COVER
from console.web import case_page
from console.web.case_evidence import DPI, Gallery, spot_key
from console.web.case_page import CaseFile
from flows.console_command import desk_of
from flows.settings import load_settings


@pytest.fixture(scope="module")
def there(browser_executable: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    home = tmp_path_factory.mktemp("case") / "home"
    with cases(browser_executable, home) as found:
        settings = load_settings(home=home, profiles=PROJECT / "payer_profiles")
        settings = replace(settings, artifacts=home / "files")
        yield replace(found, desk=desk_of(settings, found.desk.ledger, found.desk.entrance))


@pytest.fixture(scope="module")
def address(there: Cases) -> Iterator[str]:
    with serving(there.desk) as found:
        yield found


@pytest.fixture(scope="module")
def biller(address: str) -> Visitor:
    return visitor(address, "biller")


def file_of(there: Cases, name: str) -> CaseFile:
    return CaseFile(there.desk, there.desk.ledger.case(there.ids[name]))


def rect(text: str, key: str) -> tuple[float, ...]:
    """Where the drawing has the box of this key."""
    found = re.search(rf'id="{key}".*?<rect x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"', text)
    assert found is not None, key
    return tuple(map(float, found.groups()))


def test_every_figure_of_the_table_leads_to_the_box_it_was_read_from(
    there: Cases, biller: Visitor
) -> None:
    here = there.ids["paid"]
    page = biller.get(f"/cases/{here}").text
    evidence = biller.get(f"/cases/{here}/evidence").text
    portal = there.observed("paid", Channel.PORTAL)
    document = there.observed("paid", Channel.EOB)
    assert isinstance(document.answer, Found)
    assert isinstance(document.answer.value, Remittance)
    places = [
        *(portal.places[name] for name in ("charge", "paid", "payment_date", "trace_number")),
        *(document.answer.value.places[f"claims[0].{name}"] for name in ("charge", "paid")),
    ]
    for place in places:
        key = spot_key(place)
        assert key is not None
        assert place.box is not None
        assert f'data-spots="{key}"' in page
        left, top, wide, high = rect(evidence, key)
        drawn = left + 1, top + 1, left + wide - 1, top + high - 1
        assert drawn == pytest.approx(place.box, abs=0.02)


def test_what_the_channels_say_is_what_the_bytes_say(there: Cases, biller: Visitor) -> None:
    page = biller.get(f"/cases/{there.ids['paid']}").text
    document = there.observed("paid", Channel.EOB).captures[0]
    with pdfplumber.open(BytesIO(there.desk.ledger.fetch(document))) as opened:
        printed = opened.pages[0].extract_text()
    row = re.search(r'<th scope="row">Paid</th>(.*?)</tr>', page, re.S)
    assert row is not None
    stated = re.findall(r"\$([\d,.]+)", row[1])
    assert len(stated) == 3  # concluded, portal, document
    assert len(set(stated)) == 1
    assert stated[0] in printed
    assert "no figure on which channels differ" in page


def test_a_disagreement_is_told_in_words(there: Cases, biller: Visitor) -> None:
    page = biller.get(f"/cases/{there.ids['conflict']}").text
    row = re.search(r'<tr class="apart">(.*?)</tr>', page, re.S)
    assert row is not None
    assert "Paid" in row[1]
    assert f"${OFF} apart" in row[1]
    assert row[1].count(">differs<") == 2
    assert page.count('<tr class="apart">') == 1


def test_both_nights_and_all_channels_are_in_the_timeline(there: Cases, biller: Visitor) -> None:
    page = biller.get(f"/cases/{there.ids['conflict']}").text
    past = page[page.index('id="past"') :]
    assert len(re.findall(r'<li class="channel">', past)) == 4
    assert len(re.findall(r'<li class="sweep">', past)) >= 2
    times = re.findall(r'datetime="([^"]+)"', past)
    assert times == sorted(times, reverse=True)


def test_the_screenshot_is_the_stored_bytes_and_nobody_may_keep_them(
    there: Cases, biller: Visitor
) -> None:
    place = there.observed("paid", Channel.PORTAL).places["paid"]
    assert place.image is not None
    here = there.ids["paid"]
    answer = biller.get(f"/cases/{here}/evidence/{place.image}")
    assert answer.content == there.desk.ledger.fetch(place.image)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "image/png"
    entry = there.desk.ledger.audit_trail(subject=f"case {here}", most=1)[0]
    assert (entry.who, entry.act) == ("biller", "picture viewed")


def test_evidence_is_shown_with_its_own_case_alone(there: Cases, biller: Visitor) -> None:
    picture = there.observed("paid", Channel.PORTAL).places["paid"].image
    page = there.observed("paid", Channel.EOB).captures[0]
    for case in ("denied", "absent", "stranger"):
        for path in (f"{picture}", f"{page}/1"):
            answer = biller.get(f"/cases/{there.ids[case]}/evidence/{path}")
            assert answer.status_code == 400
            assert "no such evidence" in answer.text


def test_nothing_of_a_stranger_is_shown(there: Cases, biller: Visitor) -> None:
    stored = there.stranger_picture
    assert there.desk.ledger.media_type(stored) == "image/png"
    for case in there.ids.values():
        assert biller.get(f"/cases/{case}/evidence/{stored}").status_code == 400
    evidence = biller.get(f"/cases/{there.ids['stranger']}/evidence").text
    assert "another patient" in evidence
    assert "<image" not in evidence
    assert "wrong patient" in biller.get(f"/cases/{there.ids['stranger']}").text


def test_other_patients_are_covered_on_a_page_that_they_share(
    there: Cases, biller: Visitor
) -> None:
    document = there.observed("denied", Channel.EOB).captures[0]
    ours = there.result("denied").conclusion.payer_claim_number
    (payment,) = there.desk.ledger.remittances(documents=[document])
    whole = payment.remittance
    assert len(whole.claims) > 1
    answer = biller.get(f"/cases/{there.ids['denied']}/evidence/{document}/1")
    picture = Image.open(BytesIO(answer.content)).convert("RGB")
    unit = DPI / 72
    seen = {True: 0, False: 0}
    for path, place in whole.places.items():
        found = re.match(r"claims\[(\d+)\]\.(?:paid|charge|member_id)$", path)
        if found is None or place.page != 1 or place.box is None:
            continue
        mine = whole.claims[int(found[1])].payer_claim_number == ours
        tones = picture.crop(tuple(round(side * unit) for side in place.box)).getcolors() or []
        assert ({tone for _, tone in tones} == {COVER}) is not mine
        seen[mine] += 1
    assert min(seen.values()) >= 2
    assert "covered in grey" in biller.get(f"/cases/{there.ids['denied']}/evidence").text


def test_a_posting_leaves_the_patients_part_open(there: Cases, biller: Visitor) -> None:
    claim = there.result("paid").claim
    (proposal,) = file_of(there, "paid").proposals
    owed = there.result("paid").conclusion.patient_responsibility or Decimal(0)
    assert proposal.before.balance == claim.balance
    assert proposal.after.balance == proposal.after.patient == owed
    page = biller.get(f"/cases/{there.ids['paid']}").text
    assert f"<del>${claim.balance:,.2f}</del>" in page
    assert f"<ins>${owed:,.2f}</ins>" in page


def test_who_was_not_heard_and_why(there: Cases, biller: Visitor) -> None:
    down = biller.get(f"/cases/{there.ids['down']}").text
    assert "No answer (unavailable): The portal says that it is down for maintenance." in down
    absent = biller.get(f"/cases/{there.ids['absent']}").text
    assert "Says that it has no such claim; searched by member id, service from." in absent
    assert "No bank file was ever given." in absent
    assert "Nothing is proposed to post for this claim." in absent


def test_evidence_that_is_damaged_or_gone_is_a_sentence(there: Cases) -> None:
    file = file_of(there, "paid")
    ledger = there.desk.ledger
    for sheet in file.sheets:
        path = FolderShelf(ledger.home / "evidence").path(sheet.sha256)
        whole = path.read_bytes()
        try:
            path.write_bytes(whole + b"x")
            damaged, data = Gallery().look(ledger, file.claim, file.papers, sheet)
            path.unlink()
            gone, _ = Gallery().look(ledger, file.claim, file.papers, sheet)
        finally:
            path.write_bytes(whole)
        assert "was changed after it was stored" in damaged.why_not
        assert data == b""
        assert "cannot be read" in gone.why_not


def test_pages_that_are_not_shown_are_told(
    there: Cases, biller: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = len(file_of(there, "paid").sheets)
    where = f"/cases/{there.ids['paid']}/evidence"
    assert "not shown here" not in biller.get(where).text
    monkeypatch.setattr(case_page, "MOST_SHEETS", 1)
    assert f"It rests on {every - 1} page" in biller.get(where).text


def test_a_corrected_figure_is_struck_through_on_its_page_too(
    there: Cases, biller: Visitor
) -> None:
    here = there.ids["paid"]
    on_portal = spot_key(there.observed("paid", Channel.PORTAL).places["paid"])
    biller.act(f"/cases/{here}/correct", figure="paid", value="1.00", seen="a cheque's stub")
    try:
        evidence = biller.get(f"/cases/{here}/evidence").text
        struck = re.findall(
            r'class="spot struck" id="(\w+)".*?aria-label="([^"]*)".*?<line ', evidence
        )
        assert on_portal in {key for key, _ in struck}
        assert len(struck) == 2  # on the portal and on the document
        assert all("(corrected since)" in name for _, name in struck)
    finally:
        biller.act(f"/cases/{here}/undo")
    assert "corrected since" not in biller.get(f"/cases/{here}/evidence").text


def test_a_denied_claims_packet_is_made_and_downloaded(
    there: Cases, biller: Visitor, tmp_path: Path
) -> None:
    here = there.ids["denied"]
    assert "was made yet" in biller.get(f"/cases/{here}/appeal.pdf").text
    made = biller.act(f"/cases/{here}/appeal")
    assert made.headers["content-disposition"] == f'attachment; filename="appeal-case-{here}.pdf"'
    with pdfplumber.open(BytesIO(made.content)) as opened:
        letter = opened.pages[0].extract_text()
    assert there.result("denied").claim.claim_id in letter
    assert biller.get(f"/cases/{here}/appeal.pdf").content == made.content
    acts = [one.act for one in there.desk.ledger.audit_trail(subject=f"case {here}", most=5)]
    assert {"appeal packet made", "appeal packet downloaded"} <= set(acts)
    refused = biller.act(f"/cases/{there.ids['paid']}/appeal")
    assert refused.status_code == 400
    assert "is not denied" in refused.text
    assert "Make the appeal packet" not in biller.get(f"/cases/{there.ids['paid']}").text


@pytest.mark.browser
def test_values_and_boxes_light_each_other_by_hand_and_by_keyboard(
    there: Cases, address: str, browser_executable: Browser
) -> None:
    place = there.observed("paid", Channel.PORTAL).places["paid"]
    key = spot_key(place)
    assert place.box is not None
    with (
        chromium(browser_executable) as browser,
        at_console(browser, address, "biller") as page,
    ):
        page.goto(f"/cases/{there.ids['paid']}")
        spot = page.locator(f"#{key}")
        spot.wait_for()
        value = page.locator(f'.channels [data-spots="{key}"]').first
        value.hover()
        assert "lit" in (spot.get_attribute("class") or "").split()
        # the box on the screen is where the pixels of the stored picture are
        shown = page.evaluate(
            """key => {
              const spot = document.getElementById(key).querySelector("rect");
              const drawing = spot.ownerSVGElement.getBoundingClientRect();
              const box = spot.getBoundingClientRect();
              const scale = spot.ownerSVGElement.viewBox.baseVal.width / drawing.width;
              return [(box.left - drawing.left) * scale, (box.top - drawing.top) * scale,
                      (box.right - drawing.left) * scale, (box.bottom - drawing.top) * scale];
            }""",
            key,
        )
        assert shown == pytest.approx(place.box, abs=4)
        in_view = page.evaluate(
            """key => {
              const box = document.getElementById(key).getBoundingClientRect();
              const room = document.getElementById(key).closest(".viewer").getBoundingClientRect();
              return box.top >= room.top && box.bottom <= room.bottom;
            }""",
            key,
        )
        assert in_view
        page.mouse.move(0, 0)
        assert "lit" not in (spot.get_attribute("class") or "").split()
        # by keyboard: the value lights the box, Enter goes to it, Escape comes back
        value.focus()
        assert "lit" in (spot.get_attribute("class") or "").split()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == key
        paid = there.result("paid").conclusion.paid
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert label.startswith(f"Paid ${paid:,.2f}, Portal screenshot")
        assert f"Paid ${paid:,.2f}" in page.locator("[data-side=portal] .named").inner_text()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.classList.contains('spot')")
        assert page.evaluate("document.activeElement.id") != key
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Escape")
        assert page.evaluate(f"document.activeElement.dataset.spots === '{key}'")
        # zooming keeps the box on its pixels
        page.locator("[data-side=portal] [data-zoom=in]").click()
        page.keyboard.press("e")
        assert (
            page.evaluate("document.activeElement.closest('svg').getAttribute('width')") == "150%"
        )


@pytest.mark.browser
def test_a_biller_clears_cases_by_keyboard_without_leaving_the_page(
    there: Cases, address: str, browser_executable: Browser
) -> None:
    ledger = there.desk.ledger
    with (
        chromium(browser_executable) as browser,
        at_console(browser, address, "lead") as page,
    ):
        first, second = (
            one.case_id for one in ledger.queue(View(), datetime.now(UTC).date(), most=2).cases
        )
        page.goto(f"/cases/{first}")
        page.keyboard.press("j")
        page.wait_for_url(f"**/cases/{second}")
        page.keyboard.press("k")
        page.wait_for_url(f"**/cases/{first}")
        page.keyboard.press("r")
        page.keyboard.press("Enter")  # the field is required: nothing is sent
        page.keyboard.type("Posted by hand")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/cases/{second}*")
        page.get_by_role("status").get_by_text(f"Case {first} was resolved.").wait_for()
        assert page.evaluate("document.activeElement.tagName") == "H1"
        page.keyboard.press("u")
        page.wait_for_url(f"**/cases/{first}*")
        page.get_by_text("Your last act was taken back.").wait_for()
        page.keyboard.press("s")
        assert page.evaluate("document.activeElement.id") == "until"
        page.locator("#until").fill("2020-01-01")
        page.evaluate("document.getElementById('until').removeAttribute('min')")
        page.keyboard.press("Enter")
        page.locator("#told .wrong").get_by_text("later day").wait_for()
        page.get_by_role("button", name="Show patient").click()
        claim = ledger.case(first).result.claim
        page.get_by_text(claim.member_id).wait_for()
        page.reload()
        assert claim.member_id not in page.content()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (820, True)], ids=["wide", "tablet"])
def test_a_case_has_no_barrier(
    there: Cases, address: str, browser_executable: Browser, width: int, dark: bool
) -> None:
    with (
        chromium(browser_executable) as browser,
        at_console(browser, address, "biller", dark=dark, width=width) as page,
    ):
        for name in ("conflict", "stranger"):
            page.goto(f"/cases/{there.ids[name]}")
            page.locator("#evidence .side, #evidence .warned").first.wait_for()
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
