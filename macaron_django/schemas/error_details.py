"""Violations → DRF's error details: JSON pointers become nested dictionaries and lists of ``ErrorDetail``.

In: what a validator found in a value. Out: the shape that ``serializer.errors`` has in every DRF project, with
all violations in it. Apart from ``serializers`` because parameters and plain values are reported the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from macaron_django.schemas.violations import Violation

__all__ = ["error_details", "tokens_of"]

Details: TypeAlias = "dict[Any, Any] | list[Any]"

#: JSON Schema keywords whose failure DRF has a code for; the others go by their own name.
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
class _Node:
    own: list[ErrorDetail] = field(default_factory=list)
    inner: dict[str, _Node] = field(default_factory=dict)


def tokens_of(pointer: str) -> list[str]:
    """The reference tokens of a JSON pointer (RFC 6901): ``"/a~1b/0"`` → ``["a/b", "0"]``."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def error_details(violations: Iterable[Violation], value: Any) -> Details:
    """The details of all ``violations`` found in ``value``; what concerns the whole goes under non-field errors."""
    root = _Node()
    for violation in violations:
        node = root
        for token in tokens_of(violation.pointer):
            node = node.inner.setdefault(token, _Node())
        code = "null" if _is_null(violation, value) else _CODES.get(violation.keyword, violation.keyword)
        node.own.append(ErrorDetail(violation.message, code=code))
    return _list_details(root, value) if isinstance(value, list) else _object_details(root, value)


def _is_null(violation: Violation, value: Any) -> bool:
    return violation.keyword == "type" and _at(value, tokens_of(violation.pointer)) is None


def _at(value: Any, tokens: list[str]) -> Any:
    """The value that the tokens lead to; ``...`` where there is none."""
    for token in tokens:
        value = _member(value, token)
    return value


def _member(value: Any, token: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(token, ...)
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return value[int(token)]
    return ...


def _details(node: _Node, value: Any) -> Details:
    if not node.inner:
        return node.own
    if isinstance(value, list):
        return _list_details(node, value)
    return _object_details(node, value)


def _object_details(node: _Node, value: Any) -> dict[Any, Any]:
    details: dict[Any, Any] = {name: _details(inner, _member(value, name)) for name, inner in node.inner.items()}
    if node.own:
        details[api_settings.NON_FIELD_ERRORS_KEY] = node.own
    return details


def _list_details(node: _Node, value: list[Any]) -> Details:
    by_index: dict[Any, Any] = {
        int(token): _details(inner, _member(value, token)) for token, inner in node.inner.items()
    }
    if node.own:
        return {api_settings.NON_FIELD_ERRORS_KEY: node.own, **by_index}
    # DRF reports lists of objects as lists until 3.20, lists of anything else by index.
    if all(isinstance(element, Mapping) for element in value) and not getattr(
        api_settings, "LIST_SERIALIZER_ERRORS_AS_DICT", False
    ):
        return [by_index.get(index, {}) for index in range(len(value))]
    return by_index
