"""Makes the payers' books and the biller's expectations of them from a seed."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from sandbox.claims import bill, charge_of, deny, pay
from sandbox.payments import pay_out
from sandbox.people import make_person, relative_of
from sandbox.world import (
    Adjustment,
    BilledClaim,
    Expected,
    Payer,
    PayerClaim,
    Person,
    ServiceLine,
    World,
)

AS_OF = date(2026, 11, 20)
PROVIDER = "Larkspur Family Medicine PLLC"
NPI = "1999999999"  # fails the check digit, so that it is nobody's
TIN = "00-0000001"
COMMERCIAL, MEDICAID = "juniper-ridge", "franklin-medicaid"
NAMES = {COMMERCIAL: "Juniper Ridge Health Plan", MEDICAID: "Franklin State Medicaid Program"}
ZERO = Decimal("0.00")

# what happens to a claim, and how often in a thousand
MIX = (
    ("paid", 290),
    ("patient_share", 140),
    ("deductible", 25),
    ("denied", 70),
    ("processed", 70),
    ("partly", 75),
    ("pending", 125),
    ("rejected", 40),
    ("not_found", 80),
    ("several", 20),
    ("wrong_patient", 20),
    ("corrected", 30),
    ("unavailable", 10),
    ("unavailable_once", 10),
)
WORDS = {
    COMMERCIAL: {
        "paid": "Paid",
        "patient_share": "Paid",
        "deductible": "Processed",
        "denied": "Denied",
        "processed": "Processed",
        "partly": "Partially paid",
        "rejected": "Rejected - returned to submitter",
        "several": "Paid",
        "wrong_patient": "Paid",
        "original": "Reversed",
        "corrected": "Adjusted - paid",
        "unavailable": "Paid",
        "unavailable_once": "Paid",
        "other": "Paid",
    },
    MEDICAID: defaultdict(
        lambda: "Processed",
        {
            "denied": "Denied",
            "rejected": "Returned to Provider",
            "original": "Void",
            "corrected": "Adjusted",
        },
    ),
}
PENDING = {
    COMMERCIAL: ("In process", "In review", "Additional information requested"),
    MEDICAID: ("Suspended", "In Process"),
}
CATEGORY = {
    "Paid": "F1",
    "Denied": "F2",
    "Processed": "F0",
    "Partially paid": "F1",
    "In process": "P1",
    "In review": "P2",
    "Additional information requested": "P3",
    "Rejected - returned to submitter": "A3",
    "Adjusted - paid": "F3",
    "Suspended": "P1",
    "In Process": "P1",
    "Returned to Provider": "A3",
    "Adjusted": "F3",
}
REJECTIONS = (
    "Subscriber ID not valid for date of service",
    "Rendering provider not enrolled on date of service",
    "Diagnosis pointer missing on line 1",
    "Claim exceeds the number of service lines accepted",
)
OUTCOME = {
    "paid": "paid",
    "patient_share": "paid",
    "deductible": "paid",
    "denied": "denied",
    "processed": "denied",
    "partly": "partly_paid",
    "pending": "pending",
    "rejected": "rejected",
    "not_found": "not_found",
    "several": "several_matches",
    "wrong_patient": "wrong_patient",
    "corrected": "paid",
    "unavailable": "no_answer",
    "unavailable_once": "paid",
}


def make_world(seed: int, claims: int, as_of: date = AS_OF) -> World:
    """Both payers' books for ``claims`` billed claims each; the same seed, the same books."""
    return World(
        seed,
        claims,
        as_of,
        _Books(seed, COMMERCIAL, claims, as_of).payer(),
        _Books(seed, MEDICAID, claims, as_of).payer(),
    )


