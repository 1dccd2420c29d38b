"""Every column that a sheet of claims can have, and how a claim's result fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from billing.disposition import UNANSWERED, is_exception, is_money_found, is_unasked
from billing.model import Claim, Evidence, Outcome
from billing.priority import expected, priority
from billing.report import ClaimResult, SweepReport
from console.sheets import SHORT_HASH, Column, Form, Link, Value
from console.words import (
    NONE_BEFORE,
    OUTCOMES,
    due_words,
    initials,
    kind_words,
    payer_name,
    why_a_person,
)

WORK_STATES = ("Working", "Waiting for payer", "Sent", "Done", "Handed on")
"""What a biller may put under Work status; the cell offers them."""


@dataclass(frozen=True, slots=True)
class Night:
    """The sweep a sheet is made of; ``evidence`` is where the bytes of each hash lie, seen from
    the workbook."""

    report: SweepReport
    today: date
    evidence: Mapping[str, str] = field(default_factory=dict)


Fill = Callable[[Night, ClaimResult], Value]


def owner(report: SweepReport, claim: Claim) -> str:
    """Whose work a claim is: the owner that the export names, else its payer's desk."""
    return claim.owner or payer_name(report, claim)


def confidence(result: ClaimResult) -> str:
    """What an answer rests on, in the order of trust; no figure of chance is made up."""
    said = result.conclusion
    if is_unasked(result):
        return "Payer not heard"
    if said.outcome in (Outcome.SEVERAL_MATCHES, Outcome.WRONG_PATIENT):
        return "Claim not identified"
    if said.outcome in UNANSWERED:
        return "Answer not settled"
    proved = any(_on_document(place) for place in said.places.values())
    return "Portal and EOB agree" if proved else "Payer's word only"


def link(night: Night, sha256: str | None) -> Value:
    """A short hash that opens the evidence, or only names it where no file lies beside us."""
    if sha256 is None:
        return None
    target = night.evidence.get(sha256)
    return sha256[:SHORT_HASH] if target is None else Link(sha256[:SHORT_HASH], target)


def _on_document(place: Evidence) -> bool:
    return place.page is not None or place.where.startswith("segment ")


def _page_seen(night: Night, result: ClaimResult) -> Value:
    """A picture of the payer's page where there is one, else what was captured first."""
    hashes = result.conclusion.evidence
    pictures = (place.image for place in result.conclusion.places.values())
    seen = next((image for image in pictures if image in night.evidence), None)
    return link(night, seen or next(iter(hashes), None))


def _document(night: Night, result: ClaimResult) -> Value:
    places = result.conclusion.places.values()
    return link(night, next((place.sha256 for place in places if _on_document(place)), None))


def _last_time(night: Night, result: ClaimResult) -> str:
    earlier = result.earlier
    if earlier is None:
        return NONE_BEFORE
    return f"{OUTCOMES[earlier.conclusion.outcome]}, {earlier.business_date}"


def _changed(night: Night, result: ClaimResult) -> str:
    return "" if result.changed is None else "yes" if result.changed else "no"


def _days_in_queue(night: Night, result: ClaimResult) -> int | None:
    return None if result.first_asked is None else (night.today - result.first_asked).days


def _instant(night: Night, result: ClaimResult) -> datetime | None:
    return None if result.checked_at is None else result.checked_at.astimezone(UTC)


def _hashes(night: Night, result: ClaimResult) -> str:
    return " ".join(sha256[:SHORT_HASH] for sha256 in result.conclusion.evidence)


def _family(night: Night, result: ClaimResult) -> str:
    """The rising denials that the claim is one of, each by reason and procedure."""
    claim = result.claim
    return "; ".join(
        " ".join(filter(None, (family.reason, family.procedure)))
        for family in night.report.families or ()
        if family.payer == claim.payer and claim.claim_id in family.claims
    )


def _also(night: Night, result: ClaimResult) -> str:
    """What else is true of the claim; its dollars may be part of what is at stake."""
    return " ".join(
        f"{kind_words(one.kind)}: {one.next_action}" for one in result.conclusion.others
    )


def _at_stake(night: Night, result: ClaimResult) -> Decimal | None:
    return result.conclusion.finding.dollars if is_exception(result) else None


def _priority(night: Night, result: ClaimResult) -> Decimal | None:
    return priority(result, night.today) if is_exception(result) else None


