"""Reports errors and warnings to the function that ``MACARON["ERROR_REPORTER"]`` names.

As in PyMacaron, a report has data about the user, the server, the request, the response, the times and the trace.
``macaron_django.scrubbing`` removes secrets. If sending a report fails, the failure is logged, and the response stays
the same.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import socket
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadedfile import UploadedFile
from django.core.signals import request_started
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.request import Empty

from macaron_django.auth.caller import current_request, get_user_token_data
from macaron_django.auth.credentials import AnyRequest, django_request
from macaron_django.conf import settings
from macaron_django.openapi import Operation, Schema
from macaron_django.openapi.operations.media_types import essence
from macaron_django.schemas.values.json_text import dump_json
from macaron_django.scrubbing import Scrubber, is_secret_schema

__all__ = ["completed_report", "report", "report_warning"]

logger = logging.getLogger("macaron_django")

#: The greatest number of a body's characters in a report.
LONGEST_BODY = 16 * 1024
_STARTED = "macaron_django.started"


def _remember_start(environ: dict[str, Any] | None = None, scope: dict[str, Any] | None = None, **_: object) -> None:
    """Stores the time at which the request began, in the request's WSGI environ or ASGI scope."""
    for carrier in (environ, scope):
        if carrier is not None:
            carrier[_STARTED] = time.time()


request_started.connect(_remember_start, dispatch_uid="macaron_django.api.answers.error_reports.start")


def report_warning(
    title: str,
    data: Mapping[str, Any] | None = None,
    exception: BaseException | None = None,
    request: AnyRequest | None = None,
) -> str:
    """Logs a problem that didn't make the request fail, and passes it to the ``ERROR_REPORTER``.

    ``data`` is added to the report. ``request`` defaults to the current request. Returns the report's ``error_id``,
    which is also in the log line.
    """
    error_id = str((data or {}).get("error_id") or uuid.uuid4())
    logger.warning("%s (error_id %s)", title, error_id, exc_info=exception, extra={"error_id": error_id})
    report(title, {**(data or {}), "error_id": error_id, "is_fatal_error": False}, exception, request)
    return error_id


def report(
    title: str,
    data: Mapping[str, Any],
    exception: BaseException | None = None,
    request: AnyRequest | None = None,
    keep: Callable[[Mapping[str, Any]], None] | None = None,
) -> None:
    """Adds data about the request to ``data``, and calls the ``ERROR_REPORTER`` with the report. Never raises.

    Also passes the report to the function ``keep``, even if there is no ``ERROR_REPORTER``.
    """
    reporter = None if _is_silent() else settings.ERROR_REPORTER
    if reporter is None and keep is None:
        return
    try:
        scrubber, completed = _completed(data, exception, request or current_request())
        found = scrubber.everywhere(completed)
        if keep is not None:
            try:
                keep(found)
            except Exception:  # the reporter still gets the report
                logger.exception("The report with the error_id %s couldn't be stored", data.get("error_id"))
        if reporter is not None:
            reporter = reporter if callable(reporter) else import_string(reporter)
            _call(reporter, scrubber.text(title), found, exception)
    except Exception:
        logger.exception("MACARON['ERROR_REPORTER'] failed on error_id %s", data.get("error_id"))


def _is_silent() -> bool:
    """Returns whether environment variables turn reports off. Acceptance tests set these variables."""
    return os.environ.get("NO_ERROR_REPORTING") == "1" and not os.environ.get("DO_REPORT_ERROR")


def _call(reporter: Callable[..., Any], title: str, found: Mapping[str, Any], exception: BaseException | None) -> None:
    """Calls a reporter with the arguments that its signature accepts.

    A reporter of PyMacaron 1 accepts only the title and the report, which is JSON text.
    """
    signature = inspect.signature(reporter)
    try:
        signature.bind(title, found, exception)
    except TypeError:
        takes_mapping = list(signature.parameters)[1:] == ["data"]
        text = json.dumps(found, sort_keys=True, indent=4, default=str)
        reporter(title, found if takes_mapping else text)
    else:
        reporter(title, found, exception)


