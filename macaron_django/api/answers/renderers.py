"""Renders the results of views in the media types that their operations declare.

In JSON, every integer and Decimal is written with all its digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from rest_framework import renderers

from macaron_django.openapi import Operation
from macaron_django.openapi.operations.media_types import JSON_LINES, allows_json, essence
from macaron_django.schemas.values.json_text import dump_json

__all__ = [
    "BytesRenderer",
    "JSONLinesRenderer",
    "JSONRenderer",
    "TextRenderer",
    "can_render",
    "json_line",
    "renderer_classes",
    "text_bytes",
    "usable_renderers",
]

_PIECES = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\[\]{},:"]+')


def json_line(value: Any) -> bytes:
    """Returns a value as a line of newline-delimited JSON."""
    return dump_json(value) + b"\n"


def text_bytes(value: Any) -> bytes:
    """Returns a value as bytes. Bytes stay unchanged, text is encoded as UTF-8, and any other value becomes JSON."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return value.encode() if isinstance(value, str) else dump_json(value)


class JSONRenderer(renderers.JSONRenderer):
    """DRF's JSON renderer, but faster and with exact numbers."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        # Only a parameter of the media type can set an indent. DRF is slow at parsing the media type, so this is
        # skipped if there is no parameter.
        accepted = accepted_media_type if accepted_media_type and ";" in accepted_media_type else ""
        indent = self.get_indent(accepted, renderer_context or {})
        text = dump_json(data)
        return _indented(text.decode(), indent).encode() if indent else text


def _indented(text: str, width: int) -> str:
    """Indents compact JSON text. Works on the text, so that numbers aren't parsed."""
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
    """Writes text and bytes unchanged, and any other value as JSON."""

    media_type = "text/plain"
    format = "txt"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        return b"" if data is None else text_bytes(data)


class BytesRenderer(TextRenderer):
    """Writes a handler's result for a media type that isn't text."""

    media_type = "application/octet-stream"
    format = "bin"
    charset = None  # bytes have none
    render_style = "binary"


class JSONLinesRenderer(BytesRenderer):
    """Writes each value of a list as a line of JSON. Any other value becomes a single line."""

    media_type = "application/x-ndjson"
    format = "jsonl"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        return b"".join(map(json_line, data if isinstance(data, (list, tuple)) else [data]))


def can_render(renderer: renderers.BaseRenderer | type[renderers.BaseRenderer], value: object) -> bool:
    """Returns whether a renderer can write a value in its media type. Text and bytes are written unchanged."""
    kind = renderer if isinstance(renderer, type) else type(renderer)
    is_text = isinstance(value, (str, bytes, bytearray, memoryview))
    return value is None or is_text or not _writes_text(kind)


def _writes_text(kind: type[renderers.BaseRenderer]) -> bool:
    return issubclass(kind, TextRenderer) and not issubclass(kind, JSONLinesRenderer)


def renderer_classes(
    operation: Operation, configured: Iterable[type[renderers.BaseRenderer]], *, of_values: bool = False
) -> list[type[renderers.BaseRenderer]]:
    """Returns the renderers for an operation's declared media types, followed by the ``configured`` renderers.

    If the operation declares media types, ``configured`` adds only renderers for HTML. For a declared media type, a
    configured renderer replaces this package's renderer. The browsable API's renderer never replaces another one: an
    operation that declares HTML returns its own HTML, not the browsable API. If ``of_values`` is true, leaves out
    renderers of text and bytes, because generated operations return neither.
    """
    good = [r for s, r in operation.responses.items() if str(s).startswith("2")]
    if not good and operation.success is not None:
        good = [operation.success]
    declared = [_renderer_for(media_type) for response in good for media_type in response.content]
    rest = usable_renderers(configured)
    html = [each for each in rest if each.media_type == "text/html"]
    chosen: list[type[renderers.BaseRenderer]] = []
    for each in [*declared, *(html if declared else rest)]:
        if each.media_type not in {c.media_type for c in chosen}:
            found = next((r for r in rest if r.media_type == each.media_type and _is_writer(r, each)), each)
            if not (of_values and _writes_text(found)):
                chosen.append(found)
    return chosen or [JSONRenderer]


def _is_writer(configured: type[renderers.BaseRenderer], declared: type[renderers.BaseRenderer]) -> bool:
    return configured is declared or not issubclass(configured, renderers.BrowsableAPIRenderer)


def usable_renderers(configured: Iterable[type[renderers.BaseRenderer]]) -> list[type[renderers.BaseRenderer]]:
    """Returns the configured renderers that can be used.

    This package's JSONRenderer, which writes all digits, replaces DRF's JSONRenderer, but not subclasses of it. If
    INSTALLED_APPS lacks ``rest_framework``, the browsable API has no templates and is left out.
    """
    has_templates = apps.is_installed("rest_framework")
    return [
        JSONRenderer if each is renderers.JSONRenderer else each
        for each in configured
        if has_templates or not issubclass(each, renderers.BrowsableAPIRenderer)
    ]


def _renderer_for(media_type: str) -> type[renderers.BaseRenderer]:
    name = essence(media_type)
    if allows_json(name):
        base: type[renderers.BaseRenderer] = JSONRenderer
        if "*" in name or name == JSONRenderer.media_type:
            return base
    elif name in JSON_LINES:
        base = JSONLinesRenderer
    else:
        base = TextRenderer if name.startswith("text/") and "*" not in name else BytesRenderer
        if "*" in name:
            return base
    return type(base.__name__, (base,), {"media_type": name, "__module__": __name__})
