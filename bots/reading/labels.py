"""Fields of a layout are found beside their labels, beneath them, or by a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from billing.errors import UnreadableDocument
from bots.layout_field import EobField
from bots.reading.rows import REMEDY, Row, Span, span_of, spoken
from bots.reading.tables import Cells, Column, Columns
from bots.reading.words import Word

Label = tuple[str, ...]


def split_labels(labels: Iterable[str]) -> tuple[Label, ...]:
    """Labels as the words they are made of, longest first."""
    return tuple(sorted((tuple(label.split()) for label in set(labels)), key=len, reverse=True))


def starts_with_label(row: Row, labels: Sequence[Label]) -> bool:
    """Whether the row's first words are a label."""
    return any(_stands_at(row, 0, label) for label in labels)


def find(field: EobField, rows: Sequence[Row], labels: Sequence[Label]) -> Iterator[Span]:
    """Every place in ``rows`` where the label or the pattern of ``field`` says its value stands.

    ``labels`` are all labels that may stand there; a value beside one ends before the next.
    """
    if field.beneath is not None:
        for row, below in pairwise(rows):
            cells = _beneath(row, below, labels)
            if words := cells.get(" ".join(field.beneath.split())):
                yield span_of(words, below.page)
        return
    for row in rows:
        if field.label is not None:
            yield from _beside(row, tuple(field.label.split()), labels)
        elif field.pattern is not None:
            for match in re.finditer(field.pattern, row.text):
                yield row.part(*match.span(1))


def _beneath(row: Row, below: Row, labels: Sequence[Label]) -> Cells:
    columns = row_of_labels(row, labels) if row.page == below.page else None
    return (columns.cells(below.words) if columns else None) or {}


def row_of_labels(row: Row, labels: Sequence[Label]) -> Columns | None:
    """The columns beneath the labels of ``row``, if each of its words belongs to one; else None.

    A row that has a label twice is none.
    """
    columns, at = [], 0
    while at < len(row.words):
        label = next((one for one in labels if _stands_at(row, at, one)), None)
        if label is None:
            return None
        first, last = row.words[at], row.words[at + len(label) - 1]
        columns.append(Column(" ".join(label), first.box[0], last.box[2]))
        at += len(label)
    if len({column.key for column in columns}) < len(columns):
        return None
    return Columns(tuple(columns))


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
