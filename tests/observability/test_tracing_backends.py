"""The backends that the settings name are told what happens, in OpenTelemetry's and Sentry's own terms."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
import sentry_sdk.transport
from django.test import RequestFactory, override_settings
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from macaron_django import events
from macaron_django.checks import check_observability, check_settings
from macaron_django.observability import monitor
from macaron_django.observability.opentelemetry_spans import OpenTelemetrySpans
from macaron_django.observability.sentry_reports import _report
from tests.conftest import PATIENCE

PROGRAM = Path(__file__).parents[1] / "api" / "front" / "traced_program.py"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@cache
def seen_by(tracer: str) -> list[dict[str, Any]]:
    """What a backend was told of eight requests through the front: traced_program.py says which."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        name, *options = tracer.split()
        command = [sys.executable, str(PROGRAM), name, folder, "ours", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode:
        pytest.fail(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found["front"]["answered"]) == 8
    return found["front"]["seen"]  # type: ignore[no-any-return]


# ------------------------------------------------------------------ OpenTelemetry


def test_an_operation_is_a_server_span_by_the_semantic_conventions():
    spans = {span["attributes"].get("url.path", ""): span for span in seen_by("opentelemetry alone")}
    span = spans["/orders/absent"]
    error_id = span["attributes"].pop("macaron_django.error_id")
    assert error_id
    assert (span["name"], span["kind"], span["status"]) == ("GET /orders/{order_id}", "SERVER", "UNSET")
    assert span["attributes"] == {
        "http.request.method": "GET",
        "http.route": "/orders/{order_id}",
        "http.response.status_code": 404,
        "url.path": "/orders/absent",
        "url.scheme": "http",
        "server.address": "shop.example",
        "server.port": 80,
        "client.address": "127.0.0.1",
        "macaron_django.api": "shop",
        "macaron_django.operation_id": "get_order",
        "macaron_django.error_code": "NOT_FOUND",
    }
    broken = spans["/broken"]
    assert (broken["status"], broken["attributes"]["error.type"]) == ("ERROR", "builtins.RuntimeError")
    assert broken["attributes"]["http.response.status_code"] == 500


def test_a_call_is_a_client_span_within_its_operation():
    found = [span for span in seen_by("opentelemetry alone") if span["kind"] == "CLIENT"]
    assert [(span["name"], span["parent"]) for span in found[:2]] == [
        ("DynamoDB.PutItem", "POST /orders"),
        ("DynamoDB.GetItem", "GET /orders/{order_id}"),
    ]
    (scan,) = (span for span in found if span["name"] == "DynamoDB.Scan")
    capacity = scan["attributes"].pop("aws.dynamodb.consumed_capacity")
    assert [json.loads(each) for each in capacity] == [{"TableName": "shop_order", "CapacityUnits": 0.5}]
    assert scan["attributes"] == {
        "rpc.system": "aws-api",
        "rpc.service": "DynamoDB",
        "rpc.method": "Scan",
        "db.system.name": "aws.dynamodb",
        "db.operation.name": "Scan",
        "db.collection.name": "shop_order",
        "aws.dynamodb.table_names": ["shop_order"],
        "aws.dynamodb.limit": 3,
        "aws.dynamodb.count": 1,
        "aws.dynamodb.scanned_count": 1,
    }
    assert found[0]["attributes"]["error.type"] == "ConditionalCheckFailedException"


def test_a_trace_that_a_client_began_goes_on():
    remote = [span for span in seen_by("opentelemetry alone") if span["parent"] == "remote"]
    assert [(span["name"], span["trace"]) for span in remote] == [
        ("GET /orders/{order_id}", TRACE),
        ("GET /broken", TRACE),
    ]


def test_within_a_frameworks_server_span_an_operation_is_an_internal_one():
    spans = seen_by("opentelemetry")
    internal = next(span for span in spans if (span["name"], span["kind"]) == ("GET /orders/{order_id}", "INTERNAL"))
    assert internal["parent"].startswith("GET ")
    assert "url.path" not in internal["attributes"]
    assert [span["kind"] for span in spans].count("SERVER") == 8


@pytest.fixture
def told() -> Iterator[tuple[InMemorySpanExporter, InMemoryMetricReader, Any]]:
    """A backend of providers of its own; the last is called with a sampler."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    subscribed = []

    def subscribe(sampler: Any = None) -> OpenTelemetrySpans:
        provider = TracerProvider(sampler=sampler)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        spans = OpenTelemetrySpans(provider, MeterProvider([reader]))
        events.subscribe(spans)
        subscribed.append(spans)
        return spans

    yield exporter, reader, subscribe
    for spans in subscribed:
        events.unsubscribe(spans)


def happen(error: Exception | None = None) -> None:
    """An operation with a call, a call to another service and a task, each after the other."""
    request = RequestFactory().get("/orders/1", headers={"host": "shop.example:8443"})
    operation = "shop", "get_order", "GET", "/orders/{order_id}"
    served = events.OPERATIONS.begin(events.OperationBegan(*operation, request))
    within = events.within()
    with contextlib.suppress(LookupError), monitor(kind="stock", method="look"):
        call = events.DYNAMODB_CALLS.begin(events.DynamoDBCallBegan("GetItem", ("orders",), "", within, {}))
        call.leave()
        call.end(events.DynamoDBCallEnded("GetItem", ("orders",), "", within, (), 3, 0, 0, 0.5, "", None, {}))
        raise LookupError("none left")
    client = events.CLIENT_CALLS.begin(events.ClientCallBegan("login", "do_login", "POST", "/login", within))
    client.leave()
    ended = events.ClientCallEnded("login", "do_login", "POST", "/login", within, 503, 2, 0.25, "UNAVAILABLE", None)
    client.end(ended)
    served.leave()
    served.end(events.OperationEnded(*operation, 500 if error else 200, 1.0, "", "", "ada", error, request))
    task = events.TASKS.begin(events.TaskBegan("send_mail", "7", 1))
    task.leave()
    task.end(events.TaskEnded("send_mail", "7", 1, 2.0, "failed", RuntimeError("no")))


def test_what_happens_nests(told):
    exporter, _, subscribe = told
    subscribe()
    happen()
    assert trace.get_current_span() is trace.INVALID_SPAN
    spans = {span.name: span for span in exporter.get_finished_spans()}
    operation = spans["GET /orders/{order_id}"]
    block = spans["stock look"]
    assert (block.kind.name, block.parent.span_id) == ("INTERNAL", operation.context.span_id)
    assert (block.attributes["error.type"], block.status.description) == ("builtins.LookupError", "none left")
    assert spans["DynamoDB.GetItem"].parent.span_id == block.context.span_id
    assert spans["POST /login"].parent.span_id == operation.context.span_id
    assert operation.attributes["server.port"] == 8443
    assert operation.attributes["user.id"] == "ada"
    assert spans["DynamoDB.GetItem"].attributes["http.request.resend_count"] == 2
    assert spans["POST /login"].attributes["error.type"] == "UNAVAILABLE"
    task = spans["process send_mail"]
    assert (task.kind.name, task.parent, task.status.status_code.name) == ("CONSUMER", None, "ERROR")


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("shop.example", "shop.example", 80),
        ("[2001:db8::1]:8443", "2001:db8::1", 8443),
        ("[::1]", "::1", 80),
        (f"shop.example:{2**64}", f"shop.example:{2**64}", 80),
        (f"shop.example:{'9' * 5000}", f"shop.example:{'9' * 5000}", 80),
    ],
)
def test_a_host_header_gives_an_address_and_no_more_than_a_port(told, host, address, port):
    exporter, _, subscribe = told
    subscribe()
    request = RequestFactory().get("/orders", headers={"host": host})
    served = events.OPERATIONS.begin(events.OperationBegan("shop", "list_orders", "GET", "/orders", request))
    served.leave()
    served.end(events.OperationEnded("shop", "list_orders", "GET", "/orders", 200, 1.0, "", "", "", None, request))
    (span,) = exporter.get_finished_spans()
    assert (span.attributes["server.address"], span.attributes["server.port"]) == (address, port)


def test_texts_that_have_no_utf_8_are_replaced_in_spans(told):
    exporter, _, subscribe = told
    subscribe()
    request = RequestFactory().get("/orders")
    operation = "shop", "list_orders", "GET", "/orders"
    served = events.OPERATIONS.begin(events.OperationBegan(*operation, request))
    served.leave()
    error = RuntimeError("no \ud800")
    served.end(events.OperationEnded(*operation, 500, 1.0, "", "", "ada\udfff", error, request))
    (span,) = exporter.get_finished_spans()
    assert (span.attributes["user.id"], span.status.description) == ("ada?", "no ?")


def test_durations_are_metrics_whether_a_span_is_sampled_or_not(told):
    exporter, reader, subscribe = told
    subscribe(ParentBased(ALWAYS_OFF))
    happen()
    assert exporter.get_finished_spans() == ()
    (resource,) = reader.get_metrics_data().resource_metrics
    (scope,) = resource.scope_metrics
    found = {metric.name: metric.data.data_points[0] for metric in scope.metrics}
    requests = found["http.server.request.duration"]
    assert (requests.sum, requests.attributes["http.route"]) == (1.0, "/orders/{order_id}")
    calls = found["db.client.operation.duration"]
    assert (calls.sum, calls.attributes["db.collection.name"]) == (0.5, "orders")


def test_within_a_span_that_is_not_sampled_none_is_begun(told):
    exporter, _, subscribe = told
    subscribe()
    context = trace.SpanContext(1, 1, is_remote=True, trace_flags=trace.TraceFlags(0))
    with trace.use_span(trace.NonRecordingSpan(context)):
        happen()
    assert exporter.get_finished_spans() == ()


def test_what_a_span_says_of_an_exception_holds_no_token(told):
    exporter, _, subscribe = told
    subscribe()
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlc2lnbmF0dXJl"
    happen(RuntimeError(f"refused {token}"))
    (span,) = (each for each in exporter.get_finished_spans() if each.kind.name == "SERVER")
    assert span.status.description == "refused ********"


# ------------------------------------------------------------------ Sentry


@pytest.mark.parametrize("options", ["", " alone", " untraced", " alone untraced"])
def test_a_fault_is_reported_once_by_operation_and_code(options):
    (report,) = (event for event in seen_by(f"sentry{options}") if event["exceptions"])
    assert report["fingerprint"] == ["shop", "fail", "SERVER_ERROR"]
    assert report["transaction"] == "GET /broken"
    assert report["tags"]["operation"] == "fail"
    assert report["exceptions"] == [["RuntimeError", "the handler failed with 11 letters", "macaron_django", True]]


def test_a_report_holds_no_secret():
    (report,) = (event for event in seen_by("sentry alone") if event["exceptions"])
    assert len(report["variables"]) == 1
    assert "open sesame" not in json.dumps(report)


def test_a_report_holds_no_secret_of_a_query_or_a_breadcrumb():
    reports: list[Any] = []
    client = sentry_sdk.Client("https://key@sentry.example/1", transport=Reports(reports), default_integrations=False)
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.add_event_processor(with_query)
        sentry_sdk.add_breadcrumb(message="called", data={"shop_secret": "xyzzy-2", "page": 3})
        _report(RuntimeError("refused xyzzy-1"), ["shop"], {}, "GET /orders")
    (report,) = reports
    assert report["request"]["query_string"] == "api_key=********&page=2&page=3&q="
    (crumb,) = report["breadcrumbs"]["values"]
    assert crumb["data"] == {"shop_secret": "********", "page": 3}
    assert "xyzzy-1" not in str(report)
    assert "xyzzy-2" not in str(report)


def with_query(event: Any, _hint: Any) -> Any:
    """As Sentry's Django integration notes the query of a request."""
    event["request"] = {"query_string": "api_key=xyzzy-1&page=2&page=3&q="}
    return event


class Reports(sentry_sdk.transport.Transport):
    """Keeps reports in a list."""

    def __init__(self, reports: list[Any]) -> None:
        super().__init__()
        self.reports = reports

    def capture_envelope(self, envelope: Any) -> None:
        self.reports.append(envelope.get_event())


def test_without_sentrys_integrations_an_operation_is_a_transaction():
    found = [event for event in seen_by("sentry alone") if event["type"] == "transaction"]
    assert [event["transaction"] for event in found][:3] == ["POST /orders", *["GET /orders/{order_id}"] * 2]
    assert [event["trace"]["continued"] for event in found] == [False, False, True, *[False] * 4, True]
    assert [span["description"] for span in found[0]["spans"]] == ["PutItem shop_order"]
    assert found[-1]["trace"]["status"] == "internal_error"


def test_with_them_it_is_a_span_of_theirs():
    found = [event for event in seen_by("sentry") if event["type"] == "transaction"]
    assert [event["trace"]["origin"] for event in found] == ["auto.http.django"] * 8
    spans = [(span["op"], span["description"], span["origin"]) for span in found[1]["spans"]]
    assert ("http.server", "GET /orders/{order_id}", "auto.http.macaron_django") in spans


def test_without_traces_nothing_but_the_fault_is_sent():
    assert len(seen_by("sentry alone untraced")) == 1


# ------------------------------------------------------------------ settings


class Counting(events.Subscriber):
    began = 0

    def operation(self, began: events.OperationBegan) -> None:
        type(self).began += 1


def test_a_backend_is_on_while_the_settings_name_it():
    named = f"{__name__}.Counting"
    with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": [named]}}):
        assert check_observability(None) == []
        happen()
    happen()
    assert Counting.began == 1


@pytest.mark.parametrize("named", ["nonsense", "json.dumps", f"{__name__}.nothing", 7])
def test_a_name_that_leads_to_no_subscriber_is_an_error(named):
    with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": [named]}}):
        (error,) = check_observability(None)
        assert error.id == "macaron_django.E102"
        assert repr(str(named)) in error.msg


def test_the_known_backends_can_be_used():
    with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": ["opentelemetry", "sentry"]}}):
        assert check_settings(None) == check_observability(None) == []


def test_a_text_is_no_list():
    with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": "sentry"}}):
        (error,) = check_observability(None)
        assert "list" in error.hint
