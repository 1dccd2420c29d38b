"""A draft mapping for an export that no system's mapping fits, every guess marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice

from billing.errors import BadInput
from bots.exports.cells import Unreadable, literal, understood
from bots.exports.delimited import DELIMITERS, decode, records
from bots.exports.likeness import likeness, likenesses
from bots.exports.recognise import HEADINGS_WITHIN, is_workbook
from bots.exports.systems import (
    EXCEL_SERIAL,
    FIELDS,
    INDISPENSABLE,
    Field,
    all_systems,
    is_ssn_heading,
    plain,
)
from bots.exports.workbook import Cell, open_workbook, rows_of_sheet

_SAMPLE = 200
_FEWEST = 4
_LIKELY, _FITTING, _CLOSE = 50, 60, 10  # per cent
_MISSPELT = 85
_SPELLINGS = ("%m/%d/%Y", "%m/%d/%y", "%Y-%m-%d", "%m-%d-%Y", "%d-%b-%Y", "%d-%b-%y", "%Y%m%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_DAY_FIRST = {"%m/%d/%Y": "%d/%m/%Y", "%m/%d/%y": "%d/%m/%y", "%m-%d-%Y": "%d-%m-%Y"}
_TRADE: Mapping[Field, tuple[str, ...]] = {
    "claim_id": ("account number", "control number", "invoice number", "encounter number"),
    "payer_name": ("carrier", "insurer", "insurance company", "payor", "responsible payer"),
    "member_id": (
        "insured id",
        "subscriber id",
        "member id",
        "policy number",
        "certificate number",
    ),
    "patient_name": ("patient", "patient name", "name"),
    "patient_last": ("last name", "patient last name"),
    "patient_first": ("first name", "patient first name"),
    "service_from": ("service date", "date of service", "from date", "visit date", "start date"),
    "service_to": ("through date", "to date", "end date"),
    "billed": ("billed amount", "charges", "total charges", "charge amount"),
    "balance": ("balance", "open balance", "amount due", "current ar balance", "balance due"),
    "owner": ("assigned to", "biller", "collector"),
}
_SHORT = {
    "dt": "date", "tm": "time", "nbr": "number", "no": "number", "num": "number", "#": "number",
    "svc": "service", "srv": "service", "amt": "amount", "pat": "patient", "pt": "patient",
    "ins": "insurance", "chg": "charge", "chgs": "charge", "charges": "charge", "bal": "balance",
    "dob": "birth date", "dos": "service date", "acct": "account", "prim": "primary",
    "payor": "payer", "prov": "provider", "subs": "subscriber", "subscr": "subscriber",
    "mbr": "member", "auth": "authorization", "enc": "encounter", "birthdate": "birth date",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping's text, and how many of its lines a person has to settle."""

    text: str
    to_settle: int


@dataclass(frozen=True, slots=True)
class _Table:
    """The row that is most like headings, and some of the rows below it."""

    where: str
    headings: tuple[str, ...]
    columns: tuple[tuple[Cell, ...], ...]


