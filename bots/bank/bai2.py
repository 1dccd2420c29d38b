"""BAI2 files: an account's lines are believed only when its own control totals close."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from billing.bank import BankLine, LineKind, Statement
from billing.model import Evidence
from billing.money import ZERO, parse_date, usd
from billing.report import RefusedRow
from bots.bank.addenda import cut_off, trace_numbers
from bots.bank.bai2_records import (
    AGAIN,
    Record,
    dollars_of,
    padded,
    parse_detail,
    read_records,
    summaries,
    whole_number,
)
from bots.bank.type_codes import MESSAGE, TOTALS, direction, kind_of
from bots.bank.vocabulary import kind_in_words

UPDATE = "1"
STATUS = {"2": "a deletion", "3": "a correction of what was sent before", "4": "a test"}


@dataclass(slots=True)
class _Account:
    """One account of one group, while it is read."""

    row: int
    suffix: str
    booked: date | None
    trouble: str | None
    total: int = 0
    records: int = 0
    lines: list[tuple[int, int, BankLine]] = field(default_factory=list)  # row, type code, line
    refused: list[RefusedRow] = field(default_factory=list)

    def refuse_all(self, why: str) -> None:
        self.refused += [RefusedRow(row, why) for row, _, _ in self.lines]
        self.lines = []


def read_bai2(data: bytes, name: str) -> Statement:
    """Every detail record (16) as a line, or refused with its reason.

    An account whose control total or count of records does not close, or that the file does not
    end, gives no line; totals of groups and of the file that do not close are faults. Raises
    BadInput naming the row where the file is no BAI2 or holds a record that is none.
    """
    return _Reader(name, hashlib.sha256(data).hexdigest()).read(data)


class _Reader:
    """Reads one file's records in order, with the sums of what is open."""

    def __init__(self, name: str, sha256: str) -> None:
        self.name, self.sha256 = name, sha256
        self.rows_in = 0
        self.faults: list[str] = []
        self.accounts: list[_Account] = []
        self.days: set[date] = set()
        self.open: _Account | None = None
        self.group: dict[str, int] | None = None
        self.file = {"total": 0, "units": 0, "records": 0}
        self.booked: date | None = None
        self.group_trouble: str | None = None
        self.currency = ""
        self.ended = False

    def read(self, data: bytes) -> Statement:
        steps = {
            "02": self._begin_group,
            "03": self._begin_account,
            "16": self._detail,
            "49": self._end_account,
            "98": self._end_group,
            "99": self._end_file,
        }
        for record in read_records(data, self.name):
            self._count(len(record.parts))
            if record.code in steps:
                steps[record.code](record)
        if not self.ended:
            self._leave("is not ended: the file is cut off")
            self.faults.append(f"{self.name}: the file has no end (99); {AGAIN}.")
        lines: list[BankLine] = []
        refused: list[RefusedRow] = []
        for account in self.accounts:
            if account.trouble:
                account.refuse_all(account.trouble)
            kept, dropped = _without_totals(account.lines)
            lines += kept
            refused += [*account.refused, *dropped]
        return Statement(
            self.name,
            self.sha256,
            tuple(lines),
            tuple(sorted(refused, key=lambda one: one.row)),
            self.rows_in,
            tuple(self.faults),
            frozenset(self.days),
        )

    def _count(self, rows: int) -> None:
        self.file["records"] += rows
        if self.group is not None:
            self.group["records"] += rows
        if self.open is not None:
            self.open.records += rows

    def _begin_group(self, record: Record) -> None:
        self._leave("is not ended before the next group")
        fields = padded(record.fields, 7)
        self.group = {"total": 0, "units": 0, "records": len(record.parts)}
        self.currency = fields[5]
        self.group_trouble = None
        if fields[2] not in ("", UPDATE):
            what = STATUS.get(fields[2], "of an unknown status")
            self.group_trouble = f"the group that begins on row {record.row} is {what}"
        try:
            self.booked = parse_date(fields[3], ("%y%m%d",))
        except ValueError:
            self.booked = None

    def _begin_account(self, record: Record) -> None:
        self._leave("is not ended before the next account")
        fields = padded(record.fields, 2)
        trouble = self.group_trouble
        if not trouble and self.booked is None:
            trouble = "the date of its group (02) is none"
        if not trouble and (fields[1] or self.currency or "USD") != "USD":
            trouble = "the account is not in US dollars"
        self.open = _Account(record.row, fields[0][-4:], self.booked, trouble)
        self.open.records = len(record.parts)
        try:
            self.open.total = sum(summaries(fields[2:]))
        except ValueError as error:
            self.open.trouble = trouble or f"its account (row {record.row}) has {error}"
        if self.booked is not None and not self.group_trouble:
            self.days.add(self.booked)

    def _detail(self, record: Record) -> None:
        self.rows_in += 1
        account = self.open
        if account is None:
            account = _Account(record.row, "", None, "it stands in no account (03)")
            self.accounts.append(account)
        try:
            code, cents, references, text = parse_detail(record.parts)
        except ValueError as error:
            account.refused.append(RefusedRow(record.row, str(error)))
            account.trouble = account.trouble or f"row {record.row} of its account cannot be read"
            return
        account.total += cents
        way = direction(code)
        if way is None or account.booked is None:
            why = "message row" if code == MESSAGE else f"type {code} is no movement"
            account.refused.append(RefusedRow(record.row, account.trouble or why))
            return
        cut = cut_off(text)
        line = BankLine(
            account.suffix,
            account.booked,
            way * dollars_of(cents),
            _kind(code, text, way),
            Evidence(self.sha256, f"row {record.row}"),
            trace_numbers(text),
            tuple(filter(None, (*references, cut))),
            text,
        )
        account.lines.append((record.row, code, line))

    def _end_account(self, record: Record) -> None:
        account = self.open
        fields = padded(record.fields, 2)
        stated = whole_number(fields[0])
        if account is None:
            self.faults.append(f"{self.name}, row {record.row}: this ends no account; {AGAIN}.")
            return
        if stated is not None and self.group is not None:
            self.group["total"] += stated
            self.group["units"] += 1
        if stated != account.total:
            off = usd(dollars_of(account.total - (stated or 0)))
            self._doubt(account, f"its account's control total (row {record.row}) is off by {off}")
        elif fields[1] and whole_number(fields[1]) != account.records:
            self._doubt(
                account,
                f"its account has {account.records} records and row {record.row} says {fields[1]}",
            )
        self.accounts.append(account)
        self.open = None

    def _end_group(self, record: Record) -> None:
        self._leave("is not ended before its group")
        if self.group is None:
            self.faults.append(f"{self.name}, row {record.row}: this ends no group; {AGAIN}.")
            return
        stated = self._close(record, self.group, "group", "accounts")
        self.file["total"] += stated or 0
        self.file["units"] += 1
        self.group = None

    def _end_file(self, record: Record) -> None:
        self._leave("is not ended before the file")
        if self.group is not None:
            self.faults.append(f"{self.name}, row {record.row}: a group is not ended; {AGAIN}.")
        self._close(record, self.file, "file", "groups")
        self.ended = True

    def _close(self, record: Record, sums: dict[str, int], what: str, units: str) -> int | None:
        """Compare a trailer with what was summed up; what it states as the total."""
        total, count, records = (whole_number(one) for one in padded(record.fields, 3)[:3])
        where = f"{self.name}, row {record.row}: the {what}'s"
        if total != sums["total"]:
            off = usd(dollars_of(sums["total"] - (total or 0)))
            self.faults.append(f"{where} control total is off by {off}; {AGAIN}.")
        if count is not None and count != sums["units"]:
            self.faults.append(
                f"{where} {units} are {sums['units']} and should be {count}; {AGAIN}."
            )
        if records is not None and records != sums["records"]:
            self.faults.append(
                f"{where} records are {sums['records']} and should be {records}; {AGAIN}."
            )
        return total

    def _leave(self, why: str) -> None:
        """An account that was not ended gives nothing."""
        if self.open is not None:
            self._doubt(self.open, f"its account (row {self.open.row}) {why}")
            self.accounts.append(self.open)
            self.open = None

    def _doubt(self, account: _Account, why: str) -> None:
        account.trouble = account.trouble or why
        self.faults.append(
            f"{self.name}: nothing is read of the account ...{account.suffix} that begins on row "
            f"{account.row}: {why}; {AGAIN}."
        )


