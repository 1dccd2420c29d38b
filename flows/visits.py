"""One payer account's share of a schedule: each visit's cover asked for, committed alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import monotonic

from billing.coverage import CoverageObservation, Visit, VisitConclusion
from billing.eligibility import conclude_visit, put_off, serves
from billing.errors import TryLater
from billing.ledger import Ledger, VisitItem, owner_name
from billing.model import Found, NoAnswer, Reason
from billing.report import Drift
from bots.eligibility_task import EligibilityTask
from bots.portal.browser import Browser
from bots.portal.eligibility import EligibilityDriver
from bots.portal.memory import SessionKeep
from bots.portal.session import PortalSession
from bots.profile import Profile
from bots.reading.canary import Canary
from bots.reading.drift import lost_of_cover
from flows.account_session import LEASE_SECONDS, MAY_PASS, TRIES_PER_ITEM, work_through
from flows.canary import ask_known_member, judge_known_member, remembered
from flows.journal import log
from flows.measured import Question


@dataclass(slots=True)
class VisitWork:
    """What it takes to work through one payer's visits of one schedule."""

    ledger: Ledger
    sweep_id: str
    profile: Profile
    task: EligibilityTask
    address: str
    browser: Browser
    secret: Callable[[str], str]
    today: date
    canary: Callable[[], Canary | None] = lambda: None
    keep: Callable[[], SessionKeep | None] = lambda: None
    owner: str = field(default_factory=owner_name)
    _question: Question = field(init=False)

    def __post_init__(self) -> None:
        self._question = Question(self.sweep_id, self.profile.id, "visit", self.ledger.store)

    async def run(self) -> None:
        """Answer every pending visit of this payer, as :func:`work_through` does.

        The canary's member is asked about first, where it has one. Raises CanaryFailed when the
        answer is not the known one.
        """
        await work_through(self)

    def asker(self, session: PortalSession) -> Callable[[VisitItem], Awaitable[Reason | None]]:
        """What asks ``session`` about one visit and settles it."""
        self._question.session = session
        driver = EligibilityDriver(session, self.task, self._question.keep)

        async def ask(item: VisitItem) -> Reason | None:
            self._question.begin()
            started = monotonic()
            try:
                observation = await driver.ask(item.visit)
            finally:
                await self._question.stored()
            self._note_lost(session, observation)
            answer = observation.answer
            if not isinstance(answer, NoAnswer):
                self._commit(item, observation, started)
                return None
            if item.attempts < TRIES_PER_ITEM and answer.reason in MAY_PASS:
                self._question.postponed(item.item_id, item.attempts, answer.reason)
                self.ledger.give_back_visit(item.item_id, item.fence)
            else:
                self._commit(item, observation, started)
            return answer.reason

        return ask

    def take(self) -> VisitItem | None:
        """The next visit to ask about, leased; one that a kept answer serves is settled."""
        while item := self.ledger.lease_visit(
            self.sweep_id,
            self.profile.id,
            self.owner,
            seconds=LEASE_SECONDS,
        ):
            now = datetime.now(UTC)
            known = kept_answer(self.ledger, self.task, item.visit, now)
            if known is None:
                return item
            self.ledger.settle_visit(
                item.item_id,
                item.fence,
                observation=None,
                conclusion=known,
                seconds=Decimal(0),
                at=now,
            )
        return None

    async def prepare(self) -> Callable[[PortalSession], Awaitable[None]]:
        """Read the canary; what asks about its member, where it has one, comes back."""
        canary = await asyncio.to_thread(self.canary)
        visit = canary.visited(self.profile.id, self.today) if canary else None

        async def begin(session: PortalSession) -> None:
            if canary is not None and visit is not None:
                store = self.ledger.store
                known = await ask_known_member(session, self.task, store, visit)
                self._note_lost(session, known)
                with remembered(self.ledger, self.profile.id, of_member=True):
                    judge_known_member(self.profile.id, known, canary)

        return begin

    def _note_lost(self, session: PortalSession, observation: CoverageObservation) -> None:
        """A page that was not known: what of the profile does it lack?"""
        lost = session.hand.lost.copy()
        session.hand.lost.clear()
        pages = [c for c in observation.captures if self.ledger.media_type(c) == "text/html"]
        answer = observation.answer
        if pages and isinstance(answer, NoAnswer) and answer.reason is Reason.UNKNOWN_PAGE:
            page = self.ledger.fetch(pages[-1])
            self.note_drift(replace(one, evidence=pages[-1]) for one in lost)
            self.note_drift(lost_of_cover(page, self.task, pages[-1]))

    async def finish(self) -> None:
        """Every answer is settled as it comes."""

    def note_drift(self, drift: Iterable[Drift]) -> None:
        """Keep where the portal was not as the profile says."""
        found = sorted(drift, key=str)
        if found:
            self.ledger.note_drift(self.sweep_id, self.profile.id, found)
            log("drift_found", sweep=self.sweep_id, payer=self.profile.id, places=len(found))

    def postpone(
        self, item: VisitItem, error: TryLater, started: float, *, tries: int = TRIES_PER_ITEM
    ) -> None:
        """Back to pending, unless this very visit has cost too many tries."""
        if item.attempts < tries:
            self._question.postponed(item.item_id, item.attempts, None, error)
            self.ledger.give_back_visit(item.item_id, item.fence)
            return
        answer = NoAnswer(Reason.UNREACHABLE, str(error))
        self._commit(item, CoverageObservation(datetime.now(UTC), answer, ()), started)

    def _commit(self, item: VisitItem, observation: CoverageObservation, started: float) -> None:
        before = self.ledger.last_coverage(item.visit, observation.observed_at)
        conclusion, asked = conclude_visit(item.visit, observation, earlier=before), monotonic()
        kept = self.ledger.settle_visit(
            item.item_id,
            item.fence,
            observation=observation,
            conclusion=conclusion,
            seconds=Decimal(f"{asked - started:.3f}"),
            at=datetime.now(UTC),
        )
        if kept:
            now, outcome = monotonic(), conclusion.outcome
            spent, committing = now - started, now - asked
            cost = self._question.cost()
            self._question.settled(item.item_id, item.attempts, outcome, spent, committing, cost)


