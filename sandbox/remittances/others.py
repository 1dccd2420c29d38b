"""Documents that a mail room files with remittances by mistake, and that are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.people import make_person
from sandbox.remittances.drawing import MARGIN, Sheet
from sandbox.remittances.parts import description
from sandbox.remittances.spelling import parentheses
from sandbox.remittances.story import AS_OF, Habits, Payment, fill, make_payments

OTHERS: Mapping[str, str] = {
    "patient_eob": "patient_eob",
    "letter": "letter",
    "invoice": "invoice",
    "statement": "statement",
}
"""Each layout's kind."""

STEP = 13


def draw_other(sheet: Sheet, layout: str, random: Random) -> None:
    """Draw a document of ``layout``; the same ``random``, the same document."""
    drawers: Mapping[str, Callable[[Sheet, Random], None]] = {
        "patient_eob": _patient_eob,
        "letter": _letter,
        "invoice": _invoice,
        "statement": _statement,
    }
    sheet.begin_page()
    drawers[layout](sheet, random)


def _day(value: date) -> str:
    return value.strftime("%m/%d/%Y")


def _rows(sheet: Sheet, rows: list[str]) -> None:
    for row in rows:
        sheet.room(STEP)
        sheet.text(MARGIN, row, size=10)
        sheet.y += STEP


def _table(sheet: Sheet, edges: tuple[int, ...], rows: list[tuple[str, ...]]) -> None:
    for place, row in enumerate(rows):
        sheet.room(STEP)
        for x, cell in zip(edges, row, strict=True):
            sheet.text(x, cell, bold=not place, right=x > 300, size=9)
        if not place:
            sheet.rule(MARGIN, sheet.y + 4, sheet.right, sheet.y + 4)
        sheet.y += STEP


def _patient_eob(sheet: Sheet, random: Random) -> None:
    """What a member gets: the same claim, no payment to reconcile."""
    habits = Habits(claims=(1, 2), reversal=0, provider=0, bare_denial=0)
    payment: Payment = make_payments(random, "Alder Coast Health Plan", habits)[0]
    person = payment.claims[0].patient
    _rows(
        sheet,
        [
            "Alder Coast Health Plan",
            "",
            "Your Explanation of Benefits",
            "THIS IS NOT A BILL",
            "",
            f"{person.first} {person.last}",
            f"Member ID {person.member_id}",
            f"Statement date {_day(payment.date)}",
            "",
            "Here is how your plan handled the care you had. Your provider may send you a bill.",
            "",
        ],
    )
    for claim in payment.claims:
        _rows(sheet, [f"Claim {claim.payer_claim_number}   Provider {payment.payee}", ""])
        _table(
            sheet,
            (MARGIN, 120, 340, 420, 490, 570),
            [
                ("Date", "Service", "Provider billed", "Plan discount", "Plan paid", "You may owe"),
                *(
                    (
                        _day(line.service_date),
                        description(line),
                        parentheses(line.charge),
                        parentheses(line.charge - line.allowed),
                        parentheses(line.paid),
                        parentheses(line.charge - line.paid - (line.charge - line.allowed)),
                    )
                    for line in claim.lines
                ),
            ],
        )
        sheet.y += STEP
    _rows(
        sheet,
        [
            "",
            "Your deductible so far this year: $350.00 of $1,500.00",
            "You have the right to appeal a decision within 180 days.",
        ],
    )


def _letter(sheet: Sheet, random: Random) -> None:
    """A payer asks for records: it names a claim and pays nothing."""
    person = make_person(random, fill(random, "@########"), AS_OF, 1)
    day = AS_OF - timedelta(days=random.randint(0, 60))
    charge = Decimal(random.randint(5_000, 90_000)) / 100
    _rows(
        sheet,
        [
            "Cedar Basin Medicare Services",
            "P.O. Box 000, Cedar Basin",
            "",
            _day(day),
            "",
            "Larkspur Family Medicine PLLC",
            "",
            f"Re: claim {fill(random, '#############')}, patient {person.first} {person.last}",
            f"    billed {parentheses(charge)}, received {_day(day - timedelta(days=20))}",
            "",
            "Dear Provider:",
            "",
            "We need the medical records for the claim named above before we can decide it.",
            "Please send the office notes and the order within 45 days of this letter. Write the",
            "claim number on every page. If we do not hear from you, the claim will be denied.",
            "",
            "Sincerely,",
            "Medical Review",
        ],
    )


def _invoice(sheet: Sheet, random: Random) -> None:
    """A supplier's bill: charges, quantities and a total, and no claim."""
    day = AS_OF - timedelta(days=random.randint(0, 60))
    _rows(
        sheet,
        [
            "Copperfield Surgical Supply",
            "",
            f"INVOICE {fill(random, '######')}",
            f"Date {_day(day)}    Terms net 30    Customer {fill(random, '#####')}",
            "",
            "Bill to: Larkspur Family Medicine PLLC",
            "",
        ],
    )
    goods = ("Gloves, nitrile, box", "Gauze, sterile, case", "Syringe 3 ml, box", "Table paper")
    rows: list[tuple[str, ...]] = [("Item", "Description", "Qty", "Unit price", "Amount")]
    total = Decimal(0)
    for name in random.sample(goods, 3):
        count, price = random.randint(1, 12), Decimal(random.randint(300, 6_000)) / 100
        total += count * price
        item = fill(random, "@@###")
        rows.append((item, name, str(count), parentheses(price), parentheses(count * price)))
    _table(sheet, (MARGIN, 110, 380, 470, 570), rows)
    _rows(sheet, ["", f"Total due {parentheses(total)}", "", "Please pay by check or transfer."])


def _statement(sheet: Sheet, random: Random) -> None:
    """The practice's own bill to a patient, which shows what insurance paid."""
    person = make_person(random, fill(random, "@########"), AS_OF, 18)
    day = AS_OF - timedelta(days=random.randint(0, 60))
    _rows(
        sheet,
        [
            "Larkspur Family Medicine PLLC",
            "",
            "PATIENT STATEMENT",
            f"Account {fill(random, '########')}    Statement date {_day(day)}",
            f"{person.first} {person.last}",
            "",
        ],
    )
    rows: list[tuple[str, ...]] = [("Date", "What", "Charge", "Insurance", "Balance")]
    total = Decimal(0)
    for _ in range(random.randint(1, 4)):
        charge = Decimal(random.randint(4_000, 40_000)) / 100
        paid = (charge * random.randint(40, 90) / 100).quantize(Decimal("0.01"))
        total += charge - paid
        rows.append(
            (
                _day(day - timedelta(days=random.randint(30, 90))),
                "Office services",
                parentheses(charge),
                parentheses(-paid),
                parentheses(charge - paid),
            )
        )
    _table(sheet, (MARGIN, 110, 380, 470, 570), rows)
    _rows(
        sheet,
        ["", f"Amount due {parentheses(total)}", "", "Please pay within 30 days. Thank you."],
    )
