"""Where there is ink on a page, and the pieces that a word's letters are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from bots.reading.paper.sheet import Word

INK = 150  # grey levels: what is darker is ink

Box = tuple[int, int, int, int]  # left, top, right, bottom in cells of the page
Cells = np.ndarray[Any, np.dtype[Any]]


def inked(grey: Cells, word: Word, cells_a_point: float) -> Cells:
    """The columns within the word's box in which there is ink, from its left."""
    left, top, right, bottom = _edges(word, cells_a_point)
    return np.flatnonzero((grey[top:bottom, left:right] < INK).any(axis=0))


def glyphs(grey: Cells, word: Word, cells_a_point: float) -> list[Box]:
    """The box, in cells of the page, around each piece of ink in the word, from left to right."""
    left, top, right, bottom = _edges(word, cells_a_point)
    ink = grey[top:bottom, left:right] < INK
    at = np.flatnonzero(ink.any(axis=0))
    pieces = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []
    return [
        trimmed(grey, (left + int(piece[0]), top, left + int(piece[-1]) + 1, bottom))
        for piece in pieces
    ]


def trimmed(grey: Cells, box: Box) -> Box:
    """The box without the rows above and below its ink."""
    left, top, right, bottom = box
    rows = np.flatnonzero((grey[top:bottom, left:right] < INK).any(axis=1))
    return (left, top + int(rows[0]), right, top + int(rows[-1]) + 1) if len(rows) else box


def _edges(word: Word, cells_a_point: float) -> Box:
    left, top, right, bottom = (max(round(side * cells_a_point), 0) for side in word.box)
    return left, top, right, bottom
