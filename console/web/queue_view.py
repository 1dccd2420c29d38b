"""How a view of the queue is spelled in an address, and what it asks of the ledger."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlencode

from billing.cases import CaseState, Order, View
from billing.errors import BadInput

MINE = "mine"
NOBODY = "nobody"
EMPTY = "-"
"""Stands in an address for a value that is empty: no payer known, no desk named."""
OVERDUE = -1
MOST_DOLLARS = Decimal(10) ** 9
MOST_DAYS = 36_500
LONGEST = 200

_USER = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. None is any.

    ``assignee`` is MINE, NOBODY or a user id; ``within`` are days from today until which a case is
    due (OVERDUE: before today), so that a kept view moves with the calendar, ``by`` a day itself.
    """

    state: CaseState = CaseState.OPEN
    payer: str | None = None
    kind: str | None = None
    desk: str | None = None
    assignee: str | None = None
    dollars: Decimal | None = None
    age: int | None = None
    within: int | None = None
    by: date | None = None
    order: Order = Order.PRIORITY

    def query(self, **change: object) -> str:
        """As an address spells it, without what is left as it is; ``change`` asks otherwise."""
        said = {one.name: getattr(self, one.name) for one in fields(self)} | change
        return urlencode(
            [
                (name, EMPTY if value == "" else str(value))
                for name, value in said.items()
                if value is not None and value not in (CaseState.OPEN, Order.PRIORITY)
            ]
        )

    def narrows(self) -> bool:
        """Whether it asks for less than all cases of the state."""
        return any(
            getattr(self, one.name) is not None
            for one in fields(self)
            if one.name not in ("state", "order")
        )

    def view(self, user_id: str, today: date) -> View:
        """What it is for this user today."""
        until = None if self.within is None else today + timedelta(days=self.within)
        limits = [one for one in (until, self.by) if one is not None]
        whose = {MINE: user_id, NOBODY: ""}.get(self.assignee or "", self.assignee)
        return View(
            state=self.state,
            payer=self.payer,
            kind=self.kind,
            desk=self.desk,
            assignee=whose,
            dollars_from=self.dollars,
            older_than=self.age,
            due_by=min(limits, default=None),
            order=self.order,
        )


def read_asked(said: Mapping[str, str]) -> Asked:
    """What the parameters of an address ask for; an empty one asks for any, and one that is no
    view's is passed over. Raises BadInput for a value that cannot be meant."""
    values: dict[str, Any] = {}
    for name, read in _READ.items():
        text = said.get(name, "").strip()
        if not text:
            continue
        try:
            values[name] = read(text)
        except (ValueError, InvalidOperation):
            raise BadInput(f"The queue cannot be narrowed by this {name}; choose another") from None
    return Asked(**values)


def read_query(query: str) -> Asked:
    """The same of a query string, as a form or a kept view brings it."""
    return read_asked(dict(parse_qsl(query[: 20 * LONGEST])))


def _text(text: str) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise ValueError
    return "" if text == EMPTY else text


def _whose(text: str) -> str:
    if text not in (MINE, NOBODY) and not _USER.fullmatch(text):
        raise ValueError
    return text


def _dollars(text: str) -> Decimal:
    value = Decimal(text.replace("$", "").replace(",", ""))
    if not value.is_finite() or not 0 <= value <= MOST_DOLLARS:
        raise ValueError
    return value.quantize(Decimal("0.01"))


def _days(text: str) -> int:
    value = int(text)
    if not OVERDUE <= value <= MOST_DAYS:
        raise ValueError
    return value


def _age(text: str) -> int:
    value = _days(text)
    if value < 0:
        raise ValueError
    return value


_READ: Mapping[str, Callable[[str], object]] = {
    "state": CaseState,
    "payer": _text,
    "kind": _text,
    "desk": _text,
    "assignee": _whose,
    "dollars": _dollars,
    "age": _age,
    "within": _days,
    "by": date.fromisoformat,
    "order": Order,
}
