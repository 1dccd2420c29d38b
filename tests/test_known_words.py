"""Recognised words become the layout's own where they are drawn like them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.profile import load_layouts
from bots.reading.eob import recognise
from bots.reading.known_words import as_written
from bots.reading.words import Page, Word

LAYOUTS = load_layouts(Path(__file__).parents[1] / "payer_profiles")


def page(*texts: str, source: str = "ocr") -> Page:
    words = tuple(
        Word(text, (40 + 90 * n, 50, 40 + 90 * n + 10 * len(text), 60), source, 90)
        for n, text in enumerate(texts)
    )
    return Page(1, 612, 792, words)


def spelt(*texts: str, source: str = "ocr") -> list[str]:
    (read,) = as_written([page(*texts, source=source)], LAYOUTS["ironbridge"])
    return [word.text for word in read.words]


@pytest.mark.parametrize(
    ("seen", "texts"),
    [
        ("lronbridge", ["Ironbridge"]),
        ("Expianation", ["Expianation"]),  # an i is not drawn like an l
        ("PaymentTotal", ["Payment", "Total"]),
        ("Payment", ["Payment"]),
        ("1B3527046207", ["1B3527046207"]),
        ("PR", ["PR"]),
        ("lrvine", ["lrvine"]),
    ],
)
def test_what_is_drawn_like_a_word_of_the_layout_is_that_word(seen: str, texts: list[str]) -> None:
    assert spelt(seen) == texts
    assert spelt(seen, source="text") == [seen]


def test_the_words_of_a_label_have_their_share_of_its_box() -> None:
    (read,) = as_written([page("PaymentTotal")], LAYOUTS["ironbridge"])
    first, second = read.words
    assert first.box[0] == 40
    assert first.box[2] < second.box[0]
    assert second.box[2] == pytest.approx(160)


def test_a_scan_is_recognised_by_what_is_drawn_alike() -> None:
    texts = ("lronbridge", "Plan", "Administrators", "Explanation", "of", "Remittance")
    payer, _ = recognise([page(*texts)], LAYOUTS)
    assert payer == "ironbridge"
