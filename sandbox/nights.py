"""The same books on an earlier day: what was not yet billed, received, decided or paid is not."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sandbox.payers import STYLES
from sandbox.truth import CATEGORIES
from sandbox.world import BilledClaim, Expected, Payer, PayerClaim, World

NOTHING = Decimal("0.00")
DECIDED = {"paid", "partly_paid", "denied"}
AS_RECEIVED = {"pending", "rejected"}


def as_it_stood(world: World, day: date) -> World:
    """The world at the end of ``day``, with the key of that day.

    A decision shows on the day it is paid; until then the claim is pending. A claim that has more
    records than one at the payer, or of which nothing can be found out, is in the export once all
    that the payer holds of its member is as it stays.
    """
    return replace(world, as_of=day, payers=tuple(_payer(one, day) for one in world.payers))


def _payer(payer: Payer, day: date) -> Payer:
    replacing = {one.superseded_by for one in payer.by_number.values()} - {None}
    held = {
        number: claim if _settled(claim, day) else _pending(payer, claim)
        for number, claim in payer.by_number.items()
        if claim.received <= day
    }
    for original in payer.by_number.values():
        corrected = original.superseded_by
        if corrected is not None and not _settled(payer.by_number[corrected], day):
            held.pop(original.payer_claim_number, None)
            held.pop(corrected, None)
    return replace(
        payer,
        billed=tuple(
            _as_billed(payer, billed, held, day)
            for billed in payer.billed
            if _is_open(payer, billed, replacing, day)
        ),
        by_number=held,
        by_member={
            member: tuple(number for number in numbers if number in held)
            for member, numbers in payer.by_member.items()
        },
        remittances={
            trace: payment for trace, payment in payer.remittances.items() if payment.date <= day
        },
    )


def _settled(claim: PayerClaim, day: date) -> bool:
    return claim.payment_date is None or claim.payment_date <= day


def _pending(payer: Payer, claim: PayerClaim) -> PayerClaim:
    """The claim before anything was decided about it."""
    return replace(
        claim,
        status=_waits(payer),
        status_note="",
        remit_status=None,
        finalized=None,
        allowed=None,
        paid=None,
        patient_responsibility=None,
        trace_number=None,
        payment_date=None,
        lines=tuple(
            replace(line, allowed=NOTHING, paid=NOTHING, adjustments=(), remarks=())
            for line in claim.lines
        ),
        adjustments=(),
    )


def _waits(payer: Payer) -> str:
    return STYLES[payer.payer_id].words.pending[0]


def _records(payer: Payer, billed: BilledClaim) -> list[PayerClaim]:
    return [
        payer.by_number[number]
        for number in payer.by_member.get(billed.patient.member_id, ())
        if payer.by_number[number].claim_id == billed.claim_id
    ]


def _is_open(payer: Payer, billed: BilledClaim, replacing: Set[str | None], day: date) -> bool:
    records = _records(payer, billed)
    alone = len(records) == 1 and records[0].payer_claim_number not in replacing
    if alone and billed.expected.outcome in DECIDED | AS_RECEIVED:
        return records[0].received <= day
    member = payer.by_member.get(billed.patient.member_id, ())
    return billed.submitted <= day and all(
        payer.by_number[number].received <= day and _settled(payer.by_number[number], day)
        for number in member
    )


def _as_billed(
    payer: Payer, billed: BilledClaim, held: dict[str, PayerClaim], day: date
) -> BilledClaim:
    last_billed = billed.last_billed if billed.last_billed <= day else billed.submitted
    records = _records(payer, billed)
    expected = billed.expected
    if expected.outcome in DECIDED and not _settled(records[-1], day):
        word = held[records[-1].payer_claim_number].status
        expected = Expected(
            "pending",
            CATEGORIES[word],
            expected.payer_claim_number,
            expected.service_from,
            expected.charge,
        )
    return replace(billed, last_billed=last_billed, expected=expected)
