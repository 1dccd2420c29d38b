"""Whether this machine's clock can be believed, as far as that can be told offline."""

from __future__ import annotations

import re
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path


def ahead_of_files(home: Path) -> float | None:
    """Seconds our clock is ahead of the file system's (a file server has a clock of its own)."""
    try:
        with tempfile.NamedTemporaryFile(dir=nearest(home)) as probe:
            probe.write(b"probe")
            probe.flush()
            written = datetime.fromtimestamp(Path(probe.name).stat().st_mtime, UTC)
            return (datetime.now(UTC) - written).total_seconds()
    except OSError:
        return None


def kept_set() -> bool | None:
    """Whether systemd says the clock is kept set; None where nothing can be asked offline."""
    command = ["timedatectl", "show", "--property=NTPSynchronized"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"=(yes|no)\b", said)
    return match.group(1) == "yes" if match else None


def nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())
