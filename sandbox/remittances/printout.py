"""A payer's electronic remittance as a clearinghouse's viewer prints it, segment by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.remittances import spelling
from sandbox.remittances.drawing import MARGIN, PORTRAIT, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import Text, claim_text, line_text, payment_text
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import AS_OF, Claim, Habits, Payment
from sandbox.world import Adjustment, ServiceLine

STEP = 11
IN_A_ROW = 3  # reasons with their amounts, after the group that they share
INDENT = MARGIN + 12
GROUPS: Mapping[str, str] = {"CO": "Contractual Obligation", "PR": "Patient Responsibility"}
PAIRS = (MARGIN + 8, MARGIN + 120, MARGIN + 280, MARGIN + 392)  # two labels with their values
REASONS = (MARGIN + 200, MARGIN + 316, MARGIN + 432)
AMOUNT = 92  # from a reason's left edge to its amount's right edge
LINE = (
    ("service_date", "Service Date", MARGIN + 8, False),
    ("procedure", "Procedure", MARGIN + 80, False),
    ("modifiers", "Modifiers", MARGIN + 152, False),
    ("units", "Units", MARGIN + 244, True),
    ("charge", "Charge", MARGIN + 320, True),
    ("allowed", "Allowed (B6)", MARGIN + 410, True),
    ("paid", "Paid", MARGIN + 490, True),
)
PLB: Mapping[str, str] = {
    "WO": "Overpayment Recovery",
    "L6": "Interest Owed",
    "FB": "Forwarding Balance",
}


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Printout(sheet, payment, issuer).draw()


class _Printout:
    """One payment on its way to paper."""

    def __init__(self, sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
        self.sheet, self.payment, self.issuer = sheet, payment, issuer
        self.money = issuer.spelling.money

    def draw(self) -> None:
        self.sheet.head = self._head
        self.sheet.begin_page()
        self._payment()
        for number, claim in enumerate(self.payment.claims):
            self._claim(claim, number)
        self._provider()
        self._checks()

    def _head(self, sheet: Sheet) -> None:
        sheet.text(MARGIN, "Remittance Viewer", bold=True, size=11)
        sheet.text(sheet.right, "ERA 835 - Human Readable Report", right=True)
        sheet.rule(MARGIN, sheet.y + 5, sheet.right, sheet.y + 5)
        top, sheet.y = sheet.y, sheet.height - 26
        printed = self.issuer.spelling.payment_date(AS_OF)
        sheet.text(MARGIN, f"Printed {printed} by user billing01", size=7)
        sheet.text(sheet.right, f"Page {sheet.page} of {sheet.pages or 1}", right=True, size=7)
        sheet.y = top + 22

    def _bar(self, text: str, right: str = "") -> None:
        sheet = self.sheet
        sheet.box(MARGIN, sheet.y - 10, sheet.right, sheet.y + 4, filled=True)
        sheet.text(MARGIN + 4, text, bold=True)
        sheet.text(sheet.right - 4, right, right=True)
        sheet.y += STEP + 4

    def _pairs(self, texts: Sequence[tuple[str, Text]]) -> None:
        """Labels with their values, two in a row."""
        for place, (label, value) in enumerate(texts):
            at = 2 * (place % 2)
            self.sheet.text(PAIRS[at], f"{label}:")
            self.sheet.text(PAIRS[at + 1], value.text, path=value.path)
            if at or place == len(texts) - 1:
                self.sheet.y += STEP

    def _payment(self) -> None:
        payment = self.payment

        def said(key: str) -> Text:
            return payment_text(payment, key, self.issuer)

        self._bar("PAYMENT (BPR / TRN)", "Interchange 000000417   Group 1   ST 0001")
        self._pairs(
            (
                ("Payer (N1*PR)", said("payer")),
                ("Payee (N1*PE)", said("payee")),
                ("Payer ID", Text("PR0000417")),
                ("Payee NPI (XX)", said("npi")),
                ("Payment Method", said("method")),
                ("Trace Number (TRN02)", said("trace_number")),
                ("Payment Date", said("date")),
                ("Payment Amount", said("amount")),
                ("Handling Code", Text("I - Remittance Information Only")),
                ("Number of Claims", said("claim_count")),
            )
        )
        self.sheet.y += STEP

    def _claim(self, claim: Claim, number: int) -> None:
        sheet = self.sheet
        sheet.room(STEP * 14)

        def said(key: str) -> Text:
            return claim_text(claim, number, key, self.issuer)

        self._bar(f"CLAIM {number + 1} OF {len(self.payment.claims)} (CLP)", "Filing: 12 - PPO")
        self._pairs(
            (
                ("Patient (NM1*QC)", said("patient")),
                ("Member ID (MI)", said("member_id")),
                ("Patient Control No.", said("claim_id")),
                ("Payer Control No.", said("payer_claim_number")),
                ("Claim Status", said("status")),
                ("Claim Received", said("received")),
                ("Total Charge", said("charge")),
                ("Total Paid", said("paid")),
                ("Patient Resp.", said("patient_responsibility")),
            )
        )
        if claim.adjustments:
            sheet.y += 3
            sheet.text(INDENT, "Claim Adjustments (CAS)", bold=True)
            sheet.y += STEP
            self._reasons(claim.adjustments, f"claims[{number}]")
        sheet.y += 4
        for place, line in enumerate(claim.lines):
            self._line(line, f"claims[{number}].lines[{place}]", place)
        sheet.y += 10

    def _line(self, line: ServiceLine, path: str, number: int) -> None:
        sheet = self.sheet
        sheet.room(STEP * (5 + len(line.adjustments) + bool(line.remarks)))
        sheet.rule(MARGIN + 8, sheet.y - 8, sheet.right - 8, sheet.y - 8)
        sheet.y += 3
        for _, heading, x, right in LINE:
            sheet.text(x, heading, right=right, bold=True, size=7)
        sheet.text(sheet.right - 8, f"SVC {number + 1}", right=True, size=7)
        sheet.y += STEP
        for key, _, x, right in LINE:
            value = line_text(line, path, key, self.issuer)
            start = sheet.text(x, "HC:") if key == "procedure" else x
            sheet.text(start, value.text, right=right, path=value.path)
        sheet.y += STEP
        if line.adjustments:
            self._reasons(line.adjustments, path)
        if line.remarks:
            sheet.text(INDENT, f"Remark Codes (LQ*HE): {', '.join(line.remarks)}")
            sheet.y += STEP
        sheet.y += 5

    def _reasons(self, adjustments: Sequence[Adjustment], path: str) -> None:
        """As the segments have them: a group, then up to three reasons with amounts a row."""
        sheet = self.sheet
        for x in REASONS:
            sheet.text(x, "Reason", size=6.5)
            sheet.text(x + AMOUNT, "Amount", right=True, size=6.5)
        sheet.text(INDENT, "Adjustment Group", size=6.5)
        sheet.y += STEP - 1
        for group, words in GROUPS.items():
            own = [(n, one) for n, one in enumerate(adjustments) if one.group == group]
            for start in range(0, len(own), IN_A_ROW):
                sheet.text(INDENT, f"{group} - {words}")
                for x, (number, one) in zip(REASONS, own[start:], strict=False):
                    sheet.text(x, one.reason)
                    figure = f"{path}.adjustments[{number}].amount"
                    sheet.text(x + AMOUNT, self.money(one.amount), right=True, path=figure)
                sheet.y += STEP

    def _provider(self) -> None:
        entries = self.payment.provider_adjustments
        if not entries:
            return
        sheet = self.sheet
        sheet.room(STEP * (len(entries) + 4))
        self._bar("PROVIDER LEVEL ADJUSTMENTS (PLB)", f"Provider {self.payment.npi}")
        edges = (MARGIN + 8, MARGIN + 80, MARGIN + 260, MARGIN + 490)
        headings = ("Fiscal Period", "Adjustment Reason", "Reference", "Amount")
        for x, heading in zip(edges, headings, strict=True):
            sheet.text(x, heading, right=heading == "Amount", bold=True, size=7)
        sheet.y += STEP
        for number, entry in enumerate(entries):
            sheet.text(edges[0], f"{self.payment.date.year}-12-31")
            sheet.text(edges[1], f"{entry.reason} - {PLB[entry.reason]}")
            sheet.text(edges[2], entry.reference)
            path = f"provider_adjustments[{number}].amount"
            sheet.text(edges[3], self.money(entry.amount), right=True, path=path)
            sheet.y += STEP
        sheet.y += STEP

    def _checks(self) -> None:
        """The viewer's own sums at the end."""
        sheet = self.sheet
        sheet.room(STEP * 6)
        self._bar("BALANCING")
        rows = (
            ("Total of claim payments (CLP04)", "claims_paid"),
            ("Less provider level adjustments (PLB)", "withheld"),
            ("Payment amount (BPR02)", "amount"),
        )
        for label, key in rows:
            value = payment_text(self.payment, key, self.issuer)
            sheet.text(MARGIN + 8, label)
            sheet.text(MARGIN + 320, value.text, right=True, path=value.path)
            sheet.y += STEP
        sheet.text(MARGIN + 8, "This remittance is in balance.")
        sheet.y += STEP


ISSUERS = (
    Issuer(
        key="pinyon",
        name="Pinyon Ridge Assurance",
        size=PORTRAIT,
        spelling=Spelling(spelling.dollar_minus, "%Y-%m-%d", "%Y-%m-%d"),
        habits=Habits(
            claims=(1, 6),
            claim_number="@########00",
            member_id="PRA#########",
            trace="########T##",
            claim_adjustment=0.2,
            provider=0.4,
        ),
        draw=draw,
        described=False,
        status={
            "1": "1 - Processed as Primary",
            "2": "2 - Processed as Secondary",
            "4": "4 - Denied",
            "22": "22 - Reversal of Previous Payment",
        },
        methods={
            "ACH": "ACH - Automated Clearing House",
            "CHK": "CHK - Check",
            "NON": "NON - Non-Payment Data",
        },
    ),
)
