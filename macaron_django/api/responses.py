"""What a handler or an action returned → HTTP response: status, JSON form, validation, renderers.

Apart from the views because the same conversion answers handlers, generated operations and the mock.
JSON is written by ``dump_json``: every digit of an integer or a Decimal arrives, whatever its size.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.core import mail
from django.db.models import Manager, Model, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework import renderers
from rest_framework.response import Response as DRFResponse

from macaron_django.api.contents import is_json, json_schema, success_status
from macaron_django.conf import settings
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas import Classes, serializer_for, validator_for
from macaron_django.schemas.json_text import dump_json, exact_json
from macaron_django.spec import Operation, Response, Schema

__all__ = [
    "JSONRenderer",
    "ResponseInvalid",
    "check_response",
    "declared_response",
    "json_form",
    "renderer_classes",
    "respond",
    "usable_renderers",
]

logger = logging.getLogger("macaron_django")

_PIECES = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\[\]{},:"]+')
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})


class ResponseInvalid(PyMacaronException):
    """The answer breaks the schema that the spec declares for it (``RESPONSE_VALIDATION`` is ``raise``)."""

    code = "INVALID_RESPONSE"
    status = 500


# ------------------------------------------------------------------ a result → a response


def respond(
    result: Any,
    operation: Operation,
    classes: Classes,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """Answer with ``result``: a response, ``(value, status[, headers])``, None, an iterator or any value.

    An exception that is returned instead of raised is raised: PyMacaron's handlers may do either.
    """
    if isinstance(result, HttpResponseBase):
        if isinstance(result, DRFResponse):
            check_response(operation, result.status_code, result.data)
        return result
    if isinstance(result, PyMacaronException):
        raise result
    value, given_status, given_headers = _unpacked(result)
    status = given_status or status
    all_headers = {**(headers or {}), **given_headers}
    if value is None:
        return _without_value(operation, status, all_headers)
    status = status or success_status(operation, 200)
    declared = declared_response(operation, status)
    if isinstance(value, (Iterator, AsyncIterator)):
        return _streamed(value, declared, status, all_headers, classes)
    if isinstance(value, (bytes, bytearray, memoryview)):
        media_type = next(iter(declared.content), None) if declared else None
        return HttpResponse(
            bytes(value), status=status, headers=all_headers, content_type=media_type or "application/octet-stream"
        )
    if declared is not None and not declared.content and "204" in operation.responses and status == 204:
        return DRFResponse(status=204, headers=all_headers)
    schema = json_schema(declared.content) if declared is not None else None
    body = json_form(value, schema, classes)
    check_response(operation, status, body)
    return DRFResponse(body, status=status, headers=all_headers)


def _unpacked(result: Any) -> tuple[Any, int | None, Mapping[str, str]]:
    if (
        type(result) is tuple
        and len(result) in {2, 3}
        and isinstance(result[1], int)
        and not isinstance(result[1], bool)
        and 100 <= result[1] <= 599
        and (len(result) == 2 or isinstance(result[2], (Mapping, type(None))))
    ):
        return result[0], int(result[1]), (result[2] or {}) if len(result) == 3 else {}
    return result, None, {}


def _without_value(operation: Operation, status: int | None, headers: Mapping[str, str]) -> HttpResponseBase:
    if status is None:
        first = operation.success
        status = success_status(operation, 204) if first is None or not first.content else 204
    return DRFResponse(status=status, headers=dict(headers))


def declared_response(operation: Operation, status: int) -> Response | None:
    """What the operation declares for ``status``: the code itself, its class, or ``default``."""
    for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
        if key in operation.responses:
            return operation.responses[key]
    return None


def json_form(value: Any, schema: Schema | None, classes: Classes) -> Any:
    """``value`` as JSON's own types, the rest left to ``dump_json`` (dates, UUIDs, Decimals).

    API objects, rows and model instances go through the serializer of ``schema`` (or of their own schema). What is
    writeOnly is left out, of dictionaries, too.
    """
    if schema is not None:
        schema = schema.resolved
    own = getattr(value, "_spec", None)
    if own is not None and callable(getattr(value, "to_json", None)):
        return _serialized(value, schema if schema is not None and schema.is_object else own.schema, classes)
    if isinstance(value, Model):
        if schema is None or not schema.is_object:
            raise TypeError(f"{type(value).__name__} has no JSON form here: the operation declares no object for it.")
        return _serialized(value, schema, classes)
    if isinstance(value, Mapping):
        properties = schema.properties if schema is not None else {}
        return {
            str(name): json_form(member, properties[name].schema if name in properties else None, classes)
            for name, member in value.items()
            if name not in properties or not properties[name].write_only
        }
    if isinstance(value, (list, tuple, set, frozenset, QuerySet, Manager)):
        rows: Iterable[Any] = value.all() if isinstance(value, Manager) else value
        items = schema.items if schema is not None else None
        return [json_form(row, items, classes) for row in rows]
    return value


def _serialized(value: Any, schema: Schema, classes: Classes) -> Any:
    return serializer_for(schema, classes, "response")().to_representation(value)


# ------------------------------------------------------------------ response validation


def check_response(operation: Operation, status: int, body: Any) -> None:
    """Hold ``body`` against the declared schema, where ``RESPONSE_VALIDATION`` asks for it; tests do by default."""
    mode = settings.RESPONSE_VALIDATION
    if mode is None:
        # What django.test and pytest-django set up while tests run.
        mode = "raise" if hasattr(mail, "outbox") else "off"
    if mode == "off":
        return
    complaint = _complaint(operation, status, body)
    if complaint is None:
        return
    if mode == "raise":
        raise ResponseInvalid(complaint)
    logger.warning("%s", complaint)


def _complaint(operation: Operation, status: int, body: Any) -> str | None:
    name = f"{operation.method.upper()} {operation.path}"
    declared = declared_response(operation, status)
    if declared is None:
        return f"{name} answered {status}, which {operation.location} doesn't declare."
    schema = json_schema(declared.content)
    if schema is None or (body is None and not declared.content):
        return None
    violations = list(validator_for(schema, "response").iter_errors(exact_json(dump_json(body))))
    if not violations:
        return None
    found = "; ".join(f"{each.pointer or '/'}: {each.message}" for each in violations[:5])
    return f"{name} answered {status} with a body that breaks its schema ({schema.location}): {found}"


# ------------------------------------------------------------------ streams


def _streamed(
    values: Any, declared: Response | None, status: int, headers: Mapping[str, str], classes: Classes
) -> StreamingHttpResponse:
    media_type = next(iter(declared.content), "application/json") if declared is not None else "application/json"
    media = declared.content.get(media_type) if declared is not None else None
    schema = media.schema.resolved if media is not None and media.schema is not None else None
    essence = media_type.partition(";")[0].strip().lower()
    if essence in LINES:
        frame, item_schema = _as_line, (media.item_schema if media is not None else None) or schema
    elif is_json(media_type):
        return StreamingHttpResponse(
            _json_array(values, schema.items if schema is not None else None, classes),
            status=status,
            headers=dict(headers),
            content_type="application/json" if "*" in media_type else media_type,
        )
    else:
        frame, item_schema = _as_text, None

    def framed(value: Any) -> bytes:
        return frame(json_form(value, item_schema, classes))

    content: Any = _amap(framed, values) if isinstance(values, AsyncIterator) else map(framed, values)
    return StreamingHttpResponse(content, status=status, headers=dict(headers), content_type=media_type)


def _as_line(value: Any) -> bytes:
    return dump_json(value) + b"\n"


def _as_text(value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return value.encode() if isinstance(value, str) else dump_json(value)


async def _amap(function: Any, values: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    async for value in values:
        yield function(value)


def _json_array(values: Any, items: Schema | None, classes: Classes) -> Any:
    if isinstance(values, AsyncIterator):
        return _json_array_async(values, items, classes)
    return _json_array_sync(values, items, classes)


def _json_array_sync(values: Iterator[Any], items: Schema | None, classes: Classes) -> Iterator[bytes]:
    before = b"["
    for value in values:
        yield before + dump_json(json_form(value, items, classes))
        before = b","
    yield b"[]" if before == b"[" else b"]"


async def _json_array_async(values: AsyncIterator[Any], items: Schema | None, classes: Classes) -> AsyncIterator[bytes]:
    before = b"["
    async for value in values:
        yield before + dump_json(json_form(value, items, classes))
        before = b","
    yield b"[]" if before == b"[" else b"]"


# ------------------------------------------------------------------ renderers


class JSONRenderer(renderers.JSONRenderer):
    """DRF's, with exact numbers and orjson's speed."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        text = dump_json(data)
        return _indented(text.decode(), indent).encode() if indent else text


