"""Evidence on paper: a long picture is cut without losing a figure; a file's figures are listed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pdfplumber
import pytest
from appeal_samples import appeal
from filing_samples import CLAIM, report
from ledger_samples import DAY, NOW, begin
from PIL import Image, ImageDraw

from billing.errors import BadInput
from billing.ledger import Ledger, open_ledger
from billing.model import Channel, ClaimStatus, Evidence, Found, Observation, Outcome
from billing.payer_rules import PayerRules
from billing.reconcile import conclude
from console.appeal import Mark
from console.appeal_sheet import covered, sheets

ROOM = (540.0, 700.0)
DENIED = ClaimStatus(
    words="F2:88",
    category="F2",
    payer_claim_number="PAYER77",
    member_id="MBR777",
    date_of_birth=None,
    service_from=CLAIM.service_from,
    service_to=CLAIM.service_to,
    charge=Decimal("100.00"),
    paid=Decimal("0.00"),
    payment_date=date(2026, 10, 1),
    reason_codes=("CO-29",),
)


def page(high: int, tops: list[int]) -> tuple[Image.Image, list[Mark]]:
    """A page with a line of print every 20 pixels, and a marked figure at each of ``tops``."""
    picture = Image.new("RGB", (1280, high), "white")
    pen = ImageDraw.Draw(picture)
    for top in range(4, high - 12, 20):
        pen.rectangle((40, top, 1200, top + 11), fill=(60, 60, 60))
    marks = [
        Mark(number, "paid", "$0.00", "there", (100.0, top, 300.0, top + 30.0))
        for number, top in enumerate(tops, 1)
    ]
    return picture, marks


@pytest.mark.parametrize("seed", range(8))
def test_a_long_picture_is_cut_where_nothing_is_lost(seed: int) -> None:
    made = random.Random(seed)
    high = made.randrange(300, 9000)
    picture, marks = page(high, [made.randrange(0, high - 40) for _ in range(12)])
    slices = sheets(picture, marks, 1.0, ROOM, 80.0)
    assert sum(one.picture.height for one in slices) == high
    assert all(one.picture.height * one.scale <= ROOM[1] for one in slices)
    assert all(one.picture.width * one.scale <= ROOM[0] + 0.01 for one in slices)
    above = 0
    whole: dict[int, int] = {}
    for one in slices:
        for number, box in one.boxes:
            mark = marks[number - 1]
            assert mark.box is not None
            assert (box[1] + above, box[3] + above) == (mark.box[1], mark.box[3])
            whole[number] = whole.get(number, 0) + (box[1] >= 0 and box[3] <= one.picture.height)
        above += one.picture.height
        last = one.picture.crop((0, one.picture.height - 1, 1280, one.picture.height))
        if one is not slices[-1]:
            dark = last.convert("L").getextrema()[0]
            assert dark == 255, "no line of print is cut through"
    assert whole == {mark.number: 1 for mark in marks}


def test_what_is_covered_is_gone_and_nothing_else() -> None:
    picture, _ = page(200, [])
    drawn = covered(picture, [(40.0, 80.0)])
    assert drawn.crop((0, 40, 1280, 81)).getcolors() == [(1280 * 41, (205, 205, 205))]
    for part in ((0, 0, 1280, 40), (0, 81, 1280, 200)):
        assert drawn.crop(part).tobytes() == picture.crop(part).tobytes()


def settle(home: Path, channel: Channel, places: dict[str, Evidence], *captures: str) -> Ledger:
    """A ledger in which one channel said that the claim is denied."""
    ledger = open_ledger(home)
    begin(ledger, "night-1", [CLAIM])
    item = ledger.lease_item("night-1", "acme", "me", seconds=60, now=NOW)
    assert item is not None
    said = Observation(channel, NOW, Found(DENIED), captures, places)
    concluded = conclude(CLAIM, [said], PayerRules(), today=DAY)
    assert concluded.outcome is Outcome.DENIED
    ledger.settle(
        item.item_id,
        item.fence,
        observations=[said],
        conclusion=concluded,
        postings=(),
        seconds=Decimal(1),
        at=NOW,
    )
    return ledger


def test_a_clearinghouses_answer_is_listed_by_its_segments(tmp_path: Path) -> None:
    sha256 = open_ledger(tmp_path / "home").store(b"ISA*", "application/edi-x12")
    places = {
        "words": Evidence(sha256, "segment 12, STC01"),
        "charge": Evidence(sha256, "segment 12, STC04"),
        "payer_claim_number": Evidence(sha256, "segment 13, REF02"),
    }
    settle(tmp_path / "home", Channel.CLEARINGHOUSE, places, sha256)
    out = tmp_path / "packet.pdf"
    made = appeal(tmp_path / "home", CLAIM.claim_id, "--out", str(out), "--json")
    assert made.code == 1
    assert [one["sha256"] for one in made.document["exhibits"]] == [sha256]
    assert made.document["look_at"] == [
        "the appeal limit is not known: the payer's appeal limit is not known; find it out first",
        "no remittance advice is enclosed: none was read that decides this claim",
    ]
    with pdfplumber.open(out) as pdf:
        texts = [one.extract_text() for one in pdf.pages]
    assert "Exhibit A. Your answer to our electronic inquiry" in texts[-1]
    assert "charge $100.00 segment 12, STC04" in texts[-1]
    assert "Billed $100.00 Exhibit A, no. 2" in texts[1]


def test_a_huge_screenshot_goes_over_pages(tmp_path: Path) -> None:
    picture, marks = page(5000, [30, 2300, 4900])
    data = BytesIO()
    picture.save(data, "PNG")
    ledger = open_ledger(tmp_path / "home")
    shown, read = ledger.store(data.getvalue(), "image/png"), ledger.store(b"<p>", "text/html")
    names = ("words", "charge", "payer_claim_number")
    places = {
        name: Evidence(read, "row", box=mark.box, image=shown)
        for name, mark in zip(names, marks, strict=True)
    }
    settle(tmp_path / "home", Channel.PORTAL, places, read, shown)
    out = tmp_path / "packet.pdf"
    appeal(tmp_path / "home", CLAIM.claim_id, "--out", str(out))
    with pdfplumber.open(out) as pdf:
        found = [
            [one for one in page.rects if not one["fill"] and 50 < one["width"] < 200]
            for page in pdf.pages
        ]
        pictures = [len(page.images) for page in pdf.pages]
        texts = [page.extract_text() for page in pdf.pages]
    assert sum(map(len, found)) == 3
    assert sum(pictures) >= 3
    assert all(held for one, held in zip(found, pictures, strict=True) if one)
    assert any(shown in one and read in one for one in texts)


def test_a_denial_that_was_read_from_nothing_is_refused(tmp_path: Path) -> None:
    settle(tmp_path / "home", Channel.PORTAL, {})
    with pytest.raises(BadInput, match="has no evidence to enclose"):
        appeal(tmp_path / "home", CLAIM.claim_id, "--out", str(tmp_path / "packet.pdf"))
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_proof_of_filing_stands_alone_for_any_claim(tmp_path: Path) -> None:
    settle(tmp_path / "home", Channel.PORTAL, {})
    folder, out = tmp_path / "in", tmp_path / "proof.pdf"
    folder.mkdir()
    (folder / "a.277ca").write_bytes(report(replace(CLAIM, member_id="MBR778")))
    arguments = (CLAIM.claim_id, "--filing-proof-only", "--out", str(out), "--inbox", str(folder))
    with pytest.raises(BadInput, match="No acceptance report in the folders takes claim"):
        appeal(tmp_path / "home", *arguments)
    assert not out.exists()
    (folder / "b.277ca").write_bytes(report())
    made = appeal(tmp_path / "home", *arguments, "--json")
    assert made.code == 0
    assert made.document["filing"] == "Taken on receipt on 2026-09-15 (277CA)."
    assert out.stat().st_mode & 0o777 == 0o600
    with pdfplumber.open(out) as pdf:
        first, second = (one.extract_text() for one in pdf.pages)
    assert "Member ID MBR777" in first
    assert "Page 1 of 2" in first
    assert f"TRN*2*{CLAIM.claim_id}" in second
    with pytest.raises(BadInput, match="has no letter"):
        appeal(tmp_path / "home", *arguments, "--letter", str(out))
