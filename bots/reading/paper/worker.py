"""The process in which documents are opened: it has little memory, no secrets and no say."""

from __future__ import annotations

import logging
import os
import queue
import resource
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

from billing.errors import UnreadableDocument
from bots.reading.paper import document
from bots.reading.paper.sheet import Page
from bots.reading.paper.wire import packed, unpacked

MEMORY = 3 << 30  # bytes of addresses, of which recognition needs most
FILES = 256 << 20  # bytes of one temporary file
CPU_SECONDS = 1_800  # for one document

Answer = tuple[object, ...]


def main() -> None:
    """Read documents from standard input until it ends; answers go to standard output.

    The one argument is a folder of its own for what libraries keep in files; it goes at the end.
    """
    folder = tempfile.tempdir = sys.argv[1]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    logging.disable(logging.CRITICAL)
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_FSIZE, FILES)
    _limit(resource.RLIMIT_CORE, 0)
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, asked, folder), daemon=True).start()
    while True:
        _limit_cpu()
        for answer in _answers(*asked.get()):
            answers.write(packed(answer))
            answers.flush()


def _listen(stream: BinaryIO, asked: queue.SimpleQueue[Any], folder: str) -> None:
    """Take requests until nobody is there to make any; then nothing here may go on."""

    def read(count: int) -> bytes:
        got = stream.read(count)
        if len(got) < count:
            raise EOFError
        return got

    try:
        while True:
            asked.put(unpacked(read))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


def _answers(what: str, data: bytes, *more: Any) -> Iterator[Answer]:
    try:
        match what:
            case "pages":
                for page in document.pages_of(data):
                    yield _flat(page)
            case "unlocked":
                yield ("bytes", document.unlocked(data, *more))
            case "drawn":
                image = document.drawn_page(data, *more).convert("RGB")
                yield ("image", *image.size, image.tobytes())
        yield ("end",)
    except UnreadableDocument as error:
        yield ("refused", str(error))
    except MemoryError:
        yield ("memory",)


def _flat(page: Page) -> Answer:
    words = tuple((word.text, word.box, word.source, word.confidence) for word in page.words)
    return ("page", page.number, page.width, page.height, words)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    try:
        resource.setrlimit(what, (most, hard))
    except (ValueError, OSError):  # macOS has no limit on addresses
        return


def _limit_cpu() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + CPU_SECONDS)


if __name__ == "__main__":
    main()
