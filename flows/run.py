"""Runs a sweep, an eligibility check or one claim's check from arguments to files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic

from billing.coverage import EligibilityReport, VisitOutcome
from billing.errors import AccountBusy, BadInput, ClaimsweepError
from billing.ledger import Ledger, SweepStart
from billing.model import Outcome
from billing.report import SweepReport
from bots.exports.systems import System
from bots.portal.browser import require_driver
from bots.profile import Profile, load_profiles
from console.swept import sweep_report
from flows.embedded import embed, failed_in_orchestrator
from flows.intake import begin, name_run, name_sweep, take_in
from flows.measured import progress_told, sweep_told
from flows.outputs import write_outputs, write_whole
from flows.progress import Watch
from flows.recheck import leave_not_due
from flows.schedule import (
    begin_schedule,
    eligibility_report,
    take_in_schedule,
    write_eligibility,
)
from flows.settings import Settings
from flows.stopping import run_until_stopped
from flows.written_back import WrittenBack, written_back

WATCH_SECONDS = 1.0
TELL_SECONDS = 30  # from one line of the log about a sweep's progress to the next
BUSY_SECONDS = 2  # between two looks whether an account is free


@dataclass(frozen=True, slots=True)
class Swept:
    """A finished sweep: its report, its files, and how long it took in seconds."""

    report: SweepReport
    files: dict[str, str]
    seconds: float
    resumed: bool

    @property
    def useful(self) -> bool:
        """Whether any portal answered anything."""
        return any(r.conclusion.outcome is not Outcome.NO_ANSWER for r in self.report.results)


@dataclass(frozen=True, slots=True)
class Checked:
    """A finished eligibility check: its report, its files, and how long it took in seconds."""

    report: EligibilityReport
    files: dict[str, str]
    seconds: float
    resumed: bool

    @property
    def useful(self) -> bool:
        """Whether any payer's word on a visit is known."""
        none = VisitOutcome.NO_ANSWER
        return any(r.conclusion.outcome is not none for r in self.report.results)


def run_sweep(
    settings: Settings,
    exports: list[Path],
    *,
    payer: str | None,
    limit: int | None,
    ask_all: bool,
    out: Path | None,
    watch: Watch,
) -> Swept:
    """Sweep ``exports`` as a Prefect flow; the same call again resumes, or changes nothing.

    Claims that cannot have changed are left as they are known, unless ``ask_all``.
    """
    started = datetime.now(UTC)
    profiles = load_profiles(settings.profiles)
    require_driver()
    ledger = settings.open_ledger()
    today, own = started.astimezone(settings.time_zone).date(), settings.own_systems
    start = start_sweep(
        ledger, exports, profiles, today, own=own, payer=payer, limit=limit, ask_all=ask_all
    )
    ask_by_flow(settings, ledger, start.sweep_id, watch)
    ledger.take_up(today)
    report = sweep_report(ledger, start.sweep_id, profiles)
    folder = out or settings.artifacts / start.sweep_id
    files = write_outputs(ledger, report, profiles, folder, own)
    return Swept(report, files, (datetime.now(UTC) - started).total_seconds(), start.resumed)


def start_sweep(
    ledger: Ledger,
    exports: list[Path],
    profiles: Mapping[str, Profile],
    today: date,
    *,
    own: Sequence[System] = (),
    payer: str | None = None,
    limit: int | None = None,
    ask_all: bool,
) -> SweepStart:
    """Take the exports in as a sweep of ``today``, or take up the one there is; nothing is asked.

    ``own`` are the biller's own mappings. Raises BadInput naming the file when one cannot be used.
    """
    intake = take_in(ledger, exports, profiles, own=own, payer=payer, limit=limit)
    asked = (payer, limit, "all") if ask_all else (payer, limit)
    start = begin(ledger, name_sweep(intake, today, *asked), intake, today)
    ledger.reopen_unanswered(start.sweep_id)
    if not ask_all:
        leave_not_due(ledger, start.sweep_id, profiles, today)
    return start


def run_eligibility(
    settings: Settings,
    schedule: Path,
    *,
    payer: str | None,
    limit: int | None,
    out: Path | None,
    watch: Watch,
) -> Checked:
    """Check the visits of ``schedule`` as a Prefect flow; the same call again resumes."""
    started = datetime.now(UTC)
    profiles = load_profiles(settings.profiles)
    require_driver()
    ledger = settings.open_ledger()
    intake = take_in_schedule(
        ledger, schedule, profiles, own=settings.own_systems, payer=payer, limit=limit
    )
    today = started.astimezone(settings.time_zone).date()
    sweep_id = f"eligibility-{name_run([intake.reading.sha256], today, payer, limit)}"
    start = begin_schedule(ledger, sweep_id, intake, today)
    ledger.reopen_unanswered(sweep_id)
    ask_by_flow(settings, ledger, sweep_id, watch)
    report = eligibility_report(ledger, sweep_id, profiles)
    files = write_eligibility(
        ledger, report, profiles, out or settings.artifacts / sweep_id, settings.own_systems
    )
    return Checked(report, files, (datetime.now(UTC) - started).total_seconds(), start.resumed)


