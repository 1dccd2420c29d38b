"""A field's text becomes its value in one way, whatever medium it stood in."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from billing.money import money, parse_date
from bots.page_language import PageField

Value = str | Decimal | date | tuple[str, ...] | None

US_DATES = (
    "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y", "%m.%d.%Y", "%m%d%Y", "%Y%m%d",
    "%Y-%m-%d", "%Y/%m/%d", "%b %d, %Y", "%B %d, %Y", "%b. %d, %Y", "%b %d %Y", "%B %d %Y",
    "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d%b%Y",
    "%a, %b %d, %Y", "%A, %B %d, %Y", "%a %b %d, %Y", "%A %B %d, %Y",
)  # fmt: skip
"""How US portals spell a day; a text that two of them take for different days is refused."""

JOINT = "\ufdd0"
"""Stands where two elements' digits meet with nothing between them: dollars and cents, or one
number with a part of it marked; only the profile can tell which."""
NOTHING = re.compile(r"(\$?\s*[-\u2013\u2014]*|n/?a|none|null)", re.IGNORECASE)

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_TIME = re.compile(r"[T ,]+\d{1,2}:\d{2}.*$")
_MOMENT = re.compile(r"[T ]\d{1,2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$")
_MIDNIGHT = re.compile(r"[T ]0?0:00(:00(\.0+)?)?\s*(Z|[+-]\d{2}:?\d{2})$")
_SPLIT_CENTS = re.compile(r"\s*\.\s*(?=\d\d\b)")
_CODE = re.compile(r"\b(CO|PR|OA|PI|CR)[\s-]?([A-Z]?\d{1,3})\b")


def convert(text: str, field: PageField) -> Value:
    """``text`` as what ``field.into`` says.

    Raises ValueError without repeating the text, which may name a patient.
    """
    joined = " ".join(_UNSEEN.sub("", text).split())
    cleaned = joined.replace(JOINT, "")
    if field.pattern is not None:
        match = re.search(field.pattern, cleaned)
        if match is None:
            raise ValueError("the pattern does not match what stands there")
        joined = cleaned = ".".join(part.strip() for part in match.groups() if part)
    match field.into:
        case "text":
            return cleaned
        case "money":
            if JOINT in joined:
                raise ValueError("an amount in several elements, without a point before its cents")
            return money(_SPLIT_CENTS.sub(".", cleaned))
        case "cents":
            return _cents(cleaned)
        case "date":
            if field.date_format:
                return parse_date(cleaned, field.date_format)
            if _MOMENT.search(cleaned) and not _MIDNIGHT.search(cleaned):
                raise ValueError("a moment in some time zone, which is no day")
            return parse_date(_TIME.sub("", cleaned), US_DATES)
        case "codes":
            return codes(cleaned)


def says_nothing(text: str) -> bool:
    """Whether a text is what portals show for what they do not have: nothing, a dash, N/A."""
    return NOTHING.fullmatch(" ".join(_UNSEEN.sub("", text).split())) is not None


def _cents(text: str) -> Decimal:
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError("not a whole number of cents")
    return money(text) / 100


def codes(text: str) -> tuple[str, ...]:
    """Adjustment codes as "GROUP-CARC", in order, each once: ``CO 45 38.20; PR-2 5.00``."""
    return tuple(dict.fromkeys(f"{group}-{reason}" for group, reason in _CODE.findall(text)))
