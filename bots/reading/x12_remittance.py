"""An 835 transaction becomes a payment, claim by claim, with the segment of every figure."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import chain

from billing.claim_places import PaymentPlaces, SegmentPlaces, place, where_by_path
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
    quantity,
    refused,
    required,
    required_amount,
)
from bots.reading.x12_envelope import Transaction

WITHIN = frozenset(("CAS", "DTM", "AMT", "LQ", "NM1", "MIA", "MOA"))
"""The segments within a claim or line that say what is kept."""

KEPT = (*WITHIN, "CLP", "SVC", "PLB", "BPR")

Places = dict[str, str]
"""Where each figure stands, by its path: ``.lines[0].paid`` → ``segment 12, SVC03``."""

MEMBER_QUALIFIERS = {"MI", "HN", "II", "MR", "C", "N", "34"}
SERVICE_DATES = ("472", "150")
CLAIM_REMARKS = {"MIA": (5, 20, 21, 22, 23), "MOA": (3, 4, 5, 6, 7)}
"""Where the remarks about a whole claim stand, of an inpatient and of an outpatient."""

DEBIT = "D"
"""BPR03 where the payer takes the amount from the provider."""


@dataclass(slots=True, repr=False)
class PlacedClaim:
    """One claim of a payment, and where its figures stand.

    ``where`` are the segments that state them, as :func:`billing.claim_places.where_by_path` has
    them.
    """

    claim: RemittedClaim
    where: Sequence[int]

    @property
    def places(self) -> Places:
        """The places of the figures by their path from the claim."""
        return where_by_path(self.claim, self.where)


class Payment:
    """One 835 transaction: its header at once, then its claims in order, one at a time.

    ``payment_date`` is None where the file states none or an impossible one; ``undated`` then
    says so in a sentence. ``provider_adjustments`` and their ``places``, and in ``misdated`` the
    segments of service dates that are none, are complete when all claims have been taken. Every
    step raises UnreadableDocument, naming the segment, when a figure is none.
    """

    def __init__(self, transaction: Transaction) -> None:
        self.provider_adjustments: list[ProviderAdjustment] = []
        self.places: Places = {}
        self.misdated: list[int] = []
        self.trace_number = self.method = self.payer = self.payee = self.undated = ""
        self.payment_date: date | None = None
        self._by = transaction.delimiters
        self._texts = transaction.texts
        self._read_header(transaction)

    def claims(self) -> Iterator[PlacedClaim]:
        """Each claim when its last segment is read."""
        by = self._by.element
        kept = {*KEPT, *(f"{name}{by}"[:3] for name in KEPT)}
        held: list[list[Numbered]] = []  # the claim's own segments, then those of each line
        group: list[Numbered] = []
        for number, text in self._texts:
            if text[:3] not in kept:
                continue
            segment = text.split(by)
            name = segment[0]
            if name in WITHIN and held:
                group.append((number, segment))
            elif name == "SVC" and held:
                held.append(group := [(number, segment)])
            elif name in ("CLP", "PLB"):
                if held:
                    yield _claim(held, self._by.component, self.misdated)
                held = [group := [(number, segment)]] if name == "CLP" else []
                if name == "PLB":
                    self._withheld(number, segment)
            elif name in ("CAS", "SVC"):
                raise refused(number, name, 1, "stands before any claim (CLP)")
            elif name == "BPR":
                raise refused(number, name, 2, "is another payment, among the claims of one")
        if held:
            yield _claim(held, self._by.component, self.misdated)

    def _read_header(self, transaction: Transaction) -> None:
        paid: Decimal | None = None
        number = transaction.number
        for number, segment in transaction.body:
            match segment[0]:
                case "BPR":
                    if paid is not None:
                        raise refused(number, "BPR", 2, "is another payment")
                    paid = required_amount(number, segment, 2)
                    if element(segment, 3) == DEBIT:
                        paid = -paid
                    self.method = element(segment, 4)
                    self.places["amount"] = place(number, "BPR", 2)
                    self._read_date(number, segment)
                case "TRN" if element(segment, 1) == "1":
                    if self.trace_number not in ("", element(segment, 2)):
                        raise refused(number, "TRN", 2, "is another trace number of the payment")
                    self.trace_number = required(number, segment, 2)
                    self.places["trace_number"] = place(number, "TRN", 2)
                case "N1" if element(segment, 1) == "PR":
                    self.payer = element(segment, 2)
                case "N1" if element(segment, 1) == "PE":
                    self.payee = element(segment, 2)
                case "CLP" | "PLB" | "LX" | "CAS" | "SVC":
                    first = (number, self._by.element.join(segment))
                    self._texts = chain([first], self._texts)
                    break
        if paid is None or not self.trace_number:
            lacking = "payment (BPR)" if paid is None else "trace number of the payment (TRN)"
            raise UnreadableDocument(
                f"Segment {number}: the 835 before it states no {lacking}; ask the sender for the "
                "file again."
            )
        self.amount: Decimal = paid

    def _read_date(self, number: int, segment: list[str]) -> None:
        try:
            self.payment_date = day(number, segment, 16)
            self.undated = "" if self.payment_date else "is missing"
        except UnreadableDocument:
            self.undated = "is not a date"
        if self.undated:
            self.undated = (
                f"Segment {number}: BPR16 (the payment date) {self.undated}; the claims are read, "
                "when they were paid is not known: ask the sender."
            )
        else:
            self.places["payment_date"] = place(number, "BPR", 16)

    def _withheld(self, number: int, segment: list[str]) -> None:
        for position in pairs(segment, 3, 2):
            reason, _, reference = element(segment, position).partition(self._by.component)
            path = f"provider_adjustments[{len(self.provider_adjustments)}].amount"
            dollars = required_amount(number, segment, position + 1)
            self.places[path] = place(number, "PLB", position + 1)
            self.provider_adjustments.append(ProviderAdjustment(reason, reference, dollars))


def _claim(held: list[list[Numbered]], component: str, misdated: list[int]) -> PlacedClaim:
    """The claim that ``held`` is about: its own segments, CLP first, then those of each line.

    Patient responsibility that is not stated is what the PR adjustments say where that is not
    above zero, for only then may it be left out (835 TR3, CLP05); else it is zero.
    """
    (number, stated), *own = held[0]
    where = [number]
    adjustments: list[Adjustment] = []
    members: dict[str, str] = {}
    remarks: list[str] = []
    for at, segment in own:
        if segment[0] == "CAS":
            _adjust(at, segment, adjustments, where)
        elif segment[0] == "NM1" and len(segment) > 9 and segment[8].strip() in MEMBER_QUALIFIERS:
            members[segment[1].strip()] = segment[9].strip()
        elif segment[0] in CLAIM_REMARKS:
            stands = (element(segment, position) for position in CLAIM_REMARKS[segment[0]])
            remarks += filter(None, stands)
    lines = tuple([_line(group, component, where, misdated) for group in held[1:]])
    if element(stated, 5):
        patients = required_amount(number, stated, 5)
    else:
        every = chain(adjustments, *(one.adjustments for one in lines))
        patients = min(sum((one.amount for one in every if one.group == "PR"), ZERO), ZERO)
    claim = RemittedClaim(
        required(number, stated, 1),
        element(stated, 7),
        required(number, stated, 2),
        required_amount(number, stated, 3),
        required_amount(number, stated, 4),
        patients,
        members.get("IL") or members.get("QC") or None,
        tuple(adjustments),
        lines,
        tuple(remarks),
    )
    return PlacedClaim(claim, array("Q", where))


def _line(
    group: list[Numbered], component: str, where: list[int], misdated: list[int]
) -> ServiceLine:
    """The service line of an SVC and what follows it.

    Its places are added to ``where``, and a service date that is none to ``misdated``.
    """
    number, stated = group[0]
    procedure, modifiers = _procedure(required(number, stated, 1), component)
    where.append(number)
    adjustments: list[Adjustment] = []
    adjusted: list[int] = []
    remarks: list[str] = []
    served: date | None = None
    allowed: Decimal | None = None
    allowed_at = 0
    for at, segment in group[1:]:
        name = segment[0]
        if name == "CAS":
            _adjust(at, segment, adjustments, adjusted)
        elif len(segment) == 1:
            continue
        elif name == "DTM":
            if segment[1].strip() in SERVICE_DATES:
                try:
                    days = period(at, segment, 2)
                except UnreadableDocument:
                    misdated.append(at)
                else:
                    served = days[0] if days else None
        elif name == "AMT":
            if segment[1].strip() == "B6":
                allowed, allowed_at = required_amount(at, segment, 2), at
        elif name == "LQ" and segment[1].strip() == "HE" and (remark := element(segment, 2)):
            remarks.append(remark)
    if allowed_at:
        where.append(allowed_at)
    where += adjusted
    return ServiceLine(
        procedure or _revenue_code(element(stated, 4)),
        served,
        required_amount(number, stated, 2),
        required_amount(number, stated, 3),
        modifiers,
        quantity(number, stated, 5),
        allowed,
        tuple(adjustments),
        tuple(remarks),
    )


def _revenue_code(text: str) -> str:
    """What stands in SVC04 where there is nothing to name in SVC01; what is no such code is not."""
    return text if text.isdigit() and len(text) in (3, 4) else ""


@lru_cache(maxsize=4096)
def _procedure(text: str, component: str) -> tuple[str, tuple[str, ...]]:
    """Code and modifiers of a composite such as ``HC:G0463:25``."""
    _, procedure, *rest = [*text.split(component), ""]
    return procedure, tuple(one for one in rest[:4] if one)


def _adjust(number: int, segment: list[str], into: list[Adjustment], where: list[int]) -> None:
    """Take the adjustments of a CAS and where their amounts stand."""
    if len(segment) == 4:  # nearly all
        group, reason = segment[1].strip(), segment[2].strip()
        if group and reason:
            into.append(Adjustment(group, reason, required_amount(number, segment, 3)))
            where.append(100 * number + 3)
            return
    group = required(number, segment, 1)
    for position in (2,) if len(segment) < 6 else pairs(segment, 2, 3):
        reason = required(number, segment, position)
        dollars = required_amount(number, segment, position + 1)
        into.append(Adjustment(group, reason, dollars))
        where.append(100 * number + position + 1)


def whole(payment: Payment, sha256: str) -> Remittance:
    """The payment with all its claims, every place an evidence in the bytes ``sha256`` names.

    Raises UnreadableDocument when the payment has no date, for it cannot be posted then.
    """
    if payment.payment_date is None:
        raise UnreadableDocument(payment.undated)
    claims = list(payment.claims())
    own = {path: Evidence(sha256, where) for path, where in payment.places.items()}
    placed = [SegmentPlaces(sha256, one.claim, one.where) for one in claims]
    return Remittance(
        trace_number=payment.trace_number,
        method=payment.method,
        amount=payment.amount,
        payment_date=payment.payment_date,
        payer=payment.payer,
        payee=payment.payee,
        claims=tuple([one.claim for one in claims]),
        provider_adjustments=tuple(payment.provider_adjustments),
        places=PaymentPlaces(own, placed),
    )
