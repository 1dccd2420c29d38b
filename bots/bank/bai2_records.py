"""BAI2 records with their continuations, and the figures in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.errors import BadInput
from bots.bank.type_codes import MESSAGE
from bots.exports.delimited import decode

# Record layouts: Cash Management Balance Reporting Specifications, Version 2 (BAI).
CODES = ("01", "02", "03", "16", "88", "49", "98", "99")
AGAIN = "ask the bank for the file again"
_FUNDS = {"": 0, "0": 0, "1": 0, "2": 0, "Z": 0, "S": 3, "V": 2}
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclass(slots=True)
class Record:
    """One record with its continuations: the code, the row it begins on, the text of each row."""

    code: str
    row: int
    parts: list[str]

    @property
    def fields(self) -> list[str]:
        """Its fields, where none of them is free text."""
        return [one.strip() for part in self.parts for one in _ended(part).split(",")]


def read_records(data: bytes, name: str) -> Iterator[Record]:
    text, _, _ = decode(data, name=name)
    held: Record | None = None
    rows = _rows(text)
    longest = max((len(line) for line in rows), default=0)
    for row, line in enumerate(rows, 1):
        code, _, rest = line.lstrip().partition(",")
        code = code.strip().rstrip("/")
        if not code:
            continue
        if len(line) < longest:  # only a row that is full may break within a word
            rest += " "
        if held is None and code != "01":
            raise BadInput(f"{name}, row {row}: no BAI2 file begins so (01 is first); {AGAIN}.")
        if code not in CODES:
            raise BadInput(
                f"{name}, row {row}: this is no BAI2 record ({', '.join(CODES)} are); {AGAIN}."
            )
        if code == "88" and held is not None:
            held.parts.append(rest)
            continue
        if held is not None:
            yield held
        held = Record(code, row, [rest])
    if held is not None:
        yield held


def _rows(text: str) -> list[str]:
    """The physical records: lines, or pieces of the stated length where there are no lines."""
    lines = text.splitlines()
    stated = text.split(",", 8)[6:7]
    if len(lines) == 1 and stated and stated[0].strip().isdecimal() and int(stated[0]) > 1:
        length = int(stated[0])
        return [text[at : at + length] for at in range(0, len(text), length)]
    return lines


def parse_detail(parts: Sequence[str]) -> tuple[int, int, tuple[str, ...], str]:
    """Type code, cents, references and text of a detail record.

    Raises ValueError completing "row …".
    """
    pieces = [_goes_on(part) for part in parts]
    rest: str | None = pieces.pop(0)

    def take() -> str:
        nonlocal rest
        while rest is None and pieces:
            rest = pieces.pop(0)
        if rest is None:
            return ""
        head, comma, tail = rest.partition(",")
        rest = tail if comma else None
        return head.strip()

    taken = [take(), take(), take().upper()]
    if not taken[0].isdecimal() or len(taken[0]) > 3:
        raise ValueError("its type code is no number")
    code = int(taken[0])
    cents = 0 if code == MESSAGE and not taken[1] else whole_number(taken[1])
    if cents is None or taken[1].startswith("-"):
        raise ValueError("its amount is no number of cents")
    skip = _FUNDS.get(taken[2])
    if taken[2] == "D":
        days = whole_number(take())
        skip = None if days is None or days < 0 or days > 99 else 2 * days
    if skip is None:
        raise ValueError("its funds type is not known")
    for _ in range(skip):
        take()
    references = take(), take()
    text = "".join([rest or "", *pieces])
    return code, cents, tuple(filter(None, references)), text.strip()


def summaries(fields: Sequence[str]) -> Iterator[int]:
    """The amounts of an account's balances and totals, in cents. Raises ValueError."""
    at = 0
    while at < len(fields):
        if not fields[at]:
            at += 1
            continue
        amount, funds = (*fields[at + 1 : at + 2], ""), "".join(fields[at + 3 : at + 4]).upper()
        if amount[0] and whole_number(amount[0]) is None:
            raise ValueError("a balance that is no number of cents")
        yield whole_number(amount[0]) or 0
        at += 4
        if funds == "D":
            at += 1 + 2 * (whole_number("".join(fields[at : at + 1])) or 0)
        elif funds in _FUNDS:
            at += _FUNDS[funds]
        else:
            raise ValueError("a balance of an unknown funds type")


def padded(fields: Sequence[str], width: int) -> list[str]:
    return [*fields, *[""] * (width - len(fields))]


def _ended(text: str) -> str:
    """A row's text without the slash that ends it."""
    text = text.rstrip()
    return text[:-1] if text.endswith("/") else text


def _goes_on(text: str) -> str:
    """A row's text as the next row goes on with it: what a slash ends is a word's end too."""
    bare = text.rstrip()
    return f"{bare[:-1]} " if bare.endswith("/") else bare + " " * (bare != text)


def whole_number(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def dollars_of(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
