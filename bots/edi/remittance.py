"""A balanced remittance, whatever it was read from, becomes an 835."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TypeVar

from billing.balance import Residual, residuals
from billing.errors import BadInput
from billing.model import Adjustment, Remittance, RemittedClaim, ServiceLine
from billing.money import ZERO
from bots.edi.envelope import Kind, Parties, Segment, day, interchange, number

T = TypeVar("T")

PAYMENT = Kind("835", "HP", "005010X221A1")
NOT_STATED = "NOT STATED"
"""What 835s must say and a document may not: addresses and whom to call at the payer."""

ORIGINATOR = "1000000000"
MOST_IN_CAS = MOST_IN_PLB = 6
MOST_IN_MOA = 5
MOST_REMARKS = 10
"""Of a whole claim: an MIA and an MOA hold five each."""

NO_MONEY = "NON"


def write_remittances(remittances: Sequence[Remittance], parties: Parties, at: datetime) -> bytes:
    """An 835 (005010X221A1), a transaction for each payment.

    What a remittance does not hold is not made up: bank accounts are left out, addresses are
    "NOT STATED". Raises BadInput for one that does not balance, or that an 835 cannot say.
    """
    for one in remittances:
        _require_whole(one)
    return interchange(PAYMENT, [_body(one, parties) for one in remittances], parties, at)


def require_balanced(remittance: Remittance, found: Sequence[Residual]) -> None:
    """Raise BadInput, naming payment and equation, when there are residuals of the remittance."""
    if found:
        raise BadInput(
            f"The payment {remittance.trace_number} does not balance ({found[0].where}: "
            f"{found[0].equation}, off by {found[0].dollars}); only balanced ones become an 835"
        )


def _require_whole(remittance: Remittance) -> None:
    require_balanced(remittance, residuals(remittance))
    if remittance.amount < ZERO:
        raise BadInput(f"The payment {remittance.trace_number} is negative; no 835 can pay it")
    for name, said in (("how it was paid", remittance.method), ("who is paid", remittance.payee)):
        if not said:
            raise BadInput(
                f"The payment {remittance.trace_number} does not say {name}; an 835 must"
            )
    for claim in remittance.claims:
        if not all(line.procedure for line in claim.lines):
            raise BadInput(
                f"The payment {remittance.trace_number} has a service line without procedure; an "
                "835 cannot say it"
            )
        if len(claim.remarks) > MOST_REMARKS:
            raise BadInput(
                f"The payment {remittance.trace_number} has a claim with more than {MOST_REMARKS} "
                "remarks of its own; an 835 cannot say them"
            )


def _body(remittance: Remittance, parties: Parties) -> list[Segment]:
    paid_on = day(remittance.payment_date)
    handling = "H" if remittance.method == NO_MONEY else "I"
    payment = ("BPR", handling, number(remittance.amount), "C", remittance.method)
    body: list[Segment] = [
        (*payment, *[""] * 11, paid_on),
        ("TRN", "1", remittance.trace_number, ORIGINATOR),
        ("DTM", "405", paid_on),
        ("N1", "PR", remittance.payer),
        ("N3", NOT_STATED),
        ("N4", NOT_STATED),
        ("PER", "BL", NOT_STATED),
        ("N1", "PE", remittance.payee, "XX", parties.npi),
    ]
    if remittance.claims:
        body.append(("LX", "1"))
    for claim in remittance.claims:
        body += _claim(claim)
    year_end = day(date(remittance.payment_date.year, 12, 31))
    for some in _batches(remittance.provider_adjustments, MOST_IN_PLB):
        pairs = (((one.reason, one.reference), number(one.amount)) for one in some)
        body.append(("PLB", parties.npi, year_end, *(value for pair in pairs for value in pair)))
    return body


def _claim(claim: RemittedClaim) -> Iterator[Segment]:
    # CLP05 is stated only where it is above zero (835 TR3): a reversal's is left out
    patients = number(claim.patient_responsibility) if claim.patient_responsibility > ZERO else ""
    dollars = number(claim.charge), number(claim.paid), patients
    yield ("CLP", claim.claim_id, claim.status, *dollars, "ZZ", claim.payer_claim_number)
    yield from _adjustments(claim.adjustments)
    member = ("MI", claim.member_id) if claim.member_id else ()
    yield ("NM1", "QC", "1", "", "", "", "", "", *member)
    yield from _remarks(claim.remarks)
    for line in claim.lines:
        yield from _line(line)


def _remarks(codes: Sequence[str]) -> Iterator[Segment]:
    if len(codes) > MOST_IN_MOA:
        first, *others = codes[:MOST_IN_MOA]
        yield ("MIA", "0", "", "", "", first, *[""] * 14, *others)
        codes = codes[MOST_IN_MOA:]
    if codes:
        yield ("MOA", "", "", *codes)


def _line(line: ServiceLine) -> Iterator[Segment]:
    # a revenue code is four digits, a HCPCS code five characters
    kind = "NU" if len(line.procedure) == 4 and line.procedure.isdigit() else "HC"
    units = number(line.units) if line.units is not None else ""
    service = (kind, line.procedure, *line.modifiers)
    yield ("SVC", service, number(line.charge), number(line.paid), "", units)
    if line.service_date is not None:
        yield ("DTM", "472", day(line.service_date))
    yield from _adjustments(line.adjustments)
    if line.allowed is not None:
        yield ("AMT", "B6", number(line.allowed))
    for remark in line.remarks:
        yield ("LQ", "HE", remark)


def _adjustments(adjustments: Sequence[Adjustment]) -> Iterator[Segment]:
    """CAS segments in the order of the adjustments, those of one group together."""
    for group, of_group in groupby(adjustments, key=lambda one: one.group):
        for some in _batches(of_group, MOST_IN_CAS):
            triples = [(one.reason, number(one.amount), "") for one in some]
            yield ("CAS", group, *(value for triple in triples for value in triple))


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    listed = list(values)
    for at in range(0, len(listed), size):
        yield listed[at : at + size]
