"""An exhibit's picture on paper: cut where nothing is lost, its figures boxed and numbered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from console.appeal import Mark
from console.appeal_lettering import BOLD
from console.pictures import Box, free_place

CAPTION = 64.0  # points above the first slice
LEGEND = 12.0
BIGGEST = 0.75  # points a CSS pixel, which is its own size
TAG, TAG_HIGH, AWAY = 6.5, 8.0, 1.5
LINE = 0.9
SMALLER_FOR_LEGEND, SMALLER_FOR_ONE_PAGE = 0.85, 0.7
COVER = (205, 205, 205)
BLANK = 24  # of 255: how much an empty place may vary
BACK = 0.3  # of a page: how far up a place to cut is looked for


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a picture with the boxes in it, in pixels from its own top; ``scale`` is points a
    pixel."""

    picture: Image.Image
    boxes: tuple[tuple[int, Box], ...]
    scale: float


def sheets(
    picture: Image.Image,
    marks: Sequence[Mark],
    unit: float,
    room: tuple[float, float],
    legend: float,
) -> tuple[Slice, ...]:
    """``picture`` in slices that fit a page of so many points, as few as can be read.

    ``unit`` pixels of the picture make one unit of a mark's box; ``legend`` is the height of what
    stands below, on the same page when the picture need not be much smaller for it. No cut goes
    through a box, nor through anything drawn where an empty row is near.
    """
    boxes = [(mark.number, _pixels(mark.box, unit)) for mark in marks if mark.box is not None]
    scale = min(room[0] / picture.width, 1 / unit if unit > 1 else BIGGEST)
    for under, smaller in ((legend, SMALLER_FOR_LEGEND), (0.0, SMALLER_FOR_ONE_PAGE)):
        whole = (room[1] - CAPTION - under) / picture.height
        if whole >= scale * smaller:
            scale = min(scale, whole)
            break
    tops, made = [0], []
    while (left := picture.height - tops[-1]) > 0:
        fits = int((room[1] - (CAPTION if len(tops) == 1 else LEGEND)) / scale)
        if left <= fits:
            break
        tops.append(_cut(picture, [box for _, box in boxes], tops[-1], fits))
    for top, bottom in zip(tops, [*tops[1:], picture.height], strict=True):
        part = picture.crop((0, top, picture.width, bottom)).convert("RGB")
        inside = tuple(
            (number, (box[0], box[1] - top, box[2], box[3] - top))
            for number, box in boxes
            if box[1] < bottom and box[3] > top
        )
        made.append(Slice(part, inside, scale))
    return tuple(made)


def covered(picture: Image.Image, bands: Sequence[tuple[float, float]]) -> Image.Image:
    """``picture`` with the rows of pixels from each first to last one covered in grey."""
    drawn = picture.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    for top, bottom in bands:
        pen.rectangle((0, top, drawn.width, bottom), fill=COVER)
    return drawn


def _pixels(box: Box, unit: float) -> Box:
    left, top, right, bottom = (side * unit for side in box)
    return left, top, right, bottom


def _cut(picture: Image.Image, boxes: Sequence[Box], top: int, fits: int) -> int:
    """The row to cut before: the lowest empty one without a box, or without a box at least."""
    lowest, highest = top + fits, top + int(fits * (1 - BACK))
    free = [
        row
        for row in range(lowest, highest, -1)
        if not any(box[1] - 4 < row < box[3] + 4 for box in boxes)
    ]
    for row in free:
        strip = picture.crop((0, row, picture.width, row + 1)).convert("L")
        if len(strip.getcolors() or ()) == 1:
            return row
    return free[0] if free else lowest


class Sheet(Flowable):
    """A slice as it is drawn."""

    def __init__(self, part: Slice) -> None:
        super().__init__()
        self.part = part
        self.width = part.picture.width * part.scale
        self.height = part.picture.height * part.scale

    def wrap(self, *_: Any) -> tuple[float, float]:
        """Its size in points."""
        return self.width, self.height

    def draw(self) -> None:
        """The picture, a box around each figure, and its number beside the box."""
        canvas, scale = self.canv, self.part.scale
        canvas.drawImage(ImageReader(self.part.picture), 0, 0, self.width, self.height)
        canvas.setLineWidth(0.4)
        canvas.rect(0, 0, self.width, self.height)
        frames = [(number, tuple(side * scale for side in box)) for number, box in self.part.boxes]
        taken: list[Box] = [
            (box[0] - AWAY, box[1] - AWAY, box[2] + AWAY, box[3] + AWAY) for _, box in frames
        ]
        canvas.setLineWidth(LINE)
        for (number, _), frame in zip(frames, tuple(taken), strict=True):
            left, top, right, bottom = frame
            canvas.rect(left, self.height - bottom, right - left, bottom - top)
            size = stringWidth(str(number), BOLD, TAG) + 3, TAG_HIGH
            empty = (one for one in _beside(frame, size) if self._is_empty(one, taken))
            tag = next(empty, None) or free_place(frame, size, taken, self.width)
            if tag is None:
                tag = (right, top, right + size[0], top + TAG_HIGH)
            taken.append(tag)
            self._tag(number, tag)

    def _is_empty(self, place: Box, taken: Sequence[Box]) -> bool:
        """Whether nothing is drawn there, and no box or number stands there."""
        left, top, right, bottom = place
        if left < 0 or top < 0 or right > self.width or bottom > self.height:
            return False
        if any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for other in taken
        ):
            return False
        pixels = tuple(side / self.part.scale for side in place)
        part = self.part.picture.crop((pixels[0], pixels[1], pixels[2], pixels[3])).convert("L")
        tones = [tone for tone, count in enumerate(part.histogram()) if count]
        return bool(tones) and tones[-1] - tones[0] <= BLANK

    def _tag(self, number: int, tag: Box) -> None:
        canvas = self.canv
        left, top, right, bottom = tag
        canvas.setFillGray(0)
        canvas.rect(left, self.height - bottom, right - left, bottom - top, stroke=0, fill=1)
        canvas.setFillGray(1)
        canvas.setFont(BOLD, TAG)
        canvas.drawCentredString((left + right) / 2, self.height - bottom + 1.8, str(number))
        canvas.setFillGray(0)


def _beside(frame: Box, size: tuple[float, float]) -> Iterator[Box]:
    """Places for a number around a box, the nearest first."""
    left, top, right, bottom = frame
    wide, high = size
    middle = (top + bottom - high) / 2
    for away in (0.0, 2.0, 6.0):
        for x, y in (
            (left - wide - away, middle),
            (right + away, middle),
            (right - wide, top - high - away),
            (left, top - high - away),
            (left, bottom + away),
            (right - wide, bottom + away),
        ):
            yield x, y, x + wide, y + high
