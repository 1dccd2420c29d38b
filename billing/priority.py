"""How early a claim belongs on a list: the dollars that acting may bring, by the days left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.codes.reasons import Denial
from billing.findings import FINDINGS
from billing.model import Finding
from billing.money import CENT, ZERO, usd
from billing.report import ClaimResult


@dataclass(frozen=True, slots=True)
class Chance:
    """The share of the dollars at stake (0 to 1) that acting may bring, and who says so."""

    share: Decimal
    source: str


_DECIDED = Chance(Decimal(1), "the payer has decided it")
_WHOLE = Chance(Decimal(1), "nothing is taken off before it is known")
_OVERTURNED = Chance(
    Decimal("0.54"),
    "Premier survey of 516 hospitals, 2022: 54.3 % of denials paid in the end",
)
_AUTHORIZED = Chance(
    Decimal("0.81"), "KFF 2024: 80.7 % of appealed Medicare Advantage denials overturned"
)


def _ours(share: str) -> Chance:
    return Chance(Decimal(share), "our assumption")


_OF_DENIAL: Mapping[Denial, Chance] = {
    Denial.MISSING_INFO: _ours("0.80"),
    Denial.DUPLICATE: _ours("0.30"),
    Denial.TIMELY_FILING: _ours("0.20"),
    Denial.NO_AUTHORIZATION: _ours("0.40"),
    Denial.NOT_COVERED: _ours("0.30"),
    Denial.ELIGIBILITY: _ours("0.40"),
    Denial.OTHER_PAYER: _ours("0.60"),
    Denial.BUNDLED: _ours("0.30"),
    Denial.MEDICAL_NECESSITY: _OVERTURNED,
    Denial.OTHER: _OVERTURNED,
}

_STATED: Mapping[str, Chance] = {
    **{f"denied-{denial}": chance for denial, chance in _OF_DENIAL.items()},
    "denied-authorization-held": _AUTHORIZED,
    "partly-denied": _OVERTURNED,
    "appeal-limit-near": _OVERTURNED,
    "denied-eligibility-disputed": _ours("0.80"),
    "coverage-ended": _ours("0.40"),
    "underpaid": _ours("0.60"),
    "contract-unclear": _ours("0.10"),
    "paid-above-contract": _ours("0.10"),
    "contractual-only": _ours("0.20"),
    "patient-responsibility": _ours("0.50"),
    "secondary-to-file": _ours("0.80"),
    "rejected": _ours("0.80"),
    "not-on-file-accepted": _ours("0.80"),
    "not-on-file": _ours("0.80"),
    "not-on-file-filing-limit-near": _ours("0.80"),
    "not-on-file-filing-limit-passed": _ours("0.20"),
    "filing-limit-near": _ours("0.80"),
    **dict.fromkeys(
        (
            "paid-not-posted",
            "already-posted",
            "corrected-claim",
            "credit-balance",
            "duplicate-payment",
            "overpaid",
            "posted-not-paid",
        ),
        _DECIDED,
    ),
}

CHANCES: Mapping[str, Chance] = {kind: _STATED.get(kind, _WHOLE) for kind in FINDINGS}
"""The chance of every kind of finding; a payer's profile may state its own."""


def chance_of(finding: Finding) -> Chance:
    """The chance that a finding was concluded with; of an old ledger's, the one of its kind."""
    if finding.chance is None:
        return CHANCES.get(finding.kind, _WHOLE)
    return Chance(finding.chance, finding.chance_source)


def expected(finding: Finding) -> Decimal:
    """At stake x chance, to the cent; never below zero."""
    return (max(finding.dollars, ZERO) * chance_of(finding).share).quantize(CENT)


def priority(result: ClaimResult, today: date) -> Decimal:
    """How early a claim belongs on a list; greater is earlier.

    at stake x chance x (1 + 30 / (1 + days left)) x (1 + days since service / 90), to the cent.
    Overdue counts as no day left; a person's finding without a date counts as 30 days left,
    because nobody knows that it is more; where nothing is due the third factor is 1.
    """
    finding = result.conclusion.finding
    return weight(
        finding.dollars,
        chance_of(finding).share,
        finding.due,
        needs_person=finding.needs_person,
        service_from=result.claim.service_from,
        today=today,
    )


def weight(
    dollars: Decimal,
    share: Decimal,
    due: date | None,
    *,
    needs_person: bool,
    service_from: date,
    today: date,
) -> Decimal:
    """:func:`priority` from the figures that it is made of."""
    left = _days_left(due, today, needs_person=needs_person)
    nearness = Decimal(1) if left is None else 1 + Decimal(30) / (1 + left)
    age = 1 + Decimal(max(0, (today - service_from).days)) / 90
    return (max(dollars, ZERO) * share * nearness * age).quantize(CENT)


def explain_priority(result: ClaimResult, today: date) -> str:
    """What the priority is made of, in one sentence for people."""
    finding = result.conclusion.finding
    chance = chance_of(finding)
    left = _days_left(finding.due, today, needs_person=finding.needs_person)
    likely = ""
    if chance.share != 1:
        percent = f"{(chance.share * 100).normalize():f} %"
        likely = f" x {percent} ({chance.source}) = {usd(expected(finding))} expected"
    if finding.due is not None:
        over = (today - finding.due).days
        when = f"overdue since {over} days" if over > 0 else f"{left} days left"
    else:
        when = "no deadline" if left is None else "no date is known, counted as 30 days left"
    return (
        f"{usd(max(finding.dollars, ZERO))} at stake{likely}, {when}, "
        f"{_age(result, today)} days since service."
    )


def _days_left(due: date | None, today: date, *, needs_person: bool) -> int | None:
    if due is not None:
        return max(0, (due - today).days)
    return 30 if needs_person else None


def _age(result: ClaimResult, today: date) -> int:
    return max(0, (today - result.claim.service_from).days)
