"""The workbook of a sweep: its exceptions, a sheet for each owner, all claims for a pivot table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from billing.report import ClaimResult, SweepReport
from console.claim_columns import Night, columns, owner, rows
from console.figures import exceptions, group
from console.sheets import (
    Sheet,
    families_sheet,
    kinds_sheet,
    outcomes_sheet,
    payments_sheet,
    postings_sheet,
    refused_sheet,
    unasked_sheet,
)

EXCEPTIONS = (
    "Priority",
    "At stake",
    "Expected",
    "Claim",
    "Payer",
    "Patient",
    "Service date",
    "Billed",
    "Finding",
    "Why",
    "Next action",
    "Due",
    "Deadline",
    "Due basis",
    "Also",
    "Owner",
    "Outcome",
    "Last time",
    "Changed",
    "Payer status (verbatim)",
    "Category",
    "Reason codes",
    "Denial family",
    "Confidence",
    "Why a person is needed",
    "Rule",
    "Days in queue",
    "Attempts",
    "Checked (UTC)",
    "Evidence",
)
LINKS = ("Page seen", "EOB")
TO_FILL_IN = ("Work status", "Note")
ALL_CLAIMS = (
    "Claim",
    "Owner",
    "Payer",
    "Patient",
    "Service date",
    "Last billed",
    "Days since service",
    "Billed",
    "Balance",
    "Outcome",
    "Last time",
    "Changed",
    "Payer status (verbatim)",
    "Category",
    "Payer claim number",
    "Charge",
    "Paid",
    "Patient responsibility",
    "Payment date",
    "Trace number",
    "Money found",
    "Reason codes",
    "Finding",
    "Needs a person",
    "Priority",
    "At stake",
    "Why",
    "Next action",
    "Also",
    "Due",
    "Rule",
    "Confidence",
    "Days in queue",
    "Attempts",
    "Seconds",
    "Checked (UTC)",
    "Evidence",
)

_DEADLINE = EXCEPTIONS.index("Deadline") + 1
_UP_TO_DEADLINE, _AFTER_IT = EXCEPTIONS[:_DEADLINE], EXCEPTIONS[_DEADLINE:]

MOST_OWNERS = 40
THE_OTHERS = "Other owners"
LONGEST_NAME = 31  # of a sheet, in Excel
_NOT_IN_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def all_sheets(
    report: SweepReport, today: date, evidence: Mapping[str, str] | None = None
) -> list[Sheet]:
    """The workbook's sheets in their order; ``evidence`` is hash → path seen from the workbook."""
    night = Night(report, today, evidence or {})
    sheets = [
        exceptions_sheet(report, today, evidence),
        kinds_sheet(report),
        families_sheet(report),
        outcomes_sheet(report),
        claims_sheet(night),
        postings_sheet(report),
        payments_sheet(report),
        unasked_sheet(report),
        refused_sheet(report),
    ]
    return [*sheets, *owner_sheets(night, {sheet.name for sheet in sheets})]


def exceptions_sheet(
    report: SweepReport, today: date, evidence: Mapping[str, str] | None = None
) -> Sheet:
    """Every claim that needs a person or an action, first things first."""
    night = Night(report, today, evidence or {})
    headings = EXCEPTIONS if evidence is None else (*EXCEPTIONS[:-1], *LINKS, EXCEPTIONS[-1])
    ranked = [result for _, result in exceptions(report, today)]
    note = "Every claim that needs a person or an action, by dollars at stake, deadline and age."
    return Sheet("Exceptions", note, columns(headings), rows(night, headings, ranked))


def claims_sheet(night: Night) -> Sheet:
    """Every claim of the sweep, a row each and no closing row: what a pivot table is made of."""
    table = rows(night, ALL_CLAIMS, night.report.results)
    note = "Every claim of the sweep, a row each; what a payer did not state is empty."
    return Sheet("All claims", note, columns(ALL_CLAIMS), table, range_name="claims")


def owner_sheets(night: Night, taken: Iterable[str]) -> list[Sheet]:
    """The exceptions of each owner, most dollars first; the smallest share a sheet if need be.

    The owner is the export's; a claim without one is its payer's desk's.
    """
    ranked = [result for _, result in exceptions(night.report, night.today)]
    owned = group(ranked, lambda result: owner(night.report, result.claim))
    order = sorted(owned, key=lambda name: (-_at_stake(owned[name]), name))
    shown = {name: owned[name] for name in order[:MOST_OWNERS]}
    rest = {id(result) for name in order[MOST_OWNERS:] for result in owned[name]}
    if rest:
        shown[THE_OTHERS] = [result for result in ranked if id(result) in rest]
    headings = (*_UP_TO_DEADLINE, *TO_FILL_IN, *_AFTER_IT[:-1], *LINKS, _AFTER_IT[-1])
    names = set(taken)
    sheets = []
    for name, results in shown.items():
        title = _sheet_name(name, names)
        names.add(title)
        note = f"The exceptions of {name}, first things first."
        sheets.append(Sheet(title, note, columns(headings), rows(night, headings, results)))
    return sheets


def _sheet_name(name: str, taken: Iterable[str]) -> str:
    """A name that Excel takes and no other sheet has."""
    plain = " ".join(name.translate(_NOT_IN_A_NAME).split()).strip("' ") or "Owner"
    used = {one.casefold() for one in taken} | {"history"}
    short, nth = plain[:LONGEST_NAME].strip("' "), 1
    while short.casefold() in used:
        nth += 1
        end = f" ({nth})"
        short = plain[: LONGEST_NAME - len(end)].strip("' ") + end
    return short


def _at_stake(results: Iterable[ClaimResult]) -> Decimal:
    return sum((result.conclusion.finding.dollars for result in results), Decimal(0))
