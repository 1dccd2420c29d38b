"""A database that is away for a moment is waited for, and a call that it cut off is made again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, cast

from billing.errors import ClaimsweepError

PATIENCE_SECONDS = 60
"""A restart takes seconds; what lasts longer needs a person, and leases must outlive the wait."""
REPEATS = 5
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2

_cut_off: ContextVar[bool] = ContextVar("cut_off", default=False)

Given = ParamSpec("Given")
Result = TypeVar("Result")


class LedgerError(ClaimsweepError):
    """The ledger's database cannot be opened, read or written."""


class LedgerAway(LedgerError):
    """The database went away, or kept others waiting, in the middle of a call: whether it was
    committed is not known."""


class Patience:
    """How long one database has been away already, for all who wait for it together."""

    def __init__(self) -> None:
        self._since: int | None = None
        self._tries = 0

    def answered(self) -> None:
        """The database is there."""
        self._since, self._tries = None, 0

    def another_try(self) -> bool:
        """True after a pause; False, at once, when it has been away for too long."""
        now = time.monotonic_ns()
        self._since = self._since or now
        if now - self._since >= PATIENCE_SECONDS * 10**9:
            return False
        time.sleep(min(_FIRST_PAUSE * 2**self._tries, _LONGEST_PAUSE))
        self._tries = min(self._tries + 1, 10)
        return True


class _Waits(Protocol):
    patience: Patience


def repeatable(method: Callable[Given, Result]) -> Callable[Given, Result]:
    """Make a ledger's method begin anew when the database goes away in its middle.

    Only for what comes to the same when it is done twice. Raises LedgerAway in the end.
    """

    @wraps(method)
    def repeated(*given: Given.args, **named: Given.kwargs) -> Result:
        before = _cut_off.set(False)
        try:
            for _ in range(REPEATS):
                try:
                    return method(*given, **named)
                except LedgerAway:
                    if not cast(_Waits, given[0]).patience.another_try():
                        raise
                _cut_off.set(True)
            return method(*given, **named)
        finally:
            _cut_off.reset(before)

    return repeated


def was_cut_off() -> bool:
    """Whether the call at work was cut off before, and may have been committed all the same."""
    return _cut_off.get()
