"""Creates a response, with status, headers and body, from the value that a handler or the mock returned.

A value becomes JSON according to the schema that the operation declares for the status. An iterator is streamed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from types import NoneType
from typing import Any

from django.db.models import Manager, Model, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from rest_framework.response import Response as DRFResponse

from macaron_django.api.answers.error_descriptions import DeclaredError, is_error_status
from macaron_django.api.answers.renderers import json_line, text_bytes
from macaron_django.api.answers.response_validation import check_response, declared_response
from macaron_django.api.requests.preconditions import entity_tag
from macaron_django.api.rules.operation_schemas import json_schema, success_status
from macaron_django.conf import settings
from macaron_django.dynamodb.calls.deadlines import lift_deadline
from macaron_django.exceptions import ErrorReply, PyMacaronException
from macaron_django.openapi import Operation, Response, Schema
from macaron_django.openapi.operations.media_types import JSON, JSON_LINES, allows_json, essence
from macaron_django.schemas import Classes, converter, serializer_for, validator_for
from macaron_django.schemas.styles.style_texts import header_text
from macaron_django.schemas.values.api_objects import APIObject
from macaron_django.schemas.values.json_options import with_datetimes, with_nulls
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["drf_response", "is_made", "json_form", "respond"]

#: The types of results that contain no other values.
_MADE = frozenset({NoneType, bool, bytes, float, int, str})


def drf_response(body: Any, status: int, headers: Mapping[str, str]) -> DRFResponse:
    """Returns a DRF ``Response`` for JSON.

    The response's renderer sets the Content-Type, unless the headers already have one.
    """
    return DRFResponse(body, status=status, headers=headers, content_type=_media_type_in(headers))


def respond(
    result: Any,
    operation: Operation,
    classes: Classes,
    *,
    media_type_of: Callable[[Any], str | None] = lambda value: None,
    answer: Callable[[Any, int, Mapping[str, str]], HttpResponseBase] = drf_response,
) -> HttpResponseBase:
    """Returns the response for ``result``.

    ``result`` is a response, ``(value, status[, headers])``, None, an iterator or a value.

    ``media_type_of`` chooses a declared media type that can represent the value and that the client accepts. By
    default, the first declared media type is chosen. ``answer`` creates the response from the value's JSON, a status
    and headers; by default, it is a DRF ``Response``. If the headers have a Content-Type, it is sent unchanged, even
    if the body has another format.

    If ``result`` is a ``PyMacaronException``, raises it: PyMacaron allows handlers to return exceptions. Raises
    ``ResponseInvalid`` if ``check_response`` raises it.
    """
    if isinstance(result, ErrorReply):
        raise result.error
    if isinstance(result, HttpResponseBase):
        if isinstance(result, DRFResponse):
            media_type = result.content_type or media_type_of(result.data)
            check_response(operation, result.status_code, result.data, media_type)
        return result
    if isinstance(result, PyMacaronException):
        raise result
    value, status, headers = _unpacked(result)
    if status is None:
        status = _status_of_object(value, operation)
        if status is not None and is_error_status(status):
            raise _declared_error(value, status, operation, classes)
    if value is None:
        return _without_value(operation, status, headers, classes)
    status = status or success_status(operation, 200)
    declared = declared_response(operation, status)
    headers = _header_texts(headers, declared, classes)
    if isinstance(value, (Iterator, AsyncIterator)):
        return _streamed(value, _declared_type(declared, media_type_of(value)), declared, status, headers, classes)
    if isinstance(value, (bytes, bytearray, memoryview)):
        media_type = _declared_type(declared, media_type_of(value))
        media_type = media_type if media_type and "*" not in media_type else "application/octet-stream"
        media_type = None if _media_type_in(headers) else media_type
        return HttpResponse(bytes(value), status=status, headers=headers, content_type=media_type)
    if declared is not None and not declared.content and "204" in operation.responses and status == 204:
        return DRFResponse(status=204, headers=headers)
    schema = json_schema(declared.content) if declared is not None else None
    body = json_form(value, schema, classes)
    check_response(operation, status, body, media_type_of(body) or _declared_type(declared, None))
    version = getattr(value, "_stored_version", None)
    if version is not None and 200 <= status < 300:
        headers = {"ETag": entity_tag(version), **headers}
    body = _encoded(body, schema)
    return answer(body, status, headers)


def is_made(result: Any) -> bool:
    """Returns whether a handler's result and all its items are in memory. If so, rendering doesn't read a database."""
    kind = type(result)
    if kind in (list, tuple):
        return all(map(is_made, result))
    if kind is dict:
        return all(map(is_made, result.values()))
    return kind in _MADE or isinstance(result, (APIObject, BaseException))


def _status_of_object(value: Any, operation: Operation) -> int | None:
    """Returns the error status that fits a value: the operation declares the value's schema for this status.

    If the schema is declared for several statuses, the value's own property ``status`` chooses one. If this property
    doesn't name one of these statuses, returns 500.

    Returns None if the value isn't an API object or a row. Also returns None if the operation's success response has
    the value's schema, or if none of its responses has this schema.
    """
    own = getattr(value, "_spec", None)
    schema: Schema | None = getattr(own, "schema", None)
    if schema is None or _is_of(schema, declared_response(operation, success_status(operation, 200))):
        return None
    declared = [str(key) for key, response in operation.responses.items() if _is_of(schema, response)]
    if not declared:
        return None
    status = getattr(value, "status", None)
    if type(status) is int and is_error_status(status) and _is_of(schema, declared_response(operation, status)):
        return status
    exact = [int(key) for key in declared if key.isdigit()]
    return exact[0] if len(exact) == 1 and "default" not in declared else 500


def _is_of(schema: Schema, response: Response | None) -> bool:
    found = json_schema(response.content) if response is not None else None
    return found is not None and found.resolved == schema


def _declared_error(value: Any, status: int, operation: Operation, classes: Classes) -> DeclaredError:
    """Returns the exception for an error object that a handler returned. The object becomes the response's body."""
    declared = declared_response(operation, status)
    schema = json_schema(declared.content) if declared is not None else None
    error = DeclaredError(json_form(value, schema, classes), status)
    if schema is not None and "error_id" in schema.properties:
        error.body = {**error.body, "error_id": error.error_id}
    check_response(operation, status, error.body)
    return error


