"""Builds the request of a call from the caller's arguments: its URL, headers and body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from macaron_django.api.routing.argument_names import PATH_PARAMETER, operation_arguments
from macaron_django.clients.client_names import client_names
from macaron_django.clients.client_options import ClientOptions
from macaron_django.clients.messages.base_urls import base_url
from macaron_django.clients.messages.call_bodies import BodyWriter, WrittenBody
from macaron_django.clients.messages.passed_headers import passed_headers, span_headers
from macaron_django.clients.messages.supplied_credentials import Credentials, Grant, credentials_for
from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import Operation, Parameter, json_pointers
from macaron_django.openapi.operations.media_types import URL_ENCODED, essence, is_json
from macaron_django.schemas import UNSET, APIObject, Classes, Violation, converter, json_value, validator_for
from macaron_django.schemas.styles.parameter_styles import StyleError, has_dotted_labels
from macaron_django.schemas.styles.style_texts import (
    cookie_pairs,
    encoded,
    header_text,
    path_text,
    query_pairs,
    scalar_text,
)
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["CallRequest", "RequestWriter"]

#: Methods that have the same effect if they are sent once or several times (RFC 9110, section 9.2.2).
_IDEMPOTENT = frozenset({"get", "head", "options", "trace", "put", "delete"})
#: Header parameters that are ignored, because media types and security schemes describe them (OpenAPI, Parameter
#: Object).
_DESCRIBED_ELSEWHERE = frozenset({"accept", "content-type", "authorization"})
#: The options of a call: PyMacaron's options, then the options that this package adds.
_CALL_OPTIONS = ("max_attempts", "read_timeout", "connect_timeout", "request_headers", "content_type")
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class CallRequest:
    """A request that is ready to be sent. The request can be sent again if its method is idempotent.

    ``repr()`` leaves out the values that the caller has passed.
    """

    api: str
    operation: Operation
    operation_name: str  # the operation's name in Python; "" if it has none
    name: str  # the method, and the path as it is in the spec
    method: str
    url: str = field(repr=False)  # without the query
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, hash=False)
    body: WrittenBody = field(repr=False)
    is_idempotent: bool
    connect_timeout: float
    read_timeout: float
    max_attempts: int
    grant: Grant | None = None
    is_token_request: bool = False
    passes_trace: bool = False  # False if the caller passed its own trace context

    def within_span(self) -> CallRequest:
        """Returns the request with the trace context of the current span.

        This span began after the request was built.
        """
        found = span_headers() if self.passes_trace else {}
        return replace(self, headers={**self.headers, **found}) if found else self


class RequestWriter:
    """Builds the requests of one operation."""

    def __init__(self, api: str, operation: Operation, classes: Classes) -> None:
        self.api, self.operation, self.classes = api, operation, classes
        self.name = f"{operation.method.upper()} {operation.path}"
        self.bodies = BodyWriter(operation, classes)
        self._dots = has_dotted_labels(operation.document.version)

    @cached_property
    def _operation_name(self) -> str:
        names = client_names(self.operation.document)
        return next((name for name, operation in names.items() if operation == self.operation), "")

    @cached_property
    def arguments(self) -> Mapping[str, Parameter]:
        """A mapping of Python names to parameters.

        A parameter's name in the spec is also a key of the mapping, unless another parameter already has this name.
        """
        names = operation_arguments(self.operation)
        found = {names[each.location, each.name]: each for each in self.operation.parameters}
        for parameter in self.operation.parameters:
            found.setdefault(parameter.name, parameter)
        return found

    def write(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], options: ClientOptions) -> CallRequest:
        """Returns the request of a call.

        Raises ``TypeError`` for arguments that the operation doesn't have. Raises ``ValidationFailed`` with all
        violations of the spec. With ``VALIDATE_REQUESTS`` off, raises ``ValidationFailed`` only if the request can't be
        built.
        """
        validate = options.validate_requests
        given, fields, call_options = self._sorted(kwargs)
        body = self._body_argument(args, fields)
        violations: list[Violation] = []
        texts = _Texts()
        for parameter in self.operation.parameters:
            try:
                self._write_parameter(parameter, given.get((parameter.location, parameter.name)), texts, validate)
            except ValidationFailed as failure:  # noqa: PERF203 (each parameter's violations are collected)
                violations.extend(failure.violations)
        written = WrittenBody()
        try:
            written = self._written_body(body, call_options.get("content_type"), validate)
        except ValidationFailed as failure:
            violations.extend(failure.violations)
        if violations:
            raise ValidationFailed(_sentence(self.api, self.name, violations), violations)
        return self._request(texts, written, call_options, options)

    # Arguments

    def _sorted(self, kwargs: Mapping[str, Any]) -> tuple[dict[tuple[str, str], Any], dict[str, Any], dict[str, Any]]:
        """Splits keyword arguments into the values of parameters, the fields of a form, and the options of the call."""
        given: dict[tuple[str, str], Any] = {}
        fields: dict[str, Any] = {}
        call_options: dict[str, Any] = {}
        for name, value in kwargs.items():
            parameter = self.arguments.get(name)
            if parameter is not None:
                given[parameter.location, parameter.name] = value
            elif name in _CALL_OPTIONS:
                call_options[name] = value
            elif self.bodies.is_form or name == "body":
                fields[name] = value
            else:
                raise TypeError(f"{self.api}: {self.name} has no argument {name!r}; it takes {self._taken()}.")
        return given, fields, call_options

    def _taken(self) -> str:
        names = operation_arguments(self.operation).values()
        return ", ".join([*(["a body"] if self.bodies.content else []), *names]) or "none"

    def _body_argument(self, args: tuple[Any, ...], fields: dict[str, Any]) -> Any:
        if len(args) > 1:
            raise TypeError(f"{self.api}: {self.name} takes one positional argument, its body.")
        body = args[0] if args else UNSET
        if body is UNSET and set(fields) == {"body"} and not self._has_field("body"):
            body = fields["body"]
        elif body is UNSET and fields:
            body = fields
        elif fields:
            raise TypeError(f"{self.api}: {self.name} takes a body, or the fields of its form, not both.")
        if body is None and not (self.bodies.declared and self.bodies.declared.required):
            body = UNSET
        if body is not UNSET and self.bodies.declared is None:
            raise TypeError(f"{self.api}: {self.name} takes no body.")
        return body

    def _has_field(self, name: str) -> bool:
        return any(each.schema is not None and name in each.schema.properties for each in self.bodies.content.values())

    def _written_body(self, body: Any, media_type: str | None, validate: bool) -> WrittenBody:
        if body is not UNSET:
            return self.bodies.write(body, media_type, validate=validate)
        if validate and self.bodies.declared is not None and self.bodies.declared.required:
            raise _refused("is required", "", "body", "required")
        return WrittenBody()

    # Parameters

    def _write_parameter(self, parameter: Parameter, value: Any, texts: _Texts, validate: bool) -> None:
        name, location = parameter.name, parameter.location
        is_ours = location == "header" and name.lower() in _DESCRIBED_ELSEWHERE
        if value is None or value is UNSET:
            if location == "path" or (parameter.required and validate and not is_ours):
                raise _refused("is required", name, location, "required")
            return
        json = self._json(parameter, value, validate and not is_ours)
        try:
            texts.add(parameter, json, self._dots)
        except StyleError as error:
            raise _refused(str(error), name, location, "style") from None

    def _json(self, parameter: Parameter, value: Any, validate: bool) -> Any:
        conversion = converter(parameter.schema, self.classes)
        value = list(value) if isinstance(value, tuple) else value
        json = json_value(value) if isinstance(value, APIObject) else conversion.to_json(conversion.to_python(value))
        if validate:
            try:
                validator_for(parameter.schema, "request").validate(json)
            except ValidationFailed as failure:
                prefix = json_pointers.join([parameter.name])
                found = [
                    Violation(v.message, prefix + v.pointer, v.schema_pointer, v.keyword, parameter.location)
                    for v in failure.violations
                ]
                raise ValidationFailed(violations=found) from None
        return json

    # The request

    def _request(
        self, texts: _Texts, body: WrittenBody, call_options: Mapping[str, Any], options: ClientOptions
    ) -> CallRequest:
        credentials = credentials_for(self.operation, options.credentials)
        path = PATH_PARAMETER.sub(lambda match: texts.path.get(match[1], match[0]), self.operation.path)
        passed = passed_headers()
        headers = self._headers(passed, texts, body, credentials, call_options.get("request_headers") or {})
        query = [*texts.query, *(f"{name}={value}" for name, value in credentials.query)]
        return CallRequest(
            api=self.api,
            operation=self.operation,
            operation_name=self._operation_name,
            name=self.name,
            method=self.operation.method.upper(),
            url=base_url(self.api, self.operation, options) + path,
            query="&".join(query),
            headers=headers,
            body=body,
            is_idempotent=self.operation.method.lower() in _IDEMPOTENT,
            connect_timeout=call_options.get("connect_timeout") or options.connect_timeout,
            read_timeout=call_options.get("read_timeout") or options.read_timeout,
            max_attempts=call_options.get("max_attempts") or options.max_attempts,
            grant=credentials.grant,
            passes_trace=headers.get("traceparent") == passed["traceparent"],
        )

    def _headers(
        self,
        passed: Mapping[str, str],
        texts: _Texts,
        body: WrittenBody,
        credentials: Credentials,
        given: Mapping[str, str],
    ) -> dict[str, str]:
        found = {**passed, "Accept": self._accepted}
        if body.content_type is not None:
            found["Content-Type"] = body.content_type
        for source in (texts.headers, credentials.headers, given):
            for name, value in source.items():
                _require_sendable(name, value)
                found = {known: each for known, each in found.items() if known.lower() != name.lower()}
                found[name] = value
        separator = "; " if self.operation.document.version.startswith("3.2") else "&"
        cookies = [separator.join(each) for each in texts.cookies] + credentials.cookies
        if cookies:
            found["Cookie"] = "; ".join(cookies)
        return found

    @cached_property
    def _accepted(self) -> str:
        """The value of ``Accept``: the declared media types, JSON first, and any other type with a low priority."""
        names = dict.fromkeys(essence(name) for each in self.operation.responses.values() for name in each.content)
        known = sorted((name for name in names if "*" not in name), key=lambda name: not is_json(name))
        return ", ".join([*known[:10], "*/*;q=0.1"])


class _Texts:
    """The parameters of a request as texts, grouped by their location."""

    def __init__(self) -> None:
        self.path: dict[str, str] = {}
        self.query: list[str] = []
        self.headers: dict[str, str] = {}
        self.cookies: list[list[str]] = []

    def add(self, parameter: Parameter, json: Any, dots: bool) -> None:
        """Adds a parameter. Raises ``StyleError`` if the value can't be sent in the parameter's location."""
        if parameter.location == "path":
            self.path[parameter.name] = path_text(parameter, json, dots=dots)
        elif parameter.location == "query":
            self.query += [f"{name}={text}" for name, text in query_pairs(parameter, json)]
        elif parameter.location == "querystring":
            self._add_querystring(parameter, json)
        elif parameter.location == "header":
            self.headers[parameter.name] = header_text(parameter, json)
        else:
            self.cookies.append(cookie_pairs(parameter, json))

    def _add_querystring(self, parameter: Parameter, json: Any) -> None:
        """Adds a parameter with ``in: querystring`` (OpenAPI 3.2).

        Its value becomes the whole query, either as a form or as percent-encoded JSON.
        """
        if essence(parameter.content_type or "") != URL_ENCODED:
            self.query.append(encoded(dump_json(json).decode()))
            return
        members = json if isinstance(json, dict) else {}
        fields = ((name, each) for name, value in members.items() for each in _listed(value))
        self.query += [f"{encoded(name)}={encoded(scalar_text(each))}" for name, each in fields]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _require_sendable(name: str, value: Any) -> None:
    """Raises ``ValidationFailed`` if a header can't be sent, for example because its value has a line break."""
    if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str) or _UNSENDABLE.search(value):
        raise _refused("isn't a header that can be sent", name, "header", "style")


def _refused(message: str, name: str, location: str, keyword: str) -> ValidationFailed:
    pointer = json_pointers.join([name]) if name else ""
    return ValidationFailed(violations=[Violation(message, pointer, "", keyword, location)])


def _sentence(api: str, name: str, violations: list[Violation]) -> str:
    shown = "; ".join(f"{each.location} {each.pointer or '/'}: {each.message}" for each in violations[:10])
    return f"The call to {api}, {name}, doesn't follow the API's spec and wasn't sent: {shown}"
