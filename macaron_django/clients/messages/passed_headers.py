"""Passes on what identifies the request being served: its id, PyMacaron's call id and path, and its trace context.

Only values of the expected form are passed on: they come from a client.
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
#: APIs in a call's path at most: a longer one goes round in circles.
_LONGEST_PATH = 1000


def passed_headers() -> dict[str, str]:
    """Returns the headers of a call that is made now, with new ids if no request is being served, or if it has none."""
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
    """Returns the name of the API whose operation is being served."""
    match = getattr(request, "resolver_match", None)
    api = getattr(getattr(getattr(match, "func", None), "cls", None), "api", None)
    return api if isinstance(api, str) else None


def _trace(received: Mapping[str, str]) -> dict[str, str]:
    """Returns the trace context: OpenTelemetry's if it is in use, else the received one, with a new parent."""
    if current := span_headers():
        return current
    match = _TRACEPARENT.fullmatch(received.get("traceparent", ""))
    if match is None or match[1] == "ff" or not int(match[2], 16) or not int(match[3], 16):
        return {"traceparent": f"00-{secrets.token_hex(16)}-{_parent_id()}-00"}
    found = {"traceparent": f"00-{match[2]}-{_parent_id()}-{match[4]}"}
    state = received.get("tracestate", "")
    return {**found, "tracestate": state} if _TRACESTATE.fullmatch(state) else found


def span_headers() -> dict[str, str]:
    """Returns the trace context of OpenTelemetry's current span; nothing where there is none."""
    propagate = sys.modules.get("opentelemetry.propagate")
    carrier: dict[str, str] = {}
    if propagate is not None:
        propagate.inject(carrier)
    return carrier if "traceparent" in carrier else {}


def _parent_id() -> str:
    return f"{secrets.randbits(64) or 1:016x}"
