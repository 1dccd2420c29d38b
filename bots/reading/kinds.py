"""What a document that is no remittance is, by what such documents always say."""

from __future__ import annotations

import re

# The first kind that has any of its phrases on the page; in lower case.
PHRASES = {
    "a patient EOB": ("this is not a bill", "amount you may owe", "what you owe your provider"),
    "an invoice": ("bill to", "please remit payment", "remit payment to"),
    "a statement": ("statement of account", "account statement", "statement date"),
    "a letter": ("dear provider", "dear sir", "to whom it may concern", "sincerely"),
}
# Remittances print these too: only what else a document says can tell.
SHARED = frozenset(
    {"this is not a bill", "bill to", "statement date", "dear provider", "sincerely"}
)
# What only a remittance calls itself, or its reader.
OWN = (
    "remittance advice", "provider remittance", "remittance notice", "remittance to provider",
    "explanation of payment", "provider explanation", "provider copy", "payment voucher",
    "provider voucher", "payment advice", "provider payment", "explanation of review",
)  # fmt: skip


def other_kind(text: str) -> str | None:
    """The kind of document whose first page says ``text``, None when nothing says that it is
    another one than a remittance."""
    said = _plain(text)
    for kind, phrases in PHRASES.items():
        if any(_says(said, phrase) for phrase in phrases):
            return kind
    return None


def is_surely_other(text: str) -> bool:
    """Whether no remittance says ``text``, even one that reads like any other."""
    said = _plain(text)
    phrases = {phrase for each in PHRASES.values() for phrase in each if _says(said, phrase)}
    return bool(phrases - SHARED) and not any(_says(said, own) for own in OWN)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _says(said: str, phrase: str) -> bool:
    return re.search(rf"\b{re.escape(phrase)}\b", said) is not None
