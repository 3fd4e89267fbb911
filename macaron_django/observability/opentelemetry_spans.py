"""Creates OpenTelemetry spans and metrics for operations, tasks, blocks, and calls to DynamoDB and other services.

Names follow OpenTelemetry's semantic conventions for HTTP server spans, AWS SDK spans and DynamoDB spans. If a span
isn't sampled, no further spans are begun within it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import context, metrics, propagate, trace
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from macaron_django import events
from macaron_django.scrubbing import Scrubber

__all__ = ["OpenTelemetrySpans"]

_NAME: Final = "macaron_django"
#: Upper bounds of the histograms' buckets, in seconds, as the conventions advise.
_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class _Headers(Getter[Mapping[str, Any]]):
    """Reads a request's headers from its META."""

    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        value = carrier.get(_meta_name(key))
        return None if value is None else [str(value)]

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return [name[5:].replace("_", "-").lower() for name in carrier if name.startswith("HTTP_")]


class OpenTelemetrySpans(events.Subscriber):
    """Records events with the given OpenTelemetry providers, or by default with OpenTelemetry's global providers.

    The program can set the global providers later.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self.tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_NAME, meter_provider=meter_provider)

        def histogram(name: str, description: str) -> Any:
            return meter.create_histogram(
                name, unit="s", description=description, explicit_bucket_boundaries_advisory=_BOUNDS
            )

        self.requests = histogram("http.server.request.duration", "Duration of the operations of this server.")
        self.dynamodb = histogram("db.client.operation.duration", "Duration of calls to DynamoDB.")
        self.clients = histogram("http.client.request.duration", "Duration of calls to other services.")
        self._fields: tuple[object, list[str]] = (None, [])

    def operation(self, began: events.OperationBegan) -> events.Observation[events.OperationEnded]:
        here = trace.get_current_span()
        if here is trace.INVALID_SPAN:
            span = self.tracer.start_span(
                f"{began.method} {began.route}",
                self._continued(began.request.META),
                SpanKind.SERVER,
                _request_attributes(began),
            )
        elif here.is_recording():  # a span of a framework's own instrumentation, or of a test
            span = self.tracer.start_span(
                f"{began.method} {began.route}", kind=SpanKind.INTERNAL, attributes=_operation_attributes(began)
            )
        else:
            return _UnsampledOperation(self)
        return _OperationSpan(self, span)

    def dynamodb_call(self, began: events.DynamoDBCallBegan) -> events.Observation[events.DynamoDBCallEnded]:
        if not self._is_traced():
            return _UnsampledDynamoDBCall(self)
        span = self.tracer.start_span(
            f"DynamoDB.{began.operation}", kind=SpanKind.CLIENT, attributes=_call_attributes(began)
        )
        return _DynamoDBCallSpan(self, span)

    def client_call(self, began: events.ClientCallBegan) -> events.Observation[events.ClientCallEnded] | None:
        if not self._is_traced():
            return None
        attributes = {
            "http.request.method": began.method,
            "url.template": began.route,
            "macaron_django.api": began.api,
            "macaron_django.operation_id": began.operation_id,
        }
        return _ClientCallSpan(
            self, self.tracer.start_span(f"{began.method} {began.route}", kind=SpanKind.CLIENT, attributes=attributes)
        )

    def task(self, began: events.TaskBegan) -> events.Observation[events.TaskEnded] | None:
        attributes: dict[str, str | int] = {
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.message.id": began.id,
            "macaron_django.task": began.name,
            "macaron_django.attempt": began.attempt,
        }
        return _TaskSpan(
            self, self.tracer.start_span(f"process {began.name}", kind=SpanKind.CONSUMER, attributes=attributes)
        )

    def block(self, began: events.BlockBegan) -> events.Observation[events.BlockEnded] | None:
        if not self._is_traced():
            return None
        named = _encodable(f"{began.kind} {began.method}")
        return _BlockSpan(self, self.tracer.start_span(named, kind=SpanKind.INTERNAL))

    @staticmethod
    def _is_traced() -> bool:
        here = trace.get_current_span()
        return here is trace.INVALID_SPAN or here.is_recording()

    def _continued(self, meta: Mapping[str, Any]) -> context.Context | None:
        """Returns the context of a trace that a client began, or None if the request doesn't name a trace."""
        propagator = propagate.get_global_textmap()
        known, names = self._fields
        if known is not propagator:
            names = [_meta_name(field) for field in propagator.fields]
            self._fields = propagator, names
        return propagator.extract(meta, getter=_HEADERS) if any(name in meta for name in names) else None


