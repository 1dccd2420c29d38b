"""The words of what is asked about, spelled as a profile's steps type them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from billing.model import Claim
from billing.money import parse_date
from bots.page_language import CLAIM_WORDS, PLACEHOLDER
from bots.reading.fields import US_DATES

Words = Mapping[str, object]


def claim_words(claim: Claim) -> dict[str, object]:
    """The words a profile may use of a claim, as ``claim.<word>``."""
    return {f"claim.{word}": getattr(claim, word) for word in CLAIM_WORDS}


def fill_in(text: str, words: Words) -> str:
    """``text`` with its placeholders replaced: ``{claim.service_from|%m/%d/%Y}``.

    A word the claim lacks becomes the empty text: an optional search field stays empty.
    """

    def value(kind: str, word: str, spelling: str | None) -> str:
        found = words.get(f"{kind}.{word}")
        if isinstance(found, date):
            return found.strftime(spelling or "%m/%d/%Y")
        return "" if found is None else _spelled(str(found).strip(), spelling or "")

    return PLACEHOLDER.sub(lambda m: value(m[1], m[2], m[3]), text)


def same_typed(meant: str, held: str | None) -> bool:
    """Whether a field holds what was meant, however its mask spells it; None holds nothing to see.

    A field that kept half of a member id would have the portal answer about somebody else.
    """
    if held is None or _bare(meant) == _bare(held):
        return True
    try:
        return parse_date(meant, US_DATES) == parse_date(held, US_DATES)
    except ValueError:
        return False


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _spelled(text: str, spelling: str) -> str:
    match spelling.split():
        case ["digits"]:
            return "".join(c for c in text if c.isdigit())
        case ["upper"]:
            return text.upper()
        case ["lower"]:
            return text.lower()
        case ["first", count]:
            return text[: int(count)]
        case ["last", count]:
            return text[-int(count) :]
        case _:
            return text
