"""A sweep's answers as plain values, one object a claim, for other programs."""

from __future__ import annotations

from typing import Any

from billing.model import Finding
from billing.money import dollars
from billing.report import ClaimResult, SweepReport


def answers(report: SweepReport) -> list[dict[str, Any]]:
    """One object a claim, in the order of the work items.

    ``why`` is a sentence. Amounts are strings with two decimals, dates ISO, unknown None;
    ``evidence`` are SHA-256 hashes; ``also`` is what else is true of the claim, whose dollars may
    be part of the main finding's. No patient is in it.
    """
    return [_answer(result) for result in report.results]


def _answer(result: ClaimResult) -> dict[str, Any]:
    claim, said = result.claim, result.conclusion
    due = said.finding.due
    return {
        "claim_id": claim.claim_id,
        "payer": claim.payer,
        "outcome": said.outcome.value,
        "status_category": said.status_category,
        "payer_claim_number": said.payer_claim_number,
        "service_from": None if said.service_from is None else said.service_from.isoformat(),
        "charge": dollars(said.charge),
        "paid": dollars(said.paid),
        "patient_responsibility": dollars(said.patient_responsibility),
        "payment_date": None if said.payment_date is None else said.payment_date.isoformat(),
        "trace_number": said.trace_number,
        "reason_codes": sorted(said.reason_codes),
        "finding": said.finding.kind,
        "why": said.detail or said.finding.why,
        "next_action": said.finding.next_action,
        "due": None if due is None else due.isoformat(),
        "rule": said.finding.rule,
        "not_asked": said.not_asked,
        "also": [_also(one) for one in said.others],
        "evidence": list(said.evidence),
    }


def _also(finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding.kind,
        "why": finding.why,
        "dollars": dollars(finding.dollars),
        "next_action": finding.next_action,
        "due": None if finding.due is None else finding.due.isoformat(),
        "rule": finding.rule,
    }
