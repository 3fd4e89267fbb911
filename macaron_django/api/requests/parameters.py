"""Reads the parameters of a request as Python values.

If parameters are wrong, a single ``RequestInvalid`` has all violations. Each violation has a location ("path", "query",
"querystring", "header" or "cookie") and a pointer that begins with the parameter's name.

    reader = ParameterReader(operation, classes)        # once for each operation
    values = reader.read(request, path_kwargs)          # for each request
    values["limit"], values.by_location["header", "X-Trace"]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.settings import api_settings

from macaron_django.api.requests.field_readers import ABSENT, FieldReader
from macaron_django.api.requests.form_bodies import FormReader, UrlencodedForm
from macaron_django.api.routing.argument_names import operation_arguments, path_arguments
from macaron_django.api.routing.path_templates import PathTemplate
from macaron_django.conf import settings
from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.openapi import MediaType, Operation, Parameter, json_pointers
from macaron_django.openapi.operations.media_types import URL_ENCODED, essence
from macaron_django.schemas.styles import parameter_styles as styles
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import Conversion, converter

__all__ = ["ParameterReader", "ParameterValues"]

#: Headers that aren't parameters, because media types and security schemes describe them (OpenAPI, Parameter Object).
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})


class ParameterValues(dict[str, Any]):
    """Python values by parameter name.

    If parameters in several locations have the same name, the first of these locations counts: path, query,
    querystring, header, cookie.
    """

    def __init__(self, by_location: Mapping[tuple[str, str], Any], arguments: Mapping[tuple[str, str], str]) -> None:
        #: Values by (location, name).
        self.by_location = by_location
        self._arguments = arguments
        for key, value in by_location.items():
            self[key[1]] = value
        if len(self) < len(by_location):
            for key in sorted(by_location, key=lambda key: _LOCATIONS.index(key[0]), reverse=True):
                self[key[1]] = by_location[key]

    @property
    def by_argument(self) -> dict[str, Any]:
        """Maps the name of each handler argument to its value (see ``api/routing/argument_names.py``)."""
        return {self._arguments[key]: value for key, value in self.by_location.items()}


_LOCATIONS = ("path", "query", "querystring", "header", "cookie")


@dataclass(eq=False)
class _Sources:
    """The parts of a request that contain parameters. Each part is read when it is first needed."""

    request: HttpRequest
    path: Mapping[str, Any]  # the URL's arguments, decoded
    encoded_path: Mapping[str, str]  # the URL's arguments as they were sent, if a style needs them

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return styles.pairs_of(self.request.META.get("QUERY_STRING", ""))

    @cached_property
    def cookies(self) -> dict[str, str]:
        return self.request.COOKIES

    @cached_property
    def cookie_pairs(self) -> list[tuple[str, str]]:
        """The names and values of the cookies.

        OpenAPI 3.0 and 3.1 separate exploded values with "&", and OpenAPI 3.2 separates them with ";".
        """
        return styles.pairs_of(self.request.META.get("HTTP_COOKIE", ""), ";&")

    @cached_property
    def raw_path(self) -> str:
        """The percent-encoded path of the request target; "" if the server doesn't provide it."""
        scope = getattr(self.request, "scope", None)
        if scope and scope.get("raw_path"):
            return bytes(scope["raw_path"]).partition(b"?")[0].decode("latin-1")
        target = self.request.META.get("RAW_URI") or self.request.META.get("REQUEST_URI") or ""
        return re.sub(r"^[a-z]+://[^/]*", "", target.partition("?")[0])


