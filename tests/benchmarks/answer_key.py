"""Every field of sampled claims and visits of each simulated payer against its key, as one table.

``make figures`` serves each payer's portal at full size, runs the real command against it and
prints for each payer and task what was right, excepted, WRONG or missing, and how long it took.
It ends with code 1 on any wrong or missing answer, locked account or changing request. Time is
taken at the portal (sandbox/stopwatch.py): a session lasts from the first request to the end of
the last answer, and the portal is waited for while at least one request is open or a page waits
to ask for the same result again (the next GET of a path whose answer was not ready). On a machine
that is busy with other things the rest of a session grows, and that share says less.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise, product
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keyed_visits
import sweeping
from conftest import SandboxServer, start_sandbox, stop_sandbox
from sweeping import Desk, furnish

from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports

ARCHETYPES = {
    "blue-mesa": "A clearinghouse",
    "tri-rivers": "B Medicare",
    "franklin-medicaid": "C Medicaid",
    "juniper-ridge": "D commercial",
    "copper-line": "E worklist",
}
TASKS = ("status", "eligibility")
FIGURES = {"status": set(sweeping.KEYED) - {"outcome"}, "eligibility": {"plan", "in_network"}}
POLLED = ("/api/",)
START_SECONDS, SECONDS_EACH = 900, 120  # the longest that a command may take
COUNTED = ("logins", "refusals", "locks", "writes")


@dataclass(frozen=True, slots=True)
class Size:
    """How many claims and members a portal has, how many are asked about, how slow it is."""

    claims: int
    sample: int
    delay: float


@dataclass(slots=True)
class Result:
    """What one payer's task of one seed came to. Times are seconds."""

    seed: int
    payer: str
    task: str
    asked: int
    right: int = 0
    excepted: dict[str, int] = field(default_factory=dict)
    unforeseen: int = 0  # of the excepted: the key has an answer
    wrong: list[str] = field(default_factory=list)
    missing: int = 0
    failed: str = ""  # why the command did not get to its answers
    counters: dict[str, int] = field(default_factory=dict)
    command_seconds: float = 0.0
    session_seconds: float = 0.0
    waited_seconds: float = 0.0
    load: float = 0.0  # processes that wanted one of the machine's cores meanwhile, on average

    @property
    def holds(self) -> bool:
        """Every answer is there and none is wrong, no lockout, nothing changed."""
        spoiled = (
            self.failed
            or self.wrong
            or self.missing
            or self.counters["locks"]
            or self.counters["writes"]
        )
        return not spoiled


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the key and where the command's answer to it says to which it answers."""

    key: dict[str, Any]
    place: str | int


def judge(result: Result, questions: Sequence[Question], answers: Iterable[dict[str, Any]]) -> None:
    """Sort every question into right, excepted, wrong or missing."""
    place = "claim_id" if result.task == "status" else "row"
    given: dict[str | int, list[dict[str, Any]]] = {}
    for answer in answers:
        given.setdefault(answer[place], []).append(answer)
    for question in questions:
        said = given.pop(question.place, [])
        if not said:
            result.missing += 1
        elif len(said) > 1:
            result.wrong.append(f"{question.place}: answered {len(said)} times")
        else:
            _judge_one(result, question, said[0])
    result.wrong += [f"{stray}: nobody asked" for stray in given]


def _judge_one(result: Result, question: Question, answer: dict[str, Any]) -> None:
    found = _differences(result.task, question, answer)
    if answer["outcome"] == "no_answer":
        if figures := [name for name in FIGURES[result.task] if answer[name] not in (None, [])]:
            result.wrong.append(f"{question.place}: no answer, and yet {', '.join(figures)}")
            return
        why = answer["finding"] if result.task == "status" else answer["no_answer"]
        result.excepted[why] = result.excepted.get(why, 0) + 1
        result.unforeseen += bool(found)
    elif found or not answer["evidence"]:
        result.wrong += [*found] or [f"{question.place}: without evidence"]
    else:
        result.right += 1


def _differences(task: str, question: Question, answer: dict[str, Any]) -> list[str]:
    if task == "status":
        return sweeping.differences([question.key], [answer])
    return keyed_visits.differences({int(question.place): question.key}, [answer])


def draw_claims(desk: Desk, result: Result, size: Size) -> tuple[list[Question], list[str]]:
    """An export of the drawn claims: the key of each, and the command that sweeps it."""
    world = make_world(result.seed, size.claims, AS_OF, (result.payer,))
    (payer,) = world.payers
    drawn = _drawn(result, range(len(payer.billed)))
    some = replace(payer, billed=tuple(payer.billed[n] for n in drawn))
    write_exports(replace(world, payers=(some,)), desk.folder / "exports")
    ids = {billed.claim_id for billed in some.billed}
    questions = [Question(row, row["claim_id"]) for row in desk.truth() if row["claim_id"] in ids]
    return questions, desk.sweep_command()


