"""How near a sweep comes to waiting for nothing but the portal: one table of ratios, and JSON.

``make bench`` runs it. Every ratio is of two things done by turns in this run, because the machine
may be busy with others; the simulated portals (seed 1) take the named time for every answer, and
nothing else of them is slow. Exit 1 when an answer of either side is not the key's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from beside_script import DIRECT, OURS, PLAIN, Round, rounds
from starting import Start, first_requests, helps

from bots.portal.browser import find_browser

AIMS = {0.0: (None, None), 100.0: (1.15, 0.90), 1000.0: (1.05, 0.97)}
PACKAGES = ("playwright", "prefect", "sqlalchemy", "pandas")


def table(sessions: Sequence[Round], starts: Sequence[Start]) -> list[list[str]]:
    """Rows of what was measured, the figure, and what it should be."""
    rows = [["what (simulated portals)", "measured", "aim"]]
    for answer_ms in sorted({one.answer_ms for one in sessions}):
        here = [one for one in sessions if one.answer_ms == answer_ms]
        script, ours, direct = _of(here, PLAIN), _of(here, OURS), _of(here, DIRECT)
        name = OURS if ours else DIRECT
        ours = ours or direct
        if not (script and ours):
            continue
        beside, share = AIMS.get(answer_ms, (None, None))
        at = f"at {answer_ms:,.0f} ms"
        rows += [
            [f"{at}: seconds a claim, script", f"{_each(script):.3f}", ""],
            [f"{at}: seconds a claim, {name}", f"{_each(ours):.3f}", ""],
            [f"{at}: {name} / script", f"{_each(ours) / _each(script):.2f}x", _most(beside)],
            [f"{at}: processor seconds of the command, script", f"{_cpu(script):.1f}", ""],
            [f"{at}: processor seconds of the command, {name}", f"{_cpu(ours):.1f}", ""],
            [f"{at}: share that waits for the portal, script", f"{_share(script):.0%}", ""],
            [
                f"{at}: share that waits for the portal, {name}",
                f"{_share(ours):.0%}",
                f">= {share:.0%}" if share else "",
            ],
        ]
        if name == OURS and direct:
            more = _each(ours) / _each(direct) - 1
            rows.append([f"{at}: a claim with Prefect over one without", f"{more:+.1%}", "<= 1%"])
    for ours_named, other, aim in (
        ("claimsweep --help", "prefect --help", 0.3),
        ("claimsweep check", "bare launch", 2.0),
    ):
        one = [start for start in starts if start.what == ours_named]
        two = [start for start in starts if start.what == other]
        if one and two:
            clock = median(s.seconds for s in one) / median(s.seconds for s in two)
            cpu = median(s.cpu for s in one) / median(s.cpu for s in two)
            rows.append([f"{ours_named} / {other}", f"{clock:.2f}x", _most(aim)])
            if other == "prefect --help":  # a check's processor time is of all that follows too
                rows.append([f"{ours_named} / {other}, processor", f"{cpu:.2f}x", ""])
    return rows


def _of(some: Sequence[Round], side: str) -> list[Round]:
    return [one for one in some if one.side == side and not one.failed]


def _each(some: Sequence[Round]) -> float:
    return median(one.each for one in some)


def _share(some: Sequence[Round]) -> float:
    return median(one.share for one in some)


def _cpu(some: Sequence[Round]) -> float:
    return median(one.cpu for one in some)


def _most(aim: float | None) -> str:
    return f"<= {aim}x" if aim else ""


def machine() -> dict[str, Any]:
    """Where this ran, and how busy it was when it began."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "browser": find_browser().version,
        **{name: version(name) for name in PACKAGES},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON; 0 when all went well and as the key says."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        os.environ.setdefault("PREFECT_HOME", folder)
        about = machine()
        sides = (PLAIN, DIRECT) if options.direct else (PLAIN, OURS, DIRECT)
        sessions = [
            one
            for answer_ms in options.answer_ms
            for one in rounds(answer_ms, options.claims, options.times, sides)
        ]
        starts = [*helps(options.starts), *first_requests(options.starts)]
    rows = table(sessions, starts)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|---|---|---|")
    about["load at the end"] = round(os.getloadavg()[0], 1)
    told = ", ".join(f"{name} {value}" for name, value in about.items())
    wrong = [sentence for one in sessions for sentence in one.wrong]
    wrong += [
        f"{one.side} at {one.answer_ms:.0f} ms: {one.failed}" for one in sessions if one.failed
    ]
    lines += ["", f"{told}; {options.claims} claims, {options.times} rounds, medians"]
    lines += [f"WRONG {sentence}" for sentence in wrong]
    sys.stdout.write("\n".join(lines) + "\n")
    if options.json:
        document = {
            "machine": about,
            "table": rows,
            "sessions": [asdict(one) for one in sessions],
            "starts": [asdict(one) for one in starts],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, prog="make bench")
    parser.add_argument("--claims", type=int, default=15, help="asked about in each round (15)")
    parser.add_argument("--times", type=int, default=3, help="rounds of each side (3)")
    parser.add_argument("--starts", type=int, default=7, help="starts of each command (7)")
    parser.add_argument(
        "--answer-ms", type=float, nargs="*", default=(0.0, 100.0, 1000.0), help="(0 100 1000)"
    )
    parser.add_argument(
        "--direct", action="store_true", help="no Prefect, which a busy machine starts slowly"
    )
    parser.add_argument("--json", type=Path, help="where the figures go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
