"""A nought and a letter O, a one and a letter I are told apart by others of them on the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bots.reading.paper.ink import Cells, pieces
from bots.reading.paper.sheet import Word
from bots.reading.paper.spelling import ALIKE, NOUGHT, ONE, WELL_FORMED

AGREED = 60  # percent
PAIRS = {NOUGHT: ("0", "O"), ONE: ("1", "I")}
LEAST = 3  # of either that are known
APART = 4.0  # times as far apart as those of one kind differ among themselves
NEAR = 0.25  # of the way from one kind to the other: a letter is of the kind that it is so near to
LEAST_LETTERS = 3
LEAST_SPREAD = 0.02


def told_apart(grey: Cells, words: Sequence[Word], cells_a_point: float) -> list[Word]:
    """``words``, those whose letters only were in doubt as they are drawn elsewhere on the page.

    How wide a letter is for its height is compared with noughts and ones in amounts and codes, and
    with letters in plain words. What is not clearly one of them stays in doubt.
    """
    doubtful = [word for word in words if word.confidence == ALIKE]
    if not doubtful:
        return list(words)
    known = _known(grey, words, cells_a_point)
    return [_told(grey, word, known, cells_a_point) if word in doubtful else word for word in words]


def _told(grey: Cells, word: Word, known: Mapping[str, Cells], scale: float) -> Word:
    shapes, text, sure = _shapes(grey, word, scale), "", AGREED
    if len(shapes) != len(word.text):
        shapes, sure = [0.0] * len(word.text), ALIKE
    for letter, shape in zip(word.text, shapes, strict=True):
        one = _nearest(shape, *PAIRS[letter], known) if letter in PAIRS else letter
        text += one or PAIRS[letter][0]
        sure = sure if one else ALIKE
    return replace(word, text=text, confidence=sure)


def _nearest(shape: float, digit: str, letter: str, known: Mapping[str, Cells]) -> str:
    """Which of the two is as wide; empty when that is not clear."""
    digits, letters = (known.get(one, np.array([])) for one in (digit, letter))
    if min(len(digits), len(letters)) < LEAST:
        return ""
    low, high = float(np.median(digits)), float(np.median(letters))
    spread = max(float(digits.std()), float(letters.std()), LEAST_SPREAD)
    if abs(high - low) < APART * spread:
        return ""
    way = (shape - low) / (high - low)
    return digit if abs(way) < NEAR else letter if abs(way - 1) < NEAR else ""


def _known(grey: Cells, words: Sequence[Word], scale: float) -> dict[str, Cells]:
    """How wide for its height each letter is where no doubt is what it is."""
    found = defaultdict(list)
    for word in words:
        plain = word.text.isalpha() and word.text.isupper() and len(word.text) >= LEAST_LETTERS
        figure = WELL_FORMED.fullmatch(word.text) or word.text.isdecimal()
        if word.confidence < AGREED or not (plain or figure):
            continue
        shapes = _shapes(grey, word, scale)
        if len(shapes) == len(word.text):
            for letter, shape in zip(word.text, shapes, strict=True):
                found[letter].append(shape)
    return {letter: np.array(shapes) for letter, shapes in found.items()}


def _shapes(grey: Cells, word: Word, scale: float) -> list[float]:
    return [wide / high for wide, high in pieces(grey, word, scale)]
