"""Sends the same requests through Django's handler and through the front, and prints what a tracer saw.

    python tests/api/front/traced_program.py TRACER

A process for each tracer: each patches Django for good.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


def _answer(status: int, schema: Any) -> dict[str, Any]:
    return {"responses": {str(status): {"description": "ok", "content": {"application/json": {"schema": schema}}}}}


_ORDER = {"$ref": "#/components/schemas/Order"}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _ORDER}}}}
_NAMED = {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "security": [],
    "paths": {
        "/orders": {
            "get": {"operationId": "list_orders", **_answer(200, {"type": "array", "items": _ORDER})},
            "post": {"operationId": "create_order", **_BODY, **_answer(201, _ORDER)},
        },
        "/orders/{order_id}": {"parameters": [_NAMED], "get": {"operationId": "get_order", **_answer(200, _ORDER)}},
        "/broken": {"get": {"operationId": "fail", "x-bind-server": "__main__.fail", **_answer(200, {})}},
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "x-persist": {"hash_key": "order_id"},
                "properties": {
                    "order_id": {"type": "string", "x-generated": "uuid4"},
                    "amount": {"type": "integer"},
                },
            }
        }
    },
}
Seen = list[dict[str, Any]]


def fail() -> None:
    password = "open sesame"  # shown by a report of the frame, unless it is scrubbed
    raise RuntimeError(f"the handler failed with {len(password)} letters")


def opentelemetry() -> Callable[[], Seen]:
    from opentelemetry import metrics, trace
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([reader]))
    if "alone" not in sys.argv:
        DjangoInstrumentor().instrument(request_hook=_request_hook, response_hook=_response_hook)

    def seen() -> Seen:
        spans = exporter.get_finished_spans()
        exporter.clear()
        names = {span.context.span_id: span.name for span in spans}
        return [
            {
                "name": span.name,
                "kind": span.kind.name,
                "parent": names.get(span.parent.span_id, "remote") if span.parent else "",
                "trace": f"{span.context.trace_id:032x}" if span.parent else "",
                "status": span.status.status_code.name,
                "attributes": dict(span.attributes or {}),
                "events": [event.name for event in span.events],
            }
            for span in spans
        ]

    return seen


def _request_hook(span: Any, request: Any) -> None:
    span.set_attribute("test.request", request.path)


def _response_hook(span: Any, request: Any, response: Any) -> None:
    span.set_attribute("test.response", response.status_code)
    span.set_attribute("test.headers", sorted(response.headers))


def sentry() -> Callable[[], Seen]:
    import sentry_sdk
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.transport import Transport

    envelopes: list[Any] = []

    class InMemory(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            envelopes.append(envelope)

    sentry_sdk.init(
        "http://key@127.0.0.1:1/1",
        traces_sample_rate=None if "untraced" in sys.argv else 1.0,
        transport=InMemory,
        send_default_pii=True,
        auto_enabling_integrations="alone" not in sys.argv,
        integrations=[] if "alone" in sys.argv else [DjangoIntegration(middleware_spans="middleware" in sys.argv)],
    )

    def seen() -> Seen:
        sentry_sdk.flush()
        found: Seen = []
        for envelope in envelopes:
            for item in envelope.items:
                event = item.payload.json or {}
                if item.type not in ("event", "transaction"):
                    continue
                kept: dict[str, Any] = {
                    name: event.get(name)
                    for name in ("type", "transaction", "transaction_info", "request", "level", "logentry")
                }
                (kept["request"] or {}).pop("env", None)
                trace = (event.get("contexts") or {}).get("trace", {})
                kept["trace"] = {name: trace.get(name) for name in ("op", "status", "origin", "data")}
                kept["trace"]["continued"] = trace.get("trace_id") == TRACE
                (kept["trace"]["data"] or {}).pop("thread.id", None)
                kept["spans"] = [
                    {
                        "op": span["op"],
                        "description": span["description"],
                        "origin": span["origin"],
                        "status": span.get("status"),
                        "tags": span.get("tags"),
                    }
                    for span in event.get("spans") or ()
                    if not span["op"].startswith("http.client")
                ]
                kept["exceptions"] = [
                    (each["type"], each["value"], each["mechanism"]["type"], each["mechanism"].get("handled"))
                    for each in (event.get("exception") or {}).get("values", ())
                ]
                frames = [
                    frame
                    for each in (event.get("exception") or {}).get("values", ())
                    for frame in each["stacktrace"]["frames"]
                ]
                kept["variables"] = [frame.get("vars") for frame in frames if frame["function"] == "fail"]
                kept["tags"], kept["fingerprint"] = event.get("tags"), event.get("fingerprint")
                if kept["tags"]:
                    kept["tags"].pop("error_id", None)
                found.append(kept)
        envelopes.clear()
        return found

    return seen


def xray() -> Callable[[], Seen]:
    from aws_xray_sdk.core import xray_recorder

    segments: list[Any] = []

    class InMemory:
        def send_entity(self, entity: Any) -> None:
            segments.append(json.loads(entity.serialize()))

        def set_daemon_address(self, address: str) -> None:
            pass

    settings.XRAY_RECORDER = {
        "AWS_XRAY_TRACING_NAME": "shop",
        "SAMPLING": False,
        "AUTO_INSTRUMENT": False,
        "PATCH_MODULES": [],
    }
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "aws_xray_sdk.ext.django"]
    settings.MIDDLEWARE = ["aws_xray_sdk.ext.django.middleware.XRayMiddleware", *settings.MIDDLEWARE]
    xray_recorder.configure(sampling=False, emitter=InMemory())

    def seen() -> Seen:
        found = [
            {
                **{name: each.get(name) for name in ("name", "http", "fault", "error")},
                "trace": each["trace_id"] if each.get("parent_id") else "",
                "exceptions": [cause["type"] for cause in each.get("cause", {}).get("exceptions", ())],
            }
            for each in segments
        ]
        segments.clear()
        return found

    return seen


def ddtrace() -> Callable[[], Seen]:
    os.environ["DD_TRACE_AGENT_URL"] = "http://127.0.0.1:1"
    os.environ["DD_INSTRUMENTATION_TELEMETRY_ENABLED"] = "false"
    os.environ["DD_REMOTE_CONFIGURATION_ENABLED"] = "false"
    import ddtrace as module
    from ddtrace.trace import TraceFilter, tracer

    spans: list[Any] = []

    class InMemory(TraceFilter):
        def process_trace(self, trace: Any) -> None:
            spans.extend(trace)

    tracer.configure(trace_processors=[InMemory()])
    module.patch(django=True)

    def seen() -> Seen:
        kept = ("name", "resource", "service", "span_type", "error")
        found = [
            {
                **{name: getattr(span, name) for name in kept},
                "tags": {
                    name: tag
                    for name, tag in span.get_tags().items()
                    if not name.startswith(("_dd.", "error.", "runtime"))
                },
            }
            for span in spans
        ]
        spans.clear()
        return found

    return seen


TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {
    "HTTP_TRACEPARENT": f"00-{TRACE}-b7ad6b7169203331-01",
    "HTTP_SENTRY_TRACE": f"{TRACE}-b7ad6b7169203331-1",
    "HTTP_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    "HTTP_USER_AGENT": "tests",
}


def requests() -> Iterator[dict[str, Any]]:
    """Yields the environ of each request: it is answered well, as a client's fault, and as the server's."""
    order = b'{"order_id": "a", "amount": 1}'
    for method, path, body, more in (
        ("POST", "/orders", order, {}),
        ("GET", "/orders/a", b"", {}),
        ("GET", "/orders/a", b"", HEADERS),
        ("GET", "/orders?limit=2", b"", {}),
        ("GET", "/orders/absent", b"", {}),
        ("POST", "/orders", b'{"amount": "many"}', {}),
        ("PUT", "/orders/a", order, {}),
        ("GET", "/broken", b"", HEADERS),
    ):
        path, _, query = path.partition("?")
        yield {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "shop.example",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "shop.example",
            "HTTP_ACCEPT": "application/json",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            **({"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))} if body else {}),
            **more,
        }


def ask(application: Any, environ: dict[str, Any]) -> tuple[str, list[str]]:
    started: list[Any] = []
    answered = application(environ, lambda status, headers, *_: started.append((status, headers)))
    list(answered)
    answered.close()
    status, headers = started[0]
    return status, sorted(name for name, _ in headers)


def ask_asgi(application: Any, environ: dict[str, Any]) -> tuple[int, list[str]]:
    """As ``ask``, of an ASGI application, with what a server makes of the same request."""
    body = environ["wsgi.input"].read()
    headers = {name[5:].replace("_", "-").lower(): each for name, each in environ.items() if name.startswith("HTTP_")}
    if body:
        headers |= {"content-type": "application/json", "content-length": str(len(body))}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": "http",
        "path": environ["PATH_INFO"],
        "raw_path": environ["PATH_INFO"].encode(),
        "root_path": "",
        "query_string": environ["QUERY_STRING"].encode(),
        "headers": [(name.encode(), each.encode()) for name, each in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("shop.example", 80),
    }
    received, sent = [{"type": "http.request", "body": body}], []

    async def receive() -> Any:
        while not received:
            await asyncio.Event().wait()
        return received.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], sorted(name.decode().lower() for name, _ in sent[0]["headers"])


TRACERS: dict[str, Callable[[], Callable[[], Seen]]] = {
    "opentelemetry": opentelemetry,
    "sentry": sentry,
    "xray": xray,
    "ddtrace": ddtrace,
}
urlpatterns: list[Any] = []


def run_requests(found: dict[str, Any], ways: dict[str, Any], send: Any, seen: Any, answered: list[str]) -> None:
    """Notes what is seen of all requests, on each way."""
    for way, application in ways.items():
        seen()
        answers = [send(application, environ) for environ in requests()]
        text = json.dumps(seen(), default=str)
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
        found[way] = {"answers": answers, "seen": json.loads(text), "answered": list(answered)}


def main(tracer: str, folder: str) -> None:
    spec = Path(folder) / "shop.yaml"
    spec.write_text(json.dumps(SPEC), "utf-8")
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "rest_framework",
            "macaron_django",
        ],
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        MIDDLEWARE=MIDDLEWARE[:1] if "bare" in sys.argv else MIDDLEWARE,
        ROOT_URLCONF=__name__,
        SECRET_KEY="only-for-tests-only-for-tests-only-for-tests",
        LOGGING_CONFIG=None,
        MACARON={
            "APIS": {"shop": spec},
            "DYNAMODB": {"ENGINE": "embedded"},
            "OBSERVABILITY": {"BACKENDS": [tracer] if "ours" in sys.argv else []},
        },
    )
    if tracer in ("sentry", "ddtrace"):
        seen = TRACERS[tracer]()
    import django

    if tracer == "xray":
        seen = TRACERS[tracer]()
    django.setup()
    if tracer == "opentelemetry":
        seen = TRACERS[tracer]()
    from django.urls import include, path

    from macaron_django.api.front import ASGIFront, WSGIFront
    from macaron_django.asgi import get_asgi_application
    from macaron_django.dynamodb import engines
    from macaron_django.dynamodb.tables.syncing import create_table
    from macaron_django.registry import registry
    from macaron_django.testing.isolation import engine_in_memory
    from macaron_django.wsgi import get_wsgi_application

    urlpatterns.append(path("", include("macaron_django.urls")))
    engine = engine_in_memory("embedded")
    found: dict[str, Any] = {}
    with engines.use(engine):
        for persistence in registry["shop"].persistences.values():
            create_table(persistence.table)
        asgi = "asgi" in sys.argv
        front: Any = get_asgi_application() if asgi else get_wsgi_application()
        assert isinstance(front, ASGIFront if asgi else WSGIFront)
        answered = []
        if asgi:
            enter = front._enter
            front._enter = lambda request, chain: (answered.append(request.path), enter(request, chain))[1]
            run_requests(
                found,
                {"warm": front.application, "handler": front.application, "front": front},
                ask_asgi,
                seen,
                answered,
            )
            found["unknown"] = [*front.chain.unknown]
            engine.stop()
            print(json.dumps(found))
            return
        answer = front._answered
        front._answered = lambda environ, *rest: (answered.append(environ["PATH_INFO"]), answer(environ, *rest))[1]
        run_requests(found, {"warm": front.handler, "handler": front.handler, "front": front}, ask, seen, answered)
        found["unknown"] = [*front.chain.unknown]
    engine.stop()
    print(json.dumps(found))


if __name__ == "__main__":
    sys.modules.setdefault(__name__, sys.modules["__main__"])
    main(sys.argv[1], sys.argv[2])
