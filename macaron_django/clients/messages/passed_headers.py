"""Copies headers of the current request to the calls that the service makes while it handles this request.

The headers identify the request: its id, PyMacaron's call id and call path, and the trace context.

Only values of the expected form are copied, because the values come from a client.
"""

from __future__ import annotations

import re
import secrets
import sys
import uuid
from collections.abc import Mapping

from macaron_django.auth.caller import current_request

__all__ = ["passed_headers", "span_headers"]

_TOKEN = re.compile(r"[\x21-\x7e]{1,200}")
#: https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")
#: The most characters of a call path. A longer path is the sign of an endless loop of calls.
_LONGEST_PATH = 1000


def passed_headers() -> dict[str, str]:
    """Returns the headers for a call that is made now.

    The ids are new if no request is being served, or if the request has none.
    """
    request = current_request()
    received: Mapping[str, str] = request.headers if request is not None else {}
    call_id = _safe(received.get("PymCallID")) or str(uuid.uuid4())
    found = {"X-Request-ID": _safe(received.get("X-Request-ID")) or call_id, "PymCallID": call_id}
    path = ".".join(part for part in (_safe(received.get("PymCallPath")), _own_api(request)) if part)
    if path and len(path) <= _LONGEST_PATH:
        found["PymCallPath"] = path
    return {**found, **_trace(received)}


def _safe(text: str | None) -> str | None:
    return text if text and _TOKEN.fullmatch(text) else None


def _own_api(request: object) -> str | None:
    """Returns the name of the API that the request being served belongs to."""
    match = getattr(request, "resolver_match", None)
    api = getattr(getattr(getattr(match, "func", None), "cls", None), "api", None)
    return api if isinstance(api, str) else None


def _trace(received: Mapping[str, str]) -> dict[str, str]:
    """Returns OpenTelemetry's trace context.

    If OpenTelemetry isn't in use, returns the received trace context with a new parent id. If no valid trace
    context was received, returns a new one.
    """
    if current := span_headers():
        return current
    match = _TRACEPARENT.fullmatch(received.get("traceparent", ""))
    if match is None or match[1] == "ff" or not int(match[2], 16) or not int(match[3], 16):
        return {"traceparent": f"00-{secrets.token_hex(16)}-{_parent_id()}-00"}
    found = {"traceparent": f"00-{match[2]}-{_parent_id()}-{match[4]}"}
    state = received.get("tracestate", "")
    return {**found, "tracestate": state} if _TRACESTATE.fullmatch(state) else found


def span_headers() -> dict[str, str]:
    """Returns the trace context of OpenTelemetry's current span; {} if there is no span."""
    propagate = sys.modules.get("opentelemetry.propagate")
    carrier: dict[str, str] = {}
    if propagate is not None:
        propagate.inject(carrier)
    return carrier if "traceparent" in carrier else {}


def _parent_id() -> str:
    return f"{secrets.randbits(64) or 1:016x}"
