"""A table's headings become columns, and the rows under them become cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bots.reading.rows import Row
from bots.reading.words import Word

Cells = dict[str, list[Word]]

# In points. A cell is flush with its heading at the left, at the right or in the middle; failing
# that it stands mostly below it.
OFF = 5.0
BELOW = 3.0
MORE_CELLS = 0.5
# In widths of a letter: a wider gap than this never stands inside a cell.
WIDE = 1.6


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the field under it, and its heading's left and right edges."""

    key: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns in force, from left to right."""

    columns: tuple[Column, ...]

    def cells(self, words: Sequence[Word]) -> Cells | None:
        """The words of one row by column, the way that puts them nearest to their headings.

        Empty cells are left out. None when some word stands under no heading.
        """
        letters = sum(len(word.text) for word in words)
        letter = sum(word.box[2] - word.box[0] for word in words) / max(letters, 1)

        @cache
        def best(at: int, column: int) -> tuple[float, tuple[tuple[int, int, int], ...]] | None:
            """The least distance of the words from ``at`` on, using columns from ``column`` on."""
            if at == len(words):
                return 0.0, ()
            found = None
            for index in range(column, len(self.columns)):
                for end in range(at + 1, len(words) + 1):
                    if end > at + 1 and _gap(words, end) > WIDE * letter:
                        break
                    off = _distance(words[at:end], self.columns[index])
                    rest = best(end, index + 1) if off <= OFF else None
                    if rest is not None:
                        total = off + MORE_CELLS + rest[0]
                        if found is None or total < found[0]:
                            found = (total, ((at, end, index), *rest[1]))
            return found

        placed = best(0, 0)
        if placed is None:
            return None
        return {self.columns[index].key: list(words[at:end]) for at, end, index in placed[1]}


def _gap(words: Sequence[Word], end: int) -> float:
    return words[end - 1].box[0] - words[end - 2].box[2]


def _distance(words: Sequence[Word], column: Column) -> float:
    left, right = words[0].box[0], words[-1].box[2]
    overlap = min(right, column.right) - max(left, column.left)
    edges = (
        abs(left - column.left),
        abs(right - column.right),
        abs(left + right - column.left - column.right) / 2,
    )
    if 2 * overlap >= min(right - left, column.right - column.left):
        return min(*edges, BELOW)
    return min(edges)


def find_columns(row: Row, headings: Mapping[str, str]) -> Columns | None:
    """The columns, if ``row`` is made of exactly these ``headings``, by field; else None."""
    if len(row.words) != sum(len(heading.split()) for heading in headings.values()):
        return None
    free = [True] * len(row.words)
    columns = []
    for key, heading in sorted(headings.items(), key=lambda one: -len(one[1].split())):
        parts = heading.split()
        at = _place(row.words, free, parts)
        if at is None:
            return None
        free[at : at + len(parts)] = [False] * len(parts)
        columns.append(Column(key, row.words[at].box[0], row.words[at + len(parts) - 1].box[2]))
    return Columns(tuple(sorted(columns, key=lambda column: column.left)))


def _place(words: Sequence[Word], free: Sequence[bool], parts: Sequence[str]) -> int | None:
    for at in range(len(words) - len(parts) + 1):
        texts = [word.text for word in words[at : at + len(parts)]]
        if texts == list(parts) and all(free[at : at + len(parts)]):
            return at
    return None
