"""The commercial payer's Explanation of Payment: portrait, ruled tables, stacked adjustments."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import letter
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from sandbox.glosses import GLOSSES, REMARKS
from sandbox.locking import lock
from sandbox.world import Adjustment, PayerClaim, Remittance, ServiceLine

LEFT, RIGHT, TOP, BOTTOM = 36, 576, 752, 56
SECOND = 330  # where the right-hand labels stand
METHODS = {"ACH": "Electronic funds transfer", "CHK": "Check", "NON": "No payment"}
STATUS = {"1": "Processed", "4": "Denied", "22": "Reversal of a previous payment"}
# heading, its left edge or, for figures, its right edge, and which of the two
COLUMNS = (
    ("Service date", LEFT + 3, "left"),
    ("Procedure", 90, "left"),
    ("Mod", 136, "left"),
    ("Units", 190, "right"),
    ("Billed", 245, "right"),
    ("Allowed", 300, "right"),
    ("Adjustments", 314, "left"),
    ("Patient resp.", 448, "right"),
    ("Paid", 508, "right"),
    ("Remarks", 522, "left"),
)
GREEN, PALE, GREY = HexColor("#24615a"), HexColor("#e8efec"), HexColor("#9fb5af")
BLACK = HexColor("#000000")
ZERO = Decimal("0.00")


def draw(remittance: Remittance, password: str = "") -> bytes:
    """The document's bytes; the same remittance, the same bytes. A ``password`` opens it."""
    return _Document(remittance, password).bytes()


def money(value: Decimal) -> str:
    """``$1,234.50``; negative in parentheses."""
    text = f"${abs(value):,.2f}"
    return f"({text})" if value < 0 else text


def _plain(value: Decimal) -> str:
    """Likewise without the dollar sign, as it stands behind a code."""
    return money(value).replace("$", "")


def _day(value: date) -> str:
    return value.strftime("%m/%d/%Y")


