"""What was learned of a schedule's visits: as plain values for programs, and as sheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.codes.service_types import spoken_service
from billing.coverage import (
    Benefit,
    Coverage,
    EligibilityReport,
    Network,
    VisitFinding,
    VisitOutcome,
    VisitResult,
)
from billing.eligibility import figure, pressing
from billing.money import dollars
from billing.visit_steps import STEPS
from console.sheets import SHORT_HASH, Column, Sheet, Value

OUTCOMES: Mapping[VisitOutcome, str] = {
    VisitOutcome.ACTIVE: "Active",
    VisitOutcome.INACTIVE: "Not active",
    VisitOutcome.UNCLEAR: "Unclear",
    VisitOutcome.NOT_FOUND: "Not found",
    VisitOutcome.WRONG_PATIENT: "Another person",
    VisitOutcome.NO_ANSWER: "No answer",
}
"""Every outcome in the order in which the outputs list it."""

_MONEY = (
    "copay",
    "deductible",
    "deductible_remaining",
    "out_of_pocket",
    "out_of_pocket_remaining",
)


def answers(report: EligibilityReport) -> list[dict[str, Any]]:
    """One object a visit, in the order of the schedule's rows.

    Amounts are strings with two decimals, a coinsurance is the fraction as a string, dates are
    ISO, unknown is None; ``evidence`` are SHA-256 hashes. No patient is named in it.
    """
    return [_answer(result) for result in report.results]


def totals(report: EligibilityReport) -> dict[str, Any]:
    """Counts for programs."""
    outcomes = Counter(result.conclusion.outcome for result in report.results)
    return {
        "visits": len(report.results),
        "outcomes": {outcome.value: outcomes[outcome] for outcome in OUTCOMES},
        "exceptions": dict(by_kind(report)),
        "kept_answers": sum(1 for result in report.results if result.conclusion.kept),
        "refused_rows": [
            {"row": row.row, "sheet": row.sheet, "why": row.why} for row in report.refused_rows
        ],
        "payer_notes": [
            {"payer": note.payer, "kind": note.kind, "sentence": note.sentence}
            for note in report.payer_notes
        ],
    }


def by_kind(report: EligibilityReport) -> list[tuple[str, int]]:
    """How many visits have each kind of finding that asks for something, most pressing first."""
    counts = Counter(
        finding.kind
        for result in report.results
        for finding in result.conclusion.findings
        if is_exception(finding)
    )
    return sorted(counts.items(), key=lambda one: pressing(one[0]))


def is_exception(finding: VisitFinding) -> bool:
    """Whether a finding asks for something before the visit."""
    return finding.kind not in ("covered", "benefit-not-stated")


def eligibility_sheets(report: EligibilityReport) -> list[Sheet]:
    """The workbook's sheets: what needs doing, every visit, every benefit, what was not read."""
    return [
        _exceptions_sheet(report),
        _visits_sheet(report),
        _benefits_sheet(report),
        _others_sheet(report),
        _sessions_sheet(report),
        _refused_sheet(report),
    ]


def payer_name(report: EligibilityReport, result: VisitResult) -> str:
    """The payer as its profile names it, else as the schedule does."""
    return report.payer_names.get(result.visit.payer or "", result.visit.payer_name)


def initials(result: VisitResult) -> str:
    """The patient, as far as an output may say."""
    names = (result.visit.patient_first, result.visit.patient_last)
    firsts = [next((letter for letter in name if letter.isalpha()), "") for name in names]
    return "".join(f"{letter.upper()}." for letter in firsts if letter) or "\u2013"


