"""A case's past, the newest first: what channels said, what sweeps made of it, what people did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.cases import CaseAct, CaseDeed
from billing.ledger.case_history import Asked
from billing.model import (
    Channel,
    ClaimStatus,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Remittance,
)
from billing.money import money, usd
from console.web.case_figures import FIGURES, shown
from console.words import OUTCOMES, kind_words

CHANNELS: Mapping[Channel, str] = {
    Channel.PORTAL: "Payer's portal",
    Channel.CLEARINGHOUSE: "Clearinghouse",
    Channel.EOB: "EOB document",
}
ACTS: Mapping[CaseAct, str] = {
    CaseAct.ANSWERED: "A sweep changed the case",
    CaseAct.ASSIGN: "Assigned",
    CaseAct.SNOOZE: "Snoozed",
    CaseAct.RESOLVE: "Resolved",
    CaseAct.REOPEN: "Reopened",
    CaseAct.APPROVE: "Approved",
    CaseAct.CORRECT: "Corrected a figure",
    CaseAct.NOTE: "Note",
    CaseAct.UNDO: "Took an act back",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when, by whom, and what in a title and lines below it. ``side`` is
    channel, sweep or person; ``undone`` whether it was taken back later."""

    at: datetime
    by: str
    side: str
    title: str
    lines: tuple[str, ...] = ()
    undone: bool = False


def timeline(
    asked: Sequence[Asked], deeds: Sequence[CaseDeed], names: Mapping[str, str]
) -> tuple[Event, ...]:
    """Everything in one row; ``names`` are the people's by user id."""
    undone = {one.undoes for one in deeds if one.undoes is not None}
    events = [event for one in asked for event in _of_sweep(one)]
    events += [_of_deed(one, names, undone=one.together in undone) for one in deeds]
    return tuple(sorted(events, key=lambda one: one.at, reverse=True))


def _of_sweep(one: Asked) -> Iterator[Event]:
    for each in one.observations:
        yield Event(each.observed_at, CHANNELS[each.channel], "channel", *_said(each))
    if one.conclusion is None or one.concluded_at is None:
        return
    said, night = one.conclusion, f"sweep of {_day(one.business_date)}"
    if said.not_asked:
        yield Event(one.concluded_at, night, "sweep", f"Not asked: {said.not_asked}")
        return
    lines = [said.finding.why]
    lines += [f"Also: {kind_words(other.kind)}. {other.why}" for other in said.others]
    for drift in one.drift:
        found = f"was found by its way {drift.nth + 1}" if drift.found_by else "was not found"
        lines.append(f"The portal had changed: \u201c{drift.wanted}\u201d {found}.")
    if said.ended is not None:
        lines.append(
            f"Until then it was \u201c{said.ended.state}\u201d for {said.ended.days} days."
        )
    title = f"{OUTCOMES[said.outcome]}: {kind_words(said.finding.kind)}"
    yield Event(one.concluded_at, night, "sweep", title, tuple(lines))


def _said(one: Observation) -> tuple[str, tuple[str, ...]]:
    match one.answer:
        case Found(ClaimStatus() as status):
            figures = [
                f"{FIGURES[name][0].lower()} {usd(value)}"
                for name in ("charge", "allowed", "paid", "patient_responsibility")
                if (value := getattr(status, name)) is not None
            ]
            told = [", ".join(figures).capitalize()] if figures else []
            if status.reason_codes:
                told.append(f"Reason codes {', '.join(status.reason_codes)}")
            if status.note:
                told.append(f"\u201c{status.note}\u201d")
            return f"Says \u201c{status.words}\u201d", tuple(told)
        case Found(Remittance() as paid):
            when = f"{paid.trace_number} of {_day(paid.payment_date)}"
            return f"Payment {when}: {usd(paid.amount)}", ()
        case NotFound(searched):
            by = f"Searched by {', '.join(searched).replace('_', ' ')}." if searched else ""
            return "Says that it has no such claim", (by,) if by else ()
        case NoAnswer(reason, detail):
            return f"No answer: {reason.replace('_', ' ')}", (detail,)
    return "Answered", ()


def _of_deed(one: CaseDeed, names: Mapping[str, str], *, undone: bool) -> Event:
    side = "sweep" if one.act is CaseAct.ANSWERED else "person"
    lines = [*_changes(one, names), *([one.note] if one.note else [])]
    return Event(one.at, one.by, side, ACTS[one.act], tuple(lines), undone)


def _changes(one: CaseDeed, names: Mapping[str, str]) -> Iterator[str]:
    for name, now in one.after.items():
        was = one.before.get(name)
        if was == now:
            continue
        if name == "assignee":
            yield f"Assignee: {_person(was, names)} \u2192 {_person(now, names)}"
        elif name in FIGURES:
            yield f"{FIGURES[name][0]}: {shown(name, was)} \u2192 {shown(name, now)}"
        else:
            title = name.replace("_", " ").capitalize()
            yield f"{title}: {_word(name, was)} \u2192 {_word(name, now)}"


def _person(user_id: str | None, names: Mapping[str, str]) -> str:
    return "nobody" if user_id is None else names.get(user_id, "a removed user")


def _word(name: str, value: str | None) -> str:
    if value is None:
        return "none"
    if name == "kind":
        return kind_words(value)
    if name == "dollars":
        return usd(money(value))
    return _day(date.fromisoformat(value)) if name in ("due", "snoozed_until") else value


def _day(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"
