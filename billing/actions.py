"""The next action of each finding, with its due date, what that was counted from, and the rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from billing.findings import FINDINGS
from billing.model import Claim
from billing.payer_rules import PayerRules, Rule
from billing.steps import STEPS, Clock, Cycle

NEAR_DAYS = 15
"""A filing limit this close is near: a common filing alarm of practice management systems."""

SETTLING_DAYS = 7
"""A claim sent less than this many days ago may not be on the payer's file yet."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A number of days that the trade uses where a payer states none, and where that stands."""

    days: int
    source: str


# published follow-up scripts: vbcareer.com, AR caller scenarios; scribd.com 753500349, AR follow-up
PENDING_USUAL = Usual(30, "common follow-up practice")
MONEY_USUAL = Usual(15, "common follow-up practice")
REFUND_USUAL = Usual(60, "42 CFR 401.305 for Medicare, our assumption for other payers")

TOO_LATE = "Ask whether a late appeal is taken; if it is not, propose the write-off."
"""What comes before the action for a denial once its appeal limit has passed."""


@dataclass(frozen=True, slots=True)
class Due:
    """A due date and its basis in words; ``sure`` is False when a rule or a date is missing."""

    on: date | None
    basis: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class NextStep:
    """What a finding asks for, in the words of :class:`billing.model.Finding`."""

    next_action: str
    due: date | None
    due_basis: str
    needs_person: bool


def next_step(
    kind: str,
    claim: Claim,
    rules: PayerRules,
    *,
    today: date,
    notice: date | None = None,
    cycle: Cycle | None = None,
) -> NextStep:
    """What to do about a finding of ``kind``, by when, and why then.

    ``notice`` is the date of the remittance that told of the decision. A deadline whose rule is
    not in the payer's profile has no date and is a person's. ``cycle`` is what the ledger has
    learned of the payer.
    """
    step = STEPS[kind]
    due = _CLOCKS[step.clock](claim, rules, today, notice)
    if step.clock is Clock.RECHECK and cycle is not None:
        due = _by_cycle(due, cycle, _escalation(claim, rules, today, notice), today)
    needs_person = FINDINGS[kind].needs_person or not due.sure
    late = "denied" in kind and step.clock is Clock.APPEAL and (due.on or today) < today
    action = f"{TOO_LATE} If it is: {step.action}" if late else step.action
    return NextStep(action, due.on, due.basis, needs_person)


def sent_on(claim: Claim) -> tuple[date, str]:
    """When the payer was last sent the claim, and which of the export's dates says so.

    Without a submission date it is the last day of service: it cannot have been sent earlier.
    """
    dates = (claim.submitted, "submission"), (claim.last_billed, "last billing")
    known = [(day, name) for day, name in dates if day is not None]
    return max(known) if known else (claim.service_to, "service (no submission date is known)")


def filing_limit(claim: Claim, rules: PayerRules) -> date | None:
    """The last day to file, counted from the first day of service; None if no rule is known."""
    rule = rules.timely_filing
    return None if rule is None else _after(claim.service_from, rule.days)


def appeal_limit(rules: PayerRules, notice: date | None) -> date | None:
    """The last day to appeal, counted from the payer's notice; None if either is unknown."""
    if rules.appeal is None or notice is None:
        return None
    return _after(notice, rules.appeal.days)


def escalates_on(claim: Claim, rules: PayerRules) -> date:
    """The day from which a pending claim has taken too long."""
    rule: Rule | Usual = rules.pending_escalation or PENDING_USUAL
    return _after(sent_on(claim)[0], rule.days)


def _after(day: date, days: int) -> date:
    """``day`` plus ``days``; the last date there is when that lies beyond the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max


def _told(rule: Rule | Usual) -> str:
    read = f", read {rule.read_on.isoformat()}" if isinstance(rule, Rule) else ""
    return f"{rule.days} days, {rule.source}{read}"


def _no_deadline(_claim: Claim, _rules: PayerRules, _today: date, _notice: date | None) -> Due:
    return Due(None, "no deadline of the payer applies")


def _next_sweep(_claim: Claim, _rules: PayerRules, today: date, _notice: date | None) -> Due:
    return Due(_after(today, 1), "the day after this sweep")


def _recheck(claim: Claim, rules: PayerRules, today: date, notice: date | None) -> Due:
    """The payer's own cycle, but never later than the day on which waiting ends."""
    end = _escalation(claim, rules, today, notice)
    if rules.recheck is None:
        return Due(end.on, f"no recheck rule is known; {end.basis}")
    again = _after(today, rules.recheck.days)
    if end.on is not None and today <= end.on < again:
        return end
    return Due(again, f"recheck after this sweep: {_told(rules.recheck)}")


