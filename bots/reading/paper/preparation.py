"""A picture of a page is made upright, straight and clean before anything is recognised in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from bots.reading.paper.ink import Cells

DARK = 140
MOST_SKEW = 5.0  # degrees
LEAST_SKEW = 0.04
COARSE, FINE = 0.1, 0.02  # degrees: the lines of a wide page blur into each other at 0.15
POINTS_LOOKED_AT = 60_000
SPECKLED = 0.02  # of all cells are neither paper nor ink, though the picture is bilevel or scanned
SOFT = 0.8  # cells


def upright(image: Image.Image) -> Image.Image:
    """The image, turned by a quarter when its lines of text run from top to bottom.

    Which end is up only the recognised text tells.
    """
    turned = image.transpose(Image.Transpose.ROTATE_90)
    return turned if _lined(turned) > 1.5 * _lined(image) else image


@dataclass(frozen=True, slots=True)
class Turns:
    """How a picture is turned to be read: a quarter counterclockwise, some degrees, a half."""

    quarter: bool = False
    degrees: float = 0.0
    half: bool = False

    def made(self, image: Image.Image) -> Image.Image:
        """The image turned so; itself when there is nothing to turn."""
        if self.quarter:
            image = image.transpose(Image.Transpose.ROTATE_90)
        if self.degrees:
            image = image.rotate(self.degrees, Image.Resampling.BICUBIC, fillcolor="white")
        return image.transpose(Image.Transpose.ROTATE_180) if self.half else image


def turns_of(image: Image.Image) -> Turns:
    """How the image must be turned for its lines of text to be level, one end or the other up."""
    standing = upright(image)
    return Turns(standing is not image, _askew(standing))


def straight(image: Image.Image) -> Image.Image:
    """The image, turned until its lines of text are level; as it is when they are."""
    return Turns(degrees=_askew(image)).made(image)


def _askew(image: Image.Image) -> float:
    angle = skew(image)
    return angle if abs(angle) >= LEAST_SKEW else 0.0


def skew(image: Image.Image) -> float:
    """By how many degrees the image must be turned counterclockwise to be level."""
    marks = _marks(image)
    if marks is None:
        return 0.0
    best = 0.0
    for step, reach in ((COARSE, MOST_SKEW), (FINE, COARSE)):
        tried = best + np.arange(-reach, reach + step / 2, step)
        best = max(tried, key=lambda angle: (_sharpness(*marks, angle), -abs(angle)))
    return -float(best)


def clean(image: Image.Image) -> Image.Image:
    """The image softened where it is grainy: a clean one is left as it is."""
    grey = np.asarray(image)
    between = ((grey > DARK) & (grey < 250)).mean()
    inked = (grey <= DARK).mean()
    return image.filter(ImageFilter.GaussianBlur(SOFT)) if between > SPECKLED + inked else image


def blank(image: Image.Image) -> bool:
    """Whether nothing is printed there."""
    return bool(np.asarray(image).min() >= DARK)


def _marks(image: Image.Image) -> tuple[Cells, Cells] | None:
    """Places of ink on a small copy, no more than enough to tell a line by."""
    small = image.convert("L").reduce(max(1, min(image.size) // 800))
    down, across = np.nonzero(np.asarray(small) < DARK)
    if len(down) < 100:
        return None
    every = max(1, len(down) // POINTS_LOOKED_AT)
    return down[::every], across[::every]


def _lined(image: Image.Image) -> float:
    """How clearly the image has lines from left to right, level or askew."""
    marks = _marks(image)
    if marks is None:
        return 0.0
    return max(
        _sharpness(*marks, angle) for angle in np.arange(-MOST_SKEW, MOST_SKEW + COARSE / 2, COARSE)
    )


def _sharpness(down: Cells, across: Cells, angle: float) -> float:
    """How unevenly ink is spread over lines that are turned by ``angle`` degrees."""
    rows = np.rint(down + across * math.tan(math.radians(angle))).astype(np.int64)
    counted = np.bincount(rows - rows.min()).astype(np.float64)
    return float((np.diff(counted) ** 2).sum() / counted.sum())
