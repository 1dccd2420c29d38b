"""What a browser leaves on the disk lies in one private folder, and is gone after a kill too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT

from bots.portal.browser import Browser

# Opens a page with a marked text and a cookie, says so, and waits for a line before it ends.
_VISIT = """
import asyncio, sys
from playwright.async_api import async_playwright
from bots.portal.browser import find_browser, launch_options
from bots.portal.temporary import private_folder
async def visit():
    private_folder()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(find_browser(), []))
        page = await browser.new_page()
        await page.set_content("<p>MARKED-PATIENT</p>")
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await browser.close()
asyncio.run(visit())
"""


def visiting(folder: Path) -> subprocess.Popen[str]:
    """A process with a page open, whose temporary files and home lie in ``folder``."""
    for name in ("tmp", "home"):
        (folder / name).mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", _VISIT],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


@pytest.mark.browser
@pytest.mark.slow
def test_a_browsers_files_are_private_and_swept_up(
    browser_executable: Browser, tmp_path: Path
) -> None:
    with visiting(tmp_path) as killed:
        (first,) = (tmp_path / "tmp").iterdir()
        assert first.stat().st_mode & 0o777 == 0o700
        assert [one for one in first.iterdir() if one.name.startswith("playwright")]
        killed.send_signal(signal.SIGKILL)
    assert first.exists(), "nobody was left to remove it"
    with visiting(tmp_path) as second, visiting(tmp_path) as third:
        folders = list((tmp_path / "tmp").iterdir())
        assert first not in folders
        assert len(folders) == 2, "a living process keeps its own"
        for one in (second, third):
            one.communicate("\n", timeout=60)
            assert one.returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not [path for path in left if b"MARKED-PATIENT" in path.read_bytes()]
