"""Parameters of a request → Python values, by a plan that is made once for each operation.

In: a request and the URL's arguments. Out: the parameters that were sent or have a default, as Python values.
Everything that is wrong with them is gathered into one ``ValidationFailed``: each violation has the location
("path", "query", "header" or "cookie") and a pointer that begins with the parameter's name. How a parameter is
spelled is ``parameter_styles``' affair, what its text means ``text_values``', what is valid the schema's.

    reader = ParameterReader(operation, classes)        # once
    values = reader.read(request, path_kwargs)          # for each request
    values["limit"], values.by_location["header", "X-Trace"]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast
from urllib.parse import unquote

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.settings import api_settings

from macaron_django.api import parameter_styles as styles
from macaron_django.api.arguments import operation_arguments, path_arguments
from macaron_django.api.field_plans import ABSENT, FieldPlan
from macaron_django.api.form_bodies import FormPlan, UrlencodedForm
from macaron_django.conf import settings
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.classes import Classes
from macaron_django.schemas.conversions import Conversion, converter
from macaron_django.schemas.violations import Violation, pointer_to
from macaron_django.spec import MediaType, Operation, Parameter

__all__ = ["ParameterReader", "ParameterValues"]

#: Headers that OpenAPI keeps out of parameters: content negotiation and security schemes describe them.
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
_DOTTED_LABELS = re.compile(r"3\.0\.[0-3](-.*)?|3\.1\.0(-.*)?")


class ParameterValues(dict[str, Any]):
    """Python values by parameter name. Where locations share a name, path precedes query, header and cookie."""

    def __init__(self, by_location: Mapping[tuple[str, str], Any], arguments: Mapping[tuple[str, str], str]) -> None:
        super().__init__()
        #: (location, name) → value
        self.by_location = by_location
        for key in sorted(by_location, key=lambda key: _LOCATIONS.index(key[0])):
            self.setdefault(key[1], by_location[key])
        self._arguments = arguments

    @property
    def by_argument(self) -> dict[str, Any]:
        """The values by the names of a handler's arguments (``macaron_django.api.arguments``)."""
        return {self._arguments[key]: value for key, value in self.by_location.items()}


_LOCATIONS = ("path", "query", "querystring", "header", "cookie")


@dataclass(eq=False)
class _Sources:
    """One request's parameters as sent; each part is read when it is first needed."""

    request: HttpRequest
    path: Mapping[str, Any]  # the URL's arguments, decoded
    encoded_path: Mapping[str, str]  # the same as sent, where a style counts on it

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return styles.pairs_of(self.request.META.get("QUERY_STRING", ""))

    @cached_property
    def cookies(self) -> dict[str, str]:
        return self.request.COOKIES

    @cached_property
    def cookie_pairs(self) -> list[tuple[str, str]]:
        """An exploded cookie is written with "&" by OpenAPI 3.0 and 3.1, with ";" by 3.2."""
        return styles.pairs_of(self.request.META.get("HTTP_COOKIE", ""), ";&")

    @cached_property
    def raw_path(self) -> str:
        """The path of the request target, percent-encoding intact; "" where the server doesn't give it."""
        scope = getattr(self.request, "scope", None)
        if scope and scope.get("raw_path"):
            return bytes(scope["raw_path"]).partition(b"?")[0].decode("latin-1")
        target = self.request.META.get("RAW_URI") or self.request.META.get("REQUEST_URI") or ""
        return re.sub(r"^[a-z]+://[^/]*", "", target.partition("?")[0])


