"""BAI2 type codes: which way money went, and what sort of movement a detail line is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from billing.bank import LineKind

# Ranges and codes: Cash Management Balance Reporting Specifications, Version 2 (BAI), Appendix A;
# the words for them are ours.
CREDITS = (range(101, 400), range(920, 960))
DEBITS = (range(401, 700), range(960, 1000))
MESSAGE = 890

TOTALS: Mapping[int, int] = {115: 116, 142: 143}
"""A deposit, and the code of the items it is made of where the bank lists those too."""

_KINDS: Mapping[LineKind, frozenset[int]] = {
    LineKind.EFT: frozenset(
        (142, 143, 145, 155, 156, 164, 165, 166, 169, 195, 208, 451, 455, 462, 466, 469, 495)
    ),
    LineKind.CHEQUES: frozenset((115, 116, 118, 172, 173, 174, 175, 176, 184, 187, 301)),
    LineKind.RETURN: frozenset((468, 555, 557)),
    LineKind.FEE: frozenset((661, 698)),
    LineKind.UNRELATED: frozenset((147, 191, 201, 206, 275, 354, 366, 398, 475, 491, 575)),
}
_KIND_OF = {code: kind for kind, codes in _KINDS.items() for code in codes}


def direction(code: int) -> Literal[1, -1] | None:
    """1 for a credit, -1 for a debit, None for what is no movement (a balance, a total, a loan)."""
    if any(code in codes for codes in CREDITS):
        return 1
    if any(code in codes for codes in DEBITS):
        return -1
    return None


def kind_of(code: int) -> LineKind:
    """The sort of movement; a code that is not listed may be anything."""
    return _KIND_OF.get(code, LineKind.OTHER)
