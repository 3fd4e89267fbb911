"""Which values a JSON Schema keyword may have: a schema in the 3.1 form goes in, its malformed keywords come out.

The normaliser drops what is named here, so that one slip doesn't make a schema unusable; the checks report it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["ANNOTATIONS", "COUNTS", "TIGHTEST", "TYPES", "is_number", "malformed", "type_of"]

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

#: Keywords that say nothing about validity: a ``$ref`` beside only these is a lone one.
ANNOTATIONS = frozenset(
    {
        "$comment", "default", "deprecated", "description", "example", "examples", "externalDocs", "readOnly",
        "summary", "title", "writeOnly", "xml",
    }
)  # fmt: skip
COUNTS = (
    "maxContains", "maxItems", "maxLength", "maxProperties", "minContains", "minItems", "minLength", "minProperties",
)  # fmt: skip
#: Of several values of a bound, which holds.
TIGHTEST = {
    "minimum": max, "exclusiveMinimum": max, "minLength": max, "minItems": max, "minProperties": max,
    "maximum": min, "exclusiveMaximum": min, "maxLength": min, "maxItems": min, "maxProperties": min,
}  # fmt: skip


def is_number(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def _is_count(value: Any) -> bool:
    """2.0 is an integer in JSON Schema."""
    return is_number(value) and value >= 0 and value == int(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_schema_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_name_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)


def _is_type(value: Any) -> bool:
    if isinstance(value, str):
        return value in TYPES
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(type_, str) and type_ in TYPES for type_ in value)
        and len(set(value)) == len(value)
    )


_EXPECTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        (is_number, "a number"),
    ),
    **dict.fromkeys(COUNTS, (_is_count, "an integer of 0 or more")),
    **dict.fromkeys(
        (
            "$anchor", "$comment", "$dynamicAnchor", "$dynamicRef", "$id", "$ref", "$schema", "contentEncoding",
            "contentMediaType", "description", "format", "pattern", "title",
        ),
        (_is_text, "a string"),
    ),
    **dict.fromkeys(("deprecated", "readOnly", "uniqueItems", "writeOnly"), (_is_flag, "true or false")),
    **dict.fromkeys(
        (
            "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
            "unevaluatedItems", "unevaluatedProperties",
        ),
        (_is_schema, "a schema"),
    ),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), (_is_schema_list, "a list of schemas, not empty")),
    **dict.fromkeys(
        ("$defs", "dependentRequired", "dependentSchemas", "patternProperties", "properties"),
        (_is_mapping, "a mapping"),
    ),
    "enum": (lambda value: isinstance(value, list), "a list"),
    "examples": (lambda value: isinstance(value, list), "a list"),
    "multipleOf": (lambda value: is_number(value) and value > 0, "a number above 0"),
    "required": (_is_name_list, "a list of different property names"),
    "type": (_is_type, f"one of {', '.join(sorted(TYPES))}, or a list of them"),
}  # fmt: skip


def malformed(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each keyword whose value can't be one, and what would be.

    >>> list(malformed({"type": "string", "minLength": -1}))
    [('minLength', 'an integer of 0 or more')]
    """
    for keyword, value in schema.items():
        expected = _EXPECTED.get(keyword)
        if expected is not None and not expected[0](value):
            yield keyword, expected[1]


def type_of(value: Any) -> str:
    """The JSON Schema type of a value."""
    for type_, name in (
        (bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"),
    ):  # fmt: skip
        if isinstance(value, type_):
            return name
    return "null"
