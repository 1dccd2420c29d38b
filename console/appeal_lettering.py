"""The fonts of a packet: embedded, and never a box where a letter should be."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from billing.errors import BadInput

PLAIN, BOLD, WIDER = "Vera", "Vera-Bold", "Wider"
"""Vera comes with reportlab and has the letters of Western Europe; the wider one has the rest."""

WIDER_FILES = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]+")


@cache
def ready() -> None:
    """Make the fonts known to reportlab."""
    folder = Path(reportlab.__file__).parent / "fonts"
    pdfmetrics.registerFont(TTFont(PLAIN, folder / "Vera.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, folder / "VeraBd.ttf"))


@cache
def _wider() -> frozenset[int]:
    """The letters of the wider font, where this machine has one."""
    for file in WIDER_FILES:
        try:
            font = TTFont(WIDER, file)
        except (TTFError, OSError):
            continue
        pdfmetrics.registerFont(font)
        return frozenset(font.face.charToGlyph)
    return frozenset()


def markup(text: str) -> str:
    """``text`` for a paragraph: escaped, and the letters that Vera lacks in the wider font.

    Raises BadInput when no font here can spell a letter.
    """
    ready()
    known = pdfmetrics.getFont(PLAIN).face.charToGlyph
    shown = _CONTROL.sub(" ", text)
    strange = {letter for letter in shown if ord(letter) not in known}
    lacking = {letter for letter in strange if ord(letter) not in _wider()}
    if lacking:
        raise BadInput(
            f"No font here spells U+{ord(min(lacking)):04X}, which the packet needs; install the "
            "DejaVu fonts (fonts-dejavu-core)"
        )
    return "".join(
        f'<font name="{WIDER}">{escape(letter)}</font>' if letter in strange else escape(letter)
        for letter in shown
    )