class ParameterReader:
    """Reads the parameters of one operation.

    ``known`` contains the names of query parameters that the view reads although the operation doesn't declare them.
    """

    def __init__(self, operation: Operation, classes: Classes | None = None, known: Iterable[str] = ()) -> None:
        self.operation = operation
        self.classes = classes if classes is not None else Classes("", operation.document)
        self._arguments = operation_arguments(operation)
        self._known = frozenset(known) | _known_elsewhere(operation)

    @cached_property
    def _fields(self) -> tuple[_ParameterField, ...]:
        named = path_arguments(self.operation.path)
        claimed = frozenset(p.name for p in self.operation.parameters if p.location == "query")
        dots = styles.has_dotted_labels(self.operation.document.version)
        return tuple(
            _ParameterField(parameter, self.classes, named.get(parameter.name, parameter.name), claimed, dots)
            for parameter in self.operation.parameters
        )

    @cached_property
    def _needs_encoded_path(self) -> bool:
        return any(field.needs_encoded_path for field in self._fields)

    @cached_property
    def _path_pattern(self) -> re.Pattern[str]:
        """A regular expression that matches the end of a raw path. Its groups are the raw texts of the parameters."""
        template = PathTemplate(self.operation.path, self.operation.greedy_parameters)
        return re.compile("/" + template.text.removeprefix("^"))

    def read(self, request: HttpRequest | Request, path_kwargs: Mapping[str, Any]) -> ParameterValues:
        """Returns the values of all parameters that were sent or have a default.

        ``path_kwargs`` are the arguments from the URL. Raises ``RequestInvalid`` with all violations.
        """
        django_request: HttpRequest = getattr(request, "_request", request)
        if self._plain_texts is not None and not django_request.META.get("QUERY_STRING"):
            found = self._read_plain(path_kwargs)
            if found is not None:
                return found
        sources = _Sources(django_request, path_kwargs, {})
        if self._needs_encoded_path:
            sources = replace(sources, encoded_path=self._encoded_arguments(sources))
        values: dict[tuple[str, str], Any] = {}
        violations: list[Violation] = []
        for field in self._fields:
            try:
                value = field.read(sources)
                if value is not ABSENT:
                    values[field.location, field.name] = value
            except RequestInvalid as failure:  # noqa: PERF203 (each parameter's violations are collected)
                violations.extend(failure.violations)
        if django_request.META.get("QUERY_STRING") and settings.UNKNOWN_PARAMETERS == "refuse":
            violations.extend(self._unknown(sources))
        if violations:
            raise RequestInvalid(violations=violations)
        return ParameterValues(values, self._arguments)

    @cached_property
    def in_query(self) -> frozenset[str]:
        """The names of the query parameters that the operation declares."""
        return frozenset(field.name for field in self._fields if field.location == "query")

    @cached_property
    def _plain_texts(self) -> tuple[tuple[tuple[str, str], str, _ParameterField], ...] | None:
        """The key, argument and field of each path parameter, if these parameters can be read without conversions.

        None if other parameters may have values even without a query: in a header, in a cookie, or from a default. Also
        None if a path parameter's value may differ from its text.
        """
        in_path = [field for field in self._fields if field.location == "path"]
        others = [field for field in self._fields if field.location != "path"]
        if not all(field.is_plain_text for field in in_path) or not all(
            field.is_absent_without_query for field in others
        ):
            return None
        return tuple(((field.location, field.name), field.argument, field) for field in in_path)

    def _read_plain(self, path_kwargs: Mapping[str, Any]) -> ParameterValues | None:
        """Returns the values; None if one is invalid, because then all violations must be collected."""
        values = {}
        for key, argument, field in self._plain_texts or ():
            text = path_kwargs.get(argument)
            if type(text) is not str or not text:
                return None
            try:
                values[key] = field.validator.clean(text)
            except ValidationFailed:
                return None
        return ParameterValues(values, self._arguments)

    def _encoded_arguments(self, sources: _Sources) -> Mapping[str, str]:
        """Returns the URL's percent-encoded arguments. They are exactly as sent if the server provides the raw path."""
        found = self._path_pattern.search(sources.raw_path) if sources.raw_path else None
        if found and all(unquote(raw) == str(sources.path.get(name)) for name, raw in found.groupdict().items()):
            return found.groupdict()
        # A "%" in a decoded path must not be decoded again.
        return {name: str(value).replace("%", "%25") for name, value in sources.path.items()}

    def _unknown(self, sources: _Sources) -> Iterator[Violation]:
        try:
            names = dict.fromkeys(name for name, _ in sources.query)
        except UnicodeDecodeError:
            names = {}
        fields = [field for field in self._fields if field.location in ("query", "querystring")]
        for name in names:
            if name not in self._known and not any(field.claims(name) for field in fields):
                message = "is not a parameter of this operation"
                yield Violation(message, json_pointers.join([name]), "", "unknownParameter", "query")


def _known_elsewhere(operation: Operation) -> frozenset[str]:
    names = {scheme.name for scheme in operation.document.security_schemes.values() if scheme.location == "query"}
    return frozenset(name for name in (*names, api_settings.URL_FORMAT_OVERRIDE) if name)


