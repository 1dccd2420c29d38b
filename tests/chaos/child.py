"""The process under test: the command itself, with a clock that may be wrong."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

LOOK_SECONDS = 0.05


def run_command(
    arguments: list[str], environment: Mapping[str, str], out: Path, clock: Path, control: str
) -> None:
    """Be ``claimsweep ARGUMENTS``: what it says goes to ``out`` and ``out`` with .err."""
    os.environ.update(environment)
    os.setsid()
    for number, path in ((1, out), (2, out.with_suffix(".err"))):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, number)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    sys.argv = ["claimsweep", *arguments]
    keep_wrong_time(clock)
    if control:
        import controls

        getattr(controls, control)()
    from flows.command import main

    main()


def keep_wrong_time(clock: Path) -> None:
    """Every clock of Python (time, datetime) is off by the seconds in the file, which may change;
    what measures time that passes (monotonic) goes on, as in a system whose clock is set."""
    import time_machine

    ahead = _seconds(clock)
    real = time.time
    travel = time_machine.travel(
        datetime.fromtimestamp(real() + ahead, UTC) if ahead else datetime.now(UTC), tick=True
    )
    there = travel.start()

    def follow() -> None:
        known = ahead
        while True:
            threading.Event().wait(LOOK_SECONDS)
            if (now := _seconds(clock)) != known:
                there.shift(timedelta(seconds=now - known))
                known = now

    threading.Thread(target=follow, daemon=True).start()


def _seconds(clock: Path) -> int:
    try:
        return int(clock.read_text("ascii") or 0)
    except (OSError, ValueError):
        return 0
