"""Reads urlencoded and multipart forms as JSON objects, according to the ``schema`` and ``encoding`` of the media type.

Fields are serialized like query parameters (OpenAPI 3.1, Encoding Object). If the schema of a field accepts binary
data, an uploaded file remains a file. Otherwise, the file's content is read as text, because browsers send a Blob of
JSON as a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import TooManyFieldsSent
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from macaron_django.api.requests.container_limits import require_few_containers
from macaron_django.api.requests.field_readers import ABSENT, FieldReader
from macaron_django.api.requests.multipart_texts import PartText, charset_of
from macaron_django.exceptions import RequestInvalid
from macaron_django.openapi import MediaType, Schema, json_pointers
from macaron_django.openapi.operations.media_types import OCTETS, essence, matches
from macaron_django.schemas.serializers.uploads import is_binary
from macaron_django.schemas.styles import parameter_styles as styles
from macaron_django.schemas.styles.form_fields import field_parameter
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.text_values import array_items, property_schema, schema_types

__all__ = ["FormReader", "UrlencodedForm"]


class UrlencodedForm(QueryDict):
    """A QueryDict that also has the raw values. Only a raw value shows whether a comma is encoded or is a separator."""

    def __init__(
        self, query_string: bytes | str | None = None, mutable: bool = False, encoding: str | None = None
    ) -> None:
        text = (query_string.decode("utf-8", "strict") if isinstance(query_string, bytes) else query_string) or ""
        is_long = len(text) > styles.PIECE
        super().__init__("" if is_long else query_string, mutable=is_long or mutable, encoding=encoding)
        if is_long:
            self._read_pieces(text)
            self._mutable = mutable
        #: Decoded names and raw values. Empty in copies, because copies can be changed.
        self.pairs = styles.pairs_of(text)

    def _read_pieces(self, text: str) -> None:
        """Reads the fields with the same result as Django, but with less memory."""
        most = django_settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        if most is not None and text.count("&") >= most:
            raise TooManyFieldsSent("The form has more fields than DATA_UPLOAD_MAX_NUMBER_FIELDS allows.")
        for field in filter(None, text.split("&")):
            name, _, value = field.replace("+", " ").partition("=")
            self.appendlist(*[styles.octets_of(each).decode(self.encoding, "replace") for each in (name, value)])


class FormReader:
    """Reads the forms of one media type of an operation."""

    def __init__(self, declared: MediaType) -> None:
        self.schema = declared.schema
        properties = self.schema.properties if self.schema is not None else {}
        self.fields = {
            name: FieldReader(field_parameter(name, prop.schema, declared.encoding.get(name)))
            for name, prop in properties.items()
        }
        self.content_types = {
            name: [each.strip() for each in encoding.content_type.split(",")]
            for name, encoding in declared.encoding.items()
            if encoding.content_type
        }

    def read(self, form: MultiValueDict[str, Any]) -> dict[str, Any]:
        """Returns a form as a JSON object, unvalidated. Raises ``RequestInvalid`` if a style or type is wrong."""
        violations: list[Violation] = []
        pairs, files = self._parts(form, violations)
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name in files:
                is_array = "array" in schema_types(field.schema)
                found[name] = files[name] if is_array else files[name][-1]
                continue
            try:
                value = field.json_value(pairs, styles.decoded_query)
            except (styles.StyleError, UnicodeDecodeError) as error:
                message = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
                violations.append(_violation(name, message, "style"))
                continue
            if value is not ABSENT:
                found[name] = value
        if violations:
            raise RequestInvalid(violations=violations)
        return {**self._others(pairs, files), **found}

    def _parts(
        self, form: MultiValueDict[str, Any], violations: list[Violation]
    ) -> tuple[Sequence[tuple[str, str]], dict[str, list[UploadedFile[Any]]]]:
        """Splits a form into (name, raw value) pairs and files. Adds errors to ``violations``."""
        files: dict[str, list[UploadedFile[Any]]] = {}
        texts: list[tuple[str, str]] = []
        parsed: list[str] = []
        for name, values in form.lists():
            if name == "_charset_" and name not in self.fields:  # the charset of other parts (RFC 7578, section 4.6)
                continue
            for value in values:
                is_file = isinstance(value, UploadedFile)
                if is_file or isinstance(value, PartText):
                    violations += self._mistyped(name, value.content_type or "")
                if is_file and self._takes_octets(name):
                    files.setdefault(name, []).append(value)
                    continue
                try:
                    text = _text_of(value) if is_file else value
                except (LookupError, UnicodeDecodeError):
                    violations.append(_violation(name, "is a file whose bytes aren't valid in its charset", "encoding"))
                    continue
                texts.append((name, styles.encoded_query(text)))
                if not self._is_text(name):
                    parsed.append(text)
        require_few_containers(parsed)
        return getattr(form, "pairs", None) or texts, files

    def _is_text(self, name: str) -> bool:
        """Returns whether the values of a field are never read as JSON."""
        field = self.fields.get(name)
        return field.is_text if field is not None else not any(each.claims(name) for each in self.fields.values())

    def _takes_octets(self, name: str) -> bool:
        field = self.fields.get(name)
        schema = field.schema if field is not None else self.schema and property_schema(self.schema, name)
        if not isinstance(schema, Schema):
            return True
        items = array_items(schema) if "array" in schema_types(schema) else None
        return is_binary(schema if items is None else items)

    def _mistyped(self, name: str, content_type: str) -> Iterator[Violation]:
        """Yields a violation if the ``contentType`` of a part doesn't allow the part's media type."""
        allowed = self.content_types.get(name)
        sent = essence(content_type) or OCTETS
        if allowed and not any(matches(sent, each) for each in allowed):
            expected = " or ".join(allowed)
            yield _violation(name, f"is sent as {sent}; it must be {expected}", "contentType")

    def _others(self, pairs: styles.Pairs, files: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Returns the fields that the schema doesn't name, as text. ``additionalProperties`` validates them later."""
        others: dict[str, list[Any]] = {name: [*sent] for name, sent in files.items()}
        for name, raw in pairs:
            if not any(field.claims(name) for field in self.fields.values()):
                others.setdefault(name, []).append(styles.decoded_query(raw))
        return {name: sent if len(sent) > 1 else sent[0] for name, sent in others.items()}


def _violation(name: str, message: str, keyword: str) -> Violation:
    return Violation(message, json_pointers.join([name]), "", keyword)


def _text_of(file: UploadedFile[Any]) -> str:
    """Returns a file's content as text.

    Raises ``LookupError`` if the file's charset is unknown, and ``UnicodeDecodeError`` if the content isn't in that
    charset.
    """
    sent: str | bytes = file.charset or "utf-8"  # Django's parser leaves it as octets
    charset = charset_of(sent if isinstance(sent, str) else sent.decode("ascii", "replace"))
    if charset is None:
        raise LookupError(sent)
    file.seek(0)
    octets: bytes = file.read()
    return octets.decode(charset)
