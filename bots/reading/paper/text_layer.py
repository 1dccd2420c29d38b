"""A page's text layer becomes words: PDFium's letters, joined by pdfplumber's rules."""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from ctypes import c_int, c_size_t, c_void_p
from itertools import repeat
from typing import Any, cast

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from pdfminer.fontmetrics import FONT_METRICS

from bots.reading.paper.sheet import Box, Word

ACROSS, DOWN = 1.5, 2.0
"""Points: a wider gap ends a word; letters whose tops differ by more are on different rows."""
TOUCHING = 0.01  # point
SLANTED = re.compile("Italic|Oblique", re.I)
EDGE = 1.0  # point: letters have room at their sides

Array = np.ndarray[Any, np.dtype[Any]]


def _called(function: Any, returns: Any, *takes: Any) -> Callable[..., Any]:
    """A function of PDFium that takes bare addresses: called for every letter of a document."""
    return ctypes.CFUNCTYPE(returns, *takes)(ctypes.cast(function, c_void_p).value or 0)


_box_of = _called(pdfium.FPDFText_GetLooseCharBox, c_int, c_void_p, c_int, c_void_p)
_origin_of = _called(pdfium.FPDFText_GetCharOrigin, c_int, c_void_p, c_int, c_void_p, c_void_p)
_matrix_of = _called(pdfium.FPDFText_GetMatrix, c_int, c_void_p, c_int, c_void_p)
_unknown = _called(pdfium.FPDFText_HasUnicodeMapError, c_int, c_void_p, c_int)
_run_of = _called(pdfium.FPDFText_GetTextObject, c_size_t, c_void_p, c_int)
_size_of = _called(pdfium.FPDFTextObj_GetFontSize, c_int, c_size_t, c_void_p)
_font_of = _called(pdfium.FPDFTextObj_GetFont, c_size_t, c_size_t)

_SPACES = np.array([code for code in range(0x3001) if chr(code).isspace()])
# Written from right to left or without a meaning of their own: pdfplumber's to read.
_ODD = ((0, 8), (0x0E, 0x1B), (0x7F, 0x84), (0x590, 0x8FF), (0xD800, 0xF8FF), (0xFB1D, 0xFDFF),
        (0xFE70, 0xFFFF))  # fmt: skip


def layer_words(page: pypdfium2.PdfPage, frame: Frame) -> list[Word] | None:
    """The words of the page's text layer that stand on the page as it is shown.

    None when a letter is turned, has no known meaning or is written from right to left: then
    pdfplumber must look. Boxes are pdfplumber's to a tenth of a point.
    """
    text = pdfium.FPDFText_LoadPage(page.raw)
    if not text:
        return None
    try:
        letters = _letters(text, frame)
    finally:
        pdfium.FPDFText_ClosePage(text)
    if letters is None:
        return None
    codes, boxes = letters
    return list(_words(codes, boxes, frame)) if len(codes) else []


