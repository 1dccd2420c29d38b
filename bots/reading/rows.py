"""Words become rows of text, and fields of a layout are found and converted in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache

from billing.errors import UnreadableDocument
from billing.money import money, parse_date
from bots.layout import EobField
from bots.reading.words import Box, Page, Word

Value = str | Decimal | date | tuple[str, ...] | None
Label = tuple[str, ...]

# Percent. Two readings agreed on every word that has more than 0.
LEAST_CONFIDENCE = 30
REMEDY = "a person must read this document"


@dataclass(frozen=True, slots=True, repr=False)
class Span:
    """A text that stood on a page, the box around it, and the least sure word's confidence."""

    text: str
    page: int
    box: Box
    confidence: int = 100


@dataclass(frozen=True, repr=False)
class Row:
    """Words that stand on one line of a page, from left to right."""

    page: int
    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        """The words with one space between them."""
        return " ".join(word.text for word in self.words)

    def part(self, start: int, end: int) -> Span:
        """The characters of ``text`` from ``start`` to ``end``, with the box of their words."""
        held, at = [], 0
        for word in self.words:
            if at < end and at + len(word.text) > start:
                held.append(word)
            at += len(word.text) + 1
        return span_of(held or self.words, self.page, self.text[start:end])

    def amount(self, match: re.Match[str]) -> Span:
        """Where a pattern's group ``amount`` stands in ``text``, as sure as the whole match.

        Arithmetic proves an amount, but not the code that stands beside it.
        """
        whole = self.part(*match.span())
        return replace(self.part(*match.span("amount")), confidence=whole.confidence)


def rows_of(page: Page) -> Iterator[Row]:
    """The page's rows from top to bottom: a word belongs to a row when its middle does."""
    row: list[Word] = []
    top = bottom = 0.0
    for word in sorted(page.words, key=lambda one: (one.box[1] + one.box[3], one.box[0])):
        middle = (word.box[1] + word.box[3]) / 2
        if row and not top <= middle <= bottom:
            yield _row(page, row)
            row = []
        if not row:
            top, bottom = word.box[1], word.box[3]
        row.append(word)
    if row:
        yield _row(page, row)


def _row(page: Page, words: Iterable[Word]) -> Row:
    return Row(page.number, tuple(sorted(words, key=lambda word: word.box[0])))


def around(words: Sequence[Word]) -> Box:
    """The smallest box that holds all ``words``."""
    lefts, tops, rights, bottoms = zip(*(word.box for word in words), strict=True)
    return (
        round(min(lefts), 2),
        round(min(tops), 2),
        round(max(rights), 2),
        round(max(bottoms), 2),
    )


def span_of(words: Sequence[Word], page: int, text: str | None = None) -> Span:
    """The span of ``words`` on ``page``; its text is theirs, unless told otherwise."""
    joined = " ".join(word.text for word in words) if text is None else text
    return Span(joined, page, around(words), min(word.confidence for word in words))


def split_labels(labels: Iterable[str]) -> tuple[Label, ...]:
    """Labels as the words they are made of, longest first."""
    return tuple(sorted((tuple(label.split()) for label in set(labels)), key=len, reverse=True))


def starts_with_label(row: Row, labels: Sequence[Label]) -> bool:
    """Whether the row's first words are a label."""
    return any(_stands_at(row, 0, label) for label in labels)


def find(field: EobField, rows: Iterable[Row], labels: Sequence[Label]) -> Iterator[Span]:
    """Every place in ``rows`` where the label or the pattern of ``field`` says its value stands.

    ``labels`` are all labels that may stand there; the value ends before the next one.
    """
    for row in rows:
        if field.label is not None:
            yield from _beside(row, tuple(field.label.split()), labels)
        elif field.pattern is not None:
            for match in re.finditer(field.pattern, row.text):
                yield row.part(*match.span(1))


def _beside(row: Row, wanted: Label, labels: Sequence[Label]) -> Iterator[Span]:
    at, start = 0, -1
    while at < len(row.words):
        label = next((one for one in labels if _stands_at(row, at, one)), None)
        if label is not None and start >= 0:
            yield _joined(row, row.words[start:at])
            start = -1
        if label == wanted:
            start = at + len(label)
        at += len(label) if label else 1
    if start >= 0:
        yield _joined(row, row.words[start:])


def _joined(row: Row, words: Sequence[Word]) -> Span:
    """An empty text keeps the box of its row, to say where nothing stands."""
    return span_of(words, row.page) if words else span_of(row.words, row.page, "")


def _stands_at(row: Row, at: int, label: Label) -> bool:
    if at + len(label) > len(row.words):
        return False
    return all(
        word.text == part or (n == len(label) - 1 and word.text == f"{part}:")
        for n, (word, part) in enumerate(zip(row.words[at : at + len(label)], label, strict=True))
    )


def the_one(name: str, field: EobField, spans: Iterable[Span], page: int) -> Span | None:
    """The place of a value that may be printed several times, always the same.

    Raises UnreadableDocument when it is absent though the layout requires it, or when it stands
    there with different texts.
    """
    found = [span for span in spans if span.text]
    if not found:
        if field.when_missing == "none":
            return None
        raise UnreadableDocument(f"Page {page}: the {spoken(name)} is not there; {REMEDY}.")
    if len({span.text for span in found}) > 1:
        raise UnreadableDocument(
            f"Page {found[1].page}: the {spoken(name)} stands there with different values; "
            f"{REMEDY}."
        )
    return found[0]


def convert(name: str, field: EobField, span: Span) -> Value:
    """What stands in ``span`` as what ``field.into`` says.

    Raises UnreadableDocument without repeating the text, which may name a patient.
    """
    if span.confidence < LEAST_CONFIDENCE:
        raise UnreadableDocument(
            f"Page {span.page}: the {spoken(name)} is not legible; scan the page again, or "
            f"{REMEDY}."
        )
    try:
        return _convert(span.text, field)
    except ValueError:
        kind = "one of the spellings known" if field.values else field.into
        raise UnreadableDocument(
            f"Page {span.page}: the {spoken(name)} cannot be read as {kind}; {REMEDY}."
        ) from None


def _convert(text: str, field: EobField) -> Value:
    if field.pattern is not None and (field.label or field.column):
        match = _compiled(field.pattern).fullmatch(text)
        if match is None:
            raise ValueError("the pattern does not match")
        text = match[1]
    if field.values is not None:
        if text not in field.values:
            raise ValueError("an unknown spelling")
        text = field.values[text]
    match field.into:
        case "text":
            return text
        case "money":
            return money(text)
        case "date":
            return parse_date(text, (field.date_format,))
        case "integer":
            if not re.fullmatch(r"\d{1,6}", text):
                raise ValueError("not a number of things")
            return Decimal(text)
        case "codes":
            return tuple(part for part in re.split(r"[\s,;]+", text) if part)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def spoken(name: str) -> str:
    """A field's name in words: ``trace_number`` is "trace number"."""
    return name.replace("_", " ")
