"""The bank's lines as frozen values: what was booked, when, and for how many dollars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.model import Evidence
from billing.report import RefusedRow


class LineKind(StrEnum):
    """What sort of movement a line is, as far as the bank says.

    ``UNRELATED`` is surely no payer's money: interest, transfers, card settlements. ``OTHER`` may
    be anything.
    """

    EFT = "eft"
    CHEQUES = "cheques"
    FEE = "fee"
    RETURN = "return"
    UNRELATED = "unrelated"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BankLine:
    """One booked line. ``amount`` is positive for a credit and negative for a debit, in dollars.

    ``account`` is the last four characters of the account's number. ``trace_numbers`` are those
    that an addendum states as an 835's TRN segment does; ``references`` whatever else the bank
    gives to know the movement by, a cheque's number say. ``text`` is not shown in ``repr``.
    """

    account: str
    booked: date
    amount: Decimal
    kind: LineKind
    place: Evidence
    trace_numbers: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """One bank file as read: ``rows_in == len(lines) + len(refused)``.

    ``faults`` says in a sentence each what does not add up in the file though its lines could be
    read. ``days`` are those it speaks of, with or without a line.
    """

    name: str
    sha256: str
    lines: tuple[BankLine, ...]
    refused: tuple[RefusedRow, ...]
    rows_in: int
    faults: tuple[str, ...] = ()
    days: frozenset[date] = frozenset()


def all_lines(statements: Iterable[Statement]) -> tuple[tuple[BankLine, ...], int]:
    """The lines of several files, and how many of them were there once more.

    A bank reports a day several times over (interim, then final; a download that overlaps the
    last). Equal lines of different files are one line; equal lines within a file are several.
    """
    kept: list[BankLine] = []
    most: Counter[object] = Counter()
    repeats = 0
    for statement in statements:
        seen: Counter[object] = Counter()
        for line in statement.lines:
            same = _same(line)
            seen[same] += 1
            if seen[same] > most[same]:
                kept.append(line)
            else:
                repeats += 1
        most |= seen
    return tuple(kept), repeats


def _same(line: BankLine) -> object:
    """What is equal for two reports of one line."""
    named = tuple(sorted(line.trace_numbers)), tuple(sorted(line.references))
    return line.account, line.booked, line.amount, named, line.text
