"""A sweep's tables, as values: what each sheet of the workbook and each CSV holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from typing import Literal

from billing.codes.reasons import explain
from billing.disposition import is_money_found, is_unasked
from billing.findings import FINDINGS
from billing.model import Posting
from billing.report import ClaimResult, SweepReport
from console.figures import by_kind, group, posting_totals
from console.words import (
    OUTCOMES,
    POSTINGS,
    kind_words,
    no_families,
    obstacle,
    payer_name,
    posting_payer,
)

SHORT_HASH = 12
MOST_LINES = 8
"""Lines of text that a row shows at most."""


@dataclass(frozen=True, slots=True)
class Link:
    """Text that opens a file beside the workbook; ``target`` is its path from there."""

    text: str
    target: str


Value = str | int | Decimal | date | datetime | Link | None
Form = Literal["text", "prose", "money", "number", "count", "date", "instant", "link", "choice"]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, how its values are shown, and how wide (in characters).

    ``choices`` is what a person may pick for a cell that is theirs to fill in.
    """

    heading: str
    form: Form
    width: int
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table; ``total`` is a closing row, ``note`` says in a sentence what the table holds.

    ``range_name`` is what formulas and pivot tables may call the table, headings and all;
    ``empty`` stands in place of rows where there are none.
    """

    name: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: tuple[Value, ...] | None = None
    range_name: str | None = None
    empty: str = "none"


def lines_of(columns: Sequence[Column], values: Sequence[Value]) -> int:
    """How many lines the tallest wrapped cell of a row takes."""
    most = 1
    for column, value in zip(columns, values, strict=True):
        if column.form == "prose" and isinstance(value, str):
            most = max(most, ceil(len(value) / column.width))
    return min(most, MOST_LINES)


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


def families_sheet(report: SweepReport) -> Sheet:
    """The denials that rise this week, a family a row."""
    columns = (
        Column("Payer", "prose", 24),
        Column("Reason code", "text", 12),
        Column("What it means", "prose", 40),
        Column("Procedure", "text", 11),
        Column("Claims this week", "count", 10),
        Column("Decided this week", "count", 10),
        Column("Claims before", "count", 10),
        Column("Decided before", "count", 10),
        Column("At stake", "money", 12),
        Column("Since", "date", 12),
        Column("First seen", "date", 12),
        Column("Claims", "prose", 50),
    )
    rows = tuple(
        (
            report.payer_names.get(family.payer, family.payer),
            family.reason,
            explain(family.reason),
            family.procedure,
            len(family.claims),
            family.decided,
            family.before,
            family.decided_before,
            family.dollars,
            family.since,
            family.first_seen,
            " ".join(family.claims),
        )
        for family in report.families or ()
    )
    note = "Denials of one payer, reason and procedure that rise this week above the eight before."
    return Sheet("Denial families", note, columns, rows, empty=no_families(report))


def outcomes_sheet(report: SweepReport) -> Sheet:
    """Every outcome with its claims and dollars: the control totals of the sheet of all claims."""
    columns = (
        Column("Outcome", "text", 22),
        Column("Claims", "count", 10),
        Column("Billed", "money", 15),
        Column("Balance", "money", 15),
        Column("Paid", "money", 15),
        Column("Patient responsibility", "money", 17),
        Column("Money found", "money", 15),
    )
    grouped = group(report.results, lambda result: result.conclusion.outcome)
    rows = tuple((words, *_totals(grouped.get(outcome, ()))) for outcome, words in OUTCOMES.items())
    note = "Every claim of the sweep by outcome; the last row is what all claims come to."
    return Sheet("By outcome", note, columns, rows, ("All", *_totals(report.results)))


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
    note = f"To hold against the deposits; {report.known_postings:,} proposed before, not repeated"
    held = len(report.held_postings)
    note += (
        f"; {held:,} claims held: 'claimsweep postings show {report.sweep_id}'." if held else "."
    )
    return Sheet("Posting totals", f"{note}.", columns, rows, total)


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


def _totals(results: Iterable[ClaimResult]) -> tuple[Value, ...]:
    kept = tuple(results)
    return (
        len(kept),
        _sum(r.claim.billed for r in kept),
        _sum(r.claim.balance for r in kept),
        _sum(r.conclusion.paid for r in kept),
        _sum(r.conclusion.patient_responsibility for r in kept),
        _sum(r.conclusion.paid for r in kept if is_money_found(r)),
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


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal("0.00"))
