"""Encodes the bodies of calls in the media types that the operation declares: JSON, forms, files, octets and text.

The caller's body is an API object, a dictionary of JSON or Python values, a list, text, bytes or a file. In a form, a
file is bytes, an object with ``read()``, or a tuple (name, content, media type).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile

from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import MediaType, Operation, Schema, load
from macaron_django.openapi.operations.media_types import (
    JSON,
    JSON_LINES,
    MERGE_PATCH,
    MULTIPART,
    OCTETS,
    URL_ENCODED,
    allows_json,
    essence,
    is_json,
    matches,
)
from macaron_django.schemas import APIObject, Classes, Violation, converter, json_value, validator_for
from macaron_django.schemas.serializers.uploads import clean_with_uploads, is_binary
from macaron_django.schemas.styles.form_fields import field_parameter
from macaron_django.schemas.styles.style_texts import query_pairs, scalar_text
from macaron_django.schemas.values.json_text import dump_json
from macaron_django.schemas.values.request_violations import valid_merge_patch
from macaron_django.schemas.values.text_values import property_schema

__all__ = ["BodyWriter", "WrittenBody"]

_OCTETS = (bytes, bytearray, memoryview)


@dataclass(frozen=True)
class WrittenBody:
    """An encoded body. A multipart body has ``parts`` in httpx's format. Any other body has ``content``."""

    content_type: str | None = None
    content: bytes | None = None
    parts: list[tuple[str, tuple[str | None, Any, str | None]]] | None = field(default=None, hash=False)


class BodyWriter:
    """Encodes the bodies of one operation."""

    def __init__(self, operation: Operation, classes: Classes) -> None:
        self.classes = classes
        self.declared = operation.request_body
        self.content: Mapping[str, MediaType] = self.declared.content if self.declared is not None else {}
        self.is_form = any(matches(form, name) for name in self.content for form in (URL_ENCODED, MULTIPART))

    def write(self, body: Any, media_type: str | None = None, *, validate: bool = True) -> WrittenBody:
        """Returns the encoded body, in ``media_type`` if the caller has chosen one, or else in a declared media type.

        Raises ``ValidationFailed`` with all violations if the body isn't valid against its schema. Also raises
        ``ValidationFailed`` if the body can't be encoded in the media type, or if the operation doesn't accept the
        media type.
        """
        chosen = self._chosen(body, media_type)
        declared = next((each for name, each in self.content.items() if matches(chosen, name)), None)
        declared = declared or self.content.get(chosen) or MediaType(None)
        sent = essence(chosen)
        if sent in (MULTIPART, URL_ENCODED) and isinstance(body, (Mapping, APIObject)):
            return self._form(sent, declared, body, validate)
        if isinstance(body, _OCTETS) or hasattr(body, "read"):
            content = bytes(body) if isinstance(body, _OCTETS) else body.read()
            content = content.encode() if isinstance(content, str) else content
            if validate and declared.schema is not None and is_binary(declared.schema):
                clean_with_uploads(validator_for(declared.schema, "request"), content, defaults=False)
            return WrittenBody(_concrete(chosen, OCTETS), content)
        if sent in JSON_LINES:
            lines = body if isinstance(body, (list, tuple)) else [body]
            schema = declared.item_schema
            return WrittenBody(
                chosen, b"".join(dump_json(self._json(schema, each, validate)) + b"\n" for each in lines)
            )
        if allows_json(sent):
            return WrittenBody(_concrete(chosen, JSON), self._json_text(sent, declared.schema, body, validate))
        if isinstance(body, (Mapping, APIObject, list, tuple)):
            raise _refusal(f"can't be encoded as {sent}: pass text or bytes")
        text = scalar_text(self._json(declared.schema, body, validate))
        return WrittenBody(_concrete(chosen, "text/plain"), text.encode())

    def _chosen(self, body: Any, media_type: str | None) -> str:
        if media_type is not None:
            if self.content and not any(matches(media_type, name) for name in self.content):
                raise _refusal(f"can't be sent as {media_type}: the operation accepts {', '.join(self.content)}")
            return media_type
        names = list(self.content) or [JSON]
        is_raw = isinstance(body, _OCTETS) or hasattr(body, "read")
        if is_raw:
            return next((n for n in names if not is_json(n) and essence(n) not in (URL_ENCODED, MULTIPART)), names[0])
        if isinstance(body, (Mapping, APIObject)) and any(_is_file(each) for each in _members(body).values()):
            names = sorted(names, key=lambda name: not matches(MULTIPART, name))
            return MULTIPART if matches(MULTIPART, names[0]) else names[0]
        return min(names, key=_preference)

    # JSON

    def _json_text(self, media_type: str, schema: Schema | None, body: Any, validate: bool) -> bytes:
        if media_type == MERGE_PATCH and schema is not None:
            patch = json_value(body)
            if validate:
                valid_merge_patch(schema, patch)
            return dump_json(patch)
        return dump_json(self._json(schema, body, validate))

    def _json(self, schema: Schema | None, value: Any, validate: bool) -> Any:
        if schema is None:
            return json_value(value)
        conversion = converter(schema, self.classes)
        json = json_value(value) if isinstance(value, APIObject) else conversion.to_json(conversion.to_python(value))
        return validator_for(schema, "request").clean(json, defaults=False) if validate else json

    # Forms

    def _form(self, media_type: str, declared: MediaType, body: Any, validate: bool) -> WrittenBody:
        schema = declared.schema
        fields = {name: self._field(schema, name, value) for name, value in _members(body).items() if value is not None}
        if validate and schema is not None:
            fields = clean_with_uploads(validator_for(schema, "request"), fields, defaults=False)
        pairs: list[tuple[str, str]] = []
        parts: list[tuple[str, tuple[str | None, Any, str | None]]] = []
        for name, value in fields.items():
            encoding = declared.encoding.get(name)
            values = value if isinstance(value, list) else [value]
            if values and all(isinstance(each, UploadedFile) for each in values):
                parts += [(name, (each.name, each.file, _part_type(each, encoding))) for each in values]
                continue
            described = field_parameter(name, _property(schema, name), encoding)
            pairs += query_pairs(described, value)
            said = encoding.content_type if encoding is not None else None
            said = said.split(",")[0].strip() if said else described.content_type
            is_one = not isinstance(value, list) or described.content_type is not None
            texts = [value] if is_one else value
            parts += [(name, (None, scalar_text(each).encode(), _concrete(said, None))) for each in texts]
        if media_type == URL_ENCODED:
            if any(part[0] is not None for _, part in parts):
                raise _refusal("has a file, which an urlencoded form can't hold")
            return WrittenBody(media_type, "&".join(f"{name}={text}" for name, text in pairs).encode("ascii"))
        return WrittenBody(None, None, parts)

    def _field(self, schema: Schema | None, name: str, value: Any) -> Any:
        """Returns the field of a form as JSON, as a file, or as a list of files."""
        own = _property(schema, name)
        if isinstance(value, (list, tuple)) and not _is_file(value):
            if value and all(_is_file(each) for each in value):
                return [_file(each, name) for each in value]
        elif _is_file(value) or (isinstance(value, str) and own.format == "binary"):
            return _file(value.encode() if isinstance(value, str) else value, name)
        conversion = converter(own, self.classes)
        return conversion.to_json(conversion.to_python(list(value) if isinstance(value, tuple) else value))


