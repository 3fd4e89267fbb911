"""Validates responses against the schemas that their operations declare, if ``RESPONSE_VALIDATION`` requires it."""

from __future__ import annotations

import logging
from typing import Any

from django.core import mail

from macaron_django.api.rules.operation_schemas import json_schema
from macaron_django.conf import settings
from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import Operation, Response
from macaron_django.openapi.operations.media_types import allows_json, essence
from macaron_django.schemas import validator_for
from macaron_django.schemas.values.json_text import dump_json, exact_json
from macaron_django.schemas.values.text_values import value_of_text

__all__ = ["ResponseInvalid", "check_response", "declared_response", "is_validated"]

logger = logging.getLogger("macaron_django")


class ResponseInvalid(ValidationFailed):
    """The response breaks the schema that the spec declares for it, and ``RESPONSE_VALIDATION`` is ``raise``.

    Clients get the message only while ``DEBUG`` is on, because it names files and quotes values.
    """

    code = "INVALID_RESPONSE"


def declared_response(operation: Operation, status: int) -> Response | None:
    """Returns the response that the operation declares for ``status``, or for the status's class, or as ``default``.

    For example, the class of 201 is ``2XX``. Returns None if the operation declares no such response.
    """
    for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
        if key in operation.responses:
            return operation.responses[key]
    return None


def is_validated(mode: str | None) -> bool:
    """Returns whether ``mode``, a value of ``RESPONSE_VALIDATION``, requires validation.

    If ``mode`` is None, validation is required only in tests.
    """
    # django.test and pytest-django set `mail.outbox` while tests run.
    return "outbox" in vars(mail) if mode is None else mode != "off"


def check_response(operation: Operation, status: int, body: Any, media_type: str | None = None) -> None:
    """Validates ``body`` against the declared schema if ``RESPONSE_VALIDATION`` requires validation.

    By default, validation is required only in tests. ``media_type`` is the media type of the response. Text that isn't
    JSON is validated as a value of the schema's type, such as an integer. If the body isn't valid, raises
    ``ResponseInvalid`` or logs a warning.
    """
    mode = settings.RESPONSE_VALIDATION
    if not is_validated(mode):
        return
    complaint = _complaint(operation, status, body, media_type)
    if complaint is None:
        return
    if mode is None or mode == "raise":
        raise ResponseInvalid(complaint)
    logger.warning("%s", complaint)


def _complaint(operation: Operation, status: int, body: Any, media_type: str | None) -> str | None:
    if not operation.responses:  # OpenAPI 3.1 doesn't require them
        return None
    name = f"{operation.method.upper()} {operation.path}"
    declared = declared_response(operation, status)
    if declared is None:
        return f"{name} responded with {status}, which {operation.location} doesn't declare."
    if body is None and declared.content and not any(map(allows_json, declared.content)):
        return f"{name} responded with {status}, but without the content that {operation.location} declares."
    schema = json_schema(declared.content)
    if isinstance(body, str) and media_type is not None and not allows_json(media_type):
        schema = next((m.schema for name, m in declared.content.items() if essence(name) == essence(media_type)), None)
        body = value_of_text(schema, body) if schema is not None else body
    if schema is None or (body is None and not declared.content):
        return None
    violations = list(validator_for(schema, "response").iter_errors(exact_json(dump_json(body))))
    if not violations:
        return None
    found = "; ".join(f"{each.pointer or '/'}: {each.message}" for each in violations[:5])
    return f"{name} responded with {status} and a body that breaks its schema ({schema.location}): {found}"
