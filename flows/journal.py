"""The one way to log: JSON lines of events that a table allows, and so of nothing of patients."""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from flows.journal_file import DayFiles
from flows.journal_table import EVENTS, Unfit, Value, fitting, sentence_of, type_of

__all__ = ["begin", "is_on", "keep_in", "log", "sentence_of", "type_of", "watch"]

VARIABLE = "CLAIMSWEEP_LOG"
FOLDER = "logs"

Watcher = Callable[[str, Mapping[str, Value], datetime], None]

refuse_unfit = False
"""Whether what the table does not allow is an error, as in tests, instead of being dropped."""


class _Journal:
    """Where the lines of this process go."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.on = False
        self.files: DayFiles | None = None
        self.watchers: list[Watcher] = []

    def write(self, event: str, level: str, fields: Mapping[str, Value], at: datetime) -> None:
        if not self.on:
            return
        line = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": level,
            "event": event,
            "host": platform.node(),
            "pid": os.getpid(),
            **fields,
        }
        text = json.dumps(line, ensure_ascii=True) + "\n"
        with self.lock, suppress(OSError, ValueError):  # nobody reads on, or the disk is full
            sys.stderr.write(text)
        files = self.files
        if files is not None:
            with suppress(OSError):
                files.write(text)


_JOURNAL = _Journal()


def log(event: str, **fields: object) -> None:
    """Log one event; what :mod:`flows.journal_table` does not allow is dropped, and that is told.

    A field of None is left out. Never raises where ``refuse_unfit`` is off: a log that cannot be
    written ends nothing.
    """
    at = datetime.now(UTC)
    try:
        good, bad = fitting(event, fields)
    except Unfit:
        if refuse_unfit:
            raise
        _JOURNAL.write("unfit", EVENTS["unfit"].level, {}, at)
        return
    if bad and refuse_unfit:
        raise Unfit(f"{event} may not hold this in {', '.join(sorted(bad))}")
    _JOURNAL.write(event, EVENTS[event].level, good, at)
    if bad:
        _JOURNAL.write("unfit", EVENTS["unfit"].level, {"name": event}, at)
    for watcher in _JOURNAL.watchers:
        watcher(event, good, at)


def is_on() -> bool:
    """Whether lines are written."""
    return _JOURNAL.on


def watch(watcher: Watcher) -> None:
    """Show ``watcher`` every event from now on, whether it is written or not; it may not raise."""
    _JOURNAL.watchers.append(watcher)


def begin(*, unattended: bool = False) -> None:
    """Write from now on, where no person looks: standard error is no terminal, or it is asked for.

    Libraries' own log lines lose their words from then on: level, logger and the type of an
    exception stay. At a terminal nothing changes.
    """
    asked = os.environ.get(VARIABLE) == "json"
    if _JOURNAL.on or not (unattended or asked or not sys.stderr.isatty()):
        return
    _JOURNAL.on = True
    logging.setLogRecordFactory(_wordless)
    logging.getLogger().addHandler(_FromLibraries(logging.WARNING))


def keep_in(home: Path) -> None:
    """Keep what is written in ``home``/logs too, once that home exists."""
    if _JOURNAL.on and (_JOURNAL.files is None or _JOURNAL.files.folder.parent != home):
        _JOURNAL.files = DayFiles(home / FOLDER)


class _Wordless(logging.LogRecord):
    """A record whose words are not kept, since they may hold an address, a value or a name."""

    type: str | None = None

    def getMessage(self) -> str:
        """What stands in place of the words."""
        return f"(words of {self.name} are not kept)" + (f" {self.type}" if self.type else "")


def _wordless(*args: object, **kwargs: object) -> logging.LogRecord:
    whole = logging.LogRecord(*args, **kwargs)  # type: ignore[arg-type]
    record = _Wordless(whole.name, whole.levelno, whole.pathname, whole.lineno, "", (), None)
    told = whole.exc_info[1] if whole.exc_info else whole.msg
    record.type = type_of(told) if isinstance(told, BaseException) else None
    return record


class _FromLibraries(logging.Handler):
    """Takes what libraries log into the journal, without their words."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; never raises."""
        told = {"logger": record.name, "type": getattr(record, "type", None)}
        good, _ = fitting("library", told)
        _JOURNAL.write("library", record.levelname.lower(), good, datetime.now(UTC))