class _ParameterField(FieldReader):
    """Finds, reads and validates one parameter."""

    def __init__(
        self, parameter: Parameter, classes: Classes, argument: str, claimed: frozenset[str], dots: bool
    ) -> None:
        super().__init__(parameter, claimed - {parameter.name})
        self.argument, self.dots, self.location, self.classes = argument, dots, parameter.location, classes
        self.is_ignored = self.location == "header" and self.name.lower() in _IGNORED_HEADERS
        is_form = self.location == "querystring" and essence(parameter.content_type or "") == URL_ENCODED
        self.form = FormReader(MediaType(self.schema, parameter.encoding)) if is_form else None

    @cached_property
    def conversion(self) -> Conversion:
        return converter(self.schema, self.classes)

    @cached_property
    def is_plain_text(self) -> bool:
        """Whether the parameter's value is the same as its text in the path, so that no conversion is needed."""
        return self.is_text and not self.needs_encoded_path and self.conversion.unchanged

    @property
    def is_absent_without_query(self) -> bool:
        """Whether the parameter is optional, has no default, and is in the query."""
        return self.location == "query" and not self.parameter.required and not self.schema.has_default

    @cached_property
    def needs_encoded_path(self) -> bool:
        return self.location == "path" and (self.shape != "primitive" or self.parameter.style != "simple")

    def claims(self, name: str) -> bool:
        return self.location == "querystring" or (self.location in ("query", "cookie") and super().claims(name))

    def read(self, sources: _Sources) -> Any:
        try:
            texts = self._sent(sources)
        except styles.StyleError as error:
            self._refuse(str(error), "style")
        except UnicodeDecodeError:
            self._refuse("is not UTF-8", "encoding")
        if self.is_ignored:
            return texts
        if texts is ABSENT:
            return self._default()
        if texts in ("", [""]) and self.parameter.allow_empty_value:
            return "" if not self.types or "string" in self.types else [] if "array" in self.types else None
        try:
            value = self.value_of(texts) if self.form is None else self._relocated(self.form.read, texts)
        except styles.StyleError as error:
            self._refuse(str(error), "content")
        return self.conversion.to_python(self._relocated(self.validator.clean, value))

    def _default(self) -> Any:
        if self.schema.has_default:
            return self.conversion.to_python(self.schema.default)
        if self.parameter.required:
            self._refuse("is required", "required")
        return ABSENT

    def _refuse(self, message: str, keyword: str) -> Any:
        pointer = json_pointers.join([self.name])
        raise RequestInvalid(violations=[Violation(message, pointer, "", keyword, self.location)])

    def _relocated(self, read: Callable[[Any], Any], value: Any) -> Any:
        """Returns ``read(value)``. Adds the parameter's location and name to violations that ``read`` raises."""
        try:
            return read(value)
        except ValidationFailed as failure:
            prefix = json_pointers.join([self.name])
            raise RequestInvalid(
                violations=[
                    replace(violation, pointer=prefix + violation.pointer, location=self.location)
                    for violation in failure.violations
                ]
            ) from None

    def _sent(self, sources: _Sources) -> Any:
        if self.location == "path":
            return self._from_path(sources)
        if self.location == "header":
            items = self.parameter.item_styles
            text = sources.request.headers.get(self.name)
            if text is None or self.is_document or self.is_ignored:
                return ABSENT if text is None else text
            if self.parameter.style in styles.DELIMITERS:
                return styles.delimited(text, self.parameter.style, self.shape, styles.verbatim, items)
            return styles.simple(text, self.parameter.explode, self.shape, styles.verbatim, items)
        if self.location == "cookie":
            return self._from_cookie(sources)
        if self.location == "querystring":
            return self._whole_query(sources.request.META.get("QUERY_STRING", ""))
        return self.texts(sources.query, styles.decoded_query)

    def _whole_query(self, query: str) -> Any:
        """Returns the value of a parameter with OpenAPI 3.2's ``in: querystring``, which describes the whole query.

        The value is a form or a percent-decoded JSON text.
        """
        if not query:
            return ABSENT
        return styles.decoded(query) if self.form is None else UrlencodedForm(query)

    def _from_path(self, sources: _Sources) -> Any:
        if self.argument not in sources.path:
            return ABSENT
        if not self.needs_encoded_path:
            return str(sources.path[self.argument])
        text = sources.encoded_path[self.argument]
        explode = self.parameter.explode
        if self.parameter.style == "label":
            return styles.label(text, explode, self.shape, dots=self.dots)
        if self.parameter.style == "matrix":
            return styles.matrix(text, self.name, explode, self.shape)
        if self.parameter.style in styles.DELIMITERS:
            return styles.delimited(text, self.parameter.style, self.shape, styles.decoded, self.parameter.item_styles)
        return styles.simple(text, explode, self.shape, item_styles=self.parameter.item_styles)

    def _from_cookie(self, sources: _Sources) -> Any:
        decode = styles.verbatim if self.parameter.style == "cookie" else styles.decoded
        if self.shape != "primitive" and self.parameter.explode:
            return self.texts(sources.cookie_pairs, decode)
        text = sources.cookies.get(self.name, ABSENT)
        if text is ABSENT or self.is_document:
            return text if text is ABSENT else decode(text)
        return styles.delimited(text, "form", self.shape, decode)
