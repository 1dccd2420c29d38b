"""Claims out of an export, and every row that is none with the reason why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

import pandas as pd

from billing.errors import BadInput, ProfileError
from billing.model import Claim, SourceRow
from billing.money import ZERO
from billing.report import RefusedRow
from bots.exports.cells import Unreadable, literal, understood
from bots.exports.recognise import Recognised, Row, Sheeted, recognise, rows_below
from bots.exports.systems import FIELDS, Field, Kind, plain
from bots.exports.workbook import Cell

_TOTAL = re.compile(r"\b(sub|grand)?[\s-]?totals?\b", re.I)
_ENOUGH_TO_JUDGE = 10
_MOSTLY = 0.8


@dataclass(frozen=True, slots=True)
class ExportReading:
    """An export as read: ``rows_in == len(claims) + len(refused)``; totals are of ``claims``."""

    name: str
    sha256: str
    recognised: Recognised
    claims: tuple[Claim, ...] = field(repr=False)
    refused: tuple[RefusedRow, ...]
    rows_in: int
    billed_total: Decimal
    balance_total: Decimal

    @property
    def system(self) -> str:
        """The billing system's name."""
        return self.recognised.system.system


def payer_key(payer_name: str) -> str:
    """A payer's name as names are compared: without case and doubled blanks."""
    return " ".join(payer_name.split()).casefold()


def read_export(data: bytes, name: str, *, payer_ids: Mapping[str, str]) -> ExportReading:
    """Read every row below the headings as a claim, or refuse it with a reason.

    ``payer_ids`` leads from a payer's name to its profile; a name that it does not know gives a
    claim without payer. Raises BadInput when the file cannot be used at all.
    """
    found = recognise(data, name)
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
    kept: dict[int, list[Cell]] = {}
    wanted = list(found.positions.values())
    only_furniture = True
    rows_in = 0
    for row in rows:
        rows_in += 1
        why = _furniture(row, found)
        if why is None and row.surplus:
            why = f"the row has {row.surplus} filled cells beyond the last heading"
            only_furniture = False
        if why is None:
            kept[row.row] = [row.cells[at] for at in wanted]
        else:
            refused[row.row] = why
    if not kept and only_furniture:
        raise BadInput(
            f"{name}, row {found.header_row}: there are headings but no claims below them; "
            "widen the report's filter and export it again."
        )
    frame = pd.DataFrame.from_dict(
        kept, orient="index", columns=pd.Index(list(found.positions)), dtype=object
    )
    faults = _faults(frame, found)
    values = {
        column: _parsed(frame[column], FIELDS[column], found)
        for column in cast(list[Field], list(frame.columns))
    }
    by_payer = _by_key(payer_ids)
    claims: list[Claim] = []
    for position, number in enumerate(kept):
        cells = {column: parsed[position] for column, parsed in values.items()}
        made = _claim(cells, found, faults.get(number), by_payer, SourceRow(sha256, number, sheet))
        if isinstance(made, Claim):
            claims.append(made)
        else:
            refused[number] = made.why
    return ExportReading(
        name=name,
        sha256=sha256,
        recognised=found,
        claims=tuple(claims),
        refused=tuple(RefusedRow(row, refused[row], sheet) for row in sorted(refused)),
        rows_in=rows_in,
        billed_total=sum((claim.billed for claim in claims), ZERO),
        balance_total=sum((claim.balance for claim in claims), ZERO),
    )


def _furniture(row: Row, found: Recognised) -> str | None:
    """Why a row belongs to the report's layout and was never meant as a claim."""
    if not row.surplus and all(isinstance(c, str) and not c.strip() for c in row.cells):
        return "blank row"
    claim_id = row.cells[found.positions["claim_id"]]
    if _is_heading(claim_id, found.heading("claim_id")) and _repeats_headings(row, found):
        return "headings repeated"
    unnamed = claim_id == "" or (isinstance(claim_id, str) and _TOTAL.search(claim_id))
    if unnamed and row.cells[found.positions["member_id"]] == "":
        label = next((c for c in row.cells if isinstance(c, str) and _TOTAL.search(c)), None)
        if label is not None:
            return "subtotal row" if "sub" in label.casefold() else "total row"
    return None


def _is_heading(cell: Cell, heading: str) -> bool:
    return isinstance(cell, str) and plain(cell) == plain(heading)


def _repeats_headings(row: Row, found: Recognised) -> bool:
    same = [_is_heading(row.cells[at], found.headings[at]) for at in found.positions.values()]
    return sum(same) >= len(same) - 1


