"""Schedules set up, paused and resumed: each an entry in the audit trail, the newest in force."""

from __future__ import annotations

from datetime import UTC, datetime

from billing.ledger import AuditEntry, Ledger

SET_UP, PAUSED, RESUMED = "schedule set up", "schedule paused", "schedule resumed"


def paused_by(ledger: Ledger, name: str) -> str | None:
    """Who paused the schedule; None where it is not paused."""
    newest = next((e for e in _entries(ledger, name) if e.act in (PAUSED, RESUMED)), None)
    return newest.who if newest is not None and newest.act == PAUSED else None


def standing_since(ledger: Ledger, name: str) -> datetime | None:
    """Since when the schedule is as it is: set up, or resumed; None where it never was."""
    newest = next((e for e in _entries(ledger, name) if e.act in (SET_UP, RESUMED)), None)
    return None if newest is None else newest.at


def set_up(ledger: Ledger, name: str, when: str, *, by: str) -> bool:
    """Note when the schedule is due from now on; False where that was so already."""
    newest = next((e for e in _entries(ledger, name) if e.act == SET_UP), None)
    if newest is not None and newest.detail.get("when") == when:
        return False
    _note(ledger, SET_UP, name, by, {"when": when})
    return True


def pause(ledger: Ledger, name: str, *, by: str) -> None:
    """The schedule rests from now on; what runs goes on."""
    if paused_by(ledger, name) is None:
        _note(ledger, PAUSED, name, by, {})


def resume(ledger: Ledger, name: str, *, by: str) -> None:
    """The schedule is due again from its next time on."""
    if paused_by(ledger, name) is not None:
        _note(ledger, RESUMED, name, by, {})


def _entries(ledger: Ledger, name: str) -> tuple[AuditEntry, ...]:
    return ledger.audit_trail(subject=_subject(name))


def _note(ledger: Ledger, act: str, name: str, by: str, detail: dict[str, object]) -> None:
    ledger.note(by, act, _subject(name), at=datetime.now(UTC), detail=detail)


def _subject(name: str) -> str:
    return f"schedule {name}"
