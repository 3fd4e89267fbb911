"""Makes the same calls on botocore's way, by the lane, and by the lane on an event loop, and prints what a tracer saw.

    python tests/dynamodb/traced_program.py TRACER

A process for each tracer: each patches botocore for good.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test.utils import override_settings

#: Seconds.
PATIENCE = 300

Seen = list[dict[str, Any]]
#: Makes a root span, and returns what was seen until its end.
Tracer = tuple[Callable[[], AbstractContextManager[Any]], Callable[[], Seen]]


def opentelemetry() -> Tracer:
    from opentelemetry import trace
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    BotocoreInstrumentor().instrument(response_hook=_response_hook if "hook" in sys.argv else None)

    def seen() -> Seen:
        spans = exporter.get_finished_spans()
        exporter.clear()
        names = {span.context.span_id: span.name for span in spans}
        return [
            {
                "name": span.name,
                "kind": span.kind.name,
                "parent": names.get(span.parent.span_id) if span.parent else None,
                "scope": span.instrumentation_scope.name,
                "status": span.status.status_code.name,
                "attributes": dict(span.attributes or {}),
                "events": [(event.name, dict(event.attributes or {}).get("exception.type")) for event in span.events],
            }
            for span in spans
        ]

    return lambda: trace.get_tracer("test").start_as_current_span("request"), seen


def _response_hook(span: Any, service: str, operation: str, result: Mapping[str, Any] | None) -> None:
    shown = {name: member for name, member in (result or {}).items() if name != "ResponseMetadata"}
    span.set_attribute("test.result", json.dumps(shown, sort_keys=True, default=str))


def sentry() -> Tracer:
    import sentry_sdk
    from sentry_sdk.transport import Transport

    envelopes: list[Any] = []

    class InMemory(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            envelopes.append(envelope)

    sentry_sdk.init(
        "http://key@127.0.0.1:1/1", traces_sample_rate=1.0, transport=InMemory, trace_propagation_targets=[".*"]
    )

    @contextmanager
    def root() -> Iterator[None]:
        with sentry_sdk.isolation_scope(), sentry_sdk.start_transaction(name="request", op="http.server"):
            sentry_sdk.get_isolation_scope().clear_breadcrumbs()
            yield
            sentry_sdk.capture_message("the end")

    def seen() -> Seen:
        found: Seen = []
        for envelope in envelopes:
            for item in envelope.items:
                payload = item.payload.json
                for span in (payload or {}).get("spans", ()):
                    if span["origin"] != "auto.http.stdlib.httplib":
                        data = {name: each for name, each in span["data"].items() if not name.startswith("thread.")}
                        kept = ("op", "description", "status", "tags", "origin")
                        found.append({**{name: span.get(name) for name in kept}, "data": data})
                for crumb in (payload or {}).get("breadcrumbs", {}).get("values", ()):
                    if crumb.get("category") == "httplib" and "aws.request.url" in crumb["data"]:
                        found.append({"breadcrumb": crumb["data"], "type": crumb["type"]})
        envelopes.clear()
        return found

    return root, seen


def xray() -> Tracer:
    from aws_xray_sdk.core import patch, xray_recorder

    segments: list[Any] = []

    class InMemory:
        def send_entity(self, entity: Any) -> None:
            segments.append(json.loads(entity.serialize()))

    xray_recorder.configure(sampling=False, context_missing="LOG_ERROR", emitter=InMemory(), streaming_threshold=1000)
    patch(["botocore"])

    def seen() -> Seen:
        found = [_subsegment(each) for segment in segments for each in segment.get("subsegments", ())]
        segments.clear()
        return found

    return lambda: xray_recorder.in_segment("request"), seen


def _subsegment(each: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("name", "namespace", "aws", "http", "fault", "error")
    exceptions = [cause["type"] for cause in each.get("cause", {}).get("exceptions", ())]
    return {**{name: each.get(name) for name in kept}, "exceptions": exceptions}


def ddtrace() -> Tracer:
    os.environ["DD_TRACE_AGENT_URL"] = "http://127.0.0.1:1"
    os.environ["DD_INSTRUMENTATION_TELEMETRY_ENABLED"] = "false"
    os.environ["DD_REMOTE_CONFIGURATION_ENABLED"] = "false"
    from ddtrace.trace import TraceFilter, tracer

    spans: list[Any] = []

    class InMemory(TraceFilter):
        def process_trace(self, trace: Any) -> None:
            spans.extend(trace)

    tracer.configure(trace_processors=[InMemory()])
    import ddtrace as module

    module.patch(botocore=True)

    def seen() -> Seen:
        names = {span.span_id: span.name for span in spans}
        found = [
            {
                "name": span.name,
                "resource": span.resource,
                "service": span.service,
                "type": span.span_type,
                "error": span.error,
                "parent": names.get(span.parent_id),
                "tags": {
                    name: tag
                    for name, tag in {**span.get_tags(), **span.get_metrics()}.items()
                    if not name.startswith(("_dd.", "error.stack", "error.message", "runtime-id", "process_id"))
                },
            }
            for span in spans
        ]
        spans.clear()
        return found

    return lambda: tracer.trace("request"), seen


def calls(table: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each operation of the lane that spans differ by, and each kind of error."""
    key = {"profile_id": {"S": "ada"}}
    item = {**key, "age": {"N": "36"}}
    capacity = {"ReturnConsumedCapacity": "TOTAL"}
    condition = {"ConditionExpression": "attribute_not_exists(profile_id)"}
    ask = {"KeyConditionExpression": "profile_id = :0", "ExpressionAttributeValues": {":0": {"S": "ada"}}}
    update = {"UpdateExpression": "SET age = :0", "ExpressionAttributeValues": {":0": {"N": "37"}}}
    yield "PutItem", {"TableName": table, "Item": item, **capacity}
    yield "GetItem", {"TableName": table, "Key": key, "ConsistentRead": True, **capacity}
    yield "UpdateItem", {"TableName": table, "Key": key, **update, **capacity}
    yield "Query", {"TableName": table, "Limit": 5, "ScanIndexForward": False, **ask, **capacity}
    yield "Scan", {"TableName": table, "Limit": 2, **capacity}
    yield "BatchGetItem", {"RequestItems": {table: {"Keys": [key]}}, **capacity}
    yield "BatchWriteItem", {"RequestItems": {table: [{"PutRequest": {"Item": item}}]}, **capacity}
    yield "TransactGetItems", {"TransactItems": [{"Get": {"TableName": table, "Key": key}}], **capacity}
    yield (
        "TransactWriteItems",
        {
            "TransactItems": [{"Put": {"TableName": table, "Item": item}}],
            "ClientRequestToken": "t",
            **capacity,
        },
    )
    yield "PutItem", {"TableName": table, "Item": item, **condition}
    yield "GetItem", {"TableName": f"{table}-absent", "Key": key}
    yield "DeleteItem", {"TableName": table, "Key": key, **capacity}


