"""A picture of a page with a box and a name around every figure that was read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

Box = tuple[float, float, float, float]

INK = (200, 30, 30)
PAPER = (255, 246, 200)
LINE = 2  # pixels
LETTERS = 11  # pixels high
MOST_AWAY = 5  # lines of letters between a box and its name; else the box goes without
APART = 2  # pixels between a figure and its box, so that the box covers no letter


def boxed(picture: Image.Image, places: Mapping[str, Box], *, scale: float = 1.0) -> bytes:
    """``picture`` as PNG with each place's box drawn and named.

    Boxes are left, top, right, bottom in units of which ``scale`` pixels make one: CSS pixels or
    PDF points. Figures that stand in the same place share a box, and a name never covers a
    figure. A place that lies outside the picture (below what was visible) is left out.
    """
    drawn = picture.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    font = ImageFont.load_default(LETTERS)
    frames = [
        (_around(box, scale), ", ".join(names))
        for box, names in _by_box(places).items()
        if is_inside(box, drawn.width / scale, drawn.height / scale)
    ]
    taken = [frame for frame, _ in frames]
    for frame, name in frames:
        pen.rectangle(frame, outline=INK, width=LINE)
        wide = pen.textlength(name, font=font) + 2 * APART
        label = free_place(frame, (wide, LETTERS + LINE), taken, drawn.width)
        if label is None:
            continue
        taken.append(label)
        pen.rectangle(label, fill=PAPER, outline=INK)
        pen.text((label[0] + APART, label[1]), name, fill=INK, font=font)
    data = BytesIO()
    drawn.save(data, "PNG")
    return data.getvalue()


def _around(box: Box, scale: float) -> Box:
    left, top, right, bottom = (side * scale for side in box)
    return (left - APART - LINE, top - APART - LINE, right + APART, bottom + APART)


def is_inside(box: Box, width: float, height: float) -> bool:
    """Whether any of a box lies on a picture of this size."""
    left, top, right, bottom = box
    return right > 0 and bottom > 0 and left < width and top < height


def free_place(
    frame: Box, size: tuple[float, float], taken: Sequence[Box], width: float
) -> Box | None:
    """Where a name of this size covers no figure and no other name: as near its box as may be."""
    left, top, right, bottom = frame
    wide, high = size
    corners = [
        (x, y)
        for away in range(MOST_AWAY)
        for y in (top - (away + 1) * high, bottom + away * high)
        for x in (right - wide, left)
    ]
    corners[4:4] = [(right, top), (left - wide, top)]
    places = [(x, y, x + wide, y + high) for x, y in corners if x >= 0 and x + wide <= width]
    free = (one for one in places if not any(_overlap(one, other) for other in taken))
    return next(free, None)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _by_box(places: Mapping[str, Box]) -> dict[Box, list[str]]:
    found: dict[Box, list[str]] = {}
    for name, box in places.items():
        found.setdefault(box, []).append(name)
    return found
