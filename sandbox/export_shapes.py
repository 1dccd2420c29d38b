"""The biller's exports in the shapes of other billing systems, each with its answer key."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import xlsxwriter

from sandbox.exports import NO_SSN, PRACTICE
from sandbox.world import BilledClaim, Payer, World

Value = str | date | Decimal
OWNERS = ("Finch, A", "Wren, B", "Rook, C")
PAGE = 20
"""Claims on a page of a report that repeats its headings."""
_STATUSES = ("BILLED", "FOLLOWUP", "HOLD", "APPEALED")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one system writes its export; every heading leads to what stands below it.

    ``day`` and ``amount`` spell dates and money (a workbook has cells of its own for both).
    ``every_page`` repeats the headings, ``totals`` names the last row, ``twice`` writes the first
    claim again at the end, and ``eaten`` shows the last claim's birth date as ``####``.
    """

    suffix: str
    columns: Mapping[str, Callable[[BilledClaim, int], Value]]
    preamble: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL
    day: Callable[[date, int], str] = lambda day, _: f"{day:%m/%d/%Y}"
    amount: Callable[[Decimal], str] = lambda amount: f"{amount:.2f}"
    every_page: bool = False
    totals: str = ""
    twice: bool = False
    eaten: bool = False


def _caps(claim: BilledClaim, _: int) -> str:
    who = claim.patient
    return f"{who.last},{who.first} {who.middle}".rstrip().upper()


def _name(claim: BilledClaim, place: int) -> str:
    """Every seventh patient has a Jr., once after the last name and once after the first."""
    who = claim.patient
    last = f"{who.last} Jr." if place % 14 == 3 else who.last
    first = f"{who.first} {who.middle}".rstrip() + (" Jr" if place % 14 == 10 else "")
    return f"{last}, {first}"


def _with_midnight(day: date, place: int) -> str:
    """Two spellings in one column, as a vendor's sheet has them."""
    return f"{day:%m/%d/%Y} 12:00:00 AM" if place % 2 else f"{day:%m/%d/%Y}"


def _short_year(day: date, _: int) -> str:
    """Two digits for the year but where the century would be open."""
    return f"{day:%m/%d/%y}" if day.year < 2000 or day.year >= 2025 else f"{day:%m/%d/%Y}"


def _trailing_minus(amount: Decimal) -> str:
    return f"{abs(amount):,.2f}{'-' if amount < 0 else ''}"


def _in_brackets(amount: Decimal) -> str:
    return f"(${-amount:,.2f})" if amount < 0 else f"${amount:,.2f}"


def _paid(claim: BilledClaim) -> Decimal:
    return claim.charge - claim.balance