def main(tracer: str) -> None:
    started = TRACERS[tracer]()
    settings.configure(INSTALLED_APPS=[], MACARON={"DYNAMODB": {"ENGINE": "embedded"}}, SECRET_KEY="x" * 50)
    found = {}
    for way in ("botocore", "lane", "loop"):
        dynamodb = {"FAST_LANE": way != "botocore", "MAX_ATTEMPTS": 1}
        with override_settings(MACARON={"DYNAMODB": dynamodb}):
            found[way] = seen_by(started, on_loop=way == "loop")
    print(json.dumps(found, default=str))


def seen_by(tracer: Tracer, *, on_loop: bool) -> dict[str, Any]:
    """Returns what a tracer sees of all calls, and which of them the lane has sent."""
    from botocore.httpsession import URLLib3Session

    from macaron_django.drivers import in_thread, run, run_on_loop
    from macaron_django.dynamodb import engines
    from macaron_django.dynamodb.calls.call_attempts import call_steps
    from macaron_django.dynamodb.calls.clients import reset
    from macaron_django.dynamodb.calls.connection import connection
    from macaron_django.dynamodb.calls.fast_lane import lane_calls
    from macaron_django.dynamodb.calls.fast_lane.lane import FastLane
    from macaron_django.dynamodb.engines.endpoint import EndpointEngine
    from macaron_django.testing.isolation import engine_in_memory

    root, seen = tracer
    sent: list[str] = []
    members = FastLane._members

    def noted(this: Any, operation: str, *rest: Any, **named: Any) -> Any:
        sent.append(operation)
        return members(this, operation, *rest, **named)

    FastLane._members = noted  # type: ignore[method-assign]
    originals = URLLib3Session.send, lane_calls.RequestTemplate.request
    added = headers_of_requests(*originals)
    engine = engine_in_memory("embedded")
    engine.start()
    url = str(engine.endpoint_url)
    there = EndpointEngine(url)  # (the engine itself would start again)
    table = "profiles"

    def begin() -> None:
        client: Any = connection().client
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "profile_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "profile_id", "KeyType": "HASH"}],
        )
        seen(), added.clear()

    def failing(operation: str, parameters: dict[str, Any]) -> Any:
        steps = call_steps(connection().key_names, operation, parameters)
        try:
            return (yield from steps)
        except Exception as error:  # noqa: BLE001 (it is what was asked for)
            return error

    def end() -> None:
        engine.shut_down()
        assert engine.wait_for_end(PATIENCE)

    def blocking() -> None:
        with root():
            for operation, parameters in calls(table):
                run(failing(operation, parameters))
            end()
            run(failing("GetItem", {"TableName": table, "Key": {"profile_id": {"S": "ada"}}}))

    async def on_an_event_loop() -> None:
        with root():
            for operation, parameters in calls(table):
                await run_on_loop(failing(operation, parameters))
            await in_thread(end)
            await run_on_loop(failing("GetItem", {"TableName": table, "Key": {"profile_id": {"S": "ada"}}}))

    with engines.use(there):
        begin()
        if on_loop:
            asyncio.run(on_an_event_loop())
        else:
            blocking()
        reset()
    FastLane._members = members  # type: ignore[method-assign]
    URLLib3Session.send, lane_calls.RequestTemplate.request = originals  # type: ignore[method-assign]
    text = re.sub(r"\b[0-9A-F]{52}\b", "AN ID", json.dumps(seen(), default=str))
    address = urlsplit(url)
    text = re.sub(rf"\b{address.port}\b", "0", text.replace(str(address.hostname), "HOST"))
    return {"seen": json.loads(text), "sent": sent, "headers": added}