def completed_report(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``data`` together with data about the current request, without secrets."""
    scrubber, completed = _completed(data, None, current_request())
    found: dict[str, Any] = scrubber.everywhere(completed)
    return found


def _completed(
    data: Mapping[str, Any], exception: BaseException | None, request: AnyRequest | None
) -> tuple[Scrubber, dict[str, Any]]:
    view = _view_of(request)
    served = _guarded(lambda: getattr(view, "current", None))
    operation: Operation | None = getattr(served, "operation", None)
    scrubber = Scrubber(_secret_names(operation) if operation is not None else ())
    scrubber.named(getattr(view, "kwargs", None) or {})  # the URL and the trace contain the path's secrets
    found = scrubber.body(dict(data))  # a copy: the caller's own mapping isn't changed
    if exception is not None:
        found.setdefault("trace", traceback.format_exception(exception))
    if request is None:
        found.setdefault("time", _times(None))
        return scrubber, found
    plain = django_request(request)
    sections: Mapping[str, Callable[[], Any]] = {
        "time": lambda: _times(plain),
        "user": lambda: _user(request, plain),
        "server": lambda: _server(plain, view, operation),
        "request": lambda: _request(request, plain, operation, scrubber),
    }
    for name, section in sections.items():
        found.setdefault(name, _guarded(section))
    return scrubber, found


def _view_of(request: AnyRequest | None) -> Any:
    """Returns the view that serves a request; None if no view serves it, or if the view no longer exists."""
    view = (getattr(request, "parser_context", None) or {}).get("view")
    try:
        getattr(view, "kwargs", None)
    except ReferenceError:  # the caller still runs after the request, for example in a thread
        return None
    return view


def _secret_names(operation: Operation) -> list[str]:
    """Returns the names of headers, cookies and parameters that the spec marks as secret."""
    schemes = operation.document.security_schemes.values()
    keys = [str(scheme.name) for scheme in schemes if scheme.type == "apiKey"]
    return keys + [each.name for each in operation.parameters if is_secret_schema(each.schema)]


def _guarded(section: Callable[[], Any]) -> Any:
    """Returns a section of the report. If reading the request raises an exception, returns the exception's name."""
    try:
        return section()
    except Exception as error:  # noqa: BLE001 (the report says which)
        return {"unavailable": type(error).__name__}


def _times(request: HttpRequest | None) -> dict[str, Any]:
    now = time.time()
    carrier = getattr(request, "scope", None) or getattr(request, "META", None) or {}
    started = carrier.get(_STARTED)
    return {
        "start": None if started is None else _iso(started),
        "end": _iso(now),
        "microsecs": None if started is None else int((now - started) * 1_000_000),
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def _user(request: AnyRequest, plain: HttpRequest) -> dict[str, Any]:
    # `request.user` might authenticate again, and the authentication may be the cause of the error. These attributes
    # don't authenticate.
    user = vars(request).get("_user") or vars(plain).get("_cached_user")
    is_auth = bool(getattr(user, "is_authenticated", False))
    claims = get_user_token_data() if is_auth else {}
    reported = {name: value for name, value in claims.items() if name in _REPORTED_CLAIMS or name.startswith("is_")}
    return {
        **reported,
        "id": str(getattr(user, "pk", "") or "") if is_auth else "",
        "is_auth": int(is_auth),
        "ip": plain.META.get("REMOTE_ADDR", ""),
        "forwarded_ip": plain.META.get("HTTP_X_FORWARDED_FOR", ""),
        "user_agent": plain.META.get("HTTP_USER_AGENT", ""),
    }


_REPORTED_CLAIMS = frozenset({"name", "email", "language"})


def _server(plain: HttpRequest, view: Any, operation: Operation | None) -> dict[str, Any]:
    host, _, port = plain.META.get("HTTP_HOST", "").partition(":")
    return {
        "fqdn": host or plain.META.get("SERVER_NAME", ""),
        "port": port or str(plain.META.get("SERVER_PORT", "")),
        "hostname": socket.gethostname(),
        "api_name": getattr(view, "api", ""),
        "api_version": str(operation.document.info.get("version", "")) if operation is not None else "",
    }


def _request(
    request: AnyRequest, plain: HttpRequest, operation: Operation | None, scrubber: Scrubber
) -> dict[str, Any]:
    query = scrubber.named(dict(plain.GET.lists()))
    host = f"{plain.scheme}://{plain.META.get('HTTP_HOST', plain.META.get('SERVER_NAME', ''))}"
    base_url = host + plain.path
    query_text = urlencode(query, doseq=True)
    return {
        "id": f"{plain.method} {operation.path if operation is not None else plain.path}",
        "url": f"{base_url}?{query_text}" if query_text else base_url,
        "base_url": base_url,
        "path": plain.path,
        "method": plain.method,
        "headers": scrubber.named(dict(plain.headers)),
        "request_query": query,
        "request_body": _guarded(lambda: _body(request, operation, scrubber)),
    }


def _body(request: AnyRequest, operation: Operation | None, scrubber: Scrubber) -> str | None:
    """Returns the body as JSON text. For an unparsed body, in which secrets can't be found, returns only the length."""
    value = getattr(request, "_full_data", Empty)
    if value is Empty or value is None:
        length = django_request(request).META.get("CONTENT_LENGTH")
        return f"<{length} bytes, not read>" if length not in (None, "", "0") else None
    if hasattr(value, "lists"):
        value = {name: values[0] if len(values) == 1 else values for name, values in value.lists()}
    text = dump_json(_presentable(scrubber.body(value, _body_schema(request, operation)))).decode()
    # The text is scrubbed before it is cut, because a part of a secret wouldn't be recognised.
    text = scrubber.text(text)
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}… ({len(text):,} characters)"


def _presentable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _presentable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_presentable(member) for member in value]
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    return f"<file {value.name}, {value.size} bytes>" if isinstance(value, UploadedFile) else value


def _body_schema(request: AnyRequest, operation: Operation | None) -> Schema | None:
    content = operation.request_body.content if operation is not None and operation.request_body else {}
    sent = essence(str(request.headers.get("Content-Type", "")))
    media = next((media for name, media in content.items() if essence(name) == sent), None)
    media = media or next(iter(content.values()), None)
    return media.schema if media is not None else None
