"""A payer's fee_schedule.csv becomes contract prices, or a refusal naming file, row and remedy."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from billing.errors import BadInput, ProfileError
from billing.fee_schedule import ContractFee, FeeSchedule
from billing.money import money
from bots.file_bytes import read_file

FEE_SCHEDULE = "fee_schedule.csv"
COLUMNS = ("procedure", "modifiers", "contract", "from", "to", "allowed")
ANY = "*"
_PROCEDURE = re.compile(r"[A-Z0-9]\d{3}[A-Z0-9]")
_MODIFIER = re.compile(r"[A-Z0-9]{2}")


def load_fee_schedule(path: Path) -> FeeSchedule:
    """The fee schedule at ``path``.

    Raises ProfileError (``file:line: fact; what is allowed``, one line for each fact).
    """
    try:
        data = read_file(path)
        text = data.decode("utf-8-sig")
    except BadInput as error:
        raise ProfileError(str(error)) from error
    except UnicodeDecodeError:
        raise ProfileError(f"{path}: is not UTF-8; save it as CSV UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    fees: list[ContractFee] = []
    faults: list[str] = []
    try:
        heading = tuple(one.strip().lower() for one in reader.fieldnames or ())
        if heading != COLUMNS:
            raise ProfileError(f"{path}:1: the columns are {', '.join(COLUMNS)}, in this order")
        reader.fieldnames = list(COLUMNS)
        for cells in reader:
            row = reader.line_num
            found = list(_faults(cells))
            faults += [f"{path}:{row}: {fault}" for fault in found]
            begins, allowed = _day(_cell(cells, "from")), _dollars(_cell(cells, "allowed"))
            if not found and begins is not None and allowed is not None:
                fees.append(_fee(cells, row, begins, allowed))
    except csv.Error as error:
        raise ProfileError(f"{path}:{reader.line_num}: is no CSV ({error})") from None
    if faults:
        raise ProfileError("\n".join(faults))
    if not fees:
        raise ProfileError(f"{path}: holds no row; fill it in or take the file away")
    return FeeSchedule(hashlib.sha256(data).hexdigest(), tuple(fees))


def _faults(cells: Mapping[str | None, str | None]) -> Iterator[str]:
    if None in cells or None in cells.values():
        yield f"has not {len(COLUMNS)} cells; there is one for each of {', '.join(COLUMNS)}"
        return
    cell = {name: _cell(cells, name) for name in COLUMNS}
    if not _PROCEDURE.fullmatch(cell["procedure"].upper()):
        yield f"procedure is {cell['procedure']!r}; allowed is a code of five, such as G0463"
    words = cell["modifiers"].upper().split()
    if cell["modifiers"] != ANY and not all(_MODIFIER.fullmatch(one) for one in words):
        yield (
            f"modifiers is {cell['modifiers']!r}; allowed are codes of two with a blank between, "
            f"nothing for a line without any, or {ANY} for whatever it has"
        )
    if not cell["contract"]:
        yield f"contract is empty; allowed are a contract's name or {ANY} for every one"
    begins, ends = _day(cell["from"]), _day(cell["to"])
    if begins is None:
        yield f"from is {cell['from']!r}; allowed is a date such as 2026-01-01"
    if cell["to"] and ends is None:
        yield f"to is {cell['to']!r}; allowed are a date such as 2026-12-31 or nothing"
    if begins is not None and ends is not None and ends < begins:
        yield f"to {ends} is before from {begins}; turn them round"
    allowed = _dollars(cell["allowed"])
    if allowed is None or allowed < 0:
        yield f"allowed is {cell['allowed']!r}; allowed are dollars such as 84.50, not below zero"


def _fee(
    cells: Mapping[str | None, str | None], row: int, begins: date, allowed: Decimal
) -> ContractFee:
    modifiers, contract = _cell(cells, "modifiers"), _cell(cells, "contract")
    return ContractFee(
        procedure=_cell(cells, "procedure").upper(),
        modifiers=None if modifiers == ANY else frozenset(modifiers.upper().split()),
        contract=None if contract == ANY else contract,
        begins=begins,
        ends=_day(_cell(cells, "to")),
        allowed=allowed,
        row=row,
    )


def _cell(cells: Mapping[str | None, str | None], name: str) -> str:
    return (cells[name] or "").strip()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-01") else None
    except ValueError:
        return None


def _dollars(text: str) -> Decimal | None:
    try:
        return money(text)
    except ValueError:
        return None
