"""How the Medicare contractor's portal looks: its pages, its wording, and the figures on them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.knobs import Knobs
from sandbox.world import Adjustment, Payer, PayerClaim

COOKIE = "trm_visit"
TEMPLATES = Path(__file__).parent / "templates" / "medicare"
PTAN = "TR48217"
ZERO = Decimal("0.00")
# what a redesign calls the same things
REWORDED = {
    "Medicare Number": "Medicare Beneficiary Identifier",
    "Date of Birth": "Birth Date",
    "Billed": "Submitted Charge",
    "Paid": "Provider Paid",
    "Allowed": "Medicare Allowed",
    "EFT/Check No.": "Payment Number",
    "Finalized Date": "Date Finalized",
    "View Claim": "Details",
    "RA Reason Codes": "Adjustment Reasons",
}

Form = dict[str, str]
Stage = Literal["password", "challenge", "expired", "method", "code", "reminder", "notice", "in"]


@dataclass(slots=True)
class Visit:
    """One browser as the server knows it; ``session`` is set once a code was accepted."""

    visit_id: str
    stage: Stage = "password"
    by_mail: bool = True
    codes_asked: int = 0
    session: str | None = None
    verified_again: bool = False
    criteria: Form = field(default_factory=dict)
    numbers: tuple[str, ...] | None = None


class Pages:
    """The templates, filled in as the knobs say."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"day": day_text}
        self._templates.globals |= {"say": self.say, "named": self.named, "knobs": knobs}

    def say(self, words: str) -> str:
        """A label, reworded once the portal has drifted."""
        return REWORDED.get(words, words) if self._knobs.drift >= 1 else words

    def named(self, name: str) -> str:
        """An id or a class, renamed once the portal has drifted further."""
        return f"trm-{name.swapcase()}-v2" if self._knobs.drift >= 2 else name

    def money(self, value: Decimal | None) -> str:
        """``$1,234.50``; what is below zero with a minus, or in parentheses."""
        if value is None:
            return ""
        text = f"${abs(value):,.2f}"
        if value >= 0:
            return text
        return f"({text})" if self._knobs.parentheses else f"-{text}"

    def show(self, visit: Visit, template: str, **values: Any) -> Response:
        """A page for this visit."""
        page = self._templates.get_template(template).render(inside=visit.stage == "in", **values)
        answer = HTMLResponse(page, headers={"Cache-Control": "no-store"})
        answer.set_cookie(COOKIE, visit.visit_id, httponly=True, samesite="lax")
        return answer

    def notice(
        self,
        visit: Visit,
        heading: str,
        *said: str,
        buttons: Iterable[tuple[str, str]] = (),
        message: str = "",
    ) -> Response:
        """A page with something to read, and buttons to answer it with: value and label."""
        return self.show(
            visit, "notice.html", heading=heading, said=said, buttons=buttons, message=message
        )

    def rows(self, claims: list[PayerClaim]) -> list[list[tuple[str, str]]]:
        """The result list: heading and text of every cell of every row."""
        rows = []
        for claim in claims:
            cells = [
                ("ICN", claim.payer_claim_number),
                ("Date of Service", day_text(claim.service_from)),
                ("Status", status(claim)),
                ("Billed", self.money(claim.charge)),
                ("Finalized Date", day_text(claim.finalized)),
                ("EFT/Check No.", claim.trace_number or ""),
                ("Paid", self.money(claim.paid)),
            ]
            if self._knobs.drift >= 2:
                cells.reverse()
            rows.append([(self.say(heading), text) for heading, text in cells])
        return rows

    def facts(self, claim: PayerClaim, payer: Payer, npi: str) -> list[tuple[str, str]]:
        """What "View Claim" says of the whole claim."""
        p = claim.patient
        facts = [
            ("ICN", claim.payer_claim_number),
            ("Status", status(claim)),
            ("Medicare Number", p.member_id),
            ("Beneficiary", f"{p.last}, {p.first}{f' {p.middle}' if p.middle else ''}"),
            ("Date of Birth", day_text(p.birth)),
            ("From Date", day_text(claim.service_from)),
            ("Through Date", day_text(claim.service_to)),
            ("Receipt Date", day_text(claim.received)),
            ("Billed", self.money(claim.charge)),
        ]
        if claim.paid is not None:
            facts += [
                ("Finalized Date", day_text(claim.finalized)),
                ("Allowed", self.money(claim.allowed)),
                ("Deductible", self.money(_taken(claim, "PR", "1"))),
                ("Coinsurance", self.money(_taken(claim, "PR", "2"))),
                ("Paid", self.money(claim.paid)),
                ("EFT/Check No.", claim.trace_number or ""),
            ]
        first, next_ = _other_payers(payer, claim)
        facts += [
            ("NPI / PTAN", f"{npi} / {PTAN}"),
            ("MSP", first or "No"),
            ("Crossover", f"Yes - {next_}" if next_ else "No"),
        ]
        return [(self.say(heading), text) for heading, text in facts]

    def lines(self, claim: PayerClaim) -> list[list[tuple[str, str]]]:
        """The service lines; a reduction of the whole claim is a row without a procedure."""
        rows = []
        for place, line in enumerate(claim.lines, 1):
            decided = claim.paid is not None
            rows.append(
                [
                    ("Line", str(place)),
                    ("Date", day_text(line.service_date)),
                    ("Procedure", " ".join((line.procedure, *line.modifiers))),
                    ("Units", str(line.units)),
                    ("Billed", self.money(line.charge)),
                    ("Allowed", self.money(line.allowed) if decided else ""),
                    ("Paid", self.money(line.paid) if decided else ""),
                    ("RA Reason Codes", self._reasons(line.adjustments)),
                    ("Remarks", " ".join(line.remarks)),
                ]
            )
        if claim.adjustments:
            whole = dict.fromkeys((heading for heading, _ in rows[0]), "")
            whole |= {"Line": "Claim", "RA Reason Codes": self._reasons(claim.adjustments)}
            rows.append(list(whole.items()))
        if self._knobs.drift >= 2:
            rows = [row[::-1] for row in rows]
        return [[(self.say(heading), text) for heading, text in row] for row in rows]

    def _reasons(self, adjustments: tuple[Adjustment, ...]) -> str:
        """``CO-45 -$38.20; PR-2 -$20.00``: group, reason, and what it takes off."""
        return "; ".join(f"{a.group}-{a.reason} {self.money(-a.amount)}" for a in adjustments)


