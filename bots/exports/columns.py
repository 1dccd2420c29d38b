"""The columns that a sweep adds to a copy of an export, and how their values are spelled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from billing.money import dollars
from billing.report import ClaimResult
from bots.exports.systems import Holds

Added = str | Decimal | date | None

T = TypeVar("T")

MARKS: Mapping[Holds, tuple[str, str]] = {
    "claims": ("Sweep outcome", "Checked (UTC)"),
    "visits": ("Eligibility", "Checked (UTC)"),
}
"""The headings by which a copy that we wrote is known."""
_RUN_AS_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # and full width
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]+")
_MOST_CHARACTERS = 32_000


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One added column; ``figure`` is the name its evidence stands under in a conclusion."""

    heading: str
    figure: str
    width: int
    value: Callable[[T], Added]


COLUMNS: tuple[Column[ClaimResult], ...] = (
    Column("Sweep outcome", "outcome", 16, lambda r: r.conclusion.outcome.value),
    Column("Payer status", "status_words", 22, lambda r: r.conclusion.status_words),
    Column("Payer status category", "status_category", 9, lambda r: r.conclusion.status_category),
    Column(
        "Payer claim number (payer)",
        "payer_claim_number",
        18,
        lambda r: r.conclusion.payer_claim_number,
    ),
    Column("Paid", "paid", 12, lambda r: r.conclusion.paid),
    Column(
        "Patient responsibility",
        "patient_responsibility",
        12,
        lambda r: r.conclusion.patient_responsibility,
    ),
    Column("Payment date", "payment_date", 12, lambda r: r.conclusion.payment_date),
    Column("Trace number", "trace_number", 18, lambda r: r.conclusion.trace_number),
    Column("Reason codes", "reason_codes", 18, lambda r: " ".join(r.conclusion.reason_codes)),
    Column("Finding", "finding", 24, lambda r: r.conclusion.finding.kind),
    Column("Why", "why", 60, lambda r: r.conclusion.finding.why),
    Column("Next action", "next_action", 50, lambda r: r.conclusion.finding.next_action),
    Column("Due", "due", 12, lambda r: r.conclusion.finding.due),
    Column("Checked (UTC)", "checked_at", 20, lambda r: instant(r.checked_at)),
    Column("Evidence", "evidence", 40, lambda r: " ".join(h[:12] for h in r.conclusion.evidence)),
)


def added_cells(result: T, columns: Sequence[Column[T]]) -> tuple[Added, ...]:
    """What a result's row gets, in the order of ``columns``; unknown is None."""
    values = (column.value(result) for column in columns)
    return tuple(clean(v) or None if isinstance(v, str) else v for v in values)


def added_headings(taken: Sequence[str], columns: Sequence[Column[T]]) -> tuple[str, ...]:
    """Our headings; one that the export already uses gets a suffix."""
    used = {heading.strip().casefold() for heading in taken}
    headings = []
    for column in columns:
        heading, count = column.heading, 1
        while heading.casefold() in used:
            heading = f"{column.heading} (sweep{'' if count == 1 else f' {count}'})"
            count += 1
        used.add(heading.casefold())
        headings.append(heading)
    return tuple(headings)


def clean(text: str) -> str:
    """Text for one cell: a line break or control character becomes one blank."""
    if not text.isprintable():
        text = _UNPRINTABLE.sub(" ", text)
    return text[:_MOST_CHARACTERS]


def harmless(text: str) -> str:
    """Text that a spreadsheet opening a CSV shows and never runs as a formula."""
    text = clean(text)
    return f"'{text}" if text.lstrip().startswith(_RUN_AS_FORMULA) else text


def spelled(value: Added) -> str:
    """A value as it stands in text: money with two decimals, dates ISO, unknown empty."""
    if isinstance(value, Decimal):
        return dollars(value) or ""
    if isinstance(value, date):
        return value.isoformat()
    return value or ""


def in_text(value: Added) -> str:
    """A value as it may stand in a CSV: money and dates as they are, text made harmless."""
    return harmless(value) if isinstance(value, str) else spelled(value)


def instant(at: datetime | None) -> str | None:
    """An instant as it stands in a cell."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
