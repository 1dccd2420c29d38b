"""Run thousands of random histories of payments against the model, and say how many differ.

PYTHONPATH=. python tests/benchmarks/exactly_once.py --histories 10000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from posting_histories import make_template, run_history


def one(arguments: tuple[Path, Path, int]) -> tuple[int, int, str]:
    """A history's number, its acts, and in what it differs, if it does."""
    folder, template, seed = arguments
    try:
        return seed, run_history(folder, template, seed), ""
    except Exception as error:
        return seed, 0, f"{type(error).__name__}: {error}"


def main() -> int:
    """Run them, a line for each that differs, and the sum at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None, help="best in memory")
    asked = parser.parse_args()
    started, acts, different = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(dir=asked.folder) as name, Pool(asked.processes) as pool:
        folder = Path(name)
        template = make_template(folder / "template")
        seeds = range(asked.first, asked.first + asked.histories)
        for done, (seed, count, said) in enumerate(
            pool.imap_unordered(one, ((folder, template, seed) for seed in seeds)), start=1
        ):
            acts += count
            if said:
                different += 1
                sys.stdout.write(f"history {seed}: {said}\n")
            if done % 500 == 0:
                seconds = time.monotonic() - started
                sys.stdout.write(f"{done:,} histories, {different} differ, {seconds:.0f} s\n")
                sys.stdout.flush()
    sys.stdout.write(
        f"{asked.histories:,} histories, {acts:,} acts, {different} differ, "
        f"{time.monotonic() - started:.0f} s\n"
    )
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
