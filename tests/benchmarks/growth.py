"""What a claim costs while the ledger fills: sweeping, reconciling, the queue, the reports.

``bench.py --parts filled`` fills a ledger with so many claims of earlier nights (``--filled`` names
how many) and times the same work at each size: no portal and no browser, the disk as it is; by the
clock and of the processor. On a machine that does other things beside it, only what the processor
took means much. All data is made up.
"""

from __future__ import annotations

import csv
import gc
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from books import export_rows
from ledger_samples import conclusion, paid, payment
from many_nights import fill_by_copies
from web_console import desk_over, person, serving, visitor
from x12_samples import remittance_file

from billing.cases import CaseState
from billing.ledger import Ledger, owner_name
from billing.model import Outcome
from billing.people import Role
from bots.profile import load_profiles
from console.period_sweeps import Span
from flows.period import run_period
from flows.reconciling import reconcile
from flows.run import run_report, start_sweep
from flows.settings import Settings, load_settings

SIZES = (1_000, 10_000, 100_000, 1_000_000)
NIGHT = 5_000  # claims of one sweep
ASKED = 200
ROWS = 500
PAGES = 3
PAGE_BYTES = 30_000
LOOKS = 9
ROUNDS = 3
AIM = 1.3


@dataclass(slots=True)
class Size:
    """What was measured with so many claims in the ledger: milliseconds, by name, of the clock and
    of the processor."""

    claims: int
    filled_seconds: float = 0.0
    ledger_megabytes: float = 0.0
    peak_megabytes: int = 0
    milliseconds: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str, times: int = 1) -> Iterator[None]:
        """What is done within is ``times`` pieces of the work called ``name``."""
        gc.collect()  # what was done before is not charged to this
        begun, worked = time.perf_counter(), time.process_time()
        yield
        self.milliseconds[name] = (time.perf_counter() - begun) * 1000 / times
        self.processor[name] = (time.process_time() - worked) * 1000 / times

    def take_least(self, other: Size) -> None:
        """Of each time the lesser: what the machine did beside is in the other."""
        for mine, theirs in (
            (self.milliseconds, other.milliseconds),
            (self.processor, other.processor),
        ):
            mine |= {name: min(took, mine.get(name, took)) for name, took in theirs.items()}


def work(settings: Settings, ledger: Ledger, size: Size, folder: Path) -> None:
    """A night of ASKED claims, as a session asks them but without its portal; then its files, a
    reconciliation of ROWS rows, and the reports of its week and month."""
    chance, owner, now = random.Random(1), owner_name(), datetime.now(UTC)
    today = now.astimezone(settings.time_zone).date()
    profiles = load_profiles(settings.profiles)
    payer = min(profiles)
    waiting = ledger.count_cases()[CaseState.OPEN]
    with size.timed("open case weighed anew, once a day", waiting):
        ledger.take_up(today)
    known = conclusion(Outcome.PAID)
    assert known.finding is not None
    known = replace(known, finding=replace(known.finding, kind="paid-not-posted"))
    export = folder / "unpaid.csv"
    _write(export, ASKED, profiles[payer].file.payer.name)
    with size.timed("row of an export taken in", ASKED):
        sweep = start_sweep(ledger, [export], profiles, today, ask_all=True).sweep_id
    with size.timed("claim leased, stored, settled", ASKED):
        while ledger.has_work(sweep, payer):
            item = ledger.lease_item(sweep, payer, owner, seconds=600)
            assert item is not None
            pages = [ledger.store(chance.randbytes(PAGE_BYTES), "text/html") for _ in range(PAGES)]
            assert ledger.settle(
                item.item_id,
                item.fence,
                observations=[paid(pages[0]), paid(pages[1])],
                conclusion=replace(known, evidence=(pages[0],)),
                postings=[payment(item.claim.claim_id)],
                seconds=Decimal(1),
                at=now,
            )
    assert ledger.progress(sweep).answered == ASKED
    ledger.finish_sweep(sweep, now)
    with size.timed("claim taken up in the queue", ASKED):
        ledger.take_up(today)
    with size.timed("claim in the night's files", ASKED):
        run_report(settings, sweep, out=folder / "night")
    aging, remittance = folder / "aging.csv", folder / "payments.835"
    _write(aging, ROWS, "Exampla Health")
    remittance.write_bytes(b"".join(remittance_file(ROWS)))
    with size.timed("row reconciled", ROWS):
        reconcile(
            settings,
            exports=[aging],
            remittances=[remittance],
            deposits=[],
            out=folder / "reconciled",
        )
    for span, days in ((Span.WEEK, 7), (Span.MONTH, 30)):
        told = ASKED + min(size.claims, (days - 1) * NIGHT)
        with size.timed(f"claim in the report of the {span.value.lower()}", told):
            run_period(settings, span, until=today, out=folder / span.value)


