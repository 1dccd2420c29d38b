"""Nights of faults, one after the other, as a table and as JSON.

PYTHONPATH=. python tests/chaos/run.py --faults 300 --json artifacts/chaos.json
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults import FAULTS, Fault
from judge import Verdict, judge
from night import Night, Town, small_disk, town

Afterwards = Callable[[Night, dict[str, Any] | None, dict[str, dict[str, int]]], None]


@dataclass
class Tally:
    """What many nights came to."""

    nights: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    verdicts: list[Verdict] = field(default_factory=list)
    resumes: list[float] = field(default_factory=list)
    restarts: int = 0
    seconds: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether every promise was kept every night."""
        return all(one.kept for one in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Figures, and the reason of each promise that was broken."""
        counts = Counter[str]()
        for verdict in self.verdicts:
            counts.update({k: v for k, v in asdict(verdict).items() if k != "why"})
        spread = sorted(self.resumes)
        return {
            "nights": self.nights,
            "faults": sum(self.faults.values()),
            "restarts": self.restarts,
            "by_kind": dict(sorted(self.faults.items())),
            "counts": dict(counts),
            "why": [line for one in self.verdicts if not one.kept for line in one.why],
            "resume_seconds": {
                "measured": len(spread),
                "median": round(median(spread), 1) if spread else None,
                "longest": round(spread[-1], 1) if spread else None,
            },
            "seconds": round(self.seconds),
        }


def live_through(
    there: Town,
    folder: Path,
    faults: Sequence[Fault],
    seed: int,
    tally: Tally,
    *,
    control: str = "",
    afterwards: Afterwards = lambda *_: None,
) -> Verdict:
    """One night in which these faults happen at moments that the seed picks, and its verdict.

    ``afterwards`` is given the night while its files are there yet, with what its last sweep said
    and the portals' counts of before.
    """
    chance = random.Random(seed)
    with small_disk(folder) as own_disk:
        before = there.counters()
        night = Night(there, folder, own_disk, chance, control=control)
        night.prepare()
        waiting = list(faults)
        while waiting:
            if not night.alive:
                night.start()
            fault = waiting.pop(0)
            if not night.wait_until_at_work(chance.randint(1, 25)):
                if night.restarts > len(faults) + 3:
                    break
                if not night.alive and night.restarts and night.settled() >= len(there.truth):
                    break  # there is nothing left to disturb
                waiting.insert(0, fault)
                continue
            if fault.inject(night):
                tally.faults[fault.kind] += 1
        document = night.finish()
        verdict = judge(night, document, before)
        tally.nights += 1
        tally.verdicts.append(verdict)
        tally.resumes += night.resumes
        tally.restarts += night.restarts
        if not verdict.kept:
            words = night.said.with_suffix(".err")
            verdict.why.append(words.read_text()[-500:] if words.exists() else "no words")
        afterwards(night, document, before)
        return verdict


def main() -> int:
    """Run them, a line a night, and the table at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--a-night", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--claims", type=int, default=8)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--orchestrator", help="the API of a Prefect server that runs already")
    asked = parser.parse_args()
    tally, chance, started = Tally(), random.Random(asked.seed), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        with town(
            folder, seed=asked.seed, claims=asked.claims, orchestrator=asked.orchestrator
        ) as there:
            bag: list[Fault] = []
            while sum(tally.faults.values()) < asked.faults:
                some: list[Fault] = []
                while len(some) < asked.a_night:
                    bag = bag or chance.sample(FAULTS, len(FAULTS))
                    some.append(bag.pop())
                number = tally.nights + 1
                verdict = live_through(there, folder / f"{number}", some, number, tally)
                tally.seconds = time.monotonic() - started
                sys.stdout.write(
                    f"night {number}: {sum(tally.faults.values())} faults so far, "
                    f"{'kept' if verdict.kept else f'BROKEN {verdict}'}, {tally.seconds:.0f} s\n"
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
    sys.stdout.write(f"resume time in seconds: {found['resume_seconds']}\n")
    return 0 if tally.kept else 1


if __name__ == "__main__":
    sys.exit(main())
