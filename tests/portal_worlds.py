"""A world of two simulated payers that is small enough to know by heart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sandbox.world import (
    Adjustment,
    Payer,
    PayerClaim,
    Person,
    ProviderAdjustment,
    Remittance,
    ServiceLine,
    World,
)

AS_OF = date(2026, 11, 20)
FAMILY = "JRH000000101"
DOWN = "JRH000000202"
DOWN_ONCE = "JRH000000303"
RECIPIENT = "0000012345"
RECIPIENT_DOWN = "0000022222"
RECIPIENT_DOWN_ONCE = "0000033333"

PARENT = Person("Odalys", "Fernhollow", "M", date(1981, 4, 9), FAMILY)
CHILD = Person("Bram", "Fernhollow", "", date(2012, 9, 30), FAMILY)
ALONE = Person("Tamsin", "O'Quillan", "", date(1990, 1, 2), RECIPIENT)
MERGED = Person("Corwin", "Ashdell", "", date(1944, 12, 31), "0000099999")


def paid_claim(number: str, claim_id: str, patient: Person, day: date, status: str) -> PayerClaim:
    """Two lines and a claim-level reduction: 1,250.00 billed, 1,180.00 paid after it."""
    first = ServiceLine(
        "G0463",
        ("25", "GT"),
        day,
        1,
        Decimal("1200.00"),
        Decimal("1161.80"),
        Decimal("1141.80"),
        (
            Adjustment("CO", "45", Decimal("38.20")),
            Adjustment("PR", "2", Decimal("20.00")),
        ),
        ("N382", "M51"),
    )
    second = ServiceLine(
        "J1100", (), day, 4, Decimal("50.00"), Decimal("50.00"), Decimal("50.00"), (), ()
    )
    return PayerClaim(
        payer_claim_number=number,
        claim_id=claim_id,
        patient=patient,
        service_from=day,
        service_to=day + timedelta(days=1),
        received=day + timedelta(days=5),
        charge=Decimal("1250.00"),
        status=status,
        status_note="",
        remit_status="1",
        finalized=day + timedelta(days=20),
        allowed=Decimal("1211.80"),
        paid=Decimal("1180.00"),
        patient_responsibility=Decimal("20.00"),
        trace_number=f"T{number[-4:]}",
        payment_date=day + timedelta(days=21),
        lines=(first, second),
        adjustments=(Adjustment("CO", "253", Decimal("11.80")),),
    )


def open_claim(number: str, claim_id: str, patient: Person, day: date, status: str) -> PayerClaim:
    """A claim without a decision."""
    return replace(
        paid_claim(number, claim_id, patient, day, status),
        status_note="Subscriber ID not valid for date of service",
        remit_status=None,
        finalized=None,
        allowed=None,
        paid=None,
        patient_responsibility=None,
        trace_number=None,
        payment_date=None,
        adjustments=(),
    )


def payer(payer_id: str, name: str, claims: list[PayerClaim], down: str, once: str) -> Payer:
    """The books of one payer; searches for ``down`` on 2026-06-01 are not answered."""
    members: dict[str, tuple[str, ...]] = {}
    for claim in sorted(claims, key=lambda one: one.service_from, reverse=True):
        member = RECIPIENT if claim.patient is MERGED else claim.patient.member_id
        members[member] = (*members.get(member, ()), claim.payer_claim_number)
    remittances = {
        claim.trace_number: Remittance(
            claim.trace_number,
            "ACH",
            Decimal("1175.00"),
            claim.payment_date or AS_OF,
            name,
            "Larkspur Family Medicine PLLC",
            "1234567890",
            (claim,),
            (ProviderAdjustment("WO", "E00000000000", Decimal("5.00")),),
        )
        for claim in claims
        if claim.trace_number
    }
    return Payer(
        payer_id,
        name,
        (),
        {claim.payer_claim_number: claim for claim in claims},
        members,
        remittances,
        frozenset({(down, date(2026, 6, 1))}),
        frozenset({(once, date(2026, 6, 1))}),
    )


def small_world() -> World:
    """Commercial: a family with 12 claims from March on. Medicaid: a recipient with 7."""
    start = date(2026, 3, 1)
    commercial = [
        paid_claim(
            f"E{n:011d}",
            f"000{n:05d}",
            CHILD if n % 3 == 0 else PARENT,
            start + timedelta(days=7 * n),
            "Reversed" if n == 4 else "Paid",
        )
        for n in range(1, 12)
    ]
    commercial.append(
        open_claim(
            "E00000000012", "00000012", PARENT, date(2026, 8, 1), "Rejected - returned to submitter"
        )
    )
    once = replace(PARENT, member_id=DOWN_ONCE)
    commercial.append(paid_claim("E00000000013", "00000013", once, date(2026, 6, 1), "Paid"))
    medicaid = [
        paid_claim(
            f"02260{n:08d}", f"ENC{n:05d}", ALONE, start + timedelta(days=7 * n), "Processed"
        )
        for n in range(1, 6)
    ]
    medicaid.append(paid_claim("0226000000006", "ENC00006", MERGED, date(2026, 7, 1), "Processed"))
    medicaid.append(open_claim("0226000000007", "ENC00007", ALONE, date(2026, 8, 1), "Suspended"))
    again = replace(ALONE, member_id=RECIPIENT_DOWN_ONCE)
    medicaid.append(paid_claim("0226000000008", "ENC00008", again, date(2026, 6, 1), "Processed"))
    return World(
        7,
        12,
        AS_OF,
        (
            payer("juniper-ridge", "Juniper Ridge Health Plan", commercial, DOWN, DOWN_ONCE),
            payer(
                "franklin-medicaid",
                "Franklin State Medicaid Program",
                medicaid,
                RECIPIENT_DOWN,
                RECIPIENT_DOWN_ONCE,
            ),
        ),
    )
