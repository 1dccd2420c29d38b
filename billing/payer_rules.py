"""A payer's deadlines as numbers of days, each with where and when it was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Rule:
    """A payer's number of days, and where and when it was read."""

    days: int
    source: str
    read_on: date


@dataclass(frozen=True, slots=True)
class PayerRules:
    """A payer's deadlines from its profile; None is unknown and is escalated, never assumed."""

    timely_filing: Rule | None = None
    appeal: Rule | None = None
    recheck: Rule | None = None
    pending_escalation: Rule | None = None
