"""A sweep's tables, as values: what each sheet of the workbook and each CSV holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from billing.findings import FINDINGS
from billing.model import Posting
from billing.report import ClaimResult, SweepReport
from console.figures import (
    by_kind,
    exceptions,
    is_money_found,
    is_unasked,
    posting_totals,
)
from console.words import (
    NONE_BEFORE,
    OUTCOMES,
    POSTINGS,
    due_words,
    initials,
    kind_words,
    obstacle,
    payer_name,
    posting_payer,
    why_a_person,
)

Value = str | int | Decimal | date | datetime | None
Form = Literal["text", "prose", "money", "number", "count", "date", "instant"]

SHORT_HASH = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, how its values are shown, and how wide (in characters)."""

    heading: str
    form: Form
    width: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table; ``total`` is a closing row, ``note`` says in a sentence what the table holds."""

    name: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: tuple[Value, ...] | None = None


def all_sheets(report: SweepReport, today: date) -> list[Sheet]:
    """The workbook's sheets in their order."""
    return [
        exceptions_sheet(report, today),
        kinds_sheet(report),
        claims_sheet(report),
        postings_sheet(report),
        payments_sheet(report),
        unasked_sheet(report),
        refused_sheet(report),
    ]


def exceptions_sheet(report: SweepReport, today: date) -> Sheet:
    """Every claim that needs a person or an action, first things first."""
    columns = (
        Column("Priority", "number", 11),
        Column("At stake", "money", 12),
        Column("Claim", "text", 15),
        Column("Payer", "prose", 24),
        Column("Patient", "text", 8),
        Column("Service date", "date", 12),
        Column("Billed", "money", 12),
        Column("Outcome", "text", 17),
        Column("Last time", "text", 29),
        Column("Changed", "text", 10),
        Column("Finding", "prose", 22),
        Column("Why", "prose", 42),
        Column("Next action", "prose", 42),
        Column("Due", "date", 12),
        Column("Deadline", "text", 21),
        Column("Due basis", "prose", 38),
        Column("Payer status (verbatim)", "prose", 24),
        Column("Category", "text", 10),
        Column("Reason codes", "prose", 15),
        Column("Why a person is needed", "prose", 24),
        Column("Attempts", "count", 9),
        Column("Checked (UTC)", "instant", 18),
        Column("Evidence", "prose", 28),
    )
    rows = tuple(
        (
            priority,
            result.conclusion.finding.dollars,
            result.claim.claim_id,
            payer_name(report, result.claim),
            initials(result.claim),
            result.claim.service_from,
            result.claim.billed,
            OUTCOMES[result.conclusion.outcome],
            _last_time(result),
            _changed(result),
            kind_words(result.conclusion.finding.kind),
            result.conclusion.finding.why,
            result.conclusion.finding.next_action,
            result.conclusion.finding.due,
            due_words(result.conclusion.finding.due, today)[1],
            result.conclusion.finding.due_basis,
            result.conclusion.status_words,
            result.conclusion.status_category,
            _codes(result),
            why_a_person(result),
            result.attempts,
            _instant(result),
            _evidence(result.conclusion.evidence),
        )
        for priority, result in exceptions(report, today)
    )
    note = "Every claim that needs a person or an action, by dollars at stake, deadline and age."
    return Sheet("Exceptions", note, columns, rows)


def kinds_sheet(report: SweepReport) -> Sheet:
    """The exceptions by kind, with count and dollars."""
    columns = (
        Column("Kind", "text", 32),
        Column("Claims", "count", 10),
        Column("At stake", "money", 15),
        Column("Billed", "money", 15),
        Column("What it means", "prose", 70),
    )
    kinds = by_kind(report)
    rows = tuple(
        (
            kind_words(kind),
            tally.claims,
            tally.at_stake,
            tally.billed,
            FINDINGS[kind].meaning if kind in FINDINGS else "",
        )
        for kind, tally in kinds
    )
    total = (
        "All",
        sum(tally.claims for _, tally in kinds),
        _sum(tally.at_stake for _, tally in kinds),
        _sum(tally.billed for _, tally in kinds),
        "",
    )
    return Sheet("By kind", "The exceptions by what was found.", columns, rows, total)


