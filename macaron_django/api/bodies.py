"""Bodies of requests → JSON values, files or bytes, and from there to Python, as an operation declares them.

In: a request. Out: what its body says, exactly: no digit is rounded, no duplicate name overwritten, nothing
that isn't declared accepted. Reading goes through DRF's parsers, so ``request.data`` is the same value, and
authentication, CSRF and the browsable API see an ordinary DRF request.

    reader = BodyReader(operation, classes)        # once
    profile = reader.read(request)                 # validated and converted: what a handler gets
    body = reader.body(request)                    # as sent: JSON, a form's values, text or bytes, unjudged
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import IO, Any

from django.http import HttpRequest
from rest_framework import parsers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request, is_form_media_type
from rest_framework.utils.html import is_html_input

from macaron_django.api.body_streams import BodyTooLarge, MalformedBody, has_body, limited
from macaron_django.api.form_bodies import FormPlan, UrlencodedForm
from macaron_django.conf import settings
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.classes import Classes
from macaron_django.schemas.conversions import UNSET, converter
from macaron_django.schemas.json_text import JSONTextError, exact_json
from macaron_django.schemas.serializers import SchemaSerializer, serializer_for
from macaron_django.schemas.text_values import value_of_text
from macaron_django.schemas.uploads import clean_with_uploads
from macaron_django.schemas.validators import validator_for
from macaron_django.schemas.violations import Violation
from macaron_django.spec import MediaType, Operation, Schema

__all__ = ["Body", "BodyReader", "BodyTooLarge", "JSONParser", "MalformedBody"]

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"})


@dataclass(frozen=True)
class Body:
    """A body as read. ``value`` is JSON, a dictionary with files, text or bytes; UNSET where none was sent."""

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
        """The declared media types, lower case, the most specific first."""
        body = self.operation.request_body
        declared = {name.strip().lower(): media for name, media in (body.content if body else {}).items()}
        return dict(sorted(declared.items(), key=lambda item: item[0].count("*")))

    def parser_classes(self, configured: Iterable[type[BaseParser]] = ()) -> list[type[BaseParser]]:
        """DRF parsers for the declared media types: DRF answers 415 for any other.

        Where the project's ``configured`` parsers read forms, so may the browsable API's forms be sent for JSON.
        """
        chosen = list(self._parser_classes)
        if any(_is_json(media_type) for media_type in self.content):
            forms = {parser.media_type for parser in configured if is_form_media_type(parser.media_type)}
            chosen += [BROWSER_FORMS[name] for name in sorted(forms - self.content.keys()) if name in BROWSER_FORMS]
        return chosen

    @cached_property
    def _parser_classes(self) -> tuple[type[BaseParser], ...]:
        return tuple(_parser_for(media_type) for media_type in self.content)

    @cached_property
    def _form_plans(self) -> dict[str, FormPlan]:
        return {
            media_type: FormPlan(declared)
            for media_type, declared in self.content.items()
            if media_type.partition(";")[0] in (URLENCODED, MULTIPART)
        }

    def body(self, request: HttpRequest | Request) -> Body:
        """The body, parsed but not judged.

        ``UnsupportedMediaType`` (415) for a type that isn't declared, ``BodyTooLarge`` (413), ``MalformedBody``
        (400), ``ValidationFailed`` where a required body is missing.
        """
        if self.operation.request_body is None:
            return NO_BODY
        drf_request = request if isinstance(request, Request) else Request(request, parsers=self._parsers())
        if not has_body(drf_request):
            return self._without_body()
        value = drf_request.data
        essence = (drf_request.content_type or "").partition(";")[0].strip().lower()
        declared = self._declared(essence)
        if is_html_input(value):
            return Body(self._of_form(value, essence), essence, declared)
        if isinstance(value, str) and declared is not None and declared.schema is not None and not _is_json(essence):
            value = value_of_text(declared.schema, value)
        return Body(value, essence, declared)

    def read(self, request: HttpRequest | Request) -> Any:
        """The body validated and converted: what a handler gets. None where an optional one is missing.

        A persisted schema becomes an unsaved row, another object schema an API object, ``format: binary`` an
        uploaded file or bytes.
        """
        body = self.body(request)
        schema = body.declared.schema if body.declared is not None else None
        if not body:
            return None
        if schema is None and isinstance(body.value, list) and body.declared and body.declared.item_schema is not None:
            return self._items(body.declared.item_schema, body.value)
        if schema is None or isinstance(body.value, bytes):
            return body.value
        return self._meant(schema, body.value)

    def _items(self, schema: Schema, values: list[Any]) -> list[Any]:
        """What each line of a stream means, by OpenAPI 3.2's ``itemSchema``."""
        items, violations = [], []
        for index, value in enumerate(values):
            try:
                items.append(self._meant(schema, value))
            except ValidationFailed as failure:  # noqa: PERF203 (all of them are wanted)
                violations += [replace(each, pointer=f"/{index}{each.pointer}") for each in failure.violations]
        if violations:
            raise ValidationFailed(violations=violations)
        return items

    def _meant(self, schema: Schema, value: Any) -> Any:
        cleaned = clean_with_uploads(validator_for(schema, "request"), value)
        row = self.classes.rows.get(schema.name) if schema.name else None
        if row is not None and isinstance(cleaned, Mapping):
            return row._from_properties(cleaned)  # type: ignore[attr-defined]
        return converter(schema, self.classes).to_python(cleaned)

    def _parsers(self) -> list[BaseParser]:
        return [parser() for parser in self._parser_classes]

    def _without_body(self) -> Body:
        if self.operation.request_body is not None and self.operation.request_body.required:
            raise ValidationFailed(violations=[Violation("is required: send a body", "", "", "required")])
        return NO_BODY

    def _declared(self, essence: str) -> MediaType | None:
        main = essence.partition("/")[0]
        for media_type, declared in self.content.items():
            if media_type.partition(";")[0].strip() in (essence, f"{main}/*", "*/*"):
                return declared
        # A form of the browsable API stands for the JSON that is declared.
        return next((declared for media_type, declared in self.content.items() if _is_json(media_type)), None)

    def _of_form(self, form: Any, essence: str) -> Any:
        plan = next((plan for media_type, plan in self._form_plans.items() if media_type.startswith(essence)), None)
        if plan is not None:
            return plan.read(form)
        declared = self._declared(essence)
        if declared is None or declared.schema is None:
            return form
        serializer = serializer_for(declared.schema, self.classes)()
        return serializer.json_of_form(form) if isinstance(serializer, SchemaSerializer) else form


