"""Rows that stand on every page alike, at its top or bottom, belong to no part of a document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bots.reading.drafting.naming import is_of_a_payment, is_trace
from bots.reading.drafting.phrases import pairs
from bots.reading.rows import Row

MARGIN_ROWS = 6
# So far down only below rows that are all such.
TOP_ROWS = 14
PAGE_NUMBER = re.compile(
    r"(?i)\b(?:page|sheet|pg)\b\W*(?:number|no\.?)?\W*0*\d+(?: ?(?:of|/) ?0*\d+)?"
    r"|(?<!\S)0*\d+ / 0*\d+(?!\S)"
)


def margin_rows(pages: Sequence[Sequence[Row]]) -> set[int]:
    """Rows at the top or bottom of pages that stand on every page alike but for their digits."""
    seen: Counter[tuple[str, int]] = Counter()
    at_margin: list[Row] = []
    pages = [sorted(page, key=lambda row: row.words[0].box[1]) for page in pages]
    for page in pages:
        rows = [*page[:TOP_ROWS], *page[max(TOP_ROWS, len(page) - MARGIN_ROWS) :]]
        at_margin += rows
        seen.update({_at(row) for row in rows})
    many = max(2, len(pages))
    traces = {pair.value for row in at_margin for pair in pairs(row) or () if is_trace(pair)}
    found = {
        id(row)
        for row in at_margin
        if (seen[_at(row)] >= many and not (len(traces) > 1 and is_of_a_payment(row)))
        or PAGE_NUMBER.search(row.text)
    }
    for page in pages:
        at = MARGIN_ROWS
        while at < len(page) - MARGIN_ROWS and id(page[at]) in found and id(page[at - 1]) in found:
            at += 1
        found -= {id(row) for row in page[at : len(page) - MARGIN_ROWS]}
    return found


def _at(row: Row) -> tuple[str, int]:
    return re.sub(r"\d+", "#", row.text), round(row.words[0].box[1] / 4)
