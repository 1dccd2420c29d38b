"""A table's headings become columns, and the rows under them become cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from bots.reading.rows import Row
from bots.reading.words import Word

Cells = dict[str, list[Word]]

# In points. A cell is flush with its heading at the left, at the right or in the middle; failing
# that it stands mostly below it.
OFF = 5.0
BELOW = 3.0
MORE_CELLS = 0.5
COVERED = 1.0
# In widths of a letter: a wider gap than this never stands inside a cell, and one wider than a
# letter does so unwillingly.
WIDE = 1.6


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading as the layout spells it, and the heading's left and right edges.

    ``room`` is where the next heading begins, for a column of codes with amounts that may stand
    anywhere before it; else 0.
    """

    key: str
    left: float
    right: float
    room: float = 0.0


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
                apart = 0.0
                for end in range(at + 1, len(words) + 1):
                    gap = _gap(words, end) if end > at + 1 else 0
                    if gap > WIDE * letter and not self.columns[index].room:
                        break
                    apart += max(gap - letter, 0)
                    off = _distance(words[at:end], self.columns[index])
                    rest = best(end, index + 1) if off <= OFF else None
                    if rest is not None:
                        total = off + apart + MORE_CELLS + rest[0]
                        total += COVERED * self._covered(words[at:end], index)
                        if found is None or total < found[0]:
                            found = (total, ((at, end, index), *rest[1]))
            return found

        placed = best(0, 0)
        if placed is None:
            return None
        return {self.columns[index].key: list(words[at:end]) for at, end, index in placed[1]}

    def _covered(self, words: Sequence[Word], index: int) -> int:
        """How many headings of other columns several words of one cell stand under as well."""
        if len(words) < 2:
            return 0
        left, right = words[0].box[0], words[-1].box[2]
        others = (*self.columns[:index], *self.columns[index + 1 :])
        return sum(left <= column.left and column.right <= right for column in others)


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
    if column.left - OFF <= left and right < column.room:
        return min(*edges, OFF)
    return min(edges)


def with_room(columns: Sequence[Column], roomy: Sequence[str]) -> Columns:
    """The columns from left to right, those of ``roomy`` as wide as their neighbours let them."""
    held = sorted(columns, key=lambda column: column.left)
    lefts = [*(column.left for column in held[1:]), float("inf")]
    return Columns(
        tuple(
            replace(column, room=left) if column.key in roomy else column
            for column, left in zip(held, lefts, strict=True)
        )
    )


def find_columns(
    rows: Sequence[Row], at: int, headings: frozenset[str], roomy: Sequence[str] = ()
) -> tuple[Columns, int] | None:
    """The columns, and in how many rows from ``at`` on their headings stand.

    None unless these rows are made of exactly the ``headings``, in one way only. A heading that
    has | in it is broken there: its parts stand above each other, flush at the left or right or
    in the middle. ``roomy`` are headings of codes with amounts.
    """
    deepest = max((heading.count("|") + 1 for heading in headings), default=0)
    wanted = sum(len(heading.replace("|", " ").split()) for heading in headings)
    found = 0
    for count, row in enumerate(rows[at : at + max(2 * deepest - 1, 0)], start=1):
        found += len(row.words)
        if found > wanted or row.page != rows[at].page:
            return None
        if found == wanted:
            held = rows[at : at + count]
            ways = list(islice(_cover(held, _parts(headings), frozenset()), 2))
            if len(ways) != 1:
                return None
            return with_room(ways[0], roomy), count
    return None


def _parts(headings: frozenset[str]) -> list[tuple[str, list[list[str]]]]:
    """Each heading with the words of its parts, those with most words first."""
    split = [(key, [part.split() for part in key.split("|")]) for key in headings]
    return sorted(split, key=lambda one: (-sum(map(len, one[1])), one[0]))


Place = tuple[int, int]


def _cover(
    rows: Sequence[Row],
    headings: Sequence[tuple[str, list[list[str]]]],
    taken: frozenset[Place],
) -> Iterator[tuple[Column, ...]]:
    """Every way to lay the headings over the words of ``rows``, each word under one of them."""
    if not headings:
        yield ()
        return
    (key, parts), *others = headings
    for places in _placed(rows, parts, taken, 0):
        words = [rows[row].words[at] for row, at in places]
        column = Column(key, min(w.box[0] for w in words), max(w.box[2] for w in words))
        for rest in _cover(rows, others, taken | set(places)):
            yield (column, *rest)


def _placed(
    rows: Sequence[Row], parts: Sequence[Sequence[str]], taken: frozenset[Place], start: int
) -> Iterator[tuple[Place, ...]]:
    """Every way to place a heading's parts in rows one below the other, from ``start`` on."""
    if not parts:
        yield ()
        return
    part = parts[0]
    for number in range(start, len(rows)):
        words = rows[number].words
        for at in range(len(words) - len(part) + 1):
            places = tuple((number, at + n) for n in range(len(part)))
            if [words[n].text for _, n in places] != list(part) or taken & set(places):
                continue
            for rest in _placed(rows, parts[1:], taken, number + 1):
                if not rest or _flush(rows, places, rest[: len(parts[1])]):
                    yield (*places, *rest)


def _flush(rows: Sequence[Row], above: Sequence[Place], below: Sequence[Place]) -> bool:
    (left, right), (low, high) = (
        (rows[one[0][0]].words[one[0][1]].box[0], rows[one[-1][0]].words[one[-1][1]].box[2])
        for one in (above, below)
    )
    return min(abs(left - low), abs(right - high), abs(left + right - low - high) / 2) <= OFF
