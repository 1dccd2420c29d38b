"""Scans, faxes and photos are read upright and straight, and what is in doubt is said to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2
import pytest
from eob_samples import LIST_PAGES, draw_list
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from bots.reading.paper import second_reader
from bots.reading.paper.document import drawn_page, pages_of
from bots.reading.paper.pictures import kind_of_picture, pictured_pages
from bots.reading.paper.preparation import skew, straight, upright
from bots.reading.paper.second_reader import doubted
from bots.reading.paper.sheet import PROVABLE, Page, Word

PRINTED = LIST_PAGES[0].split()
SURE = 30  # percent: the least that a figure is taken at
FIGURE = re.compile(r"\d[\d,]*\.\d\d")
CODE = re.compile(r".*\d.*")


def picture() -> Image.Image:
    """The upper half of a remittance's page, in grey at 300 dpi."""
    with pypdfium2.PdfDocument(draw_list(LIST_PAGES[:1])) as document:
        page = document[0].render(scale=300 / 72, grayscale=True).to_pil()
    return page.crop((0, 100, page.width, 1000))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def texts(page: Page) -> list[str]:
    return [word.text for word in sorted(page.words, key=lambda w: (round(w.box[1] / 6), w.box[0]))]


def sure_but_wrong(page: Page) -> list[str]:
    """Codes, dates and figures that would be taken and are not what is printed."""
    taken = [word.text for word in page.words if word.confidence >= SURE]
    return [text for text in taken if CODE.fullmatch(text) and text not in PRINTED]


@pytest.mark.ocr
@pytest.mark.parametrize("turn", ["ROTATE_90", "ROTATE_180", "ROTATE_270"])
def test_a_scan_that_lies_on_its_side_is_read_upright(turn: str, tesseract: str) -> None:
    lying = picture().transpose(Image.Transpose[turn])
    (page,) = pages_of(saved(lying, "PNG", dpi=(300, 300)))
    assert texts(page) == PRINTED
    assert (page.width, page.height) == pytest.approx((792, 216), abs=1)


@pytest.mark.parametrize("angle", [-4.3, -1.7, -0.2, 0.0, 0.6, 3.1])
def test_a_skewed_scan_is_made_straight(angle: float) -> None:
    askew = picture().rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    assert skew(askew) == pytest.approx(-angle, abs=0.12)
    assert abs(skew(straight(askew))) < 0.12


@pytest.mark.parametrize("angle", [-3.26, -0.28, 0.18, 0.34])
def test_the_small_skew_of_a_wide_page_is_found(angle: float) -> None:
    """Its lines blur into each other a tenth of a degree from where they are level."""
    page = Image.new("L", (3300, 2550), 255)
    pen = ImageDraw.Draw(page)
    for top in range(200, 2400, 38):
        for left in range(150, 3100, 22):
            pen.rectangle((left, top, left + 12, top + 20), fill=0)
    askew = page.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    assert skew(askew) == pytest.approx(-angle, abs=0.05)


def test_an_upright_scan_is_left_as_it_is() -> None:
    image = picture()
    assert upright(image) is image
    assert straight(image) is image


@pytest.mark.ocr
@pytest.mark.slow
@pytest.mark.parametrize("damage", ["noise", "fax"])
def test_a_bad_scan_holds_no_wrong_figure_that_is_sure(damage: str, tesseract: str) -> None:
    pytest.importorskip("onnxruntime")
    image = picture()
    if damage == "noise":
        askew = np.asarray(image.rotate(1.7, Image.Resampling.BICUBIC, fillcolor=255))
        grain = np.random.default_rng(1).normal(0, 18, askew.shape)
        image = Image.fromarray(np.clip(askew * 0.85 + 20 + grain, 0, 255).astype(np.uint8))
        data = saved(image, "PNG", dpi=(300, 300))
    else:
        small = image.resize((image.width * 204 // 300, image.height * 98 // 300))
        ink = small.point(lambda cell: 255 if cell > 150 else 0).convert("1")
        data = saved(ink, "TIFF", dpi=(204, 98), compression="group4")
    (page,) = pages_of(data)
    assert sure_but_wrong(page) == []
    assert sum(text in PRINTED for text in texts(page)) >= 0.8 * len(PRINTED)
    assert sum(word.confidence >= SURE for word in page.words) >= 0.6 * len(PRINTED)


def test_the_pages_of_a_fax_come_one_by_one_with_square_cells() -> None:
    sides = [Image.new("1", (1728, 1078), 1) for _ in range(3)]
    data = saved(sides[0], "TIFF", save_all=True, append_images=sides[1:], dpi=(204, 98))
    assert kind_of_picture(data) == "TIFF"
    assert [page.size for page in pictured_pages(data, "TIFF")] == [(2541, 3300)] * 3


def test_a_photo_is_as_large_as_a_letter_and_turned_as_it_was_held() -> None:
    photo = Image.new("L", (1600, 1200), 255)
    held = Image.Exif()
    held[0x0112] = 6
    (page,) = pictured_pages(saved(photo, "JPEG", exif=held.tobytes()), "JPEG")
    assert page.size == (2475, 3300)


def composed(*pages: Sequence[str | Image.Image]) -> bytes:
    """A PDF whose pages hold lines of text and pictures that cover all that came before."""
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=(792, 216), invariant=1)
    for page in pages:
        for part in page:
            if isinstance(part, str):
                canvas.setFont("Courier", 9)
                canvas.drawString(36, 100, part)
            else:
                canvas.drawImage(ImageReader(part), 0, 0, 792, 216)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


@pytest.mark.ocr
def test_each_page_is_read_the_way_it_needs(tesseract: str) -> None:
    """Text beneath a scan is what somebody made of it, or a lie; a page of text needs no eye."""
    data = composed(["PAID 12.50"], ["PAID 99.99", picture()], ["PAID 13.50"])
    first, second, third = pages_of(data)
    assert [texts(first), texts(third)] == [["PAID", "12.50"], ["PAID", "13.50"]]
    assert {word.source for word in (*first.words, *third.words)} == {"text"}
    assert texts(second) == PRINTED
    assert {word.source for word in second.words} == {"ocr"}


def test_a_logo_does_not_make_a_page_a_scan() -> None:
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=(792, 216), invariant=1)
    canvas.drawImage(ImageReader(picture()), 600, 150, 150, 40)
    canvas.drawString(36, 100, "PAID 12.50")
    canvas.save()
    (page,) = pages_of(stream.getvalue())
    assert texts(page) == ["PAID", "12.50"]


