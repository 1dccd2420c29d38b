"""Where bytes that must not come to rest on a disk pass through memory instead."""

from __future__ import annotations

import shutil
from pathlib import Path

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of one's own is made in it
ROOM_IN_MEMORY = 256 << 20


def memory_folder() -> Path | None:
    """A folder that lies in memory alone; None where the system has none with room, so that
    files pass through its temporary folder."""
    try:
        return IN_MEMORY if shutil.disk_usage(IN_MEMORY).free >= ROOM_IN_MEMORY else None
    except OSError:
        return None