def headers_of_requests(send: Any, request: Any) -> list[list[str]]:
    """Returns the names of headers that requests will have, in a list that is filled as they are sent."""
    from botocore.httpsession import URLLib3Session

    from macaron_django.dynamodb.calls.fast_lane import lane_calls

    found: list[list[str]] = []

    def note(head: Mapping[str, Any]) -> None:
        authorization = head["Authorization"]
        authorization = authorization if isinstance(authorization, str) else authorization.decode()
        signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        of_everyone = {"accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "content-length", "host"}
        found.append([sorted({*map(str.lower, head)} - of_everyone), sorted({*signed} - of_everyone)])

    def sent_by_botocore(session: Any, request: Any) -> Any:
        note(request.headers)
        return send(session, request)

    def made_by_lane(template: Any, *given: Any) -> bytes:
        made: bytes = request(template, *given)
        note(dict(line.split(": ", 1) for line in made.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]))
        return made

    URLLib3Session.send = sent_by_botocore  # type: ignore[method-assign]
    lane_calls.RequestTemplate.request = made_by_lane  # type: ignore[method-assign]
    return found


TRACERS: dict[str, Callable[[], Tracer]] = {
    "opentelemetry": opentelemetry,
    "sentry": sentry,
    "xray": xray,
    "ddtrace": ddtrace,
}

if __name__ == "__main__":
    main(sys.argv[1])
