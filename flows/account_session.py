"""One payer account's session: signed in once with care, asked question by question, left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from billing.errors import (
    AccountBusy,
    BrowserLost,
    CodeAsked,
    LoginNotBefore,
    NeedsPerson,
    PortalClosed,
    SessionEnded,
    TryLater,
    UnknownPage,
)
from billing.ledger import Ledger, LedgerError, end_owner
from billing.model import Reason
from billing.report import Drift
from bots.portal.browser import Browser
from bots.portal.gate import closed
from bots.portal.memory import Memory, SessionKeep
from bots.portal.session import PortalSession
from bots.profile import Profile
from flows.codes import code_from_person
from flows.journal import log
from flows.login_book import AccountBook
from flows.measured import session_told

LEASE_SECONDS = 120  # how long a dead worker's account stays closed to the others
BEATS_PER_LEASE = 8
CLOCKS_DIFFER = timedelta(seconds=2)  # that waits, and that judges
HELD_OF_LEASE = 3 / 4  # what cannot be renewed is given up while there is time to sign out
TRIES_PER_ITEM = 3
TRIES_PER_BROWSER_LOST = 2  # a claim whose page hangs every browser is left to a person
UNKNOWN_IN_A_ROW = 3  # the third unknown page running is a changed portal, not an odd claim
UNREACHABLE_IN_A_ROW = 3
PAUSE_SECONDS = 5  # a portal that could not answer is given time
SESSIONS_ENDED_IN_A_ROW = 3
CODES_IN_A_ROW = 1  # a code that opens nothing is not followed by another
ANOTHER_CODE = "{} asks for another code after the one that it took; a person should look"
MAY_PASS = (Reason.UNAVAILABLE, Reason.UNREACHABLE)

Item = TypeVar("Item")


class Work(Protocol[Item]):
    """What one payer account's session works through, whatever is asked about."""

    ledger: Ledger
    sweep_id: str
    profile: Profile
    address: str
    browser: Browser
    owner: str

    @property
    def secret(self) -> Callable[[str], str]:
        """Gives a secret of this payer by its name."""

    @property
    def keep(self) -> Callable[[], SessionKeep | None]:
        """Gives the place where this payer's session lies between two runs; it may take a while."""

    def take(self) -> Item | None:
        """The next item, leased; None when there is none left."""

    def asker(self, session: PortalSession) -> Callable[[Item], Awaitable[Reason | None]]:
        """What asks ``session`` about one item and settles it; the reason when nothing came of it.

        It raises SessionEnded, CodeAsked and TryLater as a driver does. What the portal has said
        for good may be settled while the next item is asked about.
        """

    async def finish(self) -> None:
        """Wait until all that was asked about is settled. Raises what settling raised."""

    def postpone(
        self, item: Item, error: TryLater, started: float, *, tries: int = TRIES_PER_ITEM
    ) -> None:
        """Back to pending, unless this very item has cost too many tries."""

    async def prepare(self) -> Callable[[PortalSession], Awaitable[None]]:
        """What comes before the login; what comes back is done first in the session."""

    def note_drift(self, drift: Iterable[Drift]) -> None:
        """Keep where the portal was not as the profile says."""


async def work_through(work: Work[Item]) -> None:
    """Answer every pending item of this payer; nobody signs in when there is none.

    Raises AccountBusy when another run has the account, PortalClosed outside the portal's hours,
    TryLater when the portal is not to be had now, StopAccount, NeedsPerson or UnknownPage when a
    person must act first; items not answered stay pending.
    """
    if _has_work(work):
        async with signed_in(work) as (session, fence):
            await _ask_all(work, session, fence)


@asynccontextmanager
async def signed_in(work: Work[Item]) -> AsyncIterator[tuple[PortalSession, int]]:
    """The account's one session, with what the work wants to be known first."""
    with session_told(work.sweep_id, work.profile.id, work.owner):
        async with _signed_in(work) as inside:
            yield inside


@asynccontextmanager
async def _signed_in(work: Work[Item]) -> AsyncIterator[tuple[PortalSession, int]]:
    ledger, account = work.ledger, work.profile.id
    _require_open(work, ledger.now())
    _require_left(work, ledger.now())
    begin = await work.prepare()
    keep = await asyncio.to_thread(work.keep)
    fence = ledger.lease_account(account, work.owner, seconds=LEASE_SECONDS)
    if fence is None:
        raise AccountBusy(f"{account}: another run is signed in with this account")
    book = AccountBook(ledger, account, work.profile.file.login.attempts_before_lockout)
    ask = partial(code_from_person, ledger.home, account)
    session = PortalSession(
        work.profile, work.address, work.browser, work.secret, book, ask, Memory(keep)
    )
    try:
        async with _held(work, fence):
            ledger.take_over(work.sweep_id, account, work.owner)
            async with _inside(work, begin, session):
                yield session, fence
    finally:
        try:
            _hand_back(work, fence, session.left_open)
        except LedgerError:
            end_owner(work.owner)
            raise


@asynccontextmanager
async def _inside(
    work: Work[Item],
    begin: Callable[[PortalSession], Awaitable[None]],
    session: PortalSession,
) -> AsyncIterator[None]:
    drift: Iterable[Drift] = ()
    try:
        async with session:
            drift = session.hand.drift
            try:
                await begin(session)
            except CodeAsked:
                await session.confirm()
                await _once_more(begin, session)
            yield
    finally:
        if drift:
            work.note_drift(drift)


