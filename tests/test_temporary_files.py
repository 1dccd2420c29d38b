"""What a browser lays down lies in one private folder in memory, and is gone after a kill too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT

from bots.in_memory import IN_MEMORY
from bots.portal.browser import Browser

# Opens a page with a marked text and a cookie, says so, and waits for a line before it ends.
_VISIT = """
import asyncio, sys
import bots.in_memory
from playwright.async_api import async_playwright
from bots.portal.browser import find_browser, launch_options
from bots.portal.temporary import private_folder
bots.in_memory.ROOM_IN_MEMORY = int(sys.argv[1])
async def visit():
    folder = private_folder()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(find_browser(), []))
        page = await browser.new_page()
        await page.set_content("<p>MARKED-PATIENT</p>")
        print(folder, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await browser.close()
asyncio.run(visit())
"""


def visiting(folder: Path, room: int) -> tuple[subprocess.Popen[str], Path]:
    """A process with a page open and the folder that it has for itself; its home and what is its
    temporary folder without ``room`` bytes in memory lie in ``folder``."""
    for name in ("tmp", "home"):
        (folder / name).mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", _VISIT, str(room)],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 1 << 60], ids=["in memory", "on disk"])
def test_a_browsers_files_are_private_and_swept_up(
    browser_executable: Browser, tmp_path: Path, room: int
) -> None:
    killed, first = visiting(tmp_path, room)
    with killed:
        assert first.parent == (tmp_path / "tmp" if room else IN_MEMORY)
        assert first.stat().st_mode & 0o777 == 0o700
        assert [one for one in first.iterdir() if one.name.startswith("playwright")]
        killed.send_signal(signal.SIGKILL)
    assert first.exists(), "nobody was left to remove it"
    (second, its), (third, theirs) = visiting(tmp_path, room), visiting(tmp_path, room)
    with second, third:
        assert not first.exists()
        assert its.exists(), "a living process keeps its own"
        assert theirs.exists()
        for one in (second, third):
            one.communicate("\n", timeout=60)
            assert one.returncode == 0
    assert not its.exists()
    assert not theirs.exists()
    assert list((tmp_path / "tmp").iterdir()) == []
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not [path for path in left if b"MARKED-PATIENT" in path.read_bytes()]
