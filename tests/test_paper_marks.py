"""Rules go and letters stay; torn words are mended by the paper between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bots.reading.paper.gaps import joined, may_be_two, parts, two_codes
from bots.reading.paper.heights import cased
from bots.reading.paper.rules import without_rules
from bots.reading.paper.sheet import Word

DPI = 300


def page() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (900, 300), 250)
    return image, ImageDraw.Draw(image)


def inked(image: Image.Image) -> int:
    return int((np.asarray(image) < 200).sum())


@pytest.mark.parametrize("grey", [0, 160])
@pytest.mark.parametrize("double", [False, True])
def test_a_table_of_rules_leaves_no_ink(grey: int, double: bool) -> None:
    image, pen = page()
    for at in (20, 120, 220):
        pen.line((20, at, 880, at), fill=grey, width=2)
        if double:
            pen.line((20, at + 5, 880, at + 5), fill=grey, width=2)
        pen.line((at * 3, 20, at * 3, 240), fill=grey, width=2)
    assert inked(image) > 3000
    assert inked(without_rules(image, DPI)) == 0


def test_what_is_no_rule_stays() -> None:
    image, pen = page()
    pen.rectangle((20, 20, 400, 80), fill=60)  # a filled box
    pen.line((500, 50, 560, 50), fill=0, width=4)  # too short
    before = inked(image)
    assert inked(without_rules(image, DPI)) == before


def test_a_letter_across_a_rule_is_not_cut() -> None:
    image, pen = page()
    pen.line((400, 60, 400, 140), fill=0, width=5)
    letter = inked(image)
    pen.line((20, 100, 880, 100), fill=120, width=2)
    assert inked(without_rules(image, DPI)) == letter


@dataclass
class Print:
    """Digits as bars twenty cells high, so that gaps are what they are said to be."""

    image: Image.Image
    pen: ImageDraw.ImageDraw

    def word(self, text: str, left: int, *, sure: int = 90) -> Word:
        """One bar a letter, ten wide and four apart."""
        for n in range(len(text)):
            at = left + 14 * n
            self.pen.rectangle((at, 100, at + 9, 119), fill=0)
        return Word(text, (left, 100, left + 14 * len(text) - 4, 120), "ocr", sure)


@pytest.mark.parametrize(
    ("apart", "texts", "sures"),
    [(6, ["E03561209"], [90]), (8, ["E03561209"], [0]), (11, ["E03561", "209"], [90, 90])],
)
def test_numbers_are_one_two_or_in_doubt_by_the_paper_between(
    apart: int, texts: list[str], sures: list[int]
) -> None:
    made = Print(*page())
    left = made.word("E03561", 100)
    words = [left, made.word("209", int(left.box[2]) + apart)]
    found = joined(np.asarray(made.image), words, 1)
    assert [word.text for word in found] == texts
    assert [word.confidence for word in found] == sures


def test_a_torn_amount_is_put_together_and_whole_ones_are_left_apart() -> None:
    made = Print(*page())
    torn = [made.word("91.", 100), made.word("12", 100 + 38 + 11)]
    assert [word.text for word in joined(np.asarray(made.image), torn, 1)] == ["91.12"]
    whole = [made.word("91.12", 300), made.word("0.00", 300 + 66 + 11)]
    assert [w.text for w in joined(np.asarray(made.image), whole, 1)] == ["91.12", "0.00"]
    beside = [made.word("CO-45", 500), made.word("4.44", 500 + 66 + 6)]
    assert [w.text for w in joined(np.asarray(made.image), beside, 1)] == ["CO-45", "4.44"]


def test_words_that_were_run_together_come_apart_at_their_space_only() -> None:
    made = Print(*page())
    first, second = made.word("CO", 100), made.word("45", 100 + 24 + 10)
    both = Word("CO45", (first.box[0], 100, second.box[2], 120), "ocr", 90)
    grey = np.asarray(made.image)
    assert parts(grey, both, ["CO", "45"], 1) == [first.box, second.box]
    assert parts(grey, both, ["C", "O", "45"], 1) == [both.box]
    assert parts(grey, first, ["C", "O"], 1) == [first.box]


@pytest.mark.parametrize(("high", "text"), [(20, "WO"), (14, "wo")])
def test_a_letter_is_large_when_it_stands_as_high_as_a_figure(high: int, text: str) -> None:
    made = Print(*page())
    figure = made.word("119", 300)
    for at in (100, 114):
        made.pen.rectangle((at, 120 - high, at + 9, 119), fill=0)
    small = Word("wo", (100, 120 - high, 124, 120), "ocr", 90)
    assert [word.text for word in cased(made.image, [figure, small], 1)] == ["119", text]


@pytest.mark.parametrize(
    ("printed", "two"),
    [
        ("LTJZ", False),
        ("PAID", False),
        ("DATE", False),
        ("TAXY", False),
        ("LT JZ", True),
        ("KX RR", True),
        ("NU KX", True),
    ],
)
def test_capitals_that_stand_apart_may_be_two_codes(printed: str, two: bool) -> None:
    image, pen = page()
    font = ImageFont.load_default(size=40)
    pen.text((100, 100), printed, fill=0, font=font)
    points = DPI / 72
    box = tuple(side / points for side in pen.textbbox((100, 100), printed, font=font))
    seen = Word(printed.replace(" ", ""), box, "ocr", 90)
    assert may_be_two(np.asarray(image), seen, points) is two
    codes = two_codes(np.asarray(image), seen, points)
    assert [one.text for one in codes] == printed.split()
    assert all(one.box[2] < other.box[0] for one, other in pairwise(codes))
    assert not may_be_two(np.asarray(image), Word("1234", box, "ocr", 90), points)