class _Document:
    """One document, laid out from the top down; the pages are drawn once their number is known."""

    def __init__(self, remittance: Remittance, password: str) -> None:
        self.remittance = remittance
        self.pages: list[list[partial[None]]] = []
        self.file = io.BytesIO()
        self.canvas = Canvas(
            self.file, pagesize=letter, invariant=1, encrypt=lock(password) if password else None
        )
        self.canvas.setTitle("Explanation of Payment")
        self.y = 0

    def bytes(self) -> bytes:
        """Lay everything out, then draw."""
        self._new_page()
        self._payment()
        for claim in self.remittance.claims:
            self._claim(claim)
        self._provider_adjustments()
        self._summary()
        self._glossary()
        for number, strokes in enumerate(self.pages, 1):
            self._frame(number)
            for stroke in strokes:
                stroke()
            self.canvas.showPage()
        self.canvas.save()
        return self.file.getvalue()

    def _frame(self, number: int) -> None:
        c = self.canvas
        c.setFillColor(GREEN)
        c.setFont("Helvetica-Bold", 15)
        c.drawString(LEFT, TOP, self.remittance.payer_name)
        c.setFillColor(BLACK)
        c.setFont("Helvetica", 10)
        c.drawRightString(RIGHT, TOP, "Explanation of Payment")
        c.setLineWidth(0.8)
        c.setStrokeColor(GREEN)
        c.line(LEFT, TOP - 9, RIGHT, TOP - 9)
        c.setFont("Helvetica", 7.5)
        c.drawString(LEFT, 34, f"Payment number {self.remittance.trace_number}")
        c.drawRightString(RIGHT, 34, f"Page {number} of {len(self.pages)}")

    def _new_page(self) -> None:
        self.pages.append([])
        self.y = TOP - 30

    def _room(self, height: int) -> bool:
        """Whether ``height`` points are left; a new page is begun when they are not."""
        if self.y - height >= BOTTOM:
            return True
        self._new_page()
        return False

    def _text(self, x: int, text: str, size: float = 8, *, bold: bool = False) -> None:
        self._string(x, text, size, bold=bold, right=False)

    def _string(self, x: int, text: str, size: float, *, bold: bool, right: bool) -> None:
        if not text:
            return
        y, font = self.y, "Helvetica-Bold" if bold else "Helvetica"
        draw_at = self.canvas.drawRightString if right else self.canvas.drawString

        def stroke() -> None:
            self.canvas.setFont(font, size)
            draw_at(x, y, text)

        self.pages[-1].append(partial(stroke))

    def _rule(self, above: float, width: float = 0.5) -> None:
        y = self.y + above

        def stroke() -> None:
            self.canvas.setStrokeColor(GREY)
            self.canvas.setLineWidth(width)
            self.canvas.line(LEFT, y, RIGHT, y)

        self.pages[-1].append(partial(stroke))

    def _band(self) -> None:
        y = self.y

        def stroke() -> None:
            self.canvas.setFillColor(PALE)
            self.canvas.rect(LEFT, y - 5, RIGHT - LEFT, 16, stroke=0, fill=1)
            self.canvas.setFillColor(BLACK)

        self.pages[-1].append(partial(stroke))

    def _pairs(self, left: tuple[str, str], right: tuple[str, str] | None, step: int = 13) -> None:
        """One row of up to two labels with their values; a value too long for it is wrapped."""
        columns = [(LEFT + 3, 82, left)] + ([(SECOND, 74, right)] if right else [])
        rows = 1
        top = self.y
        for x, indent, (label, value) in columns:
            self._text(x, label, 8.5, bold=True)
            end = RIGHT if x == SECOND or not right else SECOND - 8
            wrapped = simpleSplit(value, "Helvetica", 8.5, end - x - indent)
            for text in wrapped:
                self._text(x + indent, text, 8.5)
                self.y -= 11
            rows = max(rows, len(wrapped))
            self.y = top
        self.y -= step + 11 * (rows - 1)

    def _cells(self, values: dict[str, str], *, bold: bool = False) -> None:
        for heading, x, side in COLUMNS:
            self._string(x, values.get(heading, ""), 8, bold=bold, right=side == "right")

    def _payment(self) -> None:
        r = self.remittance
        self._pairs(("Payment number", r.trace_number), ("Provider", r.payee_name))
        self._pairs(("Payment date", _day(r.date)), ("NPI", r.payee_npi))
        self._pairs(("Payment method", METHODS[r.method]), ("Claims", str(len(r.claims))))
        self._pairs(("Payment amount", money(r.amount)), None)
        self.y -= 12

    def _claim(self, claim: PayerClaim) -> None:
        first = claim.lines[0] if claim.lines else None
        self._room(90 + (_height(first) if first else 0))
        p = claim.patient
        self._band()
        self._pairs(
            ("Patient account", claim.claim_id), ("Claim number", claim.payer_claim_number), 16
        )
        name = f"{p.last}, {p.first}{f' {p.middle}' if p.middle else ''}"
        self._pairs(("Patient", name), ("Member ID", p.member_id))
        self._pairs(
            ("Received", _day(claim.received)), ("Status", STATUS[claim.remit_status or "1"]), 18
        )
        self._headings()
        for line in claim.lines:
            self._line(line)
        for adjustment in claim.adjustments:
            if not self._room(12):
                self._headings()
            self._text(LEFT + 3, "Claim adjustment")
            self._text(314, _coded(adjustment))
            self.y -= 12
        self._claim_totals(claim)

    def _headings(self) -> None:
        for heading, x, side in COLUMNS:
            self._string(x, heading, 7.5, bold=True, right=side == "right")
        self._rule(-4)
        self.y -= 15

    def _line(self, line: ServiceLine) -> None:
        if not self._room(_height(line)):
            self._headings()
        codes = [_coded(adjustment) for adjustment in line.adjustments]
        owed = sum((a.amount for a in line.adjustments if a.group == "PR"), ZERO)
        first = {
            "Service date": _day(line.service_date),
            "Procedure": line.procedure,
            "Mod": " ".join(line.modifiers),
            "Units": str(line.units),
            "Billed": money(line.charge),
            "Allowed": money(line.allowed),
            "Patient resp.": money(owed),
            "Paid": money(line.paid),
        }
        for row in range(_rows(line)):
            stacked = {
                "Adjustments": codes[row] if row < len(codes) else "",
                "Remarks": line.remarks[row] if row < len(line.remarks) else "",
            }
            self._cells(stacked if row else first | stacked)
            self.y -= 11
        self.y -= 3

    def _claim_totals(self, claim: PayerClaim) -> None:
        if not self._room(14):
            self._headings()
        self.y -= 4
        self._rule(10)
        self._text(LEFT + 3, "Claim totals", bold=True)
        taken = sum((adjustment.amount for adjustment in _all_adjustments(claim)), ZERO)
        self._cells(
            {
                "Billed": money(claim.charge),
                "Allowed": money(claim.allowed or ZERO),
                "Adjustments": money(taken),
                "Patient resp.": money(claim.patient_responsibility or ZERO),
                "Paid": money(claim.paid or ZERO),
            },
            bold=True,
        )
        self.y -= 26

    def _provider_adjustments(self) -> None:
        entries = self.remittance.provider_adjustments
        if not entries:
            return
        self._room(20 + 12 * len(entries))
        self._text(LEFT + 3, "Provider-level adjustments", 9, bold=True)
        self._rule(-4)
        self.y -= 16
        for entry in entries:
            self._text(LEFT + 3, entry.reason)
            self._text(90, entry.reference)
            self._string(300, money(entry.amount), 8, bold=False, right=True)
            self.y -= 12
        self.y -= 10

    def _summary(self) -> None:
        r = self.remittance
        self._room(64)
        self._text(LEFT + 3, "Payment summary", 9, bold=True)
        self._rule(-4)
        self.y -= 16
        paid = sum((claim.paid or ZERO for claim in r.claims), ZERO)
        withheld = sum((entry.amount for entry in r.provider_adjustments), ZERO)
        for label, value, bold in (
            ("Total paid on claims", paid, False),
            ("Provider-level total", withheld, False),
            ("Payment issued", r.amount, True),
        ):
            self._text(LEFT + 3, label, 8.5, bold=bold)
            self._string(300, money(value), 8.5, bold=bold, right=True)
            self.y -= 13
        self.y -= 10

    def _glossary(self) -> None:
        rows = list(_explained(self.remittance))
        if not rows:
            return
        self._room(16 + 10 * len(rows))
        self._text(LEFT + 3, "Codes used in this document", 8, bold=True)
        self._rule(-4)
        self.y -= 14
        for code, gloss in rows:
            self._text(LEFT + 3, code, 7.5)
            self._text(90, gloss, 7.5)
            self.y -= 10


def _coded(adjustment: Adjustment) -> str:
    return f"{adjustment.group}-{adjustment.reason} {_plain(adjustment.amount)}"


def _rows(line: ServiceLine) -> int:
    return max(1, len(line.adjustments), len(line.remarks))


def _height(line: ServiceLine) -> int:
    return 11 * _rows(line) + 3


def _all_adjustments(claim: PayerClaim) -> Iterator[Adjustment]:
    yield from claim.adjustments
    for line in claim.lines:
        yield from line.adjustments


def _explained(remittance: Remittance) -> Iterator[tuple[str, str]]:
    """Every code on the document with a short explanation in the payer's own words."""
    adjustments = [a for claim in remittance.claims for a in _all_adjustments(claim)]
    for code in sorted({f"{a.group}-{a.reason}" for a in adjustments}):
        yield code, GLOSSES[code]
    lines = [line for claim in remittance.claims for line in claim.lines]
    for code in sorted({code for line in lines for code in line.remarks}):
        yield code, REMARKS[code]
    for reason in sorted({entry.reason for entry in remittance.provider_adjustments}):
        yield reason, GLOSSES[reason]
