"""A Medicare contractor's standard paper remittance, with a line of adjustments to each total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import coded, codes_used, name_of, total
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import ZERO, Claim, Habits, Payment
from sandbox.remittances.typewriter import STEP, Typewritten
from sandbox.world import Adjustment, ServiceLine

LAST = 140  # the last column typed in
# heading, its first column or, for figures, its last, and which of the two
COLUMNS = (
    ("PERF PROV", 0, False),
    ("SERV DATE", 12, False),
    ("POS", 25, False),
    ("NOS", 33, True),
    ("PROC", 36, False),
    ("MODS", 43, False),
    ("BILLED", 66, True),
    ("ALLOWED", 79, True),
    ("DEDUCT", 91, True),
    ("COINS", 103, True),
    ("GRP/RC-AMT", 109, False),
    ("PROV PD", LAST, True),
)
AMOUNT = 125  # where the amount behind a group and reason code ends
OWN_COLUMN = {"PR-1": "DEDUCT", "PR-2": "COINS"}
ADVICE: Mapping[str, str] = {
    "MA01": "If you do not agree with what we approved for these services, you may appeal",
    "MA07": "The claim information has also been forwarded to Medicaid for review",
    "MA67": "Correction to a prior claim",
}
BULLETIN = (
    "PLEASE SEND NEW CLAIMS, NOT COPIES OF OLD ONES. QUESTIONS ABOUT THIS NOTICE ARE ANSWERED",
    "FROM 8:00 TO 4:00. THE NEXT NOTICE WILL BE MAILED WITH THE NEXT PAYMENT CYCLE.",
)


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Notice(sheet, payment, issuer).draw()


def _advice(claim: Claim) -> str:
    """The code on the claim's first row that says how it may be appealed."""
    return {"4": "MA01", "22": "MA67"}.get(claim.status, "MA01 MA07")


