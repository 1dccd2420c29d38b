"""A period's performance figures, worked out from its sweeps: unknown is unknown, never zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from billing.codes.reasons import Denial, Effect, effect, meaning
from billing.disposition import DECIDED, is_exception, is_money_found, is_unasked
from billing.kpi_definitions import AT_RISK_DAYS, CHARGE_DAYS
from billing.model import Claim, Conclusion, Outcome
from billing.money import CENT, ZERO
from billing.operations import Costs, Logins, operations
from billing.report import ClaimResult, SweepReport
from billing.steps import STEPS, Clock

DEADLINES = (Clock.FILING, Clock.APPEAL, Clock.FILING_OR_APPEAL, Clock.PAYERS_LETTER)
"""Clocks at whose end money is lost, and not only looked for again."""

NOT_ASKED_AGAIN = "not asked again"
NOT_TAKEN = "left out of the sweep"
REFUSED = "row refused"
PARTLY = "partly-denied"
TENTH = Decimal("0.1")
HUNDRED = Decimal(100)

BUCKETS = ("0-30", "31-60", "61-90", "91-120", "over 120")
"""Days, in the usual five steps of an aging report."""


class AgedBy(StrEnum):
    """The day that an aging counts from."""

    SERVICE = "date of service"
    LAST_BILLED = "last billing"


@dataclass(frozen=True, slots=True)
class Period:
    """The sweeps of some days, oldest first; ``rows_in`` is the rows of each one's exports.

    ``logins`` are those of the days by payer, ``costs`` what the operator says that checks cost.
    """

    first: date
    last: date
    sweeps: tuple[SweepReport, ...]
    rows_in: Mapping[str, int]
    logins: Mapping[str, Logins] = field(default_factory=dict)
    costs: Costs = field(default_factory=Costs)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, and in ``basis`` what it was made of, or why it is unknown."""

    value: Decimal | None
    basis: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some claims and their dollars."""

    claims: int
    dollars: Decimal


@dataclass(frozen=True, slots=True)
class Aging:
    """One payer's open claims by age in days; ``undated`` lack the day that is counted from."""

    payer: str
    buckets: tuple[Part, ...]
    undated: Part

    @property
    def total(self) -> Part:
        """All of them."""
        return _sum((*self.buckets, self.undated))


@dataclass(frozen=True, slots=True)
class Night:
    """One day's sweeps: checks that were due and that a payer answered, new things, money.

    ``found`` is what payers say they paid on claims that were not known to be paid before.
    """

    day: date
    due: int
    checked: int
    new: int
    found: Decimal


def figures(period: Period) -> dict[str, Figure]:
    """Every figure of :data:`billing.kpi_definitions.DEFINITIONS`, by its key."""
    checks = [result for sweep in period.sweeps for result in sweep.results]
    heard = [result for result in checks if _why_skipped(result) is None]
    now = standing(period)
    last = {_claim_key(result.claim): result for result in checks}
    ours = operations(period.sweeps, period.logins, period.costs)
    return {
        "coverage": _share(len(heard), sum(_due(period, s) for s in period.sweeps), "checks due"),
        "touchless": _share(
            sum(not result.conclusion.finding.needs_person for result in heard),
            len(heard),
            "checks answered",
        ),
        "unchanged": _share(sum(r.changed is False for r in heard), len(heard), "checks answered"),
        "yield": _share(sum(map(_is_new, heard)), len(heard), "checks answered"),
        "money_found": _dollars(
            [r.conclusion.paid or ZERO for r in last.values() if is_money_found(r)], heard
        ),
        **_deadlines(now, period.last),
        **_denial_rates(new_decisions(period)),
        **_receivables(now, list(last.values()), period.last),
        "net_collection": _net_collection(period),
        **{key: Figure(*told) for key, told in ours.items()},
    }


def standing(period: Period) -> list[ClaimResult]:
    """How the work stood at the period's end: of each payer, the claims of its last day swept.

    A claim that several sweeps of that day held counts as the last of them has it.
    """
    last_day: dict[str, date] = {}
    for sweep, result in _checks(period):
        last_day[_payer_key(result.claim)] = sweep.business_date
    held: dict[tuple[object, ...], ClaimResult] = {}
    for sweep, result in _checks(period):
        if sweep.business_date == last_day[_payer_key(result.claim)]:
            held[_claim_key(result.claim)] = result
    return list(held.values())


def new_decisions(period: Period) -> list[ClaimResult]:
    """Claims whose payer's decision was first seen in the period, as it was seen then."""
    first: dict[tuple[object, ...], ClaimResult] = {}
    known_before = set()
    for _, result in _checks(period):
        key = _claim_key(result.claim)
        if result.earlier is not None and result.earlier.conclusion.outcome in DECIDED:
            known_before.add(key)
        if result.conclusion.outcome in DECIDED and key not in known_before:
            first.setdefault(key, result)
    return list(first.values())


