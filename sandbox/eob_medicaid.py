"""The Medicaid program's Remittance Advice: landscape Courier, one claim after another."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from reportlab.lib.pagesizes import landscape, letter
from reportlab.pdfgen.canvas import Canvas

from sandbox.locking import lock
from sandbox.world import PayerClaim, Remittance, ServiceLine

LEFT, TOP, STEP = 36, 572, 11.5
ROWS = 39  # of a page, beneath its heading
WIDTH = 138
METHODS = {"ACH": "EFT", "CHK": "CHECK", "NON": "NO PAY"}
ZERO = Decimal("0.00")

Block = list[str]  # rows that stay together on a page


def draw(remittance: Remittance, password: str = "") -> bytes:
    """The document's bytes; the same remittance, the same bytes. A ``password`` opens it."""
    pages = _paginate(_blocks(remittance))
    file = io.BytesIO()
    canvas = Canvas(
        file, pagesize=landscape(letter), invariant=1, encrypt=lock(password) if password else None
    )
    canvas.setTitle("Remittance Advice")
    for number, rows in enumerate(pages, 1):
        text = canvas.beginText(LEFT, TOP)
        text.setFont("Courier", 8.6)
        text.setLeading(STEP)
        for row in [*_heading(remittance, number, len(pages)), *rows]:
            text.textLine(row.rstrip())
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def money(value: Decimal) -> str:
    """``1,234.50``; a minus stands behind."""
    text = f"{abs(value):,.2f}"
    return f"{text}-" if value < 0 else text


def _day(value: date) -> str:
    return value.strftime("%m%d%y")


def _paginate(blocks: Iterator[Block]) -> list[list[str]]:
    pages: list[list[str]] = [[]]
    for block in blocks:
        if len(pages[-1]) + len(block) > ROWS and pages[-1]:
            pages.append([])
        if pages[-1] or any(block):  # no page begins with an empty row
            pages[-1] += block
    return pages


def _heading(r: Remittance, page: int, pages: int) -> list[str]:
    return [
        f"{r.payer_name.upper():<{WIDTH - 17}}REMITTANCE ADVICE",
        f"PROVIDER: {r.payee_name:<45}NPI: {r.payee_npi:<14}PAGE {page} OF {pages}",
        f"RA NUMBER: RA{r.trace_number:<20}RA DATE: {_day(r.date):<12}"
        f"METHOD: {METHODS[r.method]:<10}PAYMENT NUMBER: {r.trace_number}",
        "-" * WIDTH,
        f"{'PROC':<8}{'MODS':<10}{'DATE':<9}{'UNITS':>6}{'BILLED':>14}{'ALLOWED':>14}"
        f"{'COPAY':>14}{'PAID':>14}  REMARKS",
        "-" * WIDTH,
        "",
    ]


def _blocks(r: Remittance) -> Iterator[Block]:
    corrections = {claim.superseded_by for claim in r.claims if claim.remit_status == "22"}
    sections: dict[str, list[PayerClaim]] = {"PAID": [], "DENIED": [], "ADJUSTED": []}
    for claim in r.claims:
        if claim.remit_status == "22" or claim.payer_claim_number in corrections:
            sections["ADJUSTED"].append(claim)
        else:
            sections["DENIED" if claim.remit_status == "4" else "PAID"].append(claim)
    for title, claims in sections.items():
        if claims:
            opening = [f"*** {title} CLAIMS ***", ""]
            for claim in claims:
                yield from _claim(claim, opening, adjusted=title == "ADJUSTED")
                opening = []
    if r.provider_adjustments:
        yield [
            "*** PROVIDER LEVEL ADJUSTMENTS ***",
            "",
            *(
                f"PLB {entry.reason:<4}REF {entry.reference:<22}{money(entry.amount):>14}"
                for entry in r.provider_adjustments
            ),
            "",
        ]
    paid = sum((claim.paid or ZERO for claim in r.claims), ZERO)
    withheld = sum((entry.amount for entry in r.provider_adjustments), ZERO)
    yield [
        "*** RA TOTALS ***",
        "",
        f"CLAIMS:           {len(r.claims):>14}",
        f"CLAIMS PAID:      {money(paid):>14}",
        f"ADJUSTMENTS:      {money(withheld):>14}",
        f"NET PAYMENT:      {money(r.amount):>14}",
    ]


def _claim(claim: PayerClaim, opening: Block, *, adjusted: bool) -> Iterator[Block]:
    """The claim's rows; its first line stays with its heading, and that with the section's."""
    p = claim.patient
    name = f"{p.last}, {p.first}{f' {p.middle}' if p.middle else ''}".upper()
    head = [
        *opening,
        f"ICN: {claim.payer_claim_number:<16}PCN: {claim.claim_id:<14}"
        f"RECIPIENT: {p.member_id:<13}NAME: {name}",
    ]
    if adjusted:
        head.append("TYPE: REVERSAL" if claim.remit_status == "22" else "TYPE: CORRECTION")
    for line in claim.lines:
        yield [*head, *_line(line)]
        head = []
    yield [
        *head,
        *(f"  CLAIM ADJ {a.group} {a.reason:<4}{money(a.amount):>14}" for a in claim.adjustments),
        f"{'CLAIM TOTALS':<33}{money(claim.charge):>14}{money(claim.allowed or ZERO):>14}"
        f"{money(claim.patient_responsibility or ZERO):>14}{money(claim.paid or ZERO):>14}",
    ]
    yield [""]


def _line(line: ServiceLine) -> Block:
    owed = sum((a.amount for a in line.adjustments if a.group == "PR"), ZERO)
    return [
        f"{line.procedure:<8}{' '.join(line.modifiers):<10}{_day(line.service_date):<9}"
        f"{line.units:>6}{money(line.charge):>14}{money(line.allowed):>14}{money(owed):>14}"
        f"{money(line.paid):>14}  {' '.join(line.remarks)}",
        *(f"    ADJ {a.group} {a.reason:<4}{money(a.amount):>14}" for a in line.adjustments),
    ]
