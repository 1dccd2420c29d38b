"""Issuers with a table of service lines for each claim, ruled or not, codes in it or beneath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.remittances.drawing import MARGIN, SANS, Font, Sheet
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.parts import (
    NOTHING,
    Text,
    claim_text,
    coded,
    codes_used,
    description,
    line_text,
    pair,
    payment_text,
    provider_text,
    share_text,
)
from sandbox.remittances.story import Claim, Payment
from sandbox.world import Adjustment, ServiceLine

DESCRIPTION_WIDTH = 84  # points, after which a description is wrapped
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, | where it is broken over two rows; ``x`` is its right edge when ``right``.

    ``key`` names what stands in it; a code like PR-1 stands for that adjustment's amount.
    """

    key: str
    heading: str
    x: float
    right: bool = True


@dataclass(frozen=True, slots=True)
class TableStyle:
    """How one issuer lays out what it says.

    ``adjustments`` tells where they stand: stacked in their column's cell, in rows beneath the
    line, or in the cell as an amount with a note's letter that a legend explains.
    """

    title: str
    payment: Pairs
    claim: Pairs
    columns: tuple[Column, ...]
    adjustments: Literal["stacked", "beneath", "notes"]
    totals: str
    claim_totals: dict[str, str]
    summary: Pairs
    provider_heading: str = "Provider-level adjustments"
    ruling: Literal["grid", "rows", "none", "bands"] = "rows"
    font: Font = SANS
    mark: str = ""
    across: int = 2
    claim_after: bool = False
    provider_in_words: bool = False
    provider_reduces_below_zero: bool = False
    adjustment_word: str = "Adjustment"
    legend: bool = True
    overview: tuple[str, ...] = ()  # a heading, then what each claim's row says
    gap: float = 92
    step: float = 11


def draw(sheet: Sheet, payment: Payment, issuer: Issuer, style: TableStyle) -> None:
    """Draw the payment from a new page on."""
    _Tables(sheet, payment, issuer, style).draw()


