"""The view of the queue that a case was opened from, carried along in its address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from billing.cases import CaseState, Order, View
from billing.errors import BadInput
from billing.money import dollars, money

_WORDS = ("payer", "kind", "desk", "assignee")


def view_of(query: Mapping[str, str]) -> View:
    """The view that an address names. Raises BadInput for what is no view's."""
    given = {name: value for name, value in query.items() if value or name == "assignee"}
    try:
        return View(
            state=CaseState(given.get("state", CaseState.OPEN)),
            order=Order(given.get("order", Order.PRIORITY)),
            dollars_from=money(given["dollars_from"]) if "dollars_from" in given else None,
            older_than=int(given["older_than"]) if "older_than" in given else None,
            due_by=date.fromisoformat(given["due_by"]) if "due_by" in given else None,
            **{name: given.get(name) for name in _WORDS},
        )
    except ValueError:
        raise BadInput("The address names no view of the queue; open the case anew") from None


def query_of(view: View) -> str:
    """How an address names a view; empty for the one that the queue opens with."""
    words = {
        "state": None if view.state is CaseState.OPEN else view.state.value,
        **{name: getattr(view, name) for name in _WORDS},
        "dollars_from": dollars(view.dollars_from),
        "older_than": view.older_than,
        "due_by": view.due_by.isoformat() if view.due_by else None,
        "order": None if view.order is Order.PRIORITY else view.order.value,
    }
    return urlencode({name: value for name, value in words.items() if value is not None})
