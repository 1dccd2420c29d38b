"""Claims out of an export, and every row that is none with the reason why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import gt, lt
from typing import Any

from billing.errors import BadInput, ProfileError
from billing.model import Claim, SourceRow
from billing.money import ZERO
from billing.report import RefusedRow
from bots.exports.cells import ShortYear, Unreadable, born_before, literal, understood
from bots.exports.furniture import FOOTER, is_footer
from bots.exports.recognise import Recognised, Row, Sheeted, recognise, rows_below
from bots.exports.systems import FIELDS, Field, System, plain
from bots.exports.workbook import Cell

_TOTAL = re.compile(r"\b(sub|grand)?[\s-]?totals?\b", re.I)
_DIGIT = re.compile(r"\d")
_ENOUGH_TO_JUDGE = 10
MOST_BYTES = 100_000_000
_MOSTLY = 0.8
_OUT_OF_ORDER: Sequence[tuple[Field, Callable[[date, date], bool], str]] = (
    ("service_to", lt, "before"),
    ("date_of_birth", gt, "after"),
)


@dataclass(frozen=True, slots=True)
class ExportReading:
    """An export as read: ``rows_in == len(claims) + len(refused)``; totals are of ``claims``.

    ``notes`` are sentences about whole columns: what cannot be known of them.
    """

    name: str
    sha256: str
    recognised: Recognised
    claims: tuple[Claim, ...] = field(repr=False)
    refused: tuple[RefusedRow, ...]
    rows_in: int
    billed_total: Decimal
    balance_total: Decimal
    notes: tuple[str, ...] = ()

    @property
    def system(self) -> str:
        """The billing system's name."""
        return self.recognised.system.system


def payer_key(payer_name: str) -> str:
    """A payer's name as names are compared: without case and doubled blanks."""
    return " ".join(payer_name.split()).casefold()


def read_export(
    data: bytes, name: str, *, payer_ids: Mapping[str, str], own: Sequence[System] = ()
) -> ExportReading:
    """Read every row below the headings as a claim, or refuse it with a reason.

    ``payer_ids`` leads from a payer's name to its profile; a name that it does not know gives a
    claim without payer. ``own`` are the biller's own mappings. Raises BadInput when the file cannot
    be used at all.
    """
    if len(data) > MOST_BYTES:
        raise BadInput(
            f"{name}: is larger than {MOST_BYTES // 1_000_000} MB, more than is read at once; "
            "export fewer days or payers at a time."
        )
    found = recognise(data, name, own=own)
    rows = rows_below(data, name, found)
    return read_rows(rows, found, name=name, data=data, payer_ids=payer_ids)


def read_rows(
    rows: Iterable[Row],
    found: Recognised,
    *,
    name: str,
    data: bytes,
    payer_ids: Mapping[str, str],
) -> ExportReading:
    """As :func:`read_export`, of rows taken from an export whose layout is known."""
    sha256 = hashlib.sha256(data).hexdigest()
    sheet = found.container.sheet if isinstance(found.container, Sheeted) else None
    refused: dict[int, str] = {}
    numbers: list[int] = []
    kept: list[list[Cell]] = []
    wanted = list(found.positions.values())
    only_furniture = True
    rows_in = 0
    is_furniture = _furniture_of(found)
    for row in rows:
        rows_in += 1
        why = is_furniture(row)
        if why is None and row.surplus:
            why = f"the row has {row.surplus} filled cells beyond the last heading"
            only_furniture = False
        if why is None:
            numbers.append(row.row)
            kept.append([row.cells[at] for at in wanted])
        else:
            refused[row.row] = why
    if not kept and only_furniture:
        raise BadInput(
            f"{name}, row {found.header_row}: there are headings but no claims below them; "
            "widen the report's filter and export it again."
        )
    cells = {column: [row[at] for row in kept] for at, column in enumerate(found.positions)}
    del kept
    faults = _faults(numbers, cells, found)
    notes = tuple(_numeric_ids(cells, found))
    values = {column: _parsed(cells.pop(column), column, found) for column in found.positions}
    _settle(values, found)
    faulty = _faulty(numbers, values, faults, found)
    refused |= {numbers[at]: why for at, why in faulty.items()}
    claims = tuple(
        _claims(
            numbers, values, faulty, _by_key(payer_ids), lambda row: SourceRow(sha256, row, sheet)
        )
    )
    return ExportReading(
        name=name,
        sha256=sha256,
        recognised=found,
        claims=claims,
        refused=tuple(RefusedRow(row, refused[row], sheet) for row in sorted(refused)),
        rows_in=rows_in,
        billed_total=sum((claim.billed for claim in claims), ZERO),
        balance_total=sum((claim.balance for claim in claims), ZERO),
        notes=notes,
    )


