"""Rows become the headings of a table of lines, though a heading may be broken over two rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from bots.reading.drafting.phrases import Phrase, segments
from bots.reading.drafting.vocabulary import is_name, meanings
from bots.reading.rows import Row
from bots.reading.tables import OFF
from bots.reading.words import Word

# A known heading of several words costs nothing, an unknown word and a tight neighbour do.
UNKNOWN, TIGHT = 1.5, 0.3
LEAST = 4
HIGHEST = 4


@dataclass(frozen=True, slots=True)
class Heading:
    """One column's heading, its parts from top to bottom."""

    parts: tuple[Phrase, ...]

    @property
    def text(self) -> str:
        """All of its words."""
        return " ".join(part.text for part in self.parts)

    @property
    def printed(self) -> str:
        """As a layout spells it: with | where it is broken."""
        return "|".join(part.text for part in self.parts)

    @property
    def left(self) -> float:
        """In points."""
        return min(part.left for part in self.parts)

    @property
    def right(self) -> float:
        """In points."""
        return max(part.right for part in self.parts)

    @property
    def words(self) -> tuple[Word, ...]:
        """Its words, row by row."""
        return tuple(word for part in self.parts for word in part.words)


def find_headings(rows: Sequence[Row], at: int) -> tuple[list[Heading], int] | None:
    """The headings that begin at row ``at``, from left to right, and how many rows they fill.

    None when the row is no heading of a table of lines. The cut that explains most words is
    taken: wide gaps always part two headings, and a known one may end where its neighbour stands
    close.
    """
    row = rows[at]
    found: list[tuple[int, int, list[Heading]]] = []
    if _may_head(row):
        single = [Heading((p,)) for segment in segments(row) for p in _cut(segment)]
        if _is_head(single):
            found.append((_known(single), -1, single))
    broken: list[Heading] | None = [Heading((part,)) for part in segments(row)]
    for height in range(2, HIGHEST + 1):
        below = rows[at + height - 1] if at + height <= len(rows) else None
        if below is None or not _may_head(below, row) or broken is None:
            break
        broken = _over(broken, below)
        if broken is not None and _is_head(broken) and _is_broken(broken, height):
            found.append((_known(broken), -height, broken))
    if not found:
        return None
    _, height, headings = max(found, key=lambda one: one[:2])
    return headings, -height


def _may_head(row: Row, top: Row | None = None) -> bool:
    """Whether the row may be headings; below a row ``top`` of them, of the same page."""
    if top is not None and top.page != row.page:
        return False
    words = top.words if top is not None else ()
    return len(row.words) >= LEAST - 1 and not any(
        re.search(r"\d", word.text) for word in (*words, *row.words)
    )


def _known(headings: Sequence[Heading]) -> int:
    return sum(_is_known(heading.text) for heading in headings)


def _is_known(text: str) -> bool:
    """Whether it may head a column of lines, or of what names their claim."""
    return any(meanings(text, part) for part in ("line", "claim")) or is_name(text)


def _is_head(headings: Sequence[Heading]) -> bool:
    fields = {meaning.field for one in headings for meaning in meanings(one.text, "line")}
    is_told = "procedure" in fields or ("service_date" in fields and _known(headings) > LEAST)
    return len(headings) >= LEAST and is_told and {"charge", "paid"} <= fields


def broken_headings(upper: Row, lower: Row) -> list[Heading] | None:
    """Headings of two rows; None when they stand too far apart."""
    found = _over([Heading((part,)) for part in segments(upper)], lower)
    return found if found is not None and _is_broken(found, 2) else None


def _over(above: Sequence[Heading], row: Row) -> list[Heading] | None:
    """The headings ``above`` and those of ``row``, one where they stand over each other."""
    last = max(word.box[3] for one in above for word in one.parts[-1].words)
    if row.words[0].box[1] - last > row.words[0].box[3] - row.words[0].box[1]:
        return None
    below, free = segments(row), set(range(len(segments(row))))
    found: list[Heading] = []
    for one in above:
        near = sorted((_off(one.parts[-1], below[n]), n) for n in free)
        if near and near[0][0] <= OFF:
            free.remove(near[0][1])
            found.append(Heading((*one.parts, below[near[0][1]])))
        else:
            found.append(one)
    found += [Heading((below[n],)) for n in free]
    return sorted(found, key=lambda heading: heading.left)


def _is_broken(headings: Sequence[Heading], height: int) -> bool:
    """Whether two or more are broken, and one over all ``height`` rows."""
    deep = [len(heading.parts) for heading in headings]
    return sum(deep) >= len(headings) + 2 and max(deep) == height


def _off(one: Phrase, other: Phrase) -> float:
    edges = (abs(one.left - other.left), abs(one.right - other.right))
    return min(*edges, abs(one.left + one.right - other.left - other.right) / 2)


def _cut(segment: Phrase) -> list[Phrase]:
    words = segment.words

    @cache
    def best(at: int) -> tuple[float, tuple[int, ...]]:
        if at == len(words):
            return 0.0, ()
        found = []
        for end in range(at + 1, len(words) + 1):
            text = " ".join(word.text for word in words[at:end])
            cost = 0.0 if _is_known(text) else UNKNOWN * (end - at)
            rest = best(end)
            tight = TIGHT if end < len(words) else 0.0
            found.append((cost + tight + rest[0], (end, *rest[1])))
        return min(found)

    starts = [0, *best(0)[1]]
    return [Phrase(words[a:b]) for a, b in pairwise(starts)]
