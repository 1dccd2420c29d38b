"""What a portal's pages cost this machine: a browser that takes too much of it is ended."""

from __future__ import annotations

import asyncio
import math
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from uuid import uuid4

MEMORY = 2 << 30  # bytes that the browser and what drives it hold for themselves
DISK = 1 << 30  # bytes of its profile and of what it downloads
EVERY_SECONDS = 0.5
PROCESSES = Path("/proc")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Weight:
    """Weighs the one browser that was started with ``mark`` among its words, and ends it when it
    is too heavy; ``too_heavy`` then says why in a sentence.

    ``downloads`` is where it lays down files. A machine without /proc (macOS) weighs nothing.
    """

    downloads: Path
    mark: str = field(default_factory=lambda: f"--claimsweep-browser={uuid4().hex}")
    too_heavy: str = ""
    most: int = 0
    _main: int = 0  # the browser's own process, once it was found among all
    _watching: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Weigh from now on, until ``stop``."""
        if PROCESSES.is_dir():
            self._watching = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """Weigh no more, and end what is left of a browser that did not close."""
        if self._watching is not None:
            self._watching.cancel()
        if not PROCESSES.is_dir():
            return
        parents = parents_now()
        left = [pid for pid in ([self._main] if self._main else parents) if self._is_marked(pid)]
        for pid in {one for main in left for one in _family(parents, main)}:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    async def _watch(self) -> None:
        while not self.too_heavy:
            await asyncio.sleep(EVERY_SECONDS)
            await asyncio.to_thread(lambda: self._weigh(_PROCESSES.lately()))

    def _weigh(self, parents: Mapping[int, int]) -> None:
        if self._main not in parents or not self._is_marked(self._main):
            self._main = next((pid for pid in parents if self._is_marked(pid)), 0)
        if not (main := self._main):
            return
        driver = _driver_of(main, parents)
        of_browser = _family(parents, driver or main)
        heavy = sum(map(_held, of_browser))
        self.most = max(self.most, heavy)
        if heavy > MEMORY:
            self.too_heavy = f"its pages take more than {MEMORY >> 20:,} MiB of memory"
        elif self._on_disk(main) > DISK:
            self.too_heavy = f"its files take more than {DISK >> 20:,} MiB of disk"
        if self.too_heavy:
            spared = driver if driver and _held(driver) <= MEMORY // 2 else None
            for pid in set(of_browser) - {spared}:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _is_marked(self, pid: int) -> bool:
        words = _words(pid)
        return self.mark in words and not any(word.startswith("--type=") for word in words)

    def _on_disk(self, main: int) -> int:
        named = "--user-data-dir="
        profile = (w.removeprefix(named) for w in _words(main) if w.startswith(named))
        return sum(_bytes_below(folder) for folder in (self.downloads, *map(Path, profile)))


@dataclass
class _Processes:
    """Every process with its parent, looked at once for all sessions."""

    parents: Mapping[int, int] = field(default_factory=dict)
    at: float = -math.inf

    def lately(self) -> Mapping[int, int]:
        """As they were a moment ago."""
        if monotonic() - self.at >= EVERY_SECONDS / 2:
            self.parents, self.at = parents_now(), monotonic()
        return self.parents


_PROCESSES = _Processes()


def parents_now() -> dict[int, int]:
    """Every process with its parent."""
    found = {}
    for entry in os.scandir(PROCESSES):  # by pathlib it would take thrice as long
        if entry.name.isdecimal():
            with suppress(OSError, ValueError), open(f"{entry.path}/stat", "rb", 0) as file:  # noqa: PTH123
                found[int(entry.name)] = int(file.read().rpartition(b")")[2].split()[1])
    return found


def _driver_of(main: int, parents: Mapping[int, int]) -> int | None:
    """Playwright's own process, which holds what it fetches; None once it has died, for whoever
    took the browser in then is not ours, and has children of every kind."""
    above = parents[main]
    return above if parents.get(above) == os.getpid() else None


def _family(parents: Mapping[int, int], top: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found, to_see = [top], [top]
    while to_see:
        below = children.get(to_see.pop(), [])
        found += below
        to_see += below
    return found


def _words(pid: int) -> list[str]:
    with suppress(OSError):
        return (PROCESSES / str(pid) / "cmdline").read_text("utf-8", "replace").split("\0")
    return []


def _held(pid: int) -> int:
    """Bytes in memory that the process shares with no other."""
    with suppress(OSError, ValueError):
        _, resident, shared = (PROCESSES / str(pid) / "statm").read_text().split()[:3]
        return (int(resident) - int(shared)) * _PAGE_BYTES
    return 0


def _bytes_below(folder: Path) -> int:
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                found += (Path(place) / name).lstat().st_blocks * 512
    return found
