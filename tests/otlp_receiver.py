"""A collector of OTLP over HTTP for tests: it decodes what it is sent, or fails as it is told."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

How = Literal["takes", "hangs", "fails", "drops"]
Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass
class Collector:
    """What was received: ``sums`` by name and attributes are the last of each cumulative stream,
    ``histograms`` likewise (count, sum)."""

    address: str
    asked: int = 0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    sums: dict[Key, float] = field(default_factory=dict)
    gauges: dict[Key, float] = field(default_factory=dict)
    histograms: dict[Key, tuple[int, float]] = field(default_factory=dict)

    def by(self, name: str, attribute: str) -> dict[str, int]:
        """The sums of a counter, added up by one attribute."""
        found: defaultdict[str, int] = defaultdict(int)
        for (of, attributes), value in self.sums.items():
            if of == name:
                found[dict(attributes)[attribute]] += int(value)
        return dict(found)

    def take(self, path: str, body: bytes) -> None:
        """Decode one request."""
        self.bodies.append(body)
        if path == "/v1/traces":
            traces = ExportTraceServiceRequest.FromString(body)
            for resource in traces.resource_spans:
                self.resources.append(dict(told(resource.resource.attributes)))
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        else:
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.resources.append(dict(told(resource.resource.attributes)))
                for metric in (one for scope in resource.scope_metrics for one in scope.metrics):
                    for point in metric.sum.data_points:
                        key = (metric.name, frozenset(told(point.attributes)))
                        self.sums[key] = point.as_int or point.as_double
                    for point in metric.gauge.data_points:
                        key = (metric.name, frozenset(told(point.attributes)))
                        self.gauges[key] = point.as_int or point.as_double
                    for spread in metric.histogram.data_points:
                        key = (metric.name, frozenset(told(spread.attributes)))
                        self.histograms[key] = (spread.count, spread.sum)


def told(attributes: Iterator[KeyValue]) -> list[tuple[str, str]]:
    """Attributes as texts."""
    return [(one.key, str(getattr(one.value, one.value.WhichOneof("value")))) for one in attributes]


@contextmanager
def collector(how: How = "takes") -> Iterator[Collector]:
    """A collector that takes everything, never answers, answers 503, or drops the connection."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if how == "hangs":
                over.wait()
                return
            if how == "drops":
                self.close_connection = True
                return
            if how == "takes":
                got.headers.append({name.lower(): value for name, value in self.headers.items()})
                got.take(self.path, body)
            self.send_response(200 if how == "takes" else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    got = Collector(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield got
    finally:
        over.set()
        server.shutdown()
        server.server_close()
