"""The commercial payer's Explanation of Payment: portrait, ruled tables, stacked adjustments."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

from reportlab.lib import colors
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from sandbox.world import PayerClaim, Remittance, ServiceLine

LEFT, RIGHT, TOP, BOTTOM = 36, 576, 752, 54
METHODS = {"ACH": "Electronic funds transfer", "CHK": "Check", "NON": "No payment"}
STATUS = {"1": "Processed", "4": "Denied", "22": "Reversal of a previous payment"}
# heading, right edge (numbers) or left edge (words)
COLUMNS = (
    ("Service date", LEFT, "left"),
    ("Procedure", 92, "left"),
    ("Mod", 140, "left"),
    ("Units", 196, "right"),
    ("Billed", 252, "right"),
    ("Allowed", 308, "right"),
    ("Adjustments", 322, "left"),
    ("Patient resp.", 448, "right"),
    ("Paid", 506, "right"),
    ("Remarks", 516, "left"),
)
GLOSSARY = {
    "CO-45": "above the contracted fee",
    "PR-1": "the patient's deductible",
    "PR-2": "the patient's coinsurance",
    "PR-3": "the patient's copay",
    "CO-16": "something is missing on the claim",
    "CO-97": "part of another service",
    "CO-50": "not found medically needed",
    "CO-29": "filed too late",
    "CO-197": "no authorization on file",
    "CO-18": "sent twice",
    "PR-204": "not in the patient's plan",
    "CO-96": "not covered",
    "CO-253": "federal reduction",
}


def money(value: Decimal) -> str:
    """``$1,234.50``; negative in parentheses."""
    text = f"${abs(value):,.2f}"
    return f"({text})" if value < 0 else text


def day(value: date | None) -> str:
    return value.strftime("%m/%d/%Y") if value else ""


def draw(remittance: Remittance) -> bytes:
    """The document's bytes; the same remittance, the same bytes."""
    pages = _Document(remittance, total=0).drawn()
    return _Document(remittance, total=pages).bytes()


