"""Laws of cases: any history of sweeps, decisions and undos comes to what a plain model says."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_console import person, swept

from billing.cases import Case, CaseAct, CaseChanged, CaseState, Order, View
from billing.errors import BadInput
from billing.ledger import Ledger, open_ledger, taking_up
from billing.ledger import case_counts as counting
from billing.ledger.people_tables import case_counts
from billing.model import Claim, Conclusion, Finding, Outcome, SourceRow
from billing.people import Role
from billing.priority import priority
from billing.report import ClaimResult

FIRST_DAY = date(2026, 3, 2)
WAITING = ("open", "snoozed")
PAYERS = ("larkspur", "tidewater")
PEOPLE = ("ann", "bob")
# kind, dollars, days from the first day until due, whether a person is needed
FINDINGS = (
    ("already-posted", "10.00", None, False),
    ("rejected", "100.00", None, False),
    ("rejected", "250.00", 5, False),
    ("denied-missing-info", "80.10", -3, False),
    ("several-matches", "100.00", None, True),
)
"""What a claim can be found to be; the first is nobody's work."""


def result(number: int, found: int) -> ClaimResult:
    kind, dollars, due, needs_person = FINDINGS[found]
    day = FIRST_DAY - timedelta(days=20 * number)
    claim = Claim(
        claim_id=f"C{number}",
        payer=PAYERS[number % 2],
        payer_name=PAYERS[number % 2],
        member_id="M1",
        patient_last="Threlkeld",
        patient_first="Cosima",
        date_of_birth=date(1960, 1, 1),
        service_from=day,
        service_to=day,
        billed=Decimal(dollars),
        balance=Decimal(dollars),
        source=SourceRow("e" * 64, number + 2),
        owner=None if number % 3 else "North",
    )
    when = None if due is None else FIRST_DAY + timedelta(days=due)
    told = Finding(kind, "Why.", Decimal(dollars), "Do it.", when, "", needs_person)
    return ClaimResult(0, claim, Conclusion(Outcome.DENIED, told), 1, None, None)


@dataclass
class Plain:
    """A case as plain values, and who did what to which of its columns."""

    found: int
    state: str = "open"
    assignee: str | None = None
    until: date | None = None
    acts: list[tuple[int, set[str]]] = field(default_factory=list)

    def columns(self) -> dict[str, object]:
        return {"state": self.state, "assignee": self.assignee, "until": self.until}


@dataclass
class Stroke:
    by: str
    before: dict[int, dict[str, object]]
    after: dict[int, dict[str, object]]
    undone: bool = False


class Model:
    """Cases by number of the claim, every stroke, and what the audit trail must say of them."""

    def __init__(self) -> None:
        self.day = FIRST_DAY
        self.cases: dict[int, Plain] = {}
        self.strokes: list[Stroke] = []
        self.trail: list[tuple[str, str, int]] = []

    def wake(self) -> None:
        for one in self.cases.values():
            if one.state == "snoozed" and one.until is not None and one.until <= self.day:
                one.state, one.until = "open", None

    def sweep(self, night: dict[int, int]) -> None:
        for number, found in sorted(night.items()):
            if number not in self.cases:
                if found:
                    self.cases[number] = Plain(found)
                continue
            one = self.cases[number]
            was, changed = one.state, found != one.found
            if not found:
                one.state = "resolved" if was == "resolved" else "settled"
            elif changed or was == "settled":
                one.state = "open"
            if one.state != "snoozed":
                one.until = None
            one.found = found
            if changed or one.state != was:
                one.acts.append((-1, {"state"}))
        self.wake()

    def act(self, act: str, numbers: list[int], change: dict[str, object], by: str) -> bool:
        allowed = {
            "assign": (*WAITING, "resolved", "settled"),
            "reopen": ("snoozed", "resolved", "settled"),
        }
        if any(self.cases[n].state not in allowed.get(act, WAITING) for n in numbers):
            return False
        before = {n: {k: self.cases[n].columns()[k] for k in change} for n in numbers}
        self.strokes.append(Stroke(by, before, {n: dict(change) for n in numbers}))
        for n in numbers:
            vars(self.cases[n]).update(change)
            self.cases[n].acts.append((len(self.strokes) - 1, set(change)))
            self.trail.append((by, act, n))
        return True

    def undo(self, by: str) -> str:
        mine = [i for i, s in enumerate(self.strokes) if s.by == by and not s.undone]
        if not mine:
            return "nothing"
        index, stroke = mine[-1], self.strokes[mine[-1]]
        for n, after in stroke.after.items():
            one = self.cases[n]
            begun = [i for i, _ in one.acts].index(index)
            later = {
                c
                for i, cs in one.acts[begun + 1 :]
                if i < 0 or not self.strokes[i].undone
                for c in cs
            }
            if later & set(after) or any(one.columns()[k] != v for k, v in after.items()):
                return "changed"
        stroke.undone = True
        for n, before in stroke.before.items():
            vars(self.cases[n]).update(before)
            self.trail.append((by, "undo", n))
        return "undone"


