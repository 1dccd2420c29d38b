"""The words of a typewritten page are parted where a blank is, whatever recognition made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bots.reading.paper.ink import INK, Cells
from bots.reading.paper.sheet import Box, Word

LEAST_WORDS, LEAST_LETTERS, SURE = 20, 4, 60
NARROWER = 0.3  # of a letter's room is paper, before the first and after the last of a word
EVEN = 0.05  # by how much the room of a letter may differ from word to word, as a share of it
BLANK = 0.85  # of a letter's room: a wider gap is a blank, the gaps at a point are narrower
SAME_ROW = 0.5
SAME_EDGE = 0.5  # of a letter's room: a letter that is cut off is wider
LOW = 0.4  # of a row's height: what is lower, and nobody read, is a speck
APART, AROUND = 0.6, 0.15  # of a word's height: words are farther apart, rows as well
LONGEST = 40  # letters


def typewritten(grey: Cells, words: Sequence[Word], cells_a_point: float) -> list[Word]:
    """``words`` of a page, made anew from the ink where every letter has as much room.

    What recognition tore apart, ran together, cut or passed over is one word for each run of ink,
    with an empty text and a confidence of 0 unless it had just that word. To the words of a page
    that is not typewritten those are added that recognition passed over in their rows.
    """
    room = _room(words)
    if room is None:
        added = [one for row in _rows(words) for one in _passed_over(grey, row, cells_a_point)]
        return [*words, *added]
    return [
        made
        for row in _rows(words)
        for made in _row_anew(grey, row, room * cells_a_point, cells_a_point)
    ]


def _room(words: Sequence[Word]) -> float | None:
    """How many points wide the room of a letter is; None when letters differ in it."""
    rooms = np.array(
        [
            (word.box[2] - word.box[0]) / (len(word.text) - NARROWER)
            for word in words
            if len(word.text) >= LEAST_LETTERS and word.confidence >= SURE and word.text.isalnum()
        ]
    )
    if len(rooms) < LEAST_WORDS:
        return None
    middle = float(np.median(rooms))
    return middle if float(np.median(np.abs(rooms - middle))) < EVEN * middle else None


def _rows(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The words of each row, from left to right."""
    left = sorted(words, key=lambda word: word.box[1])
    while left:
        _, top, _, bottom = left[0].box
        row = [word for word in left if _level(word, top, bottom)]
        left = [word for word in left if word not in row]
        yield sorted(row, key=lambda word: word.box[0])


def _level(word: Word, top: float, bottom: float) -> bool:
    shared = min(word.box[3], bottom) - max(word.box[1], top)
    return shared >= SAME_ROW * min(word.box[3] - word.box[1], bottom - top)


def _row_anew(grey: Cells, row: Sequence[Word], room: float, scale: float) -> Iterator[Word]:
    sure = [word for word in row if word.confidence >= SURE] or row
    top = float(np.median([word.box[1] for word in sure]))
    bottom = float(np.median([word.box[3] for word in sure]))
    band = grey[max(round(top * scale), 0) : round(bottom * scale)] < INK
    for first, last in _runs(np.flatnonzero(band.any(axis=0)), BLANK * room):
        box: Box = (first / scale, top, (last + 1) / scale, bottom)
        held = [word for word in row if word.box[0] < box[2] and word.box[2] > box[0]]
        off = [abs(word.box[side] - box[side]) for word in held for side in (0, 2)]
        if len(held) == 1 and max(off) < SAME_EDGE * room / scale:
            (left, upper, right, lower) = held[0].box
            yield replace(held[0], box=(left, min(upper, top), right, max(lower, bottom)))
        elif held or _is_word(band[:, first : last + 1], room):
            yield Word("", box, "ocr", 0)


def _passed_over(grey: Cells, row: Sequence[Word], scale: float) -> Iterator[Word]:
    """Ink in a row that is as high as a word, goes on neither above nor below, and nobody read."""
    top, bottom = (float(np.median([word.box[side] for word in row])) for side in (1, 3))
    high = (bottom - top) * scale
    reach = round(AROUND * high)
    first_row, last_row = max(round(top * scale) - reach, 0), round(bottom * scale) + reach
    band = grey[first_row:last_row] < INK
    for first, last in _runs(np.flatnonzero(band.any(axis=0)), APART * high):
        box: Box = (first / scale, top, (last + 1) / scale, bottom)
        ink = band[:, first : last + 1]
        alone = not any(word.box[0] < box[2] and word.box[2] > box[0] for word in row)
        if alone and not ink[[0, -1]].any() and _is_word(ink, high):
            yield Word("", box, "ocr", 0)


def _runs(inked: Cells, blank: float) -> Iterator[tuple[int, int]]:
    """The first and the last column of ink between gaps wider than ``blank``."""
    for run in np.split(inked, np.flatnonzero(np.diff(inked) > blank) + 1):
        if len(run):
            yield int(run[0]), int(run[-1])


def _is_word(ink: Cells, room: float) -> bool:
    high = np.flatnonzero(ink.any(axis=1))
    return int(high[-1] - high[0]) >= LOW * len(ink) and ink.shape[1] <= LONGEST * room
