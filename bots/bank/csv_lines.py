"""A bank's CSV becomes booked lines; every row below the headings is a line or refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from typing import Literal, cast

from billing.bank import BankLine, Statement
from billing.errors import BadInput
from billing.model import Evidence
from billing.money import ZERO, usd
from billing.report import RefusedRow
from bots.bank.addenda import cut_off, trace_numbers
from bots.bank.vocabulary import Field, bank_words, kind_in_words
from bots.exports.cells import Unreadable, literal, understood
from bots.exports.delimited import DELIMITERS, decode, records
from bots.exports.systems import Kind, plain

HEADINGS_WITHIN = 40
_TOTAL = re.compile(
    r"\b(sub|grand )?totals?\b|\b(opening|closing|beginning|ending) balance\b", re.I
)

_SEVERAL: tuple[Field, ...] = ("booked", "text", "reference", "kind")


@dataclass(frozen=True, slots=True)
class _Headed:
    """The row of headings, and the columns of each field in the order of preference."""

    row: int
    headings: tuple[str, ...]
    columns: Mapping[Field, tuple[int, ...]]

    @property
    def usable(self) -> bool:
        """Whether date and money are there, each money once."""
        single = all(len(at) == 1 for name, at in self.columns.items() if name not in _SEVERAL)
        money = "amount" in self.columns or {"credit", "debit"} <= set(self.columns)
        return single and money and "booked" in self.columns

    def cell(self, fields: Sequence[str], name: Field) -> str:
        """The text under the first column of a field; empty without one."""
        at = self.columns.get(name, ())
        return fields[at[0]].strip() if at else ""

    def cells(self, fields: Sequence[str], name: Field) -> list[str]:
        """Every filled text under a field's columns."""
        return [found for at in self.columns.get(name, ()) if (found := literal(fields[at]))]


class _Refused(ValueError):
    """Why a row is no line."""


def read_csv_lines(data: bytes, name: str) -> Statement:
    """Every row below the headings as a line, or refused with its reason.

    Amounts are in one signed column, in one with a word for its sign, or in a column for credits
    and one for debits. A running balance that does not follow from the lines is a fault. Raises
    BadInput when the file is no text or none of its first rows holds a bank's headings.
    """
    text, _, _ = decode(data, name=name)
    sha256 = hashlib.sha256(data).hexdigest()
    delimiter, headed = _find_headings(text, name)
    lines: list[BankLine] = []
    balances: list[tuple[int, BankLine, Decimal]] = []
    refused: list[RefusedRow] = []
    rows_in = 0
    for record in records(text, delimiter=delimiter, name=name):
        if record.row <= headed.row:
            continue
        rows_in += 1
        width = len(headed.headings)
        fields = [*record.fields[:width], *[""] * (width - len(record.fields))]
        try:
            surplus = any(cell.strip() for cell in record.fields[width:])
            place = Evidence(sha256, f"row {record.row}")
            line, balance = _line(fields, headed, place, surplus=surplus)
        except _Refused as error:
            refused.append(RefusedRow(record.row, str(error)))
            continue
        lines.append(line)
        if balance is not None:
            balances.append((record.row, line, balance))
    faults = _broken_balances(balances, name) if not any(one.meant for one in refused) else ()
    days = _span([line.booked for line in lines])
    return Statement(name, sha256, tuple(lines), tuple(refused), rows_in, faults, days)


def _span(days: Sequence[date]) -> frozenset[date]:
    """Every day from the first to the last: a download lists all lines between two days."""
    if not days:
        return frozenset()
    first, count = min(days), (max(days) - min(days)).days
    return frozenset(first + timedelta(n) for n in range(count + 1))


def _find_headings(text: str, name: str) -> tuple[str, _Headed]:
    best: _Headed | None = None
    trouble: BadInput | None = None
    for delimiter in DELIMITERS:
        try:
            for record in islice(records(text, delimiter=delimiter, name=name), HEADINGS_WITHIN):
                headed = _headed(record.row, record.fields)
                if headed.usable:
                    return delimiter, headed
                if best is None or len(headed.columns) > len(best.columns):
                    best = headed
        except BadInput as error:  # read with another delimiter, sound quotes look broken
            trouble = trouble or error
    if best is None or len(best.columns) < 2:
        if trouble is not None:
            raise trouble
        raise BadInput(
            f"{name}: none of the first {HEADINGS_WITHIN} rows holds the headings of a bank's "
            "lines (a date, and an amount or credit and debit); download it with its headings."
        )
    doubled = [f for f, at in best.columns.items() if len(at) > 1 and f not in _SEVERAL]
    if doubled:
        raise BadInput(
            f"{name}, row {best.row}: two columns could be the {doubled[0]}; keep one of them."
        )
    lacking = "date" if "booked" not in best.columns else "amount (or credit and debit)"
    raise BadInput(f"{name}, row {best.row}: no column is the {lacking}; add it to the download.")