class _Document:
    def __init__(self, remittance: Remittance, *, total: int) -> None:
        self.remittance, self.total, self.page = remittance, total, 0
        self.file = io.BytesIO()
        self.canvas = Canvas(self.file, pagesize=letter, invariant=1)
        self.canvas.setTitle("Explanation of Payment")
        self.y = 0.0

    def bytes(self) -> bytes:
        self.drawn()
        return self.file.getvalue()

    def drawn(self) -> int:
        self._new_page()
        self._header()
        for claim in self.remittance.claims:
            self._claim(claim)
        self._provider_adjustments()
        self._totals()
        self._glossary()
        self.canvas.showPage()
        self.canvas.save()
        return self.page

    def _new_page(self) -> None:
        if self.page:
            self.canvas.showPage()
        self.page += 1
        c = self.canvas
        c.setFillColor(colors.HexColor("#24615a"))
        c.setFont("Helvetica-Bold", 15)
        c.drawString(LEFT, TOP, self.remittance.payer_name)
        c.setFillColor(colors.black)
        c.setFont("Helvetica", 10)
        c.drawRightString(RIGHT, TOP, "Explanation of Payment")
        c.setFont("Helvetica", 7.5)
        c.drawString(LEFT, 34, f"Payment number {self.remittance.trace_number}")
        c.drawRightString(RIGHT, 34, f"Page {self.page} of {self.total}")
        c.setLineWidth(0.7)
        c.line(LEFT, TOP - 8, RIGHT, TOP - 8)
        self.y = TOP - 28

    def _room(self, height: float) -> bool:
        """Whether ``height`` still fits; a new page is begun when it does not."""
        if self.y - height >= BOTTOM:
            return True
        self._new_page()
        return False

    def _pair(self, x: float, label: str, value: str, width: float = 92) -> None:
        self.canvas.setFont("Helvetica-Bold", 8.5)
        self.canvas.drawString(x, self.y, label)
        self.canvas.setFont("Helvetica", 8.5)
        self.canvas.drawString(x + width, self.y, value)

    def _header(self) -> None:
        r = self.remittance
        for left, right in (
            (("Payment number", r.trace_number), ("Provider", r.payee_name)),
            (("Payment date", day(r.date)), ("NPI", r.payee_npi)),
            (("Payment method", METHODS[r.method]), ("Claims", str(len(r.claims)))),
            (("Payment amount", money(r.amount)), None),
        ):
            self._pair(LEFT, *left)
            if right:
                self._pair(320, *right, width=60)
            self.y -= 14
        self.y -= 8

    def _claim(self, claim: PayerClaim) -> None:
        self._room(120)
        c = self.canvas
        c.setFillColor(colors.HexColor("#e8efec"))
        c.rect(LEFT, self.y - 4, RIGHT - LEFT, 14, stroke=0, fill=1)
        c.setFillColor(colors.black)
        self._pair(LEFT + 3, "Patient account", claim.claim_id, width=82)
        self._pair(250, "Claim number", claim.payer_claim_number, width=70)
        self.y -= 16
        middle = f" {claim.patient.middle}" if claim.patient.middle else ""
        self._pair(
            LEFT + 3, "Patient", f"{claim.patient.last}, {claim.patient.first}{middle}", width=82
        )
        self._pair(250, "Member ID", claim.patient.member_id, width=70)
        self.y -= 13
        self._pair(LEFT + 3, "Received", day(claim.received), width=82)
        self._pair(250, "Status", STATUS[claim.remit_status or "1"], width=70)
        self.y -= 18
        self._headings()
        for line in claim.lines:
            self._line(line)
        for adjustment in claim.adjustments:
            if not self._room(14):
                self._headings()
            c.setFont("Helvetica", 8)
            c.drawString(LEFT, self.y, "Claim adjustment")
            c.drawString(
                322, self.y, f"{adjustment.group}-{adjustment.reason} {_plain(adjustment.amount)}"
            )
            self.y -= 12
        self._claim_totals(claim)

    def _headings(self) -> None:
        self.canvas.setFont("Helvetica-Bold", 7.5)
        for heading, x, side in COLUMNS:
            (self.canvas.drawString if side == "left" else self.canvas.drawRightString)(
                x, self.y, heading
            )
        self.canvas.setLineWidth(0.4)
        self.canvas.line(LEFT, self.y - 3, RIGHT, self.y - 3)
        self.y -= 14

    def _cells(self, values: dict[str, str]) -> None:
        for heading, x, side in COLUMNS:
            if values.get(heading):
                (self.canvas.drawString if side == "left" else self.canvas.drawRightString)(
                    x, self.y, values[heading]
                )

    def _line(self, line: ServiceLine) -> None:
        codes = [f"{a.group}-{a.reason} {_plain(a.amount)}" for a in line.adjustments]
        rows = max(1, len(codes), len(line.remarks))
        if not self._room(11 * rows + 4):
            self._headings()
        self.canvas.setFont("Helvetica", 8)
        owed = sum((a.amount for a in line.adjustments if a.group == "PR"), Decimal("0.00"))
        for n in range(rows):
            cells = {
                "Adjustments": codes[n] if n < len(codes) else "",
                "Remarks": line.remarks[n] if n < len(line.remarks) else "",
            }
            if n == 0:
                cells |= {
                    "Service date": day(line.service_date),
                    "Procedure": line.procedure,
                    "Mod": " ".join(line.modifiers),
                    "Units": str(line.units),
                    "Billed": money(line.charge),
                    "Allowed": money(line.allowed),
                    "Patient resp.": money(owed),
                    "Paid": money(line.paid),
                }
            self._cells(cells)
            self.y -= 11
        self.y -= 2

    def _claim_totals(self, claim: PayerClaim) -> None:
        if not self._room(24):
            self._headings()
        self.canvas.setLineWidth(0.4)
        self.canvas.line(LEFT, self.y + 8, RIGHT, self.y + 8)
        self.canvas.setFont("Helvetica-Bold", 8)
        self.canvas.drawString(LEFT, self.y, "Claim totals")
        taken = sum(
            (
                a.amount
                for a in (
                    *claim.adjustments,
                    *(a for line in claim.lines for a in line.adjustments),
                )
            ),
            Decimal("0.00"),
        )
        self._cells(
            {
                "Billed": money(claim.charge),
                "Allowed": money(claim.allowed or Decimal(0)),
                "Adjustments": money(taken),
                "Patient resp.": money(claim.patient_responsibility or Decimal(0)),
                "Paid": money(claim.paid or Decimal(0)),
            }
        )
        self.y -= 26

    def _provider_adjustments(self) -> None:
        if not self.remittance.provider_adjustments:
            return
        self._room(30 + 12 * len(self.remittance.provider_adjustments))
        self.canvas.setFont("Helvetica-Bold", 9)
        self.canvas.drawString(LEFT, self.y, "Provider-level adjustments")
        self.y -= 14
        self.canvas.setFont("Helvetica", 8)
        for a in self.remittance.provider_adjustments:
            self.canvas.drawString(LEFT, self.y, a.reason)
            self.canvas.drawString(80, self.y, a.reference)
            self.canvas.drawRightString(252, self.y, money(a.amount))
            self.y -= 12
        self.y -= 8

    def _totals(self) -> None:
        r = self.remittance
        self._room(60)
        self.canvas.setFont("Helvetica-Bold", 9)
        self.canvas.drawString(LEFT, self.y, "Payment summary")
        self.y -= 14
        for label, value in (
            (
                "Total paid on claims",
                sum((c.paid or Decimal(0) for c in r.claims), Decimal("0.00")),
            ),
            (
                "Provider-level total",
                sum((a.amount for a in r.provider_adjustments), Decimal("0.00")),
            ),
            ("Payment issued", r.amount),
        ):
            self.canvas.setFont("Helvetica", 8.5)
            self.canvas.drawString(LEFT, self.y, label)
            self.canvas.drawRightString(252, self.y, money(value))
            self.y -= 12
        self.y -= 8

    def _glossary(self) -> None:
        used = sorted(
            {
                f"{a.group}-{a.reason}"
                for claim in self.remittance.claims
                for a in (
                    *claim.adjustments,
                    *(a for line in claim.lines for a in line.adjustments),
                )
            }
        )
        if not used:
            return
        self._room(16 + 10 * len(used))
        self.canvas.setFont("Helvetica-Bold", 8)
        self.canvas.drawString(LEFT, self.y, "Codes used in this document")
        self.y -= 11
        self.canvas.setFont("Helvetica", 7.5)
        for code in used:
            self.canvas.drawString(LEFT, self.y, code)
            self.canvas.drawString(80, self.y, GLOSSARY.get(code, "see the payer's code list"))
            self.y -= 10


def _plain(value: Decimal) -> str:
    return f"({abs(value):,.2f})" if value < 0 else f"{value:,.2f}"