def claims_sheet(report: SweepReport) -> Sheet:
    """Every claim of the sweep with its outcome and figures, as the export orders them."""
    columns = (
        Column("Claim", "text", 15),
        Column("Payer", "prose", 24),
        Column("Patient", "text", 8),
        Column("Service date", "date", 12),
        Column("Billed", "money", 12),
        Column("Balance", "money", 12),
        Column("Outcome", "text", 17),
        Column("Last time", "text", 29),
        Column("Changed", "text", 10),
        Column("Payer status (verbatim)", "prose", 24),
        Column("Category", "text", 10),
        Column("Payer claim number", "text", 20),
        Column("Charge", "money", 12),
        Column("Paid", "money", 12),
        Column("Patient responsibility", "money", 14),
        Column("Payment date", "date", 12),
        Column("Trace number", "text", 20),
        Column("Money found", "money", 12),
        Column("Reason codes", "prose", 15),
        Column("Finding", "prose", 22),
        Column("Why", "prose", 42),
        Column("Next action", "prose", 42),
        Column("Due", "date", 12),
        Column("Attempts", "count", 9),
        Column("Seconds", "number", 9),
        Column("Checked (UTC)", "instant", 18),
        Column("Evidence", "prose", 28),
    )
    rows = tuple(_claim_row(report, result) for result in report.results)
    total: tuple[Value, ...] = (
        f"All {len(rows):,}",
        *[None] * 3,
        _sum(r.claim.billed for r in report.results),
        _sum(r.claim.balance for r in report.results),
        *[None] * 7,
        _sum(r.conclusion.paid for r in report.results),
        _sum(r.conclusion.patient_responsibility for r in report.results),
        *[None] * 2,
        _sum(r.conclusion.paid for r in report.results if is_money_found(r)),
        *[None] * 9,
    )
    note = "Every claim of the sweep; what a payer did not state is empty."
    return Sheet("All claims", note, columns, rows, total)


def postings_sheet(report: SweepReport) -> Sheet:
    """The postings this sweep proposes for the first time, by the parts of their key."""
    columns = (
        Column("Claim", "text", 15),
        Column("Payer", "prose", 24),
        Column("Trace number", "text", 20),
        Column("Payer claim number", "text", 20),
        Column("Line", "count", 7),
        Column("Kind", "text", 12),
        Column("Code", "text", 10),
        Column("Amount", "money", 13),
        Column("Where it stood", "prose", 34),
        Column("Page", "count", 7),
        Column("Evidence", "text", 16),
    )
    rows = tuple(_posting_row(report, posting) for posting in report.new_postings)
    note = "Proposed, not posted; line 0 is the claim itself."
    return Sheet("Postings", note, columns, rows)


def payments_sheet(report: SweepReport) -> Sheet:
    """Control totals of the proposed postings by payer and trace number."""
    columns = (
        Column("Payer", "prose", 26),
        Column("Trace number", "text", 22),
        Column("Claims", "count", 10),
        Column("Postings", "count", 10),
        Column("Payments", "money", 15),
        Column("Reversed", "money", 15),
        Column("Payments, net", "money", 15),
        Column("Adjustments, net", "money", 16),
    )
    totals = posting_totals(report)
    rows = tuple(
        (
            one.payer,
            one.trace_number,
            one.claims,
            one.postings,
            one.payments,
            one.reversed,
            one.net,
            one.adjustments,
        )
        for one in totals
    )
    total = (
        "All",
        None,
        sum(one.claims for one in totals),
        sum(one.postings for one in totals),
        _sum(one.payments for one in totals),
        _sum(one.reversed for one in totals),
        _sum(one.net for one in totals),
        _sum(one.adjustments for one in totals),
    )
    note = f"To hold against the deposits; {report.known_postings:,} proposed before, not repeated."
    return Sheet("Posting totals", note, columns, rows, total)


