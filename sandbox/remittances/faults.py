"""Faults put into a document on purpose: it must be refused, or read right all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageDraw

from sandbox.remittances.damage import WHITE, blurred, bound, noisy, rendered, turned
from sandbox.remittances.drawing import Figure

DPI = 300
MONEY = re.compile(r"(charge|paid|amount)$")
MONEY_TEXT = re.compile(r"\d*\.\d\d")
Spoil = Callable[[bytes, Mapping[str, Figure], Random], bytes]


def other_digit(figures: Mapping[str, Figure], random: Random) -> dict[str, str]:
    """One amount with another digit in it, by its path: what it takes part in closes no more."""
    paths = sorted(
        path
        for path, figure in figures.items()
        if MONEY.search(path) and MONEY_TEXT.search(figure.text)
    )
    path = random.choice(paths)
    text = figures[path].text
    amount = list(MONEY_TEXT.finditer(text))[-1]
    at = random.choice([n for n in range(*amount.span()) if text[n].isdigit()])
    digit = random.choice([one for one in "0123456789" if one != text[at]])
    return {path: f"{text[:at]}{digit}{text[at + 1 :]}"}


def _noise(data: bytes, _figures: Mapping[str, Figure], random: Random) -> bytes:
    pages = [noisy(page, random, 70) for page in rendered(data, DPI)]
    return bound(pages, DPI)


def _skew(data: bytes, _figures: Mapping[str, Figure], random: Random) -> bytes:
    degrees = random.choice((-1, 1)) * random.uniform(4, 8)
    return bound([turned(page, degrees) for page in rendered(data, DPI)], DPI)


def _blur(data: bytes, _figures: Mapping[str, Figure], random: Random) -> bytes:
    return bound([blurred(page, random.uniform(2.5, 4)) for page in rendered(data, DPI)], DPI)


def _stamp(data: bytes, figures: Mapping[str, Figure], random: Random) -> bytes:
    """A date stamp over an amount on every page that has one."""
    pages = rendered(data, DPI)
    for number, page in enumerate(pages, 1):
        boxes = [one.box for path, one in sorted(figures.items()) if one.page == number]
        if boxes:
            _struck(page, random.choice(boxes), random)
    return bound(pages, DPI)


def _struck(page: Image.Image, box: tuple[float, float, float, float], random: Random) -> None:
    scale = DPI / 72
    left, top, right, bottom = (round(edge * scale) for edge in box)
    across, down = (left + right) // 2, (top + bottom) // 2
    pen = ImageDraw.Draw(page)
    frame = (across - 190, down - 45, across + 190, down + 45)
    pen.rectangle(frame, outline=60, width=7)
    pen.line((frame[0], frame[3], frame[2], frame[1]), fill=60, width=random.randint(8, 16))
    pen.text((across - 150, down - 34), "RECEIVED", fill=60, font_size=64)


def _crop(data: bytes, _figures: Mapping[str, Figure], random: Random) -> bytes:
    """The paper lay askew in the feeder, and its right edge is lost."""
    pages = []
    for page in rendered(data, DPI):
        kept = round(page.width * random.uniform(0.72, 0.9))
        cut = Image.new("L", page.size, WHITE)
        cut.paste(page.crop((0, 0, kept, page.height)), (0, 0))
        pages.append(cut)
    return bound(pages, DPI)


def _scan(data: bytes, _figures: Mapping[str, Figure], _random: Random) -> bytes:
    return bound(rendered(data, DPI), DPI)


def _text(data: bytes, _figures: Mapping[str, Figure], _random: Random) -> bytes:
    return data


FAULTS: Mapping[str, Spoil] = {
    "noise": _noise,
    "skew": _skew,
    "blur": _blur,
    "stamp": _stamp,
    "crop": _crop,
    "digit": _text,
    "digit-scan": _scan,
}
SWAPPED = frozenset({"digit", "digit-scan"})
"""Faults of which one digit is drawn wrong, so that the document must be refused."""
