"""One scheduled thing is done once: whether it is due, that nobody else does it, how it ended."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from billing.errors import ClaimsweepError
from billing.ledger import Ledger, LedgerError, Run, RunState, owner_name
from bots.profile import load_profiles
from flows import journal
from flows.schedule_pauses import paused_by, standing_since
from flows.scheduled import RESUME, Missed, Occasion
from flows.settings import PROJECT, Settings
from flows.unattended import Entry, unattended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WHAT = "scheduled"
"""What the runs of scheduled things are called in the ledger."""

BY = "schedule"
LEASE_SECONDS = 300
MOST_FAILURES = 3
"""So often a thing is tried anew after a failure; what was killed is taken up without end."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a scheduled thing: how its run ended, None where none was begun, and a
    sentence."""

    state: RunState | None
    said: str
    run_id: int | None = None


async def do(settings: Settings, name: str, *, hand: int = 1, due: datetime | None = None) -> Done:
    """Do what is called ``name``, if it is to be done: because it was ``due`` then (aware), or,
    with None, because a person asks for it now.

    A thing that is paused, done already, or in another worker's hands is left alone.
    """
    entry = unattended(settings).entry(name)
    if entry is None:
        return Done(None, f"{name} is not in force by the settings of this machine.")
    ledger, now = settings.open_ledger(), datetime.now(UTC)
    try:
        if due is not None and (why := why_not(settings, ledger, entry, now, due=due)):
            return Done(None, why)
        if await asyncio.to_thread(entry.row.nothing_to_do, settings):
            return Done(None, "There was nothing to do.")
        about = _about(name, hand)
        async with _alone(ledger, about) as alone:
            if not alone:
                return Done(None, "Another worker is doing it.")
            return await _run(settings, ledger, entry, about, hand, due or now)
    finally:
        ledger.close()


async def resume(settings: Settings) -> str:
    """Do all that was cut off or missed, and can still be done; a sentence about it."""
    ledger, done = settings.open_ledger(), []
    who = paused_by(ledger, RESUME.name)
    ledger.close()
    if who:
        return f"It is paused, by {who}."
    for entry in unattended(settings).entries:
        if entry.name != RESUME.name:
            ledger, now = settings.open_ledger(), datetime.now(UTC)
            late = still_due(settings, ledger, entry, now)
            ledger.close()
            if late:
                found = await do(settings, entry.name, due=entry.last_due(now))
                done += [entry.name] if found.state is not None else []
    return f"Taken up: {', '.join(done)}." if done else "Nothing was cut off or missed."


def why_not(
    settings: Settings, ledger: Ledger, entry: Entry, now: datetime, *, due: datetime
) -> str | None:
    """Why what was ``due`` is not to be done now, in a sentence; None where it is."""
    last = entry.last_due(now)
    if who := paused_by(ledger, entry.name):
        return f"It is paused, by {who}."
    if due < last:
        return "A later one is due already; this one is left."
    if entry.row.missed is Missed.SAME_DAY and _day(last, entry) != _day(now, entry):
        return "Its day is over; the next one is waited for."
    runs = runs_of(ledger, entry, last)
    if entry.row.shared and any(works(ledger, one, now) for one in runs):
        return None
    if any(one.state is RunState.STOPPED for one in runs):
        return "A person stopped it."
    done = [one for one in runs if one.state is RunState.DONE]
    if done and not _opened_since(settings, ledger, done[-1], now):
        return "It was done already."
    if sum(one.state is RunState.FAILED for one in runs) >= MOST_FAILURES:
        return f"It failed {MOST_FAILURES} times; a person should look."
    return None


def still_due(settings: Settings, ledger: Ledger, entry: Entry, now: datetime) -> bool:
    """Whether its last occasion was cut off or missed since it was set up or last resumed."""
    last = entry.last_due(now)
    since = standing_since(ledger, entry.name)
    if (
        since is None
        or since > last
        or any(works(ledger, one, now) for one in runs_of(ledger, entry, last))
    ):
        return False
    return why_not(settings, ledger, entry, now, due=last) is None


def runs_of(ledger: Ledger, entry: Entry, since: datetime) -> Sequence[Run]:
    """Its runs since then, whichever worker's, the oldest first."""
    names = {_about(entry.name, hand) for hand in range(1, entry.hands + 1)}
    return [one for one in ledger.runs_since(WHAT, since) if one.about in names]


