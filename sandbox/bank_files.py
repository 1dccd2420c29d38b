"""A simulated bank's files of what it booked: a CSV download, and BAI2 by the day."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

ACCOUNT = "000900076543"
OPENING = Decimal("12500.00")
_TYPES = {
    115: "LOCKBOX",
    147: "CARD",
    165: "ACH_CREDIT",
    301: "DEPOSIT",
    455: "ACH_DEBIT",
    475: "CHECK_PAID",
    555: "RETURN",
    661: "FEE",
    698: "FEE",
}
_LONGEST = 80  # characters of a row: what is longer goes on in a continuation, wherever it breaks


@dataclass(frozen=True, slots=True)
class Booking:
    """One movement: dollars (a debit is negative), its BAI2 type, the bank's words and numbers.

    ``items`` are the cheques of a lockbox deposit, where the bank lists them.
    """

    day: date
    amount: Decimal
    type_code: int
    text: str
    references: tuple[str, ...] = ()
    items: tuple[tuple[str, Decimal], ...] = ()


def bank_csv(bookings: Sequence[Booking], first: date, last: date) -> bytes:
    """The download of one account, newest first, with its running balance."""
    rows = []
    balance = OPENING
    for one in bookings:
        balance += one.amount
        reference = one.references[0] if one.references else ""
        kind = _TYPES[one.type_code]
        text = " ".join((one.text, *(number for number, _ in one.items)))
        rows.append([f"{one.day:%m/%d/%Y}", text, f"{one.amount}", kind, reference, f"{balance}"])
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([f"Account ending {ACCOUNT[-4:]}, {first} to {last} (simulated)"])
    writer.writerow([])
    writer.writerow(["Posting Date", "Description", "Amount", "Type", "Check Number", "Balance"])
    writer.writerows(rows[::-1])
    return stream.getvalue().encode()


def bank_bai2(bookings: Sequence[Booking], first: date, last: date) -> bytes:
    """One file with a group for every weekday, its control totals and counts of records."""
    rows = [f"01,SIMBANK,LARKSPUR,{last + timedelta(1):%y%m%d},0600,1,,,2/"]
    total = groups = 0
    balance = OPENING
    day = first
    while day <= last:
        if day.weekday() < 5:
            booked = [one for one in bookings if one.day == day]
            balance += sum((one.amount for one in booked), Decimal(0))
            records, cents = _account(booked, balance)
            group = [f"02,LARKSPUR,SIMBANK,1,{day:%y%m%d},2359,USD,2/", *records]
            group.append(f"98,{cents},1,{len(group) + 1}/")
            rows += group
            total, groups = total + cents, groups + 1
        day += timedelta(1)
    rows.append(f"99,{total},{groups},{len(rows) + 1}/")
    return "".join(f"{row}\r\n" for row in rows).encode()


def _account(booked: Sequence[Booking], balance: Decimal) -> tuple[list[str], int]:
    credits = sum(_cents(one.amount) for one in booked if one.amount > 0)
    debits = sum(-_cents(one.amount) for one in booked if one.amount < 0)
    closing = _cents(balance)
    summary = f"015,{closing},,,100,{credits},{len(booked)},0,400,{debits},,/"
    records = [f"03,{ACCOUNT},USD,{summary}"]
    sums = closing + credits + debits
    for one in booked:
        records += _detail(one.type_code, one.amount, one.references, one.text)
        sums += abs(_cents(one.amount))
        for number, amount in one.items:
            records += _detail(116, amount, (number,), "")
            sums += _cents(amount)
    records.append(f"49,{sums},{len(records) + 1}/")
    return records, sums


def _detail(code: int, amount: Decimal, references: Sequence[str], text: str) -> list[str]:
    number = references[0] if references else ""
    head = f"16,{code},{abs(_cents(amount))},0,,{number},"
    if not text:
        return [f"{head}/"]
    room = _LONGEST - len(head)
    rows = [f"{head}{text[:room]}"]
    text = text[room:]
    while text:
        rows.append(f"88,{text[: _LONGEST - 3]}")
        text = text[_LONGEST - 3 :]
    return rows


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))
