"""A page whose letters are turned, nameless or odd becomes words by pdfplumber itself."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from typing import Any

import pdfplumber

from bots.reading.paper.sheet import Box, Word, inside
from bots.reading.paper.text_layer import ACROSS, DOWN, EDGE, corners

MEANINGLESS = re.compile(r"\(cid:\d+\)|\ufffd")


def careful_words(data: bytes, number: int) -> list[Word]:
    """The words that stand on a page as it is shown.

    A word is in doubt when the page's edge cuts it, or when a letter of it has no known meaning.
    """
    with pdfplumber.open(BytesIO(data), pages=[number]) as pdf, closing(pdf.pages[0]) as page:
        left, top, width, height = _shown(page)
        found = []
        for word in page.extract_words(x_tolerance=ACROSS, y_tolerance=DOWN):
            box = (word["x0"] - left, word["top"] - top, word["x1"] - left, word["bottom"] - top)
            if inside(box, (0, 0, width, height)):
                found.append(_doubted(Word(word["text"], box), width))
        return found


def _doubted(word: Word, width: float) -> Word:
    cut = word.box[0] < -EDGE or word.box[2] > width + EDGE
    unknown = MEANINGLESS.search(word.text) is not None or not word.text.isprintable()
    return replace(word, confidence=0) if cut or unknown else word


def _shown(page: Any) -> Box:
    """Left and top of the page as it is shown, in pdfplumber's points, then its size.

    What is shown is the crop box, which may be less than the media box, then turned clockwise.
    """
    media, crop = corners(page.page_obj.mediabox), corners(page.page_obj.cropbox)
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
