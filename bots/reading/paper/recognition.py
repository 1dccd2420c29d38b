"""A picture of a page becomes words by Tesseract; what it reads differently twice is in doubt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytesseract
from PIL import Image

from billing.errors import UnreadableDocument
from bots.reading.paper.preparation import blank, clean, straight, upright
from bots.reading.paper.rules import without_rules
from bots.reading.paper.second_reader import doubted
from bots.reading.paper.sheet import POINTS_PER_INCH, Word, inside

DPI = 300
OCR_SECONDS = 120
SPECK_CONFIDENCE = 40
BLOCK, LAID_OUT = "6", "3"
READS_WELL = 60  # percent: the mean of a page that is the right way up
UPSIDE_DOWN = Image.Transpose.ROTATE_180


def recognised(image: Image.Image, number: int) -> tuple[Image.Image, list[Word]]:
    """The page made upright and straight, and the words Tesseract sees on it.

    ``image`` is grey at 300 dpi. It is read twice, once as one block of text and once as laid out
    in columns: Tesseract's own confidence does not tell a T from a 1, two readings that disagree
    do. A word they disagree on has confidence 0, unless a second reader, of another kind, sees
    the same; on a page that is not clean the second reader must see every word so. Raises
    UnreadableDocument.
    """
    if blank(image):
        return image, []
    level = straight(upright(image))
    plain = without_rules(clean(level), DPI)
    block = list(_tesseract(plain, number, BLOCK))
    if _sureness(block) < READS_WELL:
        turned = plain.transpose(UPSIDE_DOWN)
        other = list(_tesseract(turned, number, BLOCK))
        if _sureness(other) > _sureness(block):
            level, plain, block = level.transpose(UPSIDE_DOWN), turned, other
    words = list(_agreed(block, list(_tesseract(plain, number, LAID_OUT))))
    return level, doubted(plain, words, DPI / POINTS_PER_INCH)


def _sureness(words: list[Word]) -> int:
    said = [word for word in words if any(map(str.isalnum, word.text))]
    letters = sum(len(word.text) for word in said)
    return sum(word.confidence * len(word.text) for word in said) // max(letters, 1)


def _agreed(block: list[Word], laid_out: list[Word]) -> Iterator[Word]:
    for word in block:
        same = [other for other in laid_out if inside(other.box, word.box)]
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


def _tesseract(image: Image.Image, number: int, segmentation: str) -> Iterator[Word]:
    os.environ["OMP_THREAD_LIMIT"] = "1"  # more threads make Tesseract several times slower
    try:
        table = pytesseract.image_to_data(
            image,
            config=f"--psm {segmentation} --dpi {DPI}",
            timeout=OCR_SECONDS,
            output_type=pytesseract.Output.DICT,
        )
    except pytesseract.TesseractNotFoundError:
        raise UnreadableDocument(
            "The document is a scan and Tesseract is not installed; install it, then read it again."
        ) from None
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