def draft_mapping(data: bytes, name: str) -> Draft:
    """A mapping for an export of claims, guessed by its headings' words and its values' kinds.

    Raises BadInput where no row looks like headings. The draft says so itself, and is not used
    until a person has settled its lines marked CHECK and removed the word ``draft``.
    """
    tables = list(_tables(data, name))
    if not tables:
        raise BadInput(
            f"{name}: none of the first {HEADINGS_WITHIN} rows looks like headings with values "
            "below them; export the report with its headings."
        )
    table = max(tables, key=lambda one: (_known(one.headings), len(one.headings)))
    dates, sure_of_dates = _dates(table)
    guessed = _guesses(table, dates)
    lines = [
        f"# Drafted from the headings of {json.dumps(name)}, {table.where}.",
        "# Settle every line marked CHECK: compare it with the report, correct it or leave it, and",
        "# remove the mark. Then remove the line 'draft: true' and name the folder by --mappings.",
        "draft: true",
        "system: ours # a name of your own",
        "title: Our report of open claims",
        "reconstruction: Drafted from one file; nobody has checked it yet.",
        "dates:" + ("" if sure_of_dates else " # CHECK: is the month before the day?"),
        *(f"  - {json.dumps(spelling)}" for spelling in dates),
    ]
    needed = [
        *(f for f in INDISPENSABLE["claims"] if f != "payer_name"),
        *(("patient_last", "patient_first") if "patient_last" in guessed else ("patient_name",)),
        "payer_name",
    ]
    lines += ["required:", *(_line(field, guessed.get(field), table) for field in needed)]
    if "date_of_birth" in guessed:
        lines.append(_line("date_of_birth", guessed["date_of_birth"], table))
    rest = [field for field in guessed if field not in needed and field != "date_of_birth"]
    if rest:
        lines += ["optional:", *(_line(field, guessed[field], table) for field in rest)]
    used = {at for at, _ in guessed.values()}
    for at, heading in enumerate(table.headings):
        if is_ssn_heading(heading):
            lines.append(f"# never read, a social security number: {json.dumps(heading)}")
        elif heading and at not in used:
            lines.append(f"# not used: {json.dumps(heading)} ({likenesses(table.columns[at])})")
    return Draft("\n".join(lines) + "\n", sum("# CHECK" in line for line in lines[3:]))


def _line(field: str, guess: tuple[int, str] | None, table: _Table) -> str:
    if guess is None:
        return f"  {field}: [] # CHECK: no column looks like it; write the heading it stands under"
    at, doubt = guess
    kinds = likenesses(table.columns[at])
    said = f" # CHECK: {doubt}; it holds {kinds}" if doubt else f" # it holds {kinds}"
    return f"  {field}: [{json.dumps(table.headings[at], ensure_ascii=False)}]{said}"


def _tables(data: bytes, name: str) -> Iterator[_Table]:
    if is_workbook(data, name):
        book = open_workbook(data, name)
        for sheet in (sheet for sheet in book.sheets if sheet.visible):
            rows = list(islice(rows_of_sheet(book, sheet), HEADINGS_WITHIN + _SAMPLE))
            yield from _headed(rows, f"sheet {json.dumps(sheet.name)}, row ")
        return
    text, _, _ = decode(data, name=name)
    for delimiter in DELIMITERS:
        try:
            every = records(text, delimiter=delimiter, name=name)
            lines = [(r.row, r.fields) for r in islice(every, HEADINGS_WITHIN + _SAMPLE)]
        except BadInput:
            continue
        yield from _headed(lines, "row ")


def _headed(rows: Sequence[tuple[int, Sequence[Cell]]], where: str) -> Iterator[_Table]:
    """Each of the first rows that may be headings: different words, and filled rows below."""
    for place, (number, cells) in enumerate(rows[:HEADINGS_WITHIN]):
        headings = tuple(cell.strip() if isinstance(cell, str) else "" for cell in cells)
        filled = [heading for heading in headings if heading]
        below = [list(c) + [""] * (len(headings) - len(c)) for _, c in rows[place + 1 :]]
        body = [c for c in below if sum(cell != "" for cell in c) * 2 >= len(filled)][:_SAMPLE]
        worded = all(likeness(heading) in ("words", "Last, First") for heading in filled)
        if len(filled) >= _FEWEST and len(set(filled)) == len(filled) and worded and body:
            columns = tuple(tuple(row[at] for row in body) for at in range(len(headings)))
            yield _Table(f"{where}{number}", headings, columns)


def _known(headings: Sequence[str]) -> int:
    return sum(
        max(_resemblance(heading, field) for field in FIELDS) >= _LIKELY
        for heading in headings
        if heading
    )


