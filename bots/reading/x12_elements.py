"""The elements of X12 segments as amounts, dates and codes, refused by segment and position."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

from billing.errors import UnreadableDocument
from billing.money import parse_date, x12_money

Numbered = tuple[int, list[str]]
"""A segment with its number in the file, the first being 1."""

_NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_LOINC = r"\d{1,7}-\d"  # what a request for more information asks for
_STATUS = re.compile(rf"[A-Z]\d{{1,2}}[A-Z]?(:([A-Z0-9]{{0,4}}|{_LOINC})){{0,3}}")
_QUANTITY = re.compile(r"[-+]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})", re.ASCII)


def named(segment: Sequence[str]) -> str:
    """The segment's name for a sentence; what is no name may be anything, so it is not shown."""
    return segment[0] if _NAME.fullmatch(segment[0]) else "unnamed"


def refused(number: int, name: str, position: int, fact: str) -> UnreadableDocument:
    """The refusal of an element, without its text, which may be a patient's."""
    return UnreadableDocument(
        f"Segment {number}: {name}{position:02d} {fact}; ask the sender for the file again."
    )


def element(segment: Sequence[str], position: int) -> str:
    """The element, empty where the segment is shorter; no spaces around it."""
    return segment[position].strip() if position < len(segment) else ""


def amount(number: int, segment: Sequence[str], position: int) -> Decimal | None:
    """Dollars; None where nothing stands. Raises UnreadableDocument."""
    text = segment[position] if position < len(segment) else ""
    if not text:
        return None
    try:
        return x12_money(text)
    except ValueError as error:
        raise refused(number, named(segment), position, f"is {error}") from None


def required_amount(number: int, segment: Sequence[str], position: int) -> Decimal:
    """Dollars that must be there. Raises UnreadableDocument."""
    try:
        return x12_money(segment[position])
    except (IndexError, ValueError):
        if amount(number, segment, position) is None:
            raise refused(number, named(segment), position, "is missing") from None
        raise


def required(number: int, segment: Sequence[str], position: int) -> str:
    """The element's text. Raises UnreadableDocument when nothing stands there."""
    if position < len(segment) and (text := segment[position].strip()):
        return text
    raise refused(number, named(segment), position, "is missing")


def quantity(number: int, segment: Sequence[str], position: int) -> Decimal | None:
    """A number of units or a fraction; None where nothing stands. Raises UnreadableDocument."""
    text = element(segment, position)
    if not text:
        return None
    try:
        return _number(text)
    except ValueError:
        raise refused(number, named(segment), position, "is no number") from None


def day(number: int, segment: Sequence[str], position: int) -> date | None:
    """A day spelled CCYYMMDD; None where nothing or only zeros stand. Raises UnreadableDocument."""
    text = element(segment, position)
    if not text.strip("0"):
        return None
    try:
        return _day(text)
    except ValueError:
        raise refused(number, named(segment), position, "is not a date") from None


def period(number: int, segment: Sequence[str], position: int) -> tuple[date, date] | None:
    """First and last day of D8 or RD8, told apart by their hyphen; None where nothing or only zeros
    stand. Raises UnreadableDocument."""
    text = element(segment, position)
    if not text.strip("0-"):
        return None
    try:
        return _days(text)
    except ValueError:
        raise refused(number, named(segment), position, "is not a date") from None


def status_codes(number: int, segment: Sequence[str], component: str) -> list[str]:
    """The codes of an STC segment, each "category:status:entity" as far as it is stated.

    Raises UnreadableDocument when one is no code, for it may be anything then.
    """
    found = []
    for position in (1, 10, 11):
        code = ":".join(element(segment, position).split(component)).rstrip(":")
        if code and not _STATUS.fullmatch(code):
            raise refused(number, "STC", position, "is no claim status code")
        found += [code] if code else []
    if not found:
        raise refused(number, "STC", 1, "is missing")
    return found


def pairs(segment: Sequence[str], first: int, step: int) -> Iterator[int]:
    """The positions at which a repeated group of ``step`` elements begins and is not empty."""
    for position in range(first, len(segment), step):
        if any(segment[position : position + step]):
            yield position


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    return parse_date(text, ("%Y%m%d",))


@lru_cache(maxsize=4096)
def _days(text: str) -> tuple[date, date]:
    first, _, last = text.partition("-")
    days = _day(first.strip()), _day((last or first).strip())
    if days[0] > days[1]:
        raise ValueError("a period that ends before it begins")
    return days


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal:
    if not _QUANTITY.fullmatch(text):
        raise ValueError("no number")
    return Decimal(text)
