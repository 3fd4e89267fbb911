"""Creates Sentry spans for operations and calls, and reports the server's faults, grouped by operation and error code.

Secrets are removed from reports. If Sentry's own integrations are on, too, an operation is a span of their transaction,
and no fault is reported twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import sentry_sdk
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.scope import add_global_event_processor, use_isolation_scope
from sentry_sdk.utils import event_from_exception

from macaron_django import events
from macaron_django.scrubbing import Scrubber

__all__ = ["SentryReports"]

_ORIGIN: Final = "auto.http.macaron_django"


class SentryReports(events.Subscriber):
    """Sends spans and faults to Sentry's current client, which may be created after this subscriber."""

    def __init__(self) -> None:
        add_global_event_processor(_without_doubles)
        for logger in ("django.server", "django.request"):  # these loggers report each 500 again, without its exception
            ignore_logger(logger)

    def operation(self, began: events.OperationBegan) -> events.Observation[events.OperationEnded]:
        return _ReportedOperation(began)

    def dynamodb_call(self, began: events.DynamoDBCallBegan) -> events.Observation[events.DynamoDBCallEnded] | None:
        parent = sentry_sdk.get_current_span()
        if parent is None or not parent.sampled:
            return None
        name = f"{began.operation} {', '.join(began.tables)}"
        span = parent.start_child(op="db", name=name, origin="auto.db.macaron_django")
        span.set_data("db.system", "dynamodb")
        span.set_data("db.operation", began.operation)
        span.set_data("aws.dynamodb.table_names", list(began.tables))
        if began.index_name:
            span.set_data("aws.dynamodb.index_name", began.index_name)
        return _ReportedCall(span)

    def client_call(self, began: events.ClientCallBegan) -> events.Observation[events.ClientCallEnded] | None:
        parent = sentry_sdk.get_current_span()
        if parent is None or not parent.sampled:
            return None
        return _ReportedCall(parent.start_child(op="http.client", name=f"{began.method} {began.route}", origin=_ORIGIN))

    def task(self, began: events.TaskBegan) -> events.Observation[events.TaskEnded]:
        return _ReportedTask(began)


class _SentrySpanned(events.Observation[Any]):
    """Makes a span Sentry's current span until the observed code returns."""

    def __init__(self, span: Any) -> None:
        self.span, self._scope = span, sentry_sdk.get_current_scope()
        self._outer = self._scope.span
        if span is not None:
            self._scope.span = span

    def leave(self) -> None:
        if self.span is not None:
            self._scope.span = self._outer


class _ReportedOperation(_SentrySpanned):
    """An operation as a span of the current transaction.

    If there is no current transaction, and tracing is on in Sentry, the operation starts a transaction.
    """

    def __init__(self, began: events.OperationBegan) -> None:
        # Breadcrumbs, tags and the user, which code notes for reports, belong to this request only.
        self._isolation = None if sentry_sdk.get_current_span() is not None else sentry_sdk.isolation_scope()
        if self._isolation is not None:
            self._isolation.__enter__()
        super().__init__(_operation_span(began))
        self._noted = sentry_sdk.get_isolation_scope()
        self._token = _observed.set(True)

    def leave(self) -> None:
        super().leave()
        _observed.reset(self._token)
        if self._isolation is not None:
            self._isolation.__exit__(None, None, None)

    def end(self, ended: events.OperationEnded) -> None:
        if self.span is not None:
            self.span.set_data("http.route", ended.route)
            self.span.set_data("macaron_django.operation_id", ended.operation_id)
            self.span.set_http_status(ended.status)
            self.span.finish()
        if ended.exception is not None:
            operation = ended.operation_id or f"{ended.method} {ended.route}"
            tags = {"error_id": ended.error_id, "error_code": ended.error_code, "operation": operation}
            tags |= {"api": ended.api, "status": str(ended.status)}
            fingerprint = [ended.api, operation, ended.error_code]
            with use_isolation_scope(self._noted):
                _report(ended.exception, fingerprint, tags, f"{ended.method} {ended.route}")