def _expected(night: Night, result: ClaimResult) -> Decimal | None:
    return expected(result.conclusion.finding) if is_exception(result) else None


_COLUMNS: Mapping[str, tuple[Form, int, Fill]] = {
    "Priority": ("number", 11, _priority),
    "At stake": ("money", 12, _at_stake),
    "Expected": ("money", 12, _expected),
    "Claim": ("text", 15, lambda n, r: r.claim.claim_id),
    "Owner": ("prose", 20, lambda n, r: owner(n.report, r.claim)),
    "Payer": ("prose", 24, lambda n, r: payer_name(n.report, r.claim)),
    "Patient": ("text", 8, lambda n, r: initials(r.claim)),
    "Service date": ("date", 12, lambda n, r: r.claim.service_from),
    "Last billed": ("date", 12, lambda n, r: r.claim.last_billed or r.claim.submitted),
    "Days since service": ("count", 9, lambda n, r: (n.today - r.claim.service_from).days),
    "Billed": ("money", 12, lambda n, r: r.claim.billed),
    "Balance": ("money", 12, lambda n, r: r.claim.balance),
    "Outcome": ("text", 17, lambda n, r: OUTCOMES[r.conclusion.outcome]),
    "Last time": ("text", 29, _last_time),
    "Changed": ("text", 10, _changed),
    "Finding": ("prose", 22, lambda n, r: kind_words(r.conclusion.finding.kind)),
    "Why": ("prose", 42, lambda n, r: r.conclusion.finding.why),
    "Next action": ("prose", 42, lambda n, r: r.conclusion.finding.next_action),
    "Also": ("prose", 40, _also),
    "Rule": ("text", 26, lambda n, r: r.conclusion.finding.rule),
    "Due": ("date", 12, lambda n, r: r.conclusion.finding.due),
    "Deadline": ("text", 21, lambda n, r: due_words(r.conclusion.finding.due, n.today)[1]),
    "Due basis": ("prose", 38, lambda n, r: r.conclusion.finding.due_basis),
    "Payer status (verbatim)": ("prose", 24, lambda n, r: r.conclusion.status_words),
    "Category": ("text", 10, lambda n, r: r.conclusion.status_category),
    "Payer claim number": ("text", 20, lambda n, r: r.conclusion.payer_claim_number),
    "Charge": ("money", 12, lambda n, r: r.conclusion.charge),
    "Paid": ("money", 12, lambda n, r: r.conclusion.paid),
    "Patient responsibility": (
        "money",
        14,
        lambda n, r: r.conclusion.patient_responsibility,
    ),
    "Payment date": ("date", 12, lambda n, r: r.conclusion.payment_date),
    "Trace number": ("text", 20, lambda n, r: r.conclusion.trace_number),
    "Money found": ("money", 12, lambda n, r: r.conclusion.paid if is_money_found(r) else None),
    "Reason codes": ("prose", 15, lambda n, r: " ".join(sorted(r.conclusion.reason_codes))),
    "Denial family": ("prose", 20, _family),
    "Confidence": ("text", 22, lambda n, r: confidence(r)),
    "Why a person is needed": ("prose", 24, lambda n, r: why_a_person(r)),
    "Needs a person": (
        "text",
        10,
        lambda n, r: "yes" if r.conclusion.finding.needs_person else "no",
    ),
    "Days in queue": ("count", 9, _days_in_queue),
    "Attempts": ("count", 9, lambda n, r: r.attempts),
    "Seconds": ("number", 9, lambda n, r: r.seconds),
    "Checked (UTC)": ("instant", 18, _instant),
    "Page seen": ("link", 15, _page_seen),
    "EOB": ("link", 15, _document),
    "Evidence": ("prose", 28, _hashes),
    "Work status": ("choice", 16, lambda n, r: None),
    "Note": ("prose", 30, lambda n, r: None),
}


def columns(headings: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these headings, in this order."""
    return tuple(
        Column(heading, form, width, WORK_STATES if form == "choice" else ())
        for heading in headings
        for form, width, _ in (_COLUMNS[heading],)
    )


def rows(
    night: Night, headings: Iterable[str], results: Iterable[ClaimResult]
) -> tuple[tuple[Value, ...], ...]:
    """A row for every result, a cell for every heading."""
    fills = [_COLUMNS[heading][2] for heading in headings]
    return tuple(tuple(fill(night, result) for fill in fills) for result in results)
