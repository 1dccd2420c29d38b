"""Nights of faults, some side by side, as a table and as JSON.

PYTHONPATH=. python tests/chaos/run.py --faults 300 --side-by-side 2 --json artifacts/chaos.json
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from chaos_town import Town, town
from faults import FAULTS, Fault
from judge import Verdict, judge
from night import Night, small_disk

Afterwards = Callable[[Night, dict[str, Any] | None, dict[str, dict[str, int]]], None]
LOOK_SECONDS = 5.0
MORE_RUNS = 3
ENDED_IN_VAIN = 2
IDLE_IN_VAIN = 2  # waits: longer than any that the program has at these portals
TOWNS = get_context("spawn")


@dataclass
class Tally:
    """What nights came to. ``missed`` are faults that found nothing to happen to; ``resumes`` the
    seconds from a fault to the next result that the ledger held, by the fault's kind."""

    nights: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    verdicts: list[Verdict] = field(default_factory=list)
    resumes: list[tuple[str, float]] = field(default_factory=list)
    restarts: int = 0
    by_hand: int = 0
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Count the nights of another in."""
        self.nights += other.nights
        self.faults += other.faults
        self.missed += other.missed
        self.verdicts += other.verdicts
        self.resumes += other.resumes
        self.restarts += other.restarts
        self.by_hand += other.by_hand

    @property
    def kept(self) -> bool:
        """Whether every promise was kept every night."""
        return all(one.kept for one in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Figures, and the reason of each promise that was broken."""
        counts = Counter[str]()
        for verdict in self.verdicts:
            counts.update({k: v for k, v in asdict(verdict).items() if k != "why"})
        return {
            "nights": self.nights,
            "faults": sum(self.faults.values()),
            "restarts": self.restarts,
            "signed_in_by_hand": self.by_hand,
            "by_kind": dict(sorted(self.faults.items())),
            "missed": dict(sorted(self.missed.items())),
            "counts": dict(counts),
            "why": [line for one in self.verdicts if not one.kept for line in one.why],
            "resume_seconds": {"all": spread([seconds for _, seconds in self.resumes])}
            | {
                kind: spread([seconds for one, seconds in self.resumes if one == kind])
                for kind in sorted({kind for kind, _ in self.resumes})
            },
            "seconds": round(self.seconds),
        }


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    """How many there are, their median and the longest."""
    return {
        "measured": len(seconds),
        "median": round(median(seconds), 1) if seconds else None,
        "longest": round(max(seconds), 1) if seconds else None,
    }


def live_through(
    there: Town,
    folder: Path,
    faults: list[Fault],
    seed: int,
    tally: Tally,
    *,
    control: str = "",
    afterwards: Afterwards = lambda *_: None,
) -> Verdict:
    """One night in which these faults happen at moments that the seed picks, and its verdict.

    What is left in ``faults`` found nothing to disturb any more.
    ``afterwards`` is given the night while its files are there yet, with what its last sweep said
    and the portals' counts of before.
    """
    chance = random.Random(seed)
    with small_disk(folder) as own_disk:
        before = there.counters()
        night = Night(there, folder, own_disk, chance, control=control)
        night.prepare()
        most, ended, idle = len(faults) + MORE_RUNS, 0, 0
        while faults and night.unanswered() != 0:  # there is something left to disturb
            if not night.alive:
                if night.restarts > most:
                    break
                night.start()
            if not night.wait_until_at_work(chance.randint(1, 25)):
                ended += not night.alive
                idle = idle + 1 if night.alive else 0
                if idle == IDLE_IN_VAIN:  # it lives, and does nothing any more
                    night.hung += 1
                    night.kill_all()
                if ended == ENDED_IN_VAIN:  # by itself, so its accounts are stopped
                    night.sign_in_by_hand()
                    ended = 0
                continue
            ended = idle = 0
            fault = faults.pop(0)
            happened = fault.inject(night)
            (tally.faults if happened else tally.missed)[fault.kind] += 1
            if happened:
                night.note_fault(fault.kind)
        document = night.finish()
        verdict = judge(night, document, before)
        tally.nights += 1
        tally.verdicts.append(verdict)
        tally.resumes += night.resumes
        tally.restarts += night.restarts
        tally.by_hand += night.by_hand
        if not verdict.kept:
            words = night.said.with_suffix(".err")
            verdict.why.append(words.read_text()[-500:] if words.exists() else "no words")
        afterwards(night, document, before)
        return verdict


