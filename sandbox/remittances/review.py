"""A casualty insurer's explanation of review: a ruled table with a column for each reduction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, MARGIN, Font, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import (
    NOTHING,
    Text,
    claim_text,
    coded,
    codes_used,
    line_text,
    payment_text,
    provider_text,
)
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import ZERO, Claim, Habits, Payment, fill
from sandbox.world import Adjustment, ServiceLine

STEP = 11
FONT = Font(size=7.5)
# what it holds, heading over three rows, the column's right edge, and whether it holds figures
COLUMNS = (
    ("number", "Line", MARGIN + 26, False),
    ("service_date", "Date of|Service", MARGIN + 82, False),
    ("procedure", "Proc|Code", MARGIN + 122, False),
    ("modifiers", "Modifier", MARGIN + 168, False),
    ("units", "Units", MARGIN + 198, True),
    ("charge", "Billed|Charges", MARGIN + 262, True),
    ("CO-P12", "Fee|Schedule|Reduction", MARGIN + 326, True),
    ("CO-45", "PPO|Network|Reduction", MARGIN + 390, True),
    ("others", "Other|Reduction", MARGIN + 454, True),
    ("allowed", "Recom-|mended|Allowance", MARGIN + 522, True),
    ("paid", "Amount|Paid", MARGIN + 590, True),
    ("codes", "Expl.|Codes", MARGIN + 652, False),
    ("remarks", "Remarks", MARGIN + 720, False),
)
EDGES = {key: edge for key, _, edge, _ in COLUMNS}
LEFT = dict(zip(EDGES, (MARGIN, *EDGES.values()), strict=False))
FIGURES = {key for key, _, _, right in COLUMNS if right}
OWN = {key for key in EDGES if "-" in key}
EMPLOYERS = ("Saltmarsh Cannery", "Harbor Rope Works", "Dune Street Bakery", "Causeway Lumber")
BANNER = (
    ("Payment Number", "trace_number"),
    ("Payment Date", "date"),
    ("Payment Amount", "amount"),
    ("Paid By", "method"),
    ("Pay To", "payee"),
    ("Provider NPI", "npi"),
)
WIDTHS = (96, 84, 96, 150, 204, 90)  # points of the banner's boxes


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Review(sheet, payment, issuer).draw()


class _Review:
    """One payment on its way to paper."""

    def __init__(self, sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
        self.sheet, self.payment, self.issuer = sheet, payment, issuer
        self.money = issuer.spelling.money

    def draw(self) -> None:
        sheet = self.sheet
        sheet.font = FONT
        sheet.head = self._head
        sheet.begin_page()
        self._banner()
        for number, claim in enumerate(self.payment.claims):
            self._bill(claim, number)
        self._payment_items()
        self._explanations()

    def _head(self, sheet: Sheet) -> None:
        sheet.text(MARGIN, self.issuer.name, bold=True, size=13)
        sheet.text(sheet.right, "EXPLANATION OF REVIEW", right=True, bold=True, size=11)
        sheet.y += STEP + 1
        sheet.text(MARGIN, "Workers' Compensation Medical Bill Review, P.O. Box 000, Saltmarsh")
        sheet.text(sheet.right, f"Page {sheet.page} of {sheet.pages or 1}", right=True)
        sheet.y += STEP + 12

    def _banner(self) -> None:
        """The payment in a row of boxes, each with its label above its value."""
        sheet = self.sheet
        x = float(MARGIN)
        for (label, key), wide in zip(BANNER, WIDTHS, strict=True):
            said = payment_text(self.payment, key, self.issuer)
            sheet.box(x, sheet.y - 9, x + wide, sheet.y + 16)
            sheet.text(x + 3, label, size=6.5)
            sheet.y += STEP + 1
            sheet.text(x + 3, said.text, path=said.path, bold=True)
            sheet.y -= STEP + 1
            x += wide
        sheet.y += 3 * STEP

    def _bill(self, claim: Claim, number: int) -> None:
        sheet = self.sheet
        sheet.room(STEP * 13)
        self._bill_head(claim, number)
        self._headings()
        for place, line in enumerate(claim.lines):
            self._line(line, f"claims[{number}].lines[{place}]", place + 1)
        if claim.adjustments:
            sheet.room(STEP + 3, self._headings)
            path = f"claims[{number}].adjustments"
            label = Text("Bill level" if claim.lines else "All services")
            charge = NOTHING if claim.lines else Text(self.money(claim.charge))
            cells = {"service_date": label, "charge": charge}
            self._row(cells | self._reductions(claim.adjustments, path))
        self._totals(claim, number)

    def _bill_head(self, claim: Claim, number: int) -> None:
        random = Random(claim.claim_id)  # of the same injury, before and after a correction
        injured = claim.received - timedelta(days=random.randint(60, 400))

        def said(key: str) -> Text:
            return claim_text(claim, number, key, self.issuer)

        day = self.issuer.spelling.payment_date
        rows = (
            ("Injured Worker", said("patient"), "Bill Control No.", said("payer_claim_number")),
            ("Worker ID", said("member_id"), "Patient Account", said("claim_id")),
            ("Employer", Text(random.choice(EMPLOYERS)), "Bill Received", said("received")),
            ("Date of Injury", Text(day(injured)), "Bill Disposition", said("status")),
            ("File No.", Text(fill(random, "SC-##-####")), "Jurisdiction", Text("State schedule")),
        )
        for left, value, right, other in rows:
            for x, label, text in ((MARGIN + 3, left, value), (MARGIN + 330, right, other)):
                self.sheet.text(x, label)
                self.sheet.text(x + 78, text.text, path=text.path, bold=True)
            self.sheet.y += STEP
        self.sheet.y += 3

    def _headings(self) -> None:
        sheet = self.sheet
        top = sheet.y - 9
        sheet.box(MARGIN, top, sheet.right, top + 3 * STEP - 2, filled=True)
        for row in range(3):
            for key, heading, edge, right in COLUMNS:
                parts = ("", "", *heading.split("|"))[-3:]
                sheet.text(edge - 3 if right else LEFT[key] + 3, parts[row], right=right, bold=True)
            sheet.y += STEP - 2
        self._frame(top, top + 3 * STEP - 2)
        sheet.y = top + 3 * STEP - 2 + 9

    def _frame(self, top: float, bottom: float) -> None:
        self.sheet.box(MARGIN, top, self.sheet.right, bottom)
        for edge in list(EDGES.values())[:-1]:
            self.sheet.rule(edge, top, edge, bottom)

    def _row(self, cells: dict[str, Text], *, bold: bool = False) -> None:
        sheet = self.sheet
        for key, said in cells.items():
            right = key in FIGURES
            x = EDGES[key] - 3 if right else LEFT[key] + 3
            sheet.text(x, said.text, right=right, path=said.path, bold=bold)
        self._frame(sheet.y - 9, sheet.y + 4)
        sheet.y += STEP + 2

    def _line(self, line: ServiceLine, path: str, number: int) -> None:
        self.sheet.room(STEP + 2, self._headings)
        keys = ("service_date", "procedure", "modifiers", "units", "charge", "allowed", "paid")
        cells = {key: line_text(line, path, key, self.issuer) for key in (*keys, "remarks")}
        reductions = self._reductions(line.adjustments, f"{path}.adjustments")
        self._row({"number": Text(str(number))} | cells | reductions)

    def _reductions(self, adjustments: Sequence[Adjustment], path: str) -> dict[str, Text]:
        """An amount for each column of reductions, and the codes from the left to the right."""
        cells = {key: Text(self.money(ZERO)) for key in ("CO-P12", "CO-45", "others")}
        for number, one in enumerate(adjustments):
            key = coded(one) if coded(one) in OWN else "others"
            cells[key] = Text(self.money(one.amount), f"{path}[{number}].amount")
        codes = [one.reason for one in adjustments]
        return cells | {"codes": Text(", ".join(codes))}

    def _totals(self, claim: Claim, number: int) -> None:
        self.sheet.room(STEP * 2, self._headings)
        every = claim.every_adjustment
        picked: dict[str, Callable[[str], bool]] = {
            "CO-P12": lambda code: code == "CO-P12",
            "CO-45": lambda code: code == "CO-45",
            "others": lambda code: code not in OWN,
        }
        sums = {
            key: Text(self.money(sum((one.amount for one in every if own(coded(one))), ZERO)))
            for key, own in picked.items()
        }
        money = {
            key: claim_text(claim, number, key, self.issuer)
            for key in ("charge", "allowed", "paid")
        }
        self._row({"service_date": Text("Bill Total")} | money | sums, bold=True)
        self.sheet.y += STEP

    def _payment_items(self) -> None:
        sheet, payment = self.sheet, self.payment
        entries = payment.provider_adjustments
        sheet.room(STEP * (len(entries) + 4))
        sheet.text(MARGIN + 3, "Payment Summary", bold=True, size=9)
        sheet.y += STEP + 2
        paid, amount = (payment_text(payment, k, self.issuer) for k in ("claims_paid", "amount"))
        rows = [("Total of bills paid", "", paid)]
        for number, entry in enumerate(entries):
            figure = Text(self.money(-entry.amount), f"provider_adjustments[{number}].amount")
            rows.append((f"{provider_text(entry)} ({entry.reason})", entry.reference, figure))
        rows.append(("Payment Amount", "", amount))
        for label, reference, figure in rows:
            sheet.text(MARGIN + 3, label)
            sheet.text(MARGIN + 200, reference)
            sheet.text(MARGIN + 326, figure.text, right=True, path=figure.path)
            sheet.y += STEP
        sheet.y += STEP

    def _explanations(self) -> None:
        sheet = self.sheet
        sheet.room(STEP * 4)
        sheet.text(MARGIN + 3, "Explanation Codes", bold=True, size=9)
        sheet.y += STEP + 2
        for code, meaning in codes_used(self.payment):
            sheet.room(STEP)
            sheet.text(MARGIN + 3, code)
            sheet.text(MARGIN + 52, f"{meaning}.")
            sheet.y += STEP
        sheet.room(3 * STEP)
        sheet.y += STEP
        sheet.text(
            MARGIN + 3,
            "The injured worker may not be billed. Ask for a second review within 90 days.",
        )


ISSUERS = (
    Issuer(
        key="saltmarsh",
        name="Saltmarsh Casualty Insurance",
        size=LANDSCAPE,
        spelling=Spelling(spelling.parentheses, "%m/%d/%Y", "%m/%d/%Y"),
        habits=Habits(
            claims=(1, 4),
            claim_number="SM#######",
            member_id="##-######",
            trace="WC########",
            denied_line=0.2,
            provider=0.5,
            cuts=(("CO", "P12"), ("CO", "45")),
            patient_shares=False,
        ),
        draw=draw,
        described=False,
        status={"1": "Paid", "2": "Paid", "4": "Denied", "22": "Reversal"},
    ),
)
