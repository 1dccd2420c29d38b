"""What the interface says of cases: the queue's lines, one case in full, its history, claims."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from billing.cases import CaseAct, CaseState
from billing.ledger.tokens import Scope
from billing.model import Channel, Outcome, Reason
from console.web.interface_values import (
    ClaimNumber,
    Day,
    Id,
    Instant,
    Money,
    Name,
    Place,
    Sha256,
    Words,
)


class Me(Words):
    """The token that asks."""

    name: str = Field(examples=["acme-billing"])
    scopes: list[Scope]
    expires_on: Day
    requests_per_minute: int


class CaseLine(Words):
    """A case as the queue lists it: no patient in it."""

    case_id: Id
    item_id: Id = Field(description="The claim in the sweep that spoke of it last.")
    payer: str = Field(description="The payer's profile; empty where no profile is known.")
    payer_name: str
    claim_number: str
    state: CaseState
    kind: str = Field(description="What was found.", examples=["denied-missing-info"])
    desk: str = Field(description="Whose work the export says it is, else the payer.")
    assignee: str | None = Field(description="The user who took it.")
    at_stake: Money
    due: Day | None
    service_from: Day
    opened_on: Day
    snoozed_until: Day | None
    outcome: Outcome
    next_action: str


class CasePage(Words):
    """A page of the queue."""

    cases: list[CaseLine]
    count: int = Field(description="How many cases the whole view holds.")
    at_stake: Money = Field(description="Of the whole view.")
    next: Id | None = Field(description="`after` of the next page; null on the last.")


class Patient(Words):
    """Who the claim is about; only for tokens with the scope `patients`."""

    last: str
    first: str
    member_id: str
    date_of_birth: Day | None


class Figure(Words):
    """A figure of the result, and where it stands."""

    name: str = Field(examples=["paid"])
    value: str = Field(description="Money as 125.00, days as 2026-11-24.")
    place: Place | None = Field(description="Null where it follows from others.")


class Found(Words):
    """Something found of the claim."""

    kind: str
    title: str
    why: str
    at_stake: Money
    next_action: str
    due: Day | None
    due_basis: str
    rule: str
    needs_person: bool


class ChannelSays(Words):
    """What one channel said of the claim, each figure with its place."""

    channel: Channel
    observed_at: Instant
    answer: Literal["found", "not_found", "no_answer"]
    reason: Reason | None
    figures: list[Figure]
    captures: list[Sha256]


class Result(Words):
    """What is known of a claim after it was asked about."""

    item_id: Id
    outcome: Outcome
    finding: Found
    also: list[Found]
    figures: list[Figure]
    evidence: list[Sha256]
    checked_at: Instant | None
    not_asked: str | None = Field(description="Why the sweep left it as it was known.")


class CaseInFull(Words):
    """A case with all that is known of it."""

    case: CaseLine
    patient: Patient | None = Field(description="Null without the scope `patients`.")
    service_to: Day
    billed: Money
    balance: Money
    result: Result
    channels: list[ChannelSays]


class Deed(Words):
    """One act on a case."""

    decision_id: str
    act: CaseAct
    by: str
    at: Instant
    before: dict[str, str | None]
    after: dict[str, str | None]
    note: str | None = Field(
        description="A person's words, which may name the patient: null without `patients`."
    )
    undoes: str | None


class Deeds(Words):
    """All that was ever done about a case, the oldest first."""

    deeds: list[Deed]


class ClaimSought(Words):
    """A claim by its number; of any payer when none is named."""

    claim_number: ClaimNumber
    payer: Name | None = Field(None, description="The payer's profile.")


class ClaimFound(Words):
    """A claim of this number: what a sweep learned last."""

    item_id: Id
    case_id: Id | None = Field(description="Null where nothing waits, or ever waited, for anybody.")
    payer: str
    payer_name: str
    service_from: Day
    billed: Money
    outcome: Outcome
    kind: str
    checked_at: Instant | None


class ClaimsFound(Words):
    """Every claim of this number; a number that is used again has another day of service."""

    claims: list[ClaimFound]
