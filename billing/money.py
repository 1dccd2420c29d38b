"""Text becomes Decimal dollars, a share of them or a date here and nowhere else."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MOST_DIGITS = 18
"""Before the point: as many as X12 has for an amount; sums of such are exact in Decimal."""

_AMOUNT = re.compile(
    r"""^(?P<open>\()?\s*(?P<sign>[-\u2212+])?\s*\$?\s*(?P<sign2>[-\u2212])?\s*
        (?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?:\.(?P<cents>\d{1,2}))?\s*
        (?P<trail>[-\u2212]|CR)?\s*(?P<close>\))?$""",
    re.VERBOSE,
)

_X12 = re.compile(r" *[-+]?(?:\d{1,18}(?:\.\d{0,2}0*)?|\.\d{1,2}0*) *", re.ASCII)
_PERCENT = re.compile(r"^(?P<number>\d{1,3}(\.\d{1,4})?)\s*(?P<sign>%|per\s?cent)?$", re.IGNORECASE)
_WHOLE = Decimal(100)
_NUMERIC = {"%m": "(1[0-2]|0?[1-9])", "%d": "(3[01]|[12][0-9]|[ 0]?[1-9])", "%Y": "([0-9]{4})"}
_PARTED = re.compile(r"%([mdY])([-/.])%([mdY])\2%([mdY])")
_RUN_TOGETHER = re.compile(r"%[a-zA-Z]%")


def money(text: str) -> Decimal:
    """Dollars from any spelling a payer or a billing system uses, to the cent.

    ``$1,234.50``, ``(123.45)``, ``-12.5``, ``125.00-`` and ``12.00 CR`` are understood; the
    last four are negative. Raises ValueError on anything else, on more than two decimals, on more
    digits than an amount has, and on two signs at once.
    """
    if _is_plain(text):
        return Decimal(text)
    match = _AMOUNT.match(text.strip())
    if match is None or not (match["whole"] or match["cents"]):
        raise ValueError("not an amount of money")
    if bool(match["open"]) != bool(match["close"]):
        raise ValueError("unbalanced parenthesis in an amount")
    minus = [match["open"], match["sign"] not in (None, "+"), match["sign2"], match["trail"]]
    if sum(1 for mark in minus if mark) > 1:
        raise ValueError("an amount with two minus signs")
    whole = (match["whole"] or "0").replace(",", "")
    if len(whole) > MOST_DIGITS:
        raise ValueError("not an amount of money")
    value = Decimal(f"{whole}.{match['cents'] or '0'}")
    return (-value if any(minus) else value).quantize(CENT)


def x12_money(text: str) -> Decimal:
    """Dollars as X12 spells them (a real number: digits, a point, a sign before), to the cent.

    Raises ValueError on anything else and on a part of a cent.
    """
    if _is_plain(text):
        return Decimal(text)
    if not _X12.fullmatch(text):
        raise ValueError("not an amount of money")
    return Decimal(text).quantize(CENT)


def _is_plain(text: str) -> bool:
    """Whether it is spelled as nearly all amounts are, 125.00, known without a pattern."""
    whole, _, cents = text.partition(".")
    short = len(cents) == 2 and len(whole) <= MOST_DIGITS
    return short and whole.isdigit() and cents.isdigit() and text.isascii()


def percent(text: str) -> Decimal:
    """The fraction that a share of a price spells: ``20%``, ``20 %`` and ``20`` are 0.2.

    Raises ValueError on anything else, on more than 100 per cent, and on a bare number between
    none and one or of exactly one, which may be meant as a fraction.
    """
    match = _PERCENT.match(text.strip())
    if match is None:
        raise ValueError("not a percentage")
    share = Decimal(match["number"])
    if share > _WHOLE:
        raise ValueError("more than 100 per cent")
    if not match["sign"] and 0 < share <= 1:
        raise ValueError("a bare number that may be a fraction or per cent")
    return share / _WHOLE


def dollars(value: Decimal | None) -> str | None:
    """The one spelling of money in outputs: two decimals, no sign for zero; None stays None."""
    if value is None:
        return None
    text = str(value)
    if text[-3:-2] == "." and text != "-0.00":  # to the cent, as nearly all are
        return text
    rounded = value.quantize(CENT)
    return str(abs(rounded) if rounded == 0 else rounded)


def parse_date(text: str, formats: tuple[str, ...]) -> date:
    """The date that ``text`` spells in exactly one of ``formats`` (strptime).

    Where nothing stands between its parts, as in ``%m%d%y``, every digit must be there: "11226"
    may be November 2 or January 12. Raises ValueError when none fits, and when two fit with
    different results: a date is never guessed.
    """
    found: set[date] = set()
    for spelling in formats:
        try:
            day = _day(text.strip(), spelling)
        except ValueError:
            continue
        if not _RUN_TOGETHER.search(spelling) or _spelled(day, spelling) == text.strip().upper():
            found.add(day)
    if len(found) != 1:
        raise ValueError("not a date" if not found else "an ambiguous date")
    return found.pop()


def _day(text: str, spelling: str) -> date:
    """The date; of numbers between strokes, as nearly all are, without strptime's search."""
    order, pattern = _between_strokes(spelling)
    if pattern is None or not text.isascii():
        return datetime.strptime(text, spelling).date()  # noqa: DTZ007 - a calendar date has no zone
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    parts = dict(zip(order, map(int, found.groups()), strict=True))
    return date(parts["Y"], parts["m"], parts["d"])


@cache
def _between_strokes(spelling: str) -> tuple[str, re.Pattern[str] | None]:
    """Which number of such a date is which, and how it is written; no pattern for other dates."""
    parted = _PARTED.fullmatch(spelling)
    if parted is None:
        return "", None
    order = "".join(parted.group(1, 3, 4))
    if set(order) != set("mdY"):
        return "", None
    return order, re.compile(re.escape(parted[2]).join(_NUMERIC[f"%{one}"] for one in order))


def _spelled(day: date, spelling: str) -> str:
    return day.strftime(spelling).upper()


def usd(value: Decimal) -> str:
    """Money for people: ``$1,234.50``, ``-$12.00``."""
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"
