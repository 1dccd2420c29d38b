"""A made-up night at two invented payers, of any size, for the tests of what people look at."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from billing.actions import next_step
from billing.model import (
    Claim,
    Conclusion,
    Evidence,
    Finding,
    Outcome,
    Posting,
    PostingKind,
    Reason,
    SourceRow,
)
from billing.payer_rules import PayerRules, Rule
from billing.priority import priority
from billing.report import ClaimResult, DenialFamily, PayerNote, RefusedRow, SweepReport

TODAY = date(2026, 11, 24)
STARTED = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
NAMES = {"larkspur": "Larkspur Mutual", "tidewater": "Tidewater State Program"}
FOREIGN = "Corvid & Sons <Health>"
RULES = {
    payer: PayerRules(
        timely_filing=Rule(days, f"{NAMES[payer]} provider manual, section 4.2", date(2026, 11, 1)),
        appeal=Rule(90, f"{NAMES[payer]} provider manual, section 9.1", date(2026, 11, 1)),
        recheck=Rule(14, f"{NAMES[payer]} provider manual, section 4.6", date(2026, 11, 1)),
    )
    for payer, days in (("larkspur", 90), ("tidewater", 180))
}
OWNERS = (None, "Desk: North/South [late]", "Desk  North South late", None, "=desk 4")
FIRST = ("Ottoline", "Barnaby", "Cosima", "Ignatius", "Philippa", "Thaddeus", "Wilhelmina")
LAST = ("Quillfeather", "Marchbanks", "Threlkeld", "Oglethorpe", "Pemberley", "Vandersloot")


@dataclass(frozen=True)
class Case:
    """One thing that can be true of a claim, and what the night then shows."""

    outcome: Outcome
    kind: str
    why: str
    share: Decimal | None = None  # of the billed amount that the payer paid
    codes: tuple[str, ...] = ()
    category: str | None = None
    words: str | None = None
    reason: Reason | None = None
    detail: str | None = None


PAID = Case(
    Outcome.PAID,
    "paid-not-posted",
    "The payer paid what its remittance says, and the claim is open.",
    Decimal("0.80"),
    ("CO-45",),
    "F1",
    "Finalized/Payment",
)
CASES = (
    *[PAID] * 6,
    Case(
        Outcome.PAID,
        "eob-missing",
        "The payer paid it. No EOB document was read.",
        Decimal("0.60"),
        ("PR-1", "CO-45"),
        "F1",
        "Finalized/Payment",
    ),
    Case(
        Outcome.PAID,
        "corrected-claim",
        "The payer paid it. The payer reversed an earlier decision.",
        Decimal("0.55"),
        ("CO-45",),
        "F3",
        "Finalized/Revised",
    ),
    Case(
        Outcome.PARTLY_PAID,
        "partly-denied",
        "CO-197 (no authorization or notice) took 45.00.",
        Decimal("0.50"),
        ("CO-197", "CO-45"),
        "F1",
        "Finalized/Payment",
    ),
    Case(
        Outcome.DENIED,
        "denied-missing-info",
        "CO-16 (missing or wrong data on the claim) took the whole charge.",
        Decimal("0.00"),
        ("CO-16",),
        "F2",
        "Finalized/Denial",
    ),
    Case(
        Outcome.DENIED,
        "denied-timely-filing",
        "CO-29 (filed after the limit) took the whole charge.",
        Decimal("0.00"),
        ("CO-29",),
        "F2",
        "=Finalized/Denial",
    ),
    Case(
        Outcome.PENDING,
        "pending-wait",
        'The payer says "In process". 12 days since submission.',
        category="P1",
        words="In process",
    ),
    Case(
        Outcome.PENDING,
        "pending-overdue",
        'The payer says "In process". 51 days since submission.',
        category="P1",
        words="In process",
    ),
    Case(
        Outcome.REJECTED,
        "rejected",
        'The payer says "Returned: unprocessable": sent back before adjudication.',
        category="A3",
        words="Returned: unprocessable",
    ),
    Case(
        Outcome.NOT_FOUND,
        "not-on-file",
        "The payer has no such claim; its date of submission is 2026-10-02.",
    ),
    Case(
        Outcome.SEVERAL_MATCHES,
        "several-matches",
        "Two claims fit every identifier.",
        detail="Two claims fit every identifier.",
    ),
    Case(
        Outcome.WRONG_PATIENT,
        "wrong-patient",
        "Member number and birth date of the match differ.",
        detail="Member number and birth date of the match differ.",
    ),
    Case(
        Outcome.NO_ANSWER,
        "payer-unavailable",
        "The portal says that claim search is unavailable.",
        reason=Reason.UNAVAILABLE,
        detail="The portal says that claim search is unavailable.",
    ),
    Case(
        Outcome.NO_ANSWER,
        "portal-eob-conflict",
        "paid is 80.00 on the portal and 90.00 on the EOB, 10.00 apart.",
        category="F1",
        words="Finalized/Payment",
        reason=Reason.NEEDS_PERSON,
        detail="paid is 80.00 on the portal and 90.00 on the EOB, 10.00 apart.",
    ),
    Case(
        Outcome.NO_ANSWER,
        "login-refused",
        "The portal refused the login.",
        reason=Reason.LOGIN_REFUSED,
        detail="The portal refused the login.",
    ),
)
CLOSED = Case(
    Outcome.NO_ANSWER,
    "no-profile",
    "No payer profile claims this payer's name.",
    reason=Reason.NO_PROFILE,
    detail="No payer profile claims this payer's name.",
)


def night(claims: int = 60, seed: int = 7) -> SweepReport:
    """A night with every case in it, at least once from 22 claims on."""
    dice = random.Random(seed)
    results = tuple(result(n, dice) for n in range(1, claims + 1))
    return SweepReport(
        sweep_id="20261124-5f0c11ab",
        business_date=TODAY,
        started_at=STARTED,
        finished_at=STARTED + timedelta(minutes=41),
        results=results,
        refused_rows=(
            RefusedRow(4, "the billed amount is empty; fill it in and sweep again"),
            RefusedRow(19, "the service date reads 13/45; write it as a date", "Sheet1"),
            RefusedRow(33, "the claim id stands in row 12 already", "Sheet1"),
            RefusedRow(40, "-no payer is named", "Sheet1"),
        ),
        new_postings=tuple(p for r in results for p in postings(r)),
        known_postings=11,
        payer_notes=(
            PayerNote("larkspur", Reason.LOGIN_REFUSED, "2 login attempts were refused."),
            PayerNote("tidewater", "drift", "The portal was found by a second choice: search."),
        ),
        payer_names=NAMES,
    )


def result(number: int, dice: random.Random) -> ClaimResult:
    """Claim ``number`` of the night."""
    case = CLOSED if number % 21 == 0 else CASES[(number - 1) % len(CASES)]
    known = tuple(NAMES)[number % 2]
    payer = None if case is CLOSED else known
    billed = Decimal(dice.randint(4_000, 190_000)) / 100
    paid = None if case.share is None else (billed * case.share).quantize(Decimal("0.01"))
    served = TODAY - timedelta(days=dice.randint(20, 95))
    claim = Claim(
        claim_id=f"{number:07}" if number != 5 else "-0000005",
        payer=payer,
        payer_name=NAMES[known] if payer else FOREIGN,
        member_id=f"MBR{dice.randint(10**8, 10**9)}",
        patient_last=dice.choice(LAST),
        patient_first=dice.choice(FIRST),
        date_of_birth=date(1950, 1, 1) + timedelta(days=dice.randint(0, 20_000)),
        service_from=served,
        service_to=served,
        billed=billed,
        balance=billed if number % 13 else Decimal("0.00"),
        source=SourceRow("e" * 64, number + 1),
        submitted=served + timedelta(days=3),
        owner=OWNERS[number % len(OWNERS)],
    )
    paid_on = TODAY - timedelta(days=5 + number % 10) if case.share is not None else None
    step = next_step(case.kind, claim, RULES[known], today=TODAY, notice=paid_on)
    proof = sha256(claim.claim_id.encode()).hexdigest()
    heard = case.outcome is not Outcome.NO_ANSWER or case.category is not None
    return ClaimResult(
        item_id=number,
        claim=claim,
        conclusion=Conclusion(
            outcome=case.outcome,
            finding=Finding(
                case.kind,
                case.why,
                paid if case.kind == "paid-not-posted" and paid is not None else claim.balance,
                step.next_action,
                step.due,
                step.due_basis,
                step.needs_person,
            ),
            status_category=case.category,
            status_words=case.words,
            payer_claim_number=f"E{number:09}" if case.category else None,
            service_from=served if case.category else None,
            charge=billed if case.category else None,
            paid=paid,
            patient_responsibility=Decimal("0.00") if paid else None,
            payment_date=paid_on,
            trace_number=f"8{number % 5:03}77{number % 2}" if paid else None,
            reason_codes=case.codes,
            evidence=(proof, sha256(proof.encode()).hexdigest()) if heard else (),
            no_answer=case.reason,
            detail=case.detail,
        ),
        attempts=1 if heard else 3,
        seconds=Decimal(dice.randint(1_100, 9_900)) / 1000 if heard else None,
        checked_at=STARTED + timedelta(seconds=number * 7),
        first_asked=TODAY - timedelta(days=number % 9),
    )


def postings(result: ClaimResult) -> list[Posting]:
    """What would be posted for a paid claim: its payment, and the rest as an adjustment."""
    claim, said = result.claim, result.conclusion
    if said.outcome is not Outcome.PAID or not said.paid or said.finding.kind == "eob-missing":
        return []
    taken_back = []
    place = Evidence(said.evidence[0], "line 1, Paid", page=1, box=(1.0, 2.0, 3.0, 4.0))

    def posting(kind: PostingKind, code: str, amount: Decimal) -> Posting:
        return Posting(
            claim.payer or "",
            said.trace_number or "",
            said.payer_claim_number or "",
            1,
            kind,
            code,
            amount,
            place,
            claim.claim_id,
        )

    if said.finding.kind == "corrected-claim":
        taken_back = [posting(PostingKind.REVERSAL, "", Decimal("-10.00"))]
    return [
        *taken_back,
        posting(PostingKind.PAYMENT, "", said.paid),
        posting(PostingKind.ADJUSTMENT, "CO-45", claim.billed - said.paid),
    ]


def outbreak(report: SweepReport, reason: str = "CO-16", claims: int = 3) -> DenialFamily:
    """The family of the first claims of the night that one payer denied for ``reason``."""
    mine = [r for r in report.results if reason in r.conclusion.reason_codes]
    payer = str(mine[0].claim.payer)
    kept = [r for r in mine if r.claim.payer == payer][:claims]
    return DenialFamily(
        payer=payer,
        reason=reason,
        procedure="G0463",
        claims=tuple(r.claim.claim_id for r in kept),
        dollars=sum((r.conclusion.finding.dollars for r in kept), Decimal(0)),
        since=TODAY - timedelta(days=2),
        first_seen=TODAY - timedelta(days=40),
        decided=21,
        before=1,
        decided_before=160,
    )


FILES = {
    "write-back of aging.csv": "aging.swept.csv",
    "write-back of medicaid.xlsx": "medicaid.swept.xlsx",
    "changes, cell by cell": "changes.csv",
    "proposed postings": "postings.csv",
    "exceptions (workbook)": "exceptions.xlsx",
    "exceptions (CSV)": "exceptions.csv",
    "answers (JSON)": "answers.json",
    "morning sheet": "morning.html",
    "evidence": "evidence",
}
WAITING = {"pending-wait", "already-posted", "not-on-file-too-early"}
SYSTEM = {"payer-unavailable", "login-refused"}
UNHEARD = SYSTEM | {"no-profile"}


def to_work(report: SweepReport) -> list[ClaimResult]:
    kept = [r for r in report.results if r.conclusion.finding.kind not in WAITING]
    return sorted(kept, key=lambda r: (-priority(r, TODAY), r.claim.claim_id))


def paid_and_open(report: SweepReport) -> list[ClaimResult]:
    """As a biller would pick them out by hand."""
    picked = []
    for r in report.results:
        if r.conclusion.outcome not in (Outcome.PAID, Outcome.PARTLY_PAID):
            continue
        if r.claim.balance == 0 or r.conclusion.finding.kind == "corrected-claim":
            continue
        picked.append(r)
    return picked


def usd(amount: Decimal) -> str:
    return f"${amount:,.2f}"