def _answer(result: VisitResult) -> dict[str, Any]:
    visit, said = result.visit, result.conclusion
    coverage = said.coverage
    return {
        "row": visit.source.row,
        "sheet": visit.source.sheet,
        "payer": visit.payer,
        "date_of_service": visit.day.isoformat(),
        "service_type": visit.service_type,
        "outcome": said.outcome.value,
        "no_answer": said.no_answer.value if said.no_answer else None,
        "words": coverage.words if coverage else None,
        "plan": coverage.plan if coverage else None,
        "coverage_begins": _iso(coverage.begins if coverage else None),
        "coverage_ends": _iso(coverage.ends if coverage else None),
        "in_network": _concerning(coverage, visit.service_type, Network.IN),
        "out_of_network": _concerning(coverage, visit.service_type, Network.OUT),
        "benefits": [_benefit(benefit) for benefit in coverage.benefits] if coverage else [],
        "other_payers": [
            {"name": other.name, "member_id": other.member_id, "primary": other.primary}
            for other in coverage.other_payers
        ]
        if coverage
        else [],
        "findings": [
            {
                "kind": finding.kind,
                "why": finding.why,
                "next_action": finding.next_action,
                "due": finding.due.isoformat(),
                "needs_person": finding.needs_person,
            }
            for finding in said.findings
        ],
        "as_of": said.as_of.astimezone(UTC).isoformat() if said.as_of else None,
        "kept_answer": said.kept,
        "evidence": list(said.evidence),
    }


def _concerning(
    coverage: Coverage | None, service_type: str, network: Network
) -> dict[str, Any] | None:
    benefit = coverage.benefit(service_type, network) if coverage else None
    return None if benefit is None else _benefit(benefit)


def _benefit(benefit: Benefit) -> dict[str, Any]:
    share = benefit.coinsurance
    return {
        "words": benefit.words,
        "service_type": benefit.service_type,
        "network": benefit.network.value,
        "covered": benefit.covered,
        "coinsurance": None if share is None else f"{share.normalize():f}",
        "authorization_required": benefit.authorization_required,
        "referral_required": benefit.referral_required,
        **{name: dollars(getattr(benefit, name)) for name in _MONEY},
    }


def _iso(day: Any) -> str | None:
    return None if day is None else str(day.isoformat())


_WHO = (
    Column("Row", "count", 7),
    Column("Visit", "date", 12),
    Column("Payer", "prose", 24),
    Column("Patient", "text", 8),
)


def _who(report: EligibilityReport, result: VisitResult) -> tuple[Value, ...]:
    visit = result.visit
    return (visit.source.row, visit.day, payer_name(report, result), initials(result))


def _exceptions_sheet(report: EligibilityReport) -> Sheet:
    """What needs doing before the visits: the next visits first, the most pressing first."""
    columns = (
        *_WHO,
        Column("Outcome", "text", 15),
        Column("Finding", "prose", 24),
        Column("Why", "prose", 44),
        Column("Next action", "prose", 50),
        Column("A person?", "text", 10),
        Column("As of (UTC)", "instant", 18),
        Column("Evidence", "prose", 28),
    )
    pairs = [
        (result, finding)
        for result in report.results
        for finding in result.conclusion.findings
        if is_exception(finding)
    ]
    pairs.sort(key=lambda pair: (pair[0].visit.day, pressing(pair[1].kind), pair[0].item_id))
    rows = tuple(
        (
            *_who(report, result),
            OUTCOMES[result.conclusion.outcome],
            STEPS[finding.kind].title,
            finding.why,
            finding.next_action,
            "yes" if finding.needs_person else "no",
            _utc(result.conclusion.as_of),
            " ".join(sha256[:SHORT_HASH] for sha256 in result.conclusion.evidence),
        )
        for result, finding in pairs
    )
    return Sheet("Exceptions", "What to do before the visit, next visits first.", columns, rows)


def _visits_sheet(report: EligibilityReport) -> Sheet:
    """Every visit with the cover it falls under."""
    columns = (
        *_WHO,
        Column("Outcome", "text", 15),
        Column("Plan", "prose", 26),
        Column("From", "date", 12),
        Column("To", "date", 12),
        Column("Benefit for", "prose", 20),
        Column("Copay", "money", 11),
        Column("Coinsurance %", "number", 12),
        Column("Deductible", "money", 12),
        Column("Remaining", "money", 12),
        Column("Out of pocket", "money", 12),
        Column("Remaining", "money", 12),
        Column("Finding", "prose", 30),
        Column("As of (UTC)", "instant", 18),
        Column("Kept answer", "text", 11),
        Column("Attempts", "count", 9),
        Column("Seconds", "number", 9),
    )
    return Sheet(
        "Visits",
        "Every visit as the payer states its cover on that day.",
        columns,
        tuple(_visit_row(report, result) for result in report.results),
    )