def _members(body: Any) -> dict[str, Any]:
    return {name: body[name] for name in body}


def _property(schema: Schema | None, name: str) -> Schema:
    """Returns the schema of a field.

    If the form's schema doesn't have the field, returns a schema that allows any value.
    """
    found = property_schema(schema, name) if schema is not None else None
    return found if found is not None else _anything()


@cache
def _anything() -> Schema:
    components: dict[str, Any] = {"schemas": {"Anything": {}}}
    document = load({"openapi": "3.1.0", "info": {"title": "Anything"}, "paths": {}, "components": components})
    return document.schemas["Anything"]


def _is_file(value: Any) -> bool:
    if isinstance(value, tuple):
        return len(value) in (2, 3) and isinstance(value[0], str) and _is_file(value[1])
    return isinstance(value, _OCTETS) or hasattr(value, "read")


def _file(value: Any, name: str) -> UploadedFile[Any]:
    media_type: str | None = None
    if isinstance(value, tuple):
        name, media_type = value[0], value[2] if len(value) == 3 else None
        value = value[1]
    if isinstance(value, UploadedFile):
        return value
    if isinstance(value, _OCTETS):
        return SimpleUploadedFile(name, bytes(value), media_type or OCTETS)
    named = os.path.basename(str(getattr(value, "name", None) or name))  # noqa: PTH119 (a name, not a path)
    content = value.read()
    return SimpleUploadedFile(named, content.encode() if isinstance(content, str) else content, media_type or OCTETS)


def _part_type(file: UploadedFile[Any], encoding: Any) -> str:
    """Returns the media type of a file.

    If the spec doesn't allow the file's own type, returns the first type in the spec.
    """
    own = file.content_type or OCTETS
    if not (own.isascii() and own.isprintable()):  # a line break in it would begin another header of the part
        raise _refusal("has a file whose media type can't be sent")
    if encoding is None or not encoding.content_type:
        return own
    allowed = [each.strip() for each in encoding.content_type.split(",")]
    return own if any(matches(own, each) for each in allowed) else _concrete(allowed[0], own) or own


def _concrete(media_type: str | None, otherwise: Any) -> Any:
    return media_type if media_type and "*" not in media_type else otherwise


def _preference(name: str) -> int:
    """Returns the sort key of a media type: JSON comes first, then forms, then text."""
    order = (is_json(name), allows_json(name), matches(MULTIPART, name), matches(URL_ENCODED, name))
    return order.index(True) if True in order else len(order)


def _refusal(message: str) -> ValidationFailed:
    return ValidationFailed(violations=[Violation(message, "", "", "content", "body")])
