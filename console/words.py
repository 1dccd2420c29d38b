"""The plain words in which the outputs speak of outcomes, reasons, payers and patients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from billing.findings import FINDINGS
from billing.model import Claim, Outcome, Posting, PostingKind
from billing.report import ClaimResult, SweepReport

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.PAID: "Paid",
    Outcome.PARTLY_PAID: "Partly paid",
    Outcome.DENIED: "Denied",
    Outcome.PENDING: "Pending",
    Outcome.REJECTED: "Rejected",
    Outcome.NOT_FOUND: "Not on file",
    Outcome.SEVERAL_MATCHES: "Several matches",
    Outcome.WRONG_PATIENT: "Wrong patient",
    Outcome.NO_ANSWER: "No answer",
}
"""Every outcome in the order in which the outputs list it."""

NONE_BEFORE = "no answer before"
"""What stands for the last answer where no earlier sweep had one."""

FAMILIES: Mapping[str, str] = {
    "system": "A system failed",
    "closed": "No portal was opened",
    "several": "Which claim is it?",
    "stranger": "Quarantined",
    "unsettled": "Answered, not settled",
}
"""Why a question is still open, in the order of the outputs; no two are ever merged."""

OBSTACLES: Mapping[str, tuple[str, str]] = {
    "payer-unavailable": (
        "system",
        "Nothing to correct: the next sweep asks again. Call the payer if a due date is near.",
    ),
    "unreachable": (
        "system",
        "Open the portal by hand; if it works there, run the sweep again.",
    ),
    "login-refused": (
        "system",
        "Check the password by hand before any new attempt, then clear the account.",
    ),
    "unknown-page": (
        "system",
        "Look at the captured page and mend the profile; until then look the claims up by hand.",
    ),
    "canary-failed": (
        "system",
        "Compare the portal with its profile; sweep again once claimsweep canary is green.",
    ),
    "needs-person": (
        "system",
        "Sign in by hand and do what the portal asks, then run the sweep again.",
    ),
    "policy": (
        "closed",
        "Look these up by hand from the worklist; a bot may enter once permission is recorded.",
    ),
    "no-profile": (
        "closed",
        "Look these up by hand; add a payer profile if they come often.",
    ),
    "several-matches": (
        "several",
        "Say on the portal which claim is yours; none was assumed.",
    ),
    "wrong-patient": (
        "stranger",
        "Compare the identifiers with the patient's card; no figure of the match was taken.",
    ),
    "portal-eob-conflict": (
        "unsettled",
        "Compare portal and EOB at the marked places; neither was believed.",
    ),
    "status-contradicts-money": ("unsettled", "Ask the payer what it decided."),
    "adjudication-unclear": ("unsettled", "Get the EOB and read it; nothing was guessed."),
    "unknown-status-phrase": (
        "unsettled",
        "Read the status on the portal and add its words to the payer's profile.",
    ),
}
"""Every kind of finding that leaves a claim open: its family, and what a person should do."""

UNEXPLAINED = ("unsettled", "Look the claim up by hand.")

UNASKED = ("system", "closed")
"""Families of claims whose payer was not heard: one mend, or one worklist, serves many."""

POSTINGS: Mapping[PostingKind, str] = {
    PostingKind.PAYMENT: "Payment",
    PostingKind.ADJUSTMENT: "Adjustment",
    PostingKind.REVERSAL: "Reversal",
    PostingKind.PROVIDER: "Provider-level",
}

SOON_DAYS = 7


def obstacle(result: ClaimResult) -> tuple[str, str]:
    """The family of what left a claim open, and what to do about it."""
    return OBSTACLES.get(result.conclusion.finding.kind, UNEXPLAINED)


def payer_name(report: SweepReport, claim: Claim) -> str:
    """The payer as its profile names it, else as the export does."""
    return report.payer_names.get(claim.payer or "", claim.payer_name)


def posting_payer(report: SweepReport, posting: Posting) -> str:
    """The name of the payer that a posting belongs to."""
    return report.payer_names.get(posting.payer, posting.payer)


def initials(claim: Claim) -> str:
    """The patient, as far as any output may say: ``J.D.``; a dash when no name is known."""
    firsts = [
        next((letter for letter in part if letter.isalpha()), "")
        for part in (claim.patient_first, claim.patient_last)
    ]
    return "".join(f"{letter.upper()}." for letter in firsts if letter) or "\u2013"


def kind_words(kind: str) -> str:
    """A finding's title; a kind that the catalogue no longer holds stands for itself."""
    return FINDINGS[kind].title if kind in FINDINGS else kind


def no_families(report: SweepReport) -> str:
    """Why no denial family is shown."""
    if report.families is None:
        return "not known yet: no earlier week to compare with"
    return "none: no payer, reason and procedure rises this week"


def due_words(due: date | None, today: date) -> tuple[str, str]:
    """How near a deadline is: a mark ("late", "soon", "") and words that need no colour."""
    if due is None:
        return "", "no date known"
    days = (due - today).days
    if days < 0:
        return "late", f"overdue by {counted(-days, 'day')}"
    if days == 0:
        return "late", "due today"
    return ("soon" if days <= SOON_DAYS else ""), f"in {counted(days, 'day')}"


def counted(number: int, noun: str) -> str:
    """``1 claim``, ``1,204 claims``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def why_a_person(result: ClaimResult) -> str:
    """Why a program may not go on with this claim alone; empty when none is needed."""
    finding = result.conclusion.finding
    if not finding.needs_person:
        return ""
    if finding.kind in FINDINGS and not FINDINGS[finding.kind].needs_person:
        return "A rule or a code is not known"
    return kind_words(finding.kind)
