"""What a row is that only the rows after it tell: totals, titles and asides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bots.reading.drafting.phrases import Pair, is_money, segments
from bots.reading.drafting.told import Told, of_claims
from bots.reading.rows import Row


def tell_by_others(rows: Sequence[Told]) -> None:
    """Tells again the rows of a whole document whose neighbours say what they are."""
    _tell_titles(rows)
    _tell_asides(rows)


def _tell_titles(rows: Sequence[Told]) -> None:
    """After the last claim a row of a label and a figure is a total; a list of claims before
    their blocks is no claim."""
    beside = {p.label for t in rows if t.kind == "claim" for p in t.pairs if not p.beneath}
    for told, below in pairwise(rows):
        if told.kind == "claim" and any(p.beneath and p.label in beside for p in told.pairs):
            told.kind, told.pairs, below.kind = "title", [], "unknown"
    last = max((n for n, told in enumerate(rows) if of_claims(told)), default=len(rows))
    for told in rows[last + 1 :]:
        if told.kind == "unknown":
            parts = segments(told.row)
            if len(parts) == 2 and is_money(parts[1].text) and not re.search(r"\d", parts[0].text):
                told.kind = "total"
                told.pairs = [Pair(parts[0].text.removesuffix(":"), parts[1].text)]


def _tell_asides(rows: Sequence[Told]) -> None:
    """What is said alike below every claim's totals, but for its figures, is an aside: ``PREV PD
    0.00 INTEREST 0.00 NET 17.16``."""
    held = [told for told in rows if told.kind != "furniture"]
    below = [one for told, one in pairwise(held) if told.kind == "claim_total"]
    alike = len({_shape(one.row) for one in below}) == 1
    if len(below) > 1 and alike and {one.kind for one in below} <= {"unknown", "total"}:
        for told in below:
            told.kind, told.pairs = "aside", []


def _shape(row: Row) -> str:
    """The row's text with every word that has a digit alike."""
    return " ".join("#" if re.search(r"\d", word.text) else word.text for word in row.words)
