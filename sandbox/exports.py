"""The biller's exports of unpaid claims; their two shapes are reconstructions, not samples."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import xlsxwriter

from sandbox.payers import STYLES
from sandbox.world import BilledClaim, Payer, World

PRACTICE = "Larkspur Family Medicine PLLC"
CSV_HEADINGS = (
    "Claim ID,Patient,Patient DOB,Insurance,Policy Number,DOS From,DOS To,Rendering Provider,"
    "Provider NPI,Tax ID,Date Submitted,Last Billed,Total Charge,Insurance Balance,Notes,"
    "Encounter ID"
).split(",")
XLSX_HEADINGS = (
    "Prac Name,Enc Nbr,Rendering,NPI,TIN,Payer,Policy Nbr,Name,Birth Dt,Svc Dt,Svc Thru,Bill Dt,"
    "Last Bill Dt,Charges,Balance,St,SSN"
).split(",")
WIDTHS = (30, 12, 26, 12, 12, 31, 13, 34, 10, 10, 10, 10, 12, 12, 12, 5, 12)
CHARGES, BALANCE = XLSX_HEADINGS.index("Charges"), XLSX_HEADINGS.index("Balance")
NO_SSN = "000-00-0000"
FIRST_ENCOUNTER = 310_040
_NOTES = (
    'Called 10/2, rep said "in process", ref 4471',
    "Müller at front desk has the card copy",
    "Left msg; patient to call back, then rebill",
    "José asked for the itemised bill",
    "2nd request sent - no reply",
    "secondary? check w/ patient",
    "línea 2 corrected, see fax",
)
# typed by someone who thought of a ledger; a spreadsheet would take it for a formula
_TYPED = ("=see ticket 18", "=CALL BACK MON")


def write_exports(world: World, folder: Path) -> tuple[Path, ...]:
    """Write one file for each payer into ``folder``; the same world, the same bytes.

    A workbook for a public programme, a CSV file for a plan, named by the payer's id.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for payer in world.payers:
        public = STYLES[payer.payer_id].public
        path = folder / f"{payer.payer_id}.{'xlsx' if public else 'csv'}"
        path.write_bytes(_xlsx(world, payer) if public else _csv(world, payer))
        paths.append(path)
    return tuple(paths)


def _csv(world: World, payer: Payer) -> bytes:
    claims = payer.billed
    notes = _notes(Random(f"{world.seed}/notes"), len(claims))
    first = min(claim.service_from for claim in claims)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([PRACTICE])
    writer.writerow(["Insurance Collections"])
    writer.writerow([f"Date range: {_short(first)} - {_short(world.as_of)}"])
    writer.writerow([])
    writer.writerow(CSV_HEADINGS)
    for place, (claim, note) in enumerate(zip(claims, notes, strict=True)):
        writer.writerow(
            [
                claim.claim_id,
                _name(claim),
                _short(claim.patient.birth),
                claim.payer_name,
                claim.patient.member_id,
                _short(claim.service_from),
                _short(claim.service_to),
                claim.provider_name,
                claim.provider_npi,
                claim.provider_tin,
                _short(claim.submitted),
                _short(claim.last_billed),
                _money(claim.charge),
                _money(claim.balance),
                note,
                FIRST_ENCOUNTER + 7 * place,
            ]
        )
    totals = [""] * len(CSV_HEADINGS)
    totals[0] = "Totals"
    totals[CSV_HEADINGS.index("Total Charge")] = _money(_sum(c.charge for c in claims))
    totals[CSV_HEADINGS.index("Insurance Balance")] = _money(_sum(c.balance for c in claims))
    writer.writerow(totals)
    return stream.getvalue().encode("utf-8-sig")


def _notes(random: Random, count: int) -> list[str]:
    """A note for about one row in four; the first and the middle one begin with "="."""
    notes = [random.choice(_NOTES) if random.random() < 0.25 else "" for _ in range(count)]
    for place, typed in zip({0, count // 2}, _TYPED, strict=False):
        notes[place] = typed
    return notes


@dataclass(frozen=True, slots=True)
class _Styles:
    """The workbook's cell formats."""

    title: Any
    heading: Any
    text: Any
    day: Any
    money: Any
    total: Any
    total_money: Any


def _xlsx(world: World, payer: Payer) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"title": "Aging", "created": datetime(2026, 1, 1)})  # noqa: DTZ001 - fixed, so that the bytes are
    styles = _styles(book)
    sheet = book.add_worksheet("Aging")
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    title = f"Aging Analysis by Encounter as of {_short(world.as_of)}"
    sheet.write_string(0, 0, title, styles.title)
    for column, heading in enumerate(XLSX_HEADINGS):
        sheet.write_string(1, column, heading, styles.heading)
    sheet.freeze_panes(2, 2)
    claims = sorted(payer.billed, key=lambda claim: claim.provider_name)
    row = 2
    for rendering, rows in groupby(claims, key=lambda claim: claim.provider_name):
        group = list(rows)
        for claim in group:
            _write_claim(sheet, row, claim, styles)
            row += 1
        _write_total(sheet, row, f"Subtotal {rendering}", group, styles)
        row += 1
    _write_total(sheet, row, "Grand Total", claims, styles)
    lookups = book.add_worksheet("Lookups")
    for place, (code, meaning) in enumerate((("St", "Status"), ("B", "Billed"), ("R", "Rebilled"))):
        lookups.write_string(place, 0, code)
        lookups.write_string(place, 1, meaning)
    lookups.hide()
    book.close()
    return stream.getvalue()


def _styles(book: Any) -> _Styles:
    heading = {"bold": True, "bg_color": "#D9E2F3", "border": 1, "text_wrap": True}
    money, total = {"num_format": "#,##0.00"}, {"bold": True, "top": 1}
    return _Styles(
        title=book.add_format({"bold": True, "font_size": 14}),
        heading=book.add_format(heading),
        text=book.add_format({"num_format": "@"}),
        day=book.add_format({"num_format": "mm/dd/yy"}),
        money=book.add_format(money),
        total=book.add_format(total),
        total_money=book.add_format(money | total),
    )


def _write_claim(sheet: Any, row: int, claim: BilledClaim, styles: _Styles) -> None:
    texts = (
        PRACTICE,
        claim.claim_id,
        claim.provider_name,
        claim.provider_npi,
        claim.provider_tin,
        claim.payer_name,
        claim.patient.member_id,
        _name(claim),
    )
    days = (
        claim.patient.birth,
        claim.service_from,
        claim.service_to,
        claim.submitted,
        claim.last_billed,
    )
    for column, text in enumerate(texts):
        sheet.write_string(row, column, text, styles.text)
    for column, day in enumerate(days, len(texts)):
        sheet.write_datetime(row, column, day, styles.day)
    sheet.write_number(row, CHARGES, claim.charge, styles.money)
    sheet.write_number(row, BALANCE, claim.balance, styles.money)
    sheet.write_string(row, 15, "R" if claim.last_billed > claim.submitted else "B")
    sheet.write_string(row, 16, NO_SSN, styles.text)


def _write_total(
    sheet: Any, row: int, title: str, claims: Sequence[BilledClaim], styles: _Styles
) -> None:
    sheet.write_string(row, 0, title, styles.total)
    sheet.write_number(row, CHARGES, _sum(c.charge for c in claims), styles.total_money)
    sheet.write_number(row, BALANCE, _sum(c.balance for c in claims), styles.total_money)


def _name(claim: BilledClaim) -> str:
    person = claim.patient
    return f"{person.last}, {person.first} {person.middle}".rstrip()


def _short(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _money(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))