def run_check(settings: Settings, claim_id: str, exports: list[Path], *, watch: Watch) -> Swept:
    """Ask about one claim now, without the orchestrator: a person is waiting."""
    started = datetime.now(UTC)
    profiles = load_profiles(settings.profiles)
    require_driver()
    ledger = settings.open_ledger()
    intake = take_in(ledger, exports, profiles, own=settings.own_systems, claim_id=claim_id)
    today = started.astimezone(settings.time_zone).date()
    sweep_id = f"check-{started:%Y%m%d-%H%M%S-%f}"
    begin(ledger, sweep_id, intake, today)
    ask_directly(ledger, sweep_id, watch)
    ledger.take_up(today)
    report = sweep_report(ledger, sweep_id, profiles)
    return Swept(report, {}, (datetime.now(UTC) - started).total_seconds(), resumed=False)


def run_report(settings: Settings, sweep_id: str | None, *, out: Path | None) -> Swept:
    """Write a finished sweep's files again. Raises BadInput when there is none."""
    started = datetime.now(UTC)
    profiles = load_profiles(settings.profiles)
    ledger = settings.open_ledger()
    chosen = sweep_id or ledger.latest_sweep()
    if chosen is None:
        raise BadInput(f"The ledger in {settings.home} holds no sweep; run claimsweep sweep first")
    report = sweep_report(ledger, chosen, profiles)
    files = write_outputs(
        ledger, report, profiles, out or settings.artifacts / chosen, settings.own_systems
    )
    return Swept(report, files, (datetime.now(UTC) - started).total_seconds(), resumed=True)


def run_write_back(
    settings: Settings, sweep_id: str | None, *, out: Path | None
) -> tuple[tuple[WrittenBack, ...], Path]:
    """Write what goes back to the billing system of a finished sweep, and no other file of it.

    Returns what was written and the folder it is in. Raises BadInput when there is no sweep or
    the folder cannot be written.
    """
    ledger = settings.open_ledger()
    chosen = sweep_id or ledger.latest_sweep()
    if chosen is None:
        raise BadInput(f"The ledger in {settings.home} holds no sweep; run claimsweep sweep first")
    backs = written_back(
        ledger, ledger.report(chosen), load_profiles(settings.profiles), settings.own_systems
    )
    folder = out or settings.artifacts / chosen
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for back in backs:
            for name, data in back.files.values():
                write_whole(folder / name, data)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror}); name another") from error
    return backs, folder


def ask_directly(
    ledger: Ledger, sweep_id: str, watch: Watch, *, patience: timedelta = timedelta(0)
) -> None:
    """Ask about all that has no result yet without the orchestrator, and finish the sweep.

    An account that another run is signed in with is waited for as long as ``patience``.
    """

    async def ask() -> None:
        from flows.context import open_context

        context, until = open_context(sweep_id), datetime.now(UTC) + patience
        busy = True
        while busy:
            busy = False
            for payer in context.pending_payers():
                try:
                    await context.account_work(payer).run()
                except AccountBusy:
                    busy = datetime.now(UTC) < until
                except Exception as error:
                    context.end_session(payer, error)
            if busy:
                await asyncio.sleep(BUSY_SECONDS)

    with sweep_told(ledger, sweep_id):
        run_until_stopped(lambda: _watched(ask, ledger, sweep_id, watch))
        _require_all_settled(ledger, sweep_id)
        ledger.finish_sweep(sweep_id, datetime.now(UTC))


def ask_by_flow(settings: Settings, ledger: Ledger, sweep_id: str, watch: Watch) -> None:
    """Ask about all that has no result yet as a Prefect flow, and finish the sweep."""
    with sweep_told(ledger, sweep_id):
        _ask_by_flow(settings, ledger, sweep_id, watch)
        _require_all_settled(ledger, sweep_id)
        ledger.finish_sweep(sweep_id, datetime.now(UTC))


def _ask_by_flow(settings: Settings, ledger: Ledger, sweep_id: str, watch: Watch) -> None:
    embed(settings.home)
    if ledger.progress(sweep_id).unsettled:
        ledger.forget_notes(sweep_id)
        from flows.sweep import sweep

        of_visits = ledger.holds_visits(sweep_id)
        what = "visits" if of_visits else "claims"
        flow = sweep.with_options(name="eligibility") if of_visits else sweep
        try:
            run_until_stopped(lambda: _watched(lambda: flow(sweep_id), ledger, sweep_id, watch))
        except Exception as error:
            waiting = ledger.progress(sweep_id).unsettled
            if waiting and failed_in_orchestrator(error):
                raise ClaimsweepError(
                    f"The orchestrator failed ({type(error).__name__}) and {waiting} {what} wait: "
                    f"see that {settings.home} has room, then run the same command again."
                ) from error
            if waiting:
                raise


def _require_all_settled(ledger: Ledger, sweep_id: str) -> None:
    waiting = ledger.progress(sweep_id).unsettled
    if waiting:
        raise ClaimsweepError(
            f"{waiting} items of sweep {sweep_id} wait for an account that another run is signed "
            "in with; run the same command again when that run has ended."
        )


async def _watched(
    work: Callable[[], Awaitable[None]], ledger: Ledger, sweep_id: str, watch: Watch
) -> None:
    """Do ``work`` while ``watch`` is shown the ledger's progress."""

    async def look() -> None:
        told = monotonic()
        while True:
            now = await asyncio.to_thread(ledger.progress, sweep_id)  # sessions do not wait
            watch(now)
            if monotonic() - told >= TELL_SECONDS:
                told = monotonic()
                progress_told(ledger, sweep_id, now)
            await asyncio.sleep(WATCH_SECONDS)

    looking = asyncio.create_task(look())
    try:
        await work()
    finally:
        looking.cancel()
        watch(ledger.progress(sweep_id))
