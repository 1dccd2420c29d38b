"""The biller's two exports of unpaid claims: a CSV with its quirks and a styled workbook.

Both shapes are reconstructions from public descriptions of such exports.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from sandbox.world import BilledClaim, World

NOTES = (
    "",
    "",
    "",
    "",
    'called 10/2, rep said "in process"',
    "Müller faxed records, see scan",
    "appeal sent? ask José",
    "=see ticket 18",
    "-2nd request",
    "secondary billed; wait",
    "línea 2 corrected",
)
HEADINGS = (
    "Claim ID,Patient,Patient DOB,Insurance,Policy Number,DOS From,DOS To,Rendering Provider,"
    "Provider NPI,Tax ID,Date Submitted,Last Billed,Total Charge,Insurance Balance,Notes,Encounter ID"
).split(",")
COLUMNS = (
    "Prac Name,Enc Nbr,Rendering,NPI,TIN,Payer,Policy Nbr,Name,Birth Dt,Svc Dt,Svc Thru,Bill Dt,"
    "Last Bill Dt,Charges,Balance,St,SSN"
).split(",")
WIDTHS = (24, 12, 28, 12, 12, 30, 14, 28, 10, 10, 10, 10, 12, 12, 12, 5, 12)


def write_exports(world: World, folder: Path) -> tuple[Path, Path]:
    """Write both exports into ``folder``; the same world, the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    text, workbook = folder / "juniper-ridge.csv", folder / "franklin-medicaid.xlsx"
    text.write_bytes(_csv(world))
    workbook.write_bytes(_xlsx(world))
    return text, workbook


def _csv(world: World) -> bytes:
    rng = random.Random(f"{world.seed}/notes")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    claims = world.commercial.billed
    first = min((c.service_from for c in claims), default=world.as_of)
    writer.writerow(["Larkspur Family Medicine PLLC"])
    writer.writerow(["Insurance Collections"])
    writer.writerow([f"Date range: {_day(first)} - {_day(world.as_of)}"])
    writer.writerow([])
    writer.writerow(HEADINGS)
    for n, claim in enumerate(claims):
        writer.writerow(
            [
                claim.claim_id,
                _name(claim),
                _day(claim.patient.birth),
                claim.payer_name,
                claim.patient.member_id,
                _day(claim.service_from),
                _day(claim.service_to),
                claim.provider_name,
                claim.provider_npi,
                claim.provider_tin,
                _day(claim.submitted),
                _day(claim.last_billed),
                _money(claim.charge),
                _money(claim.balance),
                rng.choice(NOTES),
                f"E-{n + 1:05d}",
            ]
        )
    totals = [""] * len(HEADINGS)
    totals[0] = "Totals"
    totals[12] = _money(sum((c.charge for c in claims), Decimal("0.00")))
    totals[13] = _money(sum((c.balance for c in claims), Decimal("0.00")))
    writer.writerow(totals)
    return out.getvalue().encode("utf-8-sig")


def _xlsx(world: World) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": datetime(2026, 1, 1), "author": "Aging report"})  # noqa: DTZ001 - a fixed stamp
    sheet = book.add_worksheet("Aging")
    styles = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format(
            {"bold": True, "bg_color": "#D9E2F3", "border": 1, "text_wrap": True}
        ),
        "day": book.add_format({"num_format": "mm/dd/yy"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
        "text": book.add_format({"num_format": "@"}),
        "sum": book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1}),
        "bold": book.add_format({"bold": True, "top": 1}),
    }
    for n, width in enumerate(WIDTHS):
        sheet.set_column(n, n, width)
    sheet.write(0, 0, f"Aging Analysis by Encounter as of {_day(world.as_of)}", styles["title"])
    sheet.write_row(2, 0, COLUMNS, styles["head"])
    sheet.freeze_panes(3, 2)
    row, group = 3, list[BilledClaim]()
    claims = world.medicaid.billed
    for n, claim in enumerate(claims):
        _row(sheet, row, claim, styles)
        row, group = row + 1, [*group, claim]
        if len(group) == 25 or n == len(claims) - 1:
            _total(sheet, row, "Subtotal", group, styles)
            row, group = row + 1, []
    _total(sheet, row, "Grand Total", claims, styles)
    lookups = book.add_worksheet("Lookups")
    lookups.write_column(0, 0, ["St", "B", "R", "P"])
    lookups.hide()
    book.close()
    return out.getvalue()


def _row(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, c: BilledClaim, styles: dict[str, object]
) -> None:
    texts = (
        "Larkspur Family Med",
        c.claim_id,
        c.provider_name,
        c.provider_npi,
        c.provider_tin,
        c.payer_name,
        c.patient.member_id,
        _name(c),
    )
    for n, text in enumerate(texts):
        sheet.write_string(row, n, text, styles["text"])
    for n, day in enumerate(
        (c.patient.birth, c.service_from, c.service_to, c.submitted, c.last_billed), 8
    ):
        sheet.write_datetime(row, n, day, styles["day"])
    # a spreadsheet's number is binary; two decimals survive the way there and back
    sheet.write_number(row, 13, float(c.charge), styles["money"])
    sheet.write_number(row, 14, float(c.balance), styles["money"])
    sheet.write_string(row, 15, "B")
    sheet.write_string(row, 16, "000-00-0000")


def _total(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    title: str,
    claims: list[BilledClaim] | tuple[BilledClaim, ...],
    styles: dict[str, object],
) -> None:
    sheet.write(row, 0, title, styles["bold"])
    sheet.write_number(row, 13, float(sum((c.charge for c in claims), Decimal(0))), styles["sum"])
    sheet.write_number(row, 14, float(sum((c.balance for c in claims), Decimal(0))), styles["sum"])


def _name(claim: BilledClaim) -> str:
    p = claim.patient
    return f"{p.last}, {p.first}{f' {p.middle}' if p.middle else ''}"


def _day(value: date) -> str:
    return f"{value.month}/{value.day}/{value.year}"


def _money(value: Decimal) -> str:
    return f"${value:,.2f}"
