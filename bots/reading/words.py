"""PDF bytes become pages of words with boxes, from the text layer or by optical recognition."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Literal

import numpy as np
import pdfplumber
import pypdfium2  # type: ignore[import-untyped]
import pytesseract
from pdfminer.ascii85 import ascii85decode, asciihexdecode
from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
from pdfminer.pdftypes import PDFStream, resolve1
from PIL import Image

from billing.errors import UnreadableDocument

Box = tuple[float, float, float, float]

DPI = 300
POINTS_PER_INCH = 72
OCR_SECONDS = 120
MOST_PIXELS = 80_000_000
SPECK_CONFIDENCE = 40
BLOCK, LAID_OUT = "6", "3"
DARK = 140
RULE_INCHES = 0.4
TAIL = 2048
EDGE = 1.0  # point: letters have room at their sides
MEANINGLESS = re.compile(r"\(cid:\d+\)|\ufffd")
INVISIBLE = re.compile(rb"(?<![\d.])[37]\s+Tr\b")


@dataclass(frozen=True, slots=True, repr=False)
class Word:
    """One word and its box in PDF points from the page's top left.

    ``confidence`` is in percent: 100 for a text layer, the recogniser's own for an image.
    """

    text: str
    box: Box
    source: Literal["text", "ocr"] = "text"
    confidence: int = 100


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """One page: its 1-based number, its size in points, its words in no order to rely on."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]


def read_pages(data: bytes) -> tuple[Page, ...]:
    """The words of every page of a PDF.

    A page without visible text is drawn at 300 dpi and read by Tesseract. Raises
    UnreadableDocument when the bytes are no whole, open PDF with at least one page.
    """
    _refuse_what_is_no_pdf(data)
    try:
        with pdfplumber.open(BytesIO(data)) as pdf:
            pages = tuple(_page(data, page) for page in pdf.pages)
    except UnreadableDocument:
        raise
    except pytesseract.TesseractNotFoundError:
        raise UnreadableDocument(
            "The PDF is a scan and Tesseract is not installed; install it, then read it again."
        ) from None
    except Exception as error:  # pdfminer raises anything at all on broken files
        if _asks_for_a_password(error):
            raise UnreadableDocument(
                "The PDF is encrypted and needs a password; save a copy without one."
            ) from None
        raise UnreadableDocument(
            "The PDF is damaged and cannot be opened; download it again."
        ) from None
    if not pages:
        raise UnreadableDocument("The PDF has no pages; download it again.")
    if _counted_pages(data) != len(pages):
        raise UnreadableDocument(
            f"The PDF is damaged: two readers do not find the same {len(pages)} pages; "
            "download it again."
        )
    return pages


def unlocked(data: bytes, password: str) -> bytes:
    """The document without its password, or as it is when it has none.

    Raises UnreadableDocument when ``password`` does not open it.
    """
    for key in (None, password):
        try:
            document = pypdfium2.PdfDocument(data, password=key)
        except pypdfium2.PdfiumError:
            continue
        with closing(document):
            if key is None:
                return data
            saved = BytesIO()
            document.save(saved, flags=pypdfium2.raw.FPDF_REMOVE_SECURITY)
            return saved.getvalue()
    raise UnreadableDocument("The PDF does not open with the password that the profile names.")


def draw_page(data: bytes, number: int, dpi: int) -> Image.Image:
    """A page of a PDF in colour, as a person sees it. Raises UnreadableDocument."""
    try:
        with closing(pypdfium2.PdfDocument(data)) as document:
            drawn: Image.Image = document[number - 1].render(scale=dpi / POINTS_PER_INCH).to_pil()
            return drawn.copy()
    except (pypdfium2.PdfiumError, IndexError):
        raise UnreadableDocument(f"Page {number} of the PDF cannot be drawn.") from None


def _refuse_what_is_no_pdf(data: bytes) -> None:
    start = data[:1024].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")):
        raise UnreadableDocument(
            "The file is a web page saved as PDF; download the document itself again."
        )
    if b"%PDF-" not in data[:1024]:
        raise UnreadableDocument("The file is not a PDF; download the document again.")
    end = data.rfind(b"%%EOF", max(0, len(data) - TAIL))
    if end < 0 or b" obj" in data[end:]:  # what comes after the last end is a torn revision
        raise UnreadableDocument("The PDF ends too early; download it again.")


