"""The counts and dollars that every output of a sweep shows, worked out once from the results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from billing.actions import priority
from billing.model import ClaimResult, Outcome, PostingKind, Reason, SweepReport
from billing.money import ZERO
from console.words import NOT_ALLOWED, payer_name, posting_payer

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

UNANSWERED = (Outcome.SEVERAL_MATCHES, Outcome.WRONG_PATIENT, Outcome.NO_ANSWER)
"""Outcomes that leave the question about the claim open."""

NOTHING_TO_DO = ("already-posted", "pending-wait", "not-on-file-too-early")
"""Kinds of finding that only time works on."""

UNCERTAIN = ("overpaid", "corrected-claim", "portal-eob-conflict", "status-contradicts-money")
"""Kinds of finding whose payment is not plainly new money."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of claims and their dollars; ``paid`` is what the payer says it paid."""

    claims: int
    billed: Decimal
    paid: Decimal
    at_stake: Decimal


@dataclass(frozen=True, slots=True)
class Unasked:
    """Claims of one payer without an answer for one reason, and the distinct details of why."""

    payer: str
    reason: Reason | None
    tally: Tally
    first_due: date | None
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaymentFound:
    """Money of one payment that is still open in the export."""

    payer: str
    trace_number: str | None
    payment_date: date | None
    claims: int
    paid: Decimal


