"""Whether inquiries about awkward people fit the models of 5010 that linuxforhealth-x12 has.

Not among the packages that are installed: ``pip install linuxforhealth-x12`` (0.57 was tried), then
``python tests/benchmarks/inquiries_5010.py``.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from test_edi_inquiries import SEEDS, claims, visits
from test_edi_write import AT, CLAIM, PARTIES, VISIT

from bots.edi.inquiries import claim_status_inquiry, eligibility_inquiry

VALIDATES = """
import sys
import pydantic.v1  # which the validator was written for
sys.modules["pydantic"] = pydantic.v1
from linuxforhealth.x12.io import X12ModelReader
for file in sys.argv[1:]:
    try:
        with X12ModelReader(file) as reader:
            count = sum(1 for _ in reader.models())
        print(file, count)
    except Exception as error:
        print(file, type(error).__name__, " ".join(str(error).split()))
"""


def main() -> int:
    """Validate them, and three spoilt ones; 1 when a good one is faulted or a spoilt one is not.

    Of a 270 the models take one subscriber to a receiver only.
    """
    if importlib.util.find_spec("linuxforhealth") is None:
        sys.exit("linuxforhealth-x12 is not installed; pip install linuxforhealth-x12")
    good = claim_status_inquiry([CLAIM], PARTIES, AT)
    made = {f"{seed}.276": claim_status_inquiry(claims(seed), PARTIES, AT) for seed in SEEDS}
    made |= {
        f"{seed}-{number}.270": eligibility_inquiry([visit], PARTIES, AT)
        for seed in SEEDS
        for number, visit in enumerate(visits(seed))
    }
    spoilt = {
        "level.276": good.replace(b"HL*3*2*19*1", b"HL*3*2*24*1"),
        "count.276": good.replace(b"SE*16*", b"SE*18*"),
        "day.270": eligibility_inquiry([VISIT], PARTIES, AT).replace(b"*D8*20260106", b"*XX*1"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (made | spoilt).items():
            (Path(folder) / name).write_bytes(data)
        command = [sys.executable, "-W", "ignore", "-c", VALIDATES, *sorted(made | spoilt)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    wrong = {name: what for name, what in said.items() if not what.isdigit()}
    for name, what in wrong.items():
        sys.stdout.write(f"{name}: {what[:200]}\n")
    sys.stdout.write(f"{len(made)} inquiries and {len(spoilt)} spoilt ones, {len(wrong)} faulted\n")
    return 0 if len(said) == len(made | spoilt) and wrong.keys() == spoilt.keys() else 1


if __name__ == "__main__":
    sys.exit(main())
