"""Receives what exporters send by OTLP over HTTP, as a collector does, and keeps the spans."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class ExportedSpan(NamedTuple):
    """A span; its times are nanoseconds since 1970."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    start: int
    end: int


class OTLPReceiver:
    """A server on a port of its own, until it is closed."""

    def __init__(self) -> None:
        self.spans: list[ExportedSpan] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of_trace(self, trace: str) -> list[ExportedSpan]:
        """The spans of one trace that have come, by when they began."""
        return sorted((each for each in self.spans if each.trace == trace), key=lambda each: each.start)

    def _take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.spans += [
                ExportedSpan(
                    *(named["service.name"], span.name, span.trace_id.hex(), span.span_id.hex()),
                    *(span.parent_span_id.hex(), span.start_time_unix_nano, span.end_time_unix_nano),
                )
                for scope in resource.scope_spans
                for span in scope.spans
            ]
