"""A run that is stopped from outside signs out, closes its browsers and says one sentence."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any

STOPS = (signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.2


def stop_as_control_c_does() -> None:
    """Answer SIGTERM and SIGHUP from now on, unless the caller had them ignored (nohup)."""
    for number in STOPS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def run_until_stopped(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do ``work`` to its end; raise KeyboardInterrupt once it has cleaned up when stopped.

    It runs on a thread of its own: the orchestrator takes signal handlers over on the main one,
    and what it starts from there would be ended by the ctrl-C that a terminal sends to all
    processes, before the sessions have signed out. A second ctrl-C waits for nothing.
    """
    run = _Run(work)
    threading.Thread(target=run.to_its_end, name="run", daemon=True).start()
    try:
        run.wait()
    except KeyboardInterrupt:
        run.cancel()
        run.wait()
        raise
    if run.failure is not None:
        raise run.failure


class _Run:
    """One event loop with the work in it, and how it failed."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.failure: BaseException | None = None
        self._work = work
        self._begun = threading.Event()
        # no join: interrupted, it takes the thread for ended (CPython 3.11)
        self._over = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def to_its_end(self) -> None:
        # inherited by the processes started from here: a terminal's ctrl-C is ours to answer
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            asyncio.run(self._begin())
        except BaseException as error:
            self.failure = error
        finally:
            self._begun.set()
            self._over.set()

    def wait(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            pass

    def cancel(self) -> None:
        self._begun.wait()
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # the loop was closed in this moment: the work is over
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _begin(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._begun.set()
        await self._work()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
