"""What the journal's events are as OpenTelemetry spans and metrics."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TypeAlias
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, StatusCode, set_span_in_context

from flows.journal_table import Value
from flows.telemetry import Collector

Fields: TypeAlias = Mapping[str, Value]
Attributes: TypeAlias = dict[str, str | int | float | bool]

ATTRIBUTES = {
    "payer": "claimsweep.payer",
    "of": "claimsweep.of",
    "outcome": "claimsweep.outcome",
    "reason": "claimsweep.reason",
    "type": "error.type",
}
"""The fields that become attributes, and their names: no item, no owner, no sentence."""

COUNTERS: Mapping[str, tuple[str, str, str | None, str]] = {
    "item_settled": ("claimsweep.items.settled", "{item}", None, "payer of outcome"),
    "item_postponed": ("claimsweep.items.postponed", "{item}", None, "payer of reason type"),
    "items_left": ("claimsweep.items.left", "{item}", "items", "payer of reason"),
    "login_attempted": ("claimsweep.logins.attempted", "{login}", None, "payer"),
    "login_accepted": ("claimsweep.logins.accepted", "{login}", None, "payer"),
    "login_refused": ("claimsweep.logins.refused", "{login}", None, "payer"),
    "login_withdrawn": ("claimsweep.logins.withdrawn", "{login}", None, "payer"),
    "login_stopped": ("claimsweep.logins.stopped", "{login}", None, "payer"),
    "canary_passed": ("claimsweep.canaries.passed", "{canary}", None, "payer"),
    "canary_failed": ("claimsweep.canaries.failed", "{canary}", None, "payer"),
    "drift_found": ("claimsweep.drift.places", "{place}", "places", "payer"),
    "sign_in_refused": ("claimsweep.console.sign_ins.refused", "{sign_in}", None, ""),
    "batch_approved": ("claimsweep.batches.approved", "{batch}", None, ""),
}
"""Event → the counter's name and unit, the field that is added (else one), the attributes."""

DURATIONS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "item_settled": (
        ("claimsweep.item.duration", "seconds", "payer of"),
        ("claimsweep.portal.wait.duration", "portal_seconds", "payer of"),
        ("claimsweep.ledger.commit.duration", "ledger_seconds", "of"),
    ),
    "document_read": (("claimsweep.document.read.duration", "seconds", "payer type"),),
    "session_ended": (("claimsweep.session.duration", "seconds", "payer type"),),
    "sweep_ended": (("claimsweep.sweep.duration", "seconds", "of"),),
    "sweep_failed": (("claimsweep.sweep.duration", "seconds", "of type"),),
}
"""Event → histograms in seconds: name, the field that is measured, the attributes."""

BYTES = "claimsweep.evidence.bytes"
DEPTH = "claimsweep.queue.depth"
WAITING = {
    "sweep_begun": "items",
    "sweep_progress": "waiting",
    "sweep_ended": "waiting",
    "sweep_failed": "waiting",
}
"""Events that tell how many items of a sweep wait, and in which field."""


class _Ids(RandomIdGenerator):
    """Gives all spans of one sweep, on whichever machine, the same trace."""

    def __init__(self) -> None:
        self.sweep: str | None = None

    def generate_trace_id(self) -> int:
        """The trace of the sweep that a span begins for."""
        if self.sweep is None:
            return super().generate_trace_id()
        return int.from_bytes(hashlib.sha256(self.sweep.encode()).digest()[:16])