def _asks_for_a_password(error: BaseException) -> bool:
    causes = (error, error.__cause__, error.__context__, *error.args)
    return any(isinstance(one, (PDFPasswordIncorrect, PDFEncryptionError)) for one in causes)


def _counted_pages(data: bytes) -> int:
    try:
        with closing(pypdfium2.PdfDocument(data)) as document:
            return len(document)
    except pypdfium2.PdfiumError:
        return 0


def _page(data: bytes, page: Any) -> Page:
    number = int(page.page_number)
    unseen = False
    try:
        for stream in _streams(page):
            _refuse_damage(stream, number)
            unseen = unseen or INVISIBLE.search(stream.get_data()) is not None
        left, top, width, height = _shown(page)
        words = tuple(
            _printed(
                Word(
                    word["text"],
                    (word["x0"] - left, word["top"] - top, word["x1"] - left, word["bottom"] - top),
                ),
                (0, 0, width, height),
            )
            for word in page.extract_words(x_tolerance=1.5, y_tolerance=2)
        )
    finally:
        page.close()
    kept = tuple(word for word in words if word is not None)
    if unseen or not kept:
        # a scan; invisible text beneath it is what somebody else's recognition made of it
        kept = tuple(_recognised(data, number))
    return Page(number, width, height, kept)


def _shown(page: Any) -> Box:
    """Left and top of the page as it is shown, in pdfplumber's points, then its size.

    What is shown is the crop box, which may be less than the media box, then turned clockwise.
    """
    media, crop = _corners(page.page_obj.mediabox), _corners(page.page_obj.cropbox)
    inner = (
        max(media[0], crop[0]),
        max(media[1], crop[1]),
        min(media[2], crop[2]),
        min(media[3], crop[3]),
    )
    west, south = inner[0] - media[0], inner[1] - media[1]
    east, north = media[2] - inner[2], media[3] - inner[3]
    left, top = {0: (west, north), 90: (south, west), 180: (east, south), 270: (north, east)}[
        page.rotation
    ]
    width, height = inner[2] - inner[0], inner[3] - inner[1]
    if page.rotation in (90, 270):
        width, height = height, width
    return page.mediabox[0] + left, page.mediabox[1] + top, width, height


def _corners(box: Sequence[float]) -> Box:
    left, right = sorted((float(box[0]), float(box[2])))
    bottom, top = sorted((float(box[1]), float(box[3])))
    return left, bottom, right, top


def _printed(word: Word, paper: Box) -> Word | None:
    """The word; None when it stands off the page.

    It is in doubt when the page's edge cuts it, or when a letter of it has no known meaning.
    """
    if not _inside(word.box, paper):
        return None
    cut = word.box[0] < paper[0] - EDGE or word.box[2] > paper[2] + EDGE
    unknown = MEANINGLESS.search(word.text) is not None or not word.text.isprintable()
    return replace(word, confidence=0) if cut or unknown else word


def _streams(page: Any) -> Iterator[PDFStream]:
    """The page's drawing instructions, and those of the forms it draws."""
    for part in page.page_obj.contents:
        stream = resolve1(part)
        if isinstance(stream, PDFStream):
            yield stream
    yield from _forms(page.page_obj.resources, set())


def _forms(resources: Any, seen: set[int]) -> Iterator[PDFStream]:
    """The forms among ``resources``, and the forms that those draw in turn, each once."""
    drawn = resolve1((resolve1(resources) or {}).get("XObject")) or {}
    for part in drawn.values():
        stream = resolve1(part)
        if not isinstance(stream, PDFStream) or id(stream) in seen:
            continue
        seen.add(id(stream))
        if getattr(stream.get("Subtype"), "name", "") == "Form":
            yield stream
            yield from _forms(stream.get("Resources"), seen)


