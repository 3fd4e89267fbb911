"""The keywords of JSON Schema 2020-12: which keywords contain schemas, and which values each keyword may have.

A malformed keyword is dropped when a schema is converted, so that the rest of the schema stays usable. The checks
report the keyword.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

__all__ = [
    "ANNOTATIONS",
    "COUNTS",
    "SCHEMA_KEYWORDS",
    "SCHEMA_LISTS",
    "SCHEMA_MAPS",
    "TIGHTEST",
    "TYPES",
    "common_types",
    "is_number",
    "malformed",
    "type_of",
    "types_of",
]

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

#: Keywords that don't affect validity. A ``$ref`` with only such siblings counts as a lone ``$ref``.
ANNOTATIONS = frozenset(
    {
        "$comment", "default", "deprecated", "description", "example", "examples", "externalDocs", "readOnly",
        "summary", "title", "writeOnly", "xml",
    }
)  # fmt: skip
COUNTS = (
    "maxContains", "maxItems", "maxLength", "maxProperties", "minContains", "minItems", "minLength", "minProperties",
)  # fmt: skip
#: For each bound, the function that returns the tightest of several values.
TIGHTEST = {
    "minimum": max, "exclusiveMinimum": max, "minLength": max, "minItems": max, "minProperties": max,
    "maximum": min, "exclusiveMaximum": min, "maxLength": min, "maxItems": min, "maxProperties": min,
}  # fmt: skip


#: Keywords with a schema as their value.
SCHEMA_KEYWORDS = frozenset(
    {
        "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
        "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
#: Keywords with a list of schemas.
SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
#: Keywords with a mapping of names to schemas.
SCHEMA_MAPS = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})


def is_number(value: Any) -> bool:
    """Returns whether a value is a finite number; a boolean isn't one."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def _is_count(value: Any) -> bool:
    """Returns whether a value is an integer of 0 or more. In JSON Schema, 2.0 is an integer."""
    return is_number(value) and value >= 0 and value == int(value)


def _is(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


def _is_schema_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_name_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)


def _is_type(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else _is_name_list(value) and bool(value) and set(value) <= TYPES


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
        (_is(str), "a string"),
    ),
    **dict.fromkeys(("deprecated", "readOnly", "uniqueItems", "writeOnly"), (_is(bool), "true or false")),
    **dict.fromkeys(SCHEMA_KEYWORDS - {"additionalItems"}, (_is(dict, bool), "a schema")),
    **dict.fromkeys(SCHEMA_LISTS, (_is_schema_list, "a non-empty list of schemas")),
    **dict.fromkeys(SCHEMA_MAPS - {"definitions"} | {"dependentRequired"}, (_is(dict), "a mapping")),
    "enum": (_is(list), "a list"),
    "examples": (_is(list), "a list"),
    "multipleOf": (lambda value: is_number(value) and value > 0, "a number above 0"),
    "required": (_is_name_list, "a list of property names without duplicates"),
    "type": (_is_type, f"one of {', '.join(sorted(TYPES))}, or a list of them"),
}  # fmt: skip


def malformed(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields each keyword whose value is wrong, with a description of the right values.

    >>> list(malformed({"type": "string", "minLength": -1}))
    [('minLength', 'an integer of 0 or more')]
    """
    for keyword, value in schema.items():
        expected = _EXPECTED.get(keyword)
        if expected is not None and not expected[0](value):
            yield keyword, expected[1]


def type_of(value: Any) -> str:
    """Returns the JSON Schema type of a value."""
    for type_, name in (
        (bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"),
    ):  # fmt: skip
        if isinstance(value, type_):
            return name
    return "null"


def types_of(keywords: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the types in ``type``, or else the types of the values in ``const`` or ``enum``.

    Returns () if ``keywords`` has none of these keywords.

    >>> types_of({"type": ["string", "null"]}), types_of({"enum": [1, "a"]}), types_of({"minimum": 1})
    (('string', 'null'), ('integer', 'string'), ())
    """
    types = keywords.get("type")
    if isinstance(types, str):
        return (types,)
    if isinstance(types, list):
        return tuple(type_ for type_ in types if isinstance(type_, str))
    values = [keywords["const"]] if "const" in keywords else keywords.get("enum")
    return tuple(dict.fromkeys(type_of(value) for value in values)) if isinstance(values, list) else ()


def common_types(named: Iterable[Collection[str]]) -> tuple[str, ...]:
    """Returns the types that every non-empty collection allows; () if all are empty. An integer is also a number.

    >>> common_types([("number", "null"), (), ("integer", "string")])
    ('integer',)
    """
    allowed: list[str] | None = None
    for types in filter(None, named):
        if allowed is None:
            allowed = list(types)
        elif "number" in types and "integer" in allowed:
            allowed = [type_ for type_ in allowed if type_ in types or type_ == "integer"]
        elif "number" in allowed and "integer" in types:
            allowed = [type_ for type_ in types if type_ in allowed or type_ == "integer"]
        else:
            allowed = [type_ for type_ in allowed if type_ in types] or allowed
    return tuple(allowed or ())
