"""A state programme's typewriter list of paid, denied and adjusted claims, credits as CR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import name_of, payment_text
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import Claim, Habits, Payment
from sandbox.remittances.typewriter import STEP, Typewritten
from sandbox.world import Adjustment, ServiceLine

COLUMNS = (
    ("SVC DATE", 3, False),
    ("PROC CD", 14, False),
    ("MODS", 24, False),
    ("UNITS", 42, True),
    ("SUBM CHG", 60, True),
    ("ALLOWED AMT", 78, True),
    ("CLIENT RESP", 96, True),
    ("PAID AMT", 114, True),
)


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Sections(sheet, payment, issuer).draw()


class _Sections(Typewritten):
    """One payment on its way to paper."""

    at: ClassVar = {heading: (place, right) for heading, place, right in COLUMNS}

    def draw(self) -> None:
        self.begin(self._head)
        numbered = list(enumerate(self.payment.claims))
        corrected = {c.claim_id for c in self.payment.claims if c.status == "22"}
        adjusted = [pair for pair in numbered if pair[1].claim_id in corrected]
        plain = [pair for pair in numbered if pair not in adjusted]
        self._section("PAID CLAIMS", [pair for pair in plain if pair[1].status != "4"])
        self._section("DENIED CLAIMS", [pair for pair in plain if pair[1].status == "4"])
        self._section("ADJUSTED CLAIMS", adjusted)
        self._closing()

    def _head(self, sheet: Sheet) -> None:
        payment = self.payment
        self.put(0, self.issuer.name.upper())
        self.put(110, f"PAGE {sheet.page:03} OF {sheet.pages or 1:03}")
        sheet.y += STEP
        self.put(0, "PROVIDER REMITTANCE")
        self.put(50, f"WARRANT DATE {payment_text(payment, 'date', self.issuer).text}")
        sheet.y += 2 * STEP
        if sheet.page > 1:
            self._headings()

    def _headings(self) -> None:
        for heading, _, _ in COLUMNS:
            self.cell(heading, heading)
        self.sheet.y += STEP

    def _section(self, heading: str, claims: Sequence[tuple[int, Claim]]) -> None:
        if not claims:
            return
        self.sheet.room(6 * STEP)
        self.put(0, f"*** {heading} ***")
        self.sheet.y += STEP
        self._headings()
        for number, claim in claims:
            self._claim(claim, f"claims[{number}]")
        self.sheet.y += STEP

    def _claim(self, claim: Claim, at: str) -> None:
        self.sheet.room(4 * STEP)
        self.put(0, "TCN:")
        self.put(5, claim.payer_claim_number, path=f"{at}.payer_claim_number")
        self.put(26, "PATIENT ACCT:")
        self.put(40, claim.claim_id, path=f"{at}.claim_id")
        self.put(54, f"CLIENT: {claim.patient.member_id}")
        self.put(76, f"NAME: {name_of(claim.patient).upper()[:24]}")
        self.put(110, f"STATUS: {self.issuer.status[claim.status]}")
        self.sheet.y += STEP
        for place, line in enumerate(claim.lines):
            self._line(line, f"{at}.lines[{place}]")
        for place, one in enumerate(claim.adjustments):
            self._code("CLAIM RSN", one, f"{at}.adjustments[{place}].amount")
        self.sheet.room(STEP)
        self.put(3, "CLAIM TOTAL")
        self.cell("SUBM CHG", self.money(claim.charge), f"{at}.charge")
        self.cell("ALLOWED AMT", self.money(claim.allowed))
        owed = self.money(claim.patient_responsibility)
        self.cell("CLIENT RESP", owed, f"{at}.patient_responsibility")
        self.cell("PAID AMT", self.money(claim.paid), f"{at}.paid")
        self.sheet.y += STEP + 3

    def _line(self, line: ServiceLine, path: str) -> None:
        self.sheet.room(STEP * (1 + len(line.adjustments) + bool(line.remarks)))
        day = self.issuer.spelling.service_date(line.service_date)
        owed = [one.amount for one in line.adjustments if one.group == "PR"]
        self.cell("SVC DATE", day, f"{path}.service_date")
        self.cell("PROC CD", line.procedure, f"{path}.procedure")
        self.cell("MODS", " ".join(line.modifiers))
        self.cell("UNITS", str(line.units), f"{path}.units")
        self.cell("SUBM CHG", self.money(line.charge), f"{path}.charge")
        self.cell("ALLOWED AMT", self.money(line.allowed), f"{path}.allowed")
        self.cell("CLIENT RESP", self.money(sum(owed, line.paid - line.paid)))
        self.cell("PAID AMT", self.money(line.paid), f"{path}.paid")
        self.sheet.y += STEP
        for number, one in enumerate(line.adjustments):
            self._code("RSN", one, f"{path}.adjustments[{number}].amount")
        if line.remarks:
            self.put(14, f"RMK {' '.join(line.remarks)}")
            self.sheet.y += STEP

    def _code(self, label: str, one: Adjustment, path: str) -> None:
        self.sheet.room(STEP)
        self.put(14, f"{label} {one.group} {one.reason}")
        self.put(42, self.money(one.amount), right=True, path=path)
        self.sheet.y += STEP

    def _closing(self) -> None:
        sheet, payment = self.sheet, self.payment
        if payment.provider_adjustments:
            sheet.room(STEP * 4)
            self.put(0, "*** FINANCIAL ITEMS ***")
            sheet.y += STEP
            for number, entry in enumerate(payment.provider_adjustments):
                self.put(3, f"CODE {entry.reason}")
                self.put(14, f"REF {entry.reference}")
                path = f"provider_adjustments[{number}].amount"
                self.put(42, self.money(entry.amount), right=True, path=path)
                sheet.y += STEP
            sheet.y += STEP
        sheet.room(STEP * 8)
        self.put(0, "*** WARRANT SUMMARY ***")
        sheet.y += STEP
        for label, key in (
            ("WARRANT NUMBER", "trace_number"),
            ("WARRANT DATE", "date"),
            ("PAID BY", "method"),
            ("PAY TO", "payee"),
            ("CLAIMS", "claim_count"),
            ("CLAIM PAYMENTS", "claims_paid"),
            ("FINANCIAL TOTAL", "withheld"),
            ("WARRANT AMOUNT", "amount"),
        ):
            said = payment_text(payment, key, self.issuer)
            self.put(3, label)
            self.put(24, said.text, path=said.path)
            sheet.y += STEP


ISSUERS = (
    Issuer(
        key="kestrel",
        name="Kestrel State Medical Assistance",
        size=LANDSCAPE,
        spelling=Spelling(spelling.credit, "%m/%d/%Y", "%m/%d/%y"),
        habits=Habits(
            claims=(3, 9),
            claim_number="#################",
            member_id="#########",
            trace="W#######",
            reversal=0.25,
            bare_denial=0.15,
        ),
        draw=draw,
        described=True,
        status={"1": "PAID", "2": "PAID", "4": "DENIED", "22": "CREDIT"},
        methods={"ACH": "EFT", "CHK": "WARRANT", "NON": "NO PAYMENT"},
    ),
)
