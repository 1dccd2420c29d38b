"""Two readings that differ only in letters drawn alike are one, where one is well formed."""

from __future__ import annotations

import re
from collections.abc import Iterable

MONEY = r"[-(]?\$?(\d{1,3}(,\d{3})*|\d*)\.\d\d[-)]?(CR)?"
DATE = r"\d\d?[/-]\d\d?[/-](\d{4}|\d\d)"
PROCEDURE = r"[A-Z]\d{4}"  # HCPCS Level II
ADJUSTMENT = r"(CO|PR|OA|PI|CR)-?[A-Z]?\d{1,3}"
WELL_FORMED = re.compile("|".join((MONEY, DATE, PROCEDURE, ADJUSTMENT)))
NO_L = re.compile(r"^l(?=[bcdfghjkmnpqrstvwxz][a-z])")
CENTS = re.compile(r"^[-+'.](?=\d\d$)")  # a point before cents alone is often seen as a dash
NOUGHT, ONE = "\ufdd0", "\ufdd1"  # a nought or a letter O; a one, a letter I or l
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
        if drawn_alike(text, look)
        for one in (text, look)
        if WELL_FORMED.fullmatch(one)
    }
    return spellings.pop() if len(spellings) == 1 else ""


def well_spelt(text: str) -> str:
    """The text as only it can be spelt: "co-97" is "CO-97", and no word begins with "lr"."""
    large = text.upper()
    return large if WELL_FORMED.fullmatch(large) else NO_L.sub("I", text)


def drawn_alike(text: str, look: str) -> bool:
    """Whether two readings differ at most in letters and digits that are drawn alike."""
    return bool(text) and drawn(text) == drawn(look)


def merged(texts: Iterable[str]) -> str:
    """Readings of one length that are drawn alike as one: where they differ stands NOUGHT or ONE.

    Where they differ in a large and a small letter it is the large one.
    """
    letters = []
    for seen in zip(*texts, strict=True):
        kinds = {letter.translate(DRAWN_ALIKE) for letter in seen}
        alike = {"0": NOUGHT, "1": ONE}.get(kinds.pop() if len(kinds) == 1 else "")
        letters.append(seen[0] if len(set(seen)) == 1 else alike or min(seen))
    return "".join(letters)


def drawn(text: str) -> str:
    """The text as it looks: letters that are drawn alike, and a letter seen twice, are one."""
    seen = ""
    for letter in text:
        twice = seen and letter != seen[-1] and letter.casefold() == seen[-1].casefold()
        seen += "" if twice else letter
    return CENTS.sub(".", seen.translate(DRAWN_ALIKE).casefold())
