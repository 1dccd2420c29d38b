"""Words become rows of text, and what stands in them becomes values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import pairwise

from billing.errors import UnreadableDocument
from billing.money import money, parse_date
from bots.layout_field import EobField
from bots.reading.words import AGREED, Box, Page, Word

Value = str | Decimal | date | tuple[str, ...] | None

# Percent. Two readings agreed on every word that has more than 0.
LEAST_CONFIDENCE = 30
# No equation proves it: of a scan two readers must have seen the same.
UNPROVEN = frozenset({"allowed"})
# In points. Columns of a page stand farther apart than words of a sentence.
GUTTER = 8.0
# What a scan breaks in two is not joined, nor what stands beside it taken for a part of it.
MODIFIERS = re.compile("([A-Z0-9]{2}){1,4}")  # HCPCS Level II and CPT: two letters or digits
ONE_WORD = frozenset({"trace_number", "claim_id", "payer_claim_number", "member_id", "procedure"})
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


def rows_of(page: Page, columns: int = 1) -> Iterator[Row]:
    """The page's rows from top to bottom: a word belongs to a row when its middle does.

    A page set in several ``columns`` of equal width is read column after column; a row in which
    words stand across their edge, or less than ``GUTTER`` apart at it, ends what is above it.
    """
    whole = _rows(page.number, page.words)
    if columns == 1:
        yield from whole
        return
    edges = [page.width * number / columns for number in range(1, columns)]
    above: list[Word] = []
    for row in whole:
        if any(_across(row, edge) for edge in edges):
            yield from _set_in_columns(page.number, above, edges)
            yield row
            above = []
        else:
            above += row.words
    yield from _set_in_columns(page.number, above, edges)


def _across(row: Row, edge: float) -> bool:
    before = [word.box[2] for word in row.words if word.box[0] < edge]
    after = [word.box[0] for word in row.words if word.box[2] > edge]
    return bool(before and after) and min(after) - max(before) < GUTTER


def _set_in_columns(page: int, words: Sequence[Word], edges: Sequence[float]) -> Iterator[Row]:
    for left, right in pairwise((float("-inf"), *edges, float("inf"))):
        yield from _rows(page, [word for word in words if left <= word.box[0] < right])


def _rows(page: int, words: Iterable[Word]) -> Iterator[Row]:
    row: list[Word] = []
    top = bottom = 0.0
    for word in sorted(words, key=lambda one: (one.box[1] + one.box[3], one.box[0])):
        middle = (word.box[1] + word.box[3]) / 2
        if row and not top <= middle <= bottom:
            yield _row(page, row)
            row = []
        if not row:
            top, bottom = word.box[1], word.box[3]
        row.append(word)
    if row:
        yield _row(page, row)


def _row(page: int, words: Iterable[Word]) -> Row:
    return Row(page, tuple(sorted(words, key=lambda word: word.box[0])))


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


def convert(name: str, field: EobField, span: Span) -> Value:
    """What stands in ``span`` as what ``field.into`` says.

    Raises UnreadableDocument without repeating the text, which may name a patient.
    """
    if span.confidence < (AGREED if name in UNPROVEN else LEAST_CONFIDENCE):
        raise UnreadableDocument(
            f"Page {span.page}: the {spoken(name)} is not legible; scan the page again, or "
            f"{REMEDY}."
        )
    try:
        return _convert(name, span.text, field)
    except ValueError:
        kind = "one of the spellings known" if field.values else field.into
        raise UnreadableDocument(
            f"Page {span.page}: the {spoken(name)} cannot be read as {kind}; {REMEDY}."
        ) from None


def _convert(name: str, text: str, field: EobField) -> Value:
    if name in ONE_WORD and field.pattern is None and " " in text:
        raise ValueError("more than one word")
    if field.pattern is not None and field.placed:
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
        case "period":
            return first_day(text, field.date_format)
        case "integer":
            if not re.fullmatch(r"\d{1,6}", text):
                raise ValueError("not a number of things")
            return Decimal(text)
        case "codes":
            codes = tuple(part for part in re.split(r"[\s,;-]+", text) if part)
            return _modifiers(codes) if name == "modifiers" else codes


def _modifiers(codes: Iterable[str]) -> tuple[str, ...]:
    """Modifiers, of two characters each: what is printed closer than a blank is several."""
    if not all(map(MODIFIERS.fullmatch, codes)):
        raise ValueError("not two characters each")
    return tuple(code[at : at + 2] for code in codes for at in range(0, len(code), 2))


def first_day(text: str, spelling: str) -> date:
    """The first day of a period: of ``0911 091326``, ``09/11/26 - 09/13/26``, or of a single day.

    The day that ends it is spelled as ``spelling`` says; what the first lacks, such as the year,
    is the last one's. Raises ValueError on anything else, and when it ends before it begins.
    """
    for between in (None, *re.finditer(r" ?- ?| to | thru | through | ", text)):
        first, last = (
            (text, text) if between is None else (text[: between.start()], text[between.end() :])
        )
        with suppress(ValueError):
            end = parse_date(last, (spelling,))
            begin = parse_date(first + last[len(first) :], (spelling,))
            if begin > end and len(first) < len(last):
                begin = begin.replace(year=begin.year - 1)
            if begin <= end:
                return begin
    raise ValueError("no period")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def spoken(name: str) -> str:
    """A field's name in words: ``trace_number`` is "trace number"."""
    return name.replace("_", " ")