SHAPES: Mapping[str, Shape] = {
    "epic_pb": Shape(
        ".txt",
        {
            "Invoice Number": lambda c, _: c.claim_id,
            "Patient Name": _caps,
            "Birth Date": lambda c, _: c.patient.birth,
            "Payor": lambda c, _: c.payer_name,
            "Plan": lambda c, _: f"{c.payer_name} PLAN A",
            "Subscriber ID": lambda c, _: c.patient.member_id,
            "Service Date": lambda c, _: c.service_from,
            "To Service Date": lambda c, _: c.service_to,
            "Billing Provider NPI": lambda c, _: c.provider_npi,
            "First Claim Date": lambda c, _: c.submitted,
            "Last Claim Date": lambda c, _: c.last_billed,
            "Charge Amount": lambda c, _: c.charge,
            "Insurance Payments": lambda c, _: -_paid(c),
            "Outstanding Insurance": lambda c, _: c.balance,
            "Assigned User": lambda _, place: OWNERS[place % 3],
            "Financial Class": lambda _, place: ("Commercial", "Medicaid")[place % 2],
        },
        delimiter="|",
        twice=True,
    ),
    "epic_hb": Shape(
        ".xlsx",
        {
            "HAR": lambda c, _: c.claim_id,
            "Patient Name": _caps,
            "Birth Date": lambda c, _: c.patient.birth,
            "Payor": lambda c, _: c.payer_name,
            "Subscriber ID": lambda c, _: c.patient.member_id,
            "Admission Date": lambda c, _: c.service_from,
            "Discharge Date": lambda c, _: c.service_to,
            "Facility NPI": lambda c, _: c.provider_npi,
            "First Billed Date": lambda c, _: c.submitted,
            "Last Billed Date": lambda c, _: c.last_billed,
            "Total Charges": lambda c, _: c.charge,
            "Total Insurance Payments": lambda c, _: -_paid(c),
            "Payor Balance": lambda c, _: c.balance,
            "Bucket Status": lambda _, place: ("Billed", "Open")[place % 2],
        },
        preamble=(PRACTICE, "Insurance follow-up by hospital account", "", "simulated"),
        totals="Grand Total",
    ),
    "cerner": Shape(
        ".txt",
        {
            "FIN NBR": lambda _, place: f"70{place:07d}",
            "Balance Type": lambda _, place: ("Professional", "Institutional")[place % 2],
            "Claim Nbr": lambda c, _: c.claim_id,
            "Claim Status": lambda _, place: ("Submitted", "Ready to bill")[place % 2],
            "Name Full Formatted": _name,
            "Birth Dt Tm": lambda c, _: c.patient.birth,
            "Health Plan": lambda c, _: c.payer_name,
            "Subs Member Nbr": lambda c, _: c.patient.member_id,
            "Beg Service Dt Tm": lambda c, _: c.service_from,
            "End Service Dt Tm": lambda c, _: c.service_to,
            "Billing NPI": lambda c, _: c.provider_npi,
            "Submitted Dt Tm": lambda c, _: c.submitted,
            "Claim Amt": lambda c, _: c.charge,
            "Insurance Payment Amt": lambda c, _: _paid(c),
            "Balance Amt": lambda c, _: c.balance,
            "Comment": lambda _, place: "Müller called \u2013 no answer" if place % 9 == 4 else "",
        },
        encoding="cp1252",
        delimiter="\t",
        day=_with_midnight,
        amount=_trailing_minus,
        every_page=True,
        eaten=True,
    ),
    "athena": Shape(
        ".csv",
        {
            "Claim ID": lambda c, _: c.claim_id,
            "Claim Status": lambda _, place: _STATUSES[place % 4],
            "Patient Name": _name,
            "Patient DOB": lambda c, _: c.patient.birth,
            "Primary Payer": lambda c, _: c.payer_name,
            "Insurance Package": lambda c, _: f"{c.payer_name} (PPO)",
            "Policy ID Number": lambda c, _: c.patient.member_id,
            "Service Date": lambda c, _: c.service_from,
            "Last Service Date": lambda c, _: c.service_to,
            "Rendering Provider NPI": lambda c, _: c.provider_npi,
            "First Billed Date": lambda c, _: c.submitted,
            "Last Billed Date": lambda c, _: c.last_billed,
            "Charge Amount": lambda c, _: c.charge,
            "Payer Payments": lambda c, _: _paid(c),
            "Outstanding Amount": lambda c, _: c.balance,
            "Claim Owner": lambda _, place: OWNERS[place % 3],
        },
        encoding="utf-8-sig",
        quoting=csv.QUOTE_ALL,
        amount=_in_brackets,
        totals="Total",
    ),
    "eclinicalworks": Shape(
        ".csv",
        {
            "Claim No": lambda c, _: c.claim_id,
            "Status": lambda _, place: ("Pending", "Rejected", "Submitted")[place % 3],
            "Patient Acct No": lambda _, place: str(5000 + place),
            "Patient Name": _name,
            "Patient SSN": lambda _, __: NO_SSN,
            "Patient DOB": lambda c, _: c.patient.birth,
            "Payer Name": lambda c, _: c.payer_name,
            "Subscriber No": lambda c, _: c.patient.member_id,
            "Service Date": lambda c, _: c.service_from,
            "Service Date To": lambda c, _: c.service_to,
            "Rendering NPI": lambda c, _: c.provider_npi,
            "First Submission Date": lambda c, _: c.submitted,
            "Billed Charge": lambda c, _: c.charge,
            "Insurance Paid": lambda c, _: _paid(c),
            "Claim Balance": lambda c, _: c.balance,
        },
        preamble=("eBO", "Insurance aging by claim", "Data as of yesterday", ""),
        delimiter=";",
        day=_short_year,
        totals="Totals",
    ),
}


