"""The trace number that a payer sends with its money, out of the bank's words for the movement."""

from __future__ import annotations

import re

# CAQH CORE 370: the CCD+ addendum of a claim payment carries the 835's TRN segment; the bank passes
# it on as it stands, with ~ or \ at its end.
_TRN = re.compile(r"TRN\*1\*(?P<trace>[^*~\\]{1,50})(?P<end>[*~\\]|$)")


def trace_numbers(text: str) -> tuple[str, ...]:
    """The trace numbers of every TRN segment in ``text`` that is there to its end."""
    found = (_without_breaks(match["trace"]) for match in _TRN.finditer(text) if match["end"])
    return tuple(dict.fromkeys(filter(None, found)))


def cut_off(text: str) -> str | None:
    """A trace number at which ``text`` ends: it may be whole, or the bank may have cut it off."""
    ends = [_without_breaks(match["trace"]) for match in _TRN.finditer(text) if not match["end"]]
    return ends[0] if ends and ends[0] else None


def _without_breaks(trace: str) -> str:
    """A trace number without the blanks at which the bank went on in its next row."""
    return "".join(trace.split())