def _refuse_damage(stream: PDFStream, number: int) -> None:
    """A compressed stream carries a checksum, which pdfminer forgives and a figure cannot."""
    data = stream.rawdata
    if data is None:
        return
    if stream.decipher and stream.objid is not None and stream.genno is not None:
        data = stream.decipher(stream.objid, stream.genno, data, stream.attrs)
    for kind, _ in stream.get_filters():
        match kind.name:
            case "ASCII85Decode" | "A85":
                data = ascii85decode(data)
            case "ASCIIHexDecode" | "AHx":
                data = asciihexdecode(data)
            case "FlateDecode" | "Fl":
                try:
                    data = zlib.decompress(data)
                except zlib.error:
                    raise UnreadableDocument(
                        f"Page {number} is damaged: its checksum does not fit; download the "
                        "PDF again."
                    ) from None
            case _:
                return


def _recognised(data: bytes, number: int) -> Iterator[Word]:
    """The words Tesseract sees on a page, ruling lines removed first.

    It reads twice, once as one block of text and once as laid out in columns: its own confidence
    does not tell a T from a 1, two readings that disagree do. A word they disagree on has
    confidence 0.
    """
    image = _without_rules(_drawn(data, number))
    laid_out = list(_tesseract(image, number, LAID_OUT))
    for word in _tesseract(image, number, BLOCK):
        same = [other for other in laid_out if _inside(other.box, word.box)]
        laid_out = [other for other in laid_out if other not in same]
        sure = max(one.confidence for one in (word, *same))
        if "".join(other.text for other in same) != word.text:
            if same or any(map(str.isalnum, word.text)):
                yield replace(word, confidence=0)
        elif len(same) > 1:
            yield from (replace(other, confidence=sure) for other in same)
        else:
            yield replace(word, confidence=sure)
    yield from (replace(other, confidence=0) for other in laid_out)


def _inside(small: Box, large: Box) -> bool:
    across, down = (small[0] + small[2]) / 2, (small[1] + small[3]) / 2
    return large[0] <= across <= large[2] and large[1] <= down <= large[3]


def _tesseract(image: Image.Image, number: int, segmentation: str) -> Iterator[Word]:
    os.environ["OMP_THREAD_LIMIT"] = "1"  # more threads make Tesseract several times slower
    try:
        table = pytesseract.image_to_data(
            image,
            config=f"--psm {segmentation} --dpi {DPI}",
            timeout=OCR_SECONDS,
            output_type=pytesseract.Output.DICT,
        )
    except RuntimeError:
        raise UnreadableDocument(
            f"Page {number} could not be recognised within {OCR_SECONDS} seconds; scan it again."
        ) from None
    scale = POINTS_PER_INCH / DPI
    found = []
    for text, confidence, left, top, width, height in zip(
        *(table[key] for key in ("text", "conf", "left", "top", "width", "height")), strict=True
    ):
        speck = int(confidence) < SPECK_CONFIDENCE and not any(map(str.isalnum, text))
        if text.strip() and not speck:
            box = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
            found.append(Word(text.strip(), box, "ocr", int(confidence)))
    yield from sorted(found, key=lambda word: word.box[0])


def _drawn(data: bytes, number: int) -> Image.Image:
    """The page in grey at 300 dpi."""
    with closing(pypdfium2.PdfDocument(data)) as document, closing(document[number - 1]) as page:
        width, height = page.get_size()
        if width * height * (DPI / POINTS_PER_INCH) ** 2 > MOST_PIXELS:
            raise UnreadableDocument(
                f"Page {number} is too large to draw; scan it again on letter paper."
            )
        bitmap = page.render(scale=DPI / POINTS_PER_INCH, grayscale=True)
        image: Image.Image = bitmap.to_pil().copy()
        return image


def _without_rules(image: Image.Image) -> Image.Image:
    """The image with every straight dark run too long for a letter turned white."""
    grey = np.asarray(image.convert("L")).copy()
    dark = grey < DARK
    least = int(RULE_INCHES * DPI)
    grey[_long_runs(dark, least) | _long_runs(dark.T, least).T] = 255
    return Image.fromarray(grey)


def _long_runs(dark: np.ndarray[Any, np.dtype[np.bool_]], least: int) -> Any:
    """Where ``dark`` is part of a horizontal run of at least ``least`` cells."""
    kept = np.zeros_like(dark)
    for row in np.flatnonzero(dark.sum(axis=1) >= least):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], dark[row].astype(np.int8), [0]))))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if stop - start >= least:
                kept[row, start:stop] = True
    return kept