def kept_answer(
    ledger: Ledger, task: EligibilityTask, visit: Visit, now: datetime
) -> VisitConclusion | None:
    """What the payer's last word within the profile's hours says of ``visit``; None without one."""
    since = now - timedelta(hours=task.at_most_once_hours)
    for kept in ledger.kept_answers(visit, since):
        observation = kept.observation
        answer = observation.answer
        same_day = kept.asked_for == visit.day
        if same_day or (
            isinstance(answer, Found) and serves(answer.value, kept.asked_for, visit.day)
        ):
            before = ledger.last_coverage(visit, observation.observed_at)
            return conclude_visit(visit, observation, earlier=before, kept=True)
    return None


def spare(ledger: Ledger, sweep_id: str, payer: str, task: EligibilityTask, *, today: date) -> None:
    """Settle the visits that need no asking now.

    Those are what the payer has said lately to the same question, and in its quiet hours all
    visits after tomorrow.
    """
    now = datetime.now(UTC)
    quiet, urgent_until = task.is_quiet(now), today + timedelta(days=1)
    later = f"The payer wants checks that can wait outside {task.quiet_hours}."

    def conclusion_for(visit: Visit) -> VisitConclusion | None:
        known = kept_answer(ledger, task, visit, now)
        if known is None and quiet and visit.day > urgent_until:
            return put_off(visit, later)
        return known

    ledger.conclude_visits(sweep_id, payer, conclusion_for, now)


def leave_visits(ledger: Ledger, sweep_id: str, payer: str | None, answer: NoAnswer) -> int:
    """Conclude every pending visit of ``payer`` as unanswered; how many."""
    now = datetime.now(UTC)
    unasked = CoverageObservation(now, answer, ())
    return ledger.conclude_visits(
        sweep_id, payer, lambda visit: conclude_visit(visit, unasked, earlier=None), now
    )
