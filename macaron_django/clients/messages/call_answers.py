"""Parses the response to a call into a value or an error.

The parser uses the schema that the operation declares for the response's status.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from macaron_django.api.answers.response_validation import declared_response
from macaron_django.clients.client_options import ClientOptions
from macaron_django.conf import settings
from macaron_django.exceptions import AnswerInvalid, ErrorAnswered, ValidationFailed
from macaron_django.openapi import MediaType, Operation, Response, Schema
from macaron_django.openapi.operations.media_types import JSON_LINES, allows_json, essence, is_json, matches
from macaron_django.schemas import APIObject, Classes, SchemaError, Violation, converter, validator_for
from macaron_django.schemas.serializers.uploads import is_binary
from macaron_django.schemas.values.json_text import JSONTextError, exact_json
from macaron_django.schemas.values.text_values import value_of_text

__all__ = ["Answer", "AnswerReader", "ReceivedAnswer"]

logger = logging.getLogger("macaron_django.clients")


@dataclass(frozen=True)
class ReceivedAnswer:
    """A response as it was received, but decompressed.

    The names in ``headers`` are in lower case. ``attempts`` says how often the request was sent.
    """

    status: int
    headers: Mapping[str, str] = field(hash=False, repr=False)
    content: bytes = field(repr=False)
    attempts: int = 1


@dataclass(frozen=True)
class Answer:
    """The response to a call, parsed: its ``status``, its ``headers`` by lower-case name, and its ``value``."""

    status: int
    headers: Mapping[str, str] = field(hash=False, repr=False)
    value: Any = None


class AnswerReader:
    """Parses the responses to one operation."""

    def __init__(self, api: str, operation: Operation, classes: Classes) -> None:
        self.api, self.operation, self.classes = api, operation, classes
        self.name = f"{operation.method.upper()} {operation.path}"

    def read(self, received: ReceivedAnswer, options: ClientOptions) -> Answer:
        """Returns the response with its value: API objects, JSON, text, bytes, or None.

        A status of 400 or above is an error. A status from 300 to 399 is an error, too, unless the operation declares
        it. For an error, raises ``ErrorAnswered``, unless ``ERRORS`` is ``"return"``: then the value is the error.

        If a response breaks the spec and ``VALIDATE_ANSWERS`` is ``"raise"``, raises ``AnswerInvalid``. If the body
        can't be parsed, always raises ``AnswerInvalid``.
        """
        declared = declared_response(self.operation, received.status)
        is_error = received.status >= 400 or (
            received.status >= 300 and str(received.status) not in self.operation.responses
        )
        if is_error:
            return Answer(received.status, received.headers, self._error(received, declared, options))
        return Answer(received.status, received.headers, self._value(received, declared, options))

    # Errors

    def _error(self, received: ReceivedAnswer, declared: Response | None, options: ClientOptions) -> Any:
        try:
            value = self._parsed(received, self._media(received, declared), None)
        except (JSONTextError, UnicodeDecodeError):
            value = received.content.decode("utf-8", "replace")
        error = ErrorAnswered(
            f"{self.api}: {self.name} answered {received.status}.",
            api=self.api,
            operation=self.name,
            status_code=received.status,
            answer=value,
            headers_sent=received.headers,
        )
        if options.errors != "return":
            raise error
        is_telling = isinstance(value, APIObject) and value.get("status") == received.status
        return value if is_telling else error

    # Values

    def _value(self, received: ReceivedAnswer, declared: Response | None, options: ClientOptions) -> Any:
        if self.operation.method.lower() == "head" or received.status == 304:
            return None
        violations: list[Violation] = []
        if declared is None and self.operation.responses:
            violations.append(_violation(f"has the status {received.status}, which the spec doesn't declare"))
        media = self._media(received, declared)
        if declared is not None and declared.content and media is None and received.content:
            sent = essence(received.headers.get("content-type", "")) or "no media type"
            violations.append(_violation(f"is sent as {sent}, which the spec doesn't declare"))
        try:
            value = self._parsed(received, media, violations if options.validate_answers != "off" else None)
        except (JSONTextError, UnicodeDecodeError) as error:
            what = "JSON" if isinstance(error, JSONTextError) else "text in its charset"
            self._complain([_violation(f"isn't {what}")], None)
        if violations and options.validate_answers != "off":
            self._complain(violations, options.validate_answers)
        return value

    def _complain(self, violations: list[Violation], mode: str | None) -> None:
        shown = "; ".join(f"{each.pointer or '/'} {each.message}" for each in violations[:5])
        message = f"{self.api}: {self.name} returned a response that doesn't follow the API's spec: {shown}."
        if mode != "log":
            raise AnswerInvalid(message, api=self.api, operation=self.name, violations=violations)
        logger.warning("%s", message)

    def _media(self, received: ReceivedAnswer, declared: Response | None) -> MediaType | None:
        """Returns the declared media type that the response's Content-Type matches.

        If the response has no Content-Type and the operation declares only one media type, returns that one.
        """
        content = declared.content if declared is not None else {}
        sent = essence(received.headers.get("content-type", ""))
        ranges = sorted(content, key=lambda name: name.count("*"))
        if not sent:
            return content[ranges[0]] if len(ranges) == 1 else None
        exact = next((content[name] for name in ranges if matches(sent, name)), None)
        if exact is None and is_json(sent):  # application/problem+json, although JSON is declared
            exact = next((content[name] for name in ranges if is_json(name)), None)
        return exact

    def _parsed(self, received: ReceivedAnswer, media: MediaType | None, violations: list[Violation] | None) -> Any:
        """Returns the value of a body. If ``violations`` is a list, appends the body's violations to it."""
        content, schema = received.content, media.schema if media is not None else None
        sent = essence(received.headers.get("content-type", ""))
        if not content:
            if violations is not None and schema is not None and not is_binary(schema) and received.status != 204:
                violations.append(_violation("is empty"))
            return None
        if sent in JSON_LINES:
            item = media.item_schema if media is not None else None
            lines = [
                exact_json(line, max_depth=settings.MAX_BODY_DEPTH) for line in content.splitlines() if line.strip()
            ]
            return [self._converted(item, line, violations) for line in lines]
        if is_json(sent) or (not sent and schema is not None and allows_json("*/*") and not is_binary(schema)):
            return self._converted(schema, exact_json(content, max_depth=settings.MAX_BODY_DEPTH), violations)
        is_text = sent.startswith("text/") or sent.endswith(("+xml", "/xml"))
        if not is_text or (schema is not None and schema.format == "binary"):
            return content
        text = content.decode("utf-8")
        if schema is None or not schema.types or set(schema.types) & {"object", "array"}:
            return text
        return self._converted(schema, value_of_text(schema, text), violations)

    def _converted(self, schema: Schema | None, json: Any, violations: list[Violation] | None) -> Any:
        if schema is None:
            return json
        if violations is not None:
            try:
                validator_for(schema, "response").validate(json)
            except ValidationFailed as failure:
                violations.extend(failure.violations)
            except SchemaError:
                logger.warning("%s: the schema of the response to %s can't be compiled.", self.api, self.name)
        return converter(schema, self.classes).to_python(json)


def _violation(message: str) -> Violation:
    return Violation(message, "", "", "response", "body")
