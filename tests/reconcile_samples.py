"""A made-up claim, what a portal and an EOB may say of it, and rules to weigh it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.model import (
    Adjustment,
    Answer,
    Channel,
    Claim,
    ClaimStatus,
    Conclusion,
    Evidence,
    Found,
    NoAnswer,
    Observation,
    Outcome,
    Reason,
    Remittance,
    RemittedClaim,
    ServiceLine,
    SourceRow,
)
from billing.payer_rules import PayerRules, Rule
from billing.reconcile import conclude

TODAY = date(2026, 11, 20)
NOTICE = date(2026, 11, 2)
READ_ON = date(2026, 10, 1)
RULES = PayerRules(
    timely_filing=Rule(180, "provider manual 4.1", READ_ON),
    appeal=Rule(90, "provider manual 7.2", READ_ON),
    recheck=Rule(14, "provider manual 2.3", READ_ON),
    pending_escalation=Rule(45, "provider manual 2.4", READ_ON),
)
PORTAL, EOB = "a" * 64, "b" * 64
NUMBER, TRACE = "E0000000001", "TRN77"

CLAIM = Claim(
    claim_id="00012345",
    payer="acme",
    payer_name="Acme",
    member_id="ACM000000123",
    patient_last="Quill",
    patient_first="Orla",
    date_of_birth=date(1980, 2, 3),
    service_from=date(2026, 9, 14),
    service_to=date(2026, 9, 14),
    billed=Decimal("200.00"),
    balance=Decimal("200.00"),
    source=SourceRow("e" * 64, 6),
    submitted=date(2026, 10, 20),
    last_billed=date(2026, 10, 20),
)

STATUS = ClaimStatus(
    words="Processed",
    category="F0",
    payer_claim_number=NUMBER,
    member_id=CLAIM.member_id,
    date_of_birth=CLAIM.date_of_birth,
    service_from=CLAIM.service_from,
    service_to=CLAIM.service_to,
    charge=CLAIM.billed,
)


def adjust(*codes: str) -> tuple[Adjustment, ...]:
    """``adjust("CO-45 20.00", "PR-1 5.00")``."""
    found = []
    for code in codes:
        name, amount = code.split()
        group, reason = name.split("-")
        found.append(Adjustment(group, reason, Decimal(amount)))
    return tuple(found)


def line(charge: str, *codes: str) -> ServiceLine:
    """A line that balances: it pays what its adjustments leave."""
    taken = adjust(*codes)
    paid = Decimal(charge) - sum((one.amount for one in taken), Decimal("0.00"))
    return ServiceLine("G0463", CLAIM.service_from, Decimal(charge), paid, adjustments=taken)


def remitted(lines: Sequence[ServiceLine], *codes: str, **changes: Any) -> RemittedClaim:
    """Our claim, balanced, with these lines and claim-level adjustments."""
    whole = adjust(*codes)
    every = [*whole, *(one for each in lines for one in each.adjustments)]
    charge = sum((each.charge for each in lines), Decimal("0.00"))
    claim = RemittedClaim(
        claim_id=CLAIM.claim_id,
        payer_claim_number=NUMBER,
        status="1",
        charge=charge,
        paid=charge - sum((one.amount for one in every), Decimal("0.00")),
        patient_responsibility=sum(
            (one.amount for one in every if one.group == "PR"), Decimal("0.00")
        ),
        adjustments=whole,
        lines=tuple(lines),
    )
    return replace(claim, **changes)


PAID = remitted([line("120.00", "CO-45 20.00"), line("80.00", "CO-45 10.00", "PR-2 14.00")])
"""Paid 156.00, 14.00 left to the patient, 30.00 written off."""


def reversal(claim: RemittedClaim, number: str) -> RemittedClaim:
    """The entry that takes ``claim`` back: the same amounts, negative, status 22."""

    def negative(entries: Sequence[Adjustment]) -> tuple[Adjustment, ...]:
        return tuple(replace(one, amount=-one.amount) for one in entries)

    return replace(
        claim,
        status="22",
        payer_claim_number=number,
        charge=-claim.charge,
        paid=-claim.paid,
        patient_responsibility=-claim.patient_responsibility,
        adjustments=negative(claim.adjustments),
        lines=tuple(
            replace(
                each,
                charge=-each.charge,
                paid=-each.paid,
                adjustments=negative(each.adjustments),
            )
            for each in claim.lines
        ),
    )


def remittance(*claims: RemittedClaim, trace: str = TRACE) -> Remittance:
    """A payment of these claims with a place for every figure that a conclusion may need."""
    paths = ["amount", "payment_date", "trace_number"]
    for c, claim in enumerate(claims):
        top = f"claims[{c}]"
        paths += [f"{top}.{name}" for name in ("charge", "paid", "patient_responsibility")]
        paths += [f"{top}.payer_claim_number"]
        paths += [f"{top}.adjustments[{n}].amount" for n in range(len(claim.adjustments))]
        for m, each in enumerate(claim.lines):
            paths.append(f"{top}.lines[{m}].paid")
            codes = range(len(each.adjustments))
            paths += [f"{top}.lines[{m}].adjustments[{n}].amount" for n in codes]
    return Remittance(
        trace_number=trace,
        method="ACH",
        amount=sum((claim.paid for claim in claims), Decimal("0.00")),
        payment_date=NOTICE,
        payer="Acme",
        payee="Practice",
        claims=claims,
        places={path: Evidence(EOB, path, page=1) for path in paths},
    )


def told(answer: Answer[Any], *, channel: Channel, minutes: int = 0) -> Observation:
    """An observation of one channel, ``minutes`` into the night."""
    sha256 = PORTAL if channel is Channel.PORTAL else EOB
    places = {}
    if isinstance(answer, Found) and isinstance(answer.value, ClaimStatus):
        names = ["words", "payer_claim_number", "service_from", "charge", "paid"]
        names += ["patient_responsibility", "payment_date", "trace_number", "reason_codes"]
        places = {name: Evidence(PORTAL, name) for name in names}
    at = datetime(2026, 11, 20, 3, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    return Observation(channel, at, answer, (sha256,), places)


def portal(answer: Answer[ClaimStatus] | ClaimStatus, minutes: int = 0) -> Observation:
    """What the portal said."""
    value = Found(answer) if isinstance(answer, ClaimStatus) else answer
    return told(value, channel=Channel.PORTAL, minutes=minutes)


def eob(*claims: RemittedClaim, minutes: int = 1, trace: str = TRACE) -> Observation:
    """What an EOB with these claims said."""
    return told(Found(remittance(*claims, trace=trace)), channel=Channel.EOB, minutes=minutes)


def no_eob(detail: str, minutes: int = 1) -> Observation:
    """An EOB that could not be used."""
    answer = NoAnswer(Reason.NEEDS_PERSON, detail)
    return told(answer, channel=Channel.EOB, minutes=minutes)


def agreeing(claim: RemittedClaim, **changes: Any) -> ClaimStatus:
    """A portal that states what the EOB states."""
    stated = replace(
        STATUS,
        charge=claim.charge,
        paid=claim.paid,
        patient_responsibility=claim.patient_responsibility,
        payment_date=NOTICE,
        trace_number=TRACE,
        reason_codes=tuple(sorted({one.code for one in claim.all_adjustments})),
    )
    return replace(stated, **changes)


def kind(conclusion: Conclusion) -> tuple[Outcome, str]:
    """What a case is about."""
    return conclusion.outcome, conclusion.finding.kind


def weigh(*observations: Observation, rules: PayerRules = RULES, **changes: Any) -> Conclusion:
    """Conclude the sample claim, with ``changes`` to it."""
    return conclude(replace(CLAIM, **changes), observations, rules, today=TODAY)
