"""The Medicaid portal's list of all claims of one provider between two days of service."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Literal

from sandbox.books import PRACTICE_NPI
from sandbox.inquiry import Inquiry, day_typed
from sandbox.knobs import Knobs
from sandbox.medicaid_pages import Form, Visit
from sandbox.troubles import as_shown
from sandbox.world import Payer, PayerClaim

PATH = "/ClaimList.aspx"
ROWS_PER_PAGE = 100
MOST_LISTED = 1000
CONTENT = "ctl00$MainContent$"
NONE_LISTED = "No claims were found for these dates of service."


class ClaimLists:
    """What the list page shows each visitor; ``claims`` knows which of them cannot be told now."""

    def __init__(self, payer: Payer, claims: Inquiry, knobs: Knobs) -> None:
        self._payer, self._claims, self._knobs = payer, claims, knobs

    def ask(self, visit: Visit, form: Form) -> dict[str, str]:
        """Take the form's two days; what is wrong with them, or else what is found, in words."""
        visit.days = {
            name: form.get(CONTENT + name, "").strip() for name in ("txtListFrom", "txtListTo")
        }
        visit.listed, visit.list_page, visit.opened = (), 1, None
        first, last = (day_typed(visit.days[name]) for name in ("txtListFrom", "txtListTo"))
        if first is None or last is None:
            return {"problem": "Enter dates of service as MM/DD/YYYY."}
        if first > last:
            return {"problem": "The From date is after the To date."}
        ours = visit.provider == PRACTICE_NPI
        visit.listed = self._between(first, last) if ours else ()
        return {"note": "" if visit.listed else NONE_LISTED}

    def _between(self, first: date, last: date) -> tuple[str, ...]:
        """Numbers of the claims with a first service date in the range, newest first."""
        found = [
            claim for claim in self._payer.by_number.values() if first <= claim.service_from <= last
        ]
        found.sort(key=lambda claim: (claim.service_from, claim.payer_claim_number), reverse=True)
        times = 1 + self._knobs.duplicate_rows
        return tuple(claim.payer_claim_number for claim in found for _ in range(times))

    def event(self, visit: Visit, argument: str) -> Literal["", "list", "claim"]:
        """Turn to a page of the list or open a claim of it: which of the two is to be shown;
        nothing for what the page did not offer."""
        verb, _, number = argument.partition("$")
        if not number.isdecimal():
            return ""
        if verb == "Page" and 1 <= int(number) <= self._pages(visit):
            visit.list_page = int(number)
            return "list"
        if verb == "Select" and int(number) < len(shown := self._shown(visit)):
            visit.opened = shown[int(number)]
            return "claim"
        return ""

    def values(self, visit: Visit) -> dict[str, Any]:
        """What the page's template is filled with."""
        return {
            "days": visit.days,
            "claims": [self._told(self._payer.by_number[number]) for number in self._shown(visit)],
            "total": len(visit.listed),
            "page": visit.list_page,
            "pages": self._pages(visit),
            "cut": len(visit.listed) > MOST_LISTED,
            "most": MOST_LISTED,
            "advices": self._payer.remittances,
            "problem": "",
            "note": "",
        }

    def _told(self, claim: PayerClaim) -> PayerClaim:
        """The claim as the list shows it: without its decision while that cannot be told."""
        if not self._claims.is_down(claim.patient.member_id, claim.service_from):
            return as_shown(claim, self._payer, self._knobs)
        return replace(claim, status="Unavailable", paid=None, payment_date=None, trace_number=None)

    def _shown(self, visit: Visit) -> tuple[str, ...]:
        first = (visit.list_page - 1) * ROWS_PER_PAGE
        return visit.listed[:MOST_LISTED][first : first + ROWS_PER_PAGE]

    def _pages(self, visit: Visit) -> int:
        return max(1, -(-min(len(visit.listed), MOST_LISTED) // ROWS_PER_PAGE))
