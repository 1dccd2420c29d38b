"""A denied claim's packet holds the record's own figures, and a person sends it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pdfplumber
import pypdfium2
import pytest
from appeal_samples import (
    COMMERCIAL,
    MEDICAID,
    SETTINGS,
    Swept,
    appeal,
    dollars,
    dollars_denied,
    lines_denied,
    swept,
)
from conftest import sealed_ledger
from filing_samples import report
from ledger_samples import DAY, NOW, begin, claim, conclusion, paid, unknown

from billing.errors import BadInput
from billing.model import Outcome, Reason
from bots.portal.browser import Browser
from flows.appeal import last_answer
from sandbox.world import PayerClaim


@pytest.fixture(scope="module")
def commercial(
    browser_executable: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Swept]:
    with swept(browser_executable, tmp_path_factory.mktemp("c") / "home", COMMERCIAL) as night:
        yield night


@pytest.fixture(scope="module")
def medicaid(
    browser_executable: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Swept]:
    with swept(browser_executable, tmp_path_factory.mktemp("m") / "home", MEDICAID) as night:
        yield night


@pytest.fixture
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS)
    file.chmod(0o600)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(file))


def partly(one: PayerClaim) -> bool:
    return bool(lines_denied(one)) and bool(one.paid)


def wholly(one: PayerClaim) -> bool:
    return bool(lines_denied(one)) and not one.paid


def texts(packet: Path) -> list[str]:
    with pdfplumber.open(packet) as pdf:
        return [page.extract_text() for page in pdf.pages]


@pytest.mark.browser
@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize("which", [partly, wholly])
def test_a_packet_holds_the_payers_own_figures(
    commercial: Swept, which: Callable[[PayerClaim], bool], tmp_path: Path
) -> None:
    held = commercial.claim(COMMERCIAL, which)
    out = tmp_path / "out" / "packet.pdf"
    made = appeal(commercial.home, held.claim_id, "--out", str(out), "--json")
    assert made.document["packet"] == str(out)
    pages = texts(out)
    letter, record = " ".join(pages[0].split()), pages[1]
    patient = f"{held.patient.first} {held.patient.last}"
    for said in (
        f"decision on claim {held.payer_claim_number}",
        f"Patient: {patient}, born {held.patient.birth:%m/%d/%Y}",
        f"Member ID: {held.patient.member_id}",
        f"Our claim number: {held.claim_id}",
        f"Billed {dollars(held.charge)} · Paid {dollars(held.paid)}",
        f"In dispute {dollars(dollars_denied(held))}",
        "12 Larkspur Lane Springfield, IL 62701",
        "Wilhelmina Ostrander, billing manager",
        "PO Box 100",
        "Exhibit A and Exhibit B",
    ):
        assert said in letter, said
    for number, one in lines_denied(held):
        assert re.search(rf"» {number} .*{one.group}-{one.reason} \{dollars(one.amount)}", record)
    printed = held.payment_date
    assert printed is not None
    assert f"Date of your decision {printed:%m/%d/%Y} Exhibit" in record
    assert "No proof of filing is enclosed." in record
    for number, text in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in text
    assert all("settings" not in one for one in made.document["fill_in"])


@pytest.mark.browser
def test_exhibits_show_the_stored_bytes_and_box_the_figures(
    commercial: Swept, tmp_path: Path
) -> None:
    held = commercial.claim(COMMERCIAL, partly)
    out = tmp_path / "packet.pdf"
    made = appeal(commercial.home, held.claim_id, "--out", str(out), "--json").document
    ledger = sealed_ledger(commercial.home)
    for one in made["exhibits"]:
        stored = ledger.fetch(one["sha256"])
        assert hashlib.sha256(stored).hexdigest() == one["sha256"]
    portal, eob = made["exhibits"]
    assert (portal["page"], eob["page"]) == (None, 1)
    pages = texts(out)
    (at,) = [n for n, text in enumerate(pages) if text.startswith("Exhibit B.")]
    assert eob["sha256"] in pages[at].replace("\n", "")
    assert any(text.startswith("Exhibit A.") and portal["sha256"] in text for text in pages)
    assert re.search(rf"Exhibit B .*\b{at + 1}$", pages[1], re.M), "the index names the page"
    original = BytesIO(ledger.fetch(eob["sha256"]))
    with pdfplumber.open(original) as pdf, pdfplumber.open(out) as packet:
        page = packet.pages[at]
        (picture,) = page.images
        scale = picture["width"] / pdf.pages[0].width
        boxes = [one for one in page.rects if not one["fill"] and one["width"] < 200]
        words = pdf.pages[0].extract_words()
        for _, one in lines_denied(held):
            stood = [word for word in words if word["text"] == f"{one.amount}"]
            assert stood, f"{one.amount} is on the remittance"
            for word in stood:
                left = picture["x0"] + word["x0"] * scale
                top = picture["top"] + word["top"] * scale
                assert any(
                    box["x0"] - 4 <= left <= box["x1"] and box["top"] - 4 <= top <= box["bottom"]
                    for box in boxes
                ), f"a box around {one.amount}"


@pytest.mark.browser
def test_other_patients_are_covered(commercial: Swept, tmp_path: Path) -> None:
    held = commercial.claim(COMMERCIAL, partly)
    out = tmp_path / "packet.pdf"
    made = appeal(commercial.home, held.claim_id, "--out", str(out), "--json").document
    sha256 = made["exhibits"][1]["sha256"]
    pages = texts(out)
    (at,) = [n for n, text in enumerate(pages) if text.startswith("Exhibit B.")]
    assert "Covered in grey: other claims on this page" in pages[at]
    with pdfplumber.open(BytesIO(sealed_ledger(commercial.home).fetch(sha256))) as pdf:
        page = pdf.pages[0]
        names = [line for line in page.extract_text_lines() if line["text"].startswith("Patient ")]
        others = [
            line
            for line in names
            if not line["text"].startswith("Patient account")
            and held.patient.last not in line["text"]
        ]
        mine = [line for line in names if f"{held.patient.last}, " in line["text"]]
        width = page.width
    assert others
    assert mine
    with pdfplumber.open(out) as packet:
        (picture,) = packet.pages[at].images
        scale = picture["width"] / width
    drawn = pypdfium2.PdfDocument(out)[at].render(scale=2).to_pil().convert("L")

    def darkest(line: dict[str, float]) -> int:
        return drawn.crop(
            (
                int(2 * (picture["x0"] + line["x0"] * scale)),
                int(2 * (picture["top"] + line["top"] * scale)),
                int(2 * (picture["x0"] + line["x1"] * scale)),
                int(2 * (picture["top"] + line["bottom"] * scale)),
            )
        ).getextrema()[0]

    assert {darkest(line) for line in others} == {205}
    assert all(darkest(line) < 60 for line in mine)


@pytest.mark.browser
def test_the_packet_is_for_its_owner_and_the_command_tells_no_patient(
    medicaid: Swept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMSWEEP_ARTIFACTS", str(tmp_path))
    held = medicaid.claim(MEDICAID, partly)
    made = appeal(medicaid.home, held.claim_id)
    assert made.code == 1
    files = sorted((tmp_path / "appeals").iterdir())
    assert [re.sub(r"item-\d+", "item", file.name) for file in files] == [
        f"appeal-{held.claim_id}-item.letter.txt",
        f"appeal-{held.claim_id}-item.pdf",
    ]
    first = files[1].read_bytes()
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        for told in (held.patient.last, held.patient.member_id, held.payer_claim_number):
            assert told not in made.said + file.name
    for known in (held.patient.last, held.patient.member_id, held.claim_id):
        assert known.encode() not in first
    metadata = pypdfium2.PdfDocument(first).get_metadata_dict(skip_empty=True)
    assert metadata["Title"] == "Appeal packet"
    assert held.patient.last not in str(metadata)
    for blank in ("practice name (settings: provider under [edi])", "who signs", "address under"):
        assert re.search(rf"fill in before sending: .*{re.escape(blank)}", made.said), blank
    appeal(medicaid.home, held.claim_id)
    assert files[1].read_bytes() == first, "the same bytes for the same claim"


@pytest.mark.browser
@pytest.mark.usefixtures("_settings")
def test_a_letter_that_a_person_edited_comes_back_in(commercial: Swept, tmp_path: Path) -> None:
    held = commercial.claim(COMMERCIAL, wholly)
    out = tmp_path / "packet.pdf"
    made = appeal(commercial.home, held.claim_id, "--out", str(out), "--json").document
    letter = Path(made["letter"])
    text = letter.read_text(encoding="utf-8")
    kept = re.sub(r"\[ [^]]+ \]", f"Łukasz's note of {dollars(held.charge)}, and $1.23", text)
    letter.write_text(f"{kept}\n[ {held.patient.last}'s chart ]\n", encoding="utf-8")
    arguments = (held.claim_id, "--out", str(out), "--letter", str(letter))
    again = appeal(commercial.home, *arguments)
    assert again.code == 1
    last = len(kept.splitlines()) + 1
    assert f"fill in before sending: line {last} of {letter}" in again.said
    assert "$1.23 is no figure of the record" in again.said
    assert f"{dollars(held.charge)} is no figure" not in again.said
    assert held.patient.last not in again.said
    assert "Łukasz's note" in texts(out)[0]
    assert letter.read_text(encoding="utf-8").startswith(kept), "the person's letter stays"
    letter.write_text(kept.replace("$1.23", "more"), encoding="utf-8")
    assert appeal(commercial.home, *arguments).code == 0


@pytest.mark.browser
def test_a_claim_that_is_paid_or_unknown_is_refused_in_a_sentence(
    commercial: Swept, tmp_path: Path
) -> None:
    fully = commercial.claim(COMMERCIAL, lambda one: not lines_denied(one))
    out = tmp_path / "no.pdf"
    for claim_id, says in (
        (fully.claim_id, "is not denied: the answer of .* only a denied or partly denied claim"),
        ("NONE-1", "has no answer about a claim 'NONE-1'; sweep it first"),
    ):
        with pytest.raises(BadInput, match=says):
            appeal(commercial.home, claim_id, "--out", str(out))
    with pytest.raises(BadInput, match="of acme; sweep it first"):
        appeal(commercial.home, fully.claim_id, "--payer", "acme", "--out", str(out))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.browser
def test_a_packet_encloses_the_proof_and_its_letter_cites_it(
    commercial: Swept, tmp_path: Path
) -> None:
    held = commercial.claim(
        COMMERCIAL, lambda one: any(a.reason == "29" for _, a in lines_denied(one))
    )
    ledger = sealed_ledger(commercial.home)
    asked = ledger.claim_results(held.claim_id)[0].claim
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.277ca").write_bytes(report(asked, received="20260714"))
    out = tmp_path / "packet.pdf"
    arguments = (held.claim_id, "--out", str(out), "--json")
    without = appeal(commercial.home, *arguments).document
    made = appeal(commercial.home, *arguments, "--inbox", str(tmp_path / "in")).document
    assert made["proof"] == [{"exhibit": "C", "what": "Proof of filing: acceptance report (277CA)"}]
    asks = "when the claim was first filed, and the acceptance report enclosed to prove it"
    assert asks in without["fill_in"]
    assert asks not in made["fill_in"]
    with pdfplumber.open(out) as pdf:
        texts = [page.extract_text() for page in pdf.pages]
    letter, last = " ".join(texts[0].split()), texts[-1]
    assert "acknowledged the claim as of July 14, 2026 (277CA: A2, accepted" in letter
    assert "The proof is enclosed as Exhibit C." in letter
    assert "Exhibit C, proof of filing" in letter
    assert f"TRN*2*{held.claim_id}" in last
    assert f"Exhibit C Proof of filing: acceptance report (277CA) {len(texts)}" in texts[1]
    assert "No proof of filing is enclosed" not in texts[1]


def test_the_last_answer_is_what_the_payer_was_last_heard_to_say(tmp_path: Path) -> None:
    ledger = sealed_ledger(tmp_path / "home")
    sha256 = ledger.store(b"page", "text/html")
    down = conclusion(Outcome.NO_ANSWER, Reason.UNREACHABLE)
    down = replace(down, finding=replace(down.finding, kind="unreachable"))
    said = [
        ("first", conclusion(Outcome.PENDING, None, sha256), paid(sha256)),
        ("second", conclusion(Outcome.DENIED, None, sha256), paid(sha256)),
        ("third", down, unknown(Reason.UNREACHABLE)),
    ]
    for days, (sweep, concluded, observed) in enumerate(said):
        begin(ledger, sweep, [claim(1)], days=days)
        item = ledger.lease_item(sweep, "acme", "me", seconds=60, now=NOW)
        assert item is not None
        ledger.settle(
            item.item_id,
            item.fence,
            observations=[observed],
            conclusion=concluded,
            postings=(),
            seconds=Decimal(1),
            at=NOW.replace(day=NOW.day + days),
        )
    assert [one.conclusion.outcome for one in ledger.claim_results("C00001")] == [
        Outcome.NO_ANSWER,
        Outcome.DENIED,
        Outcome.PENDING,
    ]
    assert ledger.claim_results("C00002") == ()
    found = last_answer(ledger, "C00001", None)
    assert found.conclusion.outcome is Outcome.DENIED, "a portal that was down says nothing new"
    begin(ledger, "other", [replace(claim(1, "other"), service_from=DAY)], days=3)
    ledger.conclude_unasked("other", "other", lambda _: conclusion(Outcome.DENIED), NOW)
    with pytest.raises(BadInput, match="is known of acme, other; name one by --payer"):
        last_answer(ledger, "C00001", None)
    assert last_answer(ledger, "C00001", "acme") == found
    begin(ledger, "twice", [replace(claim(1), member_id="MBR778")], days=4)
    ledger.conclude_unasked("twice", "acme", lambda _: conclusion(Outcome.DENIED), NOW)
    with pytest.raises(BadInput, match="stands for several claims"):
        last_answer(ledger, "C00001", "acme")