def live(seed: int, asked: argparse.Namespace, stop: Any, said: Any) -> None:
    """Night after night in one town, each told to ``said``, until ``stop`` is set."""
    chance, number = random.Random(seed), 0
    wanted = [one for one in FAULTS if asked.only in one.kind]
    bag: list[Fault] = []
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        with town(folder, seed=seed, claims=asked.claims) as there:
            while not stop.is_set():
                while len(bag) < asked.a_night:
                    bag += chance.sample(wanted, len(wanted))
                some, bag = bag[: asked.a_night], bag[asked.a_night :]
                number, tally = number + 1, Tally()

                def keep(night: Night, *_: object, tally: Tally = tally) -> None:
                    if asked.keep and not tally.kept:
                        place = asked.keep / f"{seed}-{night.folder.name}"
                        shutil.copytree(night.folder, place, dirs_exist_ok=True)

                place, chosen = folder / f"{number}", chance.getrandbits(32)
                live_through(there, place, some, chosen, tally, afterwards=keep)
                bag = some + bag
                said.put((f"town {seed}, night {number}", tally))


def nights(asked: argparse.Namespace, tally: Tally) -> Iterator[tuple[str, Tally]]:
    """Each night as it ends, of towns side by side, until ``tally`` has as many faults as asked.

    Each town is a process of its own, with its own portals and orchestrator, so that one works
    while another waits; the nights that are not over by then end, and are given too.
    Raises RuntimeError where a town ended by an error of the harness.
    """
    stop, said = TOWNS.Event(), TOWNS.Queue()
    running = [
        TOWNS.Process(target=live, args=(asked.seed + one, asked, stop, said))
        for one in range(asked.side_by_side)
    ]
    for one in running:
        one.start()
    try:
        while True:
            alive = any(one.is_alive() for one in running)
            try:
                yield said.get(timeout=LOOK_SECONDS)
            except Empty:
                if not alive:
                    break
            if sum(tally.faults.values()) >= asked.faults:
                stop.set()
    finally:
        stop.set()
    if any(one.exitcode for one in running):
        raise RuntimeError("a town ended before its night was over")


def main() -> int:
    """Run them, a line a night, and the table at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--a-night", type=int, default=len(FAULTS))
    parser.add_argument("--seed", type=int, default=1, help="of the first town")
    parser.add_argument("--claims", type=int, default=20)
    parser.add_argument("--side-by-side", type=int, default=2, help="towns at a time")
    parser.add_argument("--only", default="", help="faults whose names have this in them")
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--keep", type=Path, help="where the files of a broken night are kept")
    asked = parser.parse_args()
    if not any(asked.only in one.kind for one in FAULTS):
        parser.error(f"no fault is named {asked.only!r}")
    tally, started = Tally(), time.monotonic()
    for name, night in nights(asked, tally):
        tally.add(night)
        tally.seconds = time.monotonic() - started
        sys.stdout.write(
            f"{name}: {sum(tally.faults.values())} faults so far, "
            f"{'kept' if night.kept else f'BROKEN {night.verdicts}'}, {tally.seconds:.0f} s\n"
        )
        sys.stdout.flush()
        if asked.json:
            asked.json.parent.mkdir(parents=True, exist_ok=True)
            asked.json.write_text(json.dumps(tally.as_json(), indent=1) + "\n")
    found = tally.as_json()
    for kind, count in found["by_kind"].items():
        sys.stdout.write(f"{kind:<44} {count:>5}\n")
    for name, count in found["counts"].items():
        sys.stdout.write(f"{name.replace('_', ' '):<44} {count:>5}\n")
    for kind, seconds in found["resume_seconds"].items():
        sys.stdout.write(f"resumed after {kind:<44} {seconds}\n")
    return 0 if tally.kept else 1


if __name__ == "__main__":
    sys.exit(main())
