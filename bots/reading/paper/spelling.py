"""Two readings that differ in letters drawn alike only are one, where one of them is well formed."""

from __future__ import annotations

import re
from collections.abc import Iterable

MONEY = r"[-(]?\$?(\d{1,3}(,\d{3})*|\d*)\.\d\d[-)]?(CR)?"
DATE = r"\d\d?[/-]\d\d?[/-](\d{4}|\d\d)"
PROCEDURE = r"[A-Z]\d{4}"  # HCPCS Level II
ADJUSTMENT = r"(CO|PR|OA|PI|CR)-?[A-Z]?\d{1,3}"
WELL_FORMED = re.compile("|".join((MONEY, DATE, PROCEDURE, ADJUSTMENT)))
CENTS = re.compile(r"^[-+'.](?=\d\d$)")  # a point before cents alone is often seen as a dash
DRAWN_ALIKE = str.maketrans("OolI|", "00111")


def meant(text: str, looks: Iterable[str]) -> str:
    """The one spelling that ``text`` and a look of the other reader can be, empty when unknown.

    A large and a small letter, a letter O and a nought, an l and a one are told apart by what can
    stand there: "co-45" and "CO-45" are "CO-45". So is a letter that was seen as two, small and
    large, and a dash where an amount has its point.
    """
    spellings = {
        one
        for look in looks
        if text and _drawn(look) == _drawn(text)
        for one in (text, look)
        if WELL_FORMED.fullmatch(one)
    }
    return spellings.pop() if len(spellings) == 1 else ""


def _drawn(text: str) -> str:
    """The text as it looks: letters that are drawn alike, and a letter seen twice, are one."""
    seen = ""
    for letter in text:
        twice = seen and letter != seen[-1] and letter.casefold() == seen[-1].casefold()
        seen += "" if twice else letter
    return CENTS.sub(".", seen.translate(DRAWN_ALIKE).casefold())
