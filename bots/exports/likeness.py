"""What kind of value a cell of an export holds, said without the value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from bots.exports.cells import literal
from bots.exports.workbook import UNCALCULATED, Cell

_CLOCK = r"( \d{1,2}:\d\d(:\d\d)?( ?[AP]M)?)?"
_SHAPES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.I), said)
    for pattern, said in (
        (r"#+|#(N/A|REF!|VALUE!|NAME\?|NUM!|DIV/0!|NULL!)", "spreadsheet error like ####"),
        (r"\d+(\.\d+)?E\+\d+", "rounded number like 1.23E+12"),
        (r"\d{1,2}/\d{1,2}/\d{4}" + _CLOCK, "date like 12/31/2026"),
        (r"\d{1,2}/\d{1,2}/\d\d" + _CLOCK, "date like 12/31/26"),
        (r"\d{4}-\d\d-\d\d" + _CLOCK, "date like 2026-12-31"),
        (r"\d{1,2}[-.]\d{1,2}[-.]\d{2,4}", "date like 12-31-2026"),
        (r"\d{1,2}-[A-Z]{3}-\d{2,4}", "date like 31-DEC-2026"),
        (r"\(\$?[\d,]+\.\d\d\)", "amount like (123.45)"),
        (r"\$?[\d,]*\.\d\d-", "amount like 123.45-"),
        (r"-?\$-?[\d,]+(\.\d\d?)?", "amount like $1,234.50"),
        (r"-?[\d,]*\.\d\d", "amount like 1234.50"),
        (r"[^\d,]+,\s*[^\d,]+(,[^\d,]+)?", "Last, First"),
    )
)
_DIGITS = re.compile(r"\d+")


def likeness(cell: Cell) -> str:
    """The kind of one cell's value: "8 digits", "date like 12/31/2026", "words"."""
    if isinstance(cell, date):
        return "date of a spreadsheet"
    if isinstance(cell, Decimal):
        return "number of a spreadsheet"
    text = literal(cell)
    if not text:
        return "empty"
    if text == UNCALCULATED or text.startswith("="):
        return "formula"
    for pattern, said in _SHAPES:
        if pattern.fullmatch(text):
            return said
    if _DIGITS.fullmatch(text):
        return f"{len(text)} digits{' with a leading zero' if text.startswith('0') else ''}"
    if " " not in text and any(c.isdigit() for c in text):
        return "letters and digits"
    return "words"


def likenesses(cells: Iterable[Cell]) -> str:
    """The kinds that a column's cells are of, the three commonest with their counts."""
    counts = Counter(likeness(cell) for cell in cells)
    filled = sorted((k for k in counts if k != "empty"), key=lambda kind: (-counts[kind], kind))
    shown = filled[:3] + (["empty"] if counts["empty"] else [])
    if len(shown) == 1:
        return shown[0]
    several = [f"{kind} ({counts[kind]:,})" for kind in shown]
    if rest := len(filled) - 3 if len(filled) > 3 else 0:
        several.insert(3, f"{rest} more kinds")
    return ", ".join(several)


__all__ = ["likeness", "likenesses"]
