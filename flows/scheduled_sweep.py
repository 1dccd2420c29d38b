"""The scheduled sweep and eligibility check: the newest files of a folder, shared by workers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from billing.errors import BadInput, ClaimsweepError
from billing.ledger import Ledger, RunState, owner_name
from bots.exports.recognise import recognise
from bots.file_bytes import read_file
from bots.portal.browser import require_driver
from bots.profile import load_profiles
from console.swept import sweep_report
from console.words import counted
from flows.embedded import failed_in_orchestrator
from flows.intake import name_run
from flows.outputs import write_outputs
from flows.run import start_sweep
from flows.schedule import (
    begin_schedule,
    eligibility_report,
    take_in_schedule,
    write_eligibility,
)
from flows.scheduled import Occasion
from flows.scheduled_run import runs_of, works
from flows.settings import Settings
from flows.unattended import Entry, unattended

LOOK_SECONDS = 5  # between two looks whether an account that another worker has is free
INTAKE_SECONDS = 600
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
TURN = "{} taking in"


async def sweep_folder(settings: Settings, occasion: Occasion) -> str:
    """Sweep the newest export of each kind in the folder, together with the other workers."""

    def begin(ledger: Ledger, folder: Path, today: date) -> str:
        profiles, own = load_profiles(settings.profiles), settings.own_systems
        files = newest_of_each(folder, settings)
        return start_sweep(ledger, files, profiles, today, own=own, ask_all=False).sweep_id

    return await _together(settings, occasion, begin, _write_sweep)


async def check_appointments(settings: Settings, occasion: Occasion) -> str:
    """Check the cover of the visits in the newest schedule of the folder."""

    def begin(ledger: Ledger, folder: Path, today: date) -> str:
        files = _files(folder)
        if not files:
            raise BadInput(f"{folder}: holds no schedule of appointments; have one written there")
        newest = max(files, key=_age)
        intake = take_in_schedule(
            ledger,
            newest,
            load_profiles(settings.profiles),
            own=settings.own_systems,
            payer=None,
            limit=None,
        )
        sweep_id = f"eligibility-{name_run([intake.reading.sha256], today, None, None)}"
        begin_schedule(ledger, sweep_id, intake, today)
        ledger.reopen_unanswered(sweep_id)
        return sweep_id

    return await _together(settings, occasion, begin, _write_visits)


def newest_of_each(folder: Path, settings: Settings) -> list[Path]:
    """The newest export of each kind: what one system wrote under one name, but for its digits.

    Raises BadInput where there is none, or where one cannot be told.
    """
    newest: dict[tuple[str, str], Path] = {}
    for path in sorted(_files(folder), key=_age):
        found = recognise(read_file(path), path.name, own=settings.own_systems)
        newest[found.system.system, re.sub(r"[\d\W_]+", "", path.stem).casefold()] = path
    if not newest:
        raise BadInput(f"{folder}: holds no export; have the billing system write one there")
    return sorted(newest.values())


async def _together(
    settings: Settings,
    occasion: Occasion,
    begin: Callable[[Ledger, Path, date], str],
    write: Callable[[Settings, Ledger, str], str],
) -> str:
    """Begin the sweep of this occasion or join it, ask until all is settled, write its files."""
    require_driver()
    ledger = settings.open_ledger()
    try:
        sweep_id, joined = await _sweep_of(settings, ledger, occasion, begin)
        await ask_with_others(ledger, sweep_id)
        ledger.finish_sweep(sweep_id, datetime.now(UTC))
        if joined and occasion.hand > 1 and await _another_writes(settings, ledger, occasion):
            return f"Sweep {sweep_id}: done together with the other workers."
        return await asyncio.to_thread(write, settings, ledger, sweep_id)
    finally:
        ledger.close()


async def _another_writes(settings: Settings, ledger: Ledger, occasion: Occasion) -> bool:
    """Whether the hand that began the sweep, or the first, has written its files.

    While it lives it is waited for; it may yet die with its machine, and then we write them.
    """
    entry, _ = _entry(settings, occasion)
    while True:
        runs = [one for one in runs_of(ledger, entry, occasion.due) if one.sweep_id]
        writers = [
            one
            for one in runs
            if one.run_id != occasion.run_id and (one == runs[0] or one.about == occasion.name)
        ]
        if any(one.state is RunState.DONE for one in writers):
            return True
        if not any(works(ledger, one) for one in writers):
            return False
        await asyncio.sleep(LOOK_SECONDS)


async def _sweep_of(
    settings: Settings,
    ledger: Ledger,
    occasion: Occasion,
    begin: Callable[[Ledger, Path, date], str],
) -> tuple[str, bool]:
    """The sweep of the occasion, and whether another run of it had begun it."""
    entry, folder = _entry(settings, occasion)
    today = datetime.now(UTC).astimezone(settings.time_zone).date()
    turn, owner = TURN.format(occasion.name), owner_name()
    fence = await _turn(ledger, turn, owner)
    try:
        begun = [one.sweep_id for one in runs_of(ledger, entry, occasion.due) if one.sweep_id]
        joined = bool(begun) and ledger.business_date(begun[-1]) == today
        if joined:
            sweep_id = begun[-1]
            if not ledger.progress(sweep_id).unsettled:
                ledger.reopen_unanswered(sweep_id)
        else:
            sweep_id = await asyncio.to_thread(begin, ledger, folder, today)
            ledger.forget_notes(sweep_id)
        ledger.name_sweep_of(occasion.run_id, sweep_id)
        return sweep_id, joined
    finally:
        ledger.release_account(turn, owner, fence)


def _entry(settings: Settings, occasion: Occasion) -> tuple[Entry, Path]:
    entry = unattended(settings).entry(occasion.name)
    if entry is None or entry.folder is None:
        raise BadInput(f"[unattended] names no folder for {occasion.name}")
    return entry, entry.folder


async def _turn(ledger: Ledger, turn: str, owner: str) -> int:
    """Wait until no other worker takes files in; the fence of our turn."""
    for _ in range(INTAKE_SECONDS // LOOK_SECONDS):
        fence = ledger.lease_account(turn, owner, seconds=INTAKE_SECONDS)
        if fence is not None:
            return fence
        await asyncio.sleep(LOOK_SECONDS)
    raise ClaimsweepError("Another worker did not finish taking the files in; it is tried again")


async def ask_with_others(ledger: Ledger, sweep_id: str) -> None:
    """Ask until nothing is left, whoever asks: an account in another worker's hands is waited for,
    and taken over where that worker is gone."""
    from flows.sweep import sweep

    while ledger.progress(sweep_id).unsettled:
        if any(_free(ledger, payer) for payer in ledger.pending_payers(sweep_id)):
            try:
                await sweep(sweep_id)
            except Exception as error:
                if not failed_in_orchestrator(error):
                    raise
                await sweep.fn(sweep_id)
        if ledger.progress(sweep_id).unsettled:
            await asyncio.sleep(LOOK_SECONDS)


def _free(ledger: Ledger, payer: str | None) -> bool:
    return payer is None or ledger.account_held(payer) is None


def _write_sweep(settings: Settings, ledger: Ledger, sweep_id: str) -> str:
    ledger.take_up(datetime.now(UTC).astimezone(settings.time_zone).date())
    profiles, folder = load_profiles(settings.profiles), settings.artifacts / sweep_id
    report = sweep_report(ledger, sweep_id, profiles)
    write_outputs(ledger, report, profiles, folder, settings.own_systems)
    return _told(ledger, sweep_id, "claim", len(report.payer_notes))


def _write_visits(settings: Settings, ledger: Ledger, sweep_id: str) -> str:
    profiles, folder = load_profiles(settings.profiles), settings.artifacts / sweep_id
    report = eligibility_report(ledger, sweep_id, profiles)
    write_eligibility(ledger, report, profiles, folder, settings.own_systems)
    return _told(ledger, sweep_id, "visit", len(report.payer_notes))


def _told(ledger: Ledger, sweep_id: str, what: str, notes: int) -> str:
    night = ledger.night(sweep_id)
    answered = sum(one.items for one in night.tallies if one.answered or one.kept)
    look = f"; {counted(notes, 'portal')} to look at" if notes else ""
    return f"Sweep {sweep_id}: {answered} of {counted(night.items, what)} known{look}."


def _files(folder: Path) -> Sequence[Path]:
    """The exports in a folder, but for hidden ones and those still being written elsewhere."""
    try:
        listed = [path for path in folder.iterdir() if path.is_file()]
    except OSError as error:
        raise BadInput(f"{folder}: cannot be read ({error.strerror}); name the folder") from error
    return [p for p in listed if p.suffix.lower() in SUFFIXES and not p.name.startswith((".", "~"))]


def _age(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name
