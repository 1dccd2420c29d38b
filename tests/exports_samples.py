"""Small exports of made-up people, written with the csv module, openpyxl and xlsxwriter."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
from openpyxl.styles import Font, PatternFill

from billing.model import Claim, Conclusion, Evidence, Finding, Outcome
from billing.report import ClaimResult
from bots.exports.read import ExportReading

KAREO = [
    "Claim ID",
    "Patient",
    "Patient DOB",
    "Insurance",
    "Policy Number",
    "DOS From",
    "DOS To",
    "Rendering Provider",
    "Provider NPI",
    "Tax ID",
    "Date Submitted",
    "Last Billed",
    "Total Charge",
    "Insurance Balance",
    "Notes",
    "Encounter ID",
]
NEXTGEN = [
    "Prac Name",
    "Enc Nbr",
    "Rendering",
    "NPI",
    "TIN",
    "Payer",
    "Policy Nbr",
    "Name",
    "Birth Dt",
    "Svc Dt",
    "Svc Thru",
    "Bill Dt",
    "Last Bill Dt",
    "Charges",
    "Balance",
    "St",
    "SSN",
]
OURS = (
    "Sweep outcome",
    "Payer status",
    "Payer status category",
    "Payer claim number (payer)",
    "Paid",
    "Patient responsibility",
    "Payment date",
    "Trace number",
    "Reason codes",
    "Finding",
    "Why",
    "Next action",
    "Due",
    "Checked (UTC)",
    "Evidence",
)
PAYERS = {"Alder Grove Health": "alder-grove", "Fern County Medical Aid": "fern-county"}
SSN = "000-00-0000"
SHEET = "xl/worksheets/sheet1.xml"


def kareo_row(number: int, **changes: str) -> list[str]:
    """One made-up claim as the CSV spells it."""
    row = dict(
        zip(
            KAREO,
            [
                f"{number:08d}",
                "Doe, Jane Q",
                "1/2/1980",
                "Alder Grove Health",
                f"AGH{number:09d}",
                "3/4/2026",
                "3/5/2026",
                "Ash, Robin",
                "1234567890",
                "12-3456789",
                "3/9/2026",
                "4/9/2026",
                f"${1000 + number:,}.50",
                "$20.00",
                "",
                f"E{number}",
            ],
            strict=True,
        )
    )
    return list({**row, **changes}.values())


def kareo_csv(
    rows: Sequence[Sequence[str]],
    *,
    preamble: Sequence[Sequence[str]] = (
        ["Larkspur Family Medicine PLLC"],
        ["Insurance Collections"],
        ["1/1/2026 - 6/30/2026"],
        [],
    ),
    headings: Sequence[str] = KAREO,
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
    ending: str = "\r\n",
    quoting: int = csv.QUOTE_MINIMAL,
) -> bytes:
    """A collections export with preamble and headings."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    for row in (*preamble, headings, *rows):
        writer.writerow(row)
    return text.getvalue().encode(encoding)


def nextgen_row(number: int) -> list[object]:
    """One made-up encounter as typed cells."""
    return [
        "Larkspur Family Medicine PLLC",
        f"ENC{number:06d}",
        "Ash, Robin",
        "1234567890",
        "123456789",
        "Fern County Medical Aid",
        f"{number:010d}",
        "Roe, Sam",
        date(1971, 5, 6),
        date(2026, 2, 3),
        date(2026, 2, 3),
        date(2026, 2, 10),
        date(2026, 3, 10),
        100.25 + number,
        80.1,
        "A",
        SSN,
    ]


def nextgen_xlsx(numbers: Sequence[int], *, subtotal_after: int = 3) -> bytes:
    """An aging workbook: title, styled headings, subtotals, grand total, a hidden sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Aging"
    sheet.append(["Aging Analysis by Encounter"])
    sheet.append(NEXTGEN)
    for cell in sheet[2]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDEEFF")
    for count, number in enumerate(numbers, 1):
        sheet.append(nextgen_row(number))
        if count % subtotal_after == 0:
            sheet.append(["Subtotal", *[None] * 12, 300.75, 240.3])
    sheet.append(["Grand Total", *[None] * 12, f"=SUM(N3:N{sheet.max_row})", 1.0])
    for row in sheet.iter_rows(min_row=3):
        for cell in row[8:13]:
            cell.number_format = "mm/dd/yy"
        for cell in row[13:15]:
            cell.number_format = "#,##0.00"
    sheet.column_dimensions["H"].width = 30
    sheet.freeze_panes = "A3"
    lookups = book.create_sheet("Lookups")
    lookups.append(NEXTGEN)
    lookups.sheet_state = "hidden"
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The workbook's bytes."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook, by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def with_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same archive with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members(data).items():
            archive.writestr(name, change(content) if name == part else content)
    return out.getvalue()


def result_of(
    claim: Claim, *, why: str = "The payer paid in full.", **figures: object
) -> ClaimResult:
    """What a sweep might have learned of a claim."""
    hashes = ("ab" * 32, "cd" * 32)
    settled = {
        "status_category": "F1",
        "status_words": "Paid",
        "payer_claim_number": "0012345678901",
        "paid": Decimal("-12.50"),
        "patient_responsibility": Decimal("7.25"),
        "payment_date": date(2026, 4, 1),
        "trace_number": "00998877",
        "reason_codes": ("CO-45", "PR-1"),
    }
    return ClaimResult(
        item_id=claim.source.row,
        claim=claim,
        conclusion=Conclusion(
            outcome=Outcome.PAID,
            finding=Finding(
                kind="paid-not-posted",
                why=why,
                dollars=Decimal("7.25"),
                next_action="Post the payment.",
                due=date(2026, 12, 1),
                due_basis="payment date and 30 days",
                needs_person=False,
            ),
            evidence=hashes,
            places={"paid": Evidence(hashes[1], "row 2, Paid")},
            **{**settled, **figures},  # type: ignore[arg-type]
        ),
        attempts=1,
        seconds=Decimal("1.5"),
        checked_at=datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC),
    )


def results_of(reading: ExportReading, **figures: object) -> Mapping[int, ClaimResult]:
    """A result for every claim of a reading, by source row."""
    return {c.source.row: result_of(c, **figures) for c in reading.claims}  # type: ignore[arg-type]
