"""What statuses, methods of payment and adjustments of a provider are called, as codes."""

from __future__ import annotations

import re

# What becomes of a claim, by the first pattern found in its status text: CLP02.
STATUSES = (
    (r"revers|void|credit|take ?back|refund", "22"),
    (r"tertiary", "3"),
    (r"secondary", "2"),
    (r"den(?:y|ied)|reject|disallow", "4"),
    (r"paid|processed|finali[sz]ed|primary|approved|allowed|adjudicated|complete", "1"),
)
# PLB03-1 of a provider-level adjustment that is named in words.
PROVIDER_REASONS = (
    (r"recoup|recover|overpa|refund|take ?back|offset", "WO"),
    (r"interest", "L6"),
    (r"forward|balance|carried|prior", "FB"),
    (r"levy|garnish", "LE"),
)
METHODS = (
    (r"no pay|non ?pay|zero pay|^non$|^none$", "NON"),
    (r"electronic|eft|ach|direct deposit|transfer", "ACH"),
    (r"check|cheque|chk|warrant|draft|paper", "CHK"),
)


def status_of(text: str) -> str | None:
    """CLP02 of a claim whose status is spelled ``text``; None when it cannot be told."""
    if re.fullmatch(r"[1-4]|19|2[0-3]", text.strip()):
        return text.strip()
    return _first(STATUSES, text)


def method_of(text: str) -> str | None:
    """BPR04 for ``text``, such as "Electronic funds transfer"; None when it cannot be told."""
    return _first(METHODS, text)


def provider_reason_of(text: str) -> str | None:
    """PLB03-1 of "Recovery of overpayment" and the like; None when it cannot be told."""
    return _first(PROVIDER_REASONS, text)


def _first(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    said = text.casefold()
    return next((code for pattern, code in table if re.search(pattern, said)), None)