def aging(
    results: Iterable[ClaimResult],
    *,
    payer_names: Mapping[str, str],
    as_of: date,
    by: AgedBy = AgedBy.SERVICE,
) -> tuple[Aging, ...]:
    """Open balances by payer and age, most dollars first; credit balances are not netted."""
    kept: defaultdict[str, list[ClaimResult]] = defaultdict(list)
    for result in results:
        if result.claim.balance > 0:
            kept[payer_names.get(result.claim.payer or "", result.claim.payer_name)].append(result)
    rows = [_aged(payer, mine, as_of, by) for payer, mine in kept.items()]
    return tuple(sorted(rows, key=lambda row: (-row.total.dollars, row.payer)))


def denial_mix(results: Iterable[ClaimResult]) -> dict[str, Part]:
    """Denied claims by the class of their denial, most dollars first: a claim in one class.

    A claim that was denied in part only is in a class of its own, with the dollars at stake.
    """
    classes: defaultdict[str, list[Decimal]] = defaultdict(list)
    for result in results:
        said = result.conclusion
        partly = [one.dollars for one in (said.finding, *said.others) if one.kind == PARTLY]
        if said.outcome is Outcome.DENIED:
            classes[_denial_class(said)].append(result.claim.billed)
        elif said.outcome is Outcome.PARTLY_PAID and partly:
            classes[PARTLY].append(partly[0])
    mix = {name: Part(len(taken), sum(taken, ZERO)) for name, taken in classes.items()}
    return dict(sorted(mix.items(), key=lambda pair: (-pair[1].dollars, pair[0])))


def skipped(period: Period) -> dict[str, int]:
    """Checks that were due and that no payer answered, by why not, most first.

    The reasons are kinds of finding, :data:`NOT_ASKED_AGAIN`, :data:`NOT_TAKEN` and
    :data:`REFUSED`.
    """
    why = Counter(
        reason for _, result in _checks(period) if (reason := _why_skipped(result)) is not None
    )
    for sweep in period.sweeps:
        why[NOT_TAKEN] += _left_out(period, sweep)
        why[REFUSED] += sum(row.meant for row in sweep.refused_rows)
    return dict(sorted((+why).items(), key=lambda pair: (-pair[1], pair[0])))


def nights(period: Period) -> tuple[Night, ...]:
    """What each day's sweeps came to, in order of days; days without a sweep are left out."""
    days: defaultdict[date, list[SweepReport]] = defaultdict(list)
    for sweep in period.sweeps:
        days[sweep.business_date].append(sweep)
    told = []
    for day, sweeps in sorted(days.items()):
        heard = [r for sweep in sweeps for r in sweep.results if _why_skipped(r) is None]
        told.append(
            Night(
                day=day,
                due=sum(_due(period, sweep) for sweep in sweeps),
                checked=len(heard),
                new=sum(map(_is_new, heard)),
                found=sum((r.conclusion.paid or ZERO for r in heard if _is_new_money(r)), ZERO),
            )
        )
    return tuple(told)


def _checks(period: Period) -> Iterator[tuple[SweepReport, ClaimResult]]:
    for sweep in period.sweeps:
        for result in sweep.results:
            yield sweep, result


def _payer_key(claim: Claim) -> str:
    return claim.payer or claim.payer_name.casefold()


def _claim_key(claim: Claim) -> tuple[object, ...]:
    """What is equal for two rows of one claim, whichever export they stand in."""
    return _payer_key(claim), claim.claim_id, claim.member_id, claim.service_from


def _left_out(period: Period, sweep: SweepReport) -> int:
    rows = period.rows_in.get(sweep.sweep_id, 0)
    return max(0, rows - len(sweep.refused_rows) - len(sweep.results))


def _due(period: Period, sweep: SweepReport) -> int:
    missed = sum(row.meant for row in sweep.refused_rows)
    return len(sweep.results) + missed + _left_out(period, sweep)


def _why_skipped(result: ClaimResult) -> str | None:
    """Why no payer answered about the claim in this sweep; None where one did."""
    if result.conclusion.not_asked is not None:
        return NOT_ASKED_AGAIN
    return result.conclusion.finding.kind if is_unasked(result) else None


def _is_new(result: ClaimResult) -> bool:
    return result.changed is not False and is_exception(result)


def _is_new_money(result: ClaimResult) -> bool:
    before = result.earlier.conclusion if result.earlier is not None else None
    return is_money_found(result) and (before is None or not before.paid)


def _share(part: int, whole: int, of: str) -> Figure:
    if not whole:
        return Figure(None, f"there were no {of}")
    value = (HUNDRED * part / whole).quantize(TENTH)
    return Figure(value, f"{part:,} of {whole:,} {of}")


def _dollars(amounts: list[Decimal], heard: list[ClaimResult]) -> Figure:
    if not heard:
        return Figure(None, "no payer was heard")
    claims = "claim" if len(amounts) == 1 else "claims"
    return Figure(sum(amounts, ZERO), f"{len(amounts):,} {claims}")