class _Tables:
    """One payment on its way to paper."""

    def __init__(self, sheet: Sheet, payment: Payment, issuer: Issuer, style: TableStyle) -> None:
        self.sheet, self.payment, self.issuer, self.style = sheet, payment, issuer, style
        self.notes: dict[str, str] = {}

    def draw(self) -> None:
        sheet, style = self.sheet, self.style
        sheet.head = self._head
        sheet.begin_page()
        texts = [(label, payment_text(self.payment, k, self.issuer)) for label, k in style.payment]
        self._pairs(texts)
        sheet.y += 10
        if style.overview:
            self._overview(*style.overview)
        for number, claim in enumerate(self.payment.claims):
            self._claim(claim, number)
        self._provider()
        self._summary()
        self._legend()

    def _head(self, sheet: Sheet) -> None:
        sheet.text(MARGIN, self.issuer.name, bold=True, size=13)
        sheet.text(sheet.right, self.style.title, right=True, size=10)
        sheet.rule(MARGIN, sheet.y + 6, sheet.right, sheet.y + 6, 1)
        top = sheet.y
        sheet.y = sheet.height - 26
        sheet.text(MARGIN, f"{self.style.title} {self.payment.trace_number}", size=7.5)
        sheet.text(sheet.right, f"Page {sheet.page} of {sheet.pages or 1}", right=True, size=7.5)
        sheet.y = top + 26

    def _pairs(self, texts: list[tuple[str, Text]]) -> None:
        sheet, style = self.sheet, self.style
        width = (sheet.right - MARGIN) / style.across
        for place, (label, text) in enumerate(texts):
            if place and place % style.across == 0:
                sheet.y += style.step + 2
            x = MARGIN + 3 + width * (place % style.across)
            pair(sheet, x, label, text, style.gap, mark=style.mark)
        sheet.y += style.step + 2

    def _overview(self, heading: str, *keys: str) -> None:
        """Every claim in a row; then, if there are several, a new page for the first in full."""
        sheet, labels = self.sheet, {key: label for label, key in self.style.claim}
        labels |= {"charge": "Billed", "paid": "Paid"}
        sheet.text(MARGIN + 3, heading, bold=True)
        sheet.y += self.style.step + 3
        rows = [[Text(labels[key]) for key in keys]]
        for number, claim in enumerate(self.payment.claims):
            rows.append([claim_text(claim, number, key, self.issuer) for key in keys])
        for row in rows:
            sheet.room(self.style.step)
            for place, (key, text) in enumerate(zip(keys, row, strict=True)):
                money = key in {"charge", "paid"}
                x = MARGIN + 3 + 120 * place + (60 if money else 0)
                sheet.text(x, text.text, right=money, bold=row is rows[0], path=text.path)
            sheet.y += self.style.step
        if len(self.payment.claims) > 1:
            sheet.begin_page()
        sheet.y += self.style.step

    def _claim(self, claim: Claim, number: int) -> None:
        sheet, style = self.sheet, self.style
        rows = -(-len(style.claim) // style.across)
        sheet.room(style.step * (rows + 6))
        if not style.claim_after:
            self._claim_head(claim, number)
        self._headings()
        for place, line in enumerate(claim.lines):
            self._line(line, f"claims[{number}].lines[{place}]")
        for place, one in enumerate(claim.adjustments):
            sheet.room(style.step + 4, self._headings)
            path = f"claims[{number}].adjustments[{place}].amount"
            end = sheet.text(MARGIN + 3, f"Claim {style.adjustment_word.lower()} {coded(one)} ")
            sheet.text(end + 3, self.issuer.spelling.money(one.amount), path=path)
            sheet.y += style.step
        self._claim_totals(claim, number)
        if style.claim_after:
            sheet.y += 4
            sheet.room(style.step * (rows + 1))
            self._claim_head(claim, number)
            sheet.rule(MARGIN, sheet.y - 6, sheet.right, sheet.y - 6, 1)
        sheet.y += 14

    def _claim_head(self, claim: Claim, number: int) -> None:
        sheet, style = self.sheet, self.style
        if style.ruling == "bands":
            sheet.box(MARGIN, sheet.y - 10, sheet.right, sheet.y + 4, filled=True)
        self._pairs(
            [(label, claim_text(claim, number, k, self.issuer)) for label, k in style.claim]
        )
        sheet.y += 3

    def _headings(self) -> None:
        sheet, style = self.sheet, self.style
        deep = max(len(column.heading.split("|")) for column in style.columns)
        sheet.y += 3
        top = sheet.y - style.step + 1
        for row in range(deep):
            for column in style.columns:
                parts = column.heading.split("|")
                part = parts[row - deep + len(parts)] if row >= deep - len(parts) else ""
                sheet.text(column.x, part, right=column.right, bold=True)
            sheet.y += style.step - 1
        sheet.y -= style.step - 1
        if style.ruling == "grid":
            sheet.box(MARGIN, top, sheet.right, sheet.y + 4)
        elif style.ruling != "none":
            sheet.rule(MARGIN, sheet.y + 4, sheet.right, sheet.y + 4)
        sheet.y += style.step + 3

    def _line(self, line: ServiceLine, path: str) -> None:
        sheet, style = self.sheet, self.style
        shown = {column.key for column in style.columns}
        left = [(n, one) for n, one in enumerate(line.adjustments) if coded(one) not in shown]
        inside = style.adjustments != "beneath"
        rows = max(1, len(left) if inside else 1, len(line.remarks) if inside else 1)
        rows = max(rows, len(self._description(line)) if "description" in shown else 1)
        beneath = 0 if inside else len(left) + bool(line.remarks)
        sheet.room(style.step * (rows + beneath) + 4, self._headings)
        top = sheet.y - style.step + 2
        for row in range(rows):
            for column in style.columns:
                text = self._cell(line, path, column.key, row, left)
                sheet.text(column.x, text.text, right=column.right, path=text.path)
            sheet.y += style.step
        for number, one in [] if inside else left:
            self._beneath(one, f"{path}.adjustments[{number}].amount")
        if line.remarks and not inside:
            sheet.text(MARGIN + 40, f"Remarks {' '.join(line.remarks)}")
            sheet.y += style.step
        if style.ruling == "grid":
            self._frame(top, sheet.y - style.step + 4)
        sheet.y += 3

    def _frame(self, top: float, bottom: float) -> None:
        """The row's box, and a rule at the left of every column."""
        sheet = self.sheet
        sheet.box(MARGIN, top, sheet.right, bottom + 1)
        edges = [c.x + 4 if c.right else c.x - 4 for c in self.style.columns]
        for place, column in enumerate(self.style.columns[:-1]):
            after = self.style.columns[place + 1]
            edge = edges[place] if column.right else (after.x - 4 if not after.right else 0)
            if edge:
                sheet.rule(edge, top, edge, bottom + 1)

    def _cell(
        self,
        line: ServiceLine,
        path: str,
        key: str,
        row: int,
        left: list[tuple[int, Adjustment]],
    ) -> Text:
        stacked = self.style.adjustments != "beneath"
        if key == "adjustments":
            if not stacked or row >= len(left):
                return NOTHING
            number, one = left[row]
            return Text(self._adjustment(one), f"{path}.adjustments[{number}].amount")
        if key == "description":
            described = self._description(line)
            return Text(described[row]) if row < len(described) else NOTHING
        if key == "remarks" and stacked:
            return Text(line.remarks[row]) if row < len(line.remarks) else NOTHING
        if row:
            return NOTHING
        if "-" in key:
            return share_text(line, path, key, self.issuer)
        return line_text(line, path, key, self.issuer)

    def _description(self, line: ServiceLine) -> list[str]:
        return self.sheet.broken(description(line), DESCRIPTION_WIDTH)

    def _adjustment(self, one: Adjustment) -> str:
        amount = self.issuer.spelling.money(one.amount)
        if self.style.adjustments == "stacked":
            return f"{coded(one)} {amount}"
        letter = self.notes.setdefault(coded(one), "abcdefghijklmnopqrstuvwxyz"[len(self.notes)])
        return f"{amount} ({letter})"

    def _beneath(self, one: Adjustment, path: str) -> None:
        sheet = self.sheet
        end = sheet.text(MARGIN + 40, f"{self.style.adjustment_word} {coded(one)}")
        sheet.text(end + 6, self.issuer.spelling.money(one.amount), path=path)
        sheet.y += self.style.step

    def _claim_totals(self, claim: Claim, number: int) -> None:
        sheet, style = self.sheet, self.style
        sheet.room(style.step + 6, self._headings)
        if style.ruling in {"rows", "bands"}:
            sheet.y += 2
            sheet.rule(MARGIN, sheet.y - style.step + 2, sheet.right, sheet.y - style.step + 2)
        sheet.text(MARGIN + 3, style.totals, bold=True)
        for column in style.columns:
            if key := style.claim_totals.get(column.key):
                text = claim_text(claim, number, key, self.issuer)
                sheet.text(column.x, text.text, right=column.right, path=text.path, bold=True)
        sheet.y += style.step

    def _provider(self) -> None:
        sheet, style = self.sheet, self.style
        entries = self.payment.provider_adjustments
        if not entries:
            return
        sheet.room(style.step * (len(entries) + 3))
        sheet.text(MARGIN + 3, style.provider_heading, bold=True)
        sheet.y += style.step + 3
        for number, entry in enumerate(entries):
            said = provider_text(entry) if style.provider_in_words else entry.reason
            amount = -entry.amount if style.provider_reduces_below_zero else entry.amount
            sheet.text(MARGIN + 3, said)
            sheet.text(MARGIN + 130, entry.reference)
            path = f"provider_adjustments[{number}].amount"
            sheet.text(MARGIN + 264, self.issuer.spelling.money(amount), right=True, path=path)
            sheet.y += style.step
        sheet.y += 8

    def _summary(self) -> None:
        sheet, style = self.sheet, self.style
        if not style.summary:
            return
        sheet.room(style.step * (len(style.summary) + 2))
        for label, key in style.summary:
            text = payment_text(self.payment, key, self.issuer)
            if key == "withheld" and style.provider_reduces_below_zero:
                text = Text(self.issuer.spelling.money(-self.payment.withheld))
            sheet.text(MARGIN + 3, f"{label}{style.mark}", bold=True)
            sheet.text(MARGIN + 264, text.text, right=True, path=text.path)
            sheet.y += style.step + 1
        sheet.y += 8

    def _legend(self) -> None:
        sheet, style = self.sheet, self.style
        meanings = dict(codes_used(self.payment))
        rows = list(meanings.items())
        if style.adjustments == "notes":
            rows = [(f"({mark})", f"{code}: {meanings[code]}") for code, mark in self.notes.items()]
            rows += [(code, meanings[code]) for code in meanings if "-" not in code]
        elif not style.legend:
            return
        if not rows:
            return
        sheet.room(style.step * min(len(rows) + 2, 12))
        sheet.text(MARGIN + 3, "Notes" if style.adjustments == "notes" else "Explanation of codes")
        sheet.y += style.step
        for code, meaning in rows:
            sheet.room(style.step)
            sheet.text(MARGIN + 3, code)
            sheet.text(MARGIN + 60, meaning)
            sheet.y += style.step
