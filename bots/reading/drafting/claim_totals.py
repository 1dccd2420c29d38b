"""Rows of a claim's totals become its figures, and what else stands before them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from bots.reading.drafting.codes_in_words import status_of
from bots.reading.drafting.columns import MONEY, DraftedLines
from bots.reading.drafting.phrases import IDENTIFIER, escaped_text, is_money
from bots.reading.drafting.told import Outline, Told
from bots.reading.drafting.vocabulary import canonical, meanings

NUMBERS = ("claim_id", "payer_claim_number", "member_id")


def add_totals(made: dict[str, Any], found: Outline, lines: DraftedLines) -> None:
    """Adds to ``made``, the ``claims`` of eob.yaml, what the rows of claims' totals say."""
    totals = found.of("claim_total")
    if not totals:
        return
    fields: dict[str, Any] = made["fields"]
    fields |= _totals(totals, lines, fields)
    fields |= _numbers_before(totals, fields)
    if "status" not in fields:
        fields |= _status_before(totals)
    made["totals"] = "|".join(sorted({_prefix(told.prefix.split()) for told in totals}))


def _prefix(words: Iterable[str]) -> str:
    """A pattern of the words before a claim's totals, in which figures may stand."""
    return " ".join(
        r"\S+" if is_money(word) or IDENTIFIER.fullmatch(word) else escaped_text(word)
        for word in words
    )


def _totals(totals: list[Told], lines: DraftedLines, fields: dict[str, Any]) -> dict[str, Any]:
    """The claim's figures that stand under the lines' columns in its row of totals."""
    made = {}
    for name in MONEY:
        if name not in lines.fields or name in fields:
            continue
        filled = sum(str(lines.fields[name]) in told.cells for told in totals)
        if filled:
            made[name] = {"column": lines.headings[lines.fields[name]], "into": "money"}
        if filled and filled < len(totals):
            made[name]["when_missing"] = "none"
    for column in lines.adjustments[-1:]:
        if all(str(column) in told.cells for told in totals):
            made["adjustments"] = {"column": lines.headings[column], "into": "money"}
    return made | _figures_before(totals, {*made, *fields})


def _figures_before(totals: list[Told], known: set[str]) -> dict[str, Any]:
    """Figures that stand beside a label before the totals: ``PT RESP 12.15 CLAIM TOTALS 27.00``."""
    return {
        name: {"pattern": pattern, "into": "money"}
        for name, pattern in _beside(totals, MONEY, is_money)
        if name not in known
    }


def _numbers_before(totals: list[Told], known: Iterable[str]) -> dict[str, Any]:
    """Numbers that stand beside a label before the totals: ``ID M512208 Total 27.00``."""
    return {
        name: {"pattern": pattern}
        for name, pattern in _beside(totals, NUMBERS, IDENTIFIER.fullmatch)
        if name not in known
    }


def _beside(totals: list[Told], names: Sequence[str], is_kind: Any) -> Iterator[tuple[str, str]]:
    """Each of the fields ``names`` that a label before the totals means, and the pattern of it."""
    words = totals[0].prefix.split()
    start = 0
    for at, word in enumerate(words):
        if is_money(word) or IDENTIFIER.fullmatch(word):
            named = meanings(" ".join(words[start:at]), "claim")
            if named and named[0].field in names and is_kind(word):
                pattern = rf"^{_prefix(words[:at])} (\S+)"
                if all(re.match(pattern, told.prefix) for told in totals):
                    yield named[0].field, pattern
            start = at + 1


def _status_before(totals: list[Told]) -> dict[str, Any]:
    """What became of each claim, where its row of totals ends by saying so: ``Total, denied``."""
    shapes = {_prefix(told.prefix.split()) for told in totals}
    columns = zip(*(shape.split() for shape in shapes), strict=False)
    common = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, columns)]
    while common and not re.search(r"\b(?:total|claim|bill)\b", canonical(common[-1])):
        common.pop()
    before = " ".join(common)
    said = {shape[len(before) + 1 :] for shape in shapes}
    if not before or not all(map(status_of, said)):
        return {}
    values = {text: status_of(text) for text in sorted(said)}
    return {"status": {"pattern": f"^{before} (.+)$", "values": values}}