class Spans:
    """Takes events one at a time, and keeps the spans that are open: of sweeps and sessions."""

    def __init__(self, tracing: TracerProvider, metering: MeterProvider, ids: _Ids) -> None:
        self._tracing, self._metering, self._ids = tracing, metering, ids
        self._tracer = tracing.get_tracer("claimsweep")
        meter = metering.get_meter("claimsweep")
        self._counters = {
            event: meter.create_counter(name, unit) for event, (name, unit, *_) in COUNTERS.items()
        }
        self._histograms = {
            name: meter.create_histogram(name, "s")
            for some in DURATIONS.values()
            for name, *_ in some
        }
        self._bytes = meter.create_counter(BYTES, "By")
        self._depth = meter.create_gauge(DEPTH, "{item}")
        self._sweeps: dict[Value, Span] = {}
        self._sessions: dict[Value, Span] = {}

    def take(self, event: str, fields: Fields, at: datetime) -> None:
        """Count and trace one event."""
        self._count(event, fields)
        sweep, payer = fields.get("sweep"), fields.get("payer")
        began = at - timedelta(seconds=_number(fields.get("seconds")))
        match event:
            case "sweep_begun":
                self._sweeps[sweep] = self._span("sweep", sweep, None, fields, at)
            case "sweep_ended" | "sweep_failed":
                self._close(self._sweeps.pop(sweep, None), fields, at)
            case "session_begun":
                parent = self._sweeps.get(sweep)
                self._sessions[payer] = self._span("session", sweep, parent, fields, at)
            case "session_ended":
                self._close(self._sessions.pop(payer, None), fields, at)
            case "item_settled" | "document_read":
                name = "document" if event == "document_read" else str(fields.get("of"))
                parent = self._sessions.get(payer)
                self._close(self._span(name, sweep, parent, fields, began), fields, at)
            case _ if payer in self._sessions:
                self._sessions[payer].add_event(event, _attributes(fields), _nanoseconds(at))

    def end(self) -> None:
        """Export what is left."""
        for span in (*self._sessions.values(), *self._sweeps.values()):
            span.end()
        self._metering.shutdown()
        self._tracing.shutdown()

    def _count(self, event: str, fields: Fields) -> None:
        if event in COUNTERS:
            _, _, field, which = COUNTERS[event]
            amount = _number(fields.get(field)) if field else 1
            self._counters[event].add(amount, _attributes(fields, which.split()))
        for name, field, which in DURATIONS.get(event, ()):
            seconds = _number(fields.get(field))
            self._histograms[name].record(seconds, _attributes(fields, which.split()))
        if "evidence_bytes" in fields:
            self._bytes.add(_number(fields["evidence_bytes"]), _attributes(fields, ["payer"]))
        if event in WAITING:
            waiting = _number(fields.get(WAITING[event]))
            self._depth.set(waiting, _attributes(fields, ["of"]))

    def _span(
        self, name: str, sweep: Value, parent: Span | None, fields: Fields, at: datetime
    ) -> Span:
        self._ids.sweep = str(sweep) if sweep else None
        context = Context() if parent is None else set_span_in_context(parent, Context())
        return self._tracer.start_span(
            name, context, attributes=_attributes(fields), start_time=_nanoseconds(at)
        )

    def _close(self, span: Span | None, fields: Fields, at: datetime) -> None:
        if span is not None:
            span.set_attributes(_attributes(fields))
            if "type" in fields:
                span.set_status(StatusCode.ERROR)
            span.end(_nanoseconds(at))


def make_spans(collector: Collector, headers: Mapping[str, str], seconds: int) -> Spans:
    """Spans and metrics that are exported to ``collector`` by threads of their own."""
    # not Resource.create: its detectors would tell the command's arguments
    resource = Resource(
        {
            "service.name": "claimsweep",
            "service.version": version("claimsweep"),
            "service.instance.id": str(uuid4()),
            "host.name": platform.node(),
        }
    )
    ids, address, sent = _Ids(), collector.endpoint, dict(headers)
    tracing = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
    spans = OTLPSpanExporter(f"{address}/v1/traces", headers=sent, timeout=seconds)
    tracing.add_span_processor(
        BatchSpanProcessor(spans, schedule_delay_millis=collector.every_seconds * 1000)
    )
    metrics = OTLPMetricExporter(f"{address}/v1/metrics", headers=sent, timeout=seconds)
    reader = PeriodicExportingMetricReader(
        metrics,
        export_interval_millis=collector.every_seconds * 1000,
        export_timeout_millis=seconds * 1000,
    )
    metering = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    return Spans(tracing, metering, ids)


def _attributes(fields: Fields, which: list[str] | None = None) -> Attributes:
    names = ATTRIBUTES if which is None else which
    return {ATTRIBUTES[n]: v for n in names if (v := fields.get(n)) is not None}


def _number(value: Value) -> float:
    return value if isinstance(value, int | float) else 0


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