def _furniture_of(found: Recognised) -> Callable[[Row], str | None]:
    """Why a row belongs to the report's layout and was never meant as a claim."""
    id_at, member_at = found.positions["claim_id"], found.positions["member_id"]
    billed_at, balance_at = found.positions["billed"], found.positions["balance"]
    id_heading = plain(found.heading("claim_id"))
    digit_in_heading = _DIGIT.search(id_heading) is not None

    def why(row: Row) -> str | None:
        claim_id, member_id = row.cells[id_at], row.cells[member_at]
        numbered = not isinstance(claim_id, str) or _DIGIT.search(claim_id) is not None
        billed, balance = row.cells[billed_at], row.cells[balance_at]
        priced = billed != "" and balance != ""
        if numbered and priced and member_id != "" and not digit_in_heading:
            return None  # how nearly every row is, known without looking at all its cells
        if not row.surplus and all(isinstance(c, str) and not c.strip() for c in row.cells):
            return "blank row"
        if isinstance(claim_id, str) and plain(claim_id) == id_heading and _repeats(row, found):
            return "headings repeated"
        if not priced and not row.surplus and is_footer(row.cells):
            return FOOTER
        unnamed = claim_id == "" or (isinstance(claim_id, str) and _TOTAL.search(claim_id))
        if unnamed and member_id == "":
            label = next((c for c in row.cells if isinstance(c, str) and _TOTAL.search(c)), None)
            if label is not None:
                return "subtotal row" if "sub" in label.casefold() else "total row"
        return None

    return why


def _is_heading(cell: Cell, heading: str) -> bool:
    return isinstance(cell, str) and plain(cell) == plain(heading)


def _repeats(row: Row, found: Recognised) -> bool:
    same = [_is_heading(row.cells[at], found.headings[at]) for at in found.positions.values()]
    return sum(same) >= len(same) - 1


def _faults(
    numbers: Sequence[int], cells: Mapping[Field, Sequence[Any]], found: Recognised
) -> dict[int, str]:
    """Rows that only the whole column shows to be wrong: repeated ids, zeros a spreadsheet ate.

    By place in ``numbers``, the rows' own.
    """
    faults: dict[int, str] = {}
    first: dict[str, int] = {}
    for at, cell in enumerate(cells["claim_id"]):
        claim_id = _bare_id(cell)
        if claim_id and (before := first.setdefault(claim_id, at)) != at:
            again = f"{found.heading('claim_id')} repeats that of row {numbers[before]}"
            others = _differing(cells, before, at, found)
            faults[at] = (
                f"{again} with another {' and '.join(others)}: which of the two is right?"
                if others
                else f"{again}: the same row once more"
            )
    for at in _bare_numbers(cells["claim_id"]):
        faults.setdefault(
            at,
            f"{found.heading('claim_id')} is a number and shorter than others that begin with a "
            "zero: a spreadsheet has probably removed its own",
        )
    for group in _by_payer(cells["member_id"], cells["payer_name"]):
        for at in _shortened(group):
            faults.setdefault(
                at,
                f"{found.columns['member_id']} is shorter than the payer's others: a spreadsheet "
                "has probably removed its leading zeros",
            )
    return faults


def _differing(
    cells: Mapping[Field, Sequence[Any]], one: int, other: int, found: Recognised
) -> list[str]:
    """The headings of what is read from two rows and is not the same."""
    return [
        found.heading(column)
        for column, held in cells.items()
        if column != "claim_id" and _trimmed(held[one]) != _trimmed(held[other])
    ]


def _trimmed(cell: Cell) -> Cell:
    return " ".join(cell.split()) if isinstance(cell, str) else cell


def _by_payer(ids: Sequence[Cell], payers: Sequence[Cell]) -> Iterator[dict[Any, Cell]]:
    """The ids that are all digits, by place, of each payer."""
    digits = [at for at, cell in enumerate(ids) if _bare_id(cell).isdecimal()]
    if not digits:
        return
    import pandas as pd  # takes longer to load than most exports to read

    keys = {name: payer_key(str(name)) for name in set(payers)}
    members = pd.Series([ids[at] for at in digits], index=digits, dtype=object)
    named = pd.Series([keys[payers[at]] for at in digits], index=digits)
    for _, group in members.groupby(named):
        yield group.to_dict()


def _bare_numbers(ids: Sequence[Cell]) -> list[int]:
    """Places of ids that are numbers, where texts beside them are longer and begin with a zero."""
    numbers = [at for at, cell in enumerate(ids) if isinstance(cell, Decimal)]
    if not numbers:
        return []
    texts = (literal(cell) for cell in ids if isinstance(cell, str))
    width = max((len(text) for text in texts if text.isdecimal() and text[0] == "0"), default=0)
    return [at for at in numbers if len(_bare_id(ids[at])) < width]


def _numeric_ids(cells: Mapping[Field, Sequence[Cell]], found: Recognised) -> Iterator[str]:
    """A sentence about each column of ids that a spreadsheet holds as numbers."""
    for one in ("claim_id", "member_id"):
        count = sum(isinstance(cell, Decimal) for cell in cells[one])
        if count:
            yield (
                f"{found.heading(one)} is a number in {count:,} rows: whether it once began with "
                "zeros cannot be seen; compare one with the billing system"
            )


