"""What a claim's result means for the work: money found, an exception, a payer not heard."""

from __future__ import annotations

from billing.model import Outcome
from billing.money import ZERO
from billing.report import ClaimResult

DECIDED = (Outcome.PAID, Outcome.PARTLY_PAID, Outcome.DENIED)
"""Outcomes of a claim that its payer has adjudicated."""

UNANSWERED = (Outcome.SEVERAL_MATCHES, Outcome.WRONG_PATIENT, Outcome.NO_ANSWER)
"""Outcomes that leave the question about the claim open."""

UNHEARD = (
    "payer-unavailable",
    "unreachable",
    "login-refused",
    "unknown-page",
    "canary-failed",
    "needs-person",
    "policy",
    "no-profile",
)
"""Kinds of finding where a system failed or no portal was opened: the payer was not heard."""

NOTHING_TO_DO = ("already-posted", "pending-wait", "not-on-file-too-early")
"""Kinds of finding that only time works on."""

POSTED_BEFORE = ("overpaid", "corrected-claim", "credit-balance", "duplicate-payment")
"""Kinds of finding whose payment is not plainly new money."""

WITHOUT_EOB = ("eob-missing", "eob-unbalanced")
"""Kinds of finding whose figures only the portal states."""


def kinds(result: ClaimResult) -> set[str]:
    """Every kind of finding that is true of the claim."""
    said = result.conclusion
    return {one.kind for one in (said.finding, *said.others)}


def is_exception(result: ClaimResult) -> bool:
    """Whether the claim needs a person or an action; waiting and being done are neither."""
    finding = result.conclusion.finding
    return finding.needs_person or finding.kind not in NOTHING_TO_DO


def is_money_found(result: ClaimResult) -> bool:
    """Whether the payer says it paid, and the export still shows the claim as open.

    Not where the sources disagree, or where an earlier payment may be posted already.
    """
    said = result.conclusion
    return (
        said.outcome in (Outcome.PAID, Outcome.PARTLY_PAID)
        and (said.paid or ZERO) > 0
        and result.claim.balance > 0
        and kinds(result).isdisjoint(POSTED_BEFORE)
    )


def is_unproven(result: ClaimResult) -> bool:
    """Whether money was found on the portal only, without an EOB that adds up."""
    return is_money_found(result) and not kinds(result).isdisjoint(WITHOUT_EOB)


def is_unasked(result: ClaimResult) -> bool:
    """Whether the payer was not heard about the claim: a system failed or no portal was opened."""
    said = result.conclusion
    return said.outcome is Outcome.NO_ANSWER and said.finding.kind in UNHEARD
