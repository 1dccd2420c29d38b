"""A Medicare contractor's advice at fixed width, with columns for deductible and coinsurance."""

from __future__ import annotations

from typing import ClassVar

from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import coded, name_of, payment_text, total
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import ZERO, Claim, Habits, Payment
from sandbox.remittances.typewriter import STEP, Typewritten
from sandbox.world import Adjustment, ServiceLine

# heading, its first column or, for figures, its last, and which of the two
COLUMNS = (
    ("PERF PROV", 0, False),
    ("SERV DATE", 12, False),
    ("NOS", 29, True),
    ("PROC", 31, False),
    ("MODS", 38, False),
    ("BILLED", 58, True),
    ("ALLOWED", 70, True),
    ("DEDUCT", 80, True),
    ("COINS", 90, True),
    ("GRP/RC", 94, False),
    ("AMT", 114, True),
    ("PROV PD", 128, True),
)
OWN_COLUMN = {"PR-1": "DEDUCT", "PR-2": "COINS"}


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Advice(sheet, payment, issuer).draw()


class _Advice(Typewritten):
    """One payment on its way to paper."""

    at: ClassVar = {heading: (place, right) for heading, place, right in COLUMNS}

    def draw(self) -> None:
        self.begin(self._head)
        for number, claim in enumerate(self.payment.claims):
            self._claim(claim, number)
        self._totals()

    def _head(self, sheet: Sheet) -> None:
        payment = self.payment
        self.put(0, self.issuer.name.upper())
        self.put(100, "MEDICARE REMITTANCE ADVICE")
        sheet.y += STEP
        self.put(0, payment.payee.upper())
        self.put(60, "NPI:")
        self.put(66, payment.npi)
        self.put(100, f"PAGE #: {sheet.page} OF {sheet.pages or 1}")
        sheet.y += STEP
        self.put(0, "DATE:")
        said = payment_text(payment, "date", self.issuer)
        self.put(6, said.text, path=said.path)
        self.put(60, "CHECK/EFT #:")
        self.put(74, payment.trace_number, path="trace_number")
        self.put(100, f"METHOD: {self.issuer.methods[payment.method]}")
        sheet.y += 2 * STEP
        for heading, _, _ in COLUMNS:
            self.cell(heading, heading)
        sheet.y += STEP
        self.put(0, "_" * 130)
        sheet.y += STEP + 4

    def _claim(self, claim: Claim, number: int) -> None:
        at = f"claims[{number}]"
        self.sheet.room(5 * STEP)
        self.put(0, f"NAME {name_of(claim.patient).upper()[:24]}")
        self.put(32, f"MID {claim.patient.member_id}")
        self.put(52, "ACNT")
        self.put(57, claim.claim_id, path=f"{at}.claim_id")
        self.put(72, "ICN")
        self.put(76, claim.payer_claim_number, path=f"{at}.payer_claim_number")
        self.put(95, f"ASG Y  STATUS {claim.status}")
        self.sheet.y += STEP
        for place, line in enumerate(claim.lines):
            self._line(line, f"{at}.lines[{place}]")
        for place, one in enumerate(claim.adjustments):
            self.sheet.room(STEP)
            self.put(31, "CLAIM ADJS")
            self._code(one, f"{at}.adjustments[{place}].amount")
            self.sheet.y += STEP
        self._claim_totals(claim, at)

    def _line(self, line: ServiceLine, path: str) -> None:
        others = [(n, a) for n, a in enumerate(line.adjustments) if coded(a) not in OWN_COLUMN]
        self.sheet.room(STEP * max(1, len(others)) + STEP * bool(line.remarks))
        self.cell("PERF PROV", self.payment.npi)
        day = self.issuer.spelling.service_date(line.service_date)
        self.cell("SERV DATE", day, f"{path}.service_date")
        self.cell("NOS", str(line.units), f"{path}.units")
        self.cell("PROC", line.procedure, f"{path}.procedure")
        self.cell("MODS", " ".join(line.modifiers))
        self.cell("BILLED", self.money(line.charge), f"{path}.charge")
        self.cell("ALLOWED", self.money(line.allowed), f"{path}.allowed")
        self.cell("PROV PD", self.money(line.paid), f"{path}.paid")
        for code, heading in OWN_COLUMN.items():
            own = [(n, a) for n, a in enumerate(line.adjustments) if coded(a) == code]
            figure = f"{path}.adjustments[{own[0][0]}].amount" if own else ""
            self.cell(heading, self.money(own[0][1].amount if own else ZERO), figure)
        for row, (number, one) in enumerate(others):
            self.sheet.y += STEP if row else 0
            self._code(one, f"{path}.adjustments[{number}].amount")
        self.sheet.y += STEP
        if line.remarks:
            self.put(31, f"REM: {' '.join(line.remarks)}")
            self.sheet.y += STEP

    def _code(self, one: Adjustment, path: str) -> None:
        self.cell("GRP/RC", coded(one))
        self.cell("AMT", self.money(one.amount), path)

    def _claim_totals(self, claim: Claim, at: str) -> None:
        self.sheet.room(STEP)
        self.put(0, "PT RESP")
        owed = self.money(claim.patient_responsibility)
        self.put(18, owed, right=True, path=f"{at}.patient_responsibility")
        self.put(31, "CLAIM TOTALS")
        shares = [one for one in claim.every_adjustment if coded(one) in OWN_COLUMN]
        others = tuple(one for one in claim.every_adjustment if coded(one) not in OWN_COLUMN)
        self.cell("BILLED", self.money(claim.charge), f"{at}.charge")
        self.cell("ALLOWED", self.money(claim.allowed))
        for code, heading in OWN_COLUMN.items():
            part = tuple(one for one in shares if coded(one) == code)
            self.cell(heading, self.money(total(part)))
        self.cell("AMT", self.money(total(others)))
        self.cell("PROV PD", self.money(claim.paid), f"{at}.paid")
        self.sheet.y += STEP
        self.put(0, "_" * 130)
        self.sheet.y += STEP + 2

    def _totals(self) -> None:
        payment, sheet = self.payment, self.sheet
        claims = payment.claims
        every = tuple(one for claim in claims for one in claim.every_adjustment)
        sheet.room(STEP * (8 + len(payment.provider_adjustments)))
        figures = (
            ("# OF CLAIMS", str(len(claims)), ""),
            ("BILLED AMT", self.money(sum((c.charge for c in claims), ZERO)), ""),
            ("ALLOWED AMT", self.money(sum((c.allowed for c in claims), ZERO)), ""),
            ("RC AMT", self.money(total(every)), ""),
            ("PROV PD AMT", self.money(payment.claims_paid), ""),
            ("PROV ADJ AMT", self.money(payment.withheld), ""),
            ("CHECK AMT", self.money(payment.amount), "amount"),
        )
        self.put(0, "TOTALS:")
        for place, (heading, _, _) in enumerate(figures, 1):
            self.put(16 * place + 14, heading, right=True)
        sheet.y += STEP
        for place, (_, value, path) in enumerate(figures, 1):
            self.put(16 * place + 14, value, right=True, path=path)
        sheet.y += 2 * STEP
        if not payment.provider_adjustments:
            return
        self.put(0, "PROVIDER ADJ DETAILS:")
        for place, heading in ((30, "PLB REASON CODE"), (50, "FCN")):
            self.put(place, heading)
        self.put(78, "AMOUNT", right=True)
        sheet.y += STEP
        for number, entry in enumerate(payment.provider_adjustments):
            self.put(30, entry.reason)
            self.put(50, entry.reference)
            path = f"provider_adjustments[{number}].amount"
            self.put(78, self.money(entry.amount), right=True, path=path)
            sheet.y += STEP


ISSUERS = (
    Issuer(
        key="cedar",
        name="Cedar Basin Medicare Services",
        size=LANDSCAPE,
        spelling=Spelling(spelling.pointed, "%m/%d/%Y", "%m%d%y"),
        habits=Habits(
            claims=(2, 9),
            claim_number="#############",
            member_id="1@#@@#@@##",
            trace="EFT#######",
            sequestration=True,
        ),
        draw=draw,
        described=True,
        methods={"ACH": "EFT", "CHK": "CHECK", "NON": "NO PAYMENT"},
    ),
)
