"""A commercial payer's advice by patient: many narrow columns, and totals of every patient."""

from __future__ import annotations

from itertools import groupby

from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, MARGIN, Font, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import (
    Text,
    claim_text,
    coded,
    codes_used,
    line_text,
    name_of,
    payment_text,
    provider_text,
    share_text,
)
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import ZERO, Claim, Habits, Payment
from sandbox.world import Adjustment, ServiceLine

STEP = 9.5
FONT = Font(size=7)
# what it holds, heading over three rows, where it stands, and whether that is its right edge
COLUMNS = (
    ("claim", "Claim|Number/|Pat Acct", 38, False),
    ("status", "Clm|Sts", 102, False),
    ("service_date", "Date|of|Service", 120, False),
    ("procedure", "Proc|Code", 158, False),
    ("modifiers", "Mod", 186, False),
    ("units", "Qty", 224, True),
    ("charge", "Billed|Amount", 268, True),
    ("allowed", "Allowed|Amount", 314, True),
    ("CO-45", "Contract|Adjust-|ment", 360, True),
    ("others", "Not|Covered|Amount", 406, True),
    ("reason", "Rsn|Code", 412, False),
    ("PR-1", "Deduct-|ible", 476, True),
    ("PR-3", "Co-|Pay", 512, True),
    ("PR-2", "Co-|Ins", 554, True),
    ("patient", "Patient|Resp", 600, True),
    ("OA-23", "Other|Carrier|Paid", 646, True),
    ("paid", "Net|Paid", 694, True),
    ("remarks", "Rmk|Codes", 702, False),
)
AT = {key: (x, right) for key, _, x, right in COLUMNS}
OWN = tuple(key for key in AT if "-" in key)
BLOCK = (
    (("Remittance Number", "trace_number"), ("Payee Name", "payee")),
    (("Remittance Date", "date"), ("Payee NPI", "npi")),
    (("Payment Method", "method"), ("Net Payment", "amount")),
)
Row = dict[str, Text]


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Advice(sheet, payment, issuer).draw()