@contextmanager
def fresh() -> Iterator[tuple[Ledger, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as home:
        ledger = open_ledger(Path(home))
        try:
            yield ledger, {n: person(ledger, Role.BILLER, n).user_id for n in PEOPLE}
        finally:
            ledger.close()


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def cases_of(ledger: Ledger) -> dict[int, Case]:
    """Every case, by the number of its claim."""
    found = [
        one for state in CaseState for one in ledger.queue(View(state), FIRST_DAY, most=99).cases
    ]
    return {int(one.result.claim.claim_id[1:]): one for one in found}


def plain_queue(cases: dict[int, Case], view: View, today: date) -> list[int]:
    """What a view holds, by nothing but comparisons of plain values."""
    kept = [
        one
        for one in cases.values()
        if one.state == view.state
        and (view.payer is None or one.payer == view.payer)
        and (view.kind is None or one.kind == view.kind)
        and (view.desk is None or one.desk == view.desk)
        and (view.assignee is None or (one.assignee or "") == view.assignee)
        and (view.dollars_from is None or one.dollars >= view.dollars_from)
        and (view.older_than is None or (today - one.service_from).days > view.older_than)
        and (view.due_by is None or (one.due is not None and one.due <= view.due_by))
    ]
    kept.sort(key=lambda one: (-one.priority, one.case_id))
    keys = {
        Order.PRIORITY: lambda one: 0,
        Order.DOLLARS: lambda one: -one.dollars,
        Order.DUE: lambda one: one.due or date.max,
        Order.AGE: lambda one: one.service_from,
    }
    return [one.case_id for one in sorted(kept, key=keys[view.order])]


NUMBERS = st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True)
BY = st.sampled_from(PEOPLE)
NIGHT = st.dictionaries(st.integers(0, 4), st.integers(0, len(FINDINGS) - 1), min_size=1)
STEP = st.one_of(
    st.tuples(st.just("sweep"), NIGHT, st.integers(0, 3)),
    st.tuples(st.just("again"), st.none(), st.none()),
    st.tuples(st.just("days"), st.integers(1, 4), st.none()),
    st.tuples(st.just("assign"), NUMBERS, st.tuples(BY, st.none() | BY)),
    st.tuples(st.just("snooze"), NUMBERS, st.tuples(BY, st.integers(0, 3))),
    st.tuples(st.sampled_from(["resolve", "approve", "reopen"]), NUMBERS, st.tuples(BY, st.none())),
    st.tuples(st.just("undo"), st.none(), BY),
)  # fmt: skip
VIEW = st.builds(
    View,
    state=st.sampled_from(CaseState),
    payer=st.none() | st.sampled_from(PAYERS),
    kind=st.none() | st.sampled_from([kind for kind, *_ in FINDINGS]),
    desk=st.none() | st.sampled_from(["North", *PAYERS]),
    assignee=st.sampled_from([None, "", *PEOPLE]),
    dollars_from=st.none() | st.sampled_from([Decimal("80.11"), Decimal(100)]),
    older_than=st.none() | st.sampled_from([19, 20, 45]),
    due_by=st.none() | st.sampled_from([FIRST_DAY, FIRST_DAY + timedelta(days=5)]),
    order=st.sampled_from(Order),
)


class Cut(Exception):
    """The program was ended at this point."""


def take_up_cut(ledger: Ledger, day: date, steps: int) -> None:
    """Take up, ended after so many steps; then begun anew."""
    left = [steps]

    def cut(_: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Cut

    if steps:
        with suppress(Cut):
            ledger.take_up(day, cut)
    ledger.take_up(day)


def step_both(
    ledger: Ledger, users: dict[str, str], model: Model, step: tuple, nights: list[str]
) -> None:  # type: ignore[type-arg]
    """Do one thing in the ledger and in the model, and see that both answer alike."""
    what, first, second = step
    at = noon(model.day)
    match what:
        case "sweep":
            nights.append(f"night-{len(nights)}")
            results = [result(*one) for one in sorted(first.items())]
            swept(
                ledger, results, sweep_id=nights[-1], business_date=model.day, at=at, take_up=False
            )
            take_up_cut(ledger, model.day, second)
            model.sweep(first)
        case "again" if nights:
            ledger.finish_sweep(nights[-1], at + timedelta(hours=2, minutes=len(model.trail)))
            ledger.take_up(model.day)
        case "days":
            model.day += timedelta(days=first)
            ledger.take_up(model.day)
            model.wake()
        case "undo":
            answer = model.undo(second)
            refusal = {"nothing": BadInput, "changed": CaseChanged}.get(answer)
            if refusal:
                with pytest.raises(refusal):
                    ledger.undo(by=second, at=at)
            else:
                ledger.undo(by=second, at=at)
        case "assign" | "snooze" | "resolve" | "approve" | "reopen":
            ids = {n: one.case_id for n, one in cases_of(ledger).items()}
            numbers = [n for n in first if n in ids]
            by, more = second
            if not numbers:
                return
            chosen = [ids[n] for n in numbers]
            until = model.day + timedelta(days=more) if what == "snooze" else None
            change: dict[str, object] = {
                "assign": {"assignee": users.get(more) if more else None},
                "snooze": {"state": "snoozed", "until": until},
                "reopen": {"state": "open", "until": None},
            }.get(what, {"state": "resolved", "until": None})  # type: ignore[assignment]
            deed = {
                "assign": lambda: ledger.assign_cases(chosen, change["assignee"], by=by, at=at),
                "snooze": lambda: ledger.snooze_cases(chosen, until, by=by, at=at, today=model.day),
                "resolve": lambda: ledger.resolve_cases(chosen, "Done.", by=by, at=at),
                "approve": lambda: ledger.approve_cases(chosen, "", by=by, at=at),
                "reopen": lambda: ledger.reopen_cases(chosen, by=by, at=at),
            }[what]  # type: ignore[arg-type]
            if what == "snooze" and not more:
                with pytest.raises(BadInput):
                    deed()
            elif model.act(what, sorted(numbers), change, by):
                deed()
            else:
                with pytest.raises(CaseChanged):
                    deed()


def counted_by_hand(ledger: Ledger) -> dict[tuple[str, ...], tuple[int, Decimal]]:
    """By what the queue is narrowed by, how many cases there are, and their dollars."""
    found: dict[tuple[str, ...], tuple[int, Decimal]] = {}
    for one in cases_of(ledger).values():
        key = (one.state.value, one.payer, one.kind, one.desk, one.assignee or "")
        number, dollars = found.get(key, (0, Decimal(0)))
        found[key] = (number + 1, dollars + one.dollars)
    return found


def kept_counts(ledger: Ledger) -> dict[tuple[str, ...], tuple[int, Decimal]]:
    with ledger._reading() as connection:
        rows = connection.execute(case_counts.select()).all()
    return {tuple(row[:5]): (row.cases, row.dollars) for row in rows}


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck), database=None)
@given(steps=st.lists(STEP, min_size=3, max_size=16), views=st.lists(VIEW, min_size=6, max_size=6))
def test_any_history_comes_to_what_the_plain_model_says(
    steps: list[tuple], views: list[View]
) -> None:  # type: ignore[type-arg]
    with fresh() as (ledger, users), pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking_up, "_CHUNK", 2)
        model, nights = Model(), list[str]()
        step_both(ledger, users, model, ("sweep", {0: 1, 1: 2, 2: 3, 3: 4}, 0), nights)
        for step in steps:
            step_both(ledger, users, model, step, nights)
            there = cases_of(ledger)
            assert kept_counts(ledger) == counted_by_hand(ledger)
            told = {
                n: (one.state, one.kind, one.dollars, one.assignee, one.snoozed_until)
                for n, one in there.items()
            }
            kinds = {n: FINDINGS[one.found] for n, one in model.cases.items()}
            assert told == {
                n: (one.state, kinds[n][0], Decimal(kinds[n][1]), one.assignee, one.until)
                for n, one in model.cases.items()
            }
        for one in there.values():
            if one.state in WAITING and not ledger.untaken(model.day):
                assert one.priority == priority(one.result, model.day)
        facets = ledger.facets(CaseState.OPEN)
        waiting = [one for one in there.values() if one.state == "open"]
        assert facets.payers == Counter(one.payer for one in waiting)
        assert facets.assignees == Counter(one.assignee or "" for one in waiting)
        states = Counter(one.state for one in there.values())
        assert ledger.count_cases() == {state: states[state] for state in CaseState}
        for nth, view in enumerate(views):
            patch.setattr(counting, "_OF_A_ROW", nth % 2 * 10)  # by an index, or by the order
            if view.assignee:
                view = replace(view, assignee=users[view.assignee])
            page = ledger.queue(view, model.day, most=99)
            plain = plain_queue(there, view, model.day)
            assert [one.case_id for one in page.cases] == plain
            whole = sum((one.dollars for one in page.cases), Decimal(0))
            assert (page.count, page.dollars) == (len(plain), whole)
            part = ledger.queue(view, model.day, start=1, most=2)
            assert [one.case_id for one in part.cases] == plain[1:3]
            assert ledger.cases_of_view(view, model.day, most=3) == tuple(plain[:3])
        numbers = {one.case_id: n for n, one in there.items()}
        entries = [
            (one.who, one.act.removeprefix("case "), numbers[int(one.subject.split()[1])])
            for one in reversed(ledger.audit_trail(most=10**6))
            if one.act.startswith("case ")
        ]
        assert entries == model.trail
        deeds = [
            d for one in numbers for d in ledger.case_deeds(one) if d.act is not CaseAct.ANSWERED
        ]
        assert sorted((d.by, str(d.act), numbers[d.case_id]) for d in deeds) == sorted(model.trail)
        assert ledger.audit_problems() == []


def test_a_case_assigned_away_and_back_is_not_undone_over_anothers_head() -> None:
    with fresh() as (ledger, users):
        swept(ledger, [result(1, 1)], business_date=FIRST_DAY, at=noon(FIRST_DAY))
        (case,) = ledger.queue(View(), FIRST_DAY).cases
        at = noon(FIRST_DAY)
        ledger.assign_cases([case.case_id], users["ann"], by="ann", at=at)
        ledger.assign_cases([case.case_id], None, by="bob", at=at)
        ledger.assign_cases([case.case_id], users["ann"], by="bob", at=at)
        with pytest.raises(CaseChanged):
            ledger.undo(by="ann", at=at)
        assert ledger.case(case.case_id).assignee == users["ann"]
