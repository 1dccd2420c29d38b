"""Documents become pages of words with boxes, from the text layer or by optical recognition."""

from __future__ import annotations

from typing import cast

from PIL import Image

from bots.reading.paper.apart import Apart
from bots.reading.paper.pictures import kind_of_picture
from bots.reading.paper.sheet import AGREED, POINTS_PER_INCH, Box, Page, Word
from bots.reading.paper.spelling import drawn

__all__ = [
    "AGREED",
    "POINTS_PER_INCH",
    "Box",
    "Page",
    "Word",
    "draw_page",
    "drawn",
    "kind_of_document",
    "read_pages",
    "unlocked",
]

HEADER = b"%PDF-"
ARCHIVE = b"PK\x03\x04"  # may hold a PDF near its start, and is none
HEADER_WITHIN = 1024  # readers find it there, whatever a server put before it

_apart = Apart()


def kind_of_document(data: bytes) -> str | None:
    """The media type of what ``read_pages`` may read, by its first bytes; None for anything else.

    A web page that was saved as a PDF is none.
    """
    picture = kind_of_picture(data)
    if picture is not None:
        return f"image/{picture.lower()}"
    is_pdf = HEADER in data[:HEADER_WITHIN] and not data.startswith(ARCHIVE)
    return "application/pdf" if is_pdf else None


def read_pages(data: bytes) -> tuple[Page, ...]:
    """The words of every page of a PDF, or of a scan as TIFF, JPEG or PNG.

    A page without visible text is drawn at 300 dpi and read by Tesseract. Raises
    UnreadableDocument when the bytes are no whole, open document with at least one page, and
    when reading them takes more time or memory than a document may.
    """
    return tuple(
        Page(number, width, height, tuple(Word(*word) for word in words))
        for _, number, width, height, words in _apart.ask("pages", data)
    )


def unlocked(data: bytes, password: str) -> bytes:
    """The document without its password, or as it is when it has none.

    Raises UnreadableDocument when ``password`` does not open it.
    """
    ((_, opened),) = _apart.ask("unlocked", data, password)
    return cast(bytes, opened)


def draw_page(data: bytes, number: int, dpi: int) -> Image.Image:
    """A page of a document in colour, turned as it was read, so that boxes are where words stand.

    Raises UnreadableDocument.
    """
    ((_, width, height, cells),) = _apart.ask("drawn", data, number, dpi)
    return Image.frombytes("RGB", (width, height), cells)
