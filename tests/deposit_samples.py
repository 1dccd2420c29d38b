"""Made-up payments and lines of the bank."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from billing.bank import BankLine, LineKind
from billing.deposits import Payment
from billing.model import Evidence

DAY = date(2026, 9, 8)
COVERED = frozenset(date(2026, 9, 1) + timedelta(n) for n in range(60))  # until October 30


def payment(trace: str, amount: str, *, method: str = "ACH", on: date = DAY) -> Payment:
    return Payment(trace, Decimal(amount), on, method, "Simulated Health", (Evidence("a", trace),))


def line(
    amount: str,
    kind: LineKind = LineKind.EFT,
    *,
    trace: str = "",
    reference: str = "",
    text: str = "",
    after: int = 1,
    row: int = 1,
) -> BankLine:
    return BankLine(
        "6789",
        DAY + timedelta(after),
        Decimal(amount),
        kind,
        Evidence("b", f"row {row}"),
        (trace,) if trace else (),
        (reference,) if reference else (),
        text,
    )