def _without_totals(
    lines: Sequence[tuple[int, int, BankLine]],
) -> tuple[list[BankLine], list[RefusedRow]]:
    """The lines, a deposit that is followed by its items left out.

    Items that do not add up to their deposit are left out instead, for the deposit is the money.
    """
    kept: list[BankLine] = []
    refused: list[RefusedRow] = []
    at = 0
    while at < len(lines):
        row, code, line = lines[at]
        end = at + 1
        while end < len(lines) and lines[end][1] == TOTALS.get(code):
            end += 1
        items = lines[at + 1 : end]
        if items and sum((item.amount for _, _, item in items), ZERO) == line.amount:
            refused.append(RefusedRow(row, "total row"))
            kept += [_of_deposit(item, line) for _, _, item in items]
        else:
            kept.append(line)
            why = f"an item of row {row}, whose items do not add up to it"
            refused += [RefusedRow(number, why) for number, _, _ in items]
        at = end
    return kept, refused


def _kind(code: int, text: str, way: int) -> LineKind:
    """What the type code says; where that may be anything, what the bank's words say."""
    known = kind_of(code)
    return known if known is not LineKind.OTHER else kind_in_words("", text, Decimal(way))


def _of_deposit(item: BankLine, deposit: BankLine) -> BankLine:
    """An item as a line of its own, which still says the deposit it came in."""
    where = f"{item.place.where}, in the deposit of {deposit.place.where}"
    return replace(item, place=replace(item.place, where=where))
