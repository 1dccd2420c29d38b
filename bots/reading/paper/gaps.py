"""Words that recognition tore apart or ran together are mended by the paper between letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bots.reading.paper.sheet import Box, Word

INK = 150
# In heights of a word. The digits of one number are closer than CLOSE, those of two are not
# closer than APART; around the point of a typewritten figure there is more, but never LOOSE.
CLOSE, APART, LOOSE = 0.4, 0.47, 0.6
CAPITALS = 0.25  # of a letter's width: capitals of one word are closer
WIDER = 1.6  # times the middle one of its gaps
MUCH_WIDER, ALIKE = 2.2, 0.6  # the gap between two codes of two letters, and their widths
SPACE = 0.58  # of a letter's width: the gap between two ones is less
SAME_ROW = 0.5
FIGURE = re.compile(r"[-(]?\$?\d{1,3}(,?\d{3})*\.\d\d[-)]?(CR)?|\d\d?[/-]\d\d?[/-](\d{4}|\d\d)")

Cells = np.ndarray[Any, np.dtype[Any]]


def joined(grey: Cells, words: Sequence[Word], cells_a_point: float) -> list[Word]:
    """``words``, those that are pieces of one figure or number put together.

    Numbers that are neither clearly one nor clearly two are in doubt.
    """
    found: list[Word] = []
    for word in sorted(words, key=lambda one: one.box[0]):
        before = next((one for one in reversed(found) if _beside(one, word)), None)
        apart = 0.0 if before is None else _apart(grey, before, word, cells_a_point)
        if before is None or not _goes_on(before.text, word.text, apart):
            found.append(word)
        else:
            found[found.index(before)] = _together(before, word, sure=apart < CLOSE)
    return found


def _beside(one: Word, other: Word) -> bool:
    """Whether ``other`` stands to the right of ``one``, no more than a letter away."""
    heights = [word.box[3] - word.box[1] for word in (one, other)]
    level = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return level >= SAME_ROW * min(heights) and abs(other.box[0] - one.box[2]) < max(heights)


def _apart(grey: Cells, one: Word, other: Word, cells_a_point: float) -> float:
    """How much paper is between two words, in heights of the higher: their boxes are rough."""
    top = round(min(one.box[1], other.box[1]) * cells_a_point)
    bottom = round(max(one.box[3], other.box[3]) * cells_a_point)
    reach = (bottom - top) // 2
    left = max(round(one.box[2] * cells_a_point) - reach, 0)
    right = round(other.box[0] * cells_a_point) + reach
    inked = np.flatnonzero((grey[max(top, 0) : bottom, left:right] < INK).any(axis=0))
    return float(np.diff(inked).max() - 1) / (bottom - top) if len(inked) > 1 else LOOSE


def _goes_on(text: str, more: str, apart: float) -> bool:
    if FIGURE.fullmatch(text) or FIGURE.fullmatch(more):
        return False
    numbers = text[-1].isdigit() and more[0].isdigit()
    whole = FIGURE.fullmatch(text + more) is not None
    return (numbers and apart < APART) or (whole and apart < LOOSE)


def _together(word: Word, more: Word, *, sure: bool) -> Word:
    low = (min(word.box[0], more.box[0]), min(word.box[1], more.box[1]))
    high = (max(word.box[2], more.box[2]), max(word.box[3], more.box[3]))
    text, confidence = word.text + more.text, min(word.confidence, more.confidence)
    known = sure or FIGURE.fullmatch(text) is not None
    return replace(word, text=text, box=(*low, *high), confidence=confidence if known else 0)


def parts(grey: Cells, word: Word, pieces: Sequence[str], cells_a_point: float) -> list[Box]:
    """The boxes of the ``pieces`` that were run together in ``word``.

    Only its own box when there are not as many gaps in it that are as wide as a space.
    """
    at = _inked(grey, word, cells_a_point)
    left, letter = round(word.box[0] * cells_a_point), _letter(word, cells_a_point)
    wide = np.flatnonzero(np.diff(at) > SPACE * letter)
    if len(wide) != len(pieces) - 1:
        return [word.box]
    firsts, lasts = at[np.r_[0, wide + 1]], at[np.r_[wide, len(at) - 1]]
    return [
        (
            (left + first) / cells_a_point,
            word.box[1],
            (left + last + 1) / cells_a_point,
            word.box[3],
        )
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]


def may_be_two(grey: Cells, word: Word, cells_a_point: float) -> bool:
    """Whether the capitals of ``word`` stand so far apart that they may be two codes."""
    if len(word.text) < 4 or not (word.text.isalpha() and word.text.isupper()):
        return False
    gaps = np.diff(_inked(grey, word, cells_a_point)) - 1
    gaps = gaps[gaps > 0]
    if not len(gaps) or gaps.max() <= CAPITALS * _letter(word, cells_a_point):
        return False
    return len(gaps) == 1 or bool(gaps.max() > WIDER * np.median(gaps))


def two_codes(grey: Cells, word: Word, cells_a_point: float) -> list[Word]:
    """The two codes of two letters that ``word`` is made of; itself when it may be one word.

    Two they are when the gap in its middle is much wider than every other.
    """
    at = _inked(grey, word, cells_a_point)
    gaps = np.diff(at) - 1
    if len(word.text) != 4 or len(gaps) < 2:
        return [word]
    middle = int(gaps.argmax())
    others = float(np.delete(gaps, middle).max())
    left, right = (word.box[0] + float(at[n]) / cells_a_point for n in (middle, middle + 1))
    halves = (left - word.box[0], word.box[2] - right)
    if gaps[middle] < MUCH_WIDER * max(others, 1) or min(halves) < ALIKE * max(halves):
        return [word]
    _, top, _, bottom = word.box
    return [
        replace(word, text=word.text[:2], box=(word.box[0], top, left, bottom)),
        replace(word, text=word.text[2:], box=(right, top, word.box[2], bottom)),
    ]


def _inked(grey: Cells, word: Word, cells_a_point: float) -> Cells:
    """The columns of cells that are inked within the word's box, from its left."""
    left, top, right, bottom = (max(round(side * cells_a_point), 0) for side in word.box)
    return np.flatnonzero((grey[top:bottom, left:right] < INK).any(axis=0))


def _letter(word: Word, cells_a_point: float) -> float:
    """How many cells wide a letter of the word is."""
    return (word.box[2] - word.box[0]) * cells_a_point / len(word.text)
