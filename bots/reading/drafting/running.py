"""Lines of running text, where there is no table: ``09/10/26 G0402 qty 1 charge 252.50``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bots.reading.drafting.kinds_of_value import date_format
from bots.reading.drafting.phrases import (
    PROCEDURE,
    PROCEDURE_PATTERN,
    Pair,
    escaped_text,
    is_money,
)
from bots.reading.drafting.vocabulary import meanings
from bots.reading.rows import Row

MOST_WORDS = 3
MODIFIERS = "(?: [A-Z0-9]{2})*"
ANY_PROCEDURE = PROCEDURE_PATTERN.replace("(", "(?:", 1)


@dataclass(frozen=True, slots=True)
class Running:
    """A line's first row: the words around its procedure, and its labels with their figures."""

    before: tuple[str, ...]
    day: str | None
    procedure: str
    pairs: tuple[Pair, ...]

    @property
    def fields(self) -> set[str]:
        """What its labels mean."""
        return fields_of(self.pairs)

    @property
    def opening(self) -> str:
        """The pattern of all that stands before the procedure."""
        words = [r"\S+" if word == self.day else escaped_text(word) for word in self.before]
        return "".join(f"{word} " for word in words)

    @property
    def pattern(self) -> str:
        """The pattern of the whole row."""
        labels = "".join(rf" {escaped_text(pair.label)} \S+" for pair in self.pairs)
        return f"{self.opening}{ANY_PROCEDURE}{MODIFIERS}{labels}"


def running_line(row: Row) -> Running | None:
    """The line that begins in ``row``, None when none does."""
    texts = row.text.split()
    at = next((n for n, text in enumerate(texts) if PROCEDURE.fullmatch(text)), None)
    if at is None:
        return None
    first = at + 1
    while first < len(texts) and re.fullmatch(r"[A-Z0-9]{2}", texts[first]):
        first += 1
    pairs = figures_of(texts[first:], "line")
    days = [text for text in texts[:at] if date_format([text])]
    digits = [text for text in texts[:at] if re.search(r"\d", text)]
    if not pairs or len(days) > 1 or days != digits:
        return None
    if "charge" not in fields_of(pairs):
        return None
    return Running(tuple(texts[:at]), days[0] if days else None, texts[at], tuple(pairs))


def figures_of(texts: Sequence[str], part: str) -> list[Pair] | None:
    """All of a row as labels of a claim or a line and a figure beside each, None when it is
    anything else."""
    found, at = [], 0
    while at < len(texts):
        for end in range(at + 1, min(at + MOST_WORDS, len(texts) - 1) + 1):
            label, figure = " ".join(texts[at:end]), texts[end]
            is_figure = is_money(figure) or re.fullmatch(r"\d{1,6}", figure)
            if is_figure and meanings(label.removesuffix(":"), part):
                found.append(Pair(label.removesuffix(":"), figure))
                at = end + 1
                break
        else:
            return None
    return found


def fields_of(pairs: Sequence[Pair]) -> set[str]:
    """What the labels of a line mean."""
    return {meanings(pair.label, "line")[0].field for pair in pairs}


def goes_on(pairs: Sequence[Pair], said: set[str]) -> bool:
    """Whether a row of ``pairs`` goes on a line that has ``said`` these fields so far."""
    of_claim = any(re.match(r"(?i)total|claim", pair.label) for pair in pairs)
    return bool(pairs) and not of_claim and not fields_of(pairs) & said
