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


def other_kind(text: str) -> str | None:
    """The kind of document whose first page says ``text``, None when nothing says that it is
    another one than a remittance."""
    said = " ".join(text.casefold().split())
    for kind, phrases in PHRASES.items():
        if any(re.search(rf"\b{re.escape(phrase)}\b", said) for phrase in phrases):
            return kind
    return None
