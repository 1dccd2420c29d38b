"""Which billing system wrote this export, and how it is laid out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Literal, NamedTuple

from billing.errors import BadInput
from bots.exports.columns import MARKS
from bots.exports.delimited import DELIMITERS, Delimited, decode, records
from bots.exports.systems import (
    Field,
    Fit,
    Holds,
    System,
    all_systems,
    fit,
    is_ssn_heading,
    plain,
)
from bots.exports.workbook import Cell, Workbook, open_workbook, rows_of_sheet

HEADINGS_WITHIN = 40
MOST_BLANK = 10_000  # a stray blank typed far below the claims makes every row between them one


@dataclass(frozen=True, slots=True)
class Sheeted:
    """How a workbook export is laid out: the one visible sheet that holds the rows."""

    sheet: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """An export's system and layout. ``header_row`` is 1-based, ``positions`` 0-based.

    ``columns`` leads from our field to the export's heading; ``dropped`` are the headings whose
    columns are never read (social security numbers); ``unmatched`` are all others. ``own`` are the
    biller's own mappings that it was recognised with.
    """

    system: System
    container: Delimited | Sheeted
    header_row: int
    headings: tuple[str, ...]
    positions: dict[Field, int]
    own: tuple[System, ...] = ()

    @property
    def columns(self) -> dict[Field, str]:
        """Our field to their heading."""
        return {field: self.headings[at] for field, at in self.positions.items()}

    def heading(self, field: Field) -> str:
        """The export's heading for one of our fields."""
        return self.headings[self.positions[field]]

    @property
    def dropped(self) -> tuple[str, ...]:
        """Headings of columns that are never read."""
        return tuple(h for h in self.headings if is_ssn_heading(h))

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Headings that none of our fields uses."""
        used = set(self.positions.values())
        return tuple(
            h
            for at, h in enumerate(self.headings)
            if h and at not in used and not is_ssn_heading(h)
        )


class Row(NamedTuple):
    """One row below the headings, as wide as they are; ``surplus`` counts filled cells beyond."""

    row: int
    cells: Sequence[Cell]
    surplus: int


class _Candidate(NamedTuple):
    container: Delimited | Sheeted
    row: int
    headings: tuple[str, ...]
    system: System
    fit: Fit


def recognise(
    data: bytes, name: str, *, holds: Holds = "claims", own: Sequence[System] = ()
) -> Recognised:
    """The one system whose mapping fits this export of claims or of visits.

    Raises BadInput, naming file, row and remedy, when the file cannot be read, none or several
    mappings fit, or the export already holds our columns. ``own`` are the biller's own mappings.
    """
    return recognise_layout(data, name, ours="refused", holds=holds, own=own)


def recognise_layout(
    data: bytes,
    name: str,
    *,
    ours: Literal["refused", "expected"],
    holds: Holds = "claims",
    own: Sequence[System] = (),
) -> Recognised:
    """As :func:`recognise`; copies that we wrote ourselves are opened when ``expected``."""
    systems = all_systems(holds, own)
    candidates = list(
        _workbook_candidates(data, name, systems, limited=ours == "refused")
        if is_workbook(data, name)
        else _text_candidates(data, name, systems)
    )
    fitting = _nearest([c for c in candidates if not c.fit.missing and not c.fit.doubled], own)
    if not fitting:
        raise BadInput(_nothing_fits(name, candidates, systems))
    first = fitting[0]
    if len(fitting) > 1:
        where = " and ".join(f"{c.system.system} ({_place(c)})" for c in fitting)
        raise BadInput(f"{name}: more than one reading fits, {where}; keep one list per file.")
    if ours == "refused" and set(MARKS[holds]) <= set(first.headings):
        raise BadInput(
            f"{name}, row {first.row}: this copy already holds the columns of an earlier sweep; "
            "give the export as the billing system wrote it."
        )
    return Recognised(
        first.system,
        first.container,
        first.row,
        first.headings,
        dict(first.fit.positions),
        tuple(own),
    )


def _nearest(fitting: Sequence[_Candidate], own: Sequence[System]) -> list[_Candidate]:
    """The readings that no other one is plainly nearer than.

    A mapping of the biller's own is for this very file, so it comes before a shipped one; of two
    for the same headings the one that knows all the other's columns and more is nearer.
    """
    mine = [c for c in fitting if c.system in own]
    left = mine or fitting
    return [one for one in left if not any(_knows_more(other, one) for other in left)]


def _knows_more(one: _Candidate, other: _Candidate) -> bool:
    same_place = (one.container, one.row) == (other.container, other.row)
    return same_place and set(one.fit.positions.values()) > set(other.fit.positions.values())


def is_workbook(data: bytes, name: str) -> bool:
    """Whether to read the file as a workbook; its name and its first bytes must agree."""
    zipped = data.startswith(b"PK\x03\x04")
    named = name.casefold().endswith((".xlsx", ".xlsm"))
    if named and data and not zipped:
        raise BadInput(
            f"{name}: this is named as a workbook but is none; save it as .xlsx, or name it .csv "
            "if it is text."
        )
    return named and zipped


def rows_below(data: bytes, name: str, found: Recognised, *, limited: bool = True) -> Iterator[Row]:
    """Every row below the headings up to the last filled one, blank rows too.

    Columns of social security numbers come out empty: they are dropped here, at the door.
    """
    skip = frozenset(at for at, h in enumerate(found.headings) if is_ssn_heading(h))
    width = len(found.headings)
    if isinstance(found.container, Delimited):
        text, _, _ = decode(data, name=name)
        for record in records(text, delimiter=found.container.delimiter, name=name):
            if record.row > found.header_row:
                fields = record.fields
                surplus = sum(1 for cell in fields[width:] if cell.strip())
                for at in skip:
                    if at < len(fields):
                        fields[at] = ""
                yield Row(record.row, fields[:width] + [""] * (width - len(fields)), surplus)
        return
    book = open_workbook(data, name, limited=limited)
    (sheet,) = (s for s in book.sheets if s.name == found.container.sheet)
    expected = found.header_row + 1
    for number, cells in rows_of_sheet(book, sheet, skip=skip):
        if number > found.header_row:
            if number - expected > MOST_BLANK:
                raise BadInput(
                    f"{name}, row {number}: more than {MOST_BLANK:,} blank rows stand above this "
                    "one; delete it or them and export again."
                )
            for blank in range(expected, number):
                yield Row(blank, [""] * width, 0)
            expected = number + 1
            yield Row(number, cells[:width] + [""] * (width - len(cells)), 0)


def _text_candidates(data: bytes, name: str, systems: Sequence[System]) -> Iterator[_Candidate]:
    text, encoding, bom = decode(data, name=name)
    troubles: list[BadInput] = []
    fitted = False
    for delimiter in DELIMITERS:
        left = list(systems)
        try:
            for record in islice(records(text, delimiter=delimiter, name=name), HEADINGS_WITHIN):
                headings = tuple(field.strip() for field in record.fields)
                form = Delimited(
                    encoding, bom, delimiter, record.ending, _all_quoted(record.raw, headings)
                )
                yield from _fits(form, record.row, headings, left)
        except BadInput as trouble:
            # Read with a delimiter that is not the file's, sound quotation marks look broken.
            troubles.append(trouble)
        fitted = fitted or len(left) < len(systems)
    if not fitted and len(troubles) == len(DELIMITERS):
        raise troubles[0]


def _workbook_candidates(
    data: bytes, name: str, systems: Sequence[System], *, limited: bool
) -> Iterator[_Candidate]:
    book: Workbook = open_workbook(data, name, limited=limited)
    for sheet in book.sheets:
        if not sheet.visible:
            continue
        left = list(systems)
        for number, cells in islice(rows_of_sheet(book, sheet), HEADINGS_WITHIN):
            headings = tuple(c.strip() if isinstance(c, str) else "" for c in cells)
            yield from _fits(Sheeted(sheet.name), number, headings, left)


def _fits(
    container: Delimited | Sheeted, row: int, headings: tuple[str, ...], left: list[System]
) -> Iterator[_Candidate]:
    """What each system ``left`` makes of this row; its first fit is its headings, no later one."""
    for system in tuple(left):
        found = fit(system, headings)
        if not found.missing and not found.doubled:
            left.remove(system)
        if found.positions:
            yield _Candidate(container, row, headings, system, found)


def _all_quoted(raw: str, headings: Sequence[str]) -> bool:
    return raw.startswith('"') and raw.endswith('"') and raw.count('"') >= 2 * len(headings)


def _place(candidate: _Candidate) -> str:
    if isinstance(candidate.container, Sheeted):
        return f"sheet {candidate.container.sheet}, row {candidate.row}"
    return f"row {candidate.row}"


def _nothing_fits(name: str, candidates: Sequence[_Candidate], systems: Sequence[System]) -> str:
    tried = ", ".join(system.system for system in systems)
    best = max(candidates, key=lambda c: len(c.fit.positions), default=None)
    if best is None or len(best.fit.positions) < 2:
        return (
            f"{name}: none of the first {HEADINGS_WITHIN} rows holds the headings of a billing "
            f"system we know (tried {tried}); export the report with its headings."
        )
    words = best.system.headings
    if best.fit.doubled:
        what = ", ".join(f'"{words[f][0]}"' for f in best.fit.doubled)
        return (
            f"{name}, {_place(best)}: nearest is {best.system.system}, but two columns could be "
            f"{what}; keep one of them (tried {tried})."
        )
    lacking = ", ".join(_lacking(words[f], best.headings) for f in best.fit.missing)
    return (
        f"{name}, {_place(best)}: nearest is {best.system.system}, but these columns are missing: "
        f"{lacking}; add them to the report and export it again (tried {tried})."
    )


def _lacking(spellings: Sequence[str], headings: Sequence[str]) -> str:
    there = {plain(h): h for h in headings if h and not is_ssn_heading(h)}
    near = [
        there[hit]
        for word in spellings
        for hit in get_close_matches(plain(word), list(there), n=1, cutoff=0.75)
    ]
    return f'"{spellings[0]}"' + (f' (perhaps your "{near[0]}")' if near else "")


__all__ = ["Recognised", "Row", "Sheeted", "recognise", "recognise_layout", "rows_below"]
