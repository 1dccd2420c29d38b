"""A picture of a page becomes words by Tesseract, in doubt when a second reader differs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from billing.errors import UnreadableDocument
from bots.reading.paper.gaps import joined
from bots.reading.paper.heights import cased
from bots.reading.paper.ink import Cells
from bots.reading.paper.letterforms import compared
from bots.reading.paper.pictures import DPI
from bots.reading.paper.preparation import Turns, blank, clean, turns_of
from bots.reading.paper.rules import beside_a_rule, without_rules
from bots.reading.paper.second_reader import doubted
from bots.reading.paper.sheet import POINTS_PER_INCH, Word
from bots.reading.paper.typewriting import typewritten

OCR_SECONDS = 120
SPECK_CONFIDENCE = 40
BLOCK = "6"  # a page as one block of text: rows stay rows
AT_ONCE = 40
MARGIN = 24  # cells around a word that is looked at alone
READS_WELL = 60  # percent: the mean of a page that is the right way up
UPSIDE_DOWN = Image.Transpose.ROTATE_180


def recognised(image: Image.Image, number: int) -> tuple[Image.Image, list[Word]]:
    """The page made upright and straight, and the words Tesseract sees on it.

    ``image`` is grey at 300 dpi. Tesseract's own confidence does not tell a T from a 1, two
    readers that disagree do: a word that a second one, of another kind, does not see so has
    confidence 0. Raises UnreadableDocument.
    """
    turns, plain, words = _first_reading(image, number)

    def again(crops: Sequence[Image.Image]) -> list[str]:
        return _looked_at(crops, number)

    scale = DPI / POINTS_PER_INCH
    grey = np.asarray(plain)
    whole = joined(grey, typewritten(grey, words, scale), scale)
    seen = doubted(plain, whole, scale, again)
    mended = compared(grey, joined(grey, seen, scale), scale)
    return turns.made(image), cased(plain, mended, scale)


def turns_to_read(image: Image.Image, number: int) -> Turns:
    """How ``recognised`` turns the page. Raises UnreadableDocument."""
    return _first_reading(image, number)[0]


def _first_reading(image: Image.Image, number: int) -> tuple[Turns, Image.Image, list[Word]]:
    """How the page is turned, what is looked at then, and what Tesseract sees there."""
    if blank(image):
        return Turns(), image, []
    turns = turns_of(image)
    level = turns.made(image)
    bare = without_rules(level, DPI)
    taken_off = np.asarray(level) != np.asarray(bare)
    plain = clean(bare)
    words = list(_tesseract(plain, number))
    if _sureness(words) < READS_WELL:
        turned = plain.transpose(UPSIDE_DOWN)
        other = list(_tesseract(turned, number))
        if _sureness(other) > _sureness(words):
            turns, plain, words = replace(turns, half=True), turned, other
            taken_off = taken_off[::-1, ::-1]
    return turns, plain, [word for word in words if not _rule(word, taken_off)]


def _rule(word: Word, taken_off: Cells) -> bool:
    """Whether what was taken for a sign or a letter is a piece of a rule that was left."""
    left, top, right, bottom = (round(side * DPI / POINTS_PER_INCH) for side in word.box)
    return len(word.text) == 1 and beside_a_rule(taken_off, (left, top, right, bottom))


def _sureness(words: list[Word]) -> int:
    said = [word for word in words if any(map(str.isalnum, word.text))]
    letters = sum(len(word.text) for word in said)
    return sum(word.confidence * len(word.text) for word in said) // max(letters, 1)


def _looked_at(crops: Sequence[Image.Image], number: int) -> list[str]:
    """What Tesseract sees in each picture of a word, without the page around it."""
    texts = []
    for at in range(0, len(crops), AT_ONCE):
        texts += _column_read(crops[at : at + AT_ONCE], number)
    return texts


def _column_read(crops: Sequence[Image.Image], number: int) -> list[str]:
    high = max(crop.height for crop in crops) + MARGIN
    wide = max(crop.width for crop in crops) + 2 * MARGIN
    column = Image.new("L", (wide, high * len(crops)), 255)
    for n, crop in enumerate(crops):
        column.paste(crop, (MARGIN, n * high + MARGIN // 2))
    texts = [""] * len(crops)
    for word in _tesseract(column, number):
        middle = (word.box[1] + word.box[3]) / 2 * DPI / POINTS_PER_INCH
        texts[min(int(middle / high), len(crops) - 1)] += word.text
    return texts


def _tesseract(image: Image.Image, number: int) -> Iterator[Word]:
    import pytesseract  # with all of pandas, which nothing needs that reads no scan

    os.environ["OMP_THREAD_LIMIT"] = "1"  # more threads make Tesseract several times slower
    try:
        table = pytesseract.image_to_data(
            image,
            config=f"--psm {BLOCK} --dpi {DPI}",
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
