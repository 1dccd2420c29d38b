"""Log files of a day each, appended to by any number of processes, bounded in size and days."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

MOST_BYTES = 32 * 1024**2
KEPT_DAYS = 30
KEPT_BYTES = 512 * 1024**2
_NAME = re.compile(r"claimsweep-(\d{4}-\d\d-\d\d)\.(\d{3})\.jsonl")


class DayFiles:
    """The log files in ``folder``, mode 0600: ``claimsweep-DAY.NUMBER.jsonl``.

    A line is one write to the end of a file, so that the lines of several processes do not mix. A
    full file is followed by the next number; files of more than KEPT_DAYS ago go, and the oldest
    beyond KEPT_BYTES. Nothing is made where the folder above does not exist yet.
    """

    def __init__(
        self,
        folder: Path,
        *,
        most_bytes: int = MOST_BYTES,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self.folder = folder
        self._most, self._kept = most_bytes, kept_bytes
        self._lock = threading.Lock()
        self._handle: int | None = None
        self._day = ""

    def write(self, line: str) -> None:
        """Append one line. Raises OSError."""
        with self._lock:
            handle = self._open(f"{datetime.now(UTC):%Y-%m-%d}")
            if handle is not None:
                os.write(handle, line.encode())

    def _open(self, day: str) -> int | None:
        if self._handle is not None:
            there = os.fstat(self._handle)
            if day == self._day and there.st_size < self._most and there.st_nlink:
                return self._handle
            os.close(self._handle)
            self._handle = None
        if not self.folder.parent.is_dir():
            return None
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._forget_old(day)
        number = max([int(n) for d, n, _ in self._files() if d == day], default=1)
        path = self._path(day, number)
        with suppress(FileNotFoundError):
            if path.stat().st_size >= self._most:
                path = self._path(day, number + 1)
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._day = day
        return self._handle

    def _path(self, day: str, number: int) -> Path:
        return self.folder / f"claimsweep-{day}.{number:03d}.jsonl"

    def _files(self) -> list[tuple[str, str, Path]]:
        """Day, number and path of every log file, the oldest first."""
        named = [(_NAME.fullmatch(path.name), path) for path in self.folder.iterdir()]
        return sorted((*match.groups(), path) for match, path in named if match)  # type: ignore[misc]

    def _forget_old(self, day: str) -> None:
        first = f"{datetime.fromisoformat(day) - timedelta(days=KEPT_DAYS):%Y-%m-%d}"
        kept = 0
        for of, _, path in reversed(self._files()):
            with suppress(OSError):
                kept += path.stat().st_size
                if of < first or kept > self._kept:
                    path.unlink()