def _write(export: Path, rows: int, payer: str) -> None:
    heads, *claims = export_rows(rows)
    at = heads.index("Insurance")
    with export.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows([*row[:at], payer, *row[at + 1 :]] for row in claims)


def look(home: Path, size: Size) -> None:
    """The queue's first page, the last that it lists, and pages of one payer, each LOOKS times."""
    desk = desk_over(home)
    person(desk.ledger, Role.BILLER)
    with serving(desk) as address:
        biller = visitor(address, "biller")
        for name, path in (
            ("queue, first page", "/"),
            ("queue, of one payer and kind", "/?payer=tidewater&kind=partly-denied"),
            ("queue, a view without cases", "/?payer=larkspur&kind=partly-denied"),
            ("queue, far page", f"/?start={size.claims // 2}"),
        ):
            biller.get(path)
            with size.timed(name, LOOKS):
                for _ in range(LOOKS):
                    biller.get(path)


def measure(claims: int, rounds: int = ROUNDS) -> Size:
    """Everything at one size: of each the least of so many rounds, each over the same ledger."""
    found = Size(claims)
    with tempfile.TemporaryDirectory() as name:
        filled = Path(name) / "filled"
        ledger = load_settings(home=filled).open_ledger()
        begun = time.process_time()
        fill_by_copies(ledger, claims, min(claims, NIGHT), datetime.now(UTC))
        ledger.close()
        found.filled_seconds = round(time.process_time() - begun, 1)
        found.ledger_megabytes = (filled / "ledger.sqlite").stat().st_size / 1e6
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(dir=name) as folder:
                found.take_least(_round(filled, Path(folder), claims))
    found.peak_megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def _round(filled: Path, folder: Path, claims: int) -> Size:
    one, home = Size(claims), folder / "home"
    shutil.copytree(filled, home)
    settings = load_settings(home=home)
    ledger = settings.open_ledger()
    work(settings, ledger, one, folder)
    look(home, one)
    ledger.close()
    return one


def table(sizes: Sequence[Size]) -> str:
    """A row for each piece of work: milliseconds by size, of the clock and of the processor, and
    the most of each over the smallest size's."""
    heads = [f"{one.claims:,}" for one in sizes]
    lines = [f"| milliseconds (of the processor) | {' | '.join(heads)} | ratio |"]
    lines.append("|---" * (len(sizes) + 2) + "|")
    for name in sizes[0].milliseconds:
        taken = [(one.milliseconds[name], one.processor[name]) for one in sizes]
        shown = " | ".join(f"{clock:,.2f} ({worked:,.2f})" for clock, worked in taken)
        clock, worked = (max(each) / each[0] for each in zip(*taken, strict=True))
        lines.append(f"| {name} | {shown} | {clock:.2f}x ({worked:.2f}x) |")
    kept = " | ".join(f"{one.ledger_megabytes:,.0f}" for one in sizes)
    peak = " | ".join(f"{one.peak_megabytes:,}" for one in sizes)
    lines += [f"| ledger, megabytes | {kept} | |", f"| this process at its most | {peak} | |"]
    return "\n".join(lines)


def rows(sizes: Sequence[Size]) -> list[list[str]]:
    """What a claim costs in the largest ledger: what was measured, the figure, and the aim."""
    first, last = sizes[0], sizes[-1]
    at = f"{last.claims:,} / {first.claims:,} claims in the ledger"
    return [
        [
            f"{at}: {name} (of the processor)",
            f"{last.milliseconds[name] / first.milliseconds[name]:.2f}x "
            f"({last.processor[name] / first.processor[name]:.2f}x)",
            f"<= {AIM}x",
        ]
        for name in first.milliseconds
    ]
