"""A 277 transaction becomes the status of claims, as a portal's observation has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from billing.claim_places import place
from billing.codes.categories import Stage, stage_of
from billing.errors import UnreadableDocument
from billing.model import Answer, ClaimStatus, Found, NoAnswer, NotFound, Reason
from bots.reading.x12_elements import (
    Numbered,
    amount,
    day,
    element,
    period,
    status_codes,
)
from bots.reading.x12_envelope import Transaction

LEVELS = {"20": "payer", "21": "receiver", "19": "provider", "22": "claim", "23": "claim"}
SEARCHED = ("member_id", "service_from", "billed")
NOT_FOUND = "35"
"""Status code (ECL 508): claim or encounter not found."""


@dataclass(frozen=True, slots=True, repr=False)
class ReportedStatus:
    """What a 277 says under one trace number (TRN02), the one of our inquiry.

    ``of`` is "claim", or the level ("payer", "receiver", "provider") at which the whole inquiry
    was answered. ``claim_id`` is the patient control number where the payer returns it. ``places``
    gives each figure's segment.
    """

    of: str
    trace_number: str
    claim_id: str | None
    status: ClaimStatus
    places: Mapping[str, str]

    @property
    def answer(self) -> Answer[ClaimStatus]:
        """Found, not found, or that nobody knows yet; it is not yet said to be our claim's."""
        category = self.status.category or ""
        if self.of != "claim" or stage_of(category) is Stage.UNAVAILABLE:
            return NoAnswer(
                Reason.UNAVAILABLE, f"The payer did not answer the inquiry ({self.status.words})."
            )
        if category == "A4" or (category == "D0" and NOT_FOUND in self.status.words.split(":")):
            return NotFound(SEARCHED)
        if category == "D0":
            return NoAnswer(
                Reason.NEEDS_PERSON,
                f"The payer's search gave no single claim ({self.status.words}).",
            )
        return Found(self.status)


@dataclass(slots=True)
class _Status:
    """A status while its segments are read."""

    of: str
    trace_number: str
    member_id: str | None
    codes: list[str] = field(default_factory=list)
    claim_id: str | None = None
    payer_claim_number: str = ""
    days: tuple[date, date] | None = None
    of_lines: list[date] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    note: str | None = None
    places: dict[str, str] = field(default_factory=dict)
    in_line: bool = False

    def done(self) -> ReportedStatus:
        """The status as it was read; codes of several categories have none."""
        categories = {code.partition(":")[0] for code in self.codes}
        days = self.days or ((min(self.of_lines), max(self.of_lines)) if self.of_lines else None)
        status = ClaimStatus(
            words=" ".join(self.codes),
            category=next(iter(categories)) if len(categories) == 1 else None,
            payer_claim_number=self.payer_claim_number,
            member_id=self.member_id,
            date_of_birth=None,
            service_from=days[0] if days else None,
            service_to=days[1] if days else None,
            note=self.note,
            **{"charge": None, **self.figures},  # type: ignore[arg-type]
        )
        return ReportedStatus(self.of, self.trace_number, self.claim_id, status, self.places)


def read_statuses(transaction: Transaction) -> Iterator[ReportedStatus]:
    """Each status of a 277, in order. Raises UnreadableDocument, naming the segment.

    Of a 277CA, the trace number of a claim's status is the claim's patient control number.
    """
    component = transaction.delimiters.component
    level, member, patient = "", None, None
    current: _Status | None = None
    for number, segment in transaction.body:
        name = segment[0]
        if name in ("HL", "TRN"):
            if current is not None and current.codes:
                yield current.done()
            current = None
        if name == "HL":
            level = element(segment, 3)
            if level in ("22", "PT"):
                member = patient = None
            if level != "23":
                patient = None
        elif name == "NM1" and level in ("22", "23", "PT"):
            known = element(segment, 9) or None
            if level != "23":
                member = known
            else:
                patient = known
        elif name == "TRN":
            of = LEVELS.get(level, "claim")
            current = _Status(of, element(segment, 2), patient or member)
        elif current is not None:
            _add(current, (number, segment), component)
        elif name == "STC":
            raise UnreadableDocument(
                f"Segment {number}: STC stands under no trace number (TRN); ask the sender for "
                "the file again."
            )
    if current is not None and current.codes:
        yield current.done()


def _add(status: _Status, numbered: Numbered, component: str) -> None:
    """Take one segment that follows a TRN; a service line has a status of its own, not kept."""
    number, segment = numbered
    match segment[0]:
        case "SVC":
            status.in_line = True
        case "STC" if not status.in_line:
            _add_codes(status, number, segment, component)
        case "REF":
            value, qualifier = element(segment, 2), element(segment, 1)
            if qualifier == "1K" and value:
                status.payer_claim_number = value
                status.places["payer_claim_number"] = place(number, "REF", 2)
            elif qualifier == "EJ" and value:
                status.claim_id = value
                status.places["claim_id"] = place(number, "REF", 2)
        case "DTP" if element(segment, 1) in ("472", "232"):
            days = period(number, segment, 3)
            if days and status.in_line:
                status.of_lines += days
            elif days:
                status.days = days
            status.places["service_from"] = place(number, "DTP", 3)


def _add_codes(status: _Status, number: int, segment: list[str], component: str) -> None:
    """The codes, and with the first of them its figures (X212: STC04, 05, 08, 09 and 12)."""
    status.codes += status_codes(number, segment, component)
    if "category" in status.places:
        return
    status.places["category"] = place(number, "STC", 1)
    read = {
        "charge": (4, amount(number, segment, 4)),
        "paid": (5, amount(number, segment, 5)),
        "payment_date": (8, day(number, segment, 8)),
        "trace_number": (9, element(segment, 9) or None),
    }
    for figure, (position, value) in read.items():
        if value is not None:
            status.figures[figure] = value
            status.places[figure] = place(number, "STC", position)
    status.note = element(segment, 12) or None
