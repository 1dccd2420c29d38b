"""An administrator's check with its stub, and a claim a page with remarks as footnotes."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.remittances import spelling
from sandbox.remittances.drawing import MARGIN, PORTRAIT, SERIF, Sheet
from sandbox.remittances.issuer import MEANINGS, Issuer
from sandbox.remittances.parts import Text, claim_text, coded, line_text, payment_text, share_text
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import ZERO, Claim, Habits, Payment
from sandbox.world import Adjustment, ServiceLine

STEP = 12
# what it holds, heading over two rows, where it stands, and whether that is its right edge
COLUMNS = (
    ("service_date", "Date of|Service", MARGIN + 2, False),
    ("procedure_modifiers", "Service|Code", MARGIN + 50, False),
    ("units", "Qty", MARGIN + 142, True),
    ("charge", "Total|Charge", MARGIN + 192, True),
    ("CO-45", "Network|Discount", MARGIN + 238, True),
    ("others", "Not|Covered", MARGIN + 284, True),
    ("notes", "See|Note", MARGIN + 292, False),
    ("allowed", "Allowed|Amount", MARGIN + 358, True),
    ("PR-1", "Deduct-|ible", MARGIN + 402, True),
    ("PR-3", "Copay", MARGIN + 442, True),
    ("PR-2", "Coin-|surance", MARGIN + 486, True),
    ("paid", "Benefit|Paid", MARGIN + 538, True),
)
AT = {key: (x, right) for key, _, x, right in COLUMNS}
OWN = {key for key, *_ in COLUMNS if "-" in key}
CLAIM = (
    ("Patient:", "patient"),
    ("Claim Number:", "payer_claim_number"),
    ("Member Number:", "member_id"),
    ("Patient Account:", "claim_id"),
)
STUB = (("Check/Deposit No.", "trace_number"), ("Date", "date"), ("Amount", "amount"))
ITEMS = {
    "WO": "Refund of an earlier overpayment, kept from this payment",
    "L6": "Interest",
    "FB": "Balance brought forward",
}
SMALL = (
    *("zero one two three four five six seven eight nine ten eleven twelve thirteen".split()),
    *("fourteen fifteen sixteen seventeen eighteen nineteen".split()),
)
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""
    _Check(sheet, payment, issuer).draw()


def in_words(number: int) -> str:
    """``twelve hundred`` is not said: ``one thousand two hundred``; below one million."""
    if number < len(SMALL):
        return SMALL[number]
    if number < 100:
        rest = number % 10
        return TENS[number // 10] + (f"-{SMALL[rest]}" if rest else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = number % size
    return f"{in_words(number // size)} {name}" + (f" {in_words(rest)}" if rest else "")


class _Check:
    """One payment on its way to paper."""

    def __init__(self, sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
        self.sheet, self.payment, self.issuer = sheet, payment, issuer
        self.money = issuer.spelling.money

    def draw(self) -> None:
        sheet = self.sheet
        sheet.font = SERIF
        sheet.head = lambda _sheet: None
        sheet.begin_page()
        self._check()
        sheet.head = self._head
        self._stub()
        for number, claim in enumerate(self.payment.claims):
            if number:
                sheet.begin_page()
            self._claim(claim, number)
        self._reconciled()

    def _check(self) -> None:
        """The check itself, or what stands in its place when none is written."""
        sheet, payment = self.sheet, self.payment
        top = sheet.y - 10
        sheet.box(MARGIN, top, sheet.right, top + 196)
        sheet.y += 10
        sheet.text(MARGIN + 10, self.issuer.name, bold=True, size=12)
        sheet.text(sheet.right - 10, payment.trace_number, right=True, bold=True, size=12)
        for row in ("on behalf of the plans that it administers", "P.O. Box 000, Rushwater"):
            sheet.y += STEP
            sheet.text(MARGIN + 10, row)
        sheet.y += 2 * STEP
        day = self.issuer.spelling.payment_date(payment.date)
        sheet.text(sheet.right - 10, day, right=True)
        sheet.y += 2 * STEP
        whole, cents = divmod(int(payment.amount * 100), 100)
        sheet.text(MARGIN + 10, f"PAY  {in_words(whole).capitalize()} and {cents:02}/100 dollars")
        sheet.text(sheet.right - 10, f"$***{payment.amount:,.2f}***", right=True, bold=True)
        sheet.rule(MARGIN + 34, sheet.y + 3, sheet.right - 110, sheet.y + 3)
        sheet.y += 2 * STEP
        sheet.text(MARGIN + 10, "TO THE ORDER OF")
        sheet.text(MARGIN + 110, payment.payee, bold=True)
        sheet.y += 3 * STEP
        said = {
            "CHK": "Void after 180 days",
            "ACH": "NOT NEGOTIABLE - deposited to your account",
            "NON": "NOT NEGOTIABLE - no payment is due",
        }
        sheet.text(MARGIN + 10, said[payment.method])
        sheet.rule(sheet.right - 190, sheet.y, sheet.right - 10, sheet.y)
        sheet.y += STEP
        sheet.text(sheet.right - 190, "Authorized signature", size=7)
        sheet.y = top + 212
        sheet.text(MARGIN, "Detach here and keep the part below for your records.", size=7)
        sheet.rule(MARGIN, sheet.y + 5, sheet.right, sheet.y + 5)
        sheet.y += 26

    def _head(self, sheet: Sheet) -> None:
        sheet.text(MARGIN, self.issuer.name, bold=True, size=12)
        sheet.text(sheet.right, f"Page {sheet.page} of {sheet.pages or 1}", right=True)
        sheet.y += 20
        self._stub()

    def _stub(self) -> None:
        sheet = self.sheet
        sheet.text(MARGIN, "Explanation of Benefits - Provider Copy", bold=True, size=11)
        sheet.y += 17
        sheet.text(MARGIN + 2, f"Paid to {self.payment.payee}, NPI {self.payment.npi}")
        x = MARGIN + 270
        for label, key in STUB:
            said = payment_text(self.payment, key, self.issuer)
            sheet.y -= 5
            sheet.text(x, label, size=7)
            sheet.y += STEP
            sheet.text(x, said.text, bold=True, path=said.path)
            sheet.y -= STEP - 5
            x += 100
        sheet.y += 2 * STEP + 4

    def _claim(self, claim: Claim, number: int) -> None:
        sheet = self.sheet
        for place, (label, key) in enumerate(CLAIM):
            said = claim_text(claim, number, key, self.issuer)
            x = MARGIN + 2 + 270 * (place % 2)
            sheet.text(x, label)
            sheet.text(x + 84, said.text, path=said.path)
            sheet.y += STEP * (place % 2)
        sheet.text(MARGIN + 2, self.issuer.status[claim.status])
        sheet.y += STEP + 8
        self._headings()
        notes: dict[str, str] = {}
        for place, line in enumerate(claim.lines):
            sheet.room(STEP + 6, self._headings)
            self._line(line, f"claims[{number}].lines[{place}]", notes)
        if not claim.lines:
            charge = claim_text(claim, number, "charge", self.issuer)
            self._cell("charge", Text(charge.text))
        if claim.adjustments:
            what = "Claim adjustment" if claim.lines else "Whole claim"
            self._cell("service_date", Text(what))
            self._notes(claim.adjustments, f"claims[{number}]", notes)
        self._totals(claim, number)
        self._footnotes(notes)

    def _headings(self) -> None:
        sheet = self.sheet
        sheet.rule(MARGIN, sheet.y - 10, sheet.right, sheet.y - 10, 1)
        for row in (0, 1):
            for _, heading, x, right in COLUMNS:
                parts = ("", *heading.split("|"))[-2:]
                sheet.text(x, parts[row], right=right, bold=True, size=8)
            sheet.y += STEP - 2
        sheet.rule(MARGIN, sheet.y - 7, sheet.right, sheet.y - 7, 1)
        sheet.y += 6

    def _cell(self, key: str, said: Text) -> None:
        x, right = AT[key]
        self.sheet.text(x, said.text, right=right, path=said.path, size=8.5)

    def _line(self, line: ServiceLine, path: str, notes: dict[str, str]) -> None:
        for key in ("service_date", "procedure_modifiers", "units", "charge", "allowed", "paid"):
            self._cell(key, line_text(line, path, key, self.issuer))
        for key in sorted(OWN):
            self._cell(key, share_text(line, path, key, self.issuer))
        self._notes(line.adjustments, path, notes, line.remarks)

    def _notes(
        self,
        adjustments: Sequence[Adjustment],
        path: str,
        notes: dict[str, str],
        remarks: Sequence[str] = (),
    ) -> None:
        """What has no column of its own: an amount with a footnote's number, one to a row."""
        others = [(n, one) for n, one in enumerate(adjustments) if coded(one) not in OWN]
        amounts = [
            (coded(one), Text(self.money(one.amount), f"{path}.adjustments[{n}].amount"))
            for n, one in others
        ]
        for row, (code, figure) in enumerate(amounts or [("", Text(self.money(ZERO)))]):
            self.sheet.y += STEP if row else 0
            self._cell("others", figure)
            codes = [code, *([] if row else remarks)]
            marks = [notes.setdefault(one, f"{len(notes) + 1}") for one in codes if one]
            self._cell("notes", Text(",".join(marks)))
        self.sheet.y += STEP + 1

    def _totals(self, claim: Claim, number: int) -> None:
        sheet = self.sheet
        sheet.room(STEP * 4)
        sheet.rule(MARGIN, sheet.y - 9, sheet.right, sheet.y - 9)
        sheet.y += 1
        sums = dict.fromkeys((*OWN, "others"), ZERO)
        for one in claim.every_adjustment:
            sums[coded(one) if coded(one) in OWN else "others"] += one.amount
        self._cell("service_date", Text("Claim totals"))
        for key in ("charge", "allowed", "paid"):
            self._cell(key, claim_text(claim, number, key, self.issuer))
        for key, amount in sums.items():
            self._cell(key, Text(self.money(amount)))
        sheet.y += 2 * STEP
        owed = claim_text(claim, number, "patient_responsibility", self.issuer)
        sheet.text(AT["PR-2"][0], "You may bill the patient", right=True)
        self._cell("paid", owed)
        sheet.y += 2 * STEP

    def _footnotes(self, notes: dict[str, str]) -> None:
        sheet = self.sheet
        if not notes:
            return
        sheet.room(STEP * 3)
        sheet.text(MARGIN + 2, "Notes", bold=True)
        sheet.y += STEP
        for code, mark in notes.items():
            sheet.room(STEP)
            sheet.text(MARGIN + 2, mark)
            sheet.text(MARGIN + 18, f"{MEANINGS[code]} ({code}).")
            sheet.y += STEP
        sheet.y += STEP

    def _reconciled(self) -> None:
        """How the claims make up the amount of the check."""
        sheet, payment = self.sheet, self.payment
        entries = payment.provider_adjustments
        sheet.room(STEP * (len(entries) + 5))
        sheet.text(MARGIN + 2, "How this payment was made up", bold=True)
        sheet.y += STEP + 2
        paid, amount = (payment_text(payment, k, self.issuer) for k in ("claims_paid", "amount"))
        rows = [("Benefits of all claims", "", paid)]
        for number, entry in enumerate(entries):
            figure = Text(self.money(-entry.amount), f"provider_adjustments[{number}].amount")
            rows.append((f"{ITEMS[entry.reason]} ({entry.reason})", entry.reference, figure))
        rows.append(("Amount of this payment", "", amount))
        for label, reference, figure in rows:
            sheet.text(MARGIN + 2, label)
            sheet.text(MARGIN + 300, reference)
            sheet.text(MARGIN + 430, figure.text, right=True, path=figure.path)
            sheet.y += STEP


ISSUERS = (
    Issuer(
        key="rushwater",
        name="Rushwater Benefit Administrators",
        size=PORTRAIT,
        spelling=Spelling(spelling.minus, "%b %d, %Y", "%m-%d-%y"),
        habits=Habits(
            claims=(1, 4),
            claim_number="26#######-0#",
            member_id="RW######",
            trace="00######",
            denied_line=0.2,
            provider=0.4,
        ),
        draw=draw,
        described=False,
        prints_method=False,
        status={
            "1": "We have processed this claim as shown below.",
            "2": "We have processed this claim as the secondary plan, as shown below.",
            "4": "We have denied this claim for the reasons shown below.",
            "22": "We have reversed our earlier payment of this claim as shown below.",
        },
    ),
)