class ParameterReader:
    """Reads the parameters of one operation. ``known`` names query parameters that others read (``format`` …)."""

    def __init__(self, operation: Operation, classes: Classes | None = None, known: Iterable[str] = ()) -> None:
        self.operation = operation
        self.classes = classes if classes is not None else Classes("", operation.document)
        self._arguments = operation_arguments(operation)
        self._known = frozenset(known) | _known_elsewhere(operation)

    @cached_property
    def _plans(self) -> tuple[_Plan, ...]:
        named = path_arguments(self.operation.path)
        claimed = frozenset(p.name for p in self.operation.parameters if p.location == "query")
        dots = bool(_DOTTED_LABELS.fullmatch(self.operation.document.version))
        return tuple(
            _Plan(parameter, self.classes, named.get(parameter.name, parameter.name), claimed, dots)
            for parameter in self.operation.parameters
        )

    @cached_property
    def _path_pattern(self) -> re.Pattern[str]:
        """Finds the raw text of the path's parameters at the end of a raw path."""
        pieces = re.split(r"\{([^{}]*)\}", self.operation.path)
        greedy = {p.name for p in self.operation.parameters if p.location == "path" and p.greedy}
        named = path_arguments(self.operation.path)
        seen: set[str] = set()
        pattern = ""
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                pattern += re.escape(piece)
            elif piece in seen:
                pattern += f"(?P={named[piece]})"
            else:
                seen.add(piece)
                pattern += f"(?P<{named[piece]}>{'.+' if piece in greedy else '[^/]+'})"
        return re.compile(pattern + "$", re.DOTALL)

    def read(self, request: HttpRequest | Request, path_kwargs: Mapping[str, Any]) -> ParameterValues:
        """The values of all parameters that were sent or have a default; ``ValidationFailed`` lists what is wrong."""
        django_request = cast("HttpRequest", getattr(request, "_request", request))
        sources = _Sources(django_request, path_kwargs, {})
        if any(plan.wants_encoded_path for plan in self._plans):
            sources = replace(sources, encoded_path=self._encoded_arguments(sources))
        values: dict[tuple[str, str], Any] = {}
        violations: list[Violation] = []
        for plan in self._plans:
            try:
                value = plan.read(sources)
                if value is not ABSENT:
                    values[plan.location, plan.name] = value
            except ValidationFailed as failure:  # noqa: PERF203 (all of them are wanted)
                violations.extend(failure.violations)
        if settings.UNKNOWN_PARAMETERS == "refuse":
            violations.extend(self._unknown(sources))
        if violations:
            raise ValidationFailed(violations=violations)
        return ParameterValues(values, self._arguments)

    def _encoded_arguments(self, sources: _Sources) -> Mapping[str, str]:
        """The URL's arguments percent-encoded: as sent where the server gives the raw path."""
        found = self._path_pattern.search(sources.raw_path) if sources.raw_path else None
        if found and all(unquote(raw) == str(sources.path.get(name)) for name, raw in found.groupdict().items()):
            return found.groupdict()
        # Only "%" is ambiguous in a decoded path: what was decoded must not be decoded again.
        return {name: str(value).replace("%", "%25") for name, value in sources.path.items()}

    def _unknown(self, sources: _Sources) -> Iterator[Violation]:
        try:
            names = dict.fromkeys(name for name, _ in sources.query)
        except UnicodeDecodeError:
            names = {}
        plans = [plan for plan in self._plans if plan.location in ("query", "querystring")]
        for name in names:
            if name not in self._known and not any(plan.claims(name) for plan in plans):
                message = "is not a parameter of this operation"
                yield Violation(message, pointer_to([name]), "", "unknownParameter", "query")


def _known_elsewhere(operation: Operation) -> frozenset[str]:
    names = {scheme.name for scheme in operation.document.security_schemes.values() if scheme.location == "query"}
    return frozenset(name for name in (*names, api_settings.URL_FORMAT_OVERRIDE) if name)