class _ReportedCall(_SentrySpanned):
    def end(self, ended: events.DynamoDBCallEnded | events.ClientCallEnded) -> None:
        if isinstance(ended, events.ClientCallEnded) and ended.status:
            self.span.set_http_status(ended.status)
        if ended.attempts > 1:
            self.span.set_data("http.request.resend_count", ended.attempts - 1)
        if ended.error_code:
            self.span.set_data("error.type", ended.error_code)
            self.span.set_status("internal_error")
        self.span.finish()


class _ReportedTask(_SentrySpanned):
    def __init__(self, began: events.TaskBegan) -> None:
        is_traced = sentry_sdk.get_client().options.get("traces_sample_rate") is not None
        span = sentry_sdk.start_transaction(op="queue.task", name=began.name, origin="auto.queue.macaron_django")
        super().__init__(span if is_traced else None)

    def end(self, ended: events.TaskEnded) -> None:
        if self.span is not None:
            self.span.set_status("ok" if ended.outcome == "succeeded" else "internal_error")
            self.span.finish()
        if ended.exception is not None and ended.outcome == "failed":
            _report(
                ended.exception, ["task", ended.name, type(ended.exception).__name__], {"task": ended.name}, ended.name
            )


#: Whether this code is part of an operation, whose fault is reported when the operation ends.
_observed: ContextVar[bool] = ContextVar("macaron_django.sentry.observed", default=False)


def _operation_span(began: events.OperationBegan) -> Any:
    name = f"{began.method} {began.route}"
    parent = sentry_sdk.get_current_span()
    if parent is not None:
        return parent.start_child(op="http.server", name=name, origin=_ORIGIN) if parent.sampled else None
    options = sentry_sdk.get_client().options
    if options.get("traces_sample_rate") is None and options.get("traces_sampler") is None:
        return None
    meta = began.request.META.items()
    headers = {key[5:].replace("_", "-").lower(): str(each) for key, each in meta if key.startswith("HTTP_")}
    continued = sentry_sdk.continue_trace(headers, op="http.server", name=name, source="route", origin=_ORIGIN)
    return sentry_sdk.start_transaction(continued)


def _report(error: BaseException, fingerprint: list[str], tags: Mapping[str, str], transaction: str) -> None:
    """Sends an exception. Sentry groups exceptions with the same fingerprint."""
    client = sentry_sdk.get_client()
    if not client.is_active():
        return
    mechanism = {"type": "macaron_django", "handled": True}
    event, _ = event_from_exception(error, client_options=client.options, mechanism=mechanism)
    with sentry_sdk.new_scope() as scope:
        scope.add_event_processor(_scrubbed)
        event["fingerprint"], event["transaction"] = fingerprint, transaction
        event["tags"] = dict(tags)
        # Without a hint, Sentry doesn't recognise the exception from the log. If it did, it would drop this report.
        scope.capture_event(event)


def _scrubbed(event: Any, _hint: Any) -> Any:
    """Returns a report without secrets, such as the value of ``password``, at any depth."""
    scrubber = Scrubber()
    for part in ("request", "extra", "contexts", "breadcrumbs"):
        if part in event:
            event[part] = scrubber.body(event[part])
    if isinstance(query := event.get("request", {}).get("query_string"), str):
        named = scrubber.named(parse_qs(query, keep_blank_values=True))
        event["request"]["query_string"] = urlencode(named, doseq=True, safe="*")
    for error in event.get("exception", {}).get("values", ()):
        for frame in (error.get("stacktrace") or {}).get("frames", ()):
            if "vars" in frame:
                frame["vars"] = scrubber.body(frame["vars"])
        error["value"] = scrubber.text(str(error.get("value", "")))
    for part in ("request", "extra", "breadcrumbs"):
        if part in event:
            event[part] = scrubber.everywhere(event[part])
    return event


def _without_doubles(event: Any, hint: Any) -> Any:
    """Returns Sentry's report of a fault, or None to discard it.

    A report is discarded if ``_ReportedOperation`` will report the same fault, with more detail, at the end of the
    operation.
    """
    if not _observed.get() or not hint.get("exc_info"):
        return event
    mechanisms = {(each.get("mechanism") or {}).get("type") for each in event.get("exception", {}).get("values", ())}
    return None if event.get("logger") == "macaron_django" or "django" in mechanisms else event