def unseen(crops: Sequence[Image.Image]) -> list[str]:
    """A second look that shows nothing."""
    return [""] * len(crops)


def test_two_readers_that_differ_leave_a_word_in_doubt() -> None:
    """The words stand where others are printed, as if Tesseract had misread them."""
    pytest.importorskip("onnxruntime")
    with pypdfium2.PdfDocument(composed(["G0463 A0425 CO 45 80.00"])) as document:
        image = document[0].render(scale=300 / 72, grayscale=True).to_pil()
    with pypdfium2.PdfDocument(composed(["G0463 A0425 CO 45 80.00"])) as document:
        text = document[0].get_textpage()
        boxes = [text.get_charbox(n) for n in range(text.count_chars())]
    printed, at = "G0463 A0425 CO 45 80.00".split(), 0
    words = []
    for one, said, sure in zip(
        printed, ("G0463", "A0426", "CO", "46", "80.01"), (0, 80, 0, 0, 80), strict=True
    ):
        held = boxes[at : at + len(one)]
        at += len(one) + 1
        box = (held[0][0], 216 - held[0][3] - 1, held[-1][2], 216 - held[0][1] + 1)
        words.append(Word(said, box, "ocr", sure))
    judged = {word.text: word.confidence for word in doubted(image, words, 300 / 72, unseen)}
    assert judged["G0463"] >= SURE
    assert judged["CO"] >= SURE
    assert judged["80.01"] == PROVABLE
    assert all(sure == 0 for text, sure in judged.items() if text not in ("G0463", "CO", "80.01"))


@pytest.mark.parametrize(("sure", "left"), [(97, [97, 97, 97]), (80, [0, 0, PROVABLE])])
def test_without_a_second_reader_a_page_that_is_not_clean_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch, sure: int, left: list[int]
) -> None:
    monkeypatch.setattr(second_reader, "_reader", lambda: None)
    words = [Word(text, (0, 0, 30, 10), "ocr", sure) for text in ("CO-45", "Paid", "$112.50")]
    assert [word.confidence for word in doubted(Image.new("L", (99, 99)), words, 1, unseen)] == left


@pytest.mark.ocr
@pytest.mark.parametrize(("angle", "half"), [(2.4, False), (-1.3, True)])
def test_a_box_is_drawn_where_its_figure_is_seen(angle: float, half: bool, tesseract: str) -> None:
    """The scan lies askew, or on its head; a crop of the picture at a word's box is that word."""
    image = picture().rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    if half:
        image = image.transpose(Image.Transpose.ROTATE_180)
    data = saved(image, "PNG", dpi=(300, 300))
    (page,) = pages_of(data)
    dpi = 200
    drawn = drawn_page(data, 1, dpi)
    assert drawn.size == pytest.approx((page.width * dpi / 72, page.height * dpi / 72), abs=1)
    figures = [word for word in page.words if FIGURE.fullmatch(word.text)]
    assert len(figures) > 10
    for word in figures:
        assert word.text in PRINTED
        left, top, right, bottom = (side * dpi / 72 for side in word.box)
        inside = np.asarray(drawn.convert("L").crop((left, top, right, bottom))) < 140
        around = np.asarray(drawn.convert("L").crop((left - 4, top - 4, right + 4, bottom + 4)))
        assert inside.any(axis=0).mean() > 0.45, word.text  # ink from one side to the other
        assert inside.sum() > 0.9 * (around < 140).sum(), word.text  # and hardly any outside
