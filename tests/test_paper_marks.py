"""Rules go and letters stay; torn words are mended by the paper between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bots.reading.paper.gaps import in_two, joined, parts
from bots.reading.paper.heights import cased
from bots.reading.paper.letterforms import compared
from bots.reading.paper.rules import beside_a_rule, without_rules
from bots.reading.paper.sheet import AGREED, ALIKE, Word
from bots.reading.paper.spelling import NOUGHT
from bots.reading.paper.typewriting import typewritten

DPI = 300


def page(high: int = 300) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (900, high), 250)
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


def test_a_short_rule_between_two_others_leaves_no_ink() -> None:
    image, pen = page()
    for at in (100, 160):
        pen.line((20, at, 880, at), fill=90, width=2)
    pen.line((300, 100, 300, 160), fill=90, width=2)
    assert inked(without_rules(image, DPI)) == 0
    pen.line((500, 105, 500, 150), fill=0, width=5)  # a letter of a heading
    assert inked(without_rules(image, DPI)) == inked_alone(500, 105, 150)


def inked_alone(left: int, top: int, bottom: int) -> int:
    image, pen = page()
    pen.line((left, top, left, bottom), fill=0, width=5)
    return inked(image)


def test_what_is_left_of_a_rule_is_told_from_a_letter_between_rules() -> None:
    image, pen = page()
    for left, right in ((20, 300), (340, 880)):
        pen.line((left, 100, right, 100), fill=0, width=3)
    pen.line((600, 20, 600, 140), fill=0, width=3)
    pen.line((600, 170, 600, 290), fill=0, width=3)
    taken_off = np.asarray(image) != np.asarray(without_rules(image, DPI))
    assert beside_a_rule(taken_off, (303, 98, 337, 103))
    assert beside_a_rule(taken_off, (598, 144, 603, 167))
    assert not beside_a_rule(taken_off, (610, 144, 615, 167))  # in a column beside the rule
    assert not beside_a_rule(taken_off, (310, 60, 320, 80))


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


ROOM = 20


def typed(pen: ImageDraw.ImageDraw, text: str, left: int, top: int) -> Word:
    """Print letters of equal room; the box of them all."""
    for n, letter in enumerate(text):
        at = left + ROOM * n
        if letter == ".":
            pen.rectangle((at + 8, top + 20, at + 11, top + 24), fill=0)
        elif letter != " ":
            inset = 5 if letter == "1" else 2
            pen.rectangle((at + inset, top, at + ROOM - inset, top + 24), fill=0)
    return Word(text, (left + 2, top, left + ROOM * len(text) - 2, top + 25), "ocr", 90)


def typed_page() -> tuple[Image.Image, ImageDraw.ImageDraw, list[Word]]:
    """A page with enough words to show that every letter has as much room."""
    image, pen = page(900)
    return (
        image,
        pen,
        [
            typed(pen, "LARKSPUR"[: 4 + n % 5], 100 + 300 * (n % 3), 300 + 40 * (n // 3))
            for n in range(24)
        ],
    )


@pytest.mark.parametrize("printed", ["1 Q3014 GT", "13.33", "1.11", "LARKSPUR FAMILY", "971.71"])
@pytest.mark.parametrize("seen", ["run together", "torn", "cut", "passed over"])
def test_typewritten_words_are_what_stands_between_blanks(printed: str, seen: str) -> None:
    image, pen, known = typed_page()
    whole = typed(pen, printed, 100, 100)
    left, top, right, bottom = whole.box
    middle = left + 50
    recognised = {
        "run together": [replace(whole, text=printed.replace(" ", ""))],
        "torn": [
            replace(whole, text="ab", box=(left, top, middle, bottom)),
            replace(whole, text="cd", box=(middle, top, right, bottom)),
        ],
        "cut": [replace(whole, text="ab", box=(left, top, middle, bottom))],
        "passed over": [typed(pen, "DATE", 800, 100)],
    }[seen]
    made = typewritten(np.asarray(image), [*known, *recognised], 1)
    there = [word for word in made if word.box[1] < 200 and word.box[0] < 800]
    widths = [word.box[2] - word.box[0] for word in there]
    assert widths == pytest.approx([len(one) * ROOM for one in printed.split()], abs=13)
    assert [word for word in made if word.box[1] > 200] == known


def test_a_word_not_read_yet_is_no_part_of_a_number_beside_it() -> None:
    made = Print(*page())
    number, more = made.word("12", 100), made.word("34", 100 + 2 * 14 + 12)
    words = [number, replace(more, text="", confidence=0)]
    assert joined(np.asarray(made.image), words, 1) == words


def test_what_a_typewriter_set_and_was_seen_whole_is_left_as_it_is() -> None:
    image, pen, known = typed_page()
    words = [*known, typed(pen, "2Q3O14", 100, 100), typed(pen, "GT", 300, 100)]
    made = typewritten(np.asarray(image), words, 1)
    assert sorted(made, key=lambda word: word.box) == sorted(words, key=lambda word: word.box)


def test_a_figure_that_was_passed_over_is_a_word_not_read_yet() -> None:
    image, pen = page(900)
    words = [lettered(pen, one, 100 + 60 * n) for n, one in enumerate(("PAID", "Total", "12.50"))]
    _, top, _, bottom = words[0].box
    pen.rectangle((500, top + 2, 506, bottom - 2), fill=0)
    pen.rectangle((600, 50, 603, 300), fill=0)  # a rule
    pen.rectangle((700, top + 14, 703, top + 17), fill=0)  # a speck
    *read, added = typewritten(np.asarray(image), words, 1)
    assert read == words
    assert (added.text, added.confidence) == ("", 0)
    assert added.box[::2] == (500, 507)


def test_words_whose_letters_differ_in_room_are_not_typewritten() -> None:
    image, pen, known = typed_page()
    printed = [
        replace(word, box=(*word.box[:2], word.box[2] + 6 * (n % 7), word.box[3]))
        for n, word in enumerate(known)
    ]
    cut = replace(typed(pen, "13.33", 100, 100), text="13", box=(100, 100, 140, 125))
    assert typewritten(np.asarray(image), [*printed, cut], 1) == [*printed, cut]


def lettered(pen: ImageDraw.ImageDraw, text: str, top: int, confidence: int = 90) -> Word:
    """Print a word in real letters; what it is taken for is its text."""
    font = ImageFont.load_default(size=40)
    left, upper, right, lower = pen.textbbox((100, top), text, font=font)
    pen.text((100, top), text, fill=0, font=font)
    return Word(text, (left - 1, upper - 1, right + 1, lower + 1), "ocr", confidence)


@pytest.mark.parametrize(
    ("printed", "seen", "text", "sure"),
    [
        ("4P0K", f"4P{NOUGHT}K", "4P0K", True),
        ("4POK", f"4P{NOUGHT}K", "4POK", True),
        ("40.86", "40.86", "40.86", True),
        ("40.86", "40.88", "40.88", False),
        ("40.86", "40.8", "40.8", False),
        ("4PZK", "4PZK", "4PZK", False),  # no Z is known on the page
        ("4PZK", "4P2K", "4P2K", False),
        ("4PSK", "4P5K", "4P5K", False),
    ],
)
def test_what_is_in_doubt_is_settled_by_the_same_letters_elsewhere(
    printed: str, seen: str, text: str, sure: bool
) -> None:
    image, pen = page(900)
    known = [
        lettered(pen, one, 100 + 50 * n)
        for n, one in enumerate(("460.80", "486.40", "POKE", "KOPE", "POOK", "186.10", "0.86"))
    ]
    doubtful = replace(lettered(pen, printed, 600, ALIKE), text=seen)
    told = compared(np.asarray(image), [*known, doubtful], 1)[-1]
    assert (told.text, told.confidence >= AGREED) == (text, sure)


def test_an_amount_that_runs_into_the_code_before_it_is_parted_at_the_widest_gap() -> None:
    made = Print(*page())
    code, amount = made.word("CO-45", 100), made.word("8.21", 100 + 5 * 14 + 12)
    both = Word("CO-458.21", (*code.box[:2], *amount.box[2:]), "ocr", 90)
    parted = in_two(np.asarray(made.image), both, 1)
    assert [one.box[::2] for one in parted] == [code.box[::2], amount.box[::2]]
    assert [(one.text, one.confidence) for one in parted] == [("", 0), ("", 0)]
    assert in_two(np.asarray(made.image), code, 1) == [code]


def test_words_that_stand_in_each_others_place_are_one_that_is_not_known() -> None:
    made = Print(*page())
    whole = made.word("13.33", 100)
    left, top, right, bottom = whole.box
    pieces = [
        Word("113", (left, top, left + 30, bottom), "ocr", 90),
        Word("3.33", (left + 14, top, right, bottom), "ocr", 90),
    ]
    (one,) = joined(np.asarray(made.image), pieces, 1)
    assert (one.text, one.box, one.confidence) == ("", whole.box, 0)