def _deadlines(now: list[ClaimResult], today: date) -> dict[str, Figure]:
    near, passed = [], []
    for result in now:
        said = result.conclusion
        dated = [
            ((one.due - today).days, one.dollars)
            for one in (said.finding, *said.others)
            if one.due is not None and one.kind in STEPS and STEPS[one.kind].clock in DEADLINES
        ]
        soon = [dollars for left, dollars in dated if 0 <= left < AT_RISK_DAYS]
        late = [dollars for left, dollars in dated if left < 0]
        if soon:  # dollars of two findings of a claim may be the same dollars
            near.append(max(soon))
        elif late:
            passed.append(max(late))
    return {"money_at_risk": _dollars(near, now), "deadline_passed": _dollars(passed, now)}


def _denial_rates(decided: list[ClaimResult]) -> dict[str, Figure]:
    denied = [r for r in decided if r.conclusion.outcome is Outcome.DENIED]
    billed = sum((r.claim.billed for r in decided), ZERO)
    refused = sum((r.claim.billed for r in denied), ZERO)
    dollars = Figure(None, "no dollars were decided for the first time")
    if billed > 0:
        share = (HUNDRED * refused / billed).quantize(TENTH)
        dollars = Figure(share, f"${refused:,.2f} of ${billed:,.2f} decided")
    return {
        "denial_rate": _share(len(denied), len(decided), "claims decided"),
        "denial_dollars": dollars,
    }


def _receivables(now: list[ClaimResult], seen: list[ClaimResult], today: date) -> dict[str, Figure]:
    nothing = Figure(None, "nothing is open in the exports" if now else "no claim was swept")
    open_ = [r for r in now if r.claim.balance > 0]
    balance = sum((r.claim.balance for r in open_), ZERO)
    credit = [-r.claim.balance for r in now if r.claim.balance < 0]
    since = today - timedelta(days=CHARGE_DAYS)
    charges = sum((r.claim.billed for r in seen if since < r.claim.service_from <= today), ZERO)
    found = dict.fromkeys(("days_in_ar", "open_age", "over_90"), nothing)
    if balance > 0:
        dollar_days = sum((r.claim.balance * _days(r, today) for r in open_), ZERO)
        old = sum((r.claim.balance for r in open_ if _days(r, today) > 90), ZERO)
        share = (HUNDRED * old / balance).quantize(TENTH)
        found["open_age"] = Figure(
            (dollar_days / balance).quantize(TENTH),
            f"${balance:,.2f} open on {len(open_):,} claims",
        )
        found["over_90"] = Figure(share, f"${old:,.2f} of ${balance:,.2f} open")
        found["days_in_ar"] = Figure(None, f"no charges of the last {CHARGE_DAYS} days were seen")
    if balance > 0 and charges > 0:
        daily = charges / CHARGE_DAYS
        found["days_in_ar"] = Figure(
            (balance / daily).quantize(TENTH),
            f"${balance:,.2f} open, ${daily.quantize(CENT):,.2f} charged a day",
        )
    return {**found, "credit_balances": _dollars(credit, now)}


def _days(result: ClaimResult, today: date) -> int:
    return (today - result.claim.service_from).days


def _net_collection(period: Period) -> Figure:
    paid, contractual = ZERO, ZERO
    charges: dict[tuple[str, str], Decimal] = {}
    for sweep in period.sweeps:
        charged = {
            (r.claim.payer, r.conclusion.payer_claim_number): r.conclusion.charge
            for r in sweep.results
        }
        for posting in sweep.new_postings:
            key = posting.payer, posting.payer_claim_number
            charge = charged.get(key)
            if charge is None:
                continue
            charges[key] = charge
            if not posting.code:
                paid += posting.amount
            elif effect(*posting.code.split("-", 1)) is Effect.CONTRACTUAL:
                contractual += posting.amount
    collectible = sum(charges.values(), ZERO) - contractual
    if collectible <= 0:
        return Figure(None, "no collectible charge was proved by an EOB for the first time")
    share = (HUNDRED * paid / collectible).quantize(TENTH)
    return Figure(
        share, f"${paid:,.2f} of ${collectible:,.2f} collectible, {len(charges):,} claims"
    )


def _aged(payer: str, mine: list[ClaimResult], as_of: date, by: AgedBy) -> Aging:
    buckets: list[list[Decimal]] = [[] for _ in BUCKETS]
    undated = []
    for result in mine:
        claim = result.claim
        day = claim.service_from
        if by is AgedBy.LAST_BILLED:
            billed = claim.last_billed or claim.submitted
            if billed is None:
                undated.append(claim.balance)
                continue
            day = billed
        age = max(0, (as_of - day).days)
        buckets[min(max(0, age - 1) // 30, len(BUCKETS) - 1)].append(claim.balance)
    parts = tuple(Part(len(amounts), sum(amounts, ZERO)) for amounts in buckets)
    return Aging(payer, parts, Part(len(undated), sum(undated, ZERO)))


def _denial_class(said: Conclusion) -> str:
    if said.finding.kind.startswith("denied-"):
        return said.finding.kind
    for code in sorted(said.reason_codes):
        known = meaning(*code.split("-", 1)) if "-" in code else None
        if known is not None and known.denial is not None:
            return f"denied-{known.denial}"
    return f"denied-{Denial.OTHER}"


def _sum(parts: Iterable[Part]) -> Part:
    kept = tuple(parts)
    return Part(sum(p.claims for p in kept), sum((p.dollars for p in kept), ZERO))
