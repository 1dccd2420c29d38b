"""What one cell of an export says, as its column's kind of value, or why it says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from billing.money import CENT, money, parse_date
from bots.exports.systems import EXCEL_SERIAL, Kind
from bots.exports.workbook import UNCALCULATED, Cell, day_of_serial

_FAULT = re.compile(r"#(#+|N/A|REF!|VALUE!|NAME\?|NUM!|DIV/0!|NULL!)")
_SCIENTIFIC = re.compile(r"\d+(\.\d+)?E\+\d+|\d+\.\d+E\d+", re.I)
_SERIAL = re.compile(r"\d{4,5}(\.\d+)?")
_QUOTED = re.compile(r'="([^"]*)"')
_YEARS = range(1900, 2101)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}")
OLDEST = 115
"""Years that nobody a claim is about has lived longer than."""
_GENERATIONAL = {"jr", "sr", "ii", "iii", "iv"}
_NO_CLAIM = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a cell's value cannot be used; the text completes "Paid ..."."""

    why: str


@dataclass(frozen=True, slots=True)
class ShortYear:
    """A birth date of whose year only two digits are written: either of two days."""

    earlier: date
    later: date


class _Unfit(ValueError):
    """A cell's value is none of its column's kind; the text completes "Paid ..."."""


def literal(text: str) -> str:
    """What a cell says without the ``="00123"`` that keeps a spreadsheet from eating zeros."""
    text = text.strip()
    quoted = _QUOTED.fullmatch(text) if text.startswith("=") else None
    return quoted[1].strip() if quoted else text


def understood(cell: Cell, kind: Kind, dates: Sequence[str]) -> object:
    """The cell's value as its column's kind, None for an empty one, or Unreadable."""
    if isinstance(cell, str):
        cell = literal(cell)
        if not cell:
            return None
        if cell == UNCALCULATED:
            return Unreadable("is a formula that was never calculated")
        if cell.startswith("="):
            return Unreadable("is a formula instead of a value")
        if cell.startswith("#") and _FAULT.fullmatch(cell):
            return Unreadable("shows a spreadsheet error instead of a value")
    try:
        return _UNDERSTAND[kind](cell, dates)
    except ValueError as error:
        return Unreadable(str(error))


def _id(cell: Cell, dates: Sequence[str]) -> str:
    if isinstance(cell, date):
        raise _Unfit("was turned into a date by a spreadsheet")
    if isinstance(cell, str):
        cell = cell.removeprefix("'")  # typed in front of an id to keep its zeros
        if "E" in cell.upper() and _SCIENTIFIC.fullmatch(cell):
            raise _Unfit("was turned into a rounded number (1.23E+12) by a spreadsheet")
        if not cell.isprintable():
            raise _Unfit("holds an invisible character")
        return cell
    if cell != cell.to_integral_value() or cell < 0:
        raise _Unfit("is a number with a fraction or sign, not an id")
    exponent = cell.as_tuple().exponent
    if (isinstance(exponent, int) and exponent > 0) or len(str(int(cell))) > 15:
        raise _Unfit("was turned into a rounded number (1.23E+12) by a spreadsheet")
    return str(int(cell))


def _text(cell: Cell, dates: Sequence[str]) -> str:
    if isinstance(cell, str):
        return cell
    raise _Unfit("is a number or a date where words belong")


def _name(cell: Cell, dates: Sequence[str]) -> tuple[str, str]:
    """Last and first name from "Last, First M"; a lone middle initial and Jr. are left out."""
    last, *rest = (part.split() for part in _text(cell, dates).split(","))
    first = next((words for words in map(_without_generation, rest) if words), [])
    if len(first) > 1 and len(first[-1].rstrip(".")) == 1:
        first.pop()
    if not (last and first):
        raise _Unfit('is not written "Last, First"')
    return " ".join(_without_generation(last) or last), " ".join(first)


def _without_generation(words: list[str]) -> list[str]:
    """A name's words without a Jr., Sr., II, III or IV at their end."""
    generation = words and words[-1].rstrip(".").casefold() in _GENERATIONAL
    return words[:-1] if generation else words


def _date(cell: Cell, dates: Sequence[str]) -> date:
    if isinstance(cell, date):
        return cell
    if isinstance(cell, Decimal) or _SERIAL.fullmatch(cell):
        if int(Decimal(cell)) in _YEARS:
            raise _Unfit("is a year without month and day, or a day number of 1905")
        day = day_of_serial(Decimal(cell)) if EXCEL_SERIAL in dates else None
        if day is None:
            raise _Unfit("is not a date")
        return day
    try:
        return parse_date(cell, tuple(d for d in dates if d != EXCEL_SERIAL))
    except ValueError as error:
        raise _Unfit(f"is {error}") from error


def _birth(cell: Cell, dates: Sequence[str]) -> date | ShortYear:
    """A birth date; with two digits for its year it is one of two, which only the visit tells."""
    day = _date(cell, dates)
    if not (isinstance(cell, str) and _SHORT_YEAR.fullmatch(cell)):
        return day
    if (day.month, day.day, day.year) == (2, 29, 2000):  # 1900 had no such day
        return day
    year = day.year % 100
    return ShortYear(day.replace(year=1900 + year), day.replace(year=2000 + year))


def born_before(birth: date | ShortYear | None, day: date) -> date | Unreadable | None:
    """The birth date that is possible for somebody seen on ``day``; Unreadable where two are."""
    if not isinstance(birth, ShortYear):
        return birth
    if birth.later > day:
        return birth.earlier
    if day.year - birth.earlier.year > OLDEST:
        return birth.later
    return Unreadable(
        f"has a year of two digits and may be of {birth.earlier.year} or {birth.later.year}; "
        "export it with four"
    )


def _money(cell: Cell, dates: Sequence[str]) -> Decimal:
    if isinstance(cell, str):
        try:
            return money(cell)
        except ValueError as error:
            raise _Unfit(f"is {error}") from error
    if isinstance(cell, date):
        raise _Unfit("is a date, not an amount of money")
    if abs(cell) >= _NO_CLAIM:
        raise _Unfit("is larger than any amount of money on a claim")
    amount = cell.quantize(CENT)
    if abs(amount - cell) > Decimal("0.000001"):
        raise _Unfit("is an amount with more than two decimals")
    return amount


def _time(cell: Cell, dates: Sequence[str]) -> time:
    """A time of day, written out or as a spreadsheet's part of a day."""
    if isinstance(cell, Decimal) and 0 <= cell < 1:
        minutes = int((cell * 24 * 60).to_integral_value())
        return time(*divmod(minutes % (24 * 60), 60))
    if isinstance(cell, str):
        for spelling in ("%I:%M %p", "%I:%M:%S %p", "%H:%M", "%H:%M:%S", "%I:%M%p"):
            try:
                return datetime.strptime(cell, spelling).time()  # noqa: DTZ007 - a time on a clock
            except ValueError:
                continue
    raise _Unfit("is not a time of day")


_UNDERSTAND: Mapping[Kind, Callable[[Cell, Sequence[str]], object]] = {
    "id": _id,
    "text": _text,
    "name": _name,
    "date": _date,
    "birth": _birth,
    "money": _money,
    "time": _time,
}
