"""Measures the queue's pages with 50,000 open exceptions: the time for each.

    PYTHONPATH=. python tests/benchmarks/console_queue.py [cases]

Furnishes a ledger of its own in a temporary folder, serves the console on a local port, and asks
for every page several times. ``elapsed`` is from the request to the answer, network included, and
grows with whatever else the machine does; ``processor`` is what client and server take of a core.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from web_console import Visitor, desk_over, furnish, person, serving, visitor

from billing.cases import View
from billing.people import Role

CASES = 50_000
NOT_OPEN = 21 / 20  # of the made-up claims, one in twenty-one only waits
ROUNDS = 15
LIMIT_MS = 200


def say(line: str) -> None:
    """A line of the table, as soon as it is known."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Print a table; 1 when a page takes LIMIT_MS or longer in the median."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with tempfile.TemporaryDirectory() as home:
        desk = desk_over(Path(home))
        begun = time.perf_counter()
        furnish(desk.ledger, int(wanted * NOT_OPEN) + 21)
        furnished = time.perf_counter() - begun
        person(desk.ledger, Role.BILLER)
        count = desk.ledger.queue(View(), desk.today()).count
        desk.profiles()
        with serving(desk) as address:
            slow = measure(visitor(address, "biller"), count)
    say(f"\n{count:,} open cases, furnished and taken up in {furnished:.0f} s")
    say(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    say(f"Python {platform.python_version()}")
    return 1 if slow else 0


def measure(biller: Visitor, count: int) -> bool:
    """Ask for each page; whether one is slow."""
    part = {"HX-Request": "true"}
    far = count // 100 * 90
    pages: dict[str, Callable[[], httpx.Response]] = {
        "first page": lambda: biller.get("/"),
        "first page, table alone": lambda: biller.get("/", headers=part),
        "filtered by payer, finding, dollars": lambda: biller.get(
            "/?payer=larkspur&kind=partly-denied&dollars=900"
        ),
        "filtered by desk and age, by due date": lambda: biller.get(
            "/?desk=%3Ddesk+4&age=30&order=due"
        ),
        f"far page (from {far:,})": lambda: biller.get(f"/?start={far}"),
        "far page by due date, table alone": lambda: biller.get(
            f"/?order=due&start={far}", headers=part
        ),
        "50 assigned, with the page after it": lambda: assign(biller, 50),
        "50 taken back, with the page after it": lambda: undo(biller),
        "first page after those": lambda: biller.get("/"),
    }
    head = f"{'min':>7} {'median':>7} {'max':>7}"
    say(f"{'':40} {'elapsed, ms':^23}  {'processor, ms':^23}")
    say(f"{'':40} {head}  {head}")
    slow = False
    for name, ask in pages.items():
        ask()
        elapsed, taken = zip(*(timed(ask) for _ in range(ROUNDS)), strict=True)
        slow |= median(elapsed) >= LIMIT_MS
        shown = (f"{min(t):7.1f} {median(t):7.1f} {max(t):7.1f}" for t in (elapsed, taken))
        say(f"{name:40} {'  '.join(shown)}")
    return slow


def timed(ask: Callable[[], httpx.Response]) -> tuple[float, float]:
    """Milliseconds of the request, as the client saw them, and of the processor."""
    begun = time.process_time()
    answer = ask()
    taken = (time.process_time() - begun) * 1000
    assert answer.status_code == 200, answer.text
    return answer.elapsed.total_seconds() * 1000, taken


def assign(biller: Visitor, cases: int) -> httpx.Response:
    """Take the first cases of the queue, at one stroke."""
    page = biller.get("/").text
    ids = re.findall(r'<tr id="case-(\d+)"', page)[:cases]
    return stroke(biller, "/queue/assign", page, case=ids, to="mine")


def undo(biller: Visitor) -> httpx.Response:
    """Take back the newest stroke."""
    return stroke(biller, "/queue/undo", biller.get("/").text)


def stroke(biller: Visitor, path: str, page: str, **fields: object) -> httpx.Response:
    """Send the form of the table as its script would."""
    mark, as_of = (re.search(rf'name="{name}" value="(\w+)"', page) for name in ("csrf", "as_of"))
    assert mark
    assert as_of
    headers = {"HX-Request": "true", "X-CSRF-Token": mark[1]}
    return biller.post(path, headers=headers, data={"as_of": as_of[1], **fields})


if __name__ == "__main__":
    sys.exit(main())
