"""Where a browser lays down files: a folder of this process in memory, swept up even if it dies."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from bots.in_memory import IN_MEMORY, memory_folder

PREFIX = "claimsweep-browser-"
_LOCK = "lock"
_STALE_SECONDS = 3600


@cache
def private_folder() -> Path:
    """This process's own folder for temporary files, which only its user enters.

    The browser's driver and the browser, started later, put profile, downloads and crash dumps
    there. It lies in memory where the system has room there. It goes when the process ends; what
    a killed one left, the next process removes.
    """
    disk = Path(tempfile.gettempdir())
    disk = next((one.parent for one in (disk, *disk.parents) if one.name.startswith(PREFIX)), disk)
    for place in {IN_MEMORY, disk}:
        _sweep_up(place)
    root = memory_folder() or disk
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    # locked before it has its name: who finds the name and no lock finds a dead process
    unnamed = folder / f".{_LOCK}"
    held = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    unnamed.rename(folder / _LOCK)
    os.environ["TMPDIR"] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _sweep_up(root: Path) -> None:
    for folder in root.glob(f"{PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid == os.getuid() and _is_left(folder, status.st_mtime):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path, made: float) -> bool:
    """Whether the process that made it is gone: the system lets go of a dead one's lock."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return made < time.time() - _STALE_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
