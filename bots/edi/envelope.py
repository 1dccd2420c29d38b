"""Transactions become an interchange: envelopes, counts and delimiters that no value holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from billing.errors import BadInput

ELEMENTS, COMPONENTS, REPETITIONS, ENDS = "*|\x1d", ":><\x1f", "^!{\x1e", "~}\x1c"
"""What may delimit, the usual first; the last are control characters that no value holds."""

MOST_CONTROL = 1_000_000_000
Value = str | Sequence[str]
Segment = Sequence[Value]
"""A segment's elements, its name first; an element of components is a sequence."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who sends, to whom, for which provider; ``payers`` gives a payer's number by profile id."""

    sender: str
    receiver: str
    submitter: str
    provider: str
    npi: str
    test: bool = False
    payers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A transaction set: its number, functional group and implementation."""

    number: str
    group: str
    version: str


def interchange(
    kind: Kind, bodies: Iterable[Sequence[Segment]], parties: Parties, at: datetime
) -> bytes:
    """One interchange with one functional group, a transaction a body (all between ST and SE).

    ``at`` is the instant that its control number is made of. Raises BadInput when a value cannot
    stand in X12.
    """
    control = int(at.timestamp()) % MOST_CONTROL
    transactions = [_transaction(kind, body, n) for n, body in enumerate(bodies, start=1)]
    segments: list[Segment] = [one for transaction in transactions for one in transaction]
    element, component, repetition, end = _delimiters(segments)
    ids = "ZZ", _id(parties.sender), "ZZ", _id(parties.receiver)
    made = f"{at:%y%m%d}", f"{at:%H%M}", repetition, "00501", f"{control:09d}", "0"
    usage = "T" if parties.test else "P"
    opening = ("ISA", "00", " " * 10, "00", " " * 10, *ids, *made, usage, component)
    names = parties.sender.strip(), parties.receiver.strip()
    group = ("GS", kind.group, *names, f"{at:%Y%m%d}", f"{at:%H%M}", str(control), "X")
    whole: list[Segment] = [
        opening,
        (*group, kind.version),
        *segments,
        ("GE", str(len(transactions)), str(control)),
        ("IEA", "1", f"{control:09d}"),
    ]
    lines = [element.join(_joined(one, component) for one in segment) for segment in whole]
    return "".join(f"{line}{end}\n" for line in lines).encode()


def day(value: date) -> str:
    """CCYYMMDD."""
    return f"{value:%Y%m%d}"


def number(value: Decimal) -> str:
    """A real number without exponent and without zeros that say nothing."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _transaction(kind: Kind, body: Sequence[Segment], position: int) -> list[Segment]:
    control = f"{position:04d}"
    # an 835 alone does not repeat its implementation in ST03
    opening = ("ST", kind.number, control) + (() if kind.number == "835" else (kind.version,))
    trimmed = [_trimmed(segment) for segment in body]
    return [opening, *trimmed, ("SE", str(len(body) + 2), control)]


def _trimmed(segment: Segment) -> Segment:
    """Without the empty elements at its end."""
    kept = list(segment)
    while not kept[-1]:
        kept.pop()
    return kept


def _joined(value: Value, component: str) -> str:
    if isinstance(value, str):
        return value
    return component.join(value).rstrip(component)


def _delimiters(segments: Iterable[Segment]) -> tuple[str, ...]:
    """Delimiters that stand in no value. Raises BadInput when the values leave none."""
    used: set[str] = set()
    for segment in segments:
        for value in segment:
            used.update(*([value] if isinstance(value, str) else value))
    found = []
    for choices in (ELEMENTS, COMPONENTS, REPETITIONS, ENDS):
        free = [one for one in choices if one not in used]
        if not free or used & {"\r", "\n"}:
            raise BadInput(
                "A value holds control characters or line ends, which X12 uses itself; correct it "
                "where it comes from"
            )
        found.append(free[0])
    return tuple(found)


def _id(text: str) -> str:
    if not 2 <= len(text) <= 15:
        raise BadInput(f"{text!r} is no interchange id: it has 2 to 15 characters; correct [edi]")
    return text.ljust(15)