def _by_cycle(due: Due, cycle: Cycle, end: Due, today: date) -> Due:
    """When nine of ten claims still are as this one; never after the day on which waiting ends."""
    if cycle.days is None:
        few = f"its own cycle is not known: {cycle.seen} of {cycle.least} claims seen to change"
        return Due(due.on, f"{due.basis}; {few}", sure=due.sure)
    again = max(_after(today, 1), _after(cycle.since, cycle.days))
    if end.on is not None and today <= end.on < again:
        return end
    return Due(
        again,
        f"first seen so on {cycle.since.isoformat()}: nine of ten of this payer's claims stay so "
        f"for {cycle.days} days, by {cycle.seen} that were seen to change",
    )


def _escalation(claim: Claim, rules: PayerRules, today: date, _notice: date | None) -> Due:
    sent, which = sent_on(claim)
    rule: Rule | Usual = rules.pending_escalation or PENDING_USUAL
    return Due(
        escalates_on(claim, rules),
        f"counted from the date of {which} {sent.isoformat()}: {_told(rule)}",
    )


def _money_arrival(_claim: Claim, _rules: PayerRules, _today: date, notice: date | None) -> Due:
    if notice is None:
        return Due(None, "the payer states no payment date to count from", sure=False)
    basis = f"the money should be there by then: payment date {notice.isoformat()}"
    return Due(_after(notice, MONEY_USUAL.days), f"{basis}, {_told(MONEY_USUAL)}")


def _filing(claim: Claim, rules: PayerRules, today: date, _notice: date | None) -> Due:
    limit = filing_limit(claim, rules)
    if rules.timely_filing is None or limit is None:
        return Due(None, "the payer's filing limit is not known; find it out first", sure=False)
    passed = "passed; " if limit < today else ""
    basis = f"filing limit {passed}from the service date {claim.service_from.isoformat()}"
    return Due(limit, f"{basis}: {_told(rules.timely_filing)}")


def _appeal(_claim: Claim, rules: PayerRules, today: date, notice: date | None) -> Due:
    if rules.appeal is None:
        return Due(None, "the payer's appeal limit is not known; find it out first", sure=False)
    if notice is None:
        return Due(None, "the date of the payer's notice is not known", sure=False)
    limit = _after(notice, rules.appeal.days)
    passed = "passed; " if limit < today else ""
    basis = f"appeal limit {passed}from the notice of {notice.isoformat()}"
    return Due(limit, f"{basis}: {_told(rules.appeal)}")


def _filing_or_appeal(claim: Claim, rules: PayerRules, today: date, notice: date | None) -> Due:
    """The earlier of both limits that is still to come: nobody promised that the later one holds.

    A missing one leaves the other standing, and a person to find it out.
    """
    both = [_filing(claim, rules, today, notice), _appeal(claim, rules, today, notice)]
    sure = all(due.sure for due in both)
    known = [(due.on, due.basis) for due in both if due.on is not None]
    if not known:
        return Due(None, "; ".join(due.basis for due in both), sure=False)
    ahead = [(on, basis) for on, basis in known if on >= today]
    on, basis = min(ahead) if ahead else max(known)
    return Due(on, "; ".join([basis, *(due.basis for due in both if not due.sure)]), sure=sure)


def _payers_letter(_claim: Claim, _rules: PayerRules, _today: date, _notice: date | None) -> Due:
    return Due(None, "the payer's request names its date; the portal did not", sure=False)


def _other_payer(_claim: Claim, _rules: PayerRules, _today: date, _notice: date | None) -> Due:
    return Due(None, "the other payer's filing limit is not known; find it out first", sure=False)


def _refund(_claim: Claim, _rules: PayerRules, _today: date, notice: date | None) -> Due:
    """Counted from the payment, the earliest day on which the money can have been too much."""
    if notice is None:
        return Due(None, "the payer states no payment date to count from", sure=False)
    basis = f"counted from the payment of {notice.isoformat()}"
    return Due(_after(notice, REFUND_USUAL.days), f"{basis}: {_told(REFUND_USUAL)}")


_CLOCKS: Mapping[Clock, Callable[[Claim, PayerRules, date, date | None], Due]] = {
    Clock.NO_DEADLINE: _no_deadline,
    Clock.NEXT_SWEEP: _next_sweep,
    Clock.RECHECK: _recheck,
    Clock.ESCALATION: _escalation,
    Clock.MONEY_ARRIVAL: _money_arrival,
    Clock.FILING: _filing,
    Clock.APPEAL: _appeal,
    Clock.FILING_OR_APPEAL: _filing_or_appeal,
    Clock.PAYERS_LETTER: _payers_letter,
    Clock.OTHER_PAYER: _other_payer,
    Clock.REFUND: _refund,
}