def _indented(text: str, width: int) -> str:
    """Lay compact JSON text out over lines, as text: no number is read and written again."""
    out: list[str] = []
    depth, previous = 0, ""
    for piece in _PIECES.findall(text):
        if piece in {"]", "}"}:
            depth -= 1
            if previous not in {"[", "{"}:
                out.append("\n" + " " * (width * depth))
        elif previous in {"[", "{", ","}:
            out.append("\n" + " " * (width * depth))
        out.append(": " if piece == ":" else piece)
        if piece in {"[", "{"}:
            depth += 1
        previous = piece
    return "".join(out)


class TextRenderer(renderers.BaseRenderer):
    media_type = "text/plain"
    format = "txt"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        return b"" if data is None else _as_text(data)


class BytesRenderer(TextRenderer):
    media_type = "application/octet-stream"
    format = "bin"
    charset = None  # bytes have none
    render_style = "binary"


def renderer_classes(
    operation: Operation, configured: Iterable[type[renderers.BaseRenderer]]
) -> list[type[renderers.BaseRenderer]]:
    """The renderers for an operation: its declared media types first, then those that the project configured."""
    good = [r for s, r in operation.responses.items() if str(s).startswith("2")]
    if not good and operation.success is not None:
        good = [operation.success]
    declared = [_renderer_for(media_type) for response in good for media_type in response.content]
    rest = usable_renderers(configured)
    html = [each for each in rest if each.media_type == "text/html"]
    chosen: list[type[renderers.BaseRenderer]] = []
    for each in [*declared, *(html if declared else rest)]:
        if each.media_type not in {c.media_type for c in chosen}:
            chosen.append(next((r for r in rest if r.media_type == each.media_type), each))
    return chosen or [JSONRenderer]


def usable_renderers(configured: Iterable[type[renderers.BaseRenderer]]) -> list[type[renderers.BaseRenderer]]:
    """The configured renderers as they can be used here.

    DRF's own JSONRenderer is replaced by the exact one; a subclass of it is not. Without ``rest_framework`` in
    INSTALLED_APPS the browsable API has no templates, and is left out.
    """
    has_templates = apps.is_installed("rest_framework")
    return [
        JSONRenderer if each is renderers.JSONRenderer else each
        for each in configured
        if has_templates or not issubclass(each, renderers.BrowsableAPIRenderer)
    ]


def _renderer_for(media_type: str) -> type[renderers.BaseRenderer]:
    essence = media_type.partition(";")[0].strip().lower()
    if is_json(essence):
        base: type[renderers.BaseRenderer] = JSONRenderer
        if "*" in essence or essence == JSONRenderer.media_type:
            return base
    else:
        base = TextRenderer if essence.startswith("text/") and "*" not in essence else BytesRenderer
        if "*" in essence:
            return base
    return type(base.__name__, (base,), {"media_type": essence, "__module__": __name__})
