"""A document's bytes become pages of words, each page from its text layer or by recognition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from itertools import islice

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from PIL import Image

from billing.errors import UnreadableDocument
from bots.reading.paper.careful import MEANINGLESS, careful_words
from bots.reading.paper.pictures import DPI, MOST_PIXELS, kind_of_picture, pictured_pages
from bots.reading.paper.recognition import recognised, turns_to_read
from bots.reading.paper.sheet import POINTS_PER_INCH, Page, Word
from bots.reading.paper.streams import Signs, look_through
from bots.reading.paper.text_layer import Frame, frame_of, layer_words

TAIL = 2048
MOST_PAGES = 5_000
COVERED = 0.8  # of a page: a picture as large is the page, and text beside it is not what is seen
GARBLED = 0.2  # of the words without a meaning: the text layer is no help


def pages_of(data: bytes) -> Iterator[Page]:
    """The pages of a PDF, TIFF, JPEG or PNG, one after the other.

    A page without visible text is drawn at 300 dpi and read by Tesseract; so is one that is
    covered by a picture, or whose letters have no meaning. Raises UnreadableDocument when the
    bytes are no whole, open document with at least one page.
    """
    kind = kind_of_picture(data)
    if kind is not None:
        for number, image in enumerate(pictured_pages(data, kind), start=1):
            yield _recognised(image, number)
        return
    _refuse_what_is_no_pdf(data)
    try:
        yield from _pdf_pages(data)
    except UnreadableDocument:
        raise
    except Exception as error:  # pdfminer raises anything at all on broken files
        if _asks_for_a_password(error):
            raise UnreadableDocument(
                "The PDF is encrypted and needs a password; save a copy without one, or name the "
                "payer whose profile knows it (--payer)."
            ) from None
        raise UnreadableDocument(
            "The PDF is damaged and cannot be opened; download it again."
        ) from None


def unlocked(data: bytes, password: str) -> bytes:
    """The document without its password, or as it is when it has none.

    Raises UnreadableDocument when ``password`` does not open it, or it is no whole PDF.
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
            document.save(saved, flags=pdfium.FPDF_REMOVE_SECURITY)
            return saved.getvalue()
    _refuse_what_is_no_pdf(data)
    raise UnreadableDocument("The PDF does not open with the password that the profile names.")


def drawn_page(data: bytes, number: int, dpi: int) -> Image.Image:
    """A page in colour, turned as it was read: boxes are where its words stand.

    Raises UnreadableDocument.
    """
    kind = kind_of_picture(data)
    if kind is not None:
        for image in islice(pictured_pages(data, kind), number - 1, number):
            size = (image.width * dpi // DPI, image.height * dpi // DPI)
            return turns_to_read(image, number).made(image.resize(size)).convert("RGB")
        raise UnreadableDocument(f"Page {number} of the picture cannot be drawn.")
    try:
        described = PDFPage.create_pages(PDFDocument(PDFParser(BytesIO(data))))
        with closing(pypdfium2.PdfDocument(data)) as document:
            page = document[number - 1]
            drawn: Image.Image = page.render(scale=dpi / POINTS_PER_INCH).to_pil()
            (one,) = islice(described, number - 1, number)
            if _written(data, number, page, look_through(one, number)) is not None:
                return drawn.copy()
            return turns_to_read(_drawn(page, number), number).made(drawn.convert("RGB"))
    except UnreadableDocument:
        raise
    except Exception:  # pdfminer raises anything at all on broken files
        raise UnreadableDocument(f"Page {number} of the PDF cannot be drawn.") from None


def _refuse_what_is_no_pdf(data: bytes) -> None:
    start = data[:1024].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")):
        raise UnreadableDocument(
            "The file is a web page saved as PDF; download the document itself again."
        )
    if b"%PDF-" not in data[:1024]:
        raise UnreadableDocument(
            "The file is not a PDF, nor a TIFF, JPEG or PNG; download the document again."
        )
    end = data.rfind(b"%%EOF", max(0, len(data) - TAIL))
    if end < 0 or b" obj" in data[end:]:  # what comes after the last end is a torn revision
        raise UnreadableDocument("The PDF ends too early; download it again.")


def _asks_for_a_password(error: BaseException) -> bool:
    causes = (error, error.__cause__, error.__context__, *error.args)
    return any(isinstance(one, (PDFPasswordIncorrect, PDFEncryptionError)) for one in causes)


def _pdf_pages(data: bytes) -> Iterator[Page]:
    parsed = PDFDocument(PDFParser(BytesIO(data)))
    described = list(islice(PDFPage.create_pages(parsed), MOST_PAGES + 1))
    if not described:
        raise UnreadableDocument("The PDF has no pages; download it again.")
    if len(described) > MOST_PAGES:
        raise UnreadableDocument(
            f"The PDF has more than {MOST_PAGES:,} pages; a person must read this document."
        )
    with closing(_opened(data)) as document:
        if len(document) != len(described):
            raise UnreadableDocument(
                f"The PDF is damaged: two readers do not find the same {len(described)} pages; "
                "download it again."
            )
        for number, page in enumerate(described, start=1):
            signs = look_through(page, number)
            with closing(document[number - 1]) as drawn:
                yield _page(data, number, drawn, signs)


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        raise UnreadableDocument(
            "The PDF is damaged and cannot be opened; download it again."
        ) from None


def _page(data: bytes, number: int, page: pypdfium2.PdfPage, signs: Signs) -> Page:
    words = _written(data, number, page, signs)
    if words is None:
        return _recognised(_drawn(page, number), number)
    frame = frame_of(page)
    return Page(number, frame.width, frame.height, tuple(words))


def _written(
    data: bytes, number: int, page: pypdfium2.PdfPage, signs: Signs
) -> Sequence[Word] | None:
    """The words of the page's text layer; None when it has none that is what a person sees."""
    frame = frame_of(page)
    # invisible text beneath a scan is what somebody else's recognition made of it
    if signs.unseen or (signs.pictured and _covered(page, frame)):
        return None
    words = None if signs.odd else layer_words(page, frame)
    if words is None:
        words = careful_words(data, number)
    return words if words and not _garbled(words) else None


def _garbled(words: Sequence[Word]) -> bool:
    nameless = sum(MEANINGLESS.search(word.text) is not None for word in words)
    return nameless > GARBLED * len(words)


def _covered(page: pypdfium2.PdfPage, frame: Frame) -> bool:
    """Whether pictures, together, are as large as the page."""
    left, bottom, right, top = frame.inner
    area = 0.0
    for picture in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,)):
        west, south, east, north = picture.get_bounds()
        across, down = min(right, east) - max(left, west), min(top, north) - max(bottom, south)
        area += max(across, 0.0) * max(down, 0.0)
    return area >= COVERED * (right - left) * (top - bottom)


def _drawn(page: pypdfium2.PdfPage, number: int) -> Image.Image:
    """The page in grey at 300 dpi."""
    width, height = page.get_size()
    if width * height * (DPI / POINTS_PER_INCH) ** 2 > MOST_PIXELS:
        raise UnreadableDocument(
            f"Page {number} is too large to draw; scan it again on letter paper."
        )
    bitmap = page.render(scale=DPI / POINTS_PER_INCH, grayscale=True)
    image: Image.Image = bitmap.to_pil().copy()
    return image


def _recognised(image: Image.Image, number: int) -> Page:
    level, words = recognised(image, number)
    scale = POINTS_PER_INCH / DPI
    return Page(number, level.width * scale, level.height * scale, tuple(words))
