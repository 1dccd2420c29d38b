"""The words of a person's work on exceptions: a case, what is done about it, and the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing.errors import BadInput, ClaimsweepError
from billing.report import ClaimResult


class CaseState(StrEnum):
    """OPEN and SNOOZED wait for a person; RESOLVED was ended by one, SETTLED by the payer's later
    answer."""

    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    SETTLED = "settled"


class CaseAct(StrEnum):
    """What can be done about a case. ANSWERED is a sweep's, all others a person's."""

    ANSWERED = "answered"
    ASSIGN = "assign"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    APPROVE = "approve"
    CORRECT = "correct"
    NOTE = "note"
    UNDO = "undo"


QUEUE_ACTS = (
    CaseAct.ASSIGN,
    CaseAct.SNOOZE,
    CaseAct.RESOLVE,
    CaseAct.APPROVE,
    CaseAct.REOPEN,
)
"""What can be done about many cases at one stroke."""


class NoSuchCase(BadInput):
    """A case is named that the ledger does not hold."""


class CaseChanged(ClaimsweepError):
    """Somebody else, or a sweep, changed the case since; look at it again."""


@dataclass(frozen=True, slots=True)
class Case:
    """An exception as the queue lists it. ``desk`` is whose work the export says it is, else the
    payer; ``assignee`` the user id of who took it; ``priority`` as of today."""

    case_id: int
    item_id: int
    payer: str
    state: CaseState
    kind: str
    desk: str
    assignee: str | None
    dollars: Decimal
    due: date | None
    service_from: date
    opened_on: date
    snoozed_until: date | None
    priority: Decimal
    result: ClaimResult


@dataclass(frozen=True, slots=True)
class CaseDeed:
    """One act on a case: by whom (a user's name), when, what it changed, in whose words. Acts that
    were done at one stroke share ``together``; ``undoes`` names the stroke that one takes back."""

    act_id: int
    together: str
    case_id: int
    act: CaseAct
    by: str
    at: datetime
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    note: str
    undoes: str | None


class Order(StrEnum):
    """How the queue is sorted; each falls back on priority."""

    PRIORITY = "priority"
    DOLLARS = "dollars"
    DUE = "due"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class View:
    """Which cases of the queue, in which order. None asks for any.

    ``assignee`` is a user id, or "" for nobody's; ages are days since the service.
    """

    state: CaseState = CaseState.OPEN
    payer: str | None = None
    kind: str | None = None
    desk: str | None = None
    assignee: str | None = None
    dollars_from: Decimal | None = None
    older_than: int | None = None
    due_by: date | None = None
    order: Order = Order.PRIORITY


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, with how many cases and dollars the whole view holds; ``as_of`` is the
    newest act on any case when it was read."""

    cases: tuple[Case, ...]
    count: int
    dollars: Decimal
    as_of: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What a state's cases can be narrowed to: value → number of cases."""

    payers: Mapping[str, int]
    kinds: Mapping[str, int]
    desks: Mapping[str, int]
    assignees: Mapping[str, int]