class _Plan(FieldPlan):
    """How one parameter is found, read and judged."""

    def __init__(
        self, parameter: Parameter, classes: Classes, argument: str, claimed: frozenset[str], dots: bool
    ) -> None:
        super().__init__(parameter, claimed - {parameter.name})
        self.argument, self.dots, self.location, self.classes = argument, dots, parameter.location, classes
        self.is_ignored = self.location == "header" and self.name.lower() in _IGNORED_HEADERS

    @cached_property
    def conversion(self) -> Conversion:
        return converter(self.schema, self.classes)

    @property
    def wants_encoded_path(self) -> bool:
        return self.location == "path" and (self.shape != "primitive" or self.parameter.style != "simple")

    def claims(self, name: str) -> bool:
        return self.location == "querystring" or (self.location in ("query", "cookie") and super().claims(name))

    def read(self, sources: _Sources) -> Any:
        try:
            spelled = self._sent(sources)
        except styles.StyleError as error:
            self._refuse(str(error), "style")
        except UnicodeDecodeError:
            self._refuse("is not UTF-8", "encoding")
        if self.is_ignored:
            return spelled
        if spelled is ABSENT:
            return self._default()
        if spelled in ("", [""]) and self.parameter.allow_empty_value:
            return "" if not self.types or "string" in self.types else [] if "array" in self.types else None
        try:
            meant = self.meant(spelled)
        except styles.StyleError as error:
            self._refuse(str(error), "content")
        return self.conversion.to_python(self._clean(meant))

    def _default(self) -> Any:
        if self.schema.has_default:
            return self.conversion.to_python(self.schema.default)
        if self.parameter.required:
            self._refuse("is required", "required")
        return ABSENT

    def _refuse(self, message: str, keyword: str) -> Any:
        pointer = pointer_to([self.name])
        raise ValidationFailed(violations=[Violation(message, pointer, "", keyword, self.location)])

    def _clean(self, value: Any) -> Any:
        try:
            return self.validator.clean(value)
        except ValidationFailed as failure:
            prefix = pointer_to([self.name])
            raise ValidationFailed(
                violations=[
                    replace(violation, pointer=prefix + violation.pointer, location=self.location)
                    for violation in failure.violations
                ]
            ) from None

    def _sent(self, sources: _Sources) -> Any:
        if self.location == "path":
            return self._from_path(sources)
        if self.location == "header":
            text = sources.request.headers.get(self.name)
            if text is None or self.is_document or self.is_ignored:
                return ABSENT if text is None else text
            if self.parameter.style in styles.DELIMITERS:
                return styles.delimited(text, self.parameter.style, self.shape, styles.verbatim)
            return styles.simple(text, self.parameter.explode, self.shape, styles.verbatim)
        if self.location == "cookie":
            return self._from_cookie(sources)
        if self.location == "querystring":
            return self._whole_query(sources.request.META.get("QUERY_STRING", ""))
        return self.spelled(sources.query, styles.decoded_query)

    def _whole_query(self, query: str) -> Any:
        """OpenAPI 3.2's ``in: querystring``: the query is one document, a form or (percent-encoded) JSON."""
        if not query:
            return ABSENT
        if (self.parameter.content_type or "").startswith("application/x-www-form-urlencoded"):
            return FormPlan(MediaType(self.schema)).read(UrlencodedForm(query))
        return styles.decoded(query)

    def _from_path(self, sources: _Sources) -> Any:
        if self.argument not in sources.path:
            return ABSENT
        if not self.wants_encoded_path:
            return str(sources.path[self.argument])
        text = sources.encoded_path[self.argument]
        explode = self.parameter.explode
        if self.parameter.style == "label":
            return styles.label(text, explode, self.shape, dots=self.dots)
        if self.parameter.style == "matrix":
            return styles.matrix(text, self.name, explode, self.shape)
        if self.parameter.style in styles.DELIMITERS:
            return styles.delimited(text, self.parameter.style, self.shape, styles.decoded)
        return styles.simple(text, explode, self.shape)

    def _from_cookie(self, sources: _Sources) -> Any:
        decode = styles.verbatim if self.parameter.style == "cookie" else styles.decoded
        if self.shape != "primitive" and self.parameter.explode:
            return self.spelled(sources.cookie_pairs, decode)
        text = sources.cookies.get(self.name, ABSENT)
        if text is ABSENT or self.is_document:
            return text if text is ABSENT else decode(text)
        return styles.delimited(text, "form", self.shape, decode)
