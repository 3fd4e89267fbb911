"""Converts violations to DRF's error details, which are nested dictionaries and lists of ``ErrorDetail``.

The result has the form of ``serializer.errors`` in any DRF project, and includes all violations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from macaron_django.openapi import json_pointers
from macaron_django.schemas.validation.violations import Violation

__all__ = ["error_details"]

Details: TypeAlias = "dict[Any, Any] | list[Any]"

#: DRF's error codes for JSON Schema keywords. For any other keyword, the code is its name.
_CODES = {
    "additionalProperties": "unknown",
    "const": "invalid_choice",
    "enum": "invalid_choice",
    "format": "invalid",
    "maxItems": "max_length",
    "maxLength": "max_length",
    "maximum": "max_value",
    "exclusiveMaximum": "max_value",
    "minItems": "min_length",
    "minLength": "min_length",
    "minimum": "min_value",
    "exclusiveMinimum": "min_value",
    "pattern": "invalid",
    "type": "invalid",
}


@dataclass
class _ErrorNode:
    own: list[ErrorDetail] = field(default_factory=list)
    inner: dict[str, _ErrorNode] = field(default_factory=dict)


def error_details(violations: Iterable[Violation], value: Any) -> Details:
    """Returns the details of all ``violations`` in ``value``. Violations of a whole object become non-field errors."""
    root = _ErrorNode()
    for violation in violations:
        node = root
        for token in json_pointers.split(violation.pointer):
            node = node.inner.setdefault(token, _ErrorNode())
        code = "null" if _is_null(violation, value) else _CODES.get(violation.keyword, violation.keyword)
        node.own.append(ErrorDetail(violation.message, code=code))
    return _list_details(root, value) if isinstance(value, list) else _object_details(root, value)


def _is_null(violation: Violation, value: Any) -> bool:
    return violation.keyword == "type" and _at(value, json_pointers.split(violation.pointer)) is None


def _at(value: Any, tokens: list[str]) -> Any:
    """Returns the value at the tokens of a pointer; ``...`` if there is none."""
    for token in tokens:
        value = _member(value, token)
    return value


def _member(value: Any, token: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(token, ...)
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return value[int(token)]
    return ...


def _details(node: _ErrorNode, value: Any) -> Details:
    if not node.inner:
        return node.own
    if isinstance(value, list):
        return _list_details(node, value)
    return _object_details(node, value)


def _object_details(node: _ErrorNode, value: Any) -> dict[Any, Any]:
    details: dict[Any, Any] = {name: _details(inner, _member(value, name)) for name, inner in node.inner.items()}
    if node.own:
        details[api_settings.NON_FIELD_ERRORS_KEY] = node.own
    return details


def _list_details(node: _ErrorNode, value: list[Any]) -> Details:
    by_index: dict[Any, Any] = {
        int(token): _details(inner, _member(value, token)) for token, inner in node.inner.items()
    }
    if node.own:
        return {api_settings.NON_FIELD_ERRORS_KEY: node.own, **by_index}
    # Until 3.20, DRF reports errors in a list of objects as a list. For other lists, it has a dictionary by index.
    if all(isinstance(element, Mapping) for element in value) and not getattr(
        api_settings, "LIST_SERIALIZER_ERRORS_AS_DICT", False
    ):
        return [by_index.get(index, {}) for index in range(len(value))]
    return by_index
