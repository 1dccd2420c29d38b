"""How fast and in how much memory a generated 835 is read, beside a bare split and other readers.

``python tests/benchmarks/edi_read.py --peers VENV/bin/python`` compares with what of pyx12 and
edi-835-parser that interpreter has; ``--memory`` reads 10,000 and 1,000,000 claims for peak memory.
The file is simulated. Seconds are processor time, the best of five.
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from x12_samples import remittance_file

from bots.reading.x12 import Segments
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_json import write_document
from bots.reading.x12_remittance import Payment, whole

CLAIMS = 10_000
PEERS = {
    "pyx12, segments": (
        "from pyx12.x12file import X12Reader\nrun = lambda: sum(1 for _ in X12Reader(path))"
    ),
    "edi-835-parser, claims": "from edi_835_parser import parse\nrun = lambda: parse(path)",
}
TIMED = """
import sys, time, warnings
warnings.simplefilter("ignore")
path, best = sys.argv[1], 1e9
{code}
for _ in range(3):
    began = time.process_time(); run(); best = min(best, time.process_time() - began)
print(best)
"""


def best_of(run: Callable[[], object], times: int = 5) -> float:
    """The shortest processor time of several runs, in seconds."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        run()
        spent.append(time.process_time() - began)
    return min(spent)


def bare_split(data: bytes) -> int:
    """What the fastest reader that keeps nothing would do."""
    return sum(1 for segment in data.decode().split("~") if segment.split("*"))


def readers(data: bytes) -> dict[str, Callable[[], object]]:
    """Ours, each doing more than the one before."""
    return {
        "bare split": lambda: bare_split(data),
        "segments": lambda: sum(1 for _ in Segments(io.BytesIO(data))),
        "envelopes": lambda: [sum(1 for _ in t.texts) for t in Interchanges(io.BytesIO(data))],
        "claims": lambda: [
            sum(1 for _ in Payment(t).claims()) for t in Interchanges(io.BytesIO(data))
        ],
        "whole remittance": lambda: [
            whole(Payment(t), "0" * 64) for t in Interchanges(io.BytesIO(data))
        ],
    }


def peak_memory(claims: int, folder: Path) -> None:
    """Write a file of ``claims`` claims, read it to JSON, and print the process's peak memory."""
    file = folder / f"{claims}.835"
    with file.open("wb") as out:
        out.writelines(remittance_file(claims))
    began = time.process_time()
    with (folder / f"{claims}.json").open("w", encoding="utf-8") as out:
        tally = write_document(file, out)
    seconds = time.process_time() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = file.stat().st_size / 1e6
    sys.stdout.write(
        f"{tally.claims:>9,} claims, {size:7.1f} MB, {tally.unbalanced} unbalanced: "
        f"{seconds:6.1f} s to JSON, peak {megabytes} MB\n"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="an interpreter that has other readers")
    parser.add_argument("--memory", action="store_true", help="peak memory instead of speed")
    parser.add_argument("--claims", type=int, help="peak memory with so many claims")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.claims:
            peak_memory(asked.claims, folder)
        elif asked.memory:
            for claims in (CLAIMS, 100 * CLAIMS):
                command = [sys.executable, __file__, "--claims", str(claims)]
                subprocess.run(command, check=True)
        else:
            compare(folder / "ten-thousand.835", asked.peers)


def compare(file: Path, peers: Path | None) -> None:
    """Print the time of each reader, and how many times that of a bare split."""
    data = b"".join(remittance_file(CLAIMS))
    file.write_bytes(data)
    sys.stdout.write(f"{CLAIMS:,} claims, {len(data) / 1e6:.1f} MB\n")
    measured = {name: best_of(run) for name, run in readers(data).items()}
    for name, code in PEERS.items() if peers else ():
        command = [str(peers), "-c", TIMED.format(code=code), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            measured[name] = float(done.stdout)
        else:
            sys.stdout.write(f"{name}: not there\n")
    split = measured["bare split"]
    for name, seconds in measured.items():
        sys.stdout.write(f"{name:<24} {seconds:7.3f} s  {seconds / split:6.1f} x bare split\n")


if __name__ == "__main__":
    main()