def _opened_since(settings: Settings, ledger: Ledger, run: Run, now: datetime) -> bool:
    """Whether a portal that was closed when a sweep came to it has opened since."""
    if run.sweep_id is None or run.ended_at is None:
        return False
    night, profiles = ledger.night(run.sweep_id), load_profiles(settings.profiles)
    left = {one.payer for one in night.tallies if one.due and not one.answered}
    for payer in profiles.keys() & left:
        opens = profiles[payer].file.session.opens
        for at in (run.begun_at, run.ended_at):
            opened = opens(at)
            if opened is not None and opened <= now:
                return True
    return False


async def _run(
    settings: Settings, ledger: Ledger, entry: Entry, about: str, hand: int, due: datetime
) -> Done:
    """Enter the run, do the work, and enter how it ended."""
    now = datetime.now(UTC)
    ledger.end_cut_off(WHAT, about, now)
    run_id = ledger.begin_run(WHAT, about, sweep_id=None, by=BY, owner=owner_name(), at=now)
    ledger.take_run(run_id, now)
    journal.log("scheduled_begun", name=entry.name)
    state, said = RunState.FAILED, ""
    try:
        work = entry.row.load_work()
        said = await work(settings, Occasion(entry.name, due, run_id, hand))
        state = RunState.DONE
    except ClaimsweepError as error:
        said = str(error)
    except Exception as error:
        said = f"Unexpected {type(error).__name__} at {_place(error)}."
    except BaseException:
        stopped = any(
            one.run_id == run_id and one.stop_asked_at for one in ledger.runs_since(WHAT, now)
        )
        state = RunState.STOPPED if stopped else RunState.INTERRUPTED
        raise
    finally:
        ended = datetime.now(UTC)
        ledger.end_run(run_id, state, said, at=ended)
        spent = (ended - now).total_seconds()
        journal.log("scheduled_ended", name=entry.name, outcome=state, seconds=max(0.0, spent))
    return Done(state, said, run_id)


@asynccontextmanager
async def _alone(ledger: Ledger, about: str) -> AsyncIterator[bool]:
    """Whether this worker alone does it, as long as the block lasts."""
    lease, owner = lease_of(about), owner_name()
    fence = ledger.lease_account(lease, owner, seconds=LEASE_SECONDS)
    if fence is None:
        yield False
        return

    async def hold() -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 5)
            with suppress(LedgerError):
                ledger.renew_account(lease, owner, fence, seconds=LEASE_SECONDS)

    holding = asyncio.create_task(hold())
    try:
        yield True
    finally:
        holding.cancel()
        ledger.release_account(lease, owner, fence)


def lease_of(about: str) -> str:
    """The lease in the ledger of who does it."""
    return f"schedule {about}"


def works(ledger: Ledger, run: Run, now: datetime | None = None) -> bool:
    """Whether somebody is at work on the run, on whichever machine, at ``now``: by the ledger's
    clock where none is given."""
    return run.alive and ledger.account_held(lease_of(run.about), now) is not None


def _about(name: str, hand: int) -> str:
    return name if hand == 1 else f"{name}/{hand}"


def _day(at: datetime, entry: Entry) -> object:
    return at.astimezone(entry.zone).date()


def _place(error: BaseException) -> str:
    """The last line of ours that the error came through, without its text."""
    return next(_ours(error), "a place that is not ours")


def _ours(error: BaseException) -> Iterator[str]:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(PROJECT) and "site-packages" not in path.parts:
            yield f"{path.relative_to(PROJECT)}:{frame.lineno}"
