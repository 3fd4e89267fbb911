"""DRF parsers for the declared media types of request bodies.

JSON is parsed exactly: numbers aren't rounded, and objects with duplicate names are refused.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings as django_settings
from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer

from macaron_django.api.requests.body_bytes import MalformedBody, read_limited
from macaron_django.api.requests.container_limits import require_few_containers
from macaron_django.api.requests.form_bodies import UrlencodedForm
from macaron_django.api.requests.multipart_texts import charset_of, read_texts, with_texts
from macaron_django.conf import settings
from macaron_django.openapi import Schema
from macaron_django.openapi.operations.media_types import (
    JSON,
    JSON_LINES,
    MULTIPART,
    URL_ENCODED,
    essence,
    is_json,
    matches,
)
from macaron_django.schemas.serializers.uploads import is_binary
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

__all__ = ["BROWSER_FORMS", "JSONParser", "json_value_of", "parsers_for"]


class JSONParser(BaseParser):
    """Parses ``application/json`` and any ``+json`` type. The size and depth of the body are limited."""

    media_type = JSON
    renderer_class = JSONRenderer  # for the raw data form of the browsable API

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return json_value_of(_in_utf(read_limited(stream), media_type))


class JSONLinesParser(BaseParser):
    """Parses a JSON value in each line (NDJSON). Skips blank lines."""

    media_type = "application/x-ndjson"

    def parse(  # type: ignore[override]  # DRF takes any value, its stubs don't
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> list[Any]:
        values: list[Any] = []
        max_depth = settings.MAX_BODY_DEPTH
        body = read_limited(stream)
        require_few_containers([body])
        for number, line in enumerate(body.split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                values.append(exact_json(line, max_depth=max_depth))
            except JSONTextError as error:
                raise MalformedBody(f"Line {number} is not JSON: {error}.") from error
        return values


class TextParser(BaseParser):
    """Decodes text in the charset of its media type, by default UTF-8."""

    media_type = "text/plain"

    def parse(  # type: ignore[override]  # DRF takes any value, its stubs don't
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> str:
        charset = _charset(media_type)
        try:
            return read_limited(stream).decode(charset)
        except UnicodeDecodeError as error:
            raise MalformedBody(f"The body isn't valid {charset} at byte {error.start}.") from None


class BytesParser(BaseParser):
    """Returns the bytes of a body whose declared media type isn't JSON, text or a form."""

    media_type = "application/octet-stream"

    def parse(  # type: ignore[override]  # DRF takes any value, its stubs don't
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return read_limited(stream)


class FormParser(BaseParser):
    """Parses urlencoded forms into a ``QueryDict`` that also keeps the raw values."""

    media_type = URL_ENCODED

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> UrlencodedForm:
        try:
            return UrlencodedForm(read_limited(stream), encoding=_charset(media_type))
        except UnicodeDecodeError:
            raise MalformedBody("The form's names and values must be percent-encoded UTF-8.") from None


class MultiPartParser(parsers.MultiPartParser):
    """DRF's parser, which streams files through Django's upload handlers. Each text is decoded in its own charset."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        with tempfile.SpooledTemporaryFile(max_size=django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE) as copy:
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            form = super().parse(copy, media_type, parser_context)
            copy.seek(0)
            return parsers.DataAndFiles(with_texts(form.data, read_texts(copy, media_type or "")), form.files)


class _BrowsableAPIOnly:
    """Accepts forms only from the browsable API, because the operation doesn't declare the forms' media type."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        request = (parser_context or {}).get("request")
        if not isinstance(getattr(request, "accepted_renderer", None), BrowsableAPIRenderer):
            raise UnsupportedMediaType(media_type or "")
        return super().parse(stream, media_type, parser_context)  # type: ignore[misc]


class BrowserFormParser(_BrowsableAPIOnly, FormParser):
    """Parses urlencoded forms of the browsable API."""


class BrowserMultiPartParser(_BrowsableAPIOnly, MultiPartParser):
    """Parses multipart forms of the browsable API."""


#: The parsers of the browsable API's forms, by media type.
BROWSER_FORMS: Mapping[str, type[BaseParser]] = {URL_ENCODED: BrowserFormParser, MULTIPART: BrowserMultiPartParser}


def json_value_of(text: bytes | str, what: str = "The body", *, max_depth: int | None = None) -> Any:
    """Returns the value of a JSON text.

    The value can have at most ``max_depth`` nested levels. The default is ``MAX_BODY_DEPTH``.

    If the text isn't JSON, raises ``MalformedBody`` with a message that begins with ``what``. Raises
    ``RequestInvalid`` if the text has too many arrays and objects.
    """
    try:
        require_few_containers([text])
        return exact_json(text, max_depth=settings.MAX_BODY_DEPTH if max_depth is None else max_depth)
    except JSONTextError as error:
        raise MalformedBody(f"{what} is not JSON: {error}.") from error


def _in_utf(body: bytes, media_type: str | None) -> bytes | str:
    """Decodes a body that isn't in UTF-8, UTF-16 or UTF-32. The JSON parser detects these three itself."""
    charset = _charset(media_type)
    if charset.startswith("utf"):
        return body
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body isn't valid {charset} at byte {error.start}.") from None


def _charset(media_type: str | None) -> str:
    """Returns Python's name of a media type's charset. Raises ``UnsupportedMediaType`` for an unknown charset."""
    charset = charset_of(parse_header_parameters(media_type or "")[1].get("charset", "utf-8"))
    if charset is None:
        raise UnsupportedMediaType(media_type or "")
    return charset


_PARSERS: Mapping[str, type[BaseParser]] = {
    URL_ENCODED: FormParser,
    MULTIPART: MultiPartParser,
    **dict.fromkeys(JSON_LINES, JSONLinesParser),
}


class RangeParser(BaseParser):
    """Parses a body if the spec declares a range of media types, such as ``application/*``.

    The media type of the request decides how the body is parsed.
    """

    #: The parser for bodies that are neither JSON nor text. If it is None, such bodies are refused, because the schema
    #: can't validate them.
    others: type[BaseParser] | None = BytesParser

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        known = _kind_of(essence(media_type or ""))
        kind = self.others if known is BytesParser else known
        if kind is None:
            raise UnsupportedMediaType(media_type or "")
        return kind().parse(stream, media_type, parser_context)


def parsers_for(media_type: str, schema: Schema | None) -> list[type[BaseParser]]:
    """Returns the parser classes for a declared media type or range. Each has a ``media_type``.

    For a range, such as ``*/*``, also returns parsers for forms, because DRF checks whether one of the parsers has the
    media type of a form. If the range's schema is binary, returns only a parser that returns the bytes.
    """
    name = essence(media_type)
    if "*" not in name or name.startswith("text/"):
        return [_named(_kind_of(name), name)]
    if schema is not None and is_binary(schema):
        return [_named(BytesParser, name)]
    is_text = schema is not None and "string" in schema.types
    others = BytesParser if schema is None else TextParser if is_text else None
    forms = [_named(_PARSERS[form], form) for form in (URL_ENCODED, MULTIPART) if matches(form, name)]
    return [*forms, _named(RangeParser, name, others=others)]


def _kind_of(name: str) -> type[BaseParser]:
    kind = _PARSERS.get(name)
    return kind or (JSONParser if is_json(name) else TextParser if name.startswith("text/") else BytesParser)


def _named(kind: type[BaseParser], media_type: str, **members: Any) -> type[BaseParser]:
    members = {"media_type": media_type, "__doc__": kind.__doc__, "__module__": __name__, **members}
    return type(kind.__name__, (kind,), members)
