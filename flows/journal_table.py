"""The table of what may be logged: every event with its level and fields, every field's form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from billing.errors import (
    AccountBusy,
    LoginCutOff,
    LoginNotBefore,
    NeedsPerson,
    PortalClosed,
    StopAccount,
)

Value: TypeAlias = str | int | float | bool | None

MOST_SENTENCE = 400
SPEAKING = (
    AccountBusy,
    LoginCutOff,
    LoginNotBefore,
    NeedsPerson,
    PortalClosed,
    StopAccount,
)
"""Errors whose sentence is made of the payer's id, its profile's words and the portal's address."""


class Unfit(ValueError):
    """An event or a field that the table does not allow; names it, never its value."""


class Sentence(str):
    """One of our own sentences that is known to hold nothing of patients."""

    __slots__ = ()


def sentence_of(error: BaseException | None) -> Sentence | None:
    """The error's own sentence where its type's sentences are free of patient data, else None."""
    return Sentence(str(error)[:MOST_SENTENCE]) if isinstance(error, SPEAKING) else None


def type_of(error: BaseException | None) -> str | None:
    """The name of the error's type."""
    return None if error is None else type(error).__name__


@dataclass(frozen=True, slots=True)
class Text:
    """A text that matches in full; the patterns leave no room for a person's name."""

    pattern: re.Pattern[str]

    def __call__(self, value: object) -> Value:
        """The text. Raises Unfit."""
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            raise Unfit
        return str(value)


def count(value: object) -> Value:
    """A whole number from 0 on. Raises Unfit."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unfit
    return value


def seconds(value: object) -> Value:
    """Seconds from 0 on, to the millisecond. Raises Unfit."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value < 0:
        raise Unfit
    return round(float(value), 3)


def yes_or_no(value: object) -> Value:
    """True or false. Raises Unfit."""
    if not isinstance(value, bool):
        raise Unfit
    return value


def instant(value: object) -> Value:
    """An aware instant, as UTC. Raises Unfit."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unfit
    return value.astimezone(UTC).isoformat(timespec="seconds")


def told(value: object) -> Value:
    """A :class:`Sentence`. Raises Unfit."""
    if not isinstance(value, Sentence):
        raise Unfit
    return str(value)


_WORD = Text(re.compile(r"[a-z][a-z0-9_-]{0,59}"))
"""A word of ours, from a closed list in the code: an outcome, a reason, a kind."""
_RUN = Text(re.compile(r"(?=.*\d)(?!\d{4}-\d\d-\d\d$)[A-Za-z0-9][A-Za-z0-9-]{0,79}"))
_OWNER = Text(re.compile(r"[\w./-]{1,120}:\d+:[\w-]{0,60}"))
_TYPE = Text(re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}"))
_LOGGER = Text(re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,119}"))

FIELDS: Mapping[str, Callable[[object], Value]] = {
    "answered": count,
    "batch": _RUN,
    "bytes": count,
    "evidence_bytes": count,
    "files": count,
    "how": _WORD,
    "item": count,
    "items": count,
    "kind": _WORD,
    "ledger_seconds": seconds,
    "logger": _LOGGER,
    "name": _WORD,
    "no_answer": count,
    "not_found": count,
    "of": _WORD,
    "outcome": _WORD,
    "owner": _OWNER,
    "payer": Text(re.compile(r"(?=.*[a-z])[a-z0-9][a-z0-9-]{0,79}")),
    "payments": count,
    "places": count,
    "portal_seconds": seconds,
    "postings": count,
    "reason": _WORD,
    "resumed": yes_or_no,
    "seconds": seconds,
    "sentence": told,
    "severity": _WORD,
    "subject": Text(re.compile(r"(?!\d{4}-\d\d-\d\d$)[A-Za-z0-9][A-Za-z0-9-]{0,79}")),
    "sweep": _RUN,
    "tries": count,
    "type": _TYPE,
    "until": instant,
    "waiting": count,
}
"""What each field may hold, by its name; the same name means the same in every event."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event's level, and the fields that it may have beside the time and the process."""

    level: str
    fields: frozenset[str]


def _event(level: str, fields: str) -> Event:
    return Event(level, frozenset(fields.split()))


EVENTS: Mapping[str, Event] = {
    "sweep_begun": _event("info", "sweep of resumed items"),
    "sweep_progress": _event("info", "sweep of answered not_found no_answer waiting"),
    "sweep_ended": _event("info", "sweep of seconds answered not_found no_answer waiting"),
    "sweep_failed": _event("error", "sweep of seconds type waiting"),
    "session_begun": _event("info", "sweep payer owner"),
    "session_ended": _event("info", "sweep payer owner seconds type sentence"),
    "session_left_open": _event("warning", "sweep payer owner"),
    "login_attempted": _event("info", "payer"),
    "login_accepted": _event("info", "payer"),
    "login_refused": _event("warning", "payer"),
    "login_withdrawn": _event("info", "payer"),
    "login_stopped": _event("warning", "payer type sentence"),
    "login_waited_for": _event("info", "sweep payer until"),
    "canary_passed": _event("info", "payer"),
    "canary_failed": _event("error", "payer"),
    "item_settled": _event(
        "info",
        "sweep payer of item outcome tries seconds portal_seconds ledger_seconds evidence_bytes",
    ),
    "item_postponed": _event("info", "sweep payer of item tries reason type"),
    "items_left": _event("warning", "sweep payer of items reason"),
    "document_read": _event("info", "sweep payer seconds bytes payments type"),
    "drift_found": _event("warning", "sweep payer places"),
    "outputs_written": _event("info", "sweep files seconds"),
    "sign_in_refused": _event("warning", "how"),
    "batch_approved": _event("info", "batch postings"),
    "scheduled_begun": _event("info", "name"),
    "scheduled_ended": _event("info", "name outcome seconds"),
    "alert_opened": _event("warning", "kind severity subject"),
    "alert_ended": _event("info", "kind severity subject"),
    "notified": _event("info", "name"),
    "notify_failed": _event("error", "name"),
    "telemetry_failed": _event("error", "type"),
    "library": _event("warning", "logger type"),
    "unfit": _event("error", "name"),
}
"""Every event that may be logged."""


def fitting(event: str, fields: Mapping[str, object]) -> tuple[dict[str, Value], list[str]]:
    """The fields that the table allows, and the names of those that it does not; None is left out.

    Raises Unfit for an unknown event.
    """
    if event not in EVENTS:
        raise Unfit(f"no event {event} in flows/journal_table.py")
    good: dict[str, Value] = {}
    bad = []
    for name, value in fields.items():
        if value is None:
            continue
        if name not in EVENTS[event].fields:
            bad.append(name)
            continue
        try:
            good[name] = FIELDS[name](value)
        except Unfit:
            bad.append(name)
    return good, bad