class _Advice:
    """One payment on its way to paper."""

    def __init__(self, sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
        self.sheet, self.payment, self.issuer = sheet, payment, issuer
        self.money = issuer.spelling.money
        self.patient = ""

    def draw(self) -> None:
        sheet = self.sheet
        sheet.font = FONT
        sheet.head = self._head
        sheet.begin_page()
        self._block()
        self._headings()
        numbered = list(enumerate(self.payment.claims))
        for patient, group in groupby(numbered, key=lambda pair: pair[1].patient):
            claims = list(group)
            self.patient = f"{name_of(patient).upper()}    SUBSCRIBER ID {patient.member_id}"
            self._room(5)
            self._bar(self.patient)
            for number, claim in claims:
                self._claim(claim, number)
            self._sum("Patient Total", tuple(claim for _, claim in claims))
            sheet.y += 4
        self.patient = ""
        self._room(2)
        self._sum("Grand Total", self.payment.claims)
        self._closing()

    def _head(self, sheet: Sheet) -> None:
        sheet.text(MARGIN, self.issuer.name, bold=True, size=13)
        sheet.text(sheet.right, "Provider Remittance Advice", right=True, size=11)
        sheet.y += 12
        sheet.text(MARGIN, "Commercial products, fully insured and self-funded", size=7)
        sheet.text(sheet.right, f"Page {sheet.page} of {sheet.pages or 1}", right=True)
        sheet.y += 20

    def _block(self) -> None:
        for pairs in BLOCK:
            for x, (label, key) in zip((MARGIN + 2, MARGIN + 330), pairs, strict=True):
                said = payment_text(self.payment, key, self.issuer)
                self.sheet.text(x, f"{label}:", size=8)
                self.sheet.text(x + 90, said.text, path=said.path, bold=True, size=8)
            self.sheet.y += STEP + 2
        self.sheet.y += 10

    def _headings(self) -> None:
        sheet = self.sheet
        sheet.rule(MARGIN, sheet.y - 8, sheet.right, sheet.y - 8, 1)
        for row in range(3):
            for _, heading, x, right in COLUMNS:
                parts = ("", "", *heading.split("|"))[-3:]
                sheet.text(x, parts[row], right=right, bold=True)
            sheet.y += STEP - 1
        sheet.rule(MARGIN, sheet.y - 5, sheet.right, sheet.y - 5, 1)
        sheet.y += 6

    def _room(self, rows: int) -> None:
        self.sheet.room(rows * STEP, self._again)

    def _again(self) -> None:
        self._headings()
        if self.patient:
            self._bar(f"{self.patient}    (CONTINUED)")

    def _bar(self, text: str) -> None:
        sheet = self.sheet
        sheet.box(MARGIN, sheet.y - 7.5, sheet.right, sheet.y + 2.5, filled=True)
        sheet.text(MARGIN + 2, f"PATIENT {text}", bold=True)
        sheet.y += STEP + 2

    def _row(self, cells: Row, *, bold: bool = False) -> None:
        self._room(1)
        for key, said in cells.items():
            x, right = AT[key]
            self.sheet.text(x, said.text, right=right, path=said.path, bold=bold)
        self.sheet.y += STEP

    def _claim(self, claim: Claim, number: int) -> None:
        """The claim's number stands in its first row, and in its second the patient's account."""

        def said(key: str) -> Text:
            return claim_text(claim, number, key, self.issuer)

        at = f"claims[{number}]"
        rows: list[Row] = []
        for place, line in enumerate(claim.lines):
            rows += self._line(line, f"{at}.lines[{place}]")
        charge = {} if claim.lines else {"charge": Text(self.money(claim.charge))}
        for place, own in enumerate(self._others(claim.adjustments, at)):
            what = "Claim level" if claim.lines else "No detail"
            rows.append({"service_date": Text(what)} | ({} if place else charge) | own)
        rows += [{}] * (2 - len(rows))
        rows[0] |= {"claim": said("payer_claim_number"), "status": said("status")}
        rows[1] = rows[1] | {"claim": said("claim_id")}
        self._room(2)
        for row in rows:
            self._row(row)
        owed = said("patient_responsibility")
        sums = {"charge": said("charge"), "patient": owed, "paid": said("paid")}
        self._sum("Subtotal", (claim,), sums)
        self.sheet.y += 2

    def _line(self, line: ServiceLine, path: str) -> list[Row]:
        keys = ("service_date", "procedure", "modifiers", "units", "charge", "allowed")
        cells = {key: line_text(line, path, key, self.issuer) for key in keys}
        cells |= {key: share_text(line, path, key, self.issuer) for key in OWN}
        for key in ("patient", "paid", "remarks"):
            cells[key] = line_text(line, path, key, self.issuer)
        others = self._others(line.adjustments, path)
        first = others[0] if others else {"others": Text(self.money(ZERO))}
        return [cells | first, *others[1:]]

    def _others(self, adjustments: tuple[Adjustment, ...], path: str) -> list[Row]:
        """What has no column of its own, each with its code."""
        return [
            {
                "others": Text(self.money(one.amount), f"{path}.adjustments[{number}].amount"),
                "reason": Text(coded(one)),
            }
            for number, one in enumerate(adjustments)
            if coded(one) not in OWN
        ]

    def _sum(self, label: str, claims: tuple[Claim, ...], known: Row | None = None) -> None:
        every = tuple(one for claim in claims for one in claim.every_adjustment)
        amounts = dict.fromkeys((*OWN, "others"), ZERO)
        for one in every:
            amounts[coded(one) if coded(one) in OWN else "others"] += one.amount
        amounts |= {
            "charge": sum((one.charge for one in claims), ZERO),
            "allowed": sum((one.allowed for one in claims), ZERO),
            "patient": sum((one.patient_responsibility for one in claims), ZERO),
            "paid": sum((one.paid for one in claims), ZERO),
        }
        cells = {key: Text(self.money(amount)) for key, amount in amounts.items()}
        self._room(1)
        self.sheet.rule(AT["service_date"][0], self.sheet.y - 7, 694, self.sheet.y - 7)
        self._row({"service_date": Text(label)} | cells | (known or {}), bold=True)

    def _closing(self) -> None:
        sheet, payment = self.sheet, self.payment
        entries = payment.provider_adjustments
        sheet.y += STEP
        sheet.room(STEP * (len(entries) + 5))
        withheld = Text(self.money(-payment.withheld))
        rows = [("Total of claims", "", payment_text(payment, "claims_paid", self.issuer))]
        for number, entry in enumerate(entries):
            figure = Text(self.money(-entry.amount), f"provider_adjustments[{number}].amount")
            rows.append((f"{entry.reason} {provider_text(entry)}", entry.reference, figure))
        rows += [
            ("Total of provider adjustments", "", withheld),
            ("Net Payment", "", payment_text(payment, "amount", self.issuer)),
        ]
        for label, reference, figure in rows:
            sheet.text(MARGIN + 2, label)
            sheet.text(MARGIN + 150, reference)
            sheet.text(AT["allowed"][0], figure.text, right=True, path=figure.path)
            sheet.y += STEP
        sheet.y += STEP
        sheet.room(STEP * 3)
        sheet.text(MARGIN + 2, "Claim status: 1 primary, 2 secondary, 4 denied, 22 reversal.")
        sheet.y += STEP
        for code, meaning in codes_used(payment):
            sheet.room(STEP)
            sheet.text(MARGIN + 2, code)
            sheet.text(MARGIN + 40, f"{meaning}.")
            sheet.y += STEP


ISSUERS = (
    Issuer(
        key="tamarind",
        name="Tamarind Valley Health Plans",
        size=LANDSCAPE,
        spelling=Spelling(spelling.minus, "%m/%d/%Y", "%m/%d/%y"),
        habits=Habits(
            claims=(3, 9),
            claim_number="T#########-#",
            member_id="TV#########",
            trace="TVP########",
            secondary=0.15,
            same_patient=0.4,
            provider=0.4,
        ),
        draw=draw,
        described=False,
        sideways=True,
        status={key: key for key in ("1", "2", "4", "22")},
    ),
)
