"""The report of a week or month, written into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from billing.errors import BadInput
from billing.ledger import Ledger
from billing.operations import Costs
from bots.profile import load_profiles
from console.period import Told, work_out
from console.period_data import document
from console.period_sweeps import Span, files_of, month_end, tell_period
from console.words import counted
from flows.outputs import write_whole
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Reported:
    """A period's report: what it says for programs, its files, and a sentence."""

    document: dict[str, Any]
    files: dict[str, str]
    sentence: str


def run_period(settings: Settings, span: Span, *, until: date | None, out: Path | None) -> Reported:
    """Write the report of the week or month that ends with ``until``.

    By default the last seven days, or the last whole month. Raises BadInput when the ledger holds
    no finished sweep of the period, naming the last one there is, and when it cannot be written.
    """
    today = datetime.now(UTC).astimezone(settings.time_zone).date()
    last = until or (today if span is Span.WEEK else month_end(today))
    profiles = load_profiles(settings.profiles)
    ledger = settings.open_ledger()
    names = {one.id: one.file.payer.name for one in profiles.values()}
    told = tell_period(
        ledger, span, last, names, costs=Costs(**settings.costs), zone=settings.time_zone
    )
    if not told.now.sweeps:
        raise BadInput(_nothing(ledger, settings.home, told))
    folder = out or settings.artifacts / f"{span.value.lower()}-{last}"
    return _write(told, folder)


def _nothing(ledger: Ledger, home: Path, told: Told) -> str:
    none = f"The ledger in {home} holds no finished sweep from {told.now.first} to {told.now.last}"
    latest = ledger.latest_sweep()
    if latest is None:
        return f"{none}, nor any other: run claimsweep sweep first"
    if told.unfinished:
        return f"{none}, and {counted(told.unfinished, 'sweep')} begun: run the same sweep again"
    return f"{none}; the last one is of {ledger.business_date(latest)}: name its days with --until"


def _write(told: Told, folder: Path) -> Reported:
    worked = work_out(told)
    made = files_of(worked)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, data in made.values():
            write_whole(folder / file, data)
    except OSError as error:
        raise BadInput(
            f"{folder}: the report cannot be written ({error.strerror}); name another folder "
            "with --out"
        ) from error
    files = {what: str(folder / file) for what, (file, _) in made.items()}
    sentence = f"{told.title()}: {counted(len(told.now.sweeps), 'sweep')}, in {files['report']}"
    return Reported(document(worked), files, sentence)
