"""Workers of one sweep share its payers: each takes what account is free, and waits for others."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime

from billing.errors import AccountBusy, BadInput, LoginNotBefore
from flows.context import SweepContext
from flows.journal import log
from flows.settings import Settings

LOOK_SECONDS = 2  # between two looks whether an account is free
MOST_SESSIONS = 64

Session = Callable[[str], Awaitable[Exception | None]]
"""Asks one payer's portal; how that failed."""


def sessions_at_once(settings: Settings) -> int:
    """How many portals one worker is signed in to at a time, each in a browser of its own.

    Raises BadInput where ``sessions_at_once`` of [unattended] cannot be meant.
    """
    given = settings.unattended.get("sessions_at_once", MOST_SESSIONS)
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= MOST_SESSIONS:
        raise BadInput(
            f"Settings: [unattended] sessions_at_once is a whole number from 1 to {MOST_SESSIONS}"
        )
    return given


async def share(context: SweepContext, session: Session) -> None:
    """Hold sessions until every claim of the sweep has a result, whoever found it.

    An account that another worker has is looked at now and then: it is taken once it is free,
    which that of a worker that died becomes when its lease runs out. Raises what failed on our
    side, after the other payers' sessions have ended.
    """
    places = asyncio.Semaphore(sessions_at_once(context.settings))
    payers = context.pending_payers()
    random.shuffle(payers)  # workers that begin together begin with different payers
    ends = await asyncio.gather(
        *(_answer(context, payer, session, places) for payer in payers), return_exceptions=True
    )
    for end in ends:
        if isinstance(end, BaseException):
            raise end


async def _answer(
    context: SweepContext, payer: str, session: Session, places: asyncio.Semaphore
) -> None:
    waited = False
    while True:
        async with places:
            if not context.ledger.has_work(context.sweep_id, payer):
                return
            busy = context.ledger.account_held(payer) is not None
            end = AccountBusy(payer) if busy else await session(payer)
        if isinstance(end, AccountBusy):
            await asyncio.sleep(LOOK_SECONDS)
            continue
        if isinstance(end, LoginNotBefore) and not waited:
            waited = True
            await _until(context, payer, end.until)
            continue
        if end is not None:
            context.end_session(payer, end)
        return


async def _until(context: SweepContext, payer: str, until: datetime) -> None:
    log("login_waited_for", sweep=context.sweep_id, payer=payer, until=until)
    said = f"{until.astimezone():%H:%M}"
    sys.stderr.write(f"{payer}: its portal takes no login before {said}; it is waited for\n")
    await asyncio.sleep((until - context.ledger.now()).total_seconds())
