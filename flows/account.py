"""One payer account's claims of a sweep: each asked about, its EOB read, committed alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from time import monotonic

from billing.errors import TryLater, UnreadableDocument
from billing.ledger import Ledger, WorkItem, owner_name
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Found,
    NoAnswer,
    Observation,
    Reason,
)
from billing.recheck import Stays
from billing.reconcile import conclude, propose_postings
from billing.remittance import excerpt
from billing.report import Drift
from billing.suspects import proposal
from bots.claim_task import ClaimList
from bots.portal.browser import Browser
from bots.portal.driver import Asked, ClaimStatusDriver
from bots.portal.listed_claims import ListedClaims
from bots.portal.memory import SessionKeep
from bots.portal.session import PortalSession
from bots.profile import Profile
from bots.reading.canary import Canary
from bots.reading.drift import lost_fields
from bots.reading.eob import Reading, read_eob
from bots.reading.page import spelled
from flows.account_session import (
    LEASE_SECONDS,
    MAY_PASS,
    TRIES_PER_ITEM,
    signed_in,
    work_through,
)
from flows.background import background, keep_fees
from flows.canary import ask_canary, ask_known_member, judge_canary, judge_known_member, remembered
from flows.journal import log, type_of
from flows.measured import Cost, Question

SAYS_WHAT_WAS_PAID = ("F0", "F1")
MOST_READINGS = 300  # some 20 MB; ten thousand claims would take half a gigabyte


@dataclass(slots=True)
class AccountWork:
    """What it takes to work through one payer's items of one sweep."""

    ledger: Ledger
    sweep_id: str
    profile: Profile
    address: str
    browser: Browser
    secret: Callable[[str], str]
    read_document: Callable[[bytes], Reading]
    today: date
    canary: Callable[[], Canary | None] = lambda: None
    keep: Callable[[], SessionKeep | None] = lambda: None
    owner: str = field(default_factory=owner_name)
    _stays: Stays = field(default_factory=dict)
    _waiting: Mapping[date, int] = field(default_factory=dict)
    _readings: dict[str, Reading | UnreadableDocument] = field(default_factory=dict)
    _question: Question = field(init=False)
    _settling: asyncio.Task[None] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._question = Question(self.sweep_id, self.profile.id, "claim", self.ledger.store)

    async def run(self) -> None:
        """Answer every pending claim of this payer, as :func:`work_through` does.

        A canary is asked about first. Raises CanaryFailed when its answer is not the known one.
        """
        await work_through(self)

    async def run_canary(self) -> None:
        """Ask about the canary alone, its member too. Raises as :meth:`run` does."""
        async with signed_in(self) as (session, _):
            canary = await asyncio.to_thread(self.canary)
            task = self.profile.file.tasks.eligibility
            visit = canary.visited(self.profile.id, self.today) if canary else None
            if canary is not None and visit is not None and task is not None:
                known = await ask_known_member(session, task, self.ledger.store, visit)
                with remembered(self.ledger, self.profile.id, of_member=True):
                    judge_known_member(self.profile.id, known, canary)

    async def prepare(self) -> Callable[[PortalSession], Awaitable[None]]:
        """Read the canary; what asks about it comes back."""
        await asyncio.to_thread(keep_fees, self.ledger, self.profile)
        self._stays = await asyncio.to_thread(self.ledger.stays, self.profile.id)
        if self._claim_list is not None:
            self._waiting = await asyncio.to_thread(
                self.ledger.waiting_days, self.sweep_id, self.profile.id
            )
        canary = await asyncio.to_thread(self.canary)

        async def begin(session: PortalSession) -> None:
            if canary is not None:
                known = await ask_canary(session, self.ledger.store, canary)
                self._note_lost(_lost(session), known)
                with remembered(self.ledger, self.profile.id):
                    judge_canary(self.profile.id, known, canary)

        return begin

    def asker(self, session: PortalSession) -> Callable[[WorkItem], Awaitable[Reason | None]]:
        """What asks ``session`` about one claim and settles it."""
        self._question.session = session
        driver, listed = ClaimStatusDriver(session, self._question.keep), self._claim_list
        portal = driver if listed is None else ListedClaims(driver, listed, self._waiting)

        async def ask(item: WorkItem) -> Reason | None:
            self._question.begin()
            started = monotonic()
            try:
                asked = await portal.ask(item.claim)
            finally:
                await self._question.stored()
            await self.finish()
            cost, answer = self._question.cost(), asked.observation.answer
            settling = asyncio.to_thread(self._settle, item, asked, _lost(session), started, cost)
            if isinstance(answer, NoAnswer) or asked.lost is not None:
                await settling  # it may be pending again, and what follows counts on that
            else:
                self._settling = asyncio.create_task(settling)
            return answer.reason if isinstance(answer, NoAnswer) else None

        return ask

    @property
    def _claim_list(self) -> ClaimList | None:
        return self.profile.file.tasks.claim_status.claim_list

    async def finish(self) -> None:
        """Wait until the last answer is settled, which may be while the next claim is asked about.

        Raises what settling raised.
        """
        settling, self._settling = self._settling, None
        if settling is not None:
            await settling

    def take(self) -> WorkItem | None:
        """The next claim, leased."""
        return self.ledger.lease_item(
            self.sweep_id,
            self.profile.id,
            self.owner,
            seconds=LEASE_SECONDS,
        )

    def postpone(
        self, item: WorkItem, error: TryLater, started: float, *, tries: int = TRIES_PER_ITEM
    ) -> None:
        """Back to pending, unless this very claim has cost too many tries."""
        if item.attempts < tries:
            self._question.postponed(item.item_id, item.attempts, None, error)
            self.ledger.give_back(item.item_id, item.fence)
            return
        answer = NoAnswer(Reason.UNREACHABLE, str(error))
        self._commit(
            item,
            [Observation(Channel.PORTAL, datetime.now(UTC), answer, ())],
            started,
            self._question.cost(),
        )

    def _settle(
        self, item: WorkItem, asked: Asked, lost: set[Drift], started: float, cost: Cost
    ) -> None:
        """Commit what was learned, or ask again later; every capture is stored by now."""
        self._note_lost(lost, asked.observation)
        answer = asked.observation.answer
        again = item.attempts < TRIES_PER_ITEM
        if isinstance(answer, NoAnswer):
            if again and answer.reason in MAY_PASS:
                self._question.postponed(item.item_id, item.attempts, answer.reason)
                self.ledger.give_back(item.item_id, item.fence)
            else:
                self._commit(item, [asked.observation], started, cost)
            return
        if again and asked.lost is not None and not asked.for_good:
            self._question.postponed(item.item_id, item.attempts, None)
            self.ledger.give_back(item.item_id, item.fence)
            return
        observations = [asked.observation]
        match answer:
            case Found(ClaimStatus() as status) if asked.document is not None:
                number = status.payer_claim_number
                observations.append(self._read(item.claim, number, asked.document))
            case Found() if asked.lost is not None:
                observations.append(no_document(asked.lost, ()))
        self._commit(item, observations, started, cost)

    def _read(self, claim: Claim, payer_claim_number: str, sha256: str) -> Observation:
        """What the EOB document says of this claim; a remittance of many claims is read once."""
        if sha256 not in self._readings:
            if len(self._readings) == MOST_READINGS:
                del self._readings[next(iter(self._readings))]  # the oldest
            data, began = self.ledger.fetch(sha256), monotonic()
            try:
                read = self.read_document(data)
            except UnreadableDocument as error:
                self._readings[sha256] = error
                self._note_read(data, began, error)
            else:
                self._readings[sha256] = read
                self._note_read(data, began, payments=len(read.remittances))
                self.ledger.receive(
                    sha256,
                    [replace(one, payer=read.payer) for one in read.remittances],
                    read.residuals,
                    channel=Channel.EOB,
                    run=self.sweep_id,
                    at=datetime.now(UTC),
                )
        return eob_observation(
            self._readings[sha256], sha256, claim=claim, payer_claim_number=payer_claim_number
        )

    def _note_read(
        self,
        data: bytes,
        began: float,
        error: UnreadableDocument | None = None,
        payments: int | None = None,
    ) -> None:
        log(
            "document_read",
            sweep=self.sweep_id,
            payer=self.profile.id,
            seconds=monotonic() - began,
            bytes=len(data),
            payments=payments,
            type=type_of(error),
        )

    def _commit(
        self, item: WorkItem, observations: list[Observation], started: float, cost: Cost
    ) -> None:
        conclusion = conclude(
            item.claim,
            observations,
            self.profile.rules,
            today=self.today,
            beside=background(self.ledger, self.profile, item, observations, self._stays),
        )
        asked = monotonic()
        kept = self.ledger.settle(
            item.item_id,
            item.fence,
            observations=observations,
            conclusion=conclusion,
            postings=propose_postings(item.claim, observations, conclusion),
            seconds=Decimal(f"{asked - started:.3f}"),
            at=datetime.now(UTC),
        )
        if kept:
            now, outcome = monotonic(), conclusion.outcome
            spent, committing = now - started, now - asked
            self._question.settled(item.item_id, item.attempts, outcome, spent, committing, cost)

    def _note_lost(self, lost: set[Drift], observation: Observation) -> None:
        """A page that was not known: what of the profile does it lack?"""
        pages = [c for c in observation.captures if self.ledger.media_type(c) == "text/html"]
        match observation.answer:
            case NoAnswer(reason=Reason.UNKNOWN_PAGE) if pages:
                page, task = self.ledger.fetch(pages[-1]), self.profile.file.tasks.claim_status
                self.note_drift(replace(one, evidence=pages[-1]) for one in lost)
                self.note_drift(lost_fields(page, task, pages[-1]))
            case Found(ClaimStatus(paid=None, category=str(category))) if pages:
                # a decided claim states what was paid, unless the portal calls it otherwise now
                field = self.profile.file.tasks.claim_status.read.fields.get("paid")
                if field is not None and category.startswith(SAYS_WHAT_WAS_PAID):
                    self.note_drift([Drift(f"paid: {spelled(field)}", evidence=pages[-1])])

    def note_drift(self, drift: Iterable[Drift]) -> None:
        """Keep where the portal was not as the profile says."""
        found = sorted(drift, key=str)
        if self.sweep_id and found:
            self.ledger.note_drift(self.sweep_id, self.profile.id, found)
            log("drift_found", sweep=self.sweep_id, payer=self.profile.id, places=len(found))


