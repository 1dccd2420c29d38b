"""Words that recognition tore apart or ran together are mended by the paper between letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bots.reading.paper.ink import INK, Cells, inked
from bots.reading.paper.sheet import Box, Word

# In heights of a word. The digits of one number are closer than CLOSE, those of two are not
# closer than APART; around the point of a typewritten figure there is more, but never LOOSE.
CLOSE, APART, LOOSE = 0.4, 0.47, 0.6
SPACE = 0.58  # of a letter's width: the gap between two ones is less
WIDER = 1.5  # times the next wider gap
SAME_ROW = 0.5
OVERLAP = 0.3  # of the narrower of two words
FIGURE = re.compile(r"[-(]?\$?\d{1,3}(,?\d{3})*\.\d\d[-)]?(CR)?|\d\d?[/-]\d\d?[/-](\d{4}|\d\d)")


def joined(grey: Cells, words: Sequence[Word], cells_a_point: float) -> list[Word]:
    """``words``, those that are pieces of one figure or number put together.

    Numbers that are neither clearly one nor clearly two are in doubt. Words that stand in each
    other's place are one, and what it says is not known.
    """
    found: list[Word] = []
    for word in sorted(words, key=lambda one: one.box[0]):
        before = next((one for one in reversed(found) if _beside(one, word)), None)
        apart = 0.0 if before is None else _apart(grey, before, word, cells_a_point)
        if before is None:
            found.append(word)
        elif _overlapping(before, word):
            found[found.index(before)] = replace(
                _together(before, word, sure=False), text="", confidence=0
            )
        elif not _goes_on(before.text, word.text, apart):
            found.append(word)
        else:
            found[found.index(before)] = _together(before, word, sure=apart < CLOSE)
    return found


def _beside(one: Word, other: Word) -> bool:
    """Whether ``other`` stands to the right of ``one``, no more than a letter away."""
    heights = [word.box[3] - word.box[1] for word in (one, other)]
    level = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    near = other.box[0] - one.box[2] < max(heights) and other.box[0] >= one.box[0]
    return near and level >= SAME_ROW * min(heights)


def _overlapping(one: Word, other: Word) -> bool:
    shared = min(one.box[2], other.box[2]) - other.box[0]
    narrower = min(one.box[2] - one.box[0], other.box[2] - other.box[0])
    return shared > OVERLAP * narrower


def _apart(grey: Cells, one: Word, other: Word, cells_a_point: float) -> float:
    """How much paper is between two words, in heights of the higher: their boxes are rough."""
    top = round(min(one.box[1], other.box[1]) * cells_a_point)
    bottom = round(max(one.box[3], other.box[3]) * cells_a_point)
    reach = (bottom - top) // 2
    left = max(round(one.box[2] * cells_a_point) - reach, 0)
    right = round(other.box[0] * cells_a_point) + reach
    seen = np.flatnonzero((grey[max(top, 0) : bottom, left:right] < INK).any(axis=0))
    return float(np.diff(seen).max() - 1) / (bottom - top) if len(seen) > 1 else LOOSE


def _goes_on(text: str, more: str, apart: float) -> bool:
    if FIGURE.fullmatch(text) or FIGURE.fullmatch(more):
        return False
    numbers = text[-1:].isdigit() and more[:1].isdigit()
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
    left, at = round(word.box[0] * cells_a_point), inked(grey, word, cells_a_point)
    letter = (word.box[2] - word.box[0]) * cells_a_point / len("".join(pieces))
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


def in_two(grey: Cells, word: Word, cells_a_point: float) -> list[Word]:
    """The two words, not read yet, that ``word`` was run together from.

    Itself when no gap in it is wider than all others.
    """
    at = inked(grey, word, cells_a_point)
    gaps = np.diff(at)
    if np.count_nonzero(gaps > 1) < 2:
        return [word]
    second, widest = sorted(gaps.tolist())[-2:]
    if widest <= WIDER * second:
        return [word]
    left, top, right, bottom = word.box
    cut, on = (left + float(at[int(gaps.argmax()) + n]) / cells_a_point for n in (0, 1))
    boxes = (left, top, cut + 1 / cells_a_point, bottom), (on, top, right, bottom)
    return [replace(word, text="", box=box, confidence=0) for box in boxes]