def _shortened(ids: Mapping[Any, Cell]) -> list[int]:
    """Places of one payer's all-digit ids that have lost zeros.

    A number cell cannot hold a leading zero, so one shorter than the longest id has lost some.
    In text it is judged only where most ids have one width and none begins with a zero.
    """
    digits = {at: bare for at, cell in ids.items() if (bare := _bare_id(cell)).isdecimal()}
    if not digits:
        return []
    width = max(map(len, digits.values()))
    short = [at for at, bare in digits.items() if len(bare) < width]
    eaten = (
        len(digits) >= _ENOUGH_TO_JUDGE
        and not any(bare.startswith("0") for bare in digits.values())
        and len(digits) - len(short) >= _MOSTLY * len(digits)
    )
    return [at for at in short if eaten or isinstance(ids[at], Decimal)]


def _bare_id(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return str(int(cell)) if cell == cell.to_integral_value() else str(cell)
    return literal(cell).removeprefix("'") if isinstance(cell, str) else ""


def _parsed(column: Sequence[Cell], field: Field, found: Recognised) -> list[object]:
    """The typed value of each cell, each distinct cell understood once; "" stays None."""
    kind, dates = FIELDS[field], found.system.dates
    of_text: dict[str, object] = {}
    known: dict[tuple[type, str], object] = {}
    values: list[object] = []
    for cell in column:
        if isinstance(cell, str):
            if cell not in of_text:
                of_text[cell] = understood(cell, kind, dates)
            values.append(of_text[cell])
            continue
        key = (type(cell), str(cell))
        if key not in known:
            known[key] = understood(cell, kind, dates)
        values.append(known[key])
    return values


def _settle(values: dict[Field, list[object]], found: Recognised) -> None:
    """Make of each value what it means beside the others: amounts that the system spells below
    zero, birth dates whose century only the day of service tells."""
    for one in found.system.negative:
        if one in values:
            values[one] = [-v if isinstance(v, Decimal) else v for v in values[one]]
    born = values.get("date_of_birth", [])
    for at, (birth, start) in enumerate(zip(born, values["service_from"], strict=False)):
        if isinstance(birth, ShortYear) and isinstance(start, date):
            born[at] = born_before(birth, start)


def _faulty(
    numbers: Sequence[int],
    values: Mapping[Field, Sequence[object]],
    faults: Mapping[int, str],
    found: Recognised,
) -> dict[int, str]:
    """Why rows are no claims, by place: cell by cell, then what is empty, then ``faults``."""
    whys: dict[int, list[str]] = {}
    for one, column in values.items():
        for at, value in enumerate(column):
            if isinstance(value, Unreadable):
                whys.setdefault(at, []).append(f"{found.heading(one)} {value.why}")
    for one in found.system.required:
        if one != "date_of_birth" and None in values[one]:
            for at, value in enumerate(values[one]):
                if value is None:
                    whys.setdefault(at, []).append(f"{found.heading(one)} is empty")
    for at, why in faults.items():
        whys.setdefault(at, []).append(why)
    faulty = {at: "; ".join(several) for at, several in whys.items()}
    return {**_impossible(values, faulty, found), **faulty}


def _impossible(
    values: Mapping[Field, Sequence[Any]], faulty: Container[int], found: Recognised
) -> dict[int, str]:
    """Rows whose dates are readable one by one and cannot all be true, by place."""
    starts = values["service_from"]
    impossible: dict[int, str] = {}
    for one, wrong, how in _OUT_OF_ORDER:
        for at, (start, other) in enumerate(zip(starts, values.get(one, ()), strict=False)):
            if other is not None and at not in faulty and wrong(other, start):
                impossible.setdefault(
                    at, f"{found.heading(one)} is {how} {found.heading('service_from')}"
                )
    return impossible


def _claims(
    numbers: Sequence[int],
    values: Mapping[Field, Sequence[Any]],
    faulty: Container[int],
    payer_ids: Mapping[str, str],
    sources: Callable[[int], SourceRow],
) -> Iterator[Claim]:
    """The claims of the rows that are not ``faulty``; our columns are named as a claim's values."""
    payers = {name: payer_ids.get(payer_key(str(name))) for name in set(values["payer_name"])}
    for at, row in enumerate(zip(*values.values(), strict=True)):
        if at in faulty:
            continue
        cells: dict[str, Any] = dict(zip(values, row, strict=True))
        if "patient_name" in cells:
            cells["patient_last"], cells["patient_first"] = cells.pop("patient_name")
        cells.setdefault("date_of_birth", None)
        # A blank last day means a one-day service, as on the CMS-1500.
        cells["service_to"] = cells.get("service_to") or cells["service_from"]
        yield Claim(**cells, payer=payers[cells["payer_name"]], source=sources(numbers[at]))


def _by_key(payer_ids: Mapping[str, str]) -> dict[str, str]:
    by_key: dict[str, str] = {}
    for name, payer in payer_ids.items():
        if by_key.setdefault(payer_key(name), payer) != payer:
            raise ProfileError(
                f"payer_profiles: {payer} and {by_key[payer_key(name)]} both claim a payer name; "
                "let one profile have it."
            )
    return by_key


__all__ = ["ExportReading", "payer_key", "read_export", "read_rows"]