def _letters(text: Any, frame: Frame) -> tuple[Array, Array] | None:
    """Codes, and boxes as seen, of all letters and spaces of the text layer."""
    count = pdfium.FPDFText_CountChars(text)
    if count <= 0:
        return np.zeros(0, np.uint32), np.zeros((0, 4))
    buffer = (ctypes.c_ushort * (count + 1))()
    if pdfium.FPDFText_GetText(text, 0, count, buffer) != count + 1:
        return None  # letters that have no code
    codes = np.frombuffer(buffer, np.uint16, count).astype(np.uint32)
    if _among(codes, _ODD):
        return None
    handle = ctypes.cast(text, c_void_p).value
    at = np.flatnonzero((codes != 0x0A) & (codes != 0x0D))
    boxes = _gathered(_box_of, handle, at, 4)  # left, top, right, bottom
    first = _breaks(boxes)
    runs = np.array([*map(_run_of, repeat(handle), at[first].tolist())], np.uint64)
    lengths = np.diff(first, append=len(at))
    in_run = np.repeat(runs != 0, lengths)  # PDFium puts in spaces that belong to no run
    at, boxes = at[in_run], boxes[in_run]
    first, runs, lengths = _starts(lengths, runs)
    if not len(at):
        return np.zeros(0, np.uint32), np.zeros((0, 4))
    matrices = _gathered(_matrix_of, handle, at[first], 6)
    kinds, kind = np.unique([*map(_font_of, runs.tolist())], return_inverse=True)
    faces = [_face(int(font)) for font in kinds]
    if not _upright(matrices, frame.rotation) or any(face is None for face in faces):
        return None
    below, own = np.array([face for face in faces if face])[kind].T
    sizes = _sizes(runs) * np.hypot(matrices[:, 2], matrices[:, 3])
    seen = frame.shown(boxes[:, (0, 3, 2, 1)].astype(np.float64))
    lines = frame.shown(np.tile(_origins(handle, at[first]), 2))[:, 1]
    seen[:, 3] = np.repeat(lines - sizes * below, lengths)
    seen[:, 1] = seen[:, 3] - np.repeat(sizes, lengths)
    doubtful = np.flatnonzero(np.repeat(own > 0, lengths))
    if len(doubtful):
        if any(map(_unknown, repeat(handle), at[doubtful].tolist())):
            return None
        starts = frame.shown(np.tile(_origins(handle, at[doubtful]), 2))
        seen[doubtful, 0] = starts[:, 0]
    return codes[at], seen


def _breaks(boxes: Array) -> Array:
    """Where letters do not go on as they did: only there may another run of letters begin."""
    breaks = np.ones(len(boxes), bool)
    breaks[1:] = (
        (np.abs(boxes[1:, 0] - boxes[:-1, 2]) > TOUCHING)
        | (boxes[1:, 1] != boxes[:-1, 1])
        | (boxes[1:, 3] != boxes[:-1, 3])
    )
    return np.flatnonzero(breaks)


def _starts(lengths: Array, runs: Array) -> tuple[Array, Array, Array]:
    """Where each run of letters starts, which it is and how long, without those of no run."""
    lengths, runs = lengths[runs != 0], runs[runs != 0]
    return np.cumsum(lengths) - lengths, runs, lengths


def _sizes(runs: Array) -> Array:
    found = np.zeros(len(runs), np.float32)
    start = found.ctypes.data
    deque(map(_size_of, runs.tolist(), range(start, start + 4 * len(runs), 4)), 0)
    return np.abs(found.astype(np.float64))


def _face(address: int) -> tuple[float, bool] | None:
    """How far below the line a font goes, in sizes of it, and whether it is the file's own.

    What a font says of itself, as pdfminer has it. None when it slants: PDFium's boxes are then
    wider than pdfplumber's.
    """
    font = ctypes.cast(address, pdfium.FPDF_FONT)
    angle, down = ctypes.c_int(), ctypes.c_float()
    named = ctypes.create_string_buffer(256)
    pdfium.FPDFFont_GetBaseFontName(font, named, 256)
    name = named.value.decode("latin-1")
    pdfium.FPDFFont_GetItalicAngle(font, angle)
    if angle.value or SLANTED.search(name):
        return None
    standard = FONT_METRICS.get(name)
    if standard:
        descent = cast(float, standard[0].get("Descent") or 0)
        return descent / 1000, bool(pdfium.FPDFFont_GetIsEmbedded(font))
    pdfium.FPDFFont_GetDescent(font, 1.0, down)
    return down.value, True


def _origins(text: int | None, at: Array) -> Array:
    """Where on the line each letter begins, across and up."""
    found = np.zeros((len(at), 2))
    start, end = found.ctypes.data, found.ctypes.data + 16 * len(at)
    across, up = range(start, end, 16), range(start + 8, end + 8, 16)
    deque(map(_origin_of, repeat(text), at.tolist(), across, up), 0)
    return found


def _gathered(ask: Callable[..., Any], text: int | None, at: Array, wide: int) -> Array:
    """What ``ask`` writes of each letter: so many numbers."""
    found = np.zeros((len(at), wide), np.float32)
    start, step = found.ctypes.data, 4 * wide
    deque(map(ask, repeat(text), at.tolist(), range(start, start + step * len(at), step)), 0)
    return found