def draw_visits(desk: Desk, result: Result, _size: Size) -> tuple[list[Question], list[str]]:
    """A schedule of the drawn appointments: the key of each, and the command that checks it."""
    schedule = desk.folder / "schedule.csv"
    desk.sandbox.run("schedule", str(schedule))
    with schedule.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    drawn = _drawn(result, range(len(rows)))
    with schedule.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heading, *(rows[n] for n in drawn)])
    key = json.loads(desk.sandbox.run("truth", "--eligibility", "--json"))
    questions = [Question(key[n], place) for place, n in enumerate(drawn, 2)]
    return questions, desk.command("eligibility", "--schedule", str(schedule), "--json")


DRAW = {"status": draw_claims, "eligibility": draw_visits}


def ask(desk: Desk, result: Result, command: list[str]) -> list[dict[str, Any]]:
    """What the command answered; nothing where it failed, and why is told."""
    try:
        done = desk.run(command, seconds=START_SECONDS + SECONDS_EACH * result.asked)
        document = json.loads(done.stdout or "{}")
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        result.failed = type(error).__name__
        return []
    if done.returncode not in (0, 1) or not document:
        result.failed = str(document.get("error") or done.stderr[-300:] or done.returncode)
    if result.task == "status":
        return sweeping.read_answers(document) if "answers" in document else []
    answers: list[dict[str, Any]] = document.get("answers", [])
    return answers


def _drawn(result: Result, places: Sequence[int]) -> list[int]:
    draw = Random(f"{result.seed}/{result.payer}/{result.task}/asked")
    return sorted(draw.sample(places, min(result.asked, len(places))))


def measure(sandbox: SandboxServer, result: Result, size: Size, *, control: bool) -> None:
    """Run one task against its portal and fill in ``result``."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(sandbox, Path(folder))
        furnish(desk.home)
        questions, command = DRAW[result.task](desk, result, size)
        result.asked = len(questions)
        if control:
            spoil(result, questions)
        before = desk.counters()[result.payer]
        portal_requests(sandbox)
        began = time.monotonic()
        answers = ask(desk, result, command)
        result.command_seconds = round(time.monotonic() - began, 2)
        result.load = round(os.getloadavg()[0], 1)
        after = desk.counters()[result.payer]
        result.counters = {name: after[name] - before[name] for name in COUNTED}
        result.session_seconds, result.waited_seconds = waits(portal_requests(sandbox))
        judge(result, questions, answers)


def spoil(result: Result, questions: Sequence[Question]) -> None:
    """Change one figure of the key, as a wrong answer would differ from it."""
    if result.task == "status":
        rows = [question.key for question in questions if question.key["charge"]]
        rows[0]["charge"] = f"{rows[0]['charge'][:-1]}{9 - int(rows[0]['charge'][-1])}"
    else:
        rows = [question.key for question in questions if question.key["outcome"] == "active"]
        rows[0]["in_network"]["deductible"] = "0.01"


def portal_requests(sandbox: SandboxServer) -> list[dict[str, Any]]:
    """What the portal was asked since this was last called, as the stopwatch noted it."""
    lines = sandbox.settings.read_text(encoding="utf-8").splitlines()
    address = next(line.split('"')[1] for line in lines if line.startswith(sandbox.payers))
    with urlopen(f"{address}/sandbox/requests", timeout=10) as answer:  # noqa: S310 - loopback
        notes: list[dict[str, Any]] = json.load(answer)
    return notes


def waits(notes: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """From the first request to the end of the last answer, and what of it was waited for."""
    if not notes:
        return 0.0, 0.0
    spans = sorted([(note["began"], note["ended"]) for note in notes] + list(_polls(notes)))
    first, until, waited = spans[0][0], spans[0][0], 0.0
    for began, ended in spans:
        waited += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return round(until - first, 2), round(waited, 2)


def _polls(notes: Sequence[dict[str, Any]]) -> Iterator[tuple[float, float]]:
    """Between two GETs of one result, when nothing else was asked: its page waits to ask again."""
    ordered = sorted(notes, key=lambda note: float(note["began"]))
    for one, other in pairwise(ordered):
        same = one["path"] == other["path"] and one["method"] == other["method"] == "GET"
        if same and one["path"].startswith(POLLED):
            yield one["ended"], other["began"]


def table(results: Sequence[Result]) -> str:
    """A row for each payer and task, all seeds together."""
    heads = (
        "archetype (simulated) | task | asked | right | excepted | of these unforeseen | WRONG | "
        "missing | logins | refused | locks | writes | session s | claims/min | portal's share | "
        "command s | load"
    )
    lines = [f"| {heads} |", "|" + "---|" * (heads.count("|") + 1)]
    for payer, task in product(ARCHETYPES, TASKS):
        some = [one for one in results if (one.payer, one.task) == (payer, task)]
        lines += [_row(f"{ARCHETYPES[payer]} {payer} | {task}", some)] if some else []
    return "\n".join([*lines, _row("all | both", results)])


def _row(name: str, some: Sequence[Result]) -> str:
    session, asked = sum(r.session_seconds for r in some), sum(r.asked for r in some)
    why = sum((Counter(r.excepted) for r in some), Counter[str]())
    reasons = ", ".join(f"{count} {reason}" for reason, count in why.most_common())
    cells: list[object] = [asked, sum(r.right for r in some), reasons or 0]
    cells += [sum(r.unforeseen for r in some), sum(len(r.wrong) for r in some)]
    cells += [sum(r.missing for r in some)]
    cells += [sum(r.counters[what] for r in some) for what in COUNTED]
    share = sum(r.waited_seconds for r in some) / session if session else 0
    rate = asked * 60 / session if session else 0
    cells += [f"{session:.0f}", f"{rate:.1f}", f"{share:.0%}"]
    cells += [f"{sum(r.command_seconds for r in some):.0f}"]
    cells += [f"{sum(r.load for r in some) / max(len(some), 1):.1f}"]
    return f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |"


def kept(path: Path | None, size: Size) -> list[Result]:
    """What an earlier run of the same size has measured already, and did not fail to.

    Raises SystemExit for a file of another size.
    """
    if path is None or not path.exists():
        return []
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["size"] != asdict(size):
        raise SystemExit(f"{path} holds figures of {document['size']}; name another file.")
    return [Result(**one) for one in document["results"] if not one["failed"]]


def keep(path: Path, size: Size, results: Sequence[Result]) -> None:
    """Write all that was measured; a run that is killed loses what it was measuring."""
    document = {"size": asdict(size), "results": [asdict(one) for one in results]}
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was not measured yet and print the table; 0 when all of it holds."""
    options = _parser().parse_args(arguments)
    size = Size(options.claims, options.sample or options.claims, options.delay)
    results = kept(options.json, size)
    done = {(one.seed, one.payer, one.task) for one in results}
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        os.environ.setdefault("PREFECT_HOME", folder)
        for seed in options.seeds:
            for payer in options.payers:
                todo = [task for task in options.tasks if (seed, payer, task) not in done]
                for result in _measured(seed, payer, todo, size, control=options.control):
                    results.append(result)
                    if options.json:
                        keep(options.json, size, results)
    sys.stdout.write(f"{table(results)}\n")
    return 0 if all(one.holds for one in results) else 1


