"""Reads the request bodies of an operation according to the operation's document.

DRF's parsers read the bodies. So ``request.data``, authentication, CSRF checks and the browsable API work as with any
DRF request.

    reader = BodyReader(operation, classes)        # once
    profile = reader.read(request)                 # validated and converted: the value for handlers
    body = reader.body(request)                    # as sent, not validated: JSON, a form, text or bytes
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from rest_framework.parsers import BaseParser
from rest_framework.request import Request, is_form_media_type
from rest_framework.utils.html import is_html_input

from macaron_django.api.requests.body_bytes import has_body, lacks_media_type
from macaron_django.api.requests.form_bodies import FormReader
from macaron_django.api.requests.parsers import BROWSER_FORMS, parsers_for
from macaron_django.api.requests.unknown_properties import UnknownProperties, declared_parts
from macaron_django.conf import under_compat
from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.openapi import MediaType, Operation, Schema, json_pointers
from macaron_django.openapi.operations.media_types import MERGE_PATCH, MULTIPART, URL_ENCODED, essence, is_json, matches
from macaron_django.schemas.serializers.schema_serializers import SchemaSerializer, serializer_for
from macaron_django.schemas.serializers.uploads import clean_with_uploads, is_binary
from macaron_django.schemas.validation.json_instances import is_plain
from macaron_django.schemas.validation.validators import SchemaValidator, validator_for
from macaron_django.schemas.validation.violation_search import (
    MAX_VIOLATIONS,
    at_most_violations,
    searches_share_time,
)
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import UNSET, converter
from macaron_django.schemas.values.request_violations import valid_merge_patch
from macaron_django.schemas.values.text_values import value_of_text

__all__ = ["Body", "BodyReader"]


@dataclass(frozen=True)
class Body:
    """A parsed body. ``value`` is JSON, text, bytes, or the dictionary of a form, which can contain files.

    If the request has no body, ``value`` is UNSET.
    """

    value: Any
    media_type: str = ""
    declared: MediaType | None = None

    def __bool__(self) -> bool:
        return self.value is not UNSET


NO_BODY = Body(UNSET)


class BodyReader:
    """Reads the bodies of one operation."""

    def __init__(self, operation: Operation, classes: Classes | None = None) -> None:
        self.operation = operation
        self.classes = classes if classes is not None else Classes("", operation.document)

    @cached_property
    def content(self) -> Mapping[str, MediaType]:
        """The declared media types, in lower case, the most specific first."""
        body = self.operation.request_body
        declared = {name.strip().lower(): media for name, media in (body.content if body else {}).items()}
        return dict(sorted(declared.items(), key=lambda item: item[0].count("*")))

    def parser_classes(self, configured: Iterable[type[BaseParser]] = ()) -> list[type[BaseParser]]:
        """Returns DRF's parsers for the declared media types. For any other media type, DRF responds with 415.

        If any of the project's ``configured`` parsers reads forms, the browsable API can send a form instead of JSON.
        """
        chosen = list(self._parser_classes)
        if any(is_json(media_type) for media_type in self.content):
            forms = {parser.media_type for parser in configured if is_form_media_type(parser.media_type)}
            chosen += [BROWSER_FORMS[name] for name in sorted(forms - self.content.keys()) if name in BROWSER_FORMS]
        return chosen

    @cached_property
    def _parser_classes(self) -> tuple[type[BaseParser], ...]:
        found = [parser for name, declared in self.content.items() for parser in parsers_for(name, declared.schema)]
        return tuple({parser.media_type: parser for parser in reversed(found)}.values())[::-1]

    @cached_property
    def json_types(self) -> frozenset[str]:
        """The full Content-Type values that guarantee that the body is JSON in UTF-8."""
        names = [name for name in self.content if is_json(name) and "*" not in name and ";" not in name]
        return frozenset(f"{name}{charset}" for name in names for charset in ("", "; charset=utf-8", ";charset=utf-8"))

    @cached_property
    def _form_readers(self) -> dict[str, FormReader]:
        return {
            media_type: FormReader(declared)
            for media_type, declared in self.content.items()
            if any(matches(form, media_type) for form in (URL_ENCODED, MULTIPART))
        }

    def body(self, request: HttpRequest | Request, unknown: UnknownProperties | None = None) -> Body:
        """Returns the parsed body, without validation. ``unknown`` handles properties that the schema doesn't name.

        Raises ``UnsupportedMediaType`` (415) for a media type that isn't declared, ``BodyTooLarge`` (413),
        ``LengthRequired`` (411) or ``MalformedBody`` (400). Raises ``RequestInvalid`` (400) if a required body is
        missing.
        """
        if self.operation.request_body is None:
            return NO_BODY
        drf_request = request if isinstance(request, Request) else Request(request, parsers=self._parsers())
        if not has_body(drf_request):
            return self._without_body()
        if self._is_json_by_default(drf_request):
            drf_request._request.META["CONTENT_TYPE"] = min(self.json_types, key=len)
        value = drf_request.data
        sent = essence(drf_request.content_type or "")
        declared = self._declared(sent)
        if is_html_input(value):
            value = self._of_form(value, sent)
            value = value if unknown is None else unknown.checked(declared, value)
            if sent == MULTIPART and declared is not None and declared.schema is not None:
                value = declared_parts(declared.schema, value)
            return Body(value, sent, declared)
        if isinstance(value, str) and declared is not None and declared.schema is not None and not is_json(sent):
            value = value_of_text(declared.schema, value)
        return Body(value if unknown is None else unknown.checked(declared, value), sent, declared)

    def read(self, request: HttpRequest | Request, unknown: UnknownProperties | None = None) -> Any:
        """Returns the validated and converted body, for handlers; None if an optional body is missing.

        The type of the value depends on the body's schema. For a persisted schema, it is an unsaved row. For another
        object schema, it is an API object. For ``format: binary``, it is an uploaded file or bytes. For a JSON
        merge patch, it has the values that the patch sets, and None for each property that the patch removes. Raises
        the same exceptions as ``body``, and ``RequestInvalid`` with all violations.
        """
        body = self.body(request, unknown)
        schema = body.declared.schema if body.declared is not None else None
        if not body:
            return None
        if isinstance(body.value, list) and body.declared and body.declared.item_schema is not None:
            items = self._items(body.declared.item_schema, body.value)
            if schema is not None:  # the schema of the whole stream
                _clean(validator_for(schema, "request"), body.value)
            return items
        if schema is None:
            return body.value
        if isinstance(body.value, bytes):
            return _clean(validator_for(schema, "request"), body.value) if is_binary(schema) else body.value
        if body.media_type == MERGE_PATCH:
            return self._conversion(schema)(valid_merge_patch(schema, body.value))
        return self._conversion(schema)(_clean(validator_for(schema, "request"), body.value))

    def _items(self, schema: Schema, values: list[Any]) -> list[Any]:
        """Returns the values of a stream's lines. ``schema`` is OpenAPI 3.2's ``itemSchema``."""
        validator, converted = validator_for(schema, "request"), self._conversion(schema)
        clean = validator.clean_plain if is_plain(values) else validator.clean  # decided once, not for each line
        items: list[Any] = []
        violations: list[Violation] = []
        with searches_share_time():
            for index, value in enumerate(values):
                try:
                    items.append(converted(clean(value)))
                except ValidationFailed as failure:  # noqa: PERF203 (the violations of each are collected)
                    at = json_pointers.join([index])
                    violations += [replace(each, pointer=at + each.pointer) for each in failure.violations]
                    if len(violations) > MAX_VIOLATIONS:
                        break
        if violations:
            raise RequestInvalid(violations=at_most_violations(violations))
        return items

    def _conversion(self, schema: Schema) -> Callable[[Any], Any]:
        """Returns the function that converts a valid value to a row, an API object or another Python value."""
        row = self.classes.rows.get(schema.name) if schema.name else None
        to_python = converter(schema, self.classes).to_python

        def converted(cleaned: Any) -> Any:
            if row is not None and isinstance(cleaned, Mapping):
                return row._from_properties(cleaned)  # type: ignore[attr-defined]
            try:
                return to_python(cleaned)
            except RecursionError:  # unions need several calls for each level
                raise RequestInvalid(violations=[Violation("is nested too deeply", "", "", "depth")]) from None

        return converted

    def _is_json_by_default(self, request: Request) -> bool:
        """Returns whether a body without a media type counts as JSON, as in PyMacaron."""
        is_unsaid = bool(self.json_types) and "text/plain" not in self.content and lacks_media_type(request)
        return is_unsaid and under_compat()

    def _parsers(self) -> list[BaseParser]:
        return [parser() for parser in self._parser_classes]

    def _without_body(self) -> Body:
        if self.operation.request_body is not None and self.operation.request_body.required:
            raise RequestInvalid(violations=[Violation("is required", "", "", "required")])
        return NO_BODY

    def _declared(self, sent: str) -> MediaType | None:
        if sent in self.content:
            return self.content[sent]
        for media_type, declared in self.content.items():
            if matches(sent, media_type):
                return declared
        # The browsable API sends a form instead of the declared JSON.
        return next((declared for media_type, declared in self.content.items() if is_json(media_type)), None)

    def _of_form(self, form: Any, sent: str) -> Any:
        reader = next((found for media_type, found in self._form_readers.items() if matches(sent, media_type)), None)
        if reader is not None:
            return reader.read(form)
        declared = self._declared(sent)
        if declared is None or declared.schema is None:
            return form
        serializer = serializer_for(declared.schema, self.classes)()
        return serializer.json_of_form(form) if isinstance(serializer, SchemaSerializer) else form


def _clean(validator: SchemaValidator, value: Any) -> Any:
    try:
        return clean_with_uploads(validator, value)
    except ValidationFailed as failure:
        raise RequestInvalid(violations=failure.violations) from failure