def outcomes(rng: random.Random, claims: int) -> list[str]:
    """What happens to each claim: in proportion, each kind at least once from forty claims on."""
    total = sum(share for _, share in MIX)
    counts = {kind: claims * share // total for kind, share in MIX}
    if claims >= 40:
        counts = {kind: max(1, count) for kind, count in counts.items()}
    counts["paid"] += claims - sum(counts.values())
    if counts["paid"] < 0:
        raise ValueError("the mix does not fit")
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    rng.shuffle(kinds)
    return kinds


@dataclass
class _Books:
    """One payer's books while they are written."""

    seed: int
    payer_id: str
    claims: int
    as_of: date
    rng: random.Random = field(init=False)
    people: list[Person] = field(default_factory=list)
    held: list[PayerClaim] = field(default_factory=list)
    listed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: set[tuple[str, date]] = field(default_factory=set)
    unavailable: set[tuple[str, date]] = field(default_factory=set)
    unavailable_once: set[tuple[str, date]] = field(default_factory=set)
    number: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.seed}/{self.payer_id}")

    def payer(self) -> Payer:
        kinds = outcomes(self.rng, self.claims)
        billed = [self._billed(n, kind) for n, kind in enumerate(kinds, 1)]
        settled = pay_out(
            self.rng, self.payer_id, NAMES[self.payer_id], PROVIDER, NPI, self.held, self.as_of
        )
        by_number = settled.by_number
        return Payer(
            self.payer_id,
            NAMES[self.payer_id],
            tuple(
                replace(b, expected=_expected(b, kind, number, by_number))
                for b, kind, number in billed
            ),
            by_number,
            {
                member: tuple(
                    sorted(numbers, key=lambda n: (by_number[n].service_from, n), reverse=True)
                )
                for member, numbers in self.listed.items()
            },
            settled.remittances,
            frozenset(self.unavailable),
            frozenset(self.unavailable_once),
        )

    def _billed(self, n: int, kind: str) -> tuple[BilledClaim, str, str | None]:
        """One of the biller's claims, and the payer's claim number that answers it, if any."""
        rng = self.rng
        person, day = self._patient_and_day(
            alone=kind.startswith("unavailable") or kind == "wrong_patient"
        )
        lines = bill(rng, day)
        claim_id = (
            f"{10000 + n * 7 + self.seed % 7:08d}"
            if self.payer_id == COMMERCIAL
            else f"ENC{2600000 + n * 3}"
        )
        submitted = day + timedelta(days=rng.randrange(2, 9))
        billed = BilledClaim(
            claim_id,
            self.payer_id,
            NAMES[self.payer_id],
            person,
            day,
            day,
            charge_of(lines),
            ZERO,
            PROVIDER,
            NPI,
            TIN,
            submitted,
            submitted + timedelta(days=rng.choice((0, 0, 0, 30))),
            Expected(OUTCOME[kind]),
        )
        billed = replace(
            billed,
            balance=billed.charge,
            last_billed=min(billed.last_billed, self.as_of - timedelta(days=1)),
        )
        answer = self._at_the_payer(kind, billed, lines)
        return billed, kind, answer

    def _at_the_payer(
        self, kind: str, billed: BilledClaim, lines: tuple[ServiceLine, ...]
    ) -> str | None:
        rng = self.rng
        if kind == "not_found":
            if rng.random() < 0.5:  # another claim of the same day, with another charge
                other = bill(rng, billed.service_from)
                if charge_of(other) != billed.charge:
                    self._adjudicated("other", billed, other, claim_id=self._foreign_id())
            return None
        if kind == "several":
            self._adjudicated("several", billed, lines)
            self._adjudicated("several", billed, lines)
            return None
        if kind == "wrong_patient":
            if self.payer_id == COMMERCIAL:
                stranger, under = relative_of(rng, billed.patient), billed.patient.member_id
            else:
                stranger, under = make_person(rng, self._member_id()), billed.patient.member_id
            self._adjudicated(
                "wrong_patient",
                replace(billed, patient=stranger),
                lines,
                claim_id=self._foreign_id(),
                under=under,
            )
            return None
        if kind in ("pending", "rejected"):
            return self._open(kind, billed, lines)
        if kind == "corrected":
            return self._corrected(billed, lines)
        if kind == "unavailable":
            self.unavailable.add((billed.patient.member_id, billed.service_from))
        if kind == "unavailable_once":
            self.unavailable_once.add((billed.patient.member_id, billed.service_from))
        return self._adjudicated(kind, billed, lines).payer_claim_number

    def _adjudicated(
        self,
        kind: str,
        billed: BilledClaim,
        lines: tuple[ServiceLine, ...],
        *,
        claim_id: str | None = None,
        under: str | None = None,
    ) -> PayerClaim:
        rng = self.rng
        share = {"patient_share": "some", "deductible": "all"}.get(kind)
        if kind in ("denied", "processed"):
            done = tuple(deny(rng, line) for line in lines)
        elif kind == "partly":
            if len(lines) == 1:
                lines = _split(lines[0])
            cut = rng.randrange(1, len(lines))
            done = tuple(
                pay(rng, line, "some" if rng.random() < 0.3 else None) for line in lines[:cut]
            )
            done += tuple(deny(rng, line) for line in lines[cut:])
        else:
            done = tuple(pay(rng, line, share) for line in lines)
        return self._hold(kind, billed, done, claim_id=claim_id or billed.claim_id, under=under)

    def _corrected(self, billed: BilledClaim, lines: tuple[ServiceLine, ...]) -> str:
        """The payer paid, took it back, and paid again under a new number."""
        first = self._hold(
            "original",
            billed,
            tuple(pay(self.rng, line, None) for line in lines),
            claim_id=billed.claim_id,
        )
        second = self._hold(
            "corrected",
            billed,
            tuple(pay(self.rng, line, "some") for line in lines),
            claim_id=billed.claim_id,
        )
        self.held = [
            replace(c, superseded_by=second.payer_claim_number) if c is first else c
            for c in self.held
        ]
        return second.payer_claim_number

    def _hold(
        self,
        kind: str,
        billed: BilledClaim,
        lines: tuple[ServiceLine, ...],
        *,
        claim_id: str,
        under: str | None = None,
    ) -> PayerClaim:
        paid = sum((line.paid for line in lines), ZERO)
        claim_level: tuple[Adjustment, ...] = ()
        if paid > 50 and self.rng.random() < 0.18:
            claim_level = (Adjustment("CO", "253", (paid * 2 / 100).quantize(ZERO)),)
            paid -= claim_level[0].amount
        owed = sum((a.amount for line in lines for a in line.adjustments if a.group == "PR"), ZERO)
        wait = (
            9
            if kind == "original"
            else self.rng.randrange(22, 30)
            if kind == "corrected"
            else self.rng.randrange(9, 26)
        )
        finalized = min(billed.submitted + timedelta(days=wait), self.as_of - timedelta(days=3))
        claim = PayerClaim(
            self._claim_number(),
            claim_id,
            billed.patient,
            billed.service_from,
            billed.service_to,
            billed.submitted,
            charge_of(lines),
            WORDS[self.payer_id][kind],
            "",
            "4" if kind in ("denied", "processed") else "1",
            finalized,
            sum((line.allowed for line in lines), ZERO),
            paid,
            owed,
            None,
            None,
            lines,
            claim_level,
        )
        self._list(claim, under)
        return claim

    def _open(self, kind: str, billed: BilledClaim, lines: tuple[ServiceLine, ...]) -> str:
        rejected = kind == "rejected"
        claim = PayerClaim(
            self._claim_number(),
            billed.claim_id,
            billed.patient,
            billed.service_from,
            billed.service_to,
            billed.submitted,
            billed.charge,
            WORDS[self.payer_id]["rejected"]
            if rejected
            else self.rng.choice(PENDING[self.payer_id]),
            self.rng.choice(REJECTIONS) if rejected else "",
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            lines,
            (),
        )
        self._list(claim)
        return claim.payer_claim_number

    def _list(self, claim: PayerClaim, under: str | None = None) -> None:
        self.held.append(claim)
        self.listed[under or claim.patient.member_id].append(claim.payer_claim_number)

    def _patient_and_day(self, *, alone: bool) -> tuple[Person, date]:
        """A patient and a day of service that no other claim of that member id has."""
        rng = self.rng
        while True:
            if alone or not self.people or rng.random() < 0.45:
                person = make_person(rng, self._member_id())
            else:
                person = rng.choice(self.people[-400:])
                if self.payer_id == COMMERCIAL and rng.random() < 0.25:
                    person = relative_of(rng, person)
            day = self.as_of - timedelta(days=rng.randrange(35, 300))
            if (person.member_id, day) in self.taken:
                continue
            self.taken.add((person.member_id, day))
            if not alone:
                self.people.append(person)
            return person, day

    def _member_id(self) -> str:
        self.number += 1
        scattered = (self.number * 7919 + self.seed * 104729) % 1_000_000_007
        if self.payer_id == COMMERCIAL:
            return f"JRH{scattered % 1_000_000_000:09d}"
        return f"{scattered % 3_000_000_000:010d}"

    def _claim_number(self) -> str:
        self.number += 1
        if self.payer_id == COMMERCIAL:
            digits, text = self.number * 48611 + self.seed * 1299709, ""
            for _ in range(5):
                digits, rest = divmod(digits, 32)
                text += "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[rest]
            return f"E{self.number:06d}{text}"
        return f"{20 + self.number % 7}26{self.number % 366 + 1:03d}{self.number % 1_000_000:06d}"

    def _foreign_id(self) -> str:
        self.number += 1
        return f"X{self.number:07d}"


def _split(line: ServiceLine) -> tuple[ServiceLine, ServiceLine]:
    half = (line.charge / 2).quantize(ZERO)
    return replace(line, charge=half), replace(line, charge=line.charge - half, modifiers=("59",))


def _expected(
    billed: BilledClaim, kind: str, number: str | None, by_number: dict[str, PayerClaim]
) -> Expected:
    outcome = OUTCOME[kind]
    if number is None or outcome == "no_answer":
        return Expected(outcome)
    claim = by_number[number]
    adjustments = (*claim.adjustments, *(a for line in claim.lines for a in line.adjustments))
    return Expected(
        outcome,
        CATEGORY[claim.status],
        number,
        claim.service_from,
        claim.charge,
        claim.paid,
        claim.patient_responsibility,
        claim.payment_date,
        claim.trace_number,
        tuple(sorted({f"{a.group}-{a.reason}" for a in adjustments if a.amount}))
        if claim.finalized
        else (),
    )
