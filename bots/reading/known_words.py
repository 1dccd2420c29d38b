"""Recognised words that are drawn like the layout's own words and labels are spelt as those."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bots.layout import EobLayout
from bots.reading.words import Page, Word, drawn

SHORTEST = 4  # letters: shorter words are drawn like codes
PLACES = ("label", "beneath", "column")
SPELLINGS = ("values", "reasons", "codes")
UNPRINTED = ("into", "date_format", "when_missing", "holds", "status", "positive")
NO_WORDS = re.compile(r"\(\?P<\w+>|\\.")
WORD = re.compile(r"[^\W\d_]{4,}")


def as_written(pages: Sequence[Page], layout: EobLayout) -> list[Page]:
    """``pages``, words that were recognised spelt as the layout spells what is drawn alike.

    So is a label that was run together. A word that the layout spells in several ways stays.
    """
    if not any(word.source == "ocr" for page in pages for word in page.words):
        return list(pages)
    said = layout.model_dump()
    texts = (NO_WORDS.sub(" ", text) for text in _texts(said))
    words = _spellings(word for text in texts for word in WORD.findall(text))
    labels = _spellings(label for label in _labels(said) if " " in label)
    return [replace(page, words=tuple(_spelt(page.words, words, labels))) for page in pages]


def _spelt(
    seen: Iterable[Word], words: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[Word]:
    for word in seen:
        key = drawn(word.text)
        if word.source != "ocr" or len(key) < SHORTEST:
            yield word
        elif key in words:
            yield replace(word, text=words[key])
        elif key in labels:
            yield from _parted(word, labels[key].split())
        else:
            yield word


def _parted(word: Word, texts: Sequence[str]) -> Iterator[Word]:
    """The words of a label, each with its share of the box."""
    left, top, right, bottom = word.box
    letter = (right - left) / len(" ".join(texts))
    for text in texts:
        yield replace(word, text=text, box=(left, top, left + letter * len(text), bottom))
        left += letter * (len(text) + 1)


def _spellings(texts: Iterable[str]) -> dict[str, str]:
    """Each text by how it is drawn, without those that are not spelt in one way."""
    found: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        found[drawn("".join(text.split()))].add(text)
    return {key: spelt.pop() for key, spelt in found.items() if len(spelt) == 1}


def _labels(said: Any) -> Iterator[str]:
    """Every label and heading of a column in a part of a layout."""
    match said:
        case dict():
            for key, one in said.items():
                if key in PLACES and isinstance(one, str):
                    yield one
                else:
                    yield from _labels(one)
        case list() | tuple():
            for one in said:
                yield from _labels(one)


def _texts(said: Any) -> Iterator[str]:
    """Every text and pattern in a part of a layout that may be printed, or a part of it."""
    match said:
        case str():
            yield said
        case dict():
            for key, one in said.items():
                if key in SPELLINGS and isinstance(one, dict):
                    yield from one
                elif key not in UNPRINTED:
                    yield from _texts(one)
        case list() | tuple():
            for one in said:
                yield from _texts(one)
