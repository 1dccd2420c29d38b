"""EOB documents are read in every field, with the place of every figure, or refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from eob_samples import (
    GOLDEN,
    LIST_PAGES,
    draw_list,
    list_document,
    nested_list,
    scan,
    table_document,
)
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from billing.errors import UnknownIssuer, UnreadableDocument
from billing.model import Remittance
from billing.money import dollars
from bots.layout import EobLayout, load_layout
from bots.layout_field import EobField
from bots.reading import words
from bots.reading.adjustments import adjustment
from bots.reading.blocks import Match
from bots.reading.eob import read_eob
from bots.reading.eob_json import document_json
from bots.reading.rows import Row, convert, span_of

LAYOUTS = {name: load_layout(GOLDEN / f"{name}.yaml") for name in ("table", "list")}
DOCUMENTS = {"table": table_document(), "list": list_document()}

each_document = pytest.mark.parametrize("name", sorted(DOCUMENTS))


def without_places(document: dict[str, Any]) -> dict[str, Any]:
    for payment in document["payments"]:
        del payment["places"]
    return document


def refusal(data: bytes, layouts: dict[str, EobLayout] | None = None) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_eob(data, LAYOUTS if layouts is None else layouts)
    return str(caught.value)


def read_or_refusal(data: bytes) -> dict[str, Any] | str:
    try:
        return without_places(document_json("", read_eob(data, LAYOUTS)))
    except UnreadableDocument as error:
        return str(error)


@each_document
def test_every_field_is_as_a_person_read_it(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    data = (GOLDEN / f"{name}.pdf").read_bytes()
    assert without_places(document_json(f"{name}.pdf", read_eob(data, LAYOUTS))) == expected


@each_document
def test_the_committed_pdf_is_the_one_that_is_drawn(name: str) -> None:
    assert (GOLDEN / f"{name}.pdf").read_bytes() == DOCUMENTS[name]


def figures(remittance: Remittance) -> dict[str, Decimal]:
    """Every amount of money by its path, found without the reader's own list of places."""
    found = {"amount": remittance.amount}
    for n, entry in enumerate(remittance.provider_adjustments):
        found[f"provider_adjustments[{n}].amount"] = entry.amount
    for n, claim in enumerate(remittance.claims):
        for name in ("charge", "paid", "patient_responsibility"):
            found[f"claims[{n}].{name}"] = getattr(claim, name)
        for m, one in enumerate(claim.adjustments):
            found[f"claims[{n}].adjustments[{m}].amount"] = one.amount
        for k, line in enumerate(claim.lines):
            for name in ("charge", "allowed", "paid"):
                found[f"claims[{n}].lines[{k}].{name}"] = getattr(line, name)
            for m, one in enumerate(line.adjustments):
                found[f"claims[{n}].lines[{k}].adjustments[{m}].amount"] = one.amount
    return found


@each_document
def test_every_figure_stands_where_its_place_says(name: str) -> None:
    """Another PDF library, asked for the text in the box, finds the same digits there."""
    data = DOCUMENTS[name]
    (remittance,) = read_eob(data, LAYOUTS).remittances
    pages = pypdfium2.PdfDocument(data)
    wanted = figures(remittance)
    assert wanted.keys() <= remittance.places.keys()
    for path, amount in wanted.items():
        place = remittance.places[path]
        assert place.page is not None
        assert place.box is not None
        page = pages[place.page - 1]
        left, top, right, bottom = place.box
        height = page.get_height()
        there = page.get_textpage().get_text_bounded(left, height - bottom, right, height - top)
        assert there.strip().strip("$-").replace(",", "") == str(abs(amount)), path


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("margins", [None, (10.0, 20.0, 5.0, 15.0)])
def test_a_box_counts_from_the_corner_of_the_page_as_it_is_seen(
    turn: int, margins: tuple[float, float, float, float] | None
) -> None:
    (upright,) = read_eob(DOCUMENTS["list"], LAYOUTS).remittances
    (seen,) = read_eob(draw_list(LIST_PAGES, turn=turn, margins=margins), LAYOUTS).remittances
    assert seen.claims == upright.claims
    left, top = margins[:2] if margins else (0, 0)
    for path, place in upright.places.items():
        assert place.box is not None
        wanted = [edge - off for edge, off in zip(place.box, (left, top, left, top), strict=True)]
        assert seen.places[path].box == pytest.approx(wanted, abs=0.02), path


