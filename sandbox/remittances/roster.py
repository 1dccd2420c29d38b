"""An issuer with one table for all claims, each adjustment in a row of its own."""

from __future__ import annotations

from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, MARGIN, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import coded, payment_text, provider_text
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import Claim, Habits, Payment
from sandbox.world import Adjustment, ServiceLine

STEP = 11
# heading, where it stands, and whether that is its right edge
COLUMNS = (
    ("Patient", 40, False),
    ("Acct no", 158, False),
    ("Claim no", 216, False),
    ("Svc date", 290, False),
    ("Proc", 342, False),
    ("Mod", 372, False),
    ("Qty", 424, True),
    ("Charges", 480, True),
    ("Allowed", 536, True),
    ("Reason", 548, False),
    ("Adjusted", 634, True),
    ("Pt resp", 684, True),
    ("Payment", 742, True),
)
AT = {heading: (x, right) for heading, x, right in COLUMNS}


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Roster(sheet, payment, issuer).draw()


class _Roster:
    """One payment on its way to paper."""

    def __init__(self, sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
        self.sheet, self.payment, self.issuer = sheet, payment, issuer
        self.money = issuer.spelling.money

    def draw(self) -> None:
        sheet = self.sheet
        sheet.head = self._head
        sheet.begin_page()
        for number, claim in enumerate(self.payment.claims):
            self._claim(claim, number)
        self._closing()

    def _head(self, sheet: Sheet) -> None:
        sheet.text(MARGIN, self.issuer.name, bold=True, size=12)
        sheet.text(sheet.right, f"Sheet {sheet.page} of {sheet.pages or 1}", right=True)
        sheet.y += 14
        for x, label, key in (
            (MARGIN, "Remit no", "trace_number"),
            (190, "Remit date", "date"),
            (330, "Type", "method"),
            (450, "Pay to", "payee"),
            (650, "Amount", "amount"),
        ):
            said = payment_text(self.payment, key, self.issuer)
            end = sheet.text(x, f"{label} ", bold=True)
            sheet.text(end + 3, said.text, path=said.path)
        sheet.y += 20
        for heading, x, right in COLUMNS:
            sheet.text(x, heading, right=right, bold=True)
        sheet.rule(MARGIN, sheet.y - 9, sheet.right, sheet.y - 9)
        sheet.rule(MARGIN, sheet.y + 4, sheet.right, sheet.y + 4)
        sheet.y += STEP + 4

    def _cell(self, heading: str, text: str, path: str = "") -> None:
        x, right = AT[heading]
        self.sheet.text(x, text, right=right, path=path)

    def _claim(self, claim: Claim, number: int) -> None:
        at = f"claims[{number}]"
        self.sheet.room(STEP * 4)
        patient = claim.patient
        self._cell("Patient", f"{patient.last}, {patient.first[0]}"[:24])
        self._cell("Acct no", claim.claim_id, f"{at}.claim_id")
        self._cell("Claim no", claim.payer_claim_number, f"{at}.payer_claim_number")
        for place, line in enumerate(claim.lines):
            self._line(line, f"{at}.lines[{place}]")
        for place, one in enumerate(claim.adjustments):
            self.sheet.room(STEP)
            self._cell("Svc date", "whole claim")
            self._adjustment(one, f"{at}.adjustments[{place}].amount")
            self.sheet.y += STEP
        self.sheet.room(STEP + 6)
        self._cell("Patient", f"ID {patient.member_id}")
        self._cell("Svc date", f"Total, {self.issuer.status[claim.status]}")
        self._cell("Charges", self.money(claim.charge), f"{at}.charge")
        self._cell("Allowed", self.money(claim.allowed))
        owed = self.money(claim.patient_responsibility)
        self._cell("Pt resp", owed, f"{at}.patient_responsibility")
        self._cell("Payment", self.money(claim.paid), f"{at}.paid")
        self.sheet.rule(MARGIN, self.sheet.y + 4, self.sheet.right, self.sheet.y + 4)
        self.sheet.y += STEP + 4

    def _line(self, line: ServiceLine, path: str) -> None:
        self.sheet.room(STEP * (1 + len(line.adjustments)))
        day = self.issuer.spelling.service_date(line.service_date)
        self._cell("Svc date", day, f"{path}.service_date")
        self._cell("Proc", line.procedure, f"{path}.procedure")
        self._cell("Mod", " ".join(line.modifiers))
        self._cell("Qty", str(line.units), f"{path}.units")
        self._cell("Charges", self.money(line.charge), f"{path}.charge")
        self._cell("Allowed", self.money(line.allowed), f"{path}.allowed")
        self._cell("Payment", self.money(line.paid), f"{path}.paid")
        for number, one in enumerate(line.adjustments):
            self.sheet.y += STEP if number else 0
            self._adjustment(one, f"{path}.adjustments[{number}].amount")
        self.sheet.y += STEP

    def _adjustment(self, one: Adjustment, path: str) -> None:
        self._cell("Reason", coded(one))
        self._cell("Adjusted", self.money(one.amount), path)

    def _closing(self) -> None:
        sheet, payment = self.sheet, self.payment
        sheet.room(STEP * (4 + len(payment.provider_adjustments)))
        self._row("Payments on claims", "claims_paid")
        for number, entry in enumerate(payment.provider_adjustments):
            sheet.text(AT["Svc date"][0], f"{provider_text(entry)} {entry.reason}")
            sheet.text(AT["Reason"][0], entry.reference)
            path = f"provider_adjustments[{number}].amount"
            self._cell("Payment", self.money(-entry.amount), path)
            sheet.y += STEP
        self._row("Amount of this remittance", "amount")

    def _row(self, label: str, key: str) -> None:
        self.sheet.text(AT["Svc date"][0], label, bold=True)
        said = payment_text(self.payment, key, self.issuer)
        self._cell("Payment", said.text, said.path)
        self.sheet.y += STEP


ISSUERS = (
    Issuer(
        key="ferngate",
        name="Ferngate Insurance Company",
        size=LANDSCAPE,
        spelling=Spelling(spelling.bare_parentheses, "%m/%d/%Y", "%m/%d/%Y"),
        habits=Habits(claims=(4, 12), claim_number="F########", member_id="FG#######"),
        draw=draw,
        described=False,
        prints_remarks=False,
        status={"1": "Processed", "2": "Secondary", "4": "Denied", "22": "Reversal"},
    ),
)