def _declared_type(declared: Response | None, accepted: str | None) -> str | None:
    """Returns the declared media type that the client accepts, or else the first declared media type."""
    names = list(declared.content) if declared is not None else []
    return next(
        (name for name in names if accepted and essence(name) == essence(accepted)), names[0] if names else None
    )


def _unpacked(result: Any) -> tuple[Any, int | None, Mapping[str, Any]]:
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


def _header_texts(headers: Mapping[str, Any], declared: Response | None, classes: Classes) -> Mapping[str, Any]:
    """Returns the headers as text, in the styles that the response declares. Can raise ``StyleError``."""
    if declared is None or not declared.headers or all(type(value) is str for value in headers.values()):
        return headers
    found, described = dict(headers), {name.lower(): header for name, header in declared.headers.items()}
    for name, value in headers.items():
        header = described.get(name.lower())
        if header is not None and not isinstance(value, (str, bytes)):
            found[name] = header_text(header, converter(header.schema, classes).to_json(value))
    return found


def _media_type_in(headers: Mapping[str, Any]) -> Any:
    return next((value for name, value in headers.items() if name.lower() == "content-type"), None)


def _without_value(
    operation: Operation, status: int | None, headers: Mapping[str, Any], classes: Classes
) -> HttpResponseBase:
    """Returns the response for a handler that returned None: the declared response without content, or JSON's null."""
    if status is None:
        first = operation.success
        is_empty = first is None or not first.content or "204" in operation.responses
        declared = success_status(operation, 200)
        is_null = not is_empty and _names_null(_json_schema_of(operation, declared))
        status = declared if is_null else success_status(operation, 204) if is_empty else 204
    schema = _json_schema_of(operation, status)
    headers = _header_texts(headers, declared_response(operation, status), classes)
    check_response(operation, status, None)
    if schema is not None and validator_for(schema, "response").is_valid(None):
        media_type = None if _media_type_in(headers) else JSON
        return HttpResponse(
            b"null", status=status, headers=dict(headers), content_type=media_type
        )  # DRF writes nothing
    return DRFResponse(status=status, headers=dict(headers))


def _json_schema_of(operation: Operation, status: int) -> Schema | None:
    declared = declared_response(operation, status)
    return json_schema(declared.content) if declared is not None else None


def _names_null(schema: Schema | None) -> bool:
    """Returns whether a schema explicitly allows null.

    If the schema doesn't, a handler may have returned None because of a forgotten ``return``.
    """
    if schema is None:
        return False
    validator = validator_for(schema, "response")
    return validator.is_valid(None) and not all(map(validator.is_valid, (0, "", [], {})))


