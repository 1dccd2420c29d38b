"""A browser that weighs too much is ended with its own processes, and nobody else's."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.portal import weight
from bots.portal.browser import start_playwright
from bots.portal.weight import Weight, _driver_of, parents_now

if not Path("/proc/self/statm").exists():
    pytest.skip("this system has no /proc to weigh by", allow_module_level=True)

WAITS = "import signal; signal.pause()"
STARTS = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.stdin.readline().strip()])
print(child.pid, flush=True)
sys.argv[2:] or child.wait()
"""


@pytest.fixture
def heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weight:
    """For which any process is too much."""
    monkeypatch.setattr(weight, "MEMORY", 1)
    return Weight(tmp_path)


@pytest.fixture
def beside() -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that has nothing to do with a browser."""
    with subprocess.Popen([sys.executable, "-c", WAITS]) as process:
        yield process
        process.kill()


def started(mark: str, *words: str) -> tuple[subprocess.Popen[str], int]:
    """A driver, which ends at once with a word more, and a handle on the marked process that it
    started."""
    driver = subprocess.Popen(
        [sys.executable, "-c", STARTS, WAITS, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdin is not None
    assert driver.stdout is not None
    driver.stdin.write(f"{mark}\n")
    driver.stdin.flush()
    return driver, os.pidfd_open(int(driver.stdout.readline()))


def test_what_is_too_heavy_is_ended_with_its_driver(
    heavy: Weight, beside: subprocess.Popen[bytes]
) -> None:
    driver, browser = started(heavy.mark)
    heavy._weigh(parents_now())
    assert "memory" in heavy.too_heavy
    assert driver.wait(60) != 0
    assert _ends(browser)
    assert beside.poll() is None


def test_a_browser_whose_driver_died_is_ended_alone(
    heavy: Weight, beside: subprocess.Popen[bytes]
) -> None:
    driver, browser = started(heavy.mark, "and ends")
    driver.wait(60)
    parents = parents_now()
    main = next(pid for pid in parents if heavy._is_marked(pid))
    assert _driver_of(main, parents) is None
    assert os.getpid() in weight._family(parents, parents[main]), "who took it in has us too"
    heavy._weigh(parents_now())
    assert _ends(browser)
    assert beside.poll() is None


def _ends(process: int) -> bool:
    """Whether the process of this handle ends now."""
    gone, _, _ = select.select([process], [], [], 60)
    os.close(process)
    return bool(gone)


@pytest.mark.parametrize(
    ("theirs", "expected"), [(None, "--max-semi-space-size=1"), ("--no-warnings", "--no-warnings")]
)
def test_the_driver_is_started_small(
    monkeypatch: pytest.MonkeyPatch, theirs: str | None, expected: str
) -> None:
    monkeypatch.setenv("NODE_OPTIONS", theirs or "")
    if theirs is None:
        monkeypatch.delenv("NODE_OPTIONS")

    async def told() -> list[str]:
        before = parents_now()
        playwright = await start_playwright()
        now = parents_now()
        started = [pid for pid in now.keys() - before.keys() if now[pid] == os.getpid()]
        words = Path(f"/proc/{started[0]}/environ").read_text("utf-8").split("\0")
        await playwright.stop()
        return words

    assert f"NODE_OPTIONS={expected}" in asyncio.run(told())
