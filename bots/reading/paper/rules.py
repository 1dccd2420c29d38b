"""Ruling lines are taken off the picture of a page; what is printed across them stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from bots.reading.paper.ink import Box, Cells

RULE_INCHES = 0.4  # a dark run as long is no part of a letter
SHORT_INCHES, TOUCHING = 0.15, 4  # no letter is as high and touches rules, in cells, at both ends
BREAK_INCHES = 0.01  # grain breaks a rule as widely
THICK_INCHES = 0.05  # what is thicker is no rule but a filled box
INKED = 0.95  # of a rule's length
GOES_ON = 0.7  # of the length of what may be a piece of a rule, on either side of it
ASIDE = 3  # cells: a rule that is a little askew
DARKNESS = 0.8  # of the paper's grey: rules are often printed in grey


def without_rules(image: Image.Image, dpi: int) -> Image.Image:
    """The grey image with every horizontal and vertical rule turned into paper."""
    grey = np.array(image)
    paper = np.median(grey[::7, ::7])
    dark = grey < DARKNESS * paper
    level, cut_level = _rules(dark, dpi)
    across = np.ascontiguousarray(dark.T)
    sheer, cut_sheer = (found.T for found in _rules(across, dpi))
    short = _between(across, level.T, dpi).T
    grey[cut_level | cut_sheer | short | (level & sheer)] = paper
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


def _between(dark: Cells, rules: Cells, dpi: int) -> Cells:
    """Where shorter rules run along the rows from one of the other ``rules`` to the next."""
    runs = _long_runs(dark, least=int(SHORT_INCHES * dpi), widest=int(BREAK_INCHES * dpi))
    found = np.zeros_like(dark)
    for first, last in _bands(np.flatnonzero(runs.any(axis=1))):
        if last - first < THICK_INCHES * dpi:
            crossed = np.asarray(rules[first : last + 1].any(axis=0))
            for start, stop in _bands(np.flatnonzero(runs[first : last + 1].any(axis=0))):
                ends = (crossed[max(at - TOUCHING, 0) : at + TOUCHING] for at in (start, stop))
                if all(end.any() for end in ends):
                    found[max(first - 1, 0) : last + 2, start : stop + 1] = True
    return found


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


def beside_a_rule(taken_off: Cells, box: Box) -> bool:
    """Whether a rule went on above and below the box, or to its left and right.

    ``taken_off`` is where a page has lost its rules. What stands there is a piece of one.
    """
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    if high > wide:
        across = slice(max(left - ASIDE, 0), right + ASIDE)
        above, below = taken_off[max(top - high, 0) : top], taken_off[bottom : bottom + high]
        return all(_goes_on(end[:, across].T) for end in (above, below))
    down = taken_off[max(top - ASIDE, 0) : bottom + ASIDE]
    return all(
        _goes_on(end) for end in (down[:, max(left - wide, 0) : left], down[:, right:][:, :wide])
    )


def _goes_on(end: Cells) -> bool:
    return end.size > 0 and bool(end.any(axis=0).mean() >= GOES_ON)