def _visit_row(report: EligibilityReport, result: VisitResult) -> tuple[Value, ...]:
    visit, said = result.visit, result.conclusion
    cover = said.coverage
    share = _figure(result, "coinsurance")
    return (
        *_who(report, result),
        OUTCOMES[said.outcome],
        cover.plan if cover else None,
        cover.begins if cover else None,
        cover.ends if cover else None,
        spoken_service(visit.service_type),
        _figure(result, "copay"),
        None if share is None else share * 100,
        *(_figure(result, name) for name in _MONEY[1:]),
        "; ".join(STEPS[finding.kind].title for finding in said.findings),
        _utc(said.as_of),
        "yes" if said.kept else "",
        result.attempts,
        result.seconds,
    )


def _figure(result: VisitResult, name: str) -> Decimal | None:
    cover = result.conclusion.coverage
    value = figure(result.visit, cover, name)[0] if cover else None
    return value if isinstance(value, Decimal) else None


def _benefits_sheet(report: EligibilityReport) -> Sheet:
    """Every benefit that a payer stated, in its own words."""
    columns = (
        *_WHO,
        Column("Payer's words", "prose", 30),
        Column("Service type", "text", 11),
        Column("Network", "text", 10),
        Column("Covered", "text", 9),
        Column("Copay", "money", 11),
        Column("Coinsurance %", "number", 12),
        Column("Deductible", "money", 12),
        Column("Remaining", "money", 12),
        Column("Out of pocket", "money", 12),
        Column("Remaining", "money", 12),
        Column("Authorization", "text", 12),
        Column("Referral", "text", 10),
    )
    rows = tuple(
        (
            *_who(report, result),
            benefit.words,
            benefit.service_type,
            benefit.network.value,
            _yes(benefit.covered),
            benefit.copay,
            None if benefit.coinsurance is None else benefit.coinsurance * 100,
            *(getattr(benefit, name) for name in _MONEY[1:]),
            _yes(benefit.authorization_required),
            _yes(benefit.referral_required),
        )
        for result in report.results
        if result.conclusion.coverage is not None
        for benefit in result.conclusion.coverage.benefits
    )
    return Sheet("Benefits", "Every benefit in the payer's own words.", columns, rows)


def _others_sheet(report: EligibilityReport) -> Sheet:
    """Other insurers that a payer knows of."""
    columns = (
        *_WHO,
        Column("Other payer", "prose", 36),
        Column("Member ID there", "text", 18),
        Column("Primary", "text", 9),
    )
    rows = tuple(
        (*_who(report, result), other.name, other.member_id, _yes(other.primary))
        for result in report.results
        if result.conclusion.coverage is not None
        for other in result.conclusion.coverage.other_payers
    )
    return Sheet("Other payers", "Other insurance that the payers know of.", columns, rows)


def _sessions_sheet(report: EligibilityReport) -> Sheet:
    """What happened to whole sessions."""
    columns = (
        Column("Payer", "prose", 26),
        Column("What", "text", 18),
        Column("What happened", "prose", 80),
    )
    rows = tuple(
        (report.payer_names.get(note.payer, note.payer), note.kind.replace("_", " "), note.sentence)
        for note in report.payer_notes
    )
    return Sheet("Sessions", "What happened to whole sessions.", columns, rows)


def _refused_sheet(report: EligibilityReport) -> Sheet:
    """Rows of the schedule that could not be asked about."""
    columns = (
        Column("Row", "count", 8),
        Column("Sheet", "text", 20),
        Column("Why it was refused", "prose", 90),
    )
    rows = tuple((row.row, row.sheet, row.why) for row in report.refused_rows)
    return Sheet("Refused rows", "Rows of the schedule that are no visit.", columns, rows)


def _yes(said: bool | None) -> str:
    return {True: "yes", False: "no", None: ""}[said]


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