def _headed(row: int, fields: Sequence[str]) -> _Headed:
    where: dict[str, list[int]] = {}
    for at, heading in enumerate(fields):
        if heading.strip():
            where.setdefault(plain(heading), []).append(at)
    columns = {
        name: tuple(hits)
        for name, spellings in bank_words().headings.items()
        if (
            hits := [
                at for one in dict.fromkeys(map(plain, spellings)) for at in where.get(one, ())
            ]
        )
    }
    if "sign" in columns and "amount" not in columns:
        del columns["sign"]
    return _Headed(row, tuple(one.strip() for one in fields), columns)


def _line(
    fields: Sequence[str], headed: _Headed, place: Evidence, *, surplus: bool
) -> tuple[BankLine, Decimal | None]:
    if surplus:
        raise _Refused("the row has filled cells beyond the last heading")
    if not any(cell.strip() for cell in fields):
        raise _Refused("blank row")
    if [plain(cell) for cell in fields] == [plain(one) for one in headed.headings]:
        raise _Refused("headings repeated")
    booked = _value(fields, headed, "booked", "date")
    if booked is None or isinstance(booked, Unreadable):
        if any(_TOTAL.search(cell) for cell in fields):
            raise _Refused("total row")
        why = booked.why if isinstance(booked, Unreadable) else "is empty: not booked yet"
        raise _Refused(f"the date {why}")
    amount = _amount(fields, headed)
    balance = _value(fields, headed, "balance", "money")
    if isinstance(balance, Unreadable):
        raise _Refused(f"the balance {balance.why}")
    text = " ".join(headed.cells(fields, "text"))
    cut = cut_off(text)
    references = [one.removeprefix("'") for one in headed.cells(fields, "reference")]
    line = BankLine(
        account=literal(headed.cell(fields, "account")).removeprefix("'")[-4:],
        booked=cast(date, booked),
        amount=amount,
        kind=kind_in_words(" ".join(headed.cells(fields, "kind")), text, amount),
        place=place,
        trace_numbers=trace_numbers(text),
        references=tuple(filter(None, (*references, cut))),
        text=text,
    )
    return line, cast("Decimal | None", balance)


def _amount(fields: Sequence[str], headed: _Headed) -> Decimal:
    if "amount" not in headed.columns:
        credit, debit = (_money(fields, headed, side) for side in ("credit", "debit"))
        if bool(credit) == bool(debit):
            both = "both credit and debit have" if credit else "neither credit nor debit has"
            raise _Refused(f"{both} an amount")
        if credit < 0:
            raise _Refused("the credit is negative")
        return credit or -abs(debit)
    amount = _money(fields, headed, "amount")
    said = headed.cell(fields, "sign").casefold()
    if "sign" not in headed.columns or not amount:
        if not amount:
            raise _Refused("the amount is empty or zero")
        return amount
    ways = [way for way, words in bank_words().signs.items() if said in words]
    if len(ways) != 1:
        raise _Refused("the word for its sign is not known")
    if ways == ["credit"] and amount < 0:
        raise _Refused("a credit has a negative amount")
    return amount if ways == ["credit"] else -abs(amount)


def _money(
    fields: Sequence[str], headed: _Headed, name: Literal["amount", "credit", "debit"]
) -> Decimal:
    value = _value(fields, headed, name, "money")
    if isinstance(value, Unreadable):
        raise _Refused(f"the {name} {value.why}")
    return cast("Decimal | None", value) or ZERO


def _value(fields: Sequence[str], headed: _Headed, name: Field, kind: Kind) -> object:
    return understood(headed.cell(fields, name), kind, bank_words().dates)


def _broken_balances(rows: Sequence[tuple[int, BankLine, Decimal]], name: str) -> tuple[str, ...]:
    """Where an account's running balance does not follow, read downwards or upwards."""
    faults: list[str] = []
    by_account: dict[str, list[tuple[int, BankLine, Decimal]]] = {}
    for one in rows:
        by_account.setdefault(one[1].account, []).append(one)
    for held in by_account.values():
        ways = [
            [(b[0], a[2] + b[1].amount - b[2]) for a, b in pairwise(held)],
            [(a[0], b[2] + a[1].amount - a[2]) for a, b in pairwise(held)],
        ]
        if held[0][1].booked != held[-1][1].booked:
            ways = [ways[held[0][1].booked > held[-1][1].booked]]
        broken = min(([one for one in way if one[1]] for way in ways), key=len)
        if broken:
            row, off = broken[0]
            faults.append(
                f"{name}, row {row}: the running balance is off by {usd(abs(off))} here "
                f"({len(broken)} such rows); a line is missing or was changed: download it again."
            )
    return tuple(faults)
