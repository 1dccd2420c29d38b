"""Every figure of speed as one table of ratios, and JSON: ``make bench``.

Each ratio is of two things done in this run, those that the clock judges by turns, because the
machine may be busy with others. The simulated portals (seed 1) take the named time for an answer,
and nothing else of them is slow. Exit 1 when an answer of either side is not the key's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import growth
import side_by_side
from beside_script import DIRECT, OURS, PLAIN, rounds
from claim_lists import claim_of, declared, patient_profile, told
from machine_told import load, machine
from portal_faults import MEDICAID, SWEEP
from speed import session_rows, start_rows
from starting import first_requests, helps

from bots.portal.browser import find_browser
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.truth import truth_rows

HEADS = ["what (simulated portals)", "measured", "aim"]


@dataclass
class Part:
    """What one part measured: its rows of the table, its figures, its answers unlike the key;
    ``each`` is a table of its own, with all that was measured."""

    rows: list[list[str]]
    figures: list[dict[str, Any]]
    wrong: list[str] = field(default_factory=list)
    each: str = ""


def sessions(asked: argparse.Namespace) -> Part:
    """A sweep beside the shortest script, with and without the orchestrator."""
    sides = (PLAIN, DIRECT) if asked.direct else (PLAIN, OURS, DIRECT)
    found = [one for ms in asked.answer_ms for one in rounds(ms, asked.claims, asked.times, sides)]
    wrong = [sentence for one in found for sentence in one.wrong]
    wrong += [f"{one.side} at {one.answer_ms:.0f} ms: {one.failed}" for one in found if one.failed]
    return Part(session_rows(found), [asdict(one) for one in found], wrong)


def starts(asked: argparse.Namespace) -> Part:
    """The command beside commands that do as little as can be done."""
    found = [*helps(asked.starts), *first_requests(asked.starts)]
    return Part(start_rows(found), [asdict(one) for one in found])


def lists(asked: argparse.Namespace) -> Part:
    """The same claims by the portal's list of many, and by a search each."""
    browser, world = find_browser(), make_world(1, asked.listed, AS_OF)
    claims = [claim_of(one, n) for n, one in enumerate(world.medicaid.billed, 2)]
    alone = declared(patient_profile(), claim_list=None)
    key = {row["claim_id"]: row for row in truth_rows(world) if row["payer"] == MEDICAID}
    found, wrong = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, profile in (("by the list", None), ("a search each", alone)):
            home = Path(folder) / name
            with told(home, browser, claims, world=world, profile=profile, worth=5) as it:
                seconds = it.seconds / len(claims)
                found.append({"how": name, "pages": it.pages_a_claim, "seconds": seconds})
                for one in it.night.ledger.results(SWEEP):
                    said, wanted = one.conclusion, key[one.claim.claim_id]
                    paid = None if said.paid is None else str(said.paid)
                    if (said.outcome, paid) != (wanted["outcome"], wanted["paid"]):
                        wrong.append(f"{name}, item {one.item_id}: outcome or paid amount")
    by_list, searched = found
    at = f"{asked.listed} claims, a search each / by a list"
    rows = [
        [f"{at}: pages", f"{searched['pages'] / by_list['pages']:.1f}x", ">= 3x"],
        [f"{at}: seconds at 0 ms", f"{searched['seconds'] / by_list['seconds']:.1f}x", ""],
    ]
    return Part(rows, found, wrong)


def logins(asked: argparse.Namespace) -> Part:
    """Several logins in one sweep."""
    found = [side_by_side.measure(one, asked.claims_a_login, 1000.0) for one in asked.logins]
    wrong = [sentence for one in found for sentence in one.wrong]
    each = side_by_side.table(found)
    return Part(side_by_side.rows(found), [asdict(one) for one in found], wrong, each)


def filled(asked: argparse.Namespace) -> Part:
    """The same work with more and more claims of earlier nights in the ledger."""
    growth.measure(100, rounds=1)  # what is loaded once is not the smallest ledger's
    found = []
    for claims in asked.filled:
        found.append(growth.measure(claims, asked.rounds))
        sys.stderr.write(f"{found[-1]}\n")
    return Part(growth.rows(found), [asdict(one) for one in found], each=growth.table(found))


PARTS: dict[str, Callable[[argparse.Namespace], Part]] = {
    one.__name__: one for one in (starts, sessions, lists, logins, filled)
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON; 0 when all went well and as the key says."""
    asked = _parser().parse_args(arguments)
    os.umask(0o077)
    parts: dict[str, Part] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        os.environ.setdefault("PREFECT_HOME", folder)
        about = machine()
        for name in asked.parts:
            sys.stderr.write(f"{name}: {PARTS[name].__doc__}\n")
            parts[name] = PARTS[name](asked)
            about[f"load after {name}"] = load()
    rows = [row for part in parts.values() for row in part.rows]
    wrong = [sentence for part in parts.values() for sentence in part.wrong]
    lines = [f"| {' | '.join(row)} |" for row in (HEADS, ["---"] * 3, *rows)]
    lines += [f"\n{part.each}" for part in parts.values() if part.each]
    lines += ["", ", ".join(f"{name} {value}" for name, value in about.items())]
    lines += [f"WRONG {sentence}" for sentence in wrong]
    sys.stdout.write("\n".join(lines) + "\n")
    if asked.json:
        figures = {name: part.figures for name, part in parts.items()}
        document = {"machine": about, "table": rows, "wrong": wrong, "figures": figures}
        asked.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, prog="make bench")
    add = parser.add_argument
    add("--parts", nargs="*", choices=list(PARTS), default=list(PARTS), help="(all)")
    add("--claims", type=int, default=15, help="asked about in each round (15)")
    add("--times", type=int, default=3, help="rounds of each side (3)")
    add("--starts", type=int, default=7, help="starts of each command (7)")
    add("--answer-ms", type=float, nargs="*", default=(0.0, 100.0, 1000.0), help="(0 100 1000)")
    add("--direct", action="store_true", help="no Prefect, which a busy machine starts slowly")
    add("--listed", type=int, default=30, help="claims of the list (30)")
    add("--logins", type=int, nargs="*", default=side_by_side.SIZES, help="(1 2 4 8 16)")
    add("--claims-a-login", type=int, default=6, help="(6)")
    add("--filled", type=int, nargs="*", default=growth.SIZES, help="(1000 to 10^6)")
    add("--rounds", type=int, default=growth.ROUNDS, help="over each filled ledger (3)")
    add("--json", type=Path, help="where the figures go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
