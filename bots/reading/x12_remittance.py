"""An 835 transaction becomes a payment, claim by claim, with the segment of every figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import chain

from billing.errors import UnreadableDocument
from billing.model import (
    Adjustment,
    Evidence,
    ProviderAdjustment,
    Remittance,
    RemittedClaim,
    ServiceLine,
)
from billing.money import ZERO
from bots.reading.x12_elements import (
    Numbered,
    day,
    element,
    pairs,
    period,
    place,
    quantity,
    refused,
    required,
    required_amount,
)
from bots.reading.x12_envelope import Transaction

IN_CLAIM = frozenset(("SVC", "CAS", "DTM", "AMT", "LQ", "NM1"))
"""The segments of a claim that say what is kept."""

Places = dict[str, str]
"""Where each figure stands, by its path: ``.lines[0].paid`` → ``segment 12, SVC03``."""

MEMBER_QUALIFIERS = {"MI", "HN", "II", "MR", "C", "N", "34"}


@dataclass(frozen=True, slots=True, repr=False)
class PlacedClaim:
    """One claim of a payment, and the places of its figures by their path from the claim."""

    claim: RemittedClaim
    places: Mapping[str, str]


@dataclass(slots=True)
class _Line:
    """A service line while its segments are read."""

    procedure: str
    modifiers: tuple[str, ...]
    charge: Decimal
    paid: Decimal
    units: Decimal | None
    service_date: date | None = None
    allowed: Decimal | None = None
    adjustments: list[Adjustment] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, number: int, segment: list[str]) -> None:
        """Take a date, amount or remark of the line."""
        kind = segment[0], element(segment, 1)
        if kind in (("DTM", "472"), ("DTM", "150")):
            days = period(number, segment, 2)
            self.service_date = days[0] if days else None
        elif kind == ("AMT", "B6"):
            self.allowed = required_amount(number, segment, 2)
        elif kind == ("LQ", "HE"):
            self.remarks.append(required(number, segment, 2))

    def done(self) -> ServiceLine:
        """The line as it was read."""
        return ServiceLine(
            self.procedure,
            self.service_date,
            self.charge,
            self.paid,
            self.modifiers,
            self.units,
            self.allowed,
            tuple(self.adjustments),
            tuple(self.remarks),
        )


class Payment:
    """One 835 transaction: its header at once, then its claims in order, one at a time.

    ``provider_adjustments`` and their ``places`` are complete when all claims have been taken.
    Every step raises UnreadableDocument, naming the segment, when a figure is none.
    """

    def __init__(self, transaction: Transaction) -> None:
        self.provider_adjustments: list[ProviderAdjustment] = []
        self.places: Places = {}
        self.trace_number = self.method = self.payer = self.payee = ""
        self._component = transaction.delimiters.component
        self._body = transaction.body
        self._first: Numbered | None = None
        self._read_header(transaction.number)

    def claims(self) -> Iterator[PlacedClaim]:
        """Each claim when its last segment is read."""
        claim: _Claim | None = None
        first = [self._first] if self._first is not None else []
        for number, segment in chain(first, self._body):
            name = segment[0]
            if name == "CLP":
                if claim is not None:
                    yield claim.done()
                claim = _Claim(number, segment, self._component)
            elif name == "PLB":
                if claim is not None:
                    yield claim.done()
                    claim = None
                self._withheld(number, segment)
            elif name not in IN_CLAIM:
                continue
            elif claim is not None:
                claim.add(number, segment, name)
            elif name in ("CAS", "SVC"):
                raise refused(number, name, 1, "stands before any claim (CLP)")
        if claim is not None:
            yield claim.done()

    def _read_header(self, number: int) -> None:
        paid: Decimal | None = None
        paid_on: date | None = None
        paid_at = number
        for number, segment in self._body:
            match segment[0]:
                case "BPR":
                    paid, paid_at = required_amount(number, segment, 2), number
                    self.method = element(segment, 4)
                    paid_on = day(number, segment, 16)
                    self.places["amount"] = place(number, "BPR", 2)
                    self.places["payment_date"] = place(number, "BPR", 16)
                case "TRN" if element(segment, 1) == "1":
                    self.trace_number = required(number, segment, 2)
                    self.places["trace_number"] = place(number, "TRN", 2)
                case "N1" if element(segment, 1) == "PR":
                    self.payer = element(segment, 2)
                case "N1" if element(segment, 1) == "PE":
                    self.payee = element(segment, 2)
                case "CLP" | "PLB" | "LX" | "CAS" | "SVC":
                    self._first = (number, segment)
                    break
        if paid is None or not self.trace_number:
            lacking = "payment (BPR)" if paid is None else "trace number of the payment (TRN)"
            raise UnreadableDocument(
                f"Segment {number}: the 835 before it states no {lacking}; ask the sender for the "
                "file again."
            )
        if paid_on is None:
            raise refused(paid_at, "BPR", 16, "(the payment date) is missing")
        self.amount: Decimal = paid
        self.payment_date: date = paid_on

    def _withheld(self, number: int, segment: list[str]) -> None:
        for position in pairs(segment, 3, 2):
            reason, _, reference = element(segment, position).partition(self._component)
            path = f"provider_adjustments[{len(self.provider_adjustments)}].amount"
            dollars = required_amount(number, segment, position + 1)
            self.places[path] = place(number, "PLB", position + 1)
            self.provider_adjustments.append(ProviderAdjustment(reason, reference, dollars))


class _Claim:
    """A claim while its segments are read."""

    def __init__(self, number: int, segment: list[str], component: str) -> None:
        self._component = component
        self._claim_id = required(number, segment, 1)
        self._status = required(number, segment, 2)
        self._charge = required_amount(number, segment, 3)
        self._paid = required_amount(number, segment, 4)
        stated = element(segment, 5)
        self._patients = required_amount(number, segment, 5) if stated else None
        self._payer_number = element(segment, 7)
        self._members: dict[str, str] = {}
        self._adjustments: list[Adjustment] = []
        self._lines: list[_Line] = []
        self._places = {
            ".charge": f"segment {number}, CLP03",
            ".paid": f"segment {number}, CLP04",
            ".patient_responsibility": f"segment {number}, CLP05",
        }

    def add(self, number: int, segment: list[str], name: str) -> None:
        """Take one of the segments that say what is kept."""
        if name == "SVC":
            self._add_line(number, segment)
        elif name == "CAS":
            self._adjust(number, segment)
        elif name == "NM1":
            if element(segment, 8) in MEMBER_QUALIFIERS and element(segment, 9):
                self._members[element(segment, 1)] = element(segment, 9)
        elif self._lines:
            self._lines[-1].add(number, segment)
            if name == "AMT" and element(segment, 1) == "B6":
                self._places[f".lines[{len(self._lines) - 1}].allowed"] = place(number, "AMT", 2)

    def done(self) -> PlacedClaim:
        """The claim as it was read.

        Patient responsibility that is not stated is what the PR adjustments say where that is
        not above zero, for only then may it be left out (835 TR3, CLP05); else it is zero.
        """
        lines = tuple(one.done() for one in self._lines)
        patients = self._patients
        if patients is None:
            adjustments = [*self._adjustments, *(a for line in lines for a in line.adjustments)]
            patients = min(sum((a.amount for a in adjustments if a.group == "PR"), ZERO), ZERO)
        claim = RemittedClaim(
            claim_id=self._claim_id,
            payer_claim_number=self._payer_number,
            status=self._status,
            charge=self._charge,
            paid=self._paid,
            patient_responsibility=patients,
            member_id=self._members.get("IL") or self._members.get("QC"),
            adjustments=tuple(self._adjustments),
            lines=lines,
        )
        return PlacedClaim(claim, self._places)

    def _add_line(self, number: int, segment: list[str]) -> None:
        _, procedure, *rest = [*required(number, segment, 1).split(self._component), ""]
        path = f".lines[{len(self._lines)}]"
        self._places[f"{path}.charge"] = f"segment {number}, SVC02"
        self._places[f"{path}.paid"] = f"segment {number}, SVC03"
        self._lines.append(
            _Line(
                # a revenue code alone stands in SVC04, with nothing to name in SVC01
                procedure=procedure or element(segment, 4),
                modifiers=tuple(one for one in rest[:4] if one),
                charge=required_amount(number, segment, 2),
                paid=required_amount(number, segment, 3),
                units=quantity(number, segment, 5),
            )
        )

    def _adjust(self, number: int, segment: list[str]) -> None:
        group = required(number, segment, 1)
        held = self._lines[-1].adjustments if self._lines else self._adjustments
        path = f".lines[{len(self._lines) - 1}]" if self._lines else ""
        positions = (2,) if len(segment) < 6 else pairs(segment, 2, 3)
        for position in positions:
            reason = required(number, segment, position)
            dollars = required_amount(number, segment, position + 1)
            where = f"segment {number}, CAS{position + 1:02d}"
            self._places[f"{path}.adjustments[{len(held)}].amount"] = where
            held.append(Adjustment(group, reason, dollars))


def whole(payment: Payment, sha256: str) -> Remittance:
    """The payment with all its claims, every place an evidence in the bytes ``sha256`` names."""
    claims = list(payment.claims())
    places = dict(payment.places)
    for index, placed in enumerate(claims):
        places |= {f"claims[{index}]{path}": where for path, where in placed.places.items()}
    return Remittance(
        trace_number=payment.trace_number,
        method=payment.method,
        amount=payment.amount,
        payment_date=payment.payment_date,
        payer=payment.payer,
        payee=payment.payee,
        claims=tuple(one.claim for one in claims),
        provider_adjustments=tuple(payment.provider_adjustments),
        places={path: Evidence(sha256, where) for path, where in places.items()},
    )
