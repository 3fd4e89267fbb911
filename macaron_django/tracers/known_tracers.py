"""Lists the wrappers that OpenTelemetry, Sentry, the AWS X-Ray SDK and ddtrace put around botocore and Django.

The lists have the dotted names that ``wrappers.name_of`` returns for the wrappers. If a wrapper's name isn't in the
lists, for example because it comes from another version of the tracer, macaron_django doesn't bypass botocore or
Django.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from macaron_django.tracers.wrappers import name_of

__all__ = [
    "CALLS",
    "CLOSURES",
    "HANDLERS",
    "PREPARED_REQUESTS",
    "RESPONSES",
    "RESPONSE_PARSERS",
    "SIGNALS",
    "VIEWS",
    "VIEW_WRAPPERS",
    "WSGI_HANDLERS",
    "leaves_breadcrumb",
    "reads_answers",
    "records_calls",
    "records_signals",
]

_OPENTELEMETRY: Final = "opentelemetry.instrumentation.botocore"
_XRAY: Final = "aws_xray_sdk.ext"
_DDTRACE: Final = "ddtrace.contrib.internal"
_SENTRY: Final = "sentry_sdk.integrations.boto3"
_SENTRY_DJANGO: Final = "sentry_sdk.integrations.django"

#: Names of functions → the free variable that has the wrapped function, or the tracer's function that is called.
CLOSURES: Final[Mapping[str, str]] = {
    f"{_SENTRY}._client.sentry_patched_make_api_call": "orig_make_api_call",
    f"{_DDTRACE}.trace_utils.wrapper": "func",
    "sentry_sdk.utils.runner": "original_function",
    f"{_SENTRY_DJANGO}.sentry_patched_wsgi_handler": "old_app",
    f"{_SENTRY_DJANGO}.sentry_patched_get_response": "old_get_response",
    f"{_SENTRY_DJANGO}.sentry_patched_drf_initial": "old_drf_initial",
    f"{_SENTRY_DJANGO}.signals_handlers._sentry_live_receivers": "old_live_receivers",
    f"{_SENTRY_DJANGO}.views.sentry_patched_make_view_atomic": "old_make_view_atomic",
}
#: Around ``BaseClient._make_api_call``.
CALLS: Final = frozenset(
    {
        f"{_OPENTELEMETRY}._patched_api_call",
        f"{_XRAY}.botocore.patch._xray_traced_botocore",
        f"{_DDTRACE}.botocore.patch.patched_api_call",
        f"{_SENTRY}._client.sentry_patched_make_api_call",
    }
)
#: Around ``Endpoint.prepare_request``. These wrappers add headers, which aren't signed.
PREPARED_REQUESTS: Final = frozenset(
    {f"{_OPENTELEMETRY}._patched_endpoint_prepare_request", f"{_XRAY}.boto_utils.inject_header"}
)
#: Handlers of the events of a client's calls → the event. They add headers, which are signed, and attributes to a span.
HANDLERS: Final[Mapping[str, str]] = {
    f"{_SENTRY}._instrumentation._sentry_request_created": "request-created",
    f"{_SENTRY}._instrumentation._sentry_before_sign": "before-sign",
    f"{_DDTRACE}.botocore.patch._botocore_before_sign_handler": "before-sign",
}
#: Around ``WSGIHandler.__call__``.
WSGI_HANDLERS: Final = frozenset({f"{_SENTRY_DJANGO}.sentry_patched_wsgi_handler"})
#: Around ``BaseHandler.get_response``.
RESPONSES: Final = frozenset({f"{_SENTRY_DJANGO}.sentry_patched_get_response"})
#: Around ``BaseHandler.make_view_atomic``. The front calls this method with its wrappers.
VIEW_WRAPPERS: Final = frozenset({f"{_SENTRY_DJANGO}.views.sentry_patched_make_view_atomic"})
#: Around ``Signal._live_receivers``. These wrappers create a span for each receiver.
SIGNALS: Final = frozenset({f"{_SENTRY_DJANGO}.signals_handlers._sentry_live_receivers"})
#: Around ``APIView.initial``.
VIEWS: Final = frozenset({f"{_SENTRY_DJANGO}.sentry_patched_drf_initial"})


def _traces_parsers(wrapper: Any) -> bool:
    return bool(wrapper.__globals__["config"].botocore["instrument_internals"])


#: Around ``ResponseParser.parse`` → a function that returns whether the wrapper does something there.
RESPONSE_PARSERS: Final[Mapping[str, Callable[[Any], bool]]] = {
    f"{_DDTRACE}.botocore.patch.patched_lib_fn": _traces_parsers
}


def reads_answers(wrapper: Any) -> bool:
    """Returns whether a wrapper of ``_make_api_call`` passes responses to a project's own code."""
    return getattr(getattr(wrapper, "__self__", None), "response_hook", None) is not None


def records_calls(wrapper: Any) -> bool:
    """Returns whether a wrapper of ``_make_api_call`` creates a span that will be exported.

    Sentry's wrapper creates a span for each call, but discards it if the request isn't traced.
    """
    return name_of(wrapper) != f"{_SENTRY}._client.sentry_patched_make_api_call" or _records(wrapper)


def records_signals(wrapper: Any) -> bool:
    """Returns whether a wrapper of ``Signal._live_receivers`` creates spans that will be exported."""
    return _records(wrapper)


def leaves_breadcrumb(handler: Any, request: Any) -> None:
    """Records a call without a span, as Sentry's ``handler`` does, so that later error reports show the call."""
    note = getattr(handler, "__globals__", {}).get("_add_request_breadcrumb")
    if note is not None and name_of(handler) == f"{_SENTRY}._instrumentation._sentry_request_created":
        note(request)


def _records(wrapper: Any) -> bool:
    sdk = wrapper.__globals__["sentry_sdk"]
    options = sdk.get_client().options
    if options.get("trace_lifecycle") == "stream" or (options.get("_experiments") or {}).get("trace_lifecycle"):
        return True
    span = sdk.get_current_span()
    return span is not None and bool(span.sampled)