@asynccontextmanager
async def _held(work: Work[Item], fence: int) -> AsyncIterator[None]:
    """The account is ours inside, however long a login or a question takes.

    What is inside is stopped when another worker has taken it, and also when the ledger cannot be
    told in time that we live: then another may take it soon, and two must not be signed in.
    Raises AccountBusy for either.
    """
    now = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(LEASE_SECONDS * HELD_OF_LEASE) as lease:
            beating = asyncio.create_task(_beat(work, fence, lease, now))
            try:
                yield
            finally:
                beating.cancel()
    except TimeoutError:
        if not lease.expired():
            raise
        raise AccountBusy(
            f"{work.profile.id}: the account could not be held: another run has taken it, or the "
            "ledger could not be reached"
        ) from None


async def _beat(
    work: Work[Item], fence: int, lease: asyncio.Timeout, now: Callable[[], float]
) -> None:
    while not lease.expired():
        await asyncio.sleep(LEASE_SECONDS / BEATS_PER_LEASE)
        begun = now()
        with suppress(LedgerError):  # the next beat may come in time
            held = await asyncio.to_thread(_renew, work, fence, in_hand=True)
            if not lease.expired():
                lease.reschedule(begun + LEASE_SECONDS * HELD_OF_LEASE if held else begun)


async def _once_more(
    begin: Callable[[PortalSession], Awaitable[None]], session: PortalSession
) -> None:
    try:
        await begin(session)
    except CodeAsked:
        raise NeedsPerson(ANOTHER_CODE.format(session.profile.id)) from None


async def _ask_all(work: Work[Item], session: PortalSession, fence: int) -> None:
    try:
        await _ask_each(work, session, fence)
    finally:
        await work.finish()


async def _ask_each(work: Work[Item], session: PortalSession, fence: int) -> None:
    ask, account = work.asker(session), work.profile.id
    unknown = unreachable = ended = lost = codes = 0
    while _has_work(work):
        _require_open(work, work.ledger.now())
        item = work.take()
        if item is None:  # another run has the rest
            break
        started = monotonic()
        try:
            reason = await ask(item)
        except SessionEnded:
            ended += 1
            again = TryLater(f"{account} ended the session whenever it was asked.")
            work.postpone(item, again, started)
            if ended == SESSIONS_ENDED_IN_A_ROW:
                raise TryLater(f"{account} ends every session at once") from None
            if await _more(work):
                await session.renew()
            continue
        except CodeAsked:
            work.postpone(item, TryLater(f"{account} asked for a code each time."), started)
            if codes == CODES_IN_A_ROW:
                raise NeedsPerson(ANOTHER_CODE.format(account)) from None
            codes += 1
            await session.confirm()
            continue
        except BrowserLost as error:
            work.postpone(item, error, started, tries=TRIES_PER_BROWSER_LOST)
            await session.leave()
            lost += 1
            if lost == UNREACHABLE_IN_A_ROW:
                raise
            if await _more(work):
                await session.replace()
            continue
        except TryLater as error:
            work.postpone(item, error, started)
            raise
        ended = lost = codes = 0
        unknown = unknown + 1 if reason is Reason.UNKNOWN_PAGE else 0
        unreachable = unreachable + 1 if reason is Reason.UNREACHABLE else 0
        if unknown == UNKNOWN_IN_A_ROW:
            raise UnknownPage(
                f"{account}: {unknown} questions in a row met a page the profile does not "
                "know; compare the captured pages with the profile"
            )
        if unreachable == UNREACHABLE_IN_A_ROW:
            raise TryLater(f"{account} left {unreachable} questions in a row unanswered")
        await asyncio.sleep(PAUSE_SECONDS * unreachable)
        if not _renew(work, fence):
            raise AccountBusy(f"{account}: another run has taken the account")


def _renew(work: Work[Item], fence: int, *, in_hand: bool = False) -> bool:
    ledger, account = work.ledger, work.profile.id
    if in_hand:
        ledger.renew_work(work.sweep_id, account, work.owner, seconds=LEASE_SECONDS)
    return ledger.renew_account(account, work.owner, fence, seconds=LEASE_SECONDS)


def _hand_back(work: Work[Item], fence: int, left_open: float | None) -> None:
    """Let the account go; one whose portal may still have it signed in only runs out, for
    ``_require_left`` to see."""
    ledger, account = work.ledger, work.profile.id
    if left_open is None:
        ledger.release_account(account, work.owner, fence)
        return
    log("session_left_open", sweep=work.sweep_id, payer=account, owner=work.owner)
    at = ledger.now() - timedelta(seconds=monotonic() - left_open)
    ledger.renew_account(account, work.owner, fence, seconds=0, now=at)


def _require_left(work: Work[Item], now: datetime) -> None:
    """Where a portal takes no login after a session that was not left, none is tried too early."""
    minutes = work.profile.file.login.busy_minutes
    left = work.ledger.left_open(work.profile.id) if minutes is not None else None
    if left is None or minutes is None:
        return
    until = left + timedelta(minutes=minutes)
    if until - now > CLOCKS_DIFFER:
        raise LoginNotBefore(work.profile.id, until)


def _require_open(work: Work[Item], now: datetime) -> None:
    shut = closed(work.profile, now=now)
    if shut is not None:
        raise PortalClosed(shut)


async def _more(work: Work[Item]) -> bool:
    """Whether anything is left to ask, once all that was answered is settled."""
    await work.finish()
    return _has_work(work)


def _has_work(work: Work[Item]) -> bool:
    return work.ledger.has_work(work.sweep_id, work.profile.id)
