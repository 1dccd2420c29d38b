"""What stays in doubt is settled by how the same letters look elsewhere on the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from bots.reading.paper.ink import INK, Box, Cells, glyphs, trimmed
from bots.reading.paper.sheet import AGREED, ALIKE, Word
from bots.reading.paper.spelling import NOUGHT, ONE, WELL_FORMED, drawn_alike

SIZE = (12, 16)  # cells, to which every letter is brought
EXAMPLES = 25  # of a letter are enough
LEAST = 2  # examples: of fewer nothing is known
LIKE, POINT_LIKE = 0.45, 0.75  # at most as unlike the examples; a point is small and rough
VERY_LIKE = 0.15  # so like them that a letter of which there is no example is not missed
CLEARLY = 1.35  # times as unlike is the next letter, at least
NEVER = 9.0
PLACES = {NOUGHT: "0O", ONE: "1I"}
CONFUSED = ("0OQD", "1Il", "5S", "8B", "2Z", "6G", "UV")
LEAST_WIDE = 8  # cells: what is narrower is no two letters


@dataclass(frozen=True, slots=True)
class _Form:
    """How a letter looks: its cells, without the mean and of length 1; its size and place.

    ``place`` is width, height and depth below the top, in heights of its word.
    """

    cells: Cells
    place: Cells


def compared(grey: Cells, words: Sequence[Word], cells_a_point: float) -> list[Word]:
    """``words``, those in doubt sure where each letter looks as the page's others of its kind do.

    And as no other kind does. Sure words are what they are compared with.
    """
    doubtful = {n for n, word in enumerate(words) if word.confidence < AGREED and word.text}
    if not doubtful:
        return list(words)
    known = _known(grey, [word for word in words if word.confidence >= AGREED], cells_a_point)
    return [
        _settled(grey, word, known, cells_a_point) if n in doubtful else word
        for n, word in enumerate(words)
    ]


def _settled(grey: Cells, word: Word, known: Mapping[str, _Form], scale: float) -> Word:
    forms = _forms(grey, word, scale)
    if len(forms) == len(word.text):
        agreed = any(letter in PLACES for letter in word.text)  # but for what is drawn alike
        seen = [
            (letter, True) if agreed and letter not in PLACES else _seen(form, letter, known)
            for form, letter in zip(forms, word.text, strict=True)
        ]
        figure = WELL_FORMED.fullmatch(word.text) is not None
        if all(one and (figure or sure) for one, sure in seen):
            return replace(word, text="".join(one for one, _ in seen), confidence=AGREED)
    if NOUGHT in word.text or ONE in word.text:
        digits = word.text.replace(NOUGHT, "0").replace(ONE, "1")
        return replace(word, text=digits, confidence=ALIKE)
    return word


def _seen(form: _Form, letter: str, known: Mapping[str, _Form]) -> tuple[str, bool]:
    """Which of the letters that ``letter`` may be looks so; empty when others do as well.

    And whether none that is easily taken for it can have been meant. What readers of two kinds
    told from a letter that is drawn alike is not doubted again.
    """
    may_be = PLACES.get(letter, letter)
    unlike = {one: _unlike(form, other) for one, other in known.items()}
    if letter == ONE and "l" in unlike:  # in print without serifs an l is an I
        unlike["I"] = min(unlike.pop("l"), unlike.get("I", NEVER))
    best = min(may_be, key=lambda one: unlike.get(one, NEVER))
    others = [
        off
        for one, off in unlike.items()
        if one != best and (len(may_be) > 1 or not drawn_alike(one, best))
    ]
    off = unlike.get(best, NEVER)
    if off > (LIKE if best.isalnum() else POINT_LIKE) or min(others, default=NEVER) < CLEARLY * off:
        return "", False
    group = next((group for group in CONFUSED if best in group), best)
    return best, off <= VERY_LIKE or all(one in unlike for one in group if one != "l")


def _unlike(one: _Form, other: _Form) -> float:
    return 1 - float(one.cells @ other.cells) + float(np.abs(one.place - other.place).sum())


def _known(grey: Cells, words: Sequence[Word], scale: float) -> dict[str, _Form]:
    """How each letter of sure words looks, where its pieces of ink are as many as its letters."""
    found: dict[str, list[_Form]] = defaultdict(list)
    for word in words:
        forms = _forms(grey, word, scale)
        if len(forms) == len(word.text):
            for letter, form in zip(word.text, forms, strict=True):
                if len(found[letter]) < EXAMPLES:
                    found[letter].append(form)
    return {letter: _usual(forms) for letter, forms in found.items() if len(forms) >= LEAST}


def _usual(forms: Sequence[_Form]) -> _Form:
    cells = np.mean([form.cells for form in forms], axis=0)
    places = np.median([form.place for form in forms], axis=0)
    return _Form(cells / np.linalg.norm(cells), places)


def _forms(grey: Cells, word: Word, scale: float) -> list[_Form]:
    found = glyphs(grey, word, scale)
    if not found:
        return []
    while len(found) < len(word.text) and max(_wide(one) for one in found) > LEAST_WIDE:
        found = _parted(grey, found)
    top, bottom = min(box[1] for box in found), max(box[3] for box in found)
    high = bottom - top
    forms = []
    for left, upper, right, lower in (trimmed(grey, box) for box in found):
        letter = Image.fromarray(grey[upper:lower, left:right]).resize(SIZE, Image.Resampling.BOX)
        cells = np.asarray(letter, np.float32).ravel()
        cells = cells - cells.mean()
        length = float(np.linalg.norm(cells)) or 1.0
        place = np.array([right - left, lower - upper, upper - top]) / high
        forms.append(_Form(cells / length, place))
    return forms


def _parted(grey: Cells, found: Sequence[Box]) -> list[Box]:
    """The pieces of ink, the widest of them, two letters that touch, cut where it is thinnest."""
    widest = max(found, key=_wide)
    left, top, right, bottom = widest
    aside = _wide(widest) // 4
    ink = (grey[top:bottom, left + aside : right - aside] < INK).sum(axis=0)
    cut = left + aside + int(ink.argmin())
    halves = [(left, top, cut, bottom), (cut + 1, top, right, bottom)]
    return [part for one in found for part in (halves if one == widest else [one])]


def _wide(box: Box) -> int:
    return box[2] - box[0]
