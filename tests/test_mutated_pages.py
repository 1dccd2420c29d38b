"""Pages whose words were lost, moved or changed are read or refused: no reader breaks on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import pytest
from conftest import PROJECT

from billing.errors import UnreadableDocument
from bots.layout import EobLayout, load_layout
from bots.profile import load_layouts
from bots.reading.drafting.general import propose
from bots.reading.drafting.written import yaml_text
from bots.reading.eob import read_by
from bots.reading.eob_json import document_json
from bots.reading.words import Page, Word, read_pages
from sandbox.remittances.corpus import ISSUERS, make_document

MUTATIONS = 20
STRANGE = (
    *("-", "$", "0.00", "(1.00)", "N/A", "Page", "1 of", "CO-45", "Total", "Claim", "12/45/2026"),
    *("é", "|", "(", "[", "\\", "Name:", "NPI", "A" * 80, "{", "$$"),
)


@cache
def pages_of(layout: str) -> tuple[Page, ...]:
    return read_pages(make_document(layout, "text", 3, 1).data)


@cache
def described() -> dict[str, EobLayout]:
    """The issuers' layouts, shipped or known to the tests alone."""
    alone: list[Path] = sorted((PROJECT / "tests" / "layouts").glob("*.yaml"))
    shipped = load_layouts(PROJECT / "payer_profiles")
    found = dict(shipped) | {path.stem: load_layout(path) for path in alone}
    return {layout: found[layout] for layout in sorted(ISSUERS) if layout in found}


def lost(words: list[Word], at: int, _: Random) -> list[Word]:
    return [*words[:at], *words[at + 1 :]]


def lost_row(words: list[Word], at: int, _: Random) -> list[Word]:
    return [word for word in words if abs(word.box[1] - words[at].box[1]) > 2]


def cut_off(words: list[Word], at: int, _: Random) -> list[Word]:
    return words[:at]


def emptied(_words: list[Word], _at: int, _: Random) -> list[Word]:
    return []


def exchanged(words: list[Word], at: int, random: Random) -> list[Word]:
    other = random.randrange(len(words))
    one, two = words[at], words[other]
    changed = list(words)
    changed[at], changed[other] = replace(one, text=two.text), replace(two, text=one.text)
    return changed


def moved(words: list[Word], at: int, random: Random) -> list[Word]:
    right, down = random.uniform(-40, 40), random.choice([0, 0, -12, 12])
    left, top, end, bottom = words[at].box
    box = (left + right, top + down, end + right, bottom + down)
    return [*words[:at], replace(words[at], box=box), *words[at + 1 :]]


def strange(words: list[Word], at: int, random: Random) -> list[Word]:
    return [*words[:at], replace(words[at], text=random.choice(STRANGE)), *words[at + 1 :]]


CHANGES: Sequence[Callable[[list[Word], int, Random], list[Word]]] = (
    *(lost, lost_row, cut_off, exchanged, moved, strange),
)


def mutated(pages: Sequence[Page], random: Random) -> list[Page]:
    """The pages after one change or several."""
    held = [list(page.words) for page in pages]
    for _ in range(random.choice([1, 1, 2, 4, 20])):
        number = random.randrange(len(held))
        change = emptied if random.random() < 0.02 else random.choice(CHANGES)
        if words := held[number]:
            held[number] = change(words, random.randrange(len(words)), random)
    return [replace(page, words=tuple(words)) for page, words in zip(pages, held, strict=True)]


def came_to(layout: str, read: Callable[[Sequence[Page]], object]) -> Counter[str]:
    """How many mutated documents were read, and how many refused; any other error is raised."""
    found: Counter[str] = Counter()
    for number in range(MUTATIONS):
        pages = mutated(pages_of(layout), Random(f"{layout} {number}"))
        try:
            read(pages)
            found["read"] += 1
        except UnreadableDocument:
            found["refused"] += 1
    return found


@pytest.mark.parametrize("layout", described())
def test_a_mutated_document_is_read_or_refused_by_its_layout(layout: str) -> None:
    def read(pages: Sequence[Page]) -> object:
        return document_json("file", read_by(pages, layout, described()[layout], "0" * 64))

    assert read(pages_of(layout))
    assert came_to(layout, read)["refused"] > 0


@pytest.mark.parametrize("layout", sorted(ISSUERS))
def test_a_mutated_document_is_proposed_or_refused_without_a_layout(layout: str) -> None:
    assert came_to(layout, lambda pages: yaml_text(propose(pages, "0" * 64).draft))["refused"] > 0


def test_a_document_whose_first_page_has_no_words_is_refused() -> None:
    first, *others = pages_of("kestrel")
    with pytest.raises(UnreadableDocument, match="Page 1 has no words"):
        propose([replace(first, words=()), *others], "0" * 64)