_HEADERS: Final = _Headers()


class _Spanned(events.Observation[Any]):
    """An observed operation, call or task, whose span is the current span until its code returns."""

    __slots__ = ("owner", "span", "token")

    def __init__(self, owner: OpenTelemetrySpans, span: Span) -> None:
        self.owner, self.span = owner, span
        self.token: Any = context.attach(trace.set_span_in_context(span))

    def leave(self) -> None:
        context.detach(self.token)

    def failed(self, error_type: str, error: BaseException | None) -> None:
        """Marks the span as failed."""
        self.span.set_attribute("error.type", error_type)
        described = "" if error is None else _encodable(Scrubber().text(str(error)))
        self.span.set_status(Status(StatusCode.ERROR, described or None))


class _OperationSpan(_Spanned):
    def end(self, ended: events.OperationEnded) -> None:
        span = self.span
        if span.is_recording():
            span.set_attribute("http.response.status_code", ended.status)
            if ended.error_code:
                span.set_attribute("macaron_django.error_code", ended.error_code)
                span.set_attribute("macaron_django.error_id", ended.error_id)
            if ended.user_id:
                span.set_attribute("user.id", _encodable(ended.user_id))
            if ended.status >= 500:
                self.failed(_error_type(ended.exception) or str(ended.status), ended.exception)
        span.end()
        _record_operation(self.owner, ended)


class _UnsampledOperation(events.Observation[events.OperationEnded]):
    __slots__ = ("owner",)

    def __init__(self, owner: OpenTelemetrySpans) -> None:
        self.owner = owner

    def end(self, ended: events.OperationEnded) -> None:
        _record_operation(self.owner, ended)


class _DynamoDBCallSpan(_Spanned):
    def end(self, ended: events.DynamoDBCallEnded) -> None:
        span = self.span
        if span.is_recording():
            span.set_attributes(_answer_attributes(ended))
            if ended.error_code:
                self.failed(ended.error_code, ended.exception)
        span.end()
        _record_call(self.owner, ended)


class _UnsampledDynamoDBCall(events.Observation[events.DynamoDBCallEnded]):
    __slots__ = ("owner",)

    def __init__(self, owner: OpenTelemetrySpans) -> None:
        self.owner = owner

    def end(self, ended: events.DynamoDBCallEnded) -> None:
        _record_call(self.owner, ended)


class _ClientCallSpan(_Spanned):
    def end(self, ended: events.ClientCallEnded) -> None:
        attributes: dict[str, str | int] = {"http.request.method": ended.method, "url.template": ended.route}
        if ended.status:
            attributes["http.response.status_code"] = ended.status
            self.span.set_attribute("http.response.status_code", ended.status)
        if ended.attempts > 1:
            self.span.set_attribute("http.request.resend_count", ended.attempts - 1)
        if ended.error_code:
            attributes["error.type"] = ended.error_code
            self.failed(ended.error_code, ended.exception)
        self.span.end()
        self.owner.clients.record(ended.duration, attributes)


class _TaskSpan(_Spanned):
    def end(self, ended: events.TaskEnded) -> None:
        self.span.set_attribute("macaron_django.outcome", ended.outcome)
        if ended.outcome != "succeeded":
            self.failed(_error_type(ended.exception) or ended.outcome, ended.exception)
        self.span.end()


class _BlockSpan(_Spanned):
    def end(self, ended: events.BlockEnded) -> None:
        if ended.exception is not None:
            self.failed(_error_type(ended.exception), ended.exception)
        self.span.end()


def _record_operation(owner: OpenTelemetrySpans, ended: events.OperationEnded) -> None:
    attributes: dict[str, str | int] = {
        "http.request.method": ended.method,
        "http.route": ended.route,
        "http.response.status_code": ended.status,
        "url.scheme": ended.request.scheme or "",
    }
    if ended.status >= 500:
        attributes["error.type"] = _error_type(ended.exception) or str(ended.status)
    owner.requests.record(ended.duration, attributes)


