"""A file's bytes, once it is sure that it is a file, whole, and no larger than it may be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from billing.errors import BadInput

MOST_BYTES = 500_000_000


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """The file's bytes. Raises BadInput in one sentence when it cannot be read, is a pipe or a
    device (which may never end), is larger than ``most`` bytes, or is written meanwhile."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        os.close(handle)
        raise BadInput(f"{path}: cannot be read (it is no file); name a file")
    with os.fdopen(handle, "rb") as file:
        if before.st_size > most:
            raise BadInput(
                f"{path}: is larger than {most // 1_000_000:,} MB; divide it and give its parts"
            )
        try:
            data = file.read(before.st_size + 1)  # it sets aside as much as it may read
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
        after = os.fstat(handle)
    if (len(data), after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise BadInput(f"{path}: is being written; give it when it is whole")
    return data
