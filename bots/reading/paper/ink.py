"""Where there is ink on a page, and the pieces that a word's letters are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from bots.reading.paper.sheet import Word

INK = 150  # grey levels: what is darker is ink

Cells = np.ndarray[Any, np.dtype[Any]]


def inked(grey: Cells, word: Word, cells_a_point: float) -> Cells:
    """The columns within the word's box in which there is ink, from its left."""
    return np.flatnonzero(_within(grey, word, cells_a_point).any(axis=0))


def pieces(grey: Cells, word: Word, cells_a_point: float) -> list[tuple[int, int]]:
    """How wide and how high, in cells, each piece of ink in the word is, from left to right."""
    ink = _within(grey, word, cells_a_point)
    at = np.flatnonzero(ink.any(axis=0))
    columns = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []
    rows = [np.flatnonzero(ink[:, piece].any(axis=1)) for piece in columns]
    return [
        (len(piece), int(row[-1] - row[0]) + 1) for piece, row in zip(columns, rows, strict=True)
    ]


def _within(grey: Cells, word: Word, cells_a_point: float) -> Cells:
    left, top, right, bottom = (max(round(side * cells_a_point), 0) for side in word.box)
    return grey[top:bottom, left:right] < INK