def _record_call(owner: OpenTelemetrySpans, ended: events.DynamoDBCallEnded) -> None:
    attributes = {"db.system.name": "aws.dynamodb", "db.operation.name": ended.operation}
    if len(ended.tables) == 1:
        attributes["db.collection.name"] = ended.tables[0]
    if ended.error_code:
        attributes["error.type"] = ended.error_code
    owner.dynamodb.record(ended.duration, attributes)


def _operation_attributes(began: events.OperationBegan) -> dict[str, str | int]:
    return {
        "http.request.method": began.method,
        "http.route": began.route,
        "macaron_django.api": began.api,
        "macaron_django.operation_id": began.operation_id,
    }


def _request_attributes(began: events.OperationBegan) -> dict[str, str | int]:
    meta = began.request.META
    attributes = _operation_attributes(began)
    attributes["url.path"] = began.request.path
    attributes["url.scheme"] = began.request.scheme or ""
    named: Any = _HOST(str(meta.get("HTTP_HOST") or meta.get("SERVER_NAME", "")))
    attributes["server.address"] = named[1]
    port = named[2] or str(meta.get("SERVER_PORT", ""))
    if _PORT(port):
        attributes["server.port"] = int(port)
    for name, attribute in _OF_META.items():
        if value := meta.get(name):
            attributes[attribute] = str(value)
    return attributes


#: A text that isn't a port is part of the address. With an integer over 64 bits, OTLP's exporter would drop all of its
#: spans.
_HOST: Final = re.compile(r"\[?(.*?)\]?(?::([0-9]{1,5}))?", re.DOTALL).fullmatch
_PORT: Final = re.compile(r"[0-9]{1,5}").fullmatch
_OF_META: Final = {"REMOTE_ADDR": "client.address", "HTTP_USER_AGENT": "user_agent.original"}


def _call_attributes(began: events.DynamoDBCallBegan) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "rpc.system": "aws-api",
        "rpc.service": "DynamoDB",
        "rpc.method": began.operation,
        "db.system.name": "aws.dynamodb",
        "db.operation.name": began.operation,
        "aws.dynamodb.table_names": began.tables,
    }
    if len(began.tables) == 1:
        attributes["db.collection.name"] = began.tables[0]
    if began.index_name:
        attributes["aws.dynamodb.index_name"] = began.index_name
    for name, attribute in _OF_PARAMETERS.items():
        if name in began.parameters:
            attributes[attribute] = began.parameters[name]
    return attributes


_OF_PARAMETERS: Final = {
    "ConsistentRead": "aws.dynamodb.consistent_read",
    "Limit": "aws.dynamodb.limit",
    "ProjectionExpression": "aws.dynamodb.projection",
    "ScanIndexForward": "aws.dynamodb.scan_forward",
    "Segment": "aws.dynamodb.segment",
    "Select": "aws.dynamodb.select",
    "TotalSegments": "aws.dynamodb.total_segments",
}


def _answer_attributes(ended: events.DynamoDBCallEnded) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    answer = ended.answer or {}
    consumed = answer.get("ConsumedCapacity")
    if consumed:
        tables = consumed if isinstance(consumed, list) else [consumed]
        attributes["aws.dynamodb.consumed_capacity"] = [json.dumps(each) for each in tables]
    for name, attribute in (("Count", "aws.dynamodb.count"), ("ScannedCount", "aws.dynamodb.scanned_count")):
        if name in answer:
            attributes[attribute] = answer[name]
    if ended.attempts > 1:
        attributes["http.request.resend_count"] = ended.attempts - 1
    return attributes


def _error_type(error: BaseException | None) -> str:
    return "" if error is None else f"{type(error).__module__}.{type(error).__qualname__}"


def _encodable(text: str) -> str:
    """Returns a text without lone surrogates, which a JWT's claims may have.

    With lone surrogates in a span, OTLP's exporter would drop all spans.
    """
    return text.encode("utf-8", "replace").decode()


def _meta_name(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"