def _guesses(table: _Table, dates: Sequence[str]) -> dict[Field, tuple[int, str]]:
    """The column of each field that has a likely one, and what is doubtful about it."""
    likely: list[tuple[int, Field, int]] = []
    for at, heading in enumerate(table.headings):
        if not heading or is_ssn_heading(heading):
            continue
        for field in _OF_CLAIMS:
            resemblance = _resemblance(heading, field)
            fitting = _fitting(table.columns[at], field, dates)
            if resemblance >= _LIKELY and fitting >= _FITTING:
                likely.append((resemblance * fitting // 100, field, at))
    likely.sort(key=lambda one: (-one[0], _OF_CLAIMS.index(one[1]), one[2]))
    guessed: dict[Field, tuple[int, str]] = {}
    taken: set[int] = set()
    for score, field, at in likely:
        if field in guessed or at in taken:
            continue
        rivals = [
            table.headings[other]
            for other_score, other_field, other in likely
            if other_field == field and other != at and score - other_score <= _CLOSE
        ]
        doubt = ""
        if rivals:
            doubt = f"or is it {', '.join(json.dumps(rival) for rival in rivals)}"
        elif score < 100:
            doubt = "guessed by its words and values"
        guessed[field] = (at, doubt)
        taken.add(at)
    if "patient_name" in guessed or not {"patient_last", "patient_first"} <= set(
        guessed
    ):  # one name column, or two: not both
        guessed.pop("patient_last", None)
        guessed.pop("patient_first", None)
    order = list(FIELDS)
    return dict(sorted(guessed.items(), key=lambda one: order.index(one[0])))


_OF_CLAIMS: tuple[Field, ...] = tuple(
    field for field in FIELDS if field not in ("visit_date", "visit_time", "service_type")
)


def _resemblance(heading: str, field: Field) -> int:
    """How like a field's known headings this one is, in per cent: 100 for one of them."""
    spellings = {plain(h) for system in all_systems() for h in system.headings.get(field, ())}
    if plain(heading) in spellings:
        return 100
    words = _words(heading)
    best = 0
    for spelling in (*spellings, *_TRADE.get(field, ())):
        other = _words(spelling)
        shared = 100 * len(words & other) // max(len(words | other), 1)
        letters = int(100 * SequenceMatcher(None, plain(heading), spelling).ratio())
        best = max(best, shared, letters if letters >= _MISSPELT else 0)
    return min(best, 95)


def _words(heading: str) -> set[str]:
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", heading)
    return {part for word in plain(apart).split() for part in _SHORT.get(word, word).split()}


def _fitting(column: Sequence[Cell], field: Field, dates: Sequence[str]) -> int:
    """The share of a column's filled cells that can be read as the field's kind, in per cent."""
    filled = [cell for cell in column if cell != ""]
    if not filled:
        return 70  # an empty column says nothing against it
    kind = FIELDS[field]
    fit = sum(not isinstance(understood(cell, kind, dates), Unreadable) for cell in filled)
    if kind == "text":
        whole_names = field not in ("patient_last", "patient_first")
        worded = ("words", "Last, First") if whole_names else ("words",)
        fit = sum(likeness(cell) in worded for cell in filled)
    return 100 * fit // len(filled)


def _dates(table: _Table) -> tuple[tuple[str, ...], bool]:
    """The spellings of dates that occur, and whether it is plain that the month comes first."""
    texts = {
        literal(cell)
        for column in table.columns
        for cell in column
        if isinstance(cell, str) and likeness(cell).startswith("date like")
    }
    found: list[str] = []
    sure = True
    for spelling in _SPELLINGS:
        for clock in _CLOCKS:
            other = _DAY_FIRST.get(spelling)
            alike = {t for t in texts if _spells(t, spelling + clock)}
            turned = {t for t in texts if other and _spells(t, other + clock)}
            if not (alike or turned):
                continue
            day_first = len(turned) > len(alike) and other is not None
            found.append(f"{other if day_first else spelling}{clock}")
            most, fewest = (turned, alike) if day_first else (alike, turned)
            sure = sure and (other is None or fewest < most)
    return (*found, EXCEL_SERIAL), sure


def _spells(text: str, spelling: str) -> bool:
    try:
        datetime.strptime(text, spelling)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


__all__ = ["Draft", "draft_mapping"]
