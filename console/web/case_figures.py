"""The figures of a case that a person may correct, and the corrections that stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.cases import CaseAct, CaseDeed
from billing.errors import BadInput
from billing.money import dollars, money, parse_date, usd

DATES = ("%Y-%m-%d", "%m/%d/%Y")
MOST_LETTERS = 60


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says a figure is instead of ``was``; both as :func:`kept` spells them."""

    was: str | None
    now: str
    why: str
    by: str
    at: datetime


def _money(text: str) -> str:
    return str(dollars(money(text)))


def _day(text: str) -> str:
    return parse_date(text, DATES).isoformat()


def _words(text: str) -> str:
    if not text or len(text) > MOST_LETTERS or not text.isprintable():
        raise ValueError(f"one to {MOST_LETTERS} letters")
    return text


_HOW: Mapping[Callable[[str], str], str] = {
    _money: "an amount, as 1,234.50",
    _day: "a date, as 2026-11-26 or 11/26/2026",
    _words: f"1 to {MOST_LETTERS} letters",
}
FIGURES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "charge": ("Charge", _money),
    "allowed": ("Allowed", _money),
    "paid": ("Paid", _money),
    "patient_responsibility": ("Patient responsibility", _money),
    "payment_date": ("Payment date", _day),
    "trace_number": ("Trace number", _words),
    "payer_claim_number": ("Payer claim number", _words),
    "reason_codes": ("Reason codes", _words),
}
"""What a person may correct: its title, and how the new value is read."""


def read_figure(figure: str, text: str) -> str:
    """The new value of a figure, as :func:`kept` spells it. Raises BadInput in one sentence."""
    if figure not in FIGURES:
        raise BadInput("Choose the figure to correct from the list")
    title, read = FIGURES[figure]
    try:
        return read(text.strip())
    except ValueError:
        raise BadInput(f"{title} needs {_HOW[read]}; this is none") from None


def kept(value: object) -> str | None:
    """A figure as corrections spell it: ``1234.50``, ``2026-11-26``; None stays None."""
    match value:
        case None | ():
            return None
        case Decimal():
            return dollars(value)
        case date():
            return value.isoformat()
        case tuple():
            return ", ".join(map(str, value))
    return str(value)


def shown(figure: str, text: str | None) -> str:
    """A figure that :func:`kept` spelled, for people."""
    if text is None:
        return "not stated"
    read = FIGURES[figure][1]
    if read is _money:
        return usd(money(text))
    if read is _day:
        day = date.fromisoformat(text)
        return f"{day:%b} {day.day}, {day.year}"
    return text


def standing(deeds: Sequence[CaseDeed]) -> dict[str, tuple[Correction, ...]]:
    """By figure the corrections that nobody took back, the first one first."""
    undone = {one.undoes for one in deeds if one.undoes is not None}
    found: dict[str, tuple[Correction, ...]] = {}
    for deed in deeds:
        if deed.act is not CaseAct.CORRECT or deed.together in undone:
            continue
        for figure, now in deed.after.items():
            if figure in FIGURES and now is not None:
                one = Correction(deed.before.get(figure), now, deed.note, deed.by, deed.at)
                found[figure] = (*found.get(figure, ()), one)
    return found


def is_struck(figure: str, value: str | None, made: Mapping[str, Iterable[Correction]]) -> bool:
    """Whether a value of a figure is one that a correction took the place of."""
    mine = list(made.get(figure, ()))
    return (
        bool(mine)
        and value is not None
        and value != mine[-1].now
        and (value in {one.was for one in mine} | {one.now for one in mine})
    )
