"""Cases with real evidence: a night swept at a simulated portal, and a second one told by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from appeal_samples import COMMERCIAL, swept
from portal_faults import EXPORT, SWEEP
from web_console import PROJECT, desk_over, person

from billing.ledger import Ledger
from billing.model import (
    Channel,
    Claim,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Outcome,
    Reason,
)
from billing.people import Role
from billing.reconcile import conclude, propose_postings
from billing.report import ClaimResult
from bots.portal.browser import Browser
from bots.profile import load_profile
from console.web.desk import Desk

OFF = Decimal("40.00")
"""So many dollars more than the document the portal says were paid, in the second night."""


@dataclass(frozen=True)
class Cases:
    """A console's desk over the ledger of both nights, and its cases by what they are of."""

    desk: Desk
    ids: Mapping[str, int]
    stranger_picture: str

    def result(self, name: str) -> ClaimResult:
        return self.desk.ledger.case(self.ids[name]).result

    def observed(self, name: str, channel: Channel) -> Observation:
        seen = self.desk.ledger.observations(self.result(name).item_id)
        return next(one for one in seen if one.channel is channel)


@contextmanager
def cases(browser: Browser, home: Path) -> Iterator[Cases]:
    """A paid, a denied and a partly paid claim as they were swept; then one in conflict (the
    partly paid one), one that is a stranger's, one at a portal that is down, one not on file."""
    with swept(browser, home, COMMERCIAL):
        pass
    desk = desk_over(home)
    ledger = desk.ledger
    ledger.finish_sweep(SWEEP, datetime.now(UTC))
    results = {one.conclusion.outcome: one for one in ledger.results(SWEEP)}
    paid, partly = results[Outcome.PAID], results[Outcome.PARTLY_PAID]
    before = ledger.observations(partly.item_id)
    said = next(one for one in before if one.channel is Channel.PORTAL)
    picture = next(one for one in said.captures if ledger.media_type(one) == "image/png")
    assert isinstance(said.answer, Found)
    more = replace(said.answer.value, paid=said.answer.value.paid + OFF)
    at = datetime.now(UTC) + timedelta(minutes=1)
    strange = NoAnswer(Reason.WRONG_PATIENT, "The only claim of this day is another patient's.")
    down = NoAnswer(Reason.UNAVAILABLE, "The portal says that it is down for maintenance.")
    told = {
        partly.claim: [replace(one, observed_at=at) for one in before if one is not said]
        + [replace(said, observed_at=at, answer=Found(more))],
        _like(paid.claim, "STRANGER-1", 90): [
            Observation(Channel.PORTAL, at, strange, (_stored(ledger, picture),))
        ],
        _like(paid.claim, "DOWN-1", 91): [Observation(Channel.PORTAL, at, down, (picture,))],
        _like(paid.claim, "ABSENT-1", 92): [
            Observation(Channel.PORTAL, at, NotFound(("member_id", "service_from")), ())
        ],
    }
    stranger = _stored(ledger, picture)
    _second_night(ledger, told, at)
    ledger.take_up(desk.today())
    for role in Role:
        person(ledger, role)
    by_claim = {one.result.claim.claim_id: one.case_id for one in map(ledger.case, range(1, 8))}
    ids = {
        "paid": by_claim[paid.claim.claim_id],
        "denied": by_claim[results[Outcome.DENIED].claim.claim_id],
        "conflict": by_claim[partly.claim.claim_id],
        "stranger": by_claim["STRANGER-1"],
        "down": by_claim["DOWN-1"],
        "absent": by_claim["ABSENT-1"],
    }
    yield Cases(desk, ids, stranger)


def _stored(ledger: Ledger, picture: str) -> str:
    """Another picture than ``picture``, as whole as it."""
    data = ledger.fetch(picture)
    return ledger.store(data + b"\n", "image/png")


def _like(claim: Claim, number: str, row: int) -> Claim:
    return replace(claim, claim_id=number, source=replace(claim.source, row=row))


def _second_night(ledger: Ledger, told: Mapping[Claim, list[Observation]], at: datetime) -> None:
    rules = load_profile(PROJECT / "payer_profiles" / COMMERCIAL).rules
    ledger.begin_sweep(
        "second", business_date=at.date(), exports=[EXPORT], claims=list(told), refused=(), at=at
    )
    by_id = {claim.claim_id: observations for claim, observations in told.items()}
    while True:
        item = ledger.lease_item("second", COMMERCIAL, "tests", seconds=60, now=at)
        if item is None:
            break
        observations = by_id[item.claim.claim_id]
        concluded = conclude(item.claim, observations, rules, today=at.date())
        assert ledger.settle(
            item.item_id,
            item.fence,
            observations=observations,
            conclusion=concluded,
            postings=propose_postings(item.claim, observations, concluded),
            seconds=Decimal(1),
            at=at,
        )
    ledger.finish_sweep("second", at)
