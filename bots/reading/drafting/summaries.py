"""A payment's figures in a small table of their own, each under a heading of one row or two."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bots.reading.drafting.headings import broken_headings
from bots.reading.drafting.phrases import Pair, is_money
from bots.reading.drafting.vocabulary import meanings
from bots.reading.rows import Row
from bots.reading.tables import Column, Columns

LEAST = 3
FIGURE = r"\S*\d\S*"


def summary_of(page: Sequence[Row], at: int) -> tuple[list[Pair], int] | None:
    """Each heading with the figure beneath it, and how many rows they fill from ``at`` on.

    None where no such table begins: headings of two rows, most of which mean a total, over one
    row of figures only.
    """
    if at + 2 >= len(page) or len({row.page for row in page[at : at + 3]}) > 1:
        return None
    upper, lower, figures = page[at : at + 3]
    texts = [word.text for word in figures.words]
    if len(texts) < LEAST or not all(is_money(t) or re.fullmatch(r"\d{1,6}", t) for t in texts):
        return None
    if any(re.search(r"\d", word.text) for word in (*upper.words, *lower.words)):
        return None
    headings = [one for one in broken_headings(upper, lower) or () if not one.text.endswith(":")]
    columns = Columns(tuple(Column(one.text, one.left, one.right) for one in headings))
    cells = columns.cells(figures.words)
    if cells is None or len(cells) != len(texts):
        return None
    if sum(bool(meanings(one, "totals")) for one in cells) < max(LEAST, len(cells) / 2):
        return None
    return [
        Pair(heading, words[0].text, pattern=_at(number, len(texts)))
        for number, (heading, words) in enumerate(cells.items())
    ], 3


def _at(number: int, count: int) -> str:
    figures = [FIGURE] * count
    figures[number] = f"({FIGURE})"
    return f"^{' '.join(figures)}$"
