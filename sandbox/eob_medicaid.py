"""The Medicaid program's Remittance Advice: landscape Courier, one claim after another."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

from reportlab.lib.pagesizes import landscape, letter
from reportlab.pdfgen.canvas import Canvas

from sandbox.world import PayerClaim, Remittance

LEFT, TOP, STEP, ROWS = 36, 576, 11.5, 44
METHODS = {"ACH": "EFT", "CHK": "CHECK", "NON": "NO PAY"}
ZERO = Decimal("0.00")


def money(value: Decimal) -> str:
    """``1,234.50``; a minus stands behind."""
    text = f"{abs(value):,.2f}"
    return f"{text}-" if value < 0 else text


def day(value: date | None) -> str:
    return value.strftime("%m%d%y") if value else ""


def draw(remittance: Remittance) -> bytes:
    """The document's bytes; the same remittance, the same bytes."""
    body = list(_body(remittance))
    pages = [body[n : n + ROWS - 7] for n in range(0, len(body), ROWS - 7)]
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=landscape(letter), invariant=1)
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


def _heading(r: Remittance, page: int, pages: int) -> list[str]:
    return [
        f"{r.payer_name.upper():<70}REMITTANCE ADVICE",
        f"PROVIDER: {r.payee_name:<45}NPI: {r.payee_npi:<14}PAGE {page} OF {pages}",
        f"RA NUMBER: RA{r.trace_number:<20}RA DATE: {day(r.date):<12}"
        f"METHOD: {METHODS[r.method]:<10}PAYMENT NUMBER: {r.trace_number}",
        "-" * 128,
        f"{'PROC':<7}{'MODS':<10}{'DATE':<9}{'UNITS':>6}{'BILLED':>14}{'ALLOWED':>14}{'COPAY':>12}{'PAID':>14}  REMARKS",
        "-" * 128,
        "",
    ]


def _body(r: Remittance) -> list[str]:
    reversed_numbers = {c.superseded_by for c in r.claims if c.remit_status == "22"}
    sections: dict[str, list[PayerClaim]] = {
        "PAID CLAIMS": [],
        "DENIED CLAIMS": [],
        "ADJUSTED CLAIMS": [],
    }
    for claim in r.claims:
        if claim.remit_status == "22" or claim.payer_claim_number in reversed_numbers:
            sections["ADJUSTED CLAIMS"].append(claim)
        else:
            sections["DENIED CLAIMS" if claim.remit_status == "4" else "PAID CLAIMS"].append(claim)
    rows: list[str] = []
    for title, claims in sections.items():
        if claims:
            rows += [f"*** {title} ***", ""]
            for claim in claims:
                rows += _claim(claim, adjusted=title == "ADJUSTED CLAIMS")
    if r.provider_adjustments:
        rows += ["*** PROVIDER LEVEL ADJUSTMENTS ***", ""]
        rows += [
            f"PLB {a.reason:<4}REF {a.reference:<22}{money(a.amount):>14}"
            for a in r.provider_adjustments
        ]
        rows.append("")
    return [
        *rows,
        "*** RA TOTALS ***",
        "",
        f"CLAIMS: {len(r.claims)}",
        f"CLAIMS PAID:      {money(sum((c.paid or ZERO for c in r.claims), ZERO)):>14}",
        f"ADJUSTMENTS:      {money(sum((a.amount for a in r.provider_adjustments), ZERO)):>14}",
        f"NET PAYMENT:      {money(r.amount):>14}",
    ]


def _claim(claim: PayerClaim, *, adjusted: bool) -> list[str]:
    p = claim.patient
    name = f"{p.last}, {p.first}{f' {p.middle}' if p.middle else ''}"
    rows = [
        f"ICN: {claim.payer_claim_number:<16}PCN: {claim.claim_id:<14}RECIPIENT: {p.member_id:<13}NAME: {name}",
    ]
    if adjusted:
        rows.append("TYPE: REVERSAL" if claim.remit_status == "22" else "TYPE: CORRECTION")
    for line in claim.lines:
        owed = sum((a.amount for a in line.adjustments if a.group == "PR"), ZERO)
        rows.append(
            f"{line.procedure:<7}{' '.join(line.modifiers):<10}{day(line.service_date):<9}{line.units:>6}"
            f"{money(line.charge):>14}{money(line.allowed):>14}{money(owed):>12}{money(line.paid):>14}  "
            f"{' '.join(line.remarks)}"
        )
        rows += [f"    ADJ {a.group} {a.reason:<4}{money(a.amount):>14}" for a in line.adjustments]
    rows += [f"  CLAIM ADJ {a.group} {a.reason:<4}{money(a.amount):>14}" for a in claim.adjustments]
    rows.append(
        f"{'CLAIM TOTALS':<32}{money(claim.charge):>14}{money(claim.allowed or ZERO):>14}"
        f"{money(claim.patient_responsibility or ZERO):>12}{money(claim.paid or ZERO):>14}"
    )
    rows.append("")
    return rows
