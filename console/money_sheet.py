"""Findings of money as a worklist: the sheet, the rows of its CSV, and plain values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from billing.deposit_findings import MONEY_STEPS, MoneyFinding
from billing.money import dollars
from console.sheets import SHORT_HASH, Column, Sheet
from console.words import due_words


def money_sheet(findings: Sequence[MoneyFinding], today: date) -> Sheet:
    """A row a finding, in the columns of a claim's, what is most urgent first."""
    columns = (
        Column("Priority", "number", 11),
        Column("At stake", "money", 12),
        Column("Expected", "money", 12),
        Column("Payment", "text", 22),
        Column("Owner", "prose", 20),
        Column("Payer", "prose", 24),
        Column("Finding", "prose", 24),
        Column("Why", "prose", 42),
        Column("Next action", "prose", 42),
        Column("Due", "date", 12),
        Column("Deadline", "text", 21),
        Column("Due basis", "prose", 38),
        Column("Rule", "text", 26),
        Column("Evidence", "prose", 28),
    )
    rows = tuple(
        (
            one.priority(today),
            one.finding.dollars,
            one.expected,
            one.about,
            one.owner,
            one.payer,
            MONEY_STEPS[one.finding.kind].said.title,
            one.finding.why,
            one.finding.next_action,
            one.finding.due,
            due_words(one.finding.due, today)[1],
            one.finding.due_basis,
            one.finding.rule,
            " ".join(sha256[:SHORT_HASH] for sha256 in one.finding.observed),
        )
        for one in findings
    )
    return Sheet("To do", "what payments and deposits ask of people", columns, rows)


def money_json(findings: Sequence[MoneyFinding], today: date) -> list[dict[str, Any]]:
    """The same as plain values, with the names that a claim's finding has."""
    return [
        {
            "payment": one.about,
            "payer": one.payer or None,
            "owner": one.owner,
            "finding": one.finding.kind,
            "why": one.finding.why,
            "dollars": dollars(one.finding.dollars),
            "expected": dollars(one.expected),
            "priority": str(one.priority(today)),
            "next_action": one.finding.next_action,
            "due": None if one.finding.due is None else one.finding.due.isoformat(),
            "due_basis": one.finding.due_basis,
            "needs_person": one.finding.needs_person,
            "rule": one.finding.rule,
            "evidence": list(one.finding.observed),
        }
        for one in findings
    ]
