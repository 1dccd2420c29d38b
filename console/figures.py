"""The counts and dollars that every output of a sweep shows, worked out once from the results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from billing.disposition import UNANSWERED, is_exception, is_money_found, is_unasked
from billing.model import Outcome, Posting, PostingKind
from billing.money import ZERO
from billing.priority import priority
from billing.report import ClaimResult, SweepReport
from console.words import obstacle, payer_name, posting_payer

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of claims and their dollars; ``paid`` is what the payer says it paid."""

    claims: int
    billed: Decimal
    paid: Decimal
    at_stake: Decimal


@dataclass(frozen=True, slots=True)
class Open:
    """Claims of one payer that one kind of finding leaves open, and the distinct details of why."""

    payer: str
    kind: str
    family: str
    do: str
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
    """Control totals of the proposed postings of one payment; ``reversed`` is what goes back.

    ``adjustments`` are net of reversed ones.
    """

    payer: str
    trace_number: str
    postings: int
    claims: int
    payments: Decimal
    reversed: Decimal
    adjustments: Decimal

    @property
    def net(self) -> Decimal:
        """Payments less what was reversed (which is negative)."""
        return self.payments + self.reversed


@dataclass(frozen=True, slots=True)
class News:
    """What is new since each claim was last answered; ``turns`` are changes of outcome, most
    dollars first: (outcome before, outcome now, claims, dollars)."""

    first_time: int
    changed: int
    as_before: int
    turns: tuple[tuple[Outcome, Outcome, Tally], ...]


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
    grouped = group(filter(is_exception, report.results), lambda r: r.conclusion.finding.kind)
    tallies = [(kind, tally(results)) for kind, results in grouped.items()]
    return sorted(tallies, key=lambda pair: (-pair[1].at_stake, -pair[1].claims, pair[0]))


def exceptions(report: SweepReport, today: date) -> list[tuple[Decimal, ClaimResult]]:
    """Every claim that needs a person or an action with its priority, first things first."""
    ranked = [(priority(r, today), r) for r in report.results if is_exception(r)]
    return sorted(ranked, key=lambda pair: (-pair[0], pair[1].claim.claim_id, pair[1].item_id))


def to_do_first(report: SweepReport, today: date) -> list[ClaimResult]:
    """The exceptions that are worked claim by claim, first things first.

    Claims whose payer was not heard are left out: one mend, or one worklist, serves many of them.
    """
    return [result for _, result in exceptions(report, today) if not is_unasked(result)]


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


def still_open(report: SweepReport) -> list[Open]:
    """Claims without an answer by payer and kind of finding, most dollars first.

    Not on file is an answer and is never among them.
    """
    grouped = group(
        (r for r in report.results if r.conclusion.outcome in UNANSWERED),
        lambda r: (payer_name(report, r.claim), r.conclusion.finding.kind, *obstacle(r)),
    )
    rows = [
        Open(
            payer=payer,
            kind=kind,
            family=family,
            do=do,
            tally=tally(rs),
            first_due=min((due for r in rs if (due := r.conclusion.finding.due)), default=None),
            details=tuple(sorted({r.conclusion.detail or "" for r in rs} - {""})),
        )
        for (payer, kind, family, do), rs in grouped.items()
    ]
    return sorted(rows, key=lambda row: (-row.tally.billed, row.payer, row.kind))


def posting_totals(report: SweepReport) -> list[PostingTotal]:
    """Control totals of the newly proposed postings, by payer and trace number."""
    grouped = group(report.new_postings, lambda p: (posting_payer(report, p), p.trace_number))
    totals = []
    for (payer, trace), postings in sorted(grouped.items()):
        paid = [p for p in postings if not p.code]
        totals.append(
            PostingTotal(
                payer=payer,
                trace_number=trace,
                postings=len(postings),
                claims=len({p.payer_claim_number for p in postings}),
                payments=_amount(p for p in paid if p.kind is not PostingKind.REVERSAL),
                reversed=_amount(p for p in paid if p.kind is PostingKind.REVERSAL),
                adjustments=_amount(p for p in postings if p.code),
            )
        )
    return totals


def news(report: SweepReport) -> News:
    """What the sweep learned that an earlier one did not know; unanswered claims are no news."""
    answered = [r for r in report.results if r.conclusion.outcome is not Outcome.NO_ANSWER]
    turned = group(
        (r for r in answered if r.earlier and r.earlier.conclusion.outcome != r.conclusion.outcome),
        lambda r: (r.earlier.conclusion.outcome if r.earlier else None, r.conclusion.outcome),
    )
    turns = [(before, now, tally(rs)) for (before, now), rs in turned.items() if before]
    return News(
        first_time=sum(r.changed is None for r in answered),
        changed=sum(r.changed is True for r in answered),
        as_before=sum(r.changed is False for r in answered),
        turns=tuple(sorted(turns, key=lambda t: (-t[2].billed, t[0], t[1]))),
    )


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


def _amount(postings: Iterable[Posting]) -> Decimal:
    return sum((posting.amount for posting in postings), ZERO)
