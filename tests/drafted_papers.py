"""A made-up issuer's remittance as words with boxes; its headings and their order as one likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from bots.reading.words import Page, Word

LETTER = 5.0  # points
ROW = 12.0  # points
WIDTH, HEIGHT = 1200.0, 800.0

Cells = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Line:
    """A service line; deductible and contractual adjustment make up what is not paid."""

    procedure: str
    charge: Decimal
    contractual: Decimal
    deductible: Decimal

    @property
    def paid(self) -> Decimal:
        return self.charge - self.contractual - self.deductible


@dataclass(frozen=True)
class Claim:
    account: str
    number: str
    member: str
    status: str
    lines: tuple[Line, ...]

    def total(self, name: str) -> Decimal:
        return sum((getattr(line, name) for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class Paper:
    """What the issuer calls things; ``columns`` are keys of ``HEADINGS`` from left to right, and
    ``notices`` whole rows below the title; a claim says what ``head`` names."""

    labels: Mapping[str, str]
    headings: Mapping[str, str]
    columns: Sequence[str]
    head: Sequence[str]
    claims: Sequence[Claim]
    dollar: str = "$"
    notices: Sequence[str] = ()
    title: str = "Remittance Advice"
    claim_totals: bool = True

    def money(self, amount: Decimal) -> str:
        return f"{self.dollar}{amount:,.2f}"

    def rows(self) -> list[Cells]:
        at = {name: 40.0 + 140.0 * number for number, name in enumerate(self.columns)}
        paid = sum((claim.total("paid") for claim in self.claims), Decimal(0))
        rows: list[Cells] = [[(40, "Osprey Ledge Assurance"), (500, self.title)]]
        rows += [[(40, notice)] for notice in self.notices]
        header = {
            "trace": "881200417",
            "date": "10/21/2026",
            "method": "Check",
            "amount": self.money(paid),
            "payee": "Fernhollow Clinic",
        }
        rows += [[(40, self.labels[name]), (260, said)] for name, said in header.items()]
        for claim in self.claims:
            said = {
                "account": claim.account,
                "number": claim.number,
                "member": claim.member,
                "status": claim.status,
            }
            for pair in zip_longest(self.head[::2], self.head[1::2]):
                rows.append(
                    [
                        cell
                        for left, name in zip((40, 500), pair, strict=True)
                        if name
                        for cell in ((left, self.labels[name]), (left + 220, said[name]))
                    ]
                )
            rows.append([(at[name], self.headings[name]) for name in self.columns])
            for line in claim.lines:
                cells = {
                    "service_date": "09/14/2026",
                    "procedure": line.procedure,
                    "units": "1",
                    "charge": self.money(line.charge),
                    "allowed": self.money(line.charge - line.contractual),
                    "deductible": self.money(line.deductible),
                    "adjustments": f"CO-45 {self.money(line.contractual)}",
                    "paid": self.money(line.paid),
                }
                rows.append([(at[name], (said | cells)[name]) for name in self.columns])
            if self.claim_totals:
                rows.append(
                    [
                        (10, "Claim totals"),
                        *(
                            (at[name], self.money(claim.total(name)))
                            for name in self.columns
                            if name in {"charge", "paid"}
                        ),
                    ]
                )
        rows.append([(40, self.labels["total"]), (260, self.money(paid))])
        return rows

    def page(self) -> Page:
        words = []
        for number, cells in enumerate(self.rows()):
            top = 30 + ROW * number
            for left, text in cells:
                for word in text.split():
                    right = left + LETTER * len(word)
                    words.append(Word(word, (left, top, right, top + 8)))
                    left = right + LETTER / 2
        return Page(1, WIDTH, HEIGHT, tuple(words))


LABELS = {
    "trace": "Check Number",
    "date": "Check Date",
    "method": "Payment Method",
    "amount": "Check Amount",
    "payee": "Pay To",
    "account": "Patient Account No",
    "number": "Claim Number",
    "member": "Member ID",
    "status": "Claim Status",
    "total": "Total Paid",
}
HEADINGS = {
    "service_date": "Date of Service",
    "procedure": "Procedure Code",
    "units": "Units",
    "charge": "Billed",
    "allowed": "Allowed",
    "deductible": "Deductible",
    "adjustments": "Adjustments",
    "paid": "Paid",
}
LINES = (
    Line("G0438", Decimal("210.00"), Decimal("60.00"), Decimal("25.00")),
    Line("J1100", Decimal("32.50"), Decimal("12.50"), Decimal("0.00")),
)


def paper(**changed: Any) -> Paper:
    """An ordinary paper of one claim that pays 145.00, but for what is ``changed``."""
    usual = Paper(
        labels=LABELS,
        headings=HEADINGS,
        columns=list(HEADINGS),
        head=["account", "number", "member", "status"],
        claims=[Claim("77031-4", "OL40021", "M5512208", "Processed", LINES)],
    )
    return replace(usual, **changed)
