"""The plain words in which the outputs speak of outcomes, reasons, payers and patients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from billing.findings import FINDINGS
from billing.model import Claim, ClaimResult, Outcome, Posting, PostingKind, Reason, SweepReport

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

REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.UNAVAILABLE: (
        "Portal said it was unavailable",
        "Nothing to correct: run the sweep again, or call the payer if a due date is near.",
    ),
    Reason.UNREACHABLE: (
        "Portal could not be reached",
        "Open the portal by hand; if it works there, run the sweep again.",
    ),
    Reason.LOGIN_REFUSED: (
        "Login refused",
        "Check the password by hand before any new attempt, then clear the account.",
    ),
    Reason.UNKNOWN_PAGE: (
        "Page the profile does not know",
        "Look the claim up by hand; have the payer profile compared with the captured page.",
    ),
    Reason.NEEDS_PERSON: (
        "Portal asked for a person",
        "Sign in by hand, answer what the portal asks, then run the sweep again.",
    ),
    Reason.POLICY: (
        "No permission on record for a bot",
        "Look these up by hand from the worklist; a bot may enter once permission is recorded.",
    ),
    Reason.NO_PROFILE: (
        "No profile for this payer",
        "Look these up by hand; add a payer profile if they come often.",
    ),
    Reason.SEVERAL_MATCHES: (
        "Several claims match the search",
        "Choose the right claim by hand; none was assumed.",
    ),
    Reason.WRONG_PATIENT: (
        "The match is another patient",
        "Correct the identifiers in the billing system; nothing of the match was kept as a figure.",
    ),
}
"""Why there is no answer, and what a person should do about it."""

UNKNOWN_REASON = ("No reason recorded", "Look the claim up by hand.")

NOT_ALLOWED = (Reason.POLICY, Reason.NO_PROFILE)
"""Reasons for which no portal was opened at all."""

POSTINGS: Mapping[PostingKind, str] = {
    PostingKind.PAYMENT: "Payment",
    PostingKind.ADJUSTMENT: "Adjustment",
    PostingKind.REVERSAL: "Reversal",
}

SOON_DAYS = 7


def reason_words(reason: Reason | None) -> tuple[str, str]:
    """What stood in the way, and what to do."""
    return UNKNOWN_REASON if reason is None else REASONS[reason]


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
    conclusion = result.conclusion
    if not conclusion.finding.needs_person:
        return ""
    if conclusion.no_answer is not None:
        return reason_words(conclusion.no_answer)[0]
    return kind_words(conclusion.finding.kind)
