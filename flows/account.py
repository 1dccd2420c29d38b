"""One payer account's share of a sweep: signed in once, each claim committed alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from time import monotonic

from billing.errors import (
    AccountBusy,
    BrowserLost,
    PortalClosed,
    SessionEnded,
    TryLater,
    UnknownPage,
    UnreadableDocument,
)
from billing.ledger import Ledger, LedgerError, WorkItem, owner_name
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Found,
    NoAnswer,
    Observation,
    Reason,
)
from billing.reconcile import conclude, propose_postings
from billing.remittance import excerpt
from billing.report import Drift
from bots.portal.browser import Browser
from bots.portal.driver import Asked, ClaimStatusDriver
from bots.portal.gate import closed
from bots.portal.session import PortalSession
from bots.profile import Profile
from bots.reading.canary import Canary
from bots.reading.drift import lost_fields
from bots.reading.eob import Reading, read_eob
from flows.canary import ask_canary, judge_canary
from flows.codes import code_from_person
from flows.login_book import AccountBook

LEASE_SECONDS = 300
TRIES_PER_CLAIM = 3
TRIES_PER_BROWSER_LOST = 2  # a claim whose page hangs every browser is left to a person
UNKNOWN_IN_A_ROW = 3  # the third unknown page running is a changed portal, not an odd claim
UNREACHABLE_IN_A_ROW = 3
PAUSE_SECONDS = 5  # a portal that could not answer is given time
SESSIONS_ENDED_IN_A_ROW = 3
MOST_READINGS = 300  # some 20 MB; ten thousand claims would take half a gigabyte
MAY_PASS = (Reason.UNAVAILABLE, Reason.UNREACHABLE)


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
    owner: str = field(default_factory=owner_name)
    _readings: dict[str, Reading | UnreadableDocument] = field(default_factory=dict)

    async def run(self) -> None:
        """Answer every pending item of this payer; nobody signs in when there is none.

        A canary is asked about first. Raises CanaryFailed when its answer is not the known one,
        AccountBusy when another run has the account, PortalClosed outside the portal's hours,
        TryLater when the portal is not to be had now, StopAccount, NeedsPerson or UnknownPage when
        a person must act first; items not answered stay pending.
        """
        if self._has_work():
            async with self._signed_in() as (session, fence):
                await self._ask_all(session, fence)

    async def run_canary(self) -> None:
        """Ask about the canary alone. Raises as :meth:`run` does."""
        async with self._signed_in():
            return

    @asynccontextmanager
    async def _signed_in(self) -> AsyncIterator[tuple[PortalSession, int]]:
        """The account's one session, its canary answered as known."""
        account, now = self.profile.id, datetime.now(UTC)
        self._require_open(now)
        canary = await asyncio.to_thread(self.canary)
        fence = self.ledger.lease_account(account, self.owner, seconds=LEASE_SECONDS, now=now)
        if fence is None:
            raise AccountBusy(f"{account}: another run is signed in with this account")
        beating = asyncio.create_task(self._hold(fence))
        try:
            attempts = self.profile.file.login.attempts_before_lockout
            book = AccountBook(self.ledger, account, attempts)
            ask = partial(code_from_person, self.ledger.home, account)
            async with PortalSession(
                self.profile, self.address, self.browser, self.secret, book, ask
            ) as session:
                try:
                    if canary is not None:
                        known = await ask_canary(session, self.ledger.store, canary)
                        self._note_lost(session, known)
                        judge_canary(account, known, canary)
                    yield session, fence
                finally:
                    self._note_drift(session.hand.drift)
        finally:
            beating.cancel()
            self.ledger.release_account(account, self.owner, fence)

    async def _ask_all(self, session: PortalSession, fence: int) -> None:
        driver = ClaimStatusDriver(session, self.ledger.store)
        unknown = unreachable = ended = lost = 0
        while self._has_work():
            self._require_open(datetime.now(UTC))
            item = self._next()
            if item is None:  # another run has the rest
                break
            started = monotonic()
            try:
                asked = await driver.ask(item.claim)
            except SessionEnded:
                ended += 1
                again = TryLater(f"{self.profile.id} ended the session whenever it was asked.")
                self._postpone(item, again, started)
                if ended == SESSIONS_ENDED_IN_A_ROW:
                    raise TryLater(f"{self.profile.id} ends every session at once") from None
                if self._has_work():
                    await session.renew()
                continue
            except BrowserLost as error:
                self._postpone(item, error, started, tries=TRIES_PER_BROWSER_LOST)
                await session.leave()
                lost += 1
                if lost == UNREACHABLE_IN_A_ROW:
                    raise
                if self._has_work():
                    await session.replace()
                continue
            except TryLater as error:
                self._postpone(item, error, started)
                raise
            ended = lost = 0
            self._note_lost(session, asked.observation)
            reason = await self._settle(item, asked, started)
            unknown = unknown + 1 if reason is Reason.UNKNOWN_PAGE else 0
            unreachable = unreachable + 1 if reason is Reason.UNREACHABLE else 0
            if unknown == UNKNOWN_IN_A_ROW:
                raise UnknownPage(
                    f"{self.profile.id}: {unknown} claims in a row met a page the profile does not "
                    "know; compare the captured pages with the profile"
                )
            if unreachable == UNREACHABLE_IN_A_ROW:
                raise TryLater(f"{self.profile.id} left {unreachable} claims in a row unanswered")
            await asyncio.sleep(PAUSE_SECONDS * unreachable)
            if not self._renew(fence):
                raise AccountBusy(f"{self.profile.id}: another run has taken the account")

    async def _hold(self, fence: int) -> None:
        """Keep the account ours however long a login or a claim takes."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 5)
            with suppress(LedgerError):  # another run is writing: the next beat comes in time
                self._renew(fence)

    def _renew(self, fence: int) -> bool:
        return self.ledger.renew_account(
            self.profile.id, self.owner, fence, seconds=LEASE_SECONDS, now=datetime.now(UTC)
        )

    def _require_open(self, now: datetime) -> None:
        shut = closed(self.profile, now=now)
        if shut is not None:
            raise PortalClosed(shut)

    def _has_work(self) -> bool:
        return self.profile.id in self.ledger.pending_payers(self.sweep_id)

    def _next(self) -> WorkItem | None:
        return self.ledger.lease_item(
            self.sweep_id,
            self.profile.id,
            self.owner,
            seconds=LEASE_SECONDS,
            now=datetime.now(UTC),
        )

    def _postpone(
        self, item: WorkItem, error: TryLater, started: float, *, tries: int = TRIES_PER_CLAIM
    ) -> None:
        """Back to pending, unless this very claim has cost too many tries."""
        if item.attempts < tries:
            self.ledger.give_back(item.item_id, item.fence)
            return
        answer = NoAnswer(Reason.UNREACHABLE, str(error))
        self._commit(item, [Observation(Channel.PORTAL, datetime.now(UTC), answer, ())], started)

    async def _settle(self, item: WorkItem, asked: Asked, started: float) -> Reason | None:
        """Commit what was learned, or ask again later; the reason when nothing was learned."""
        answer = asked.observation.answer
        again = item.attempts < TRIES_PER_CLAIM
        if isinstance(answer, NoAnswer):
            if again and answer.reason in MAY_PASS:
                self.ledger.give_back(item.item_id, item.fence)
            else:
                self._commit(item, [asked.observation], started)
            return answer.reason
        if again and asked.lost is not None:
            self.ledger.give_back(item.item_id, item.fence)
            return None
        observations = [asked.observation]
        match answer:
            case Found(ClaimStatus() as status) if asked.document is not None:
                number = status.payer_claim_number
                observations.append(await self._read(item.claim, number, asked.document))
            case Found() if asked.lost is not None:
                observations.append(no_document(asked.lost, ()))
        self._commit(item, observations, started)
        return None

    async def _read(self, claim: Claim, payer_claim_number: str, sha256: str) -> Observation:
        """What the EOB document says of this claim; a remittance of many claims is read once."""
        if sha256 not in self._readings:
            if len(self._readings) == MOST_READINGS:
                del self._readings[next(iter(self._readings))]  # the oldest
            data = self.ledger.fetch(sha256)
            try:
                self._readings[sha256] = await asyncio.to_thread(self.read_document, data)
            except UnreadableDocument as error:
                self._readings[sha256] = error
        return eob_observation(
            self._readings[sha256], sha256, claim=claim, payer_claim_number=payer_claim_number
        )

    def _commit(self, item: WorkItem, observations: list[Observation], started: float) -> None:
        conclusion = conclude(item.claim, observations, self.profile.rules, today=self.today)
        self.ledger.settle(
            item.item_id,
            item.fence,
            observations=observations,
            conclusion=conclusion,
            postings=propose_postings(item.claim, observations, conclusion),
            seconds=Decimal(f"{monotonic() - started:.3f}"),
            at=datetime.now(UTC),
        )

    def _note_lost(self, session: PortalSession, observation: Observation) -> None:
        """A page that was not known: what of the profile does it lack?"""
        lost = session.hand.lost.copy()
        session.hand.lost.clear()
        pages = [c for c in observation.captures if self.ledger.media_type(c) == "text/html"]
        match observation.answer:
            case NoAnswer(reason=Reason.UNKNOWN_PAGE) if pages:
                page, task = self.ledger.fetch(pages[-1]), self.profile.file.tasks.claim_status
                self._note_drift(replace(one, evidence=pages[-1]) for one in lost)
                self._note_drift(lost_fields(page, task, pages[-1]))

    def _note_drift(self, drift: Iterable[Drift]) -> None:
        if self.sweep_id:
            self.ledger.note_drift(self.sweep_id, self.profile.id, sorted(drift, key=str))


def eob_observation(
    reading: Reading | UnreadableDocument, sha256: str, *, claim: Claim, payer_claim_number: str
) -> Observation:
    """The EOB channel's observation of one claim: its part of a remittance that balances.

    A document that cannot be read, does not balance or does not hold the claim is no answer.
    """
    captures = (sha256,)
    if isinstance(reading, UnreadableDocument):
        return no_document(str(reading), captures)
    if not reading.balanced:
        first = reading.residuals[0]
        return no_document(
            f"The EOB does not balance: {first.equation} {first.where} is off by {first.dollars}.",
            captures,
        )
    holding = [
        remittance
        for remittance in reading.remittances
        if any(c.payer_claim_number == payer_claim_number for c in remittance.claims)
    ]
    if len(holding) != 1:
        return no_document(
            f"The EOB holds this claim in {len(holding)} payments instead of one.", captures
        )
    part = excerpt(holding[0], claim_id=claim.claim_id, payer_claim_number=payer_claim_number)
    return Observation(Channel.EOB, datetime.now(UTC), Found(part), captures, part.places)


def no_document(why: str, captures: tuple[str, ...]) -> Observation:
    """The EOB channel's observation when there is a document and it proves nothing."""
    answer = NoAnswer(Reason.NEEDS_PERSON, why)
    return Observation(Channel.EOB, datetime.now(UTC), answer, captures)


def make_reader(profile: Profile) -> Callable[[bytes], Reading]:
    """The EOB reader of one payer: only its own layout may recognise its documents."""
    layouts = {profile.id: profile.eob} if profile.eob is not None else {}
    return lambda data: read_eob(data, layouts)