def test_words_off_the_page_are_not_read_and_words_cut_by_its_edge_are_in_doubt() -> None:
    beyond = [
        page.replace("DOE JANE", f"DOE JANE{' ' * 100}ADJ CO 45 80.00") for page in LIST_PAGES
    ]
    assert read_or_refusal(draw_list(beyond)) == read_or_refusal(DOCUMENTS["list"])
    cut = [page.replace("PAID BY CHECK", f"PAID BY{' ' * 91}CHECK") for page in LIST_PAGES]
    assert "Page 1: the method is not legible" in refusal(draw_list(cut))


@pytest.mark.parametrize("mode", [3, 7])
def test_text_beneath_a_scan_is_not_taken_for_what_is_printed(mode: int) -> None:
    """Somebody else's recognition stands there invisibly, and is as sure of a wrong digit."""
    assert "no payer's eob.yaml recognises" in refusal(draw_list(LIST_PAGES, mode=mode))


def test_a_letter_without_a_meaning_is_no_modifier() -> None:
    plain = draw_list(LIST_PAGES, packed=0)
    assert read_or_refusal(plain) == read_or_refusal(DOCUMENTS["list"])
    assert "the modifiers is not legible" in refusal(plain.replace(b"25 GT", b"25 G\x12"))


@pytest.mark.parametrize("doubtful", range(4))
def test_a_code_in_doubt_is_refused_though_its_amount_is_sure(doubtful: int) -> None:
    texts = ("ADJ", "CO", "45", "80.00")
    row = Row(
        1,
        tuple(
            words.Word(text, (n * 30.0, 0, n * 30.0 + 20, 9), "ocr", 0 if n == doubtful else 96)
            for n, text in enumerate(texts)
        ),
    )
    match = re.fullmatch(LAYOUTS["list"].lines.adjustments.pattern, row.text)
    assert match is not None
    with pytest.raises(UnreadableDocument, match="not legible"):
        adjustment(Match(row, match, "adjustment"), {})


def test_a_document_that_does_not_balance_says_where() -> None:
    wrong = draw_list([page.replace("ADJ CO 45 80.00", "ADJ CO 45 81.00") for page in LIST_PAGES])
    reading = read_eob(wrong, LAYOUTS)
    assert not reading.balanced
    assert [(one.where, dollars(one.dollars)) for one in reading.residuals[0]] == [
        ("claims[0].lines[0]", "-1.00"),
        ("claims[0]", "-1.00"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("CLAIMS 2 ", "CLAIMS 3 ", "totals"),
        ("BILLED 150.00", "BILLED 150.01", "totals"),
        ("NET PAYMENT 75.00", "NET PAYMENT 75.10", "payment"),
    ],
)
def test_printed_totals_are_checked(old: str, new: str, where: str) -> None:
    reading = read_eob(draw_list([page.replace(old, new) for page in LIST_PAGES]), LAYOUTS)
    assert [one.where for one in reading.residuals[0]] == [where]


def test_a_missing_page_is_noticed() -> None:
    assert "Page 1 of 1 does not say that it is" in refusal(draw_list(LIST_PAGES[:1]))
    assert "pages are missing or out of order" in refusal(draw_list(LIST_PAGES[::-1]))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("CHECK DATE 020326", "CHECK DATE 023326", "payment date cannot be read as date"),
        ("PAID BY CHECK", "PAID BY BARTER", "method cannot be read as one of the spellings"),
        ("010126    G0463", "01O126    G0463", "service date cannot be read as date"),
        ("     120.00     120.00", "     120.00     12..00", "paid cannot be read as money"),
        ("     120.00     120.00", "     120.00           ", "paid is not there"),
        ("ICN 2026020000001", "ICN 202602000000", "payer claim number cannot be read as text"),
        ("  CLAIM TOTAL BILLED 210.00", "  CLAIM SUM BILLED 210.00", "charge is not there"),
        ("RMK N382", "NOTE N382", "is not described by the payer's eob.yaml"),
    ],
)
def test_what_cannot_be_read_is_refused(old: str, new: str, sentence: str) -> None:
    changed = [page.replace(old, new) for page in LIST_PAGES]
    assert changed != list(LIST_PAGES)
    said = refusal(draw_list(changed))
    assert sentence in said
    assert said.startswith("Page 1: ")
    assert "DOE" not in said


