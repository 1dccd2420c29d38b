"""Metrics and traces by OTLP over HTTP where ``[telemetry]`` names a collector; else nothing."""

from __future__ import annotations

import atexit
import logging
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from billing.errors import BadInput
from flows import journal
from flows.journal_table import Value
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.telemetry_spans import Spans

EXPORT_SECONDS = 5
"""How long one export may take, and how long the end of a run waits for the last one."""

KEYS = ("endpoint", "headers", "every_seconds")
EVERY_SECONDS = 30
_HEADER = re.compile(r"[a-z][a-z0-9-]{0,60}")


@dataclass(frozen=True, slots=True)
class Collector:
    """Where the metrics and traces go; ``headers`` are the names of headers whose values are the
    secrets claimsweep/telemetry-<name>; ``every_seconds`` is the time between two exports."""

    endpoint: str
    headers: tuple[str, ...]
    every_seconds: int


def collector_of(table: Mapping[str, object]) -> Collector | None:
    """The collector that ``[telemetry]`` names, None where it names none. Raises BadInput."""
    if unknown := sorted(set(table) - set(KEYS)):
        raise BadInput(f"Settings: [telemetry] has no {unknown[0]}; it has {', '.join(KEYS)}")
    endpoint, headers = table.get("endpoint"), table.get("headers", [])
    every = table.get("every_seconds", EVERY_SECONDS)
    if endpoint is None:
        return None
    address = endpoint if isinstance(endpoint, str) else ""
    where = urlsplit(address)
    if where.scheme not in ("http", "https") or not where.hostname:
        raise BadInput(
            "Settings: [telemetry] endpoint is the address of a collector that takes OTLP over "
            'HTTP, as in "https://collector.example:4318"'
        )
    if where.username or where.password or where.query:
        raise BadInput(
            "Settings: [telemetry] endpoint holds no user, password or query: what proves who "
            "sends goes into a header, whose value is a secret"
        )
    if not isinstance(headers, list) or not all(
        isinstance(one, str) and _HEADER.fullmatch(one) for one in headers
    ):
        raise BadInput(
            "Settings: [telemetry] headers is a list of names in small letters, as in "
            '["authorization"]; the value is the secret claimsweep/telemetry-authorization'
        )
    if isinstance(every, bool) or not isinstance(every, int) or not 1 <= every <= 3600:
        raise BadInput("Settings: [telemetry] every_seconds is a number from 1 to 3600")
    return Collector(address.rstrip("/"), tuple(headers), every)


def begin(settings: Settings) -> None:
    """Send what is logged from now on as metrics and traces, if the settings name a collector.

    Nothing is imported before the first event. Raises BadInput for settings that cannot be used.
    """
    collector = collector_of(settings.telemetry)
    if collector is not None and _sending.settings is None:
        _sending.settings, _sending.collector = settings, collector
        journal.watch(_sending.take)


class _Sending:
    """The one sender of this process; nothing in it may slow or end a run."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.collector: Collector | None = None
        self.spans: Spans | None = None
        self.lock = threading.Lock()
        self.over, self.done = threading.Event(), threading.Event()
        self.failed = False

    def take(self, event: str, fields: Mapping[str, Value], at: datetime) -> None:
        failed: Exception | None = None
        with self.lock:
            if self.failed:
                return
            try:
                if self.spans is None:
                    self.spans = self._started()
                self.spans.take(event, fields, at)
            except Exception as error:
                self.failed, failed = True, error
        if failed is not None:
            journal.log("telemetry_failed", type=type(failed).__name__)

    def _started(self) -> Spans:
        if self.settings is None or self.collector is None:
            raise RuntimeError("no collector is named")
        from flows.telemetry_spans import make_spans

        headers = {
            name: self.settings.secret("claimsweep", f"telemetry-{name}")
            for name in self.collector.headers
        }
        _hush()
        spans = make_spans(self.collector, headers, EXPORT_SECONDS)
        # started now: at the interpreter's end no thread can be
        threading.Thread(target=self._wait, name="telemetry", daemon=True).start()
        atexit.register(self.end)
        return spans

    def _wait(self) -> None:
        self.over.wait()
        with suppress(Exception):
            if self.spans is not None:
                self.spans.end()
        self.done.set()

    def end(self) -> None:
        """Send what is left; what the collector has not taken in time is lost."""
        if self.spans is not None:
            self.over.set()
            self.done.wait(EXPORT_SECONDS)


def _hush() -> None:
    """A collector that does not answer is the journal's to tell, not a terminal's."""
    logger = logging.getLogger("opentelemetry")
    logger.addHandler(logging.NullHandler())
    logger.propagate = journal.is_on()


_sending = _Sending()
