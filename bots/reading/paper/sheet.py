"""A page of words with boxes: what readers of paper give and readers of figures take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]

POINTS_PER_INCH = 72

# How sure a word of a scan is, in percent, by who has seen it so.
AGREED = 60  # two readers of different kinds, or one and the page's own letters
PROVABLE = 40  # one of them each time, an amount: only an equation proves it
ALIKE = 20  # both, but for letters that are drawn alike


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