def test_a_header_that_changes_from_page_to_page_is_refused() -> None:
    changed = [LIST_PAGES[0], LIST_PAGES[1].replace("000777", "000778")]
    assert "Page 2: the trace number stands there with different values" in refusal(
        draw_list(changed)
    )


def test_bytes_that_are_no_whole_pdf_are_refused() -> None:
    data = DOCUMENTS["table"]
    assert "web page" in refusal(b"\n<!DOCTYPE html><html><body>Sign in</body></html>")
    assert "not a PDF" in refusal(b"\x89PNG\r\n")
    assert "not a PDF" in refusal(b"")
    assert "ends too early" in refusal(data[: len(data) // 2])
    assert "damaged" in refusal(b"%PDF-1.4\nnothing of the kind\n%%EOF\n")
    no_pages = (
        b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
        b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"
    )
    assert "no pages" in refusal(no_pages)


def test_a_revision_that_is_torn_off_does_not_leave_the_figures_before_it() -> None:
    data = DOCUMENTS["list"]
    assert "ends too early" in refusal(data + b"\n3 0 obj\n<< /Type /Page /Contents 12 0 R")
    assert read_or_refusal(data + b"\r\n\0\0") == read_or_refusal(data)


def test_damage_in_a_form_within_a_form_is_noticed_wherever_it_is() -> None:
    data = nested_list()
    assert read_or_refusal(data) == read_or_refusal(DOCUMENTS["list"])
    packed = max(
        re.finditer(rb"stream\r?\n(.*?)~>endstream", data, re.S), key=lambda one: len(one[1])
    )
    for at in range(packed.start(1) + 10, packed.end(1), 47):
        torn = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert "Page 1 is damaged" in refusal(torn)


def test_an_encrypted_pdf_asks_for_a_copy_without_password() -> None:
    stream = BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption("secret", "owner"))
    canvas.drawString(40, 700, "Acme Health")
    canvas.save()
    assert "encrypted" in refusal(stream.getvalue())


def test_modifiers_that_are_printed_without_a_blank_are_two_letters_each() -> None:
    field = EobField(column="Mod", into="codes")
    span = span_of([words.Word("LT", (0, 0, 9, 9)), words.Word("JZ", (12, 0, 20, 9))], 1)
    assert convert("modifiers", field, span) == ("LT", "JZ")
    assert convert("modifiers", field, replace(span, text="LTJZ 25")) == ("LT", "JZ", "25")
    for text in ("LTJ", "LT J2Z", "lt"):
        with pytest.raises(UnreadableDocument, match="the modifiers cannot be read as codes"):
            convert("modifiers", field, replace(span, text=text))
    assert convert("remarks", field, replace(span, text="MA130")) == ("MA130",)


def test_a_locked_pdf_that_ends_early_is_said_to_end_early_whatever_the_password() -> None:
    stream = BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption("secret", "owner"))
    canvas.drawString(72, 720, "Remittance advice")
    canvas.save()
    whole = stream.getvalue()
    assert words.unlocked(whole, "secret").startswith(b"%PDF-")
    with pytest.raises(UnreadableDocument, match="does not open with the password"):
        words.unlocked(whole, "another")
    with pytest.raises(UnreadableDocument, match="ends too early; download it again"):
        words.unlocked(whole[: len(whole) * 2 // 3], "secret")


def test_exactly_one_layout_must_recognise_a_document() -> None:
    stream = BytesIO()
    canvas = Canvas(stream)
    canvas.drawString(40, 700, "A letter about something else")
    canvas.save()
    assert "no payer's eob.yaml recognises" in refusal(stream.getvalue())
    with pytest.raises(UnknownIssuer, match=r"no payer's eob\.yaml recognises"):
        read_eob(DOCUMENTS["table"], {})
    twice = LAYOUTS | {"again": LAYOUTS["table"]}
    assert "the layouts of again and table both recognise" in refusal(DOCUMENTS["table"], twice)


@pytest.mark.ocr
def test_a_scan_reads_as_its_original_or_is_refused(tesseract: str) -> None:
    """Without a text layer the same figures are found, and a word in doubt is never used."""
    original = read_or_refusal(DOCUMENTS["table"])
    scanned = read_or_refusal(scan(DOCUMENTS["table"]))
    assert scanned == original or "not legible" in str(scanned)