def json_form(value: Any, schema: Schema | None, classes: Classes) -> Any:
    """Converts ``value`` to the types that ``dump_json`` can write: dates, UUIDs, Decimals and JSON's own types.

    API objects, rows and model instances are converted by the serializer of ``schema``. If ``schema`` isn't an object
    schema, API objects and rows are converted by the serializer of their own schema. In API objects and rows, an unset
    property with ``x-nullable`` becomes null. Leaves out writeOnly properties, even in dictionaries.

    Raises ``TypeError`` for a model instance if the response's schema isn't an object schema. Also raises ``TypeError``
    for an API object that lacks one of the schema's required properties, or has none of the schema's properties.
    """
    if schema is not None:
        schema = schema.resolved
    own = getattr(value, "_spec", None)
    if own is not None and callable(getattr(value, "to_json", None)):
        shown = schema if schema is not None and schema.is_object else own.schema
        if shown != own.schema:
            names = own.schema.properties.keys() | set(value)
            lacking = shown.properties.keys() & set(shown.required) - names
            _refuse_stranger(value, names, shown, lacking)
        return with_nulls(shown, _serialized(value, shown, classes))
    if isinstance(value, Model):
        if schema is None or not schema.is_object:
            raise TypeError(
                f"{type(value).__name__} can't be returned as JSON: the operation's response doesn't declare an "
                "object. Declare an object schema for the response, or return a value of a JSON type."
            )
        found = _serialized(value, schema, classes)
        _refuse_stranger(value, found, schema)
        return found
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


def _encoded(json: Any, schema: Schema | None) -> Any:
    """Returns the body, with its date-times written by ``DATETIME_ENCODER`` if that is set."""
    encoder = settings.DATETIME_ENCODER
    if encoder is None or schema is None:
        return json
    return with_datetimes(schema, json, encoder if callable(encoder) else import_string(encoder))


def _refuse_stranger(value: Any, names: Iterable[str], declared: Schema, lacking: Iterable[str] = ()) -> None:
    """Raises ``TypeError`` if an object lacks required properties, or has none of the declared properties."""
    shown = {name for name, prop in declared.properties.items() if not prop.write_only}
    lacking = sorted(shown.intersection(lacking))
    if lacking or (shown and shown.isdisjoint(names)):
        missing = ", ".join(lacking) or "all of its properties"
        raise TypeError(
            f"{type(value).__name__} can't be returned as {declared.name or 'the object'} ({declared.location}): it "
            f"lacks {missing}. Return an object of the declared schema, or declare the schema of the returned object."
        )


def _serialized(value: Any, schema: Schema, classes: Classes) -> Any:
    return serializer_for(schema, classes, "response")(context={}).to_representation(value)


# ------------------------------------------------------------------ streams


def _streamed(
    values: Any,
    declared_type: str | None,
    declared: Response | None,
    status: int,
    headers: Mapping[str, str],
    classes: Classes,
) -> StreamingHttpResponse:
    lift_deadline()
    media_type = declared_type or JSON
    media = declared.content.get(media_type) if declared is not None else None
    schema = media.schema.resolved if media is not None and media.schema is not None else None
    if essence(media_type) in JSON_LINES:
        item_schema = media.item_schema if media is not None else None
        # Before OpenAPI 3.2, `schema` describes either the array of all lines or a single line.
        of_lines = schema.items if schema is not None and "array" in schema.types else None
        frame, item_schema = json_line, item_schema or of_lines or schema
    elif allows_json(media_type):
        return StreamingHttpResponse(
            _json_array(values, schema.items if schema is not None else None, classes),
            status=status,
            headers=dict(headers),
            content_type=None if _media_type_in(headers) else JSON if "*" in media_type else media_type,
        )
    else:
        frame, item_schema = text_bytes, None

    def framed(value: Any) -> bytes:
        return frame(_encoded(json_form(value, item_schema, classes), item_schema))

    content: Any = _amap(framed, values) if isinstance(values, AsyncIterator) else map(framed, values)
    content_type = None if _media_type_in(headers) else media_type
    return StreamingHttpResponse(content, status=status, headers=dict(headers), content_type=content_type)


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
        yield before + dump_json(_encoded(json_form(value, items, classes), items))
        before = b","
    yield b"[]" if before == b"[" else b"]"


async def _json_array_async(values: AsyncIterator[Any], items: Schema | None, classes: Classes) -> AsyncIterator[bytes]:
    before = b"["
    async for value in values:
        yield before + dump_json(_encoded(json_form(value, items, classes), items))
        before = b","
    yield b"[]" if before == b"[" else b"]"
