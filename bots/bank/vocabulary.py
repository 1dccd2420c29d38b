"""The headings and words that banks use, as data."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from billing.bank import LineKind
from bots.strict_yaml import Strict, load_strict

Field = Literal[
    "booked", "amount", "credit", "debit", "sign", "kind", "text", "reference", "account", "balance"
]


class BankWords(Strict):
    """The headings and words of banks' downloads."""

    dates: tuple[str, ...]
    headings: dict[Field, tuple[str, ...]]
    signs: dict[Literal["credit", "debit"], tuple[str, ...]]
    kinds: dict[LineKind, tuple[str, ...]]


@cache
def bank_words() -> BankWords:
    """Those that are shipped. Raises ProfileError naming file and line."""
    return load_strict(Path(__file__).with_name("statement.yaml"), BankWords)


def kind_in_words(stated: str, text: str, amount: Decimal) -> LineKind:
    """The kind that a word of the bank's type or text tells; words for the other way do not."""
    for kind, words in bank_words().kinds.items():
        if (kind in _DEBITS and amount > 0) or (kind is LineKind.CHEQUES and amount < 0):
            continue
        for said in (stated, text):
            if any(_stands(word, said) for word in words):
                return kind
    return LineKind.OTHER


_DEBITS = (LineKind.RETURN, LineKind.FEE)


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z])", text.casefold()) is not None
