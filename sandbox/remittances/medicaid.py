"""A state Medicaid advice: two rows for each service, claims in process, and sums of the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import ClassVar

from sandbox.people import make_person
from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import coded, codes_used, description, name_of
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import ZERO, Claim, Habits, Payment, fill
from sandbox.remittances.typewriter import STEP, Typewritten
from sandbox.world import Adjustment, ProviderAdjustment, ServiceLine

MIDDLE, LAST = 74, 152
# heading over two rows, its first column or, for figures, its last, and which of the two
CLAIM = (
    ("|--ICN--", 0, False),
    ("|PATIENT NUMBER", 20, False),
    ("|RECIPIENT NAME", 37, False),
    ("|RECIPIENT ID", 63, False),
    ("SERVICE|FROM", 78, False),
    ("DATES|THRU", 86, False),
    ("BILLED|AMOUNT", 106, True),
    ("ALLOWED|AMOUNT", 118, True),
    ("TPL|AMOUNT", 128, True),
    ("PATIENT|AMOUNT", 140, True),
    ("PAID|AMOUNT", LAST, True),
)
SERVICE = (
    ("LN", 3, False),
    ("PROC", 8, False),
    ("MODIFIERS", 15, False),
    ("UNITS", 32, True),
    ("DESCRIPTION / REASONS", 37, False),
)
SLOTS = (42, 62, 82)  # where reasons begin in a service's second row
SLOT = 17  # columns from a reason to the end of its amount
SECTIONS = (
    ("PAID", "CLAIMS PAID"),
    ("ADJUSTED", "ADJUSTMENTS TO PAID CLAIMS"),
    ("DENIED", "CLAIMS DENIED"),
)
WORDS: Mapping[str, str] = {
    "WO": "RECOUPMENT OF OVERPAYMENT",
    "L6": "INTEREST",
    "FB": "BALANCE FROM EARLIER CYCLE",
}
Numbered = Sequence[tuple[int, Claim]]


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Advice(sheet, payment, issuer).draw()


def _section(claim: Claim, corrected: set[str]) -> str:
    if claim.claim_id in corrected:
        return "ADJUSTED"
    return "DENIED" if claim.status == "4" else "PAID"


class _Advice(Typewritten):
    """One payment on its way to paper."""

    at: ClassVar = {h: (place, right) for h, place, right in (*CLAIM, *SERVICE)}
    section = ""

    def draw(self) -> None:
        self.begin(self._head)
        numbered = list(enumerate(self.payment.claims))
        corrected = {c.claim_id for _, c in numbered if c.status == "22"}
        parts = {
            key: [pair for pair in numbered if _section(pair[1], corrected) == key]
            for key, _ in SECTIONS
        }
        for key, title in SECTIONS:
            if parts[key]:
                self._begin(title)
                for number, claim in parts[key]:
                    self._claim(claim, f"claims[{number}]")
        # What is not decided is no part of the payment; it is the same for the same payment.
        random = Random(self.payment.trace_number)
        pending = self._in_process(random)
        self.section = ""
        self._financial()
        self._summary(parts, pending, random)
        self._codes()

    def _centred(self, text: str) -> None:
        self.put(MIDDLE - len(text) // 2, text)
        self.sheet.y += STEP

    def _head(self, sheet: Sheet) -> None:
        payment = self.payment
        self.put(0, "REPORT:  RA-0040-P")
        self.put(120, f"RUN DATE: {self.issuer.spelling.payment_date(payment.date)}")
        self._centred(self.issuer.name.upper())
        self.put(0, "PROCESS: WEEKLY")
        self.put(120, f"PAGE:     {sheet.page} OF {sheet.pages or 1}")
        self._centred("PROVIDER REMITTANCE ADVICE")
        sheet.y += STEP
        self.put(0, payment.payee.upper())
        self.put(104, "PAYEE NPI")
        self.put(LAST, payment.npi, right=True)
        sheet.y += STEP
        self.put(0, "00 QUARRY ROAD")
        self.put(104, "CHECK/EFT NUMBER")
        self.put(LAST, payment.trace_number, right=True, path="trace_number")
        sheet.y += STEP
        self.put(0, "QUARRY CITY 00000")
        self.put(104, "PAYMENT DATE")
        day = self.issuer.spelling.payment_date(payment.date)
        self.put(LAST, day, right=True, path="date")
        sheet.y += 2 * STEP
        if self.section:
            self._headings()

    def _begin(self, title: str) -> None:
        self.section = title
        if self.sheet.y + 14 * STEP > self.sheet.bottom:
            self.sheet.begin_page()
        else:
            self._headings()

    def _headings(self) -> None:
        self._centred(f"PROFESSIONAL SERVICES - {self.section}")
        self.sheet.y += 4
        for row in (0, 1):
            for heading, _, _ in CLAIM:
                self.cell(heading, heading.split("|")[row])
            self.sheet.y += STEP
        if "PROCESS" not in self.section:
            for heading, _, _ in SERVICE:
                self.cell(heading, heading)
            self.sheet.y += STEP
        self.sheet.y += 6

    def _claim(self, claim: Claim, at: str) -> None:
        self.sheet.room(STEP * 4)
        self.cell("|--ICN--", claim.payer_claim_number, f"{at}.payer_claim_number")
        self.cell("|PATIENT NUMBER", claim.claim_id, f"{at}.claim_id")
        self.cell("|RECIPIENT NAME", name_of(claim.patient).upper()[:24])
        self.cell("|RECIPIENT ID", claim.patient.member_id)
        if claim.lines:
            days = [line.service_date for line in claim.lines]
            self.cell("SERVICE|FROM", self.issuer.spelling.service_date(min(days)))
            self.cell("DATES|THRU", self.issuer.spelling.service_date(max(days)))
        self.cell("BILLED|AMOUNT", self.money(claim.charge), f"{at}.charge")
        self.cell("ALLOWED|AMOUNT", self.money(claim.allowed))
        self.cell("TPL|AMOUNT", self.money(ZERO))
        owed = self.money(claim.patient_responsibility)
        self.cell("PATIENT|AMOUNT", owed, f"{at}.patient_responsibility")
        self.cell("PAID|AMOUNT", self.money(claim.paid), f"{at}.paid")
        self.sheet.y += STEP
        if self.section.startswith("ADJ"):
            what = (
                "CREDIT: REVERSAL OF PAYMENT" if claim.status == "22" else "DEBIT: AS NOW DECIDED"
            )
            self.put(3, f"ADJUSTMENT {what}")
            self.sheet.y += STEP
        if claim.adjustments:
            self.sheet.room(STEP)
            self.put(3, "HEADER REASONS")
            self._reasons(claim.adjustments, at)
        for place, line in enumerate(claim.lines):
            self._line(line, f"{at}.lines[{place}]", place + 1)
        self.sheet.y += 5

    def _line(self, line: ServiceLine, path: str, number: int) -> None:
        self.sheet.room(STEP * (3 + len(line.adjustments) // len(SLOTS)))
        self.cell("LN", f"{number:02}")
        self.cell("PROC", line.procedure, f"{path}.procedure")
        self.cell("MODIFIERS", " ".join(line.modifiers))
        self.cell("UNITS", str(line.units), f"{path}.units")
        self.cell("DESCRIPTION / REASONS", description(line).upper())
        day = self.issuer.spelling.service_date(line.service_date)
        self.cell("SERVICE|FROM", day, f"{path}.service_date")
        self.cell("DATES|THRU", day)
        self.cell("BILLED|AMOUNT", self.money(line.charge), f"{path}.charge")
        self.cell("ALLOWED|AMOUNT", self.money(line.allowed), f"{path}.allowed")
        self.cell("PAID|AMOUNT", self.money(line.paid), f"{path}.paid")
        self.sheet.y += STEP
        if line.remarks:
            self.put(8, f"REMARKS {' '.join(line.remarks)}")
        if line.adjustments:
            self._reasons(line.adjustments, path)
        elif line.remarks:
            self.sheet.y += STEP

    def _reasons(self, adjustments: Sequence[Adjustment], path: str) -> None:
        for number, one in enumerate(adjustments):
            slot = number % len(SLOTS)
            if number and not slot:
                self.sheet.y += STEP
            self.put(SLOTS[slot], coded(one))
            figure = f"{path}.adjustments[{number}].amount"
            self.put(SLOTS[slot] + SLOT, self.money(one.amount), right=True, path=figure)
        self.sheet.y += STEP

    def _in_process(self, random: Random) -> list[Decimal]:
        """Claims that wait for a decision; gives what each of them billed."""
        billed = [Decimal(random.randint(2_000, 60_000)) / 100 for _ in range(random.randint(0, 2))]
        if billed:
            self._begin("CLAIMS IN PROCESS")
        for amount in billed:
            self.sheet.room(STEP)
            day = self.payment.date - timedelta(days=random.randint(8, 30))
            patient = make_person(random, fill(random, self.issuer.habits.member_id), day, 1)
            self.cell("|--ICN--", fill(random, self.issuer.habits.claim_number))
            self.cell("|PATIENT NUMBER", fill(random, "@######"))
            self.cell("|RECIPIENT NAME", name_of(patient).upper()[:24])
            self.cell("|RECIPIENT ID", patient.member_id)
            self.cell("SERVICE|FROM", self.issuer.spelling.service_date(day))
            self.cell("DATES|THRU", self.issuer.spelling.service_date(day))
            self.cell("BILLED|AMOUNT", self.money(amount))
            self.put(126, "UNDER REVIEW", right=True)
            self.sheet.y += STEP
        self.sheet.y += STEP if billed else 0
        return billed

    def _financial(self) -> None:
        """What is paid out and what is taken back, each in a part of its own, both above zero."""
        entries = list(enumerate(self.payment.provider_adjustments))
        if not entries:
            return
        self.sheet.room(STEP * (8 + len(entries)))
        self._centred("FINANCIAL TRANSACTIONS")
        out = [(number, one) for number, one in entries if one.amount < 0]
        back = [(number, one) for number, one in entries if one.amount >= 0]
        self._entries("NON-CLAIM SPECIFIC PAYOUTS TO PROVIDER", out, sign=-1)
        self._entries("ACCOUNTS RECEIVABLE TAKEN FROM THIS PAYMENT", back, sign=1)
        self.sheet.y += STEP

    def _entries(
        self, title: str, entries: Sequence[tuple[int, ProviderAdjustment]], *, sign: int
    ) -> None:
        self.put(0, f"---- {title} ----")
        self.sheet.y += STEP
        if not entries:
            self.put(3, "NO ACTIVITY THIS CYCLE")
            self.sheet.y += STEP
            return
        self.put(3, "TRANSACTION")
        self.put(22, "REASON")
        self.put(70, "AMOUNT", right=True)
        self.sheet.y += STEP
        for number, entry in entries:
            self.put(3, entry.reference)
            self.put(22, f"{entry.reason}  {WORDS[entry.reason]}")
            path = f"provider_adjustments[{number}].amount"
            self.put(70, self.money(sign * entry.amount), right=True, path=path)
            self.sheet.y += STEP

    def _summary(
        self, parts: Mapping[str, Numbered], pending: Sequence[Decimal], random: Random
    ) -> None:
        payment = self.payment
        entries = payment.provider_adjustments
        out = -sum((one.amount for one in entries if one.amount < 0), ZERO)
        back = sum((one.amount for one in entries if one.amount >= 0), ZERO)
        paid = Decimal(random.randint(900_000, 9_000_000)) / 100
        others = [Decimal(random.randint(1_000, 90_000)) / 100 for _ in range(3)]
        adjusted, out_before, back_before = others
        counts = [random.randint(5, 300) for _ in range(3)]
        claims = [
            (title, len(parts[key]), sum((one.paid for _, one in parts[key]), ZERO), count, amount)
            for (key, title), count, amount in zip(
                SECTIONS, counts, (paid, -adjusted, ZERO), strict=True
            )
        ]
        claims += [
            ("CLAIMS IN PROCESS", len(pending), ZERO, 0, ZERO),
            (
                *("TOTAL CLAIMS PAYMENTS", len(payment.claims), payment.claims_paid),
                *(sum(counts), paid - adjusted),
            ),
        ]
        money = [
            ("PAYOUTS", out, out_before),
            ("ACCOUNTS RECEIVABLE (OFFSETS)", -back, -back_before),
            ("NET PAYMENT", payment.amount, paid - adjusted + out_before - back_before),
        ]
        self.sheet.room(STEP * 14)
        self._centred("SUMMARY")
        for row in (("CURRENT", "CURRENT", "Y-T-D", "Y-T-D"), ("NUMBER", "AMOUNT") * 2):
            for place, heading in zip((44, 62, 78, 98), row, strict=True):
                self.put(place, heading, right=True)
            self.sheet.y += STEP
        for label, count, amount, earlier, before in claims:
            self.put(44, str(count), right=True)
            self.put(78, str(count + earlier), right=True)
            self._sum(label, amount, amount + before)
        for label, amount, before in money:
            path = "amount" if label == "NET PAYMENT" else ""
            self._sum(label, amount, amount + before, path)
        self.put(3, "PAID BY")
        self.put(62, self.issuer.methods[payment.method], right=True)
        self.sheet.y += 2 * STEP

    def _sum(self, label: str, amount: Decimal, year: Decimal, path: str = "") -> None:
        self.put(3, label)
        self.put(62, self.money(amount), right=True, path=path)
        self.put(98, self.money(year), right=True)
        self.sheet.y += STEP

    def _codes(self) -> None:
        self.sheet.room(STEP * 3)
        self._centred("DESCRIPTIONS OF REASON AND REMARK CODES")
        for code, meaning in codes_used(self.payment):
            self.sheet.room(STEP)
            self.put(3, code)
            self.put(14, meaning.upper())
            self.sheet.y += STEP


ISSUERS = (
    Issuer(
        key="quarry",
        name="Quarry State Medicaid Programs",
        size=LANDSCAPE,
        spelling=Spelling(spelling.bare_parentheses, "%m/%d/%Y", "%m%d%y"),
        habits=Habits(
            claims=(3, 8),
            claim_number="22263########",
            member_id="9#########",
            trace="0########",
            reversal=0.2,
            bare_denial=0.12,
            provider=0.5,
        ),
        draw=draw,
        described=False,
        methods={"ACH": "EFT", "CHK": "CHECK", "NON": "NO PAYMENT"},
    ),
)
