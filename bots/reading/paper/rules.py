"""Ruling lines are taken off the picture of a page; what is printed across them stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

RULE_INCHES = 0.4  # a dark run as long is no part of a letter
BREAK_INCHES = 0.01  # grain breaks a rule as widely
THICK_INCHES = 0.05  # what is thicker is no rule but a filled box
INKED = 0.95  # of a rule's length
DARKNESS = 0.8  # of the paper's grey: rules are often printed in grey

Cells = np.ndarray[Any, np.dtype[Any]]


def without_rules(image: Image.Image, dpi: int) -> Image.Image:
    """The grey image with every horizontal and vertical rule turned into paper."""
    grey = np.array(image)
    paper = np.median(grey[::7, ::7])
    dark = grey < DARKNESS * paper
    level, cut_level = _rules(dark, dpi)
    sheer, cut_sheer = (found.T for found in _rules(np.ascontiguousarray(dark.T), dpi))
    grey[cut_level | cut_sheer | (level & sheer)] = paper
    return Image.fromarray(grey)


def _rules(dark: Cells, dpi: int) -> tuple[Cells, Cells]:
    """Where horizontal rules run, a cell more on either side; and that without their crossings.

    Where ink goes on both above and below, a letter or another rule crosses.
    """
    runs = _long_runs(dark, least=int(RULE_INCHES * dpi), widest=int(BREAK_INCHES * dpi))
    found, cut = np.zeros_like(dark), np.zeros_like(dark)
    for first, last in _bands(np.flatnonzero(runs.any(axis=1))):
        if last - first < THICK_INCHES * dpi:
            above, below = max(first - 2, 0), min(last + 2, len(dark) - 1)
            rule = runs[first : last + 1].any(axis=0)
            found[above + 1 : below] |= rule
            cut[above + 1 : below] |= rule & ~(dark[above] & dark[below])
    return found, cut


def _bands(rows: Cells) -> Iterator[tuple[int, int]]:
    """The first and the last of rows that follow each other."""
    for band in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
        if len(band):
            yield int(band[0]), int(band[-1])


def _long_runs(dark: Cells, *, least: int, widest: int) -> Cells:
    """Where ``dark`` is part of a run along its row, with no break wider than ``widest``."""
    kept = np.zeros_like(dark)
    for row in np.flatnonzero(dark.sum(axis=1) >= INKED * least):
        edges = np.flatnonzero(np.diff(dark[row].view(np.int8), prepend=0, append=0))
        starts, stops = edges[::2], edges[1::2]
        whole = np.flatnonzero(starts[1:] - stops[:-1] > widest)
        starts, stops = starts[np.r_[0, whole + 1]], stops[np.r_[whole, len(stops) - 1]]
        for long in np.flatnonzero(stops - starts >= least):
            along = slice(starts[long], stops[long])
            if dark[row, along].mean() >= INKED:
                kept[row, along] = True
    return kept