def status(claim: PayerClaim) -> str:
    """All that the portal ever says of a claim's state."""
    return "Pending" if claim.finalized is None else "Processed"


def day_text(value: date | None) -> str:
    """``MM/DD/YYYY``."""
    return value.strftime("%m/%d/%Y") if value else ""


def new_visit(visits: dict[str, Visit]) -> Visit:
    """A browser that was not here before."""
    visit = Visit(secrets.token_hex(12))
    visits[visit.visit_id] = visit
    return visit


def redirect(path: str) -> Response:
    """To another page of the portal."""
    return RedirectResponse(path, status_code=303)


def _taken(claim: PayerClaim, group: str, reason: str) -> Decimal:
    every = [*claim.adjustments, *(a for line in claim.lines for a in line.adjustments)]
    return sum((a.amount for a in every if (a.group, a.reason) == (group, reason)), ZERO)


def _other_payers(payer: Payer, claim: PayerClaim) -> tuple[str, str]:
    """Who pays before Medicare, and who after, on the day of the service."""
    first = next_ = ""
    for membership in payer.members.get(claim.patient.member_id, ()):
        if membership.begins <= claim.service_from <= (membership.ends or date.max):
            for other in membership.other_payers:
                first, next_ = (other.name, next_) if other.primary else (first, other.name)
    return first, next_