@dataclass(frozen=True, slots=True)
class PostingTotal:
    """Control totals of the proposed postings of one payment; ``net`` is what the payer paid."""

    payer: str
    trace_number: str
    postings: int
    claims: int
    payments: Decimal
    reversals: Decimal
    adjustments: Decimal

    @property
    def net(self) -> Decimal:
        """Payments and reversals together."""
        return self.payments + self.reversals


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds a claim took in the portal: median and 95th percentile (nearest rank)."""

    median: Decimal
    p95: Decimal


def tally(results: Iterable[ClaimResult]) -> Tally:
    """Count and dollars of ``results``."""
    kept = list(results)
    return Tally(
        claims=len(kept),
        billed=sum((r.claim.billed for r in kept), ZERO),
        paid=sum((r.conclusion.paid or ZERO for r in kept), ZERO),
        at_stake=sum((r.conclusion.finding.dollars for r in kept), ZERO),
    )


def by_outcome(report: SweepReport) -> dict[Outcome, Tally]:
    """Every outcome, also one that no claim has, with its claims."""
    grouped = group(report.results, lambda r: r.conclusion.outcome)
    return {outcome: tally(grouped.get(outcome, ())) for outcome in Outcome}


def by_kind(report: SweepReport) -> list[tuple[str, Tally]]:
    """Exceptions by the kind of their finding, most dollars first."""
    grouped = group(
        filter(is_exception, report.results), lambda r: r.conclusion.finding.kind
    )
    tallies = [(kind, tally(results)) for kind, results in grouped.items()]
    return sorted(tallies, key=lambda pair: (-pair[1].at_stake, -pair[1].claims, pair[0]))


def is_exception(result: ClaimResult) -> bool:
    """Whether the claim needs a person or an action; waiting and being done are neither."""
    finding = result.conclusion.finding
    return finding.needs_person or finding.kind not in NOTHING_TO_DO


def exceptions(report: SweepReport, today: date) -> list[tuple[Decimal, ClaimResult]]:
    """Every claim that needs a person or an action with its priority, first things first."""
    ranked = [(priority(r, today), r) for r in report.results if is_exception(r)]
    return sorted(ranked, key=lambda pair: (-pair[0], pair[1].claim.claim_id, pair[1].item_id))


def to_do_first(report: SweepReport, today: date) -> list[ClaimResult]:
    """The exceptions that are worked claim by claim, first things first.

    Claims without an answer are left out: one mend, or one worklist, serves many of them.
    """
    return [
        result
        for _, result in exceptions(report, today)
        if result.conclusion.outcome is not Outcome.NO_ANSWER
    ]


def is_money_found(result: ClaimResult) -> bool:
    """Whether the payer says it paid, and the export still shows the claim as open.

    Not where the sources disagree, or where a payment may be posted already.
    """
    paid, kind = result.conclusion.paid, result.conclusion.finding.kind
    return paid is not None and paid > 0 and result.claim.balance > 0 and kind not in UNCERTAIN


def money_found(report: SweepReport) -> list[PaymentFound]:
    """Money paid but still open in the export, by payment, most dollars first."""
    grouped = group(
        filter(is_money_found, report.results),
        lambda r: (
            payer_name(report, r.claim),
            r.conclusion.trace_number,
            r.conclusion.payment_date,
        ),
    )
    found = [PaymentFound(*key, len(rs), tally(rs).paid) for key, rs in grouped.items()]
    return sorted(
        found,
        key=lambda p: (-p.paid, p.payer, p.trace_number or "", p.payment_date or date.max),
    )


def unasked(report: SweepReport) -> list[Unasked]:
    """Claims without an answer by payer and reason, most dollars first.

    Not on file is an answer and is never among them.
    """
    grouped = group(
        (r for r in report.results if r.conclusion.outcome in UNANSWERED),
        lambda r: (payer_name(report, r.claim), reason_of(r)),
    )
    rows = [
        Unasked(
            payer=payer,
            reason=reason,
            tally=tally(rs),
            first_due=min((due for r in rs if (due := r.conclusion.finding.due)), default=None),
            details=tuple(sorted({r.conclusion.detail or "" for r in rs} - {""})),
        )
        for (payer, reason), rs in grouped.items()
    ]
    return sorted(rows, key=lambda u: (-u.tally.billed, u.payer, u.reason or ""))


def reason_of(result: ClaimResult) -> Reason | None:
    """Why the claim has no answer; several matches and another patient are reasons themselves."""
    match result.conclusion.outcome:
        case Outcome.SEVERAL_MATCHES:
            return Reason.SEVERAL_MATCHES
        case Outcome.WRONG_PATIENT:
            return Reason.WRONG_PATIENT
        case _:
            return result.conclusion.no_answer


def is_system_failure(row: Unasked) -> bool:
    """Whether a portal or an account stood in the way, rather than a rule or the claim itself."""
    return row.reason not in (*NOT_ALLOWED, Reason.SEVERAL_MATCHES, Reason.WRONG_PATIENT)


def posting_totals(report: SweepReport) -> list[PostingTotal]:
    """Control totals of the newly proposed postings, by payer and trace number."""
    grouped = group(report.new_postings, lambda p: (posting_payer(report, p), p.trace_number))
    totals = []
    for (payer, trace), postings in sorted(grouped.items()):
        dollars = {
            kind: sum((p.amount for p in postings if p.kind is kind), ZERO)
            for kind in PostingKind
        }
        totals.append(
            PostingTotal(
                payer=payer,
                trace_number=trace,
                postings=len(postings),
                claims=len({p.payer_claim_number for p in postings}),
                payments=dollars[PostingKind.PAYMENT],
                reversals=dollars[PostingKind.REVERSAL],
                adjustments=dollars[PostingKind.ADJUSTMENT],
            )
        )
    return totals


def pace(report: SweepReport) -> Pace | None:
    """How long a claim took in the portal; None when none was asked about."""
    taken = sorted(r.seconds for r in report.results if r.seconds is not None)
    if not taken:
        return None
    half, odd = divmod(len(taken), 2)
    median = taken[half] if odd else (taken[half - 1] + taken[half]) / 2
    return Pace(median=median, p95=taken[-(-len(taken) * 95 // 100) - 1])


def group(things: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    """``things`` by key, in the order in which the keys first came."""
    groups: defaultdict[K, list[V]] = defaultdict(list)
    for thing in things:
        groups[key(thing)].append(thing)
    return dict(groups)
