"""How issuers spell money and dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Money = Callable[[Decimal], str]


def parentheses(value: Decimal) -> str:
    """``$1,234.50``, ``($1,234.50)``."""
    return f"(${-value:,.2f})" if value < 0 else f"${value:,.2f}"


def bare_parentheses(value: Decimal) -> str:
    """``1,234.50``, ``(1,234.50)``."""
    return f"({-value:,.2f})" if value < 0 else f"{value:,.2f}"


def minus(value: Decimal) -> str:
    """``1,234.50``, ``-1,234.50``."""
    return f"{value:,.2f}"


def dollar_minus(value: Decimal) -> str:
    """``$1,234.50``, ``-$1,234.50``."""
    return f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}"


def trailing_minus(value: Decimal) -> str:
    """``1234.50``, ``1234.50-``."""
    return f"{-value:.2f}-" if value < 0 else f"{value:.2f}"


def credit(value: Decimal) -> str:
    """``1,234.50``, ``1,234.50CR``."""
    return f"{-value:,.2f}CR" if value < 0 else f"{value:,.2f}"


def pointed(value: Decimal) -> str:
    """``1234.50``, ``.00``, ``-1234.50``."""
    text = f"{abs(value):.2f}"
    return f"{'-' if value < 0 else ''}{text.removeprefix('0') if text.startswith('0.') else text}"


@dataclass(frozen=True, slots=True)
class Spelling:
    """One issuer's way with amounts, and ``strftime`` formats of its dates."""

    money: Money
    day: str = "%m/%d/%Y"
    service_day: str = "%m/%d/%Y"

    def payment_date(self, value: date) -> str:
        """A payment's date."""
        return value.strftime(self.day)

    def service_date(self, value: date) -> str:
        """A service line's date."""
        return value.strftime(self.service_day)
