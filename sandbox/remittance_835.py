"""The simulated payers' payments as one 835 file, as a clearinghouse would pass them on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from sandbox.world import Adjustment, PayerClaim, Remittance

_HEAD = (
    "ISA*00*          *00*          *ZZ*SIMULATED      *ZZ*LARKSPUR       "
    "*{day:%y%m%d}*0600*^*00501*000000001*0*T*:",
    "GS*HP*SIMULATED*LARKSPUR*{day:%Y%m%d}*0600*1*X*005010X221A1",
)


def remittances_835(payments: Iterable[Remittance], as_of: date) -> bytes:
    """An interchange of one functional group, a transaction for each payment."""
    segments = [line.format(day=as_of) for line in _HEAD]
    count = 0
    for count, payment in enumerate(payments, 1):
        body = [f"ST*835*{count:04d}", *_payment(payment)]
        segments += [*body, f"SE*{len(body) + 1}*{count:04d}"]
    segments += [f"GE*{count}*1", "IEA*1*000000001"]
    return "".join(f"{segment}~\n" for segment in segments).encode()


def _payment(payment: Remittance) -> Iterator[str]:
    handling = "H" if payment.method == "NON" else "I"
    paid_on = f"{payment.date:%Y%m%d}"
    yield f"BPR*{handling}*{payment.amount}*C*{payment.method}{'*' * 12}{paid_on}"
    yield f"TRN*1*{payment.trace_number}*1999999999"
    yield f"N1*PR*{payment.payer_name}"
    yield f"N1*PE*{payment.payee_name}*XX*{payment.payee_npi}"
    if payment.claims:
        yield "LX*1"
    for claim in payment.claims:
        yield from _claim(claim)
    for entry in payment.provider_adjustments:
        year_end = f"{payment.date:%Y}1231"
        yield f"PLB*{payment.payee_npi}*{year_end}*{entry.reason}:{entry.reference}*{entry.amount}"


def _claim(claim: PayerClaim) -> Iterator[str]:
    owed = claim.patient_responsibility or Decimal(0)
    patients = f"{owed}" if owed > 0 else ""
    yield (
        f"CLP*{claim.claim_id}*{claim.remit_status}*{claim.charge}*{claim.paid}*{patients}*ZZ"
        f"*{claim.payer_claim_number}"
    )
    yield from map(_adjustment, claim.adjustments)
    yield f"NM1*QC*1*{claim.patient.last}*{claim.patient.first}****MI*{claim.patient.member_id}"
    for line in claim.lines:
        procedure = ":".join(("HC", line.procedure, *line.modifiers))
        yield f"SVC*{procedure}*{line.charge}*{line.paid}**{line.units}"
        yield f"DTM*472*{line.service_date:%Y%m%d}"
        yield from map(_adjustment, line.adjustments)
        yield f"AMT*B6*{line.allowed}"
        yield from (f"LQ*HE*{remark}" for remark in line.remarks)


def _adjustment(one: Adjustment) -> str:
    return f"CAS*{one.group}*{one.reason}*{one.amount}"