def _measured(
    seed: int, payer: str, tasks: Sequence[str], size: Size, *, control: bool
) -> Iterator[Result]:
    if not tasks:
        return
    with tempfile.TemporaryDirectory() as folder:
        sandbox, process = start_sandbox(seed, size.claims, payer, Path(folder), size.delay)
        try:
            for task in tasks:
                result = Result(seed, payer, task, size.sample)
                measure(sandbox, result, size, control=control)
                sys.stderr.write(f"FAILED {result.failed}\n" if result.failed else "")
                sys.stderr.write("".join(f"WRONG {line}\n" for line in result.wrong))
                sys.stderr.write(_row(f"seed {seed} {payer} | {task}", [result]) + "\n")
                yield result
        finally:
            stop_sandbox(process)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, prog="make figures")
    parser.add_argument("--seeds", type=_seeds, default=range(1, 6), help="like 1-5 (1-5)")
    parser.add_argument("--claims", type=int, default=1000, help="each payer's claims (1000)")
    parser.add_argument("--sample", type=int, help="how many of them are asked about (all)")
    parser.add_argument("--payers", type=_some(tuple(ARCHETYPES)), default=tuple(ARCHETYPES))
    parser.add_argument("--tasks", type=_some(TASKS), default=TASKS)
    parser.add_argument("--delay", type=float, default=1.0, help="scales the searches' waits (1)")
    parser.add_argument("--json", type=Path, help="keeps what was measured, and goes on from there")
    parser.add_argument(
        "--control", action="store_true", help="change a figure of the key: one WRONG a task"
    )
    return parser


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _some(known: tuple[str, ...]) -> Any:
    def chosen(text: str) -> tuple[str, ...]:
        if unknown := set(text.split(",")) - set(known):
            raise argparse.ArgumentTypeError(f"{unknown}: some of {', '.join(known)}, please")
        return tuple(text.split(","))

    return chosen


if __name__ == "__main__":
    sys.exit(main())
