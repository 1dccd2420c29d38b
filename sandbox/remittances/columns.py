"""An issuer that sets claims in two columns of running text, like a newspaper."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.remittances import spelling
from sandbox.remittances.drawing import MARGIN, PORTRAIT, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import NOTHING, Text, claim_text, coded, line_text, payment_text
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import Claim, Habits, Payment
from sandbox.world import Adjustment, ServiceLine

STEP = 11
GUTTER = 24
Row = tuple[Text, ...]  # words that follow each other
PAYMENT = (
    ("Draft no.", "trace_number"),
    ("Draft date", "date"),
    ("Draft amount", "amount"),
    ("Sent by", "method"),
    ("Provider of service", "payee"),
)


def draw(sheet: Sheet, payment: Payment, issuer: Issuer) -> None:
    """Draw the payment from a new page on."""

    def head(sheet: Sheet) -> None:
        sheet.text(MARGIN, issuer.name, bold=True, size=14)
        sheet.text(sheet.right, f"Page {sheet.page} of {sheet.pages or 1}", right=True)
        sheet.y += 14
        sheet.text(MARGIN, "Remittance Advice to Providers", size=10)
        sheet.y += 16

    sheet.head = head
    sheet.begin_page()
    for label, key in PAYMENT:
        text = payment_text(payment, key, issuer)
        sheet.text(MARGIN, label, bold=True)
        sheet.text(MARGIN + 96, text.text, path=text.path)
        sheet.y += STEP + 1
    sheet.y += 8
    blocks = [list(_block(claim, number, issuer)) for number, claim in enumerate(payment.claims)]
    blocks.append(list(_closing(payment, issuer)))
    _set(sheet, blocks)


def _set(sheet: Sheet, blocks: list[list[Row]]) -> None:
    """Set the blocks column after column; a block that fits no column goes on in the next."""
    top, column = sheet.y, 0
    wide = (sheet.right - MARGIN - GUTTER) / 2
    for block in blocks:
        keep = min(len(block), 5) * STEP
        for place, row in enumerate(block):
            if sheet.y + (STEP if place else keep) > sheet.bottom:
                column += 1
                if column == 2:
                    sheet.begin_page()
                    column, top = 0, sheet.y
                sheet.y = top
            x = MARGIN + column * (wide + GUTTER)
            for part in row[:-1]:
                x = sheet.text(x, part.text, path=part.path, bold=not place) + 4
            end = MARGIN + column * (wide + GUTTER) + wide
            sheet.text(end, row[-1].text, right=True, path=row[-1].path)
            sheet.y += STEP
        sheet.y += STEP


def _block(claim: Claim, number: int, issuer: Issuer) -> Iterator[Row]:
    def said(key: str) -> Text:
        return claim_text(claim, number, key, issuer)

    yield Text("Claim"), said("payer_claim_number"), NOTHING
    yield Text("Patient"), said("patient"), said("member_id")
    yield Text("Account"), said("claim_id"), said("status")
    for place, line in enumerate(claim.lines):
        yield from _line(line, f"claims[{number}].lines[{place}]", issuer)
    yield from _codes(claim.adjustments, f"claims[{number}]", "Claim level", issuer)
    yield Text("Total charges"), said("charge")
    yield Text("Patient responsibility"), said("patient_responsibility")
    yield Text("Total paid"), said("paid")


def _line(line: ServiceLine, path: str, issuer: Issuer) -> Iterator[Row]:
    def said(key: str) -> Text:
        return line_text(line, path, key, issuer)

    units = said("units")
    yield (
        *(said("service_date"), said("procedure"), said("modifiers")),
        *(Text("qty"), units, Text("charge")),
        said("charge"),
    )
    yield from _codes(line.adjustments, path, "", issuer)
    yield Text("      allowed"), said("allowed"), Text("paid"), said("paid")
    if line.remarks:
        yield Text("      remark codes"), Text(" ".join(line.remarks)), NOTHING


def _codes(
    adjustments: tuple[Adjustment, ...], path: str, what: str, issuer: Issuer
) -> Iterator[Row]:
    for number, one in enumerate(adjustments):
        amount = issuer.spelling.money(one.amount)
        figure = Text(amount, f"{path}.adjustments[{number}].amount")
        yield Text(f"      {what} {coded(one)}".rstrip()), figure


def _closing(payment: Payment, issuer: Issuer) -> Iterator[Row]:
    yield Text("Totals of this draft"), NOTHING
    yield Text("Claims"), payment_text(payment, "claim_count", issuer)
    yield Text("Paid on claims"), payment_text(payment, "claims_paid", issuer)
    for number, entry in enumerate(payment.provider_adjustments):
        amount = Text(issuer.spelling.money(entry.amount), f"provider_adjustments[{number}].amount")
        yield Text(f"Provider adjustment {entry.reason}"), Text(entry.reference), amount
    yield Text("Draft amount"), payment_text(payment, "amount", issuer)


ISSUERS = (
    Issuer(
        key="elmford",
        name="Elmford Health Cooperative",
        size=PORTRAIT,
        spelling=Spelling(spelling.minus, "%m/%d/%y", "%m/%d/%y"),
        habits=Habits(claims=(3, 8), claim_number="EL######@", most_lines=6),
        draw=draw,
        described=False,
    ),
)
