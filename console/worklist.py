"""The assisted worklist: what a person types into a portal that no bot may enter."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import xlsxwriter

from billing.model import Claim
from billing.money import dollars
from bots.exports.columns import clean, harmless

HEADINGS = (
    "Payer",
    "Portal",
    "Why by hand",
    "Claim",
    "Payer claim number",
    "Member ID",
    "Last name",
    "First name",
    "Date of birth",
    "Service from",
    "Service to",
    "Billed",
    "Balance",
    "Provider NPI",
    "Provider TIN",
    "Type into the portal",
    "Answer",
)
WIDTHS = (28, 40, 44, 16, 18, 18, 18, 14, 13, 13, 13, 12, 12, 13, 13, 60, 40)


@dataclass(frozen=True, slots=True, repr=False)
class ByHand:
    """One claim to look up: ``typed`` are the portal's own labels with what goes there."""

    claim: Claim
    payer: str
    portal: str
    why: str
    typed: tuple[tuple[str, str], ...]


def worklist_csv(rows: Sequence[ByHand]) -> bytes:
    """UTF-8 with BOM, CRLF; nothing in it runs as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows([harmless(cell) for cell in _cells(row)] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def worklist_xlsx(rows: Sequence[ByHand]) -> bytes:
    """Every cell is text, so that a leading zero stays and a copied cell is what it shows."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet("By hand")
    head = book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
    text = book.add_format({"num_format": "@", "valign": "top"})
    for at, (heading, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True)):
        page.set_column(at, at, width)
        page.write_string(0, at, heading, head)
    for down, row in enumerate(rows, start=1):
        for at, cell in enumerate(_cells(row)):
            page.write_string(down, at, cell, text)
    page.freeze_panes(1, HEADINGS.index("Claim") + 1)
    page.autofilter(0, 0, max(len(rows), 1), len(HEADINGS) - 1)
    book.close()
    return target.getvalue()


def _cells(row: ByHand) -> tuple[str, ...]:
    claim = row.claim
    values = (
        row.payer,
        row.portal,
        row.why,
        claim.claim_id,
        claim.payer_claim_number,
        claim.member_id,
        claim.patient_last,
        claim.patient_first,
        _day(claim.date_of_birth),
        _day(claim.service_from),
        _day(claim.service_to),
        dollars(claim.billed),
        dollars(claim.balance),
        claim.provider_npi,
        claim.provider_tin,
        "; ".join(f"{label}: {value}" for label, value in row.typed),
        "",
    )
    return tuple(clean(value or "").strip() for value in values)


def _day(day: date | None) -> str | None:
    return None if day is None else f"{day:%m/%d/%Y}"
