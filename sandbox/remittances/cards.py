"""An issuer that draws each claim as a card, labels above their values."""

from __future__ import annotations

from sandbox.remittances import spelling
from sandbox.remittances.drawing import MARGIN, PORTRAIT, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import (
    Text,
    claim_text,
    coded,
    codes_used,
    line_text,
    payment_text,
    provider_text,
)
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import Claim, Habits, Payment
from sandbox.world import Adjustment, ServiceLine

STEP = 11
TITLE = "Provider Payment Notice"
PAYMENT = (
    ("Payment number", "trace_number"),
    ("Payment date", "date"),
    ("How we paid", "method"),
    ("Amount we paid", "amount"),
)
CARD = (
    ("Patient", "patient"),
    ("Certificate", "member_id"),
    ("Your patient number", "claim_id"),
    ("Our claim number", "payer_claim_number"),
    ("You charged", "charge"),
    ("Patient pays", "patient_responsibility"),
    ("We paid", "paid"),
    ("Result", "status"),
)
LINES = (
    ("service_date", "Service date", MARGIN + 8, False),
    ("procedure", "HCPCS", MARGIN + 74, False),
    ("modifiers", "Modifiers", MARGIN + 118, False),
    ("units", "Units", MARGIN + 196, True),
    ("charge", "Charge", MARGIN + 262, True),
    ("allowed", "Allowable", MARGIN + 328, True),
    ("paid", "Payment", MARGIN + 396, True),
    ("remarks", "Remark codes", MARGIN + 420, False),
)


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""

    def head(sheet: Sheet) -> None:
        sheet.text(MARGIN, issuer.name, bold=True, size=16)
        sheet.text(sheet.right, f"{sheet.page} / {sheet.pages or 1}", right=True)
        sheet.y += 16
        sheet.text(MARGIN, TITLE, size=11)
        sheet.y += 18

    sheet.head = head
    sheet.begin_page()
    _above(sheet, [(label, payment_text(payment, key, issuer)) for label, key in PAYMENT])
    sheet.text(MARGIN + 8, f"Paid to {payment.payee}, NPI {payment.npi}")
    sheet.y += 18
    for number, claim in enumerate(payment.claims):
        _card(sheet, claim, number, issuer)
    if payment.provider_adjustments:
        sheet.room(STEP * (len(payment.provider_adjustments) + 2))
        sheet.text(MARGIN + 8, "Taken from or added to this payment", bold=True)
        sheet.y += STEP
        for number, entry in enumerate(payment.provider_adjustments):
            sheet.text(MARGIN + 8, f"{provider_text(entry)} ({entry.reason}), our reference")
            sheet.text(MARGIN + 230, entry.reference)
            text = issuer.spelling.money(-entry.amount)
            path = f"provider_adjustments[{number}].amount"
            sheet.text(MARGIN + 396, text, right=True, path=path)
            sheet.y += STEP
        sheet.y += 8
    _meanings(sheet, payment)


def _above(sheet: Sheet, texts: list[tuple[str, Text]]) -> None:
    """Rows of four values, each beneath its label."""
    wide = (sheet.right - MARGIN) / 4
    for start in range(0, len(texts), 4):
        for place, (label, value) in enumerate(texts[start : start + 4]):
            sheet.text(MARGIN + 8 + wide * place, label, size=6.5)
            sheet.y += STEP
            sheet.text(MARGIN + 8 + wide * place, value.text, bold=True, path=value.path)
            sheet.y -= STEP
        sheet.y += 2 * STEP + 5


def _card(sheet: Sheet, claim: Claim, number: int, issuer: Issuer) -> None:
    height = 92 + sum(_height(line) for line in claim.lines) + STEP * len(claim.adjustments)
    sheet.room(min(height, sheet.bottom - 130))
    top = sheet.y - 10
    _above(sheet, [(label, claim_text(claim, number, key, issuer)) for label, key in CARD])
    if claim.lines:
        _headings(sheet)
    for place, line in enumerate(claim.lines):
        if sheet.y + _height(line) > sheet.bottom:
            sheet.box(MARGIN, top, sheet.right, sheet.y - 4)
            sheet.begin_page()
            top = sheet.y - 10
            sheet.text(MARGIN + 8, f"Claim {claim.payer_claim_number}, continued", bold=True)
            sheet.y += STEP + 4
            _headings(sheet)
        _line(sheet, line, f"claims[{number}].lines[{place}]", issuer)
    for place, one in enumerate(claim.adjustments):
        _less(sheet, one, f"claims[{number}].adjustments[{place}].amount", issuer, "whole claim")
    sheet.box(MARGIN, top, sheet.right, sheet.y - 4)
    sheet.y += 16


def _headings(sheet: Sheet) -> None:
    for _, heading, x, right in LINES:
        sheet.text(x, heading, right=right, size=6.5)
    sheet.rule(MARGIN + 8, sheet.y + 3, sheet.right - 8, sheet.y + 3)
    sheet.y += STEP + 2


def _height(line: ServiceLine) -> int:
    return STEP * (1 + len(line.adjustments)) + 3


def _line(sheet: Sheet, line: ServiceLine, path: str, issuer: Issuer) -> None:
    for key, _, x, right in LINES:
        text = line_text(line, path, key, issuer)
        sheet.text(x, text.text, right=right, path=text.path)
    sheet.y += STEP
    for number, one in enumerate(line.adjustments):
        _less(sheet, one, f"{path}.adjustments[{number}].amount", issuer, "")
    sheet.y += 3


def _less(sheet: Sheet, one: Adjustment, path: str, issuer: Issuer, what: str) -> None:
    sheet.text(MARGIN + 118, f"less {coded(one)} {what}")
    sheet.text(MARGIN + 262, issuer.spelling.money(one.amount), right=True, path=path)
    sheet.y += STEP


def _meanings(sheet: Sheet, payment: Payment) -> None:
    for code, meaning in codes_used(payment):
        sheet.room(STEP)
        sheet.text(MARGIN + 8, f"{code} means: {meaning}.", size=7)
        sheet.y += STEP


ISSUERS = (
    Issuer(
        key="dunmore",
        name="Dunmore Benefit Trust",
        size=PORTRAIT,
        spelling=Spelling(spelling.parentheses, "%b %d, %Y", "%m/%d/%Y"),
        habits=Habits(claims=(1, 4), claim_number="DB-####-####", provider=0.5),
        draw=draw,
        described=False,
    ),
)