def _faults(frame: pd.DataFrame, found: Recognised) -> dict[int, str]:
    """Rows that only the whole column shows to be wrong: repeated ids, zeros a spreadsheet ate."""
    faults: dict[int, str] = {}
    ids = frame["claim_id"].map(_bare_id)
    first: dict[str, int] = {}
    for number, claim_id in zip(frame.index, ids, strict=True):
        if claim_id and first.setdefault(claim_id, number) != number:
            heading = found.heading("claim_id")
            faults[number] = f"{heading} repeats that of row {first[claim_id]}"
    for _, group in frame.groupby(frame["payer_name"].map(str).map(payer_key), sort=False):
        for number in _shortened(group["member_id"]):
            faults.setdefault(
                number,
                f"{found.columns['member_id']} is shorter than the payer's others: a spreadsheet "
                "has probably removed its leading zeros",
            )
    return faults


def _shortened(ids: pd.Series) -> list[int]:
    """Rows of one payer whose all-digit id has lost zeros.

    A number cell cannot hold a leading zero, so one shorter than the longest id has lost some.
    In text it is judged only where most ids have one width and none begins with a zero.
    """
    digits = ids.map(_bare_id)
    digits = digits[digits.str.fullmatch(r"\d+")]
    if digits.empty:
        return []
    width = digits.str.len()
    short = width < width.max()
    numeric = ids.loc[digits.index].map(lambda cell: isinstance(cell, Decimal))
    eaten = (
        len(digits) >= _ENOUGH_TO_JUDGE
        and not digits.str.startswith("0").any()
        and (~short).mean() >= _MOSTLY
    )
    return [int(number) for number in digits.index[short & (numeric | eaten)]]


def _bare_id(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return str(int(cell)) if cell == cell.to_integral_value() else str(cell)
    return literal(cell).removeprefix("'") if isinstance(cell, str) else ""


def _parsed(column: pd.Series, kind: Kind, found: Recognised) -> list[object]:
    """The typed value of each cell, each distinct cell understood once; "" stays None."""
    known: dict[tuple[type, str], object] = {}
    values: list[object] = []
    for cell in cast(Iterable[Cell], column):
        key = (type(cell), str(cell))
        if key not in known:
            known[key] = understood(cell, kind, found.system.dates)
        values.append(known[key])
    return values


def _claim(
    cells: dict[Field, object],
    found: Recognised,
    fault: str | None,
    payer_ids: Mapping[str, str],
    source: SourceRow,
) -> Claim | Unreadable:
    whys = [f"{found.heading(f)} {v.why}" for f, v in cells.items() if isinstance(v, Unreadable)]
    needed = [f for f in found.system.required if f != "date_of_birth"]
    whys += [f"{found.heading(f)} is empty" for f in needed if cells[f] is None]
    whys += [fault] if fault else []
    if whys:
        return Unreadable("; ".join(whys))
    if "patient_name" in cells:
        last, first = cast(tuple[str, str], cells.pop("patient_name"))
        cells |= {"patient_last": last, "patient_first": first}
    born = cast("date | None", cells.get("date_of_birth"))
    start = cast(date, cells["service_from"])
    # A blank last day means a one-day service, as on the CMS-1500.
    end = cast("date | None", cells.get("service_to")) or start
    if end < start:
        return Unreadable(
            f"{found.heading('service_to')} is before {found.heading('service_from')}"
        )
    if born is not None and born > start:
        return Unreadable(
            f"{found.heading('date_of_birth')} is after {found.heading('service_from')}"
        )
    payer_name = cast(str, cells["payer_name"])
    return Claim(
        claim_id=cast(str, cells["claim_id"]),
        payer=payer_ids.get(payer_key(payer_name)),
        payer_name=payer_name,
        member_id=cast(str, cells["member_id"]),
        patient_last=cast(str, cells["patient_last"]),
        patient_first=cast(str, cells["patient_first"]),
        date_of_birth=born,
        service_from=start,
        service_to=end,
        billed=cast(Decimal, cells["billed"]),
        balance=cast(Decimal, cells["balance"]),
        source=source,
        payer_claim_number=cast("str | None", cells.get("payer_claim_number")),
        provider_npi=cast("str | None", cells.get("provider_npi")),
        provider_tin=cast("str | None", cells.get("provider_tin")),
        submitted=cast("date | None", cells.get("submitted")),
        last_billed=cast("date | None", cells.get("last_billed")),
        secondary_payer=cast("str | None", cells.get("secondary_payer")),
        authorization_number=cast("str | None", cells.get("authorization_number")),
        insurance_paid=cast("Decimal | None", cells.get("insurance_paid")),
        owner=cast("str | None", cells.get("owner")),
        contract=cast("str | None", cells.get("contract")),
    )


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
