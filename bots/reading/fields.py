"""A field's text becomes its value in one way, whatever medium it stood in."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from billing.money import money, parse_date
from bots.page_language import PageField

Value = str | Decimal | date | tuple[str, ...] | None

_CODE = re.compile(r"\b(CO|PR|OA|PI|CR)[\s-]?([A-Z]?\d{1,3})\b")


def convert(text: str, field: PageField) -> Value:
    """``text`` as what ``field.into`` says.

    Raises ValueError without repeating the text, which may name a patient.
    """
    cleaned = " ".join(text.split())
    if field.pattern is not None:
        match = re.search(field.pattern, cleaned)
        if match is None:
            raise ValueError("the pattern does not match what stands there")
        cleaned = match[1].strip()
    match field.into:
        case "text":
            return cleaned
        case "money":
            return money(cleaned)
        case "date":
            return parse_date(cleaned, (field.date_format,))
        case "codes":
            return codes(cleaned)


def codes(text: str) -> tuple[str, ...]:
    """Adjustment codes as "GROUP-CARC", in order, each once: ``CO 45 38.20; PR-2 5.00``."""
    return tuple(dict.fromkeys(f"{group}-{reason}" for group, reason in _CODE.findall(text)))