def _lost(session: PortalSession) -> set[Drift]:
    """What the page asked about last lacked of the profile."""
    lost = session.hand.lost.copy()
    session.hand.lost.clear()
    return lost


def eob_observation(
    reading: Reading | UnreadableDocument, sha256: str, *, claim: Claim, payer_claim_number: str
) -> Observation:
    """The EOB channel's observation of one claim: its part of a remittance that balances.

    A document that cannot be read, does not balance or does not hold the claim is no answer.
    """
    captures = (sha256,)
    if isinstance(reading, UnreadableDocument):
        return no_document(str(reading), captures)
    holding = [
        (remittance, found, sure)
        for remittance, found, sure in zip(
            reading.remittances, reading.residuals, reading.confidence, strict=True
        )
        if any(c.payer_claim_number == payer_claim_number for c in remittance.claims)
    ]
    if len(holding) != 1:
        return no_document(
            f"The EOB holds this claim in {len(holding)} payments instead of one.", captures
        )
    ((remittance, open_equations, sure),) = holding
    if open_equations:
        first = open_equations[0]
        why = f"The EOB does not balance: {first.equation} {first.where} is off by {first.dollars}."
        if only := proposal(remittance, open_equations, sure):
            page = remittance.places[only.path].page
            why += (
                f" One correction would close every equation: {only.path} on page {page} was read "
                f"as {only.read} and would be {only.closing} ({only.why}); compare it there."
            )
        return no_document(why, captures)
    part = excerpt(remittance, claim_id=claim.claim_id, payer_claim_number=payer_claim_number)
    return Observation(Channel.EOB, datetime.now(UTC), Found(part), captures, part.places)


def no_document(why: str, captures: tuple[str, ...]) -> Observation:
    """The EOB channel's observation when there is a document and it proves nothing."""
    answer = NoAnswer(Reason.NEEDS_PERSON, why)
    return Observation(Channel.EOB, datetime.now(UTC), answer, captures)


def make_reader(profile: Profile) -> Callable[[bytes], Reading]:
    """The EOB reader of one payer: only its own layout may recognise its documents."""
    layouts = {profile.id: profile.eob} if profile.eob is not None else {}
    return lambda data: read_eob(data, layouts)