class _Notice(Typewritten):
    """One payment on its way to paper."""

    at: ClassVar = {heading: (place, right) for heading, place, right in COLUMNS}

    def draw(self) -> None:
        self.begin(self._head)
        for number, claim in enumerate(self.payment.claims):
            self._claim(claim, f"claims[{number}]")
        self._totals()
        self._provider()
        self._glossary()

    def _head(self, sheet: Sheet) -> None:
        first, payment = sheet.page == 1, self.payment
        self.put(0, self.issuer.name.upper())
        self.put(LAST, "MEDICARE", right=True)
        sheet.y += STEP
        for said, right in (("P.O. BOX 000", "REMITTANCE"), ("OXBOW FORD 00000-0000", "NOTICE")):
            self.put(0, said)
            self.put(LAST, right, right=True)
            sheet.y += STEP
        sheet.y += STEP
        day = self.issuer.spelling.payment_date(payment.date)
        rows = (
            (payment.payee.upper(), "PROVIDER #:", payment.npi, ""),
            ("SUITE 000", "PAGE #:", f"{sheet.page} OF {sheet.pages or 1}", ""),
            ("LARKSPUR CROSSING 00000", "CHECK/EFT #:", payment.trace_number, "trace_number"),
            ("", "DATE:", day, "date"),
        )
        for left, label, value, path in rows:
            self.put(0, left)
            self.put(108, label)
            self.put(122, value, path=path)
            sheet.y += STEP
        sheet.y += STEP
        for row in BULLETIN if first else ():
            self.put(20, f"* {row}")
            sheet.y += STEP
        sheet.y += STEP * first
        for heading, _, _ in COLUMNS:
            self.cell(heading, heading)
        sheet.y += STEP - 4
        self._ruled()

    def _ruled(self) -> None:
        self.put(0, "_" * LAST)
        self.sheet.y += STEP + 2

    def _claim(self, claim: Claim, at: str) -> None:
        patient = claim.patient
        self.sheet.room(6 * STEP)
        self.put(0, f"NAME  {name_of(patient).upper()[:28]}")
        self.put(38, f"HIC {patient.member_id}")
        self.put(56, "ACNT")
        self.put(61, claim.claim_id, path=f"{at}.claim_id")
        self.put(82, "ICN")
        self.put(86, claim.payer_claim_number, path=f"{at}.payer_claim_number")
        self.put(105, f"ASG Y  MOA  {_advice(claim)}")
        self.sheet.y += STEP
        for place, line in enumerate(claim.lines):
            self._line(line, f"{at}.lines[{place}]")
        for place, one in enumerate(claim.adjustments):
            self.sheet.room(STEP)
            self.put(36, "CLAIM LEVEL")
            self._code(one, f"{at}.adjustments[{place}].amount")
            self.sheet.y += STEP
        self._claim_totals(claim, at)

    def _line(self, line: ServiceLine, path: str) -> None:
        others = [(n, a) for n, a in enumerate(line.adjustments) if coded(a) not in OWN_COLUMN]
        self.sheet.room(STEP * (max(1, len(others)) + bool(line.remarks)))
        self.cell("PERF PROV", self.payment.npi)
        day = self.issuer.spelling.service_date(line.service_date)
        self.cell("SERV DATE", day, f"{path}.service_date")
        self.cell("POS", "11")
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
            self.put(36, f"REM: {' '.join(line.remarks)}")
            self.sheet.y += STEP

    def _code(self, one: Adjustment, path: str) -> None:
        self.cell("GRP/RC-AMT", coded(one))
        self.put(AMOUNT, self.money(one.amount), right=True, path=path)

    def _claim_totals(self, claim: Claim, at: str) -> None:
        self.sheet.room(3 * STEP)
        every = claim.every_adjustment
        self.put(0, "PT RESP")
        owed = self.money(claim.patient_responsibility)
        self.put(21, owed, right=True, path=f"{at}.patient_responsibility")
        self.put(36, "CLAIM TOTALS")
        self.cell("BILLED", self.money(claim.charge), f"{at}.charge")
        self.cell("ALLOWED", self.money(claim.allowed))
        for code, heading in OWN_COLUMN.items():
            part = tuple(one for one in every if coded(one) == code)
            self.cell(heading, self.money(total(part)))
        others = tuple(one for one in every if coded(one) not in OWN_COLUMN)
        self.put(AMOUNT, self.money(total(others)), right=True)
        self.cell("PROV PD", self.money(claim.paid), f"{at}.paid")
        self.sheet.y += STEP
        self.put(0, "ADJ TO TOTALS:  PREV PD")
        for label, place in (("INTEREST", 46), ("LATE FILING CHARGE", 66)):
            self.put(place - 12, self.money(ZERO), right=True)
            self.put(place - 8, label)
        self.put(91, self.money(ZERO), right=True)
        self.cell("GRP/RC-AMT", "NET")
        self.cell("PROV PD", self.money(claim.paid))
        self.sheet.y += STEP - 5
        self._ruled()

    def _totals(self) -> None:
        payment, sheet = self.payment, self.sheet
        claims = payment.claims
        every = tuple(one for claim in claims for one in claim.every_adjustment)
        own = {
            code: total(tuple(one for one in every if coded(one) == code)) for code in OWN_COLUMN
        }
        others = total(tuple(one for one in every if coded(one) not in OWN_COLUMN))
        sheet.room(STEP * 4)
        figures = (
            ("# OF", "CLAIMS", str(len(claims)), ""),
            ("BILLED", "AMT", self.money(sum((one.charge for one in claims), ZERO)), ""),
            ("ALLOWED", "AMT", self.money(sum((one.allowed for one in claims), ZERO)), ""),
            ("DEDUCT", "AMT", self.money(own["PR-1"]), ""),
            ("COINS", "AMT", self.money(own["PR-2"]), ""),
            ("TOTAL", "RC-AMT", self.money(others), ""),
            ("PROV PD", "AMT", self.money(payment.claims_paid), ""),
            ("PROV", "ADJ AMT", self.money(payment.withheld), ""),
            ("CHECK", "AMT", self.money(payment.amount), "amount"),
        )
        self.put(0, "TOTALS:")
        for row in (0, 1):
            for place, heading in enumerate(figures):
                self.put(20 + 15 * place, heading[row], right=True)
            sheet.y += STEP
        for place, (_, _, value, path) in enumerate(figures):
            self.put(20 + 15 * place, value, right=True, path=path)
        sheet.y += 2 * STEP

    def _provider(self) -> None:
        entries = self.payment.provider_adjustments
        if not entries:
            return
        self.sheet.room(STEP * (len(entries) + 1))
        self.put(0, "PROVIDER ADJ DETAILS:")
        self.put(26, "PLB REASON CODE")
        self.put(48, "FCN")
        self.put(64, "HIC")
        self.put(91, "AMOUNT", right=True)
        self.sheet.y += STEP
        for number, entry in enumerate(entries):
            self.put(26, entry.reason)
            self.put(48, entry.reference)
            path = f"provider_adjustments[{number}].amount"
            self.put(91, self.money(entry.amount), right=True, path=path)
            self.sheet.y += STEP
        self.sheet.y += STEP

    def _glossary(self) -> None:
        used = {code for claim in self.payment.claims for code in _advice(claim).split()}
        meanings = [*codes_used(self.payment), *((code, ADVICE[code]) for code in sorted(used))]
        groups = sorted({one.group for c in self.payment.claims for one in c.every_adjustment})
        words = {
            "CO": "Contractual obligation: the patient may not be billed for this amount",
            "PR": "Patient responsibility: this amount may be billed to the patient",
        }
        self.sheet.room(STEP * 4)
        self.put(0, "GLOSSARY: GROUP, REASON, MOA, REMARK AND ADJUSTMENT CODES")
        self.sheet.y += STEP
        for code, meaning in [*((one, words[one]) for one in groups), *meanings]:
            self.sheet.room(STEP)
            self.put(0, code)
            self.put(10, f"{meaning}.")
            self.sheet.y += STEP


ISSUERS = (
    Issuer(
        key="oxbow",
        name="Oxbow Medicare Part B Services",
        size=LANDSCAPE,
        spelling=Spelling(spelling.minus, "%m/%d/%y", "%m%d %m%d%y"),
        habits=Habits(
            claims=(2, 8),
            claim_number="02#26########",
            member_id="1@#@@#@@##",
            trace="88#######",
            sequestration=True,
            provider=0.4,
        ),
        draw=draw,
        described=False,
        prints_status=False,
        prints_method=False,
    ),
)
