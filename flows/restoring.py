"""Exported files of postings, read back into a ledger of before they went out."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from billing.errors import BadInput
from billing.ledger import Ledger
from billing.model import Posting, PostingKind
from flows.intake import read_file

CSV = "text/csv"


def take_in(ledger: Ledger, path: Path, *, by: str) -> tuple[str, bool]:
    """Enter the batch of an exported ``postings-….csv``, whose totals lie beside it; its name and
    whether it was new to this ledger. Raises BadInput."""
    from console.batches import undo_csv

    data = read_file(path)
    rows = _rows(path, data)
    names = {row["Batch"] for row in rows}
    if len(names) != 1:
        raise BadInput(f"{path}: not one batch's exported postings (postings-….csv)")
    (name,) = names
    postings = [_posting(path, row) for row in rows]
    totals = path.with_name(f"totals-{name}.csv")
    files = {
        f"postings-{name}.csv": data,
        f"totals-{name}.csv": read_file(totals),
        f"undo-{name}.csv": undo_csv(name, postings),
    }
    stored = {file: ledger.store(content, CSV) for file, content in files.items()}
    new = ledger.take_in_exported(name, postings, stored, by=by, at=datetime.now(UTC))
    return name, new


def _rows(path: Path, data: bytes) -> list[dict[str, str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    if not rows or not {"Batch", "Key", "Amount", "Kind"} <= rows[0].keys():
        raise BadInput(f"{path}: not one batch's exported postings (postings-….csv)")
    return [{key: _plain(value or "") for key, value in row.items()} for row in rows]


def _plain(text: str) -> str:
    """A text without the apostrophe that keeps a spreadsheet from running it."""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r" else text


def _posting(path: Path, row: Mapping[str, str]) -> Posting:
    from console.words import POSTINGS

    kinds = {words: kind for kind, words in POSTINGS.items()}
    try:
        return Posting(
            payer=row["Key"].partition("|")[0],
            trace_number=row["Trace number"],
            payer_claim_number=row["Payer claim number"],
            line=int(row["Line"]),
            kind=PostingKind(kinds[row["Kind"]]),
            code=row["Code"],
            amount=Decimal(row["Amount"]),
            claim_id=row["Claim"],
            unit=row["Key"].rsplit("|", 2)[0],
            payment_date=date.fromisoformat(row["Payment date"]) if row["Payment date"] else None,
            note=row["Note"],
        )
    except (KeyError, ValueError, InvalidOperation):
        raise BadInput(f"{path}: a row is not as it was exported; use the file as it was") from None
