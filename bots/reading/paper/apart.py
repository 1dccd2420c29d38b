"""Documents are opened in another process, so that a poisoned one costs itself only."""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import Any

from billing.errors import UnreadableDocument
from bots.in_memory import memory_folder
from bots.reading.paper.wire import packed, unpacked

PAGE_SECONDS = 150
DOCUMENT_SECONDS = 1_800
SOURCES = Path(__file__).resolve().parents[3]
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TESSDATA_PREFIX", "LD_LIBRARY_PATH")
KEPT_FROM = ("OPENBLAS_", "DYLD_")
PERSON = "a person must read this document"


class _Ended(Exception):
    """The process is of no more use; what it says is why the document cost it, if it did."""


class _Process:
    """One process that opens documents, one after the other."""

    def __init__(self) -> None:
        self.asked = 0
        # pytesseract hands page and words over in files; they pass through memory and go with us
        self._folder = TemporaryDirectory("-claimsweep", dir=memory_folder())
        kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(KEPT_FROM)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bots.reading.paper.worker", self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | {"PYTHONPATH": str(SOURCES)},
            start_new_session=True,  # so that what it starts ends with it
        )

    def answers(self, request: tuple[object, ...], page: int, whole: int) -> Iterator[Any]:
        """What it answers, up to and without the end. Raises _Ended, UnreadableDocument."""
        self.asked += 1
        last = monotonic() + whole
        try:
            if self._process.stdin:
                self._process.stdin.write(packed(request))
                self._process.stdin.flush()
            while True:
                answer = self._next(min(monotonic() + page, last))
                match answer:
                    case ("end",):
                        return
                    case ("refused", str(why)):
                        raise UnreadableDocument(why)
                    case ("memory",):
                        raise _Ended("needs more memory to read than it may have")
                yield answer
        except (EOFError, OSError, ValueError) as error:
            raise _Ended from error

    def _next(self, until: float) -> Any:
        if self._process.stdout is None:
            raise EOFError
        source = self._process.stdout.fileno()
        waiting = select.poll()
        waiting.register(source, select.POLLIN)

        def read(count: int) -> bytes:
            parts = []
            while count:
                left = until - monotonic()
                if left <= 0 or not waiting.poll(left * 1000):
                    raise _Ended("takes too long to read")
                part = os.read(source, min(count, 1 << 20))
                if not part:
                    raise EOFError
                parts.append(part)
                count -= len(part)
            return b"".join(parts)

        return unpacked(read)

    def end(self) -> None:
        """Kill it and all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()
        self._folder.cleanup()


class Apart:
    """The processes that open documents: as many as there are processors, each used again.

    ``page_seconds`` is the longest wait for a page, ``document_seconds`` for all of them.
    """

    def __init__(
        self, *, page_seconds: int = PAGE_SECONDS, document_seconds: int = DOCUMENT_SECONDS
    ) -> None:
        self._seconds = (page_seconds, document_seconds)
        self._idle: list[_Process] = []
        self._lock = Lock()
        self._free = BoundedSemaphore(os.cpu_count() or 1)
        atexit.register(self.close)

    def ask(self, *request: object) -> list[Any]:
        """What opening a document gave. Raises UnreadableDocument, whatever happens to it."""
        with self._free:
            while True:
                process = self._take()
                try:
                    found = list(process.answers(request, *self._seconds))
                except UnreadableDocument:
                    self._give_back(process)
                    raise
                except _Ended as error:
                    process.end()
                    if not error.args and process.asked > 1:
                        continue  # an earlier document may have harmed it: a new one tries
                    why = "".join(error.args) or "brings its reader down"
                    raise UnreadableDocument(f"The document {why}; {PERSON}.") from None
                except BaseException:
                    process.end()
                    raise
                self._give_back(process)
                return found

    def close(self) -> None:
        """End every process that is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _take(self) -> _Process:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Process()

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            self._idle.append(process)
