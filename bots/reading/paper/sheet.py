"""A page of words with boxes: what readers of paper give and readers of figures take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]

POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True, repr=False)
class Word:
    """One word and its box in PDF points from the page's top left.

    ``confidence`` is in percent: 100 for a text layer, the recogniser's own for an image.
    """

    text: str
    box: Box
    source: Literal["text", "ocr"] = "text"
    confidence: int = 100


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """One page: its 1-based number, its size in points, its words in no order to rely on."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]


def inside(small: Box, large: Box) -> bool:
    """Whether the middle of ``small`` is in ``large``."""
    across, down = (small[0] + small[2]) / 2, (small[1] + small[3]) / 2
    return large[0] <= across <= large[2] and large[1] <= down <= large[3]