def _is_json(media_type: str) -> bool:
    essence = media_type.partition(";")[0].strip()
    return essence == "application/json" or essence.endswith("+json")


# Parsers


class JSONParser(BaseParser):
    """``application/json`` and any ``+json``: exact, no duplicate names, limited in size and depth."""

    media_type = "application/json"
    renderer_class = JSONRenderer  # of the raw data form of the browsable API

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return _json(_in_utf(limited(stream), media_type))


class JSONLinesParser(BaseParser):
    """One JSON value a line (NDJSON); blank lines don't count."""

    media_type = "application/x-ndjson"

    def parse(  # type: ignore[override]  # DRF takes any value, its stubs don't
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> list[Any]:
        lines = limited(stream).split(b"\n")
        return [_json(line, f"Line {number}") for number, line in enumerate(lines, 1) if line.strip()]


class TextParser(BaseParser):
    """Text in the charset that it names, UTF-8 by default."""

    media_type = "text/plain"

    def parse(  # type: ignore[override]  # DRF takes any value, its stubs don't
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> str:
        charset = _charset(media_type)
        try:
            return limited(stream).decode(charset)
        except UnicodeDecodeError as error:
            raise MalformedBody(f"The body isn't {charset} at byte {error.start}.") from None


class BytesParser(BaseParser):
    """Anything else that is declared, as it came."""

    media_type = "application/octet-stream"

    def parse(  # type: ignore[override]  # DRF takes any value, its stubs don't
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return limited(stream)


class FormParser(BaseParser):
    """Urlencoded forms; the result is a ``QueryDict`` that still knows what was percent-encoded."""

    media_type = URLENCODED

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> UrlencodedForm:
        try:
            return UrlencodedForm(limited(stream), encoding=_charset(media_type))
        except UnicodeDecodeError:
            raise MalformedBody("The form's names and values must be percent-encoded UTF-8.") from None


class MultiPartParser(parsers.MultiPartParser):
    """DRF's, which streams files through Django's upload handlers."""


class _OfBrowsersOnly:
    """Forms that are taken from pages of the browsable API only: to anybody else the type isn't declared."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        request = (parser_context or {}).get("request")
        if not isinstance(getattr(request, "accepted_renderer", None), BrowsableAPIRenderer):
            raise UnsupportedMediaType(media_type or "")
        return super().parse(stream, media_type, parser_context)  # type: ignore[misc]


class BrowserFormParser(_OfBrowsersOnly, FormParser): ...


class BrowserMultiPartParser(_OfBrowsersOnly, MultiPartParser): ...


BROWSER_FORMS: Mapping[str, type[BaseParser]] = {URLENCODED: BrowserFormParser, MULTIPART: BrowserMultiPartParser}


def _json(text: bytes | str, what: str = "The body") -> Any:
    try:
        return exact_json(text, max_depth=settings.MAX_BODY_DEPTH)
    except JSONTextError as error:
        raise MalformedBody(f"{what} is not JSON: {error}.") from error


def _in_utf(body: bytes, media_type: str | None) -> bytes | str:
    """JSON tells UTF-8, 16 and 32 apart by itself; another charset is decoded here."""
    charset = _charset(media_type)
    if charset.startswith("utf"):
        return body
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body isn't {charset} at byte {error.start}.") from None


def _charset(media_type: str | None) -> str:
    for part in (media_type or "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            try:
                charset = codecs.lookup(value.strip().strip('"')).name
                b" ".decode(charset, "ignore")  # LookupError of what Python only calls a codec: base64, zlib, rot13
            except (LookupError, ValueError):
                raise UnsupportedMediaType(media_type or "") from None
            if charset in _NO_CHARSETS:
                raise UnsupportedMediaType(media_type or "")
            return charset
    return "utf-8"


#: Spellings of text as other text, which Python decodes like a charset: some in quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})


_PARSERS: Mapping[str, type[BaseParser]] = {
    URLENCODED: FormParser,
    MULTIPART: MultiPartParser,
    **dict.fromkeys(_LINES, JSONLinesParser),
}


def _parser_for(media_type: str) -> type[BaseParser]:
    """The parser of a declared media type, under that name."""
    essence = media_type.partition(";")[0].strip()
    kind = _PARSERS.get(essence)
    if kind is None:
        kind = JSONParser if _is_json(essence) else TextParser if essence.startswith("text/") else BytesParser
    members = {"media_type": essence, "__doc__": kind.__doc__, "__module__": __name__}
    return type(kind.__name__, (kind,), members)