def write_shaped(world: World, folder: Path, system: str) -> tuple[Path, ...]:
    """Write each payer's claims as ``system`` would, and ``answer-key.json`` of what they say."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = SHAPES[system]
    paths, keys = [], []
    for payer in world.payers:
        lines, key = _lines(payer, shape)
        path = folder / f"{payer.payer_id}{shape.suffix}"
        path.write_bytes(_book(lines) if shape.suffix == ".xlsx" else _text(lines, shape))
        paths.append(path)
        keys.append({"file": path.name, "system": system, **key})
    answers = folder / "answer-key.json"
    answers.write_text(json.dumps(keys, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return (*paths, answers)


def _lines(payer: Payer, shape: Shape) -> tuple[list[list[Value]], dict[str, Any]]:
    """Every line of the export, and the key: its claims and what else stands in which row."""
    headings: list[Value] = list(shape.columns)
    lines: list[list[Value]] = [[text] for text in shape.preamble]
    key: dict[str, Any] = {"headings": len(lines) + 1, "claims": [], "refused": {}}
    lines.append(headings)
    last = len(payer.billed) - 1
    for place, claim in enumerate(payer.billed):
        if shape.every_page and place and place % PAGE == 0:
            lines.append(headings)
            key["refused"][len(lines)] = "headings repeated"
        row = [value(claim, place) for value in shape.columns.values()]
        lines.append([_spelled(value, place, shape) for value in row])
        if shape.eaten and place == last:
            lines[-1][list(shape.columns).index("Birth Dt Tm")] = "########"
            key["refused"][len(lines)] = "a date shown as ####"
        else:
            key["claims"].append({"row": len(lines), **_told(claim)})
    if shape.twice:
        lines.append(lines[key["headings"]])
        key["refused"][len(lines)] = "the first claim again"
    if shape.totals:
        lines.append(_total(payer, shape))
        key["refused"][len(lines)] = "total row"
    return lines, key | {"rows": len(lines) - key["headings"]}


def _told(claim: BilledClaim) -> dict[str, str]:
    """What the row says, in the words of a claim."""
    return {
        "claim_id": claim.claim_id,
        "member_id": claim.patient.member_id,
        "patient_last": claim.patient.last,
        "patient_first": claim.patient.first,
        "date_of_birth": claim.patient.birth.isoformat(),
        "service_from": claim.service_from.isoformat(),
        "service_to": claim.service_to.isoformat(),
        "submitted": claim.submitted.isoformat(),
        "billed": f"{claim.charge:.2f}",
        "balance": f"{claim.balance:.2f}",
        "insurance_paid": f"{_paid(claim):.2f}",
    }


def _spelled(value: Value, place: int, shape: Shape) -> Value:
    if shape.suffix == ".xlsx" or isinstance(value, str):
        return value
    return shape.amount(value) if isinstance(value, Decimal) else shape.day(value, place)


def _total(payer: Payer, shape: Shape) -> list[Value]:
    row: list[Value] = [shape.totals, *[""] * (len(shape.columns) - 1)]
    for at, value in enumerate(shape.columns.values()):
        amounts = [value(claim, place) for place, claim in enumerate(payer.billed)]
        dollars = [amount for amount in amounts if isinstance(amount, Decimal)]
        if dollars:
            row[at] = _spelled(sum(dollars, Decimal(0)), 0, shape)
    return row


def _text(lines: Sequence[Sequence[Value]], shape: Shape) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=shape.delimiter, quoting=shape.quoting)
    writer.writerows(lines)
    return stream.getvalue().encode(shape.encoding)


def _book(lines: Sequence[Sequence[Value]]) -> bytes:
    """A workbook with every fourth row hidden by a filter and a hidden sheet of old claims."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001 - fixed, so that the bytes are
    days = book.add_format({"num_format": "mm/dd/yyyy"})
    money = book.add_format({"num_format": "#,##0.00"})
    sheet = book.add_worksheet("Follow-up")
    _fill(sheet, lines, days, money)
    for row in range(8, len(lines) - 1, 4):
        sheet.set_row(row, None, None, {"hidden": True})
    old = book.add_worksheet("Last month")
    _fill(old, lines[:8], days, money)
    old.hide()
    book.close()
    return stream.getvalue()


def _fill(sheet: Any, lines: Sequence[Sequence[Value]], days: Any, money: Any) -> None:
    for number, line in enumerate(lines):
        for column, value in enumerate(line):
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, days)
            elif isinstance(value, Decimal):
                sheet.write_number(number, column, value, money)
            else:
                sheet.write_string(number, column, value)
