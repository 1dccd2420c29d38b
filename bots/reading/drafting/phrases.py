"""A row's words become phrases, and labels with what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billing.money import money
from bots.reading.drafting.codes_in_words import method_of, status_of
from bots.reading.drafting.vocabulary import is_label
from bots.reading.rows import Row
from bots.reading.tables import WIDE
from bots.reading.words import Word

MOST_LABEL_WORDS = 5

CODE = re.compile(r"(?:CO|PR|OA|PI)(?P<between>[- ]?)[A-Z]?\d{1,3}")
ADJUSTMENT = re.compile(
    r"(?P<group>CO|PR|OA|PI)(?P<between>[- ]?)(?P<reason>[A-Z]?\d{1,3}) (?P<amount>\S+)"
)
# An amount with a mark that a legend explains.
MARKED = re.compile(r"(?P<amount>\S*\d) \((?P<mark>[A-Za-z0-9]{1,2})\)")
PROCEDURE_PATTERN = r"([A-Z]\d{4}|\d{4}[A-Z0-9])"
PROCEDURE = re.compile(r"[A-Z]\d{4}|\d{4}[A-Z0-9]")
IDENTIFIER = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9./-]*")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Neighbouring words of one row."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words with one space between them."""
        return " ".join(word.text for word in self.words)

    @property
    def left(self) -> float:
        """In points."""
        return self.words[0].box[0]

    @property
    def right(self) -> float:
        """In points."""
        return self.words[-1].box[2]


@dataclass(frozen=True, slots=True)
class Pair:
    """A label as it is printed, without its colon, and the text beside it, or ``beneath`` it, or
    where ``pattern`` finds it in a row of its own."""

    label: str
    value: str
    beneath: bool = False
    pattern: str = ""

    @property
    def place(self) -> dict[str, str]:
        """Where the value stands, as eob.yaml says it."""
        if self.pattern:
            return {"pattern": self.pattern}
        return {"beneath" if self.beneath else "label": self.label}


def segments(row: Row) -> list[Phrase]:
    """The row cut where a gap is wider than any inside a cell."""
    letter = letter_width(row.words)
    held: list[list[Word]] = []
    for word in row.words:
        if held and word.box[0] - held[-1][-1].box[2] <= WIDE * letter:
            held[-1].append(word)
        else:
            held.append([word])
    return [Phrase(tuple(words)) for words in held]


def letter_width(words: Sequence[Word]) -> float:
    """In points; a word that could not be read counts as one letter."""
    letters = sum(len(word.text) or 1 for word in words)
    return sum(word.box[2] - word.box[0] for word in words) / letters


def is_money(text: str, *, pointed: bool = True) -> bool:
    """Whether ``text`` is an amount; with its point, unless that may be absent."""
    try:
        money(text)
    except ValueError:
        return False
    return not pointed or "." in text


def pairs(row: Row, *, inset: bool = False) -> list[Pair] | None:
    """The row as labels with their values, in order; None when it does not start with a label,
    unless labels may be ``inset``: behind something that has none, such as a line of an address.

    A label is a text of the vocabulary, or any text that ends in a colon, or one that stands
    where a label must: after a label and its value.
    """
    if not re.search(r"[\d:]", row.text) and len(segments(row)) == 1:
        return None
    found: list[Pair] = []
    label: str | None = None
    value: list[str] = []
    marked = list(_marked(segments(row)))
    for at, (text, is_new) in enumerate(marked, start=1):
        ends = at == len(marked) and status_of(text) is not None
        if is_new or (label is not None and value and not ends and not re.search(r"\d", text)):
            if label is not None:
                found.append(Pair(label, " ".join(value)))
            label, value = text.removesuffix(":").rstrip(), []
        elif label is not None:
            value.append(text)
        elif not inset:
            return None
    if label is not None:
        found.append(Pair(label, " ".join(value)))
    found = [_apart(pair) for pair in found]
    return found if any(pair.value for pair in found) else None


def _apart(pair: Pair) -> Pair:
    """The label and its value, where the value may be a word of a label: ``Type Check``."""
    label, _, last = pair.label.rpartition(" ")
    if pair.value or not method_of(last) or not is_label(label):
        return pair
    return Pair(label, last)


def _marked(parts: Sequence[Phrase]) -> Iterator[tuple[str, bool]]:
    """Every text of the row, and whether it is surely a label."""
    for part in parts:
        texts = part.text.split()
        count = _label_words(texts)
        if count:
            yield " ".join(texts[:count]), True
            texts = texts[count:]
        if texts:
            yield " ".join(texts), False


def _label_words(texts: Sequence[str]) -> int:
    """How many of the first words are a label; a colon ends one."""
    for count, text in enumerate(texts[:MOST_LABEL_WORDS], start=1):
        if text.endswith(":"):
            return count
    for count in range(min(len(texts), MOST_LABEL_WORDS), 0, -1):
        if is_label(" ".join(texts[:count])) and not re.search(r"\d", " ".join(texts[:count])):
            return count
    return 0


def escaped_text(text: str) -> str:
    """A pattern of exactly ``text``, as a person would write it."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)