def _among(codes: Array, ranges: Sequence[tuple[int, int]]) -> bool:
    present = np.flatnonzero(np.bincount(codes))
    return any(((present >= low) & (present <= high)).any() for low, high in ranges)


def _upright(matrices: Array, rotation: int) -> bool:
    """Whether letters stand upright, once the page is turned clockwise as it is shown."""
    a, b, c, d = matrices[:, :4].T
    if rotation in (90, 270):
        a, b, c, d = (b, -a, d, -c) if rotation == 90 else (-b, a, -d, c)
    elif rotation == 180:
        a, b, c, d = -a, -b, -c, -d
    return bool(((b == 0) & (a > 0) & (d > 0)).all())


class Frame:
    """The part of a PDF's page that is shown: its crop box, turned clockwise."""

    def __init__(self, media: Box, crop: Box, rotation: int) -> None:
        media, crop = corners(media), corners(crop)
        left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
        right, top = min(media[2], crop[2]), min(media[3], crop[3])
        if left >= right or bottom >= top:
            left, bottom, right, top = media
        self.inner = (left, bottom, right, top)
        self.rotation = rotation
        across, down = right - left, top - bottom
        self.width, self.height = (down, across) if rotation in (90, 270) else (across, down)

    def shown(self, boxes: Array) -> Array:
        """Left, top, right and bottom as seen, of boxes by left, bottom, right and top."""
        west, south, east, north = self.inner
        left, bottom, right, top = boxes.T
        match self.rotation:
            case 90:
                seen = (bottom - south, left - west, top - south, right - west)
            case 180:
                seen = (east - right, bottom - south, east - left, top - south)
            case 270:
                seen = (north - top, east - right, north - bottom, east - left)
            case _:
                seen = (left - west, north - top, right - west, north - bottom)
        return np.stack(seen, axis=1)


def corners(box: Sequence[float]) -> Box:
    """Left, bottom, right and top, whichever way round a PDF names them."""
    left, right = sorted((float(box[0]), float(box[2])))
    bottom, top = sorted((float(box[1]), float(box[3])))
    return left, bottom, right, top


def _words(codes: Array, boxes: Array, frame: Frame) -> Iterator[Word]:
    """Letters become words as pdfplumber's ``extract_words`` joins them."""
    by_top = np.argsort(boxes[:, 1], kind="stable")
    rows = np.empty(len(codes), np.int64)
    rows[by_top] = np.cumsum(np.diff(boxes[by_top, 1], prepend=boxes[by_top[0], 1]) > DOWN)
    order = np.lexsort((boxes[:, 0], rows))
    codes, boxes, rows = codes[order], boxes[order], rows[order]
    space = np.isin(codes, _SPACES)
    begins = np.ones(len(codes), bool)
    begins[1:] = (
        (rows[1:] != rows[:-1])
        | space[:-1]
        | (boxes[1:, 0] > boxes[:-1, 2] + ACROSS)
        | (np.abs(np.diff(boxes[:, 1])) > DOWN)
    )
    starts = np.flatnonzero(begins[~space])
    letters, boxes = codes[~space], boxes[~space]
    if not len(letters):
        return
    text = letters.astype("<u4").tobytes().decode("utf-32-le")
    low = np.minimum.reduceat(boxes[:, :2], starts)
    high = np.maximum.reduceat(boxes[:, 2:], starts)
    middle = (low + high) / 2
    on: Any = ((middle >= 0) & (middle <= (frame.width, frame.height))).all(axis=1)
    cut = np.logical_or(low[:, 0] < -EDGE, high[:, 0] > frame.width + EDGE)
    ends = [*starts[1:].tolist(), len(letters)]
    whole = np.concatenate((low, high), axis=1).tolist()
    for start, end, box, here, doubt in zip(
        starts.tolist(), ends, whole, on.tolist(), cut.tolist(), strict=True
    ):
        if here:
            yield Word(text[start:end], tuple(box), "text", 0 if doubt else 100)


def frame_of(page: pypdfium2.PdfPage) -> Frame:
    """What of ``page`` is shown."""
    return Frame(page.get_mediabox(), page.get_cropbox(), page.get_rotation())