def unasked_sheet(report: SweepReport) -> Sheet:
    """Claims whose payer was not heard and why, then what happened to whole sessions."""
    columns = (
        Column("Payer", "prose", 26),
        Column("Claim", "text", 15),
        Column("Reason", "prose", 30),
        Column("What happened", "prose", 56),
        Column("What a person should do", "prose", 46),
        Column("Billed", "money", 12),
        Column("Due", "date", 12),
        Column("Attempts", "count", 9),
    )
    kept = sorted(
        filter(is_unasked, report.results),
        key=lambda r: (payer_name(report, r.claim), r.conclusion.finding.kind, r.item_id),
    )
    claims = tuple(
        (
            payer_name(report, result.claim),
            result.claim.claim_id,
            kind_words(result.conclusion.finding.kind),
            result.conclusion.detail or result.conclusion.finding.why,
            obstacle(result)[1],
            result.claim.billed,
            result.conclusion.finding.due,
            result.attempts,
        )
        for result in kept
    )
    notes = tuple(
        (
            report.payer_names.get(note.payer, note.payer),
            "(whole session)",
            note.kind.replace("_", " "),
            note.sentence,
            *[None] * 4,
        )
        for note in report.payer_notes
    )
    note = "Claims whose payer was not heard. Not on file is an answer and is not here."
    return Sheet("Not asked", note, columns, claims + notes)


def refused_sheet(report: SweepReport) -> Sheet:
    """Export rows that are no claim to work on."""
    columns = (
        Column("Row", "count", 8),
        Column("Sheet or file", "text", 30),
        Column("Why it was refused", "prose", 80),
    )
    rows = tuple((row.row, row.sheet, row.why) for row in report.refused_rows)
    return Sheet("Refused rows", "Export rows that are no claim to work on.", columns, rows)


def _claim_row(report: SweepReport, result: ClaimResult) -> tuple[Value, ...]:
    claim, said = result.claim, result.conclusion
    return (
        claim.claim_id,
        payer_name(report, claim),
        initials(claim),
        claim.service_from,
        claim.billed,
        claim.balance,
        OUTCOMES[said.outcome],
        _last_time(result),
        _changed(result),
        said.status_words,
        said.status_category,
        said.payer_claim_number,
        said.charge,
        said.paid,
        said.patient_responsibility,
        said.payment_date,
        said.trace_number,
        said.paid if is_money_found(result) else None,
        _codes(result),
        kind_words(said.finding.kind),
        said.finding.why,
        said.finding.next_action,
        said.finding.due,
        result.attempts,
        result.seconds,
        _instant(result),
        _evidence(said.evidence),
    )


def _posting_row(report: SweepReport, posting: Posting) -> tuple[Value, ...]:
    evidence = posting.evidence
    return (
        posting.claim_id,
        posting_payer(report, posting),
        posting.trace_number,
        posting.payer_claim_number,
        posting.line,
        POSTINGS[posting.kind],
        posting.code,
        posting.amount,
        evidence.where if evidence else None,
        evidence.page if evidence else None,
        evidence.sha256[:SHORT_HASH] if evidence else None,
    )


def _last_time(result: ClaimResult) -> str:
    earlier = result.earlier
    if earlier is None:
        return NONE_BEFORE
    return f"{OUTCOMES[earlier.conclusion.outcome]}, {earlier.business_date}"


def _changed(result: ClaimResult) -> str:
    return "" if result.changed is None else "yes" if result.changed else "no"


def _codes(result: ClaimResult) -> str:
    return " ".join(sorted(result.conclusion.reason_codes))


def _evidence(hashes: Iterable[str]) -> str:
    return " ".join(sha256[:SHORT_HASH] for sha256 in hashes)


def _instant(result: ClaimResult) -> datetime | None:
    return None if result.checked_at is None else result.checked_at.astimezone(UTC)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal("0.00"))
