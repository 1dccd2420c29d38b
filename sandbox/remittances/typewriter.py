"""A payment typed in columns of one width, as programmes of the seventies still print it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sandbox.remittances.drawing import MARGIN, TYPEWRITER, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.story import Payment

STEP = 10
UNIT = 4.5  # points of one typewriter column at 7.5 points


class Typewritten:
    """One payment on its way to paper; ``at`` are a heading's first column, or the last of its
    figures, and whether it is the last."""

    at: ClassVar[Mapping[str, tuple[int, bool]]]

    def __init__(self, sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
        self.sheet, self.payment, self.issuer = sheet, payment, issuer
        self.money = issuer.spelling.money

    def begin(self, head: Callable[[Sheet], None]) -> None:
        """The first page, and ``head`` at the top of each."""
        self.sheet.font = TYPEWRITER
        self.sheet.head = head
        self.sheet.begin_page()

    def put(self, column: int, text: str, *, right: bool = False, path: str = "") -> None:
        """Type ``text`` from a column on, or up to it."""
        self.sheet.text(MARGIN + column * UNIT, text, right=right, path=path)

    def cell(self, heading: str, text: str, path: str = "") -> None:
        """Type ``text`` beneath a heading."""
        place, right = self.at[heading]
        self.put(place, text, right=right, path=path)
