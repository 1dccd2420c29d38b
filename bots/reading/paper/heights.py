"""Letters that are drawn alike, small and large, are told apart by how high they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from bots.reading.paper.ink import Cells, glyphs
from bots.reading.paper.sheet import Word

ALIKE = frozenset("cosuvwxz")
AS_HIGH = 0.87  # of a figure beside it: small letters reach three quarters of that
NEAR = 3.0  # heights up and down: the same print
FIGURE = re.compile(r"[A-Z\d.-]*\d[A-Z\d.-]*")  # no sign of it is higher than a large letter


def cased(image: Image.Image, words: Sequence[Word], cells_a_point: float) -> list[Word]:
    """``words``, the letters that are alike large or small as large as they stand on the page."""
    grey = np.asarray(image)
    figures = [word for word in words if FIGURE.fullmatch(word.text)]
    heights = [_heights(grey, word, cells_a_point) for word in figures]
    found = []
    for word in words:
        alike = ALIKE & set(word.text)
        if alike and word.text.isalpha() and not any(c.islower() for c in {*word.text} - ALIKE):
            reach = NEAR * (word.box[3] - word.box[1])
            near = [
                max(high)
                for figure, high in zip(figures, heights, strict=True)
                if high and abs(figure.box[3] - word.box[3]) < reach
            ]
            letters = _heights(grey, word, cells_a_point)
            if near and len(letters) == len(word.text):
                word = replace(word, text=_as_high(word.text, letters, float(np.median(near))))
        found.append(word)
    return found


def _as_high(text: str, letters: Sequence[int], figure: float) -> str:
    return "".join(
        letter.upper() if letter in ALIKE and high >= AS_HIGH * figure else letter
        for letter, high in zip(text, letters, strict=True)
    )


def _heights(grey: Cells, word: Word, cells_a_point: float) -> list[int]:
    """How high each piece of ink in ``word`` is, from left to right."""
    return [bottom - top for _, top, _, bottom in glyphs(grey, word, cells_a_point)]
